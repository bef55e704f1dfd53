//! Runs file operations beside the runtime.

use super::error::{StoreError, StoreErrorKind};

/// Runs a short file operation on a thread of its own.
pub(super) async fn on_disk<T: Send + 'static>(
    operation: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(operation).await.map_err(|_| {
        StoreError::new(StoreErrorKind::Files, "the program is ending; a file operation was left")
    })
}
