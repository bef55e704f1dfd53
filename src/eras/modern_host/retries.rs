//! The host comes back with what it was asked (E-37): the same request under a live handle.
//! Anything else is refused; a call is never run a second time because a retry did not fit.

use std::time::Instant;

use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::calls::{Asker, Stage};
use super::envelope::Envelope;
use super::refusal::Refusal;
use super::{HostEffect, ModernHost, Place};
use crate::jsonrpc::{Message, Object, RequestId};
use crate::protocol::{meta, methods};

/// Whether a request claims to go on with an earlier one.
pub(super) fn is_retry(message: &Message) -> bool {
    // Looked for as text first: most requests have neither, and some are large.
    let text = message.params().unwrap_or_default().as_bytes();
    methods::may_need_input(message.method())
        && [meta::rounds::STATE, meta::rounds::RESPONSES]
            .iter()
            .any(|name| memchr::memmem::find(text, name.as_bytes()).is_some())
        && message.params().and_then(Object::parse).is_some_and(|params| {
            params.get(meta::rounds::STATE).is_some()
                || params.get(meta::rounds::RESPONSES).is_some()
        })
}

impl ModernHost {
    pub(super) fn retry(
        &mut self,
        id: RequestId,
        message: Message,
        envelope: Envelope,
        now: Instant,
    ) {
        let judged = self.judge_retry(&message);
        let (number, answers) = match judged {
            Ok(fitting) => fitting,
            Err(refusal) => return self.refuse(&id, &refusal),
        };
        self.host_ids.insert(id.clone(), Place::Call(number));
        let level = envelope.level;
        let Some(call) = self.calls.get_mut(&number) else { return };
        if let Some(spent) = call.handle.take() {
            self.handles.remove(&spent);
        }
        call.round += 1;
        call.asker = Some(Asker { id, token: envelope.token, level });
        call.capabilities = envelope.capabilities;
        call.request = message;
        if let Stage::Answered(answer) = &call.stage {
            let answer = answer.clone();
            return self.call_answered(number, &answer, now);
        }
        if level.is_some() {
            self.settle_level();
        }
        if self.give_answers(number, &answers) {
            self.go_on(number, now);
        } else {
            self.page_refused(number);
        }
    }

    /// The call that a retry goes on with, and the answers it brings.
    fn judge_retry(&self, message: &Message) -> Result<(u64, Answers), Refusal> {
        let params = message.params().and_then(Object::parse);
        let params = params.ok_or_else(|| Refusal::invalid("`params` is no object"))?;
        let Some(state) = params.get(meta::rounds::STATE) else {
            return Err(Refusal::invalid(
                "`inputResponses` needs the `requestState` it belongs to",
            ));
        };
        let state: String = serde_json::from_str(state)
            .map_err(|_| Refusal::invalid("`requestState` is no string"))?;
        let number = self.handles.get(&state).copied().ok_or_else(Refusal::expired)?;
        let call = self.calls.get(&number).ok_or_else(Refusal::expired)?;
        if digest(message) != digest(&call.request) {
            let text = "the request differs from the one that `requestState` belongs to";
            return Err(Refusal::invalid(text));
        }
        let answers = params.get(meta::rounds::RESPONSES).unwrap_or("{}");
        let answers = Answers::read(answers)
            .ok_or_else(|| Refusal::invalid("`inputResponses` must hold an object for each key"))?;
        Ok((number, answers))
    }

    /// Passes answers on to the server. Keys that are not open are ignored, missing ones stay open.
    /// Says whether the user agreed to every page to visit.
    fn give_answers(&mut self, number: u64, answers: &Answers) -> bool {
        let Some(call) = self.calls.get_mut(&number) else { return true };
        let mut agreed = true;
        let mut open = Vec::new();
        for input in std::mem::take(&mut call.inputs) {
            let Some(answer) = answers.of(&input.key).filter(|_| input.told) else {
                open.push(input);
                continue;
            };
            match &input.number {
                Some(id) => {
                    let line = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{answer}}}"#);
                    let message = Message::parse(line).expect("an answer is a message");
                    self.effects.push(HostEffect::Send(message));
                }
                None => agreed &= action(answer) == "accept",
            }
        }
        call.inputs = open;
        agreed
    }

    /// What is still open is asked again; a page that was visited lets the call go out again.
    fn go_on(&mut self, number: u64, now: Instant) {
        let Some(call) = self.calls.get(&number) else { return };
        let told = call.inputs.iter().any(|input| input.told);
        match (told, call.inputs.is_empty()) {
            // The host left something out (`basic/patterns/mrtr`, error handling).
            (true, _) => self.suspend(number, now),
            (false, false) => self.collect(number, now),
            (false, true) => self.page_allowed(number, now),
        }
    }
}

/// What the host answers, by key.
#[derive(Debug)]
struct Answers(Vec<(String, Box<RawValue>)>);

impl Answers {
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
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.get())
    }
}

fn action(answer: &str) -> String {
    Object::parse(answer).and_then(|object| object.text("action")).unwrap_or_default()
}

/// What a retry must repeat: the method and every parameter that is not of the round itself. Two
/// texts of the same value have the same digest.
fn digest(message: &Message) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(message.method());
    let mut params: Value = message.params_as().unwrap_or_default();
    if let Some(params) = params.as_object_mut() {
        for name in ["_meta", meta::rounds::STATE, meta::rounds::RESPONSES] {
            params.remove(name);
        }
    }
    absorb(&mut digest, &params);
    digest.finalize().into()
}

fn absorb(digest: &mut Sha256, value: &Value) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| name.as_str());
            digest.update(b"{");
            for (name, value) in members {
                digest.update(Value::from(name.as_str()).to_string());
                absorb(digest, value);
            }
            digest.update(b"}");
        }
        Value::Array(elements) => {
            digest.update(b"[");
            for element in elements {
                absorb(digest, element);
                digest.update(b",");
            }
            digest.update(b"]");
        }
        leaf => digest.update(leaf.to_string()),
    }
}
