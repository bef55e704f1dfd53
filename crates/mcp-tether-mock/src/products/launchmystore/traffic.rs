//! Visits to the shop, counted by day and source.

use serde::{Deserialize, Serialize};

/// Visits of one day from one source.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Visits {
    /// Days since 1970.
    pub(super) day: i64,
    pub(super) source: String,
    pub(super) sessions: i64,
    pub(super) visitors: i64,
    pub(super) page_views: i64,
    pub(super) carts: i64,
}
