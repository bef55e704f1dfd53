//! The state of one replay: the script, the unasked messages, and the answers of the host.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::Notify;

use mcp_tether_wire::jsonrpc::{Message, MessageKind};

use super::recording::{Push, Recording, Turn, is_answer};
use super::script::{Match, Script};

/// The state that the requests of one replay share.
pub(super) struct Playing {
    state: Mutex<PlayState>,
    pub(super) has_sessions: bool,
    pub(super) has_stream: bool,
    pub(super) is_legacy: bool,
    pub(super) changed: Notify,
}

struct PlayState {
    script: Script,
    pushes: Vec<Push>,
    /// The ids of the server's questions that the host has answered.
    answered: HashSet<String>,
}

impl Playing {
    pub(super) fn new(recording: &Recording) -> Self {
        let script = Script::new(recording);
        let is_legacy = script.is_legacy();
        let mut pushes = recording.pushes.clone();
        pushes.reverse();
        Self {
            state: Mutex::new(PlayState { script, pushes, answered: HashSet::new() }),
            has_sessions: recording.has_sessions,
            has_stream: recording.has_stream || !recording.pushes.is_empty(),
            is_legacy,
            changed: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, PlayState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tally(&self) -> super::ReplayTally {
        self.state().script.tally
    }

    /// Returns the recorded turn for this request.
    pub(super) fn play(&self, request: &Message) -> Match {
        let found = self.state().script.play(request);
        self.changed.notify_waiters();
        found
    }

    /// Notes the host's answer to a question.
    pub(super) fn note_answer(&self, answer: &Message) {
        if let Some(id) = answer.id() {
            self.state().answered.insert(id.to_json());
        }
        self.changed.notify_waiters();
    }

    pub(super) fn is_answered(&self, question: &Message) -> bool {
        let id = question.id().map(|id| id.to_json()).unwrap_or_default();
        self.state().answered.contains(&id)
    }

    /// Returns the next message for the standalone stream, once its place in the recording is
    /// reached.
    pub(super) fn next_push(&self) -> Option<Message> {
        let mut state = self.state();
        let position = state.script.position();
        let is_due = state.pushes.last().is_some_and(|push| push.after <= position);
        if is_due { state.pushes.pop().map(|push| push.message) } else { None }
    }
}

/// Returns a recorded message with the id and progress token of the current request in place of the
/// recorded ones.
pub(super) fn aimed(message: &Message, turn: &Turn, request: &Message) -> Bytes {
    let (Some(recorded), Some(live)) = (turn.request.id(), request.id()) else {
        return message.raw().clone();
    };
    if is_answer(message) {
        let is_ours = message.id().is_none_or(|id| id == recorded);
        let frame = is_ours.then(|| message.with_id(&live.to_json()));
        return frame.map_or_else(|| message.raw().clone(), |frame| frame.into_bytes());
    }
    if message.kind() != MessageKind::Notification {
        return message.raw().clone();
    }
    let Ok(mut value) = serde_json::from_slice::<Value>(message.raw()) else {
        return message.raw().clone();
    };
    let id = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let (recorded, live) = (id(&recorded.to_json()), id(&live.to_json()));
    let mut is_changed = false;
    if let (Some(old), Some(new)) = (progress_token(&turn.request), progress_token(request)) {
        is_changed |= replace(value.pointer_mut("/params/progressToken"), &old, &new);
    }
    let subscription = "/params/_meta/io.modelcontextprotocol~1subscriptionId";
    is_changed |= replace(value.pointer_mut(subscription), &recorded, &live);
    if is_changed { Bytes::from(value.to_string()) } else { message.raw().clone() }
}

fn replace(place: Option<&mut Value>, old: &Value, new: &Value) -> bool {
    let Some(place) = place.filter(|place| *place == old) else { return false };
    *place = new.clone();
    true
}

fn progress_token(request: &Message) -> Option<Value> {
    let params: Value = serde_json::from_str(request.params()?).ok()?;
    params.pointer("/_meta/progressToken").cloned()
}
