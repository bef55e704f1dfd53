//! Retries: the host sends the same request again with the answers to its questions, under a handle
//! that is still valid (E-37). Any other retry is refused; a call never runs twice because a retry
//! did not match.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::calls::{CallStage, HostRequester};
use super::envelope::RequestEnvelope;
use super::refusal::RequestRefusal;
use super::{HostContext, HostEffect, ModernHost, OpenHostRequest};
use crate::jsonrpc::{Change, Message, Object, RequestId};
use crate::protocol::{meta, methods};

/// How deep a request is compared value by value; deeper values are compared as text (S-12).
const DIGEST_DEPTH: usize = 64;

/// Returns whether a request claims to continue an earlier one.
pub(super) fn is_retry(message: &Message) -> bool {
    // Searched as text first: most requests have neither member, and some are large.
    let text = message.params().unwrap_or_default().as_bytes();
    methods::may_need_input(message.method())
        && [meta::rounds::STATE, meta::rounds::RESPONSES, "\\u"]
            .iter()
            .any(|name| memchr::memmem::find(text, name.as_bytes()).is_some())
        && message.params().and_then(Object::parse).is_some_and(|params| {
            params.get(meta::rounds::STATE).is_some()
                || params.get(meta::rounds::RESPONSES).is_some()
        })
}

impl ModernHost {
    /// Handles a request that comes back with answers to questions, and continues its call.
    pub(super) fn retry(
        &mut self,
        id: RequestId,
        message: Message,
        envelope: RequestEnvelope,
        cx: &mut HostContext<'_>,
    ) {
        let judged = self.judge_retry(&message);
        let (number, answers) = match judged {
            Ok(fitting) => fitting,
            Err(refusal) => return self.refuse(&id, &refusal, cx),
        };
        self.host_ids.insert(id.clone(), OpenHostRequest::Call(number));
        let level = envelope.level;
        let Some(call) = self.calls.get_mut(&number) else { return };
        if let Some(spent) = call.handle.take() {
            self.handles.remove(&spent);
        }
        call.round += 1;
        call.requester = Some(HostRequester { id, token: envelope.token, level });
        call.capabilities = envelope.capabilities;
        call.request = message;
        if let CallStage::Answered(answer) = &call.stage {
            let answer = answer.clone();
            return self.call_answered(number, &answer, cx);
        }
        if level.is_some() {
            self.settle_level(cx);
        }
        if self.give_answers(number, &answers, cx) {
            self.go_on(number, cx);
        } else {
            self.page_refused(number, cx);
        }
    }

    /// Finds the call that a retry continues, and the answers in it.
    ///
    /// # Errors
    /// The retry does not match an open call.
    fn judge_retry(&self, message: &Message) -> Result<(u64, InputResponses), RequestRefusal> {
        let params = message.params().and_then(Object::parse);
        let params = params.ok_or_else(|| RequestRefusal::invalid("`params` is not an object"))?;
        let Some(state) = params.get(meta::rounds::STATE) else {
            return Err(RequestRefusal::invalid(
                "`inputResponses` needs the `requestState` it belongs to",
            ));
        };
        let state: String = serde_json::from_str(state)
            .map_err(|_| RequestRefusal::invalid("`requestState` is not a string"))?;
        let number = self.handles.get(&state).copied().ok_or_else(RequestRefusal::expired)?;
        let call = self.calls.get(&number).ok_or_else(RequestRefusal::expired)?;
        if digest(message) != digest(&call.request) {
            let text = "the request differs from the one that `requestState` belongs to";
            return Err(RequestRefusal::invalid(text));
        }
        let answers = params.get(meta::rounds::RESPONSES).unwrap_or("{}");
        let answers = InputResponses::read(answers).ok_or_else(|| {
            RequestRefusal::invalid("`inputResponses` must hold an object for each key")
        })?;
        Ok((number, answers))
    }

    /// Passes answers on to the server. Keys that are not open are ignored; missing ones stay open.
    /// Returns whether the user agreed to every page to visit.
    fn give_answers(
        &mut self,
        number: u64,
        answers: &InputResponses,
        cx: &mut HostContext<'_>,
    ) -> bool {
        let Some(call) = self.calls.get_mut(&number) else { return true };
        let mut agreed = true;
        let mut open = Vec::new();
        for input in std::mem::take(&mut call.inputs) {
            let Some(answer) = answers.of(&input.key).filter(|_| input.is_asked) else {
                open.push(input);
                continue;
            };
            match &input.number {
                Some(id) => {
                    cx.emit(HostEffect::Send(Message::result(id, answer)));
                }
                None => agreed &= action(answer) == "accept",
            }
        }
        call.inputs = open;
        agreed
    }

