pub mod generate;
pub mod naive;
