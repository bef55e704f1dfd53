//! The remote's side of the loop: messages to and from it, and the requests that wait for answers.

pub(super) mod answers;
pub(super) mod ask_host;
pub(super) mod from_remote;
pub(super) mod in_flight;
pub(super) mod remote_requests;
pub(super) mod to_remote;
