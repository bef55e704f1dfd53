//! Identifies the sender of a request to the store's web endpoints.

use super::super::access::StaffMember;
use super::super::state::{LaunchMyStore, now};
use super::browser_sessions::COOKIE;
use crate::product::WebRequest;

/// The path of the page on which tokens are created by hand.
pub(crate) const PAGE: &str = "/admin/ai-connector";

impl LaunchMyStore {
    /// Returns the sender, identified by token, by e-mail and password, or by a browser session.
    pub(super) fn asking(&self, asked: &WebRequest<'_>) -> Result<StaffMember, String> {
        let ledger = &self.store.look().ledger;
        if let Some(token) = asked.bearer() {
            let member = ledger.admit(token, now());
            return member.ok_or_else(|| "the token is not valid".to_owned());
        }
        if let Some((email, password)) = asked.basic() {
            return ledger.sign_in(&email, &password, None);
        }
        let session = asked.cookie(COOKIE).and_then(|id| self.browser_sessions.find(id));
        let none = "send a token, or e-mail and password with HTTP Basic";
        session.map(|session| session.member).ok_or_else(|| none.to_owned())
    }
}
