//! Calls: the host's requests to the server, until they are answered. One call may span several
//! requests from the host and several of our own (E-36).
//!
//! `calls`, `inputs`, `tasks` and `urls` import each other on purpose: they are one aggregate. A
//! call has input requests, a task and pages to visit, and each of these ends by sending,
//! suspending or answering the call. Splitting them by import direction would only move the calls
//! into callbacks.

use serde_json::Value;

use super::envelope::{self, RequestEnvelope};
use super::inputs::InputRequest;
use super::tasks::LegacyTask;
use super::urls::RequiredPages;
use super::{HostContext, HostEffect, ModernHost, OpenHostRequest, RequestPurpose, results};
use crate::jsonrpc::{Message, MessageKind, RequestId};
use crate::protocol::{LogLevel, codes, methods};

/// A request of the host and its state.
#[derive(Debug)]
pub(super) struct HostCall {
    /// The request as the host last sent it.
    pub(super) request: Message,
    /// The host's request that waits for an answer; none while the host has questions to answer.
    pub(super) requester: Option<HostRequester>,
    /// The capabilities in the host's last request (E-38).
    pub(super) capabilities: Value,
    pub(super) stage: CallStage,
    /// The number of rounds of questions so far. A timer of an earlier round is ignored.
    pub(super) round: u32,
    pub(super) inputs: Vec<InputRequest>,
    /// The number of keys given to questions so far.
    pub(super) keys: u32,
    /// The `requestState` with which the host may continue.
    pub(super) handle: Option<String>,
    /// The last progress reported to the host (E-64).
    pub(super) progress: Option<f64>,
    /// The pages that the user has to visit first (E-39).
    pub(super) urls: Option<RequiredPages>,
    /// The legacy task that the bridge runs for it (E-74).
    pub(super) task: Option<LegacyTask>,
}

/// A request of the host that waits for an answer.
#[derive(Debug)]
pub(super) struct HostRequester {
    pub(super) id: RequestId,
    /// The host's progress token, as it wrote it.
    pub(super) token: Option<String>,
    /// The lowest level of log messages that it wants.
    pub(super) level: Option<LogLevel>,
}

/// The stage of a call.
#[derive(Debug)]
pub(super) enum CallStage {
    /// The log level must be set first (E-62).
    Level,
    /// It was sent to the server under this id.
    Sent(u64),
    /// No request is open at the server: a page has to be visited, or a task to be polled.
    Paused,
    /// The server has answered; the host has to send its request again.
    Answered(Message),
}

impl HostCall {
    /// The method of the host's request.
    pub(super) fn method(&self) -> &str {
        self.request.method()
    }

    /// Returns whether the server is working on it.
    pub(super) fn is_at_server(&self) -> bool {
        match self.stage {
            CallStage::Sent(_) => true,
            CallStage::Paused => self.task.is_some(),
            CallStage::Level | CallStage::Answered(_) => false,
        }
    }

    /// Returns whether no request is open at the server.
    pub(super) fn is_paused(&self) -> bool {
        matches!(self.stage, CallStage::Paused)
    }

    /// Returns whether the server may ask for input on behalf of it (E-35).
    pub(super) fn may_need_input(&self) -> bool {
        methods::may_need_input(self.method())
    }
}

impl ModernHost {
    /// Starts a call.
    pub(super) fn call(
        &mut self,
        id: RequestId,
        request: Message,
        envelope: RequestEnvelope,
        cx: &mut HostContext<'_>,
    ) {
        let number = cx.numbers.fresh();
        let level = envelope.level;
        self.host_ids.insert(id.clone(), OpenHostRequest::Call(number));
        let call = HostCall {
            request,
            requester: Some(HostRequester { id, token: envelope.token, level }),
            capabilities: envelope.capabilities,
            stage: CallStage::Level,
            round: 0,
            inputs: Vec::new(),
            keys: 0,
            handle: None,
            progress: None,
            urls: None,
            task: None,
        };
        self.calls.insert(number, call);
        match level {
            Some(_) => self.settle_level(cx),
            None => self.send_call(number, cx),
        }
    }

    /// Sends a call to the server. Its number is the progress token, unique among all (E-63).
    pub(super) fn send_call(&mut self, number: u64, cx: &mut HostContext<'_>) {
        let ours = cx.numbers.fresh();
        let as_task = self.task_parameter(number);
        let Some(call) = self.calls.get_mut(&number) else { return };
        let wants_progress =
            call.requester.as_ref().is_some_and(|requester| requester.token.is_some());
        let added: Vec<_> = as_task.map(|task| ("task", task)).into_iter().collect();
        let edits = envelope::legacy(&call.request, wants_progress.then_some(number), &added);
        let message = match call.request.rewritten(Some(&RequestId::from(ours)), &edits) {
            Ok(message) => message,
            Err(overlap) => return self.end_with(number, &overlap.into(), cx),
        };
        call.stage = CallStage::Sent(ours);
        self.asked.insert(ours, RequestPurpose::Call(number));
        cx.emit(HostEffect::Send(message));
    }

    /// Handles the server's answer to a call.
    pub(super) fn call_answered(
        &mut self,
        number: u64,
        answer: &Message,
        cx: &mut HostContext<'_>,
    ) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        if call.requester.is_none() {
            call.stage = CallStage::Answered(answer.clone());
            return self.refuse_inputs(number, cx);
        }
        let code =
            (answer.kind() == MessageKind::ErrorResponse).then(|| error_code(answer)).flatten();
        let may_need_input = call.may_need_input();
        match code {
            Some(codes::URL_ELICITATION_REQUIRED) if may_need_input => {
                self.urls_required(number, answer, cx);
            }
            Some(codes::METHOD_NOT_FOUND) if self.may_run_as_task(number) => {
                self.run_as_task(number, cx)
            }
            None if self.handle_task(number, answer, cx) => {}
            _ => self.conclude(number, answer, cx),
        }
    }

    /// Ends a call with the server's answer.
    pub(super) fn conclude(&mut self, number: u64, answer: &Message, cx: &mut HostContext<'_>) {
        self.refuse_inputs(number, cx);
        let Some(call) = self.forget_call(number) else { return };
        let Some(requester) = call.requester else { return };
        let info = self.session.server_info();
        let line = results::translate_answer(&requester.id, call.request.method(), answer, info);
        self.answer(&requester.id, line, cx);
    }

    /// Removes a call with everything that refers to it.
    pub(super) fn forget_call(&mut self, number: u64) -> Option<HostCall> {
        let call = self.calls.remove(&number)?;
        if let Some(handle) = &call.handle {
            self.handles.remove(handle);
        }
        if let CallStage::Sent(ours) = call.stage {
            self.asked.remove(&ours);
        }
        Some(call)
    }

    /// The calls that wait for the host to come back.
    pub(super) fn suspended(&self) -> impl Iterator<Item = u64> {
        self.calls.iter().filter(|(_, call)| call.requester.is_none()).map(|(number, _)| *number)
    }
}

fn error_code(answer: &Message) -> Option<i64> {
    #[derive(serde::Deserialize)]
    struct Coded {
        code: i64,
    }
    answer.outcome_as::<Coded>().map(|error| error.code)
}
