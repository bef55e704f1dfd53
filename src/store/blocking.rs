//! Runs file operations on threads that may block.

use std::panic::resume_unwind;

use super::error::StoreError;

/// Runs a short file operation on a thread that may block. A panic in it is propagated to the
/// caller.
///
/// # Errors
/// The runtime is shutting down, so the operation was not run.
pub(super) async fn on_disk<T: Send + 'static>(
    operation: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(operation).await.map_err(|failed| match failed.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(_) => StoreError::other("the program is ending; a file operation was not run"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[should_panic(expected = "a defect")]
    async fn a_panic_is_not_taken_for_the_end_of_the_program() {
        let _ = on_disk(|| panic!("a defect")).await;
    }
}
