//! Runs file operations outside the async runtime's threads.

use super::error::StoreError;

/// Runs a short file operation on a thread that may block.
///
/// # Errors
/// The runtime is shutting down, so the operation was not run.
pub(super) async fn on_disk<T: Send + 'static>(
    operation: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(operation)
        .await
        .map_err(|_| StoreError::other("the program is ending; a file operation was not run"))
}
