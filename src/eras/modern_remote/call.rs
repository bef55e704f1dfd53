//! Handles the loop's requests: sends them, repeats them if that is safe, and answers them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::rounds::InputRound;
use super::schema::DuplicateArgument;
use super::tasks::RemoteTask;
use super::{ModernRemote, RemoteContext, RemoteEffect, Role, envelope, errors};
use crate::eras::duplicate_members;
use crate::eras::host::named_version;
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Edit, Message, MessageKind, RequestId, error_object};
use crate::protocol::{codes, methods};

/// The state of one request. Requests share nothing (E-06).
#[derive(Debug)]
pub(super) struct RemoteCall {
    /// The request, as received from the loop.
    pub(super) request: Message,
    /// Whether a modern host sent it.
    pub(super) relayed: bool,
    pub(super) began: Instant,
    /// Members that the next round adds: the host's answers and the remote's state (E-30).
    pub(super) added: Vec<(&'static str, String)>,
    was_sent: bool,
    pub(super) rounds: u32,
    pub(super) round: Option<InputRound>,
    /// URLs that the user was sent to, with the user's answer (E-34).
    pub(super) visited: HashMap<String, String>,
    /// The highest progress that the host saw (E-64).
    pub(super) progress: f64,
    pub(super) task: Option<RemoteTask>,
    /// Whether it was sent again because its answer was lost (T-60).
    reissued: bool,
    /// Whether it was sent again because of its headers (T-55).
    mirrored_again: bool,
    /// The filter that a listen was granted, to compare it with that of a later acknowledgement
    /// (E-46).
    pub(super) acknowledged: Option<String>,
    /// The remote's answer to a listen that it ended on purpose.
    pub(super) ended: Option<Message>,
    /// How many times in a row a listen was lost.
    pub(super) losses: u32,
}

impl RemoteCall {
    /// A request that has not been sent yet. A relayed one keeps its own envelope.
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

    /// Returns whether it is a listen of a modern host.
    pub(super) fn listens(&self) -> bool {
        self.relayed && self.request.method() == methods::LISTEN
    }

    /// Returns whether it has taken longer than a request may.
    pub(super) fn is_overdue(&self, limit: Option<Duration>, now: Instant) -> bool {
        limit.is_some_and(|limit| now.saturating_duration_since(self.began) > limit)
    }
}

impl ModernRemote {
    /// Starts a request. A call of an unknown tool waits until the tools are listed (T-56).
    pub(super) fn begin(&mut self, number: u64, call: RemoteCall, cx: &mut RemoteContext<'_>) {
        let is_call = call.request.method() == methods::TOOLS_CALL;
        self.calls.insert(number, call);
        if is_call && self.discovered.has("tools") && !self.knows_tool(number) {
            return self.list_for(number, cx);
        }
        self.send(number, cx);
    }

    fn knows_tool(&self, number: u64) -> bool {
        self.calls.get(&number).is_none_or(|call| self.catalogue.knows(&call.request))
    }

    /// Sends a request, or its next round, under a fresh number.
    pub(super) fn send(&mut self, number: u64, cx: &mut RemoteContext<'_>) {
        let Some(call) = self.calls.get(&number) else { return };
        // The first round is sent under the loop's own number.
        let exchange = if call.was_sent { cx.numbers.fresh() } else { number };
        let mirrored = match self.catalogue.mirrored(&call.request) {
            Ok(mirrored) => mirrored,
            Err(DuplicateArgument(argument)) => {
                return self.refuse_duplicate(number, &argument, cx);
            }
        };
        let sent = match (&self.envelope, call.relayed) {
            (Some(envelope), false) => {
                envelope::legacy_exchange(envelope, &call.request, exchange, &call.added, mirrored)
            }
            _ => {
                let version = named_version(&call.request).unwrap_or_else(|| self.version.clone());
                let extensions = &self.options.extensions;
                envelope::relay_exchange(&version, &call.request, exchange, mirrored, extensions)
            }
        };
        if let Some(call) = self.calls.get_mut(&number) {
            call.was_sent = true;
        }
        match sent {
            Ok(sent) => {
                self.exchanges.insert(exchange, Role::Call(number));
                cx.emit(RemoteEffect::Exchange(sent));
            }
            Err(overlap) => self.fail(number, overlap.into(), cx),
        }
    }

