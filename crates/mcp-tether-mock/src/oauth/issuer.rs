//! The authorization server itself: its options, its records, its clock and its address.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::book::Book;
use super::clock::IssuerClock;
use super::dpop::DpopBook;
use super::issuer_options::IssuerOptions;
use crate::recorder::RequestRecorder;

/// A running authorization server.
#[derive(Debug)]
pub(super) struct Issuer {
    pub(super) clock: IssuerClock,
    pub(super) recorder: RequestRecorder,
    options: Mutex<IssuerOptions>,
    book: Mutex<Book>,
    /// Every `resource` that it issues tokens for.
    resources: Mutex<BTreeSet<String>>,
    port: AtomicU16,
    pub(super) dpop: DpopBook,
}

/// An authorization server on a listener of its own, to be named in
/// [`super::OAuthOptions::issuer`].
#[derive(Clone, Debug)]
pub struct IssuerHandle(pub(super) Arc<Issuer>);

impl PartialEq for IssuerHandle {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Issuer {
    pub(super) fn new(options: IssuerOptions, recorder: RequestRecorder) -> Arc<Self> {
        Arc::new(Self {
            clock: IssuerClock::starting_at(options.starts_at),
            recorder,
            options: Mutex::new(options),
            book: Mutex::default(),
            resources: Mutex::default(),
            port: AtomicU16::new(0),
            dpop: DpopBook::default(),
        })
    }

    pub(super) fn options(&self) -> IssuerOptions {
        locked(&self.options).clone()
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut IssuerOptions)) {
        change(&mut locked(&self.options));
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        locked(&self.book)
    }

    pub(super) fn set_port(&self, port: u16) {
        self.port.store(port, Ordering::SeqCst);
    }

    pub(super) fn protect(&self, resources: impl IntoIterator<Item = String>) {
        locked(&self.resources).extend(resources);
    }

    pub(super) fn protects(&self, resource: &str) -> bool {
        locked(&self.resources).contains(resource)
    }

    pub(super) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.load(Ordering::SeqCst))
    }

    /// Returns the issuer identifier.
    pub(super) fn identifier(&self) -> String {
        format!("{}{}", self.origin(), locked(&self.options).prefix)
    }

    /// Returns the URL of one endpoint.
    pub(super) fn endpoint(&self, name: &str) -> String {
        let prefix = locked(&self.options).prefix.clone();
        format!("{}{}/{name}", self.origin(), prefix.trim_end_matches('/'))
    }

    /// Fills in `{issuer}` and `{origin}`.
    pub(super) fn filled(&self, text: &str) -> String {
        text.replace("{issuer}", &self.identifier()).replace("{origin}", &self.origin())
    }

    /// Fills in `{issuer}` and `{origin}` in every string of a JSON value.
    pub(super) fn filled_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.filled(text).into(),
            Value::Array(members) => members.iter().map(|m| self.filled_value(m)).collect(),
            Value::Object(members) => {
                let filled = members.iter().map(|(name, m)| (name.clone(), self.filled_value(m)));
                Value::Object(filled.collect())
            }
            _ => value.clone(),
        }
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
