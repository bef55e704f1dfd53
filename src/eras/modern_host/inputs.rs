//! The server's input requests ("questions"): a legacy server asks while it works; a modern host
//! gets the questions in the result `input_required`, and sends its request again with the answers
//! (E-36). The request to the server stays open meanwhile. Decides which call a question belongs
//! to, and whether it may be asked (E-38).

use std::time::Duration;

use serde_json::Value;

use super::calls::HostCall;
use super::refusal::RequestRefusal;
use super::timers::Timer;
use super::{HostContext, HostEffect, ModernHost, RemoteStream, capabilities};
use crate::jsonrpc::{Change, Frame, Member, Message, Object, RequestId, result_response};
use crate::protocol::{codes, meta, methods};
use crate::random::random_text;

/// How long to wait for further questions before the host gets the first one (E-36).
const COLLECTING: Duration = Duration::from_millis(25);
/// How long the host may take to come back: a person may have to answer (T-26), but not forever
/// (E-37).
const PATIENCE: Duration = Duration::from_secs(30 * 60);
/// How many questions of one call may be open (S-12).
const OPEN_INPUTS: usize = 64;
/// How many calls may wait for the host to come back (S-12).
const SUSPENDED_CALLS: usize = 1000;

/// A question from the server.
#[derive(Debug)]
pub(super) struct InputRequest {
    /// The question's key in `inputRequests`.
    pub(super) key: String,
    /// The id of the server's request; none for a page to visit, because no request waits for that
    /// (E-39).
    pub(super) number: Option<RequestId>,
    pub(super) method: String,
    /// The `InputRequest`.
    pub(super) request: String,
    /// Whether it was passed to the host.
    pub(super) is_asked: bool,
}

impl ModernHost {
    /// Handles a request from the remote.
    pub(super) fn handle_remote_request(
        &mut self,
        message: &Message,
        stream: RemoteStream,
        cx: &mut HostContext<'_>,
    ) {
        let Some(id) = message.id().cloned() else { return };
        match self.judge(message, stream) {
            Ok(call) => self.add_input(call, id, message, cx),
            Err(refusal) => {
                tracing::debug!(method = message.method(), "refused: {}", refusal.message);
                cx.emit(HostEffect::Send(refusal.to_message(&id)));
            }
        }
    }

    /// Finds the call that a question belongs to (E-38).
    ///
    /// # Errors
    /// There is no such call, the host cannot be asked this, or too many questions are open.
    fn judge(&self, message: &Message, stream: RemoteStream) -> Result<u64, RequestRefusal> {
        let call = match stream {
            RemoteStream::OfCall(call) => Some(call),
            RemoteStream::OfOther => None,
            RemoteStream::Own => self.only_call(HostCall::may_need_input),
        };
        let call = call.and_then(|number| Some((number, self.calls.get(&number)?)));
        let Some((number, call)) = call.filter(|(_, call)| call.may_need_input()) else {
            // SEP-2260: the server may only ask on behalf of a request.
            return Err(RequestRefusal::invalid("no request is open that this belongs to"));
        };
        let params: Value = message.params_as().unwrap_or_default();
        capabilities::may_ask(&call.capabilities, message.method(), &params)?;
        let too_many = call.inputs.len() >= OPEN_INPUTS
            || call.requester.is_some() && self.handles.len() >= SUSPENDED_CALLS;
        if too_many {
            let text = "too many questions are open";
            return Err(RequestRefusal::plain(codes::INTERNAL_ERROR, text));
        }
        Ok(number)
    }

    /// The only matching call at the server, if there is exactly one.
    pub(super) fn only_call(&self, fits: impl Fn(&HostCall) -> bool) -> Option<u64> {
        let fitting = self.calls.iter().filter(|(_, call)| call.is_at_server() && fits(call));
        let mut fitting = fitting.map(|(number, _)| *number);
        let only = fitting.next()?;
        fitting.next().is_none().then_some(only)
    }

