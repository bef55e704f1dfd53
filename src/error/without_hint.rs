//! What a [`Failure`](super::Failure) or an [`Error`](super::Error) is until it says what to do
//! next.

/// A failure or an error that does not yet say what to do next. Only `hint` makes it one that can
/// be returned, so nothing reaches a host or a person without a next step.
#[derive(Debug)]
#[must_use = "it becomes a failure or an error only with `hint`"]
pub struct WithoutHint<T>(T);

impl<T> WithoutHint<T> {
    /// Begins an error.
    pub(super) fn new(unfinished: T) -> Self {
        Self(unfinished)
    }

    /// Changes the error, which stays unfinished.
    pub(super) fn map(self, change: impl FnOnce(T) -> T) -> Self {
        Self(change(self.0))
    }

    /// Adds the hint, which makes the error whole.
    pub(super) fn finish(self, change: impl FnOnce(T) -> T) -> T {
        change(self.0)
    }
}
