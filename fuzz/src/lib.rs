//! What the fuzz targets compare with.

pub mod topic;
