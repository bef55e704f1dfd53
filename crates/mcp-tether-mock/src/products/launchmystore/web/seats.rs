//! Who sits at a page: browser sessions, in memory only. Each has a secret of its own in its forms,
//! so that no other page can send them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::access::{Member, random};

/// The cookie that tells seats apart.
pub(super) const COOKIE: &str = "launchmystore_admin";
/// More than this many are not remembered.
const MOST: usize = 256;

/// Somebody who has signed in at a page.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub(super) member: Member,
    /// What forms must bring back.
    pub(super) form: String,
    /// What the next page shows once.
    pub(super) said: Option<Said>,
}

/// Something that is shown once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A new token.
    Token(String),
    Done(String),
    Refused(String),
}

/// All seats by the value of their cookie.
#[derive(Debug, Default)]
pub(crate) struct Seats(Mutex<BTreeMap<String, Seat>>);

impl Seats {
    /// A seat for somebody; gives the value of its cookie.
    pub(super) fn take(&self, member: Member) -> String {
        let mut seats = self.lock();
        if seats.len() >= MOST {
            seats.clear();
        }
        let id = random("seat");
        seats.insert(id.clone(), Seat { member, form: random("form"), said: None });
        id
    }

    pub(super) fn find(&self, id: &str) -> Option<Seat> {
        self.lock().get(id).cloned()
    }

    pub(super) fn leave(&self, id: &str) {
        self.lock().remove(id);
    }

    /// Ends every seat of an account but one.
    pub(super) fn end_others(&self, email: &str, but: &str) {
        self.lock().retain(|id, seat| id == but || seat.member.email != email);
    }

    /// Says something on the next page.
    pub(super) fn say(&self, id: &str, said: Said) {
        if let Some(seat) = self.lock().get_mut(id) {
            seat.said = Some(said);
        }
    }

    /// What is to be said now, and never again.
    pub(super) fn take_said(&self, id: &str) -> Option<Said> {
        self.lock().get_mut(id)?.said.take()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Seat>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
