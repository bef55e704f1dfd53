//! What the host writes: its lines, batches, and the tools that it does not get to see.

pub(super) mod batches;
pub(super) mod from_host;
pub(super) mod list_pages;
pub(super) mod offer_filter;
pub(super) mod page_merging;
pub(super) mod request;
