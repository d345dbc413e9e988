//! What serves, once the data folder is open.

use std::sync::Arc;

use crate::cli::{RunError, Shutdown};
use crate::provision::Opened;

/// Serves until the shutdown is requested.
///
/// # Errors
///
/// When a listener cannot be had.
pub async fn run(opened: Arc<Opened>, mut shutdown: Shutdown) -> Result<(), RunError> {
    tracing::info!(data = %opened.data.root().display(), "the data folder is open");
    shutdown.requested().await;
    Ok(())
}
