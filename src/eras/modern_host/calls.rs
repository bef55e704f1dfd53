//! A request of the host that goes to the server: on its way, and back (E-36 speaks of the
//! exchange, a call may span several requests of the host and several of ours).

use std::time::Instant;

use serde_json::Value;

use super::envelope::{self, Envelope};
use super::inputs::Input;
use super::tasks::Task;
use super::urls::Urls;
use super::{Asked, HostEffect, ModernHost, Place, results};
use crate::jsonrpc::{Kind, Message, RequestId};
use crate::protocol::{LogLevel, codes, methods};

/// A request of the host and what became of it.
#[derive(Debug)]
pub(super) struct Call {
    /// As the host wrote it, the last time it did.
    pub(super) request: Message,
    /// Who waits; nobody while the host has questions to answer.
    pub(super) asker: Option<Asker>,
    /// What the host declared, the last time it wrote (E-38).
    pub(super) capabilities: Value,
    pub(super) stage: Stage,
    /// Rounds of questions so far; tells what belongs to an earlier one.
    pub(super) round: u32,
    pub(super) inputs: Vec<Input>,
    /// How many keys were minted for questions.
    pub(super) keys: u32,
    /// The handle under which the host may go on.
    pub(super) handle: Option<String>,
    /// How far it has come, as the host was told (E-64).
    pub(super) progress: Option<f64>,
    /// Pages that the user has to visit first (E-39).
    pub(super) urls: Option<Urls>,
    /// The legacy task that the bridge runs for it (E-74).
    pub(super) task: Option<Task>,
}

/// A request of the host that waits.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) id: RequestId,
    /// The host's progress token, as it wrote it.
    pub(super) token: Option<String>,
    /// The lowest level of log messages it wants.
    pub(super) level: Option<LogLevel>,
}

/// How far a call is.
#[derive(Debug)]
pub(super) enum Stage {
    /// The log level must be set first (E-62).
    Level,
    /// It is open upstream under this id of ours.
    Sent(u64),
    /// Nothing is open upstream: a page has to be visited, or a task to be asked after.
    Paused,
    /// The server has answered; the host comes back for it.
    Answered(Message),
}

impl Call {
    pub(super) fn method(&self) -> &str {
        self.request.method()
    }

    /// Whether the server works on it, whatever the host waits for.
    pub(super) fn is_upstream(&self) -> bool {
        match self.stage {
            Stage::Sent(_) => true,
            Stage::Paused => self.task.is_some(),
            Stage::Level | Stage::Answered(_) => false,
        }
    }

    /// Whether nothing is open upstream that would bring an answer by itself.
    pub(super) fn is_paused(&self) -> bool {
        matches!(self.stage, Stage::Paused)
    }

    /// Whether the server may ask something on behalf of it (E-35).
    pub(super) fn may_need_input(&self) -> bool {
        methods::may_need_input(self.method())
    }
}

impl ModernHost {
    /// Begins a call.
    pub(super) fn call(&mut self, id: RequestId, request: Message, envelope: Envelope) {
        let number = self.number();
        let level = envelope.level;
        self.host_ids.insert(id.clone(), Place::Call(number));
        let call = Call {
            request,
            asker: Some(Asker { id, token: envelope.token, level }),
            capabilities: envelope.capabilities,
            stage: Stage::Level,
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
            Some(_) => self.settle_level(),
            None => self.send_call(number),
        }
    }

    /// Sends a call to the server. Its number is the progress token, unique among all (E-63).
    pub(super) fn send_call(&mut self, number: u64) {
        let ours = self.number();
        let as_task = self.task_parameter(number);
        let Some(call) = self.calls.get_mut(&number) else { return };
        let wants_progress = call.asker.as_ref().is_some_and(|asker| asker.token.is_some());
        let added: Vec<_> = as_task.map(|task| ("task", task)).into_iter().collect();
        let edits = envelope::legacy(&call.request, wants_progress.then_some(number), &added);
        let message = match call.request.rewritten(Some(&RequestId::from(ours)), &edits) {
            Ok(message) => message,
            Err(overlap) => return self.end_with(number, &overlap.into()),
        };
        call.stage = Stage::Sent(ours);
        self.asked.insert(ours, Asked::Call(number));
        self.effects.push(HostEffect::Send(message));
    }

    /// The server answered a call.
    pub(super) fn call_answered(&mut self, number: u64, answer: &Message, now: Instant) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        if call.asker.is_none() {
            call.stage = Stage::Answered(answer.clone());
            return self.refuse_inputs(number);
        }
        let code = (answer.kind() == Kind::ErrorResponse).then(|| error_code(answer)).flatten();
        let may_need_input = call.may_need_input();
        match code {
            Some(codes::URL_ELICITATION_REQUIRED) if may_need_input => {
                self.urls_required(number, answer, now);
            }
            Some(codes::METHOD_NOT_FOUND) if self.may_run_as_task(number) => {
                self.run_as_task(number)
            }
            None if self.take_task(number, answer, now) => {}
            _ => self.conclude(number, answer),
        }
    }

    /// The end of a call: the host gets its answer.
    pub(super) fn conclude(&mut self, number: u64, answer: &Message) {
        self.refuse_inputs(number);
        let Some(call) = self.forget_call(number) else { return };
        let Some(asker) = call.asker else { return };
        let info = self.session.server_info();
        let line = results::shown(&asker.id, call.request.method(), answer, info);
        self.answer(&asker.id, line);
    }

    /// Takes a call out with all that leads to it.
    pub(super) fn forget_call(&mut self, number: u64) -> Option<Call> {
        let call = self.calls.remove(&number)?;
        if let Some(handle) = &call.handle {
            self.handles.remove(handle);
        }
        if let Stage::Sent(ours) = call.stage {
            self.asked.remove(&ours);
        }
        Some(call)
    }

    /// Calls that the server works on, and whose turn it is at the host.
    pub(super) fn suspended(&self) -> impl Iterator<Item = u64> {
        self.calls.iter().filter(|(_, call)| call.asker.is_none()).map(|(number, _)| *number)
    }
}

fn error_code(answer: &Message) -> Option<i64> {
    #[derive(serde::Deserialize)]
    struct Coded {
        code: i64,
    }
    answer.outcome_as::<Coded>().map(|error| error.code)
}