    fn add_input(
        &mut self,
        number: u64,
        id: RequestId,
        message: &Message,
        cx: &mut HostContext<'_>,
    ) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        let key = call.mint_key('q');
        let method = message.method().to_owned();
        let request = input_request(&method, message.params());
        call.inputs.push(InputRequest { key, number: Some(id), method, request, is_asked: false });
        self.collect(number, cx);
    }

    /// Waits briefly for further questions before the host gets them.
    pub(super) fn collect(&mut self, number: u64, cx: &mut HostContext<'_>) {
        let Some(call) = self.calls.get(&number) else { return };
        if call.requester.is_some() {
            let timer = Timer::Round { call: number, round: call.round };
            self.timers.set(cx.now + COLLECTING, timer);
        }
    }

    /// Stops waiting for further questions and asks the host.
    pub(super) fn end_collecting(&mut self, number: u64, round: u32, cx: &mut HostContext<'_>) {
        if self.calls.get(&number).is_some_and(|call| call.round == round) {
            self.suspend(number, cx);
        }
    }

    /// Answers the host with the open questions; the call then waits for it to come back.
    pub(super) fn suspend(&mut self, number: u64, cx: &mut HostContext<'_>) {
        let handle = new_handle();
        let Some(call) = self.calls.get_mut(&number).filter(|call| !call.inputs.is_empty()) else {
            return;
        };
        let Some(requester) = call.requester.take() else { return };
        call.round += 1;
        for input in &mut call.inputs {
            input.is_asked = true;
        }
        let timer = Timer::Expire { call: number, round: call.round };
        let line = input_required(&requester.id, &call.inputs, &handle, self.session.server_info());
        if let Some(spent) = call.handle.replace(handle.clone()) {
            self.handles.remove(&spent);
        }
        self.handles.insert(handle, number);
        self.timers.set(cx.now + PATIENCE, timer);
        self.answer(&requester.id, Frame::from(line), cx);
    }

    /// Cancels a call to which the host did not come back in time (E-37).
    pub(super) fn expire(&mut self, number: u64, round: u32, cx: &mut HostContext<'_>) {
        let waits = |call: &HostCall| call.requester.is_none() && call.round == round;
        if self.calls.get(&number).is_some_and(waits) {
            tracing::warn!("the host did not answer what the server asked: the call is cancelled");
            self.abandon(number, "the questions were not answered in time", cx);
        }
    }

    /// Drops a question that the server has cancelled (E-66).
    pub(super) fn withdraw_input(&mut self, id: &RequestId) {
        for call in self.calls.values_mut() {
            call.inputs.retain(|input| input.number.as_ref() != Some(id));
        }
    }

    /// Refuses the open questions of a call, each in the way of its method (E-37).
    pub(super) fn refuse_inputs(&mut self, number: u64, cx: &mut HostContext<'_>) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        for input in std::mem::take(&mut call.inputs) {
            let Some(id) = input.number else { continue };
            let refusal = |code| RequestRefusal::plain(code, "the request was not answered");
            let answer = match input.method.as_str() {
                methods::ELICIT => Message::result(&id, r#"{"action":"cancel"}"#),
                methods::SAMPLE => refusal(-1).to_message(&id),
                _ => refusal(codes::INTERNAL_ERROR).to_message(&id),
            };
            cx.emit(HostEffect::Send(answer));
        }
    }
}

impl HostCall {
    /// Returns a key that no other question of this call has.
    pub(super) fn mint_key(&mut self, kind: char) -> String {
        let key = format!("{kind}{}", self.keys);
        self.keys += 1;
        key
    }
}

/// The `InputRequest` for a server's request, without the members that only legacy requests have
/// (E-36).
pub(super) fn input_request(method: &str, params: Option<&str>) -> String {
    let method = Value::from(method);
    let Some(params) = params.and_then(Object::parse) else {
        return format!(r#"{{"method":{method}}}"#);
    };
    let change = |member: &Member<'_>| match member.name.as_str() {
        "elicitationId" | "task" => Change::Remove,
        "_meta" => meta_of_input(member.value),
        _ => Change::Keep,
    };
    format!(r#"{{"method":{method},"params":{}}}"#, params.rewritten(change, &[]))
}

/// Removes the `_meta` keys without a counterpart: the host's progress token, and legacy tasks
/// (E-64).
fn meta_of_input(text: &str) -> Change {
    let goes = |member: &Member<'_>| {
        [meta::PROGRESS_TOKEN, meta::RELATED_TASK].contains(&member.name.as_str())
    };
    let Some(object) = Object::parse(text) else { return Change::Remove };
    if object.members().iter().all(goes) {
        return Change::Remove;
    }
    let change = |member: &Member<'_>| if goes(member) { Change::Remove } else { Change::Keep };
    Change::Replace(object.rewritten(change, &[]))
}

fn input_required(
    id: &RequestId,
    inputs: &[InputRequest],
    handle: &str,
    server_info: Option<&str>,
) -> String {
    let requests: Vec<String> = inputs
        .iter()
        .map(|input| format!("{}:{}", Value::from(input.key.as_str()), input.request))
        .collect();
    let signed = server_info
        .map(|info| format!(r#","_meta":{{{}:{info}}}"#, Value::from(meta::SERVER_INFO)))
        .unwrap_or_default();
    let result = format!(
        r#"{{{}:{},{}:{{{}}},{}:"{handle}"{signed}}}"#,
        Value::from(meta::result_type::KEY),
        Value::from(meta::result_type::INPUT_REQUIRED),
        Value::from(meta::rounds::REQUESTS),
        requests.join(","),
        Value::from(meta::rounds::STATE),
    );
    result_response(id, result)
}

/// Returns a handle of 192 random bits, because whoever has the handle may continue the call.
fn new_handle() -> String {
    random_text::<24>()
}
