//! A [`Failure`](super::Failure) or [`Error`](super::Error) that still lacks its hint.

/// A failure or error without a hint. Only `hint` turns it into one that can be returned, so
/// nothing reaches a host or a person without a next step.
#[derive(Debug)]
#[must_use = "it becomes a failure or an error only with `hint`"]
pub struct WithoutHint<T>(T);

impl<T> WithoutHint<T> {
    /// Begins an error.
    pub(super) fn new(unfinished: T) -> Self {
        Self(unfinished)
    }

    /// Changes the error, which still lacks its hint.
    pub(super) fn map(self, change: impl FnOnce(T) -> T) -> Self {
        Self(change(self.0))
    }

    /// Adds the hint, which completes the error.
    pub(super) fn finish(self, change: impl FnOnce(T) -> T) -> T {
        change(self.0)
    }
}
