//! What the fuzz targets compare with.

pub mod codec;
pub mod gateway;
pub mod policy;
pub mod sigv4;
pub mod tls;
pub mod topic;