    /// Asks open questions again, or sends the call again after a page was visited.
    fn go_on(&mut self, number: u64, cx: &mut HostContext<'_>) {
        let Some(call) = self.calls.get(&number) else { return };
        let was_asked = call.inputs.iter().any(|input| input.is_asked);
        match (was_asked, call.inputs.is_empty()) {
            // The host left an answer out (`basic/patterns/mrtr`, error handling).
            (true, _) => self.suspend(number, cx),
            (false, false) => self.collect(number, cx),
            (false, true) => self.page_allowed(number, cx),
        }
    }
}

/// The host's answers, by key.
#[derive(Debug)]
struct InputResponses(Vec<(String, Box<RawValue>)>);

impl InputResponses {
    fn read(text: &str) -> Option<Self> {
        let object = Object::parse(text)?;
        let answers = object.members().iter().map(|member| {
            let is_object = member.value.starts_with('{');
            let value =
                RawValue::from_string(member.value.to_owned()).ok().filter(|_| is_object)?;
            Some((member.name.clone(), value))
        });
        answers.collect::<Option<Vec<_>>>().map(Self)
    }

    fn of(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.get())
    }
}

fn action(answer: &str) -> String {
    Object::parse(answer).and_then(|object| object.text("action")).unwrap_or_default()
}

/// A digest of what a retry must repeat: the method and every parameter except those of the round
/// itself. Texts with equal values have equal digests.
fn digest(message: &Message) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(message.method());
    let params = message.params().unwrap_or("{}");
    let of_round = ["_meta", meta::rounds::STATE, meta::rounds::RESPONSES];
    let params = Object::parse(params).map_or_else(
        || params.to_owned(),
        |object| {
            object.rewritten(
                |member| {
                    if of_round.contains(&member.name.as_str()) {
                        Change::Remove
                    } else {
                        Change::Keep
                    }
                },
                &[],
            )
        },
    );
    absorb(&mut digest, &params, DIGEST_DEPTH);
    digest.finalize().into()
}

/// Digests a JSON text. It works on text, because JSON has numbers and strings that no Rust value
/// here can hold (T-03).
fn absorb(digest: &mut Sha256, text: &str, depth: usize) {
    let text = text.trim();
    let Some(depth) = depth.checked_sub(1) else { return digest.update(text) };
    if let Some(object) = Object::parse(text) {
        // The last duplicate counts.
        let members: BTreeMap<&str, &str> =
            object.members().iter().map(|member| (member.name.as_str(), member.value)).collect();
        digest.update(b"{");
        for (name, value) in members {
            digest.update(Value::from(name).to_string());
            absorb(digest, value, depth);
        }
        return digest.update(b"}");
    }
    if let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(text) {
        digest.update(b"[");
        for element in elements {
            absorb(digest, element.get(), depth);
            digest.update(b",");
        }
        return digest.update(b"]");
    }
    match serde_json::from_str::<Value>(text) {
        Ok(leaf) => digest.update(leaf.to_string()),
        Err(_) => digest.update(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(params: &str) -> [u8; 32] {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
        digest(&Message::parse(text).unwrap())
    }

    /// E-37, T-03: also with strings and numbers that only JSON can hold.
    #[test]
    fn equal_values_have_one_digest_however_they_are_written() {
        let same = [
            (
                r#"{"name":"t","arguments":{"a":"\ud83d"}}"#,
                r#"{"arguments":{ "a" : "\ud83d" },"name":"t"}"#,
            ),
            (r#"{"a":[1e400,"x"]}"#, r#"{"a":[ 1e400 , "\u0078" ],"requestState":"s"}"#),
            (r#"{"a":1.0}"#, r#"{"_meta":{"progressToken":1},"a":1.0,"inputResponses":{}}"#),
            (r#"{"a":2}"#, r#"{"a":1,"\u0061":2}"#),
        ];
        for (one, other) in same {
            assert_eq!(of(one), of(other), "{one} {other}");
        }
        let deep = |leaf: &str| format!(r#"{{"a":{}{leaf}{}}}"#, "[".repeat(300), "]".repeat(300));
        let different = [
            (r#"{"a":"\ud83d"}"#.to_owned(), r#"{"a":"\ud83e"}"#.to_owned()),
            (r#"{"a":1e400}"#.to_owned(), r#"{"a":1e401}"#.to_owned()),
            (r#"{"a":[[1],2]}"#.to_owned(), r#"{"a":[1,[2]]}"#.to_owned()),
            (deep("1"), deep("2")),
        ];
        for (one, other) in different {
            assert_ne!(of(&one), of(&other), "{one} {other}");
        }
    }
}
