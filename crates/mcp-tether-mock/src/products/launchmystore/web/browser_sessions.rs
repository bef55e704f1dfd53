//! Browser sessions of the page, in memory only. Each has a secret of its own in its forms,
//! so that no other page can send them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::access::{StaffMember, random};

/// The cookie that identifies a session.
pub(super) const COOKIE: &str = "launchmystore_admin";
/// The limit on sessions; older ones are dropped.
const MAX_SESSIONS: usize = 256;

/// The session of a member who signed in on the page.
#[derive(Clone, Debug)]
pub(super) struct BrowserSession {
    pub(super) member: StaffMember,
    /// The secret that forms must send back.
    pub(super) form: String,
    /// A message that the next page shows once.
    pub(super) said: Option<Said>,
}

/// A message that is shown once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A new token.
    Token(String),
    Done(String),
    Refused(String),
}

/// All sessions, by the value of their cookie.
#[derive(Debug, Default)]
pub(crate) struct BrowserSessions(Mutex<BTreeMap<String, BrowserSession>>);

impl BrowserSessions {
    /// Opens a session for a member; returns the value of its cookie.
    pub(super) fn take(&self, member: StaffMember) -> String {
        let mut sessions = self.lock();
        if sessions.len() >= MAX_SESSIONS {
            sessions.clear();
        }
        let id = random("seat");
        sessions.insert(id.clone(), BrowserSession { member, form: random("form"), said: None });
        id
    }

    pub(super) fn find(&self, id: &str) -> Option<BrowserSession> {
        self.lock().get(id).cloned()
    }

    pub(super) fn leave(&self, id: &str) {
        self.lock().remove(id);
    }

    /// Ends every session of an account but one.
    pub(super) fn end_others(&self, email: &str, but: &str) {
        self.lock().retain(|id, session| id == but || session.member.email != email);
    }

    /// Shows something on the next page.
    pub(super) fn say(&self, id: &str, said: Said) {
        if let Some(session) = self.lock().get_mut(id) {
            session.said = Some(said);
        }
    }

    /// Returns the message to show once, and removes it.
    pub(super) fn take_said(&self, id: &str) -> Option<Said> {
        self.lock().get_mut(id)?.said.take()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, BrowserSession>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
