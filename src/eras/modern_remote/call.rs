//! One request of the loop on its way: sent, sent again where that is safe, answered.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::rounds::Round;
use super::schema::Doubled;
use super::tasks::Task;
use super::{ModernRemote, RemoteEffect, Role, Turn, envelope, errors, protocol};
use crate::eras::doubled;
use crate::eras::host::named_version;
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Kind, Message};
use crate::protocol::{codes, methods};

/// What one request keeps; nothing of it is shared with another (E-06).
#[derive(Debug)]
pub(super) struct Call {
    /// As the loop gave it.
    pub(super) request: Message,
    /// Whether a modern host sent it.
    pub(super) relayed: bool,
    pub(super) began: Instant,
    /// Members for the next round: what the host answered, and the remote's state (E-30).
    pub(super) added: Vec<(&'static str, String)>,
    was_sent: bool,
    pub(super) rounds: u32,
    pub(super) round: Option<Round>,
    /// URLs that the person was sent to, with the answer that was given (E-34).
    pub(super) visited: HashMap<String, String>,
    /// The highest progress that the host saw (E-64).
    pub(super) progress: f64,
    pub(super) task: Option<Task>,
    /// Whether it was sent again because its answer got lost (T-60).
    reissued: bool,
    /// Whether it was sent again because of its headers (T-55).
    mirrored_again: bool,
    /// The acknowledgement of a listen, to tell whether a later one says the same (E-46).
    pub(super) acknowledged: Option<String>,
    /// The remote's answer to a listen that it ended on purpose.
    pub(super) ended: Option<Message>,
    /// How often a listen was lost in a row.
    pub(super) losses: u32,
}

impl Call {
    pub(super) fn new(request: Message, relayed: bool, began: Instant) -> Self {
        Self {
            request,
            relayed,
            began,
            added: Vec::new(),
            was_sent: false,
            rounds: 0,
            round: None,
            visited: HashMap::new(),
            progress: f64::NEG_INFINITY,
            task: None,
            reissued: false,
            mirrored_again: false,
            acknowledged: None,
            ended: None,
            losses: 0,
        }
    }

    /// Whether it has gone on for longer than a request may.
    pub(super) fn is_overdue(&self, limit: Option<Duration>, now: Instant) -> bool {
        limit.is_some_and(|limit| now.saturating_duration_since(self.began) > limit)
    }
}

impl ModernRemote {
    /// A new request. A call whose tool is not known yet waits for the tools to be listed (T-56).
    pub(super) fn begin(&mut self, number: u64, call: Call, turn: &mut Turn<'_>) {
        let is_call = call.request.method() == methods::TOOLS_CALL;
        self.calls.insert(number, call);
        if is_call && self.discovered.has("tools") && !self.knows_tool(number) {
            return self.list_for(number, turn);
        }
        self.send(number, turn);
    }

    fn knows_tool(&self, number: u64) -> bool {
        self.calls.get(&number).is_none_or(|call| self.catalogue.knows(&call.request))
    }

    /// Sends a request, or its next round, under a fresh number.
    pub(super) fn send(&mut self, number: u64, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get(&number) else { return };
        // The first round goes out under the loop's own number.
        let exchange = if call.was_sent { turn.numbers.fresh() } else { number };
        let mirrored = match self.catalogue.mirrored(&call.request) {
            Ok(mirrored) => mirrored,
            Err(Doubled(argument)) => return self.refuse_doubled(number, &argument, turn),
        };
        let sent = match (&self.envelope, call.relayed) {
            (Some(envelope), false) => {
                envelope::exchange(envelope, &call.request, exchange, &call.added, mirrored)
            }
            _ => {
                let version = named_version(&call.request).unwrap_or_else(|| self.version.clone());
                let extensions = &self.options.extensions;
                envelope::relayed(&version, &call.request, exchange, mirrored, extensions)
            }
        };
        if let Some(call) = self.calls.get_mut(&number) {
            call.was_sent = true;
        }
        match sent {
            Ok(sent) => {
                self.exchanges.insert(exchange, Role::Call(number));
                turn.effect(RemoteEffect::Exchange(sent));
            }
            Err(overlap) => self.fail(number, overlap.into(), turn),
        }
    }

