//! The run-time state of the shop system, and the part of it that outlives the process.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::access::{Ledger, StaffMember};
use super::audit::Audit;
use super::shop::Shop;
use super::web::BrowserSessions;
use crate::product::{CallContext, Moment, ToolSpec};
use crate::stored_data::StoredData;

/// The shop system, its store and the browser sessions of its pages.
pub(crate) struct LaunchMyStore {
    pub(super) tools: Vec<Arc<ToolSpec>>,
    pub(super) store: StoredData<Store>,
    pub(super) browser_sessions: BrowserSessions,
    /// Whether calls need a token issued by this product.
    pub(super) asks_tokens: bool,
}

/// Everything that outlives the process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Store {
    pub(super) shop: Shop,
    pub(super) ledger: Ledger,
    pub(super) audit: Audit,
}

impl Store {
    /// Returns the member that calls; the owner if no tokens are required.
    pub(super) fn member(&self, call: &CallContext, asks_tokens: bool) -> Option<StaffMember> {
        if asks_tokens {
            self.ledger.admit(&call.credential, now())
        } else {
            Some(self.ledger.owner())
        }
    }
}

/// Returns the real time, which the expiry of tokens depends on.
pub(super) fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
