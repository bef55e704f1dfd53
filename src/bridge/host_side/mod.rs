//! The host's side of the loop: its lines and batches, and which part of a server's offer it sees.

pub(super) mod batches;
pub(super) mod forward;
pub(super) mod from_host;
pub(super) mod list_pages;
pub(super) mod offer;
pub(super) mod offer_filter;
pub(super) mod page_merging;
pub(super) mod pinning;
pub(super) mod request;
pub(super) mod to_host;
mod tool_definition;
pub(super) mod tool_pins;
