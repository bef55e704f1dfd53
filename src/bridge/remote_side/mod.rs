//! What goes to the remote and what comes from it, and who waits for which answer.

pub(super) mod ask_host;
pub(super) mod from_remote;
pub(super) mod in_flight;
pub(super) mod remote_requests;
pub(super) mod to_remote;
