//! What the fuzz targets compare with.

pub mod codec;
pub mod topic;