    /// Refuses a request in which a member that is read is there twice (T-14).
    pub(super) fn refuse_doubled(&mut self, number: u64, member: &str, turn: &mut Turn<'_>) {
        self.drop_call(number, turn);
        self.answer_error(number, codes::INVALID_PARAMS, &doubled::refusal(member), turn);
    }

    /// The remote's answer to a request or to a round of it.
    pub(super) fn take_outcome(&mut self, number: u64, answer: &Message, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get(&number) else { return };
        let relayed = call.relayed;
        if answer.kind() == Kind::ErrorResponse && errors::is_legacy(answer) {
            return self.contradicted(number, turn);
        }
        match answer.kind() {
            Kind::ErrorResponse if errors::code_of(answer) == codes::HEADER_MISMATCH => {
                self.headers_refused(number, turn);
            }
            Kind::ErrorResponse if relayed && call.acknowledged.is_some() => {
                self.end_relayed_listen(number, turn);
            }
            Kind::ErrorResponse if relayed => self.finish(number, answer.clone(), Vec::new(), turn),
            Kind::ErrorResponse => {
                let (answer, edits) = errors::shown(answer, &call.request);
                self.finish(number, answer, edits, turn);
            }
            _ if relayed => self.relay_result(number, answer, turn),
            _ => self.take_result(number, answer, turn),
        }
    }

    /// Gives the loop its answer; the request is done.
    pub(super) fn finish(
        &mut self,
        number: u64,
        answer: Message,
        edits: Vec<crate::jsonrpc::Edit>,
        turn: &mut Turn<'_>,
    ) {
        self.drop_call(number, turn);
        turn.effect(RemoteEffect::Answer { number, answer, edits });
    }

    /// `-32020`: the schema may have changed; look it up and try once more (T-55), then give up
    /// with a failure of our own, for the host has no part in headers (E-51).
    fn headers_refused(&mut self, number: u64, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        if std::mem::replace(&mut call.mirrored_again, true) {
            let failure = Failure::new(
                FailureKind::HeaderMismatch,
                "server insists that headers and body of the request disagree",
            );
            let hint = "a proxy in between may change headers, or the server is at fault";
            return self.fail(number, failure.hint(hint), turn);
        }
        if call.request.method() == methods::TOOLS_CALL {
            self.list_for(number, turn);
        } else {
            self.send(number, turn);
        }
    }

    /// Only a server of the other era says this (T-84).
    fn contradicted(&mut self, number: u64, turn: &mut Turn<'_>) {
        self.drop_call(number, turn);
        turn.effect(RemoteEffect::Contradicted(number));
    }

    /// The answer to a request got lost: what does no harm is asked once more (T-60).
    pub(super) fn lost(&mut self, number: u64, failure: Failure, turn: &mut Turn<'_>) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        if call.relayed && call.request.method() == methods::LISTEN {
            return self.relayed_listen_lost(number, failure, turn);
        }
        // A modern server refuses with a JSON-RPC error in the body (T-62).
        if failure.kind == FailureKind::Http
            && matches!(failure.status, Some(400 | 404 | 405 | 406 | 415 | 422))
        {
            return self.contradicted(number, turn);
        }
        let again = failure.kind == FailureKind::Lost
            && !call.reissued
            && (methods::is_safe_to_repeat(call.request.method())
                || self.catalogue.is_harmless(&call.request));
        if again {
            call.reissued = true;
            return self.send(number, turn);
        }
        self.fail(number, failure, turn);
    }

    /// The method has no counterpart at a modern remote and was never offered (E-75).
    pub(super) fn refuse_method(&self, number: u64, request: &Message, turn: &mut Turn<'_>) {
        let text = format!("`{}` is not offered by this server", request.method());
        self.answer_error(number, codes::METHOD_NOT_FOUND, &text, turn);
    }

    pub(super) fn answer_error(&self, number: u64, code: i64, text: &str, turn: &mut Turn<'_>) {
        let id = crate::jsonrpc::RequestId::from(number);
        let line = crate::jsonrpc::error_response(&id, code, text, serde_json::Value::Null);
        match Message::parse(line) {
            Ok(answer) => {
                turn.effect(RemoteEffect::Answer { number, answer, edits: Vec::new() });
            }
            Err(_) => turn.effect(RemoteEffect::Fail { number, failure: protocol(text) }),
        }
    }
}
