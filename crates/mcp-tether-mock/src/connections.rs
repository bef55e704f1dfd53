//! The open streams of all hosts of one mock: its sessions, the listen streams of 2026-07-28 and
//! the answers to stateless requests. Messages for several hosts at once are sent from here.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::Value;

use crate::events::EventLog;
use crate::listens::ListenStreams;
use crate::notification::notification;
use crate::session::{HostSession, PushedRequest, Sessions};

/// Sessions and streams of one mock.
#[derive(Debug, Default)]
pub(crate) struct HostConnections {
    pub(crate) sessions: Sessions,
    pub(crate) listens: ListenStreams,
    /// Streams of stateless exchanges, which belong to no session.
    stateless: Mutex<Vec<Weak<EventLog>>>,
}

impl HostConnections {
    /// Creates a log for the answer to one POST.
    pub(crate) fn new_log(&self, session: &HostSession) -> Arc<EventLog> {
        let log = session.new_log();
        if session.id().is_none() {
            let mut stateless = self.stateless.lock().unwrap_or_else(PoisonError::into_inner);
            if stateless.len() == stateless.capacity() {
                stateless.retain(|log| log.strong_count() > 0);
            }
            stateless.push(Arc::downgrade(&log));
        }
        log
    }

    /// Cuts every open stream.
    pub(crate) fn cut_streams(&self) {
        for session in self.sessions.all() {
            session.cut_streams();
        }
        let stateless =
            std::mem::take(&mut *self.stateless.lock().unwrap_or_else(PoisonError::into_inner));
        for log in stateless.iter().filter_map(Weak::upgrade) {
            log.cut();
        }
    }

    /// Announces a change on the listen streams that asked for it and on the standalone stream of
    /// every session that ever opened one: a host that was cut off resumes it later. Returns the
    /// number of streams.
    pub(crate) fn broadcast(&self, method: &str, params: &Value) -> usize {
        self.broadcast_to(|_| true, method, params)
    }

    /// Announces a change to chosen sessions only, and on the listen streams that asked for it.
    pub(crate) fn broadcast_to(
        &self,
        wanted: impl Fn(&HostSession) -> bool,
        method: &str,
        params: &Value,
    ) -> usize {
        let text = notification(method, params);
        let sessions = self.sessions.all();
        let reached = sessions.iter().filter(|s| s.has_standalone() && wanted(s));
        let told = reached.map(|session| session.standalone().say(text.clone())).count();
        told + self.listens.tell(method, params)
    }

    /// Sends a request to every session that has a standalone stream open.
    pub(crate) fn ask_all(&self, method: &str, params: &Value) -> Vec<PushedRequest> {
        let sessions = self.sessions.all();
        let open = sessions.iter().filter(|session| session.standalone().is_read());
        open.map(|session| session.ask(session.standalone(), method, params)).collect()
    }
}
