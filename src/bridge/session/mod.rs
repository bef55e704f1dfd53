//! Sessions with the remote: how each is opened, kept, lost and opened again.

pub(super) mod initialize;
pub(super) mod initialize_again;
pub(super) mod lifecycle;
pub(super) mod reopening;
pub(super) mod repetitions;
pub(super) mod session_doubt;
pub(super) mod slots;
pub(super) mod timers;

#[cfg(test)]
mod tests;
