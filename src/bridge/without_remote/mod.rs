//! Answers that the host gets while the remote is slow, away, or waits for a sign-in.

pub(super) mod cached_answers;
pub(super) mod response_cache;
pub(super) mod sign_in;
pub(super) mod sign_in_offer;
pub(super) mod sign_in_state;