    /// Refuses a request with duplicates of a member that the bridge reads (T-14).
    pub(super) fn refuse_duplicate(
        &mut self,
        number: u64,
        member: &str,
        cx: &mut RemoteContext<'_>,
    ) {
        self.drop_call(number, cx);
        self.answer_error(number, codes::INVALID_PARAMS, &duplicate_members::refusal(member), cx);
    }

    /// Handles the remote's answer to a request or to one of its rounds.
    pub(super) fn handle_outcome(
        &mut self,
        number: u64,
        answer: &Message,
        cx: &mut RemoteContext<'_>,
    ) {
        let Some(call) = self.calls.get(&number) else { return };
        let relayed = call.relayed;
        match answer.kind() {
            MessageKind::ErrorResponse if errors::code_of(answer) == codes::HEADER_MISMATCH => {
                self.retry_with_new_headers(number, cx);
            }
            MessageKind::ErrorResponse if relayed && call.acknowledged.is_some() => {
                self.end_relayed_listen(number, cx);
            }
            MessageKind::ErrorResponse if relayed => {
                self.finish(number, answer.clone(), Vec::new(), cx)
            }
            MessageKind::ErrorResponse => {
                let (answer, edits) = errors::translate_error(answer, &call.request);
                self.finish(number, answer, edits, cx);
            }
            _ if relayed => self.relay_result(number, answer, cx),
            _ => self.handle_result(number, answer, cx),
        }
    }

    /// Ends a request with an answer for the loop.
    pub(super) fn finish(
        &mut self,
        number: u64,
        answer: Message,
        edits: Vec<Edit>,
        cx: &mut RemoteContext<'_>,
    ) {
        self.drop_call(number, cx);
        cx.emit(RemoteEffect::Answer { number, answer, edits });
    }

    /// Handles `-32020`: the schema may have changed, so lists the tools and sends the call once
    /// more (T-55). The second time, fails with an error of the bridge, because the host does not
    /// send headers (E-51).
    fn retry_with_new_headers(&mut self, number: u64, cx: &mut RemoteContext<'_>) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        if std::mem::replace(&mut call.mirrored_again, true) {
            let failure = Failure::new(
                FailureKind::HeaderMismatch,
                "the server insists that the headers of the request do not match its body",
            );
            let hint = "a proxy in between may change headers, or the server is at fault";
            return self.fail(number, failure.hint(hint), cx);
        }
        if call.request.method() == methods::TOOLS_CALL {
            self.list_for(number, cx);
        } else {
            self.send(number, cx);
        }
    }

    /// Handles the loss of an answer: sends the request once more if that is safe (T-60).
    pub(super) fn handle_loss(
        &mut self,
        number: u64,
        failure: Failure,
        cx: &mut RemoteContext<'_>,
    ) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        if call.listens() {
            return self.relayed_listen_lost(number, failure, cx);
        }
        let again = failure.kind == FailureKind::Lost
            && !call.reissued
            && (methods::is_safe_to_repeat(call.request.method())
                || self.catalogue.is_harmless(&call.request));
        if again {
            call.reissued = true;
            return self.send(number, cx);
        }
        self.fail(number, failure, cx);
    }

    /// Refuses a method that a modern remote does not have and that was never offered (E-75).
    pub(super) fn refuse_method(&self, number: u64, request: &Message, cx: &mut RemoteContext<'_>) {
        let text = format!("`{}` is not offered by this server", request.method());
        self.answer_error(number, codes::METHOD_NOT_FOUND, &text, cx);
    }

    /// Answers the request of this number with an error of the bridge.
    pub(super) fn answer_error(
        &self,
        number: u64,
        code: i64,
        text: &str,
        cx: &mut RemoteContext<'_>,
    ) {
        let error = error_object(code, text, serde_json::Value::Null).to_string();
        let answer = Message::error(&RequestId::from(number), &error);
        cx.emit(RemoteEffect::Answer { number, answer, edits: Vec::new() });
    }
}
