//! Who sends a request to the store's web side.

use super::super::access::Member;
use super::super::state::{LaunchMyStore, now};
use super::seats::COOKIE;
use crate::product::WebRequest;

/// Where tokens are made by hand.
pub(crate) const PAGE: &str = "/admin/ai-connector";

impl LaunchMyStore {
    /// Who asks: by token, by e-mail and password, or from a page they signed in at.
    pub(super) fn asking(&self, asked: &WebRequest<'_>) -> Result<Member, String> {
        let ledger = &self.store.look().ledger;
        if let Some(token) = asked.bearer() {
            let member = ledger.admit(token, now());
            return member.ok_or_else(|| "the token is not valid".to_owned());
        }
        if let Some((email, password)) = asked.basic() {
            return ledger.sign_in(&email, &password, None);
        }
        let seat = asked.cookie(COOKIE).and_then(|id| self.seats.find(id));
        let none = "send a token, or e-mail and password with HTTP Basic";
        seat.map(|seat| seat.member).ok_or_else(|| none.to_owned())
    }
}
