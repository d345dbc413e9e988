pub mod ask;
pub mod generate;
pub mod naive;
