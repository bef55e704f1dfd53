//! Rounds of input (E-30 to E-35): the remote requests input, the host is asked, and the same
//! request is sent again with the answers. State and keys belong to this one request only (E-06).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::questions::{HostQuestion, question};
use super::{Due, ModernRemote, RemoteContext, RemoteEffect, protocol_failure};
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Message, MessageKind, Object, RequestId};
use crate::protocol::meta::rounds::{REQUESTS, RESPONSES, STATE};
use crate::protocol::methods;
use crate::redact::plain;

/// The largest number of rounds of one request (E-33).
const ROUNDS: u32 = 32;
/// The largest number of questions in one round (S-12).
const QUESTIONS: usize = 64;
/// The longest pause before a round without questions.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The questions of one round.
#[derive(Debug, Default)]
pub(super) struct InputRound {
    /// The answers by the remote's keys; `None` while a question is open.
    answers: BTreeMap<String, Option<String>>,
    /// URLs that the user is being sent to, by key.
    visits: BTreeMap<String, String>,
    /// The keys of elicitations: only these can be refused in an answer (E-32).
    elicitations: BTreeSet<String>,
    /// Whether nobody had to be asked.
    pub(super) silent: bool,
}

impl InputRound {
    fn is_complete(&self) -> bool {
        self.answers.values().all(Option::is_some)
    }

    /// The member `inputResponses`.
    pub(super) fn responses(&self) -> String {
        let one = |(key, answer): (&String, &Option<String>)| {
            let answer = answer.as_deref().unwrap_or("null");
            format!("{}:{answer}", serde_json::Value::from(key.as_str()))
        };
        format!("{{{}}}", self.answers.iter().map(one).collect::<Vec<_>>().join(","))
    }
}

#[derive(serde::Deserialize)]
struct HostError {
    #[serde(default)]
    message: String,
}

impl ModernRemote {
    /// Handles the result `input_required`.
    pub(super) fn input_required(
        &mut self,
        number: u64,
        result: &Object<'_>,
        cx: &mut RemoteContext<'_>,
    ) {
        let (requests, state) = (result.get(REQUESTS), result.get(STATE));
        if requests.is_none() && state.is_none() {
            return self.fail(
                number,
                protocol_failure("the server asks for input but does not say which"),
                cx,
            );
        }
        let limit = self.options.limit;
        let Some(call) = self.calls.get_mut(&number) else { return };
        call.rounds += 1;
        // E-33: the remote keeps to no end, so this is a fault in what it sends and no time limit.
        if call.rounds > ROUNDS || call.is_overdue(limit, cx.now) {
            let text = format!("the server still asks for input after {} rounds", call.rounds - 1);
            return self.fail(number, protocol_failure(text), cx);
        }
        // The state is returned unchanged, or left out if there was none.
        call.added = state.map(|state| (STATE, state.to_owned())).into_iter().collect();
        self.ask_host(number, requests, cx);
        self.go_on(number, cx);
    }

    /// Asks the host all questions of a round.
    pub(super) fn ask_host(
        &mut self,
        number: u64,
        requests: Option<&str>,
        cx: &mut RemoteContext<'_>,
    ) {
        let entries = requests.and_then(Object::parse);
        let entries = entries.as_ref().map_or(&[][..], |entries| entries.members());
        if entries.len() > QUESTIONS {
            return self.fail(
                number,
                protocol_failure("the server asks for too much input at once"),
                cx,
            );
        }
        let mut round = InputRound { silent: true, ..InputRound::default() };
        let mut asked = Vec::new();
        for entry in entries {
            let id = cx.numbers.fresh();
            let Some(envelope) = &self.envelope else { return };
            match question(entry.value, envelope, id) {
                Err(what) => {
                    return self.fail(
                        number,
                        protocol_failure(format!("the server asks for {what}")),
                        cx,
                    );
                }
                Ok(HostQuestion::Answered(answer)) => {
                    round.answers.insert(entry.name.clone(), Some(answer));
                }
                Ok(HostQuestion::Visit(url, params)) => match self.visited_answer(number, &url) {
                    // E-34: the user has consented already; the server waits until they have
                    // visited the page.
                    Some(answer) => {
                        round.answers.insert(entry.name.clone(), Some(answer));
                    }
                    None => {
                        round.visits.insert(entry.name.clone(), url);
                        asked.push((id, entry.name.clone(), methods::ELICIT, Some(params)));
                    }
                },
                Ok(HostQuestion::Ask(method, params)) => {
                    asked.push((id, entry.name.clone(), method, params));
                }
            }
        }
        for (id, key, method, params) in asked {
            round.silent = false;
            if method == methods::ELICIT {
                round.elicitations.insert(key.clone());
            }
            round.answers.insert(key.clone(), None);
            self.asks.insert(id, (number, key));
            cx.emit(ask(number, id, method, params.as_deref()));
        }
        if let Some(call) = self.calls.get_mut(&number) {
            call.round = Some(round);
        }
    }

    fn visited_answer(&self, number: u64, url: &str) -> Option<String> {
        self.calls.get(&number)?.visited.get(url).cloned()
    }

    /// Handles the host's answer to a question.
    pub(super) fn handle_reply(&mut self, id: u64, answer: &Message, cx: &mut RemoteContext<'_>) {
        let Some((number, key)) = self.asks.remove(&id) else { return };
        let Some(call) = self.calls.get_mut(&number) else { return };
        let Some(round) = &mut call.round else { return };
        let reply = match (answer.kind(), answer.outcome()) {
            (MessageKind::Response, Some(result)) => result.to_owned(),
            _ => {
                let error = answer.outcome_as::<HostError>().map(|error| error.message);
                return self.handle_refusal(number, &key, &error.unwrap_or_default(), cx);
            }
        };
        if let Some(url) = round.visits.get(&key).filter(|_| accepts(&reply)) {
            call.visited.insert(url.clone(), reply.clone());
        }
        round.answers.insert(key, Some(reply));
        self.go_on(number, cx);
    }

    /// Handles the host's error: an elicitation is answered with `cancel`, any other question fails
    /// the request (E-32).
    fn handle_refusal(
        &mut self,
        number: u64,
        key: &str,
        message: &str,
        cx: &mut RemoteContext<'_>,
    ) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        let round = call.round.as_mut().filter(|round| round.elicitations.contains(key));
        if let Some(round) = round {
            round.answers.insert(key.to_owned(), Some(r#"{"action":"cancel"}"#.to_owned()));
            return self.go_on(number, cx);
        }
        let text = format!("the host refused what the server asked for: {}", plain(message));
        let failure = Failure::new(FailureKind::Declined, text)
            .hint("the request was not carried out: send it again and allow what it asks for");
        self.fail(number, failure, cx);
    }

    /// Sends the next round if everything is answered (E-30).
    pub(super) fn go_on(&mut self, number: u64, cx: &mut RemoteContext<'_>) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        let Some(round) = call.round.take_if(|round| round.is_complete()) else { return };
        if call.task.is_some() {
            return self.update_task(number, &round.responses(), cx);
        }
        if !round.answers.is_empty() {
            call.added.push((RESPONSES, round.responses()));
        }
        match round.silent.then(|| pause(call.rounds)) {
            // The first round is sent at once, later ones after a pause (E-33).
            Some(pause) if !pause.is_zero() => self.later(pause, Due::Again(number), cx),
            _ => self.send(number, cx),
        }
    }

    /// Cancels the open questions of a call (E-65).
    pub(super) fn withdraw_questions(&mut self, number: u64, cx: &mut RemoteContext<'_>) {
        let mut open: Vec<u64> =
            self.asks.iter().filter(|(_, (call, _))| *call == number).map(|(id, _)| *id).collect();
        open.sort_unstable();
        for id in open {
            self.asks.remove(&id);
            cx.emit(RemoteEffect::Withdraw(id));
        }
    }
}

/// The pause before a round without questions: 0, 200 ms, 400 ms … 10 s.
fn pause(round: u32) -> Duration {
    match round {
        0 | 1 => Duration::ZERO,
        round => Duration::from_millis(100 << (round - 1).min(7)).min(LONGEST_PAUSE),
    }
}

fn accepts(reply: &str) -> bool {
    Object::parse(reply).and_then(|reply| reply.text("action")).as_deref() == Some("accept")
}

/// The effect that asks the host a question on behalf of a request.
fn ask(number: u64, id: u64, method: &str, params: Option<&str>) -> RemoteEffect {
    RemoteEffect::Ask { number, question: Message::request(&RequestId::from(id), method, params) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::Played;

    fn needs(requests: Value, state: Option<&str>) -> Value {
        let mut result = json!({ "resultType": "input_required" });
        if !requests.is_null() {
            result["inputRequests"] = requests;
        }
        if let Some(state) = state {
            result["requestState"] = state.into();
        }
        result
    }

    fn form() -> Value {
        json!({ "method": "elicitation/create", "params": { "mode": "form", "message": "sure?" } })
    }

    fn call(played: &mut Played) -> u64 {
        played.request("prompts/get", json!({ "name": "refund", "arguments": { "order": "A1" } }))
    }

    /// E-30
    #[test]
    fn the_host_is_asked_and_the_same_request_goes_out_with_the_answers() {
        let mut played = Played::open();
        let first = call(&mut played);
        let requests = json!({ "ok": form(), "r": { "method": "roots/list" } });
        played.answer(first, needs(requests, Some("Zm9v+/==")));
        let asked = played.questions();
        assert_eq!(asked.len(), 2);
        assert!(played.exchanges_since(first).is_empty(), "all keys are answered before the retry");
        for question in &asked {
            let reply = match question["method"].as_str() {
                Some("roots/list") => json!({ "roots": [] }),
                _ => json!({ "action": "accept", "content": { "yes": true } }),
            };
            played.reply(question, reply);
        }
        let second = played.last_exchange();
        assert_ne!(first, second, "a new id");
        let (sent, before) = (played.body(second)["params"].clone(), played.body(first));
        assert_eq!(sent["requestState"], "Zm9v+/==");
        let accepted = json!({ "action": "accept", "content": { "yes": true } });
        let answers = json!({ "ok": accepted, "r": { "roots": [] } });
        assert_eq!(sent["inputResponses"], answers);
        assert_eq!(sent["arguments"], before["params"]["arguments"]);
        assert_eq!(played.header(second, "mcp-name"), Some("refund"));
        played.answer(second, json!({ "resultType": "complete", "messages": [] }));
        assert_eq!(played.outcome(), json!({ "messages": [] }));
    }

    /// E-30: a state that was not given is not sent, nor one of an earlier round
    #[test]
    fn each_round_carries_only_its_own_state() {
        let mut played = Played::open();
        let first = call(&mut played);
        played.answer(first, needs(Value::Null, Some("one")));
        let second = played.last_exchange();
        assert_eq!(played.body(second)["params"]["requestState"], "one");
        assert!(played.body(second)["params"]["inputResponses"].is_null());
        played.answer(second, needs(json!({ "k": form() }), None));
        let question = played.questions().remove(0);
        played.reply(&question, json!({ "action": "decline" }));
        let third = played.last_exchange();
        assert!(played.body(third)["params"]["requestState"].is_null());
        assert_eq!(played.body(third)["params"]["inputResponses"]["k"]["action"], "decline");
    }

    /// E-06
    #[test]
    fn parallel_calls_of_the_same_tool_keep_apart() {
        let mut played = Played::open();
        let (a, b) = (call(&mut played), call(&mut played));
        played.answer(a, needs(json!({ "k": form() }), Some("a")));
        played.answer(b, needs(json!({ "k": form() }), Some("b")));
        let asked = played.questions();
        played.reply(&asked[1], json!({ "action": "accept", "content": { "of": "b" } }));
        let of_b = played.last_exchange();
        assert_eq!(played.body(of_b)["params"]["requestState"], "b");
        assert_eq!(played.body(of_b)["params"]["inputResponses"]["k"]["content"]["of"], "b");
        played.reply(&asked[0], json!({ "action": "accept", "content": { "of": "a" } }));
        let of_a = played.last_exchange();
        assert_eq!(played.body(of_a)["params"]["requestState"], "a");
        assert_eq!(played.body(of_a)["params"]["inputResponses"]["k"]["content"]["of"], "a");
    }

    /// E-32
    #[test]
    fn a_refusal_is_a_cancel_for_elicitation_and_ends_everything_else() {
        let mut played = Played::open();
        let first = call(&mut played);
        played.answer(first, needs(json!({ "k": form() }), None));
        let question = played.questions().remove(0);
        played.reply_error(&question, "no such dialog");
        let second = played.last_exchange();
        let answers = &played.body(second)["params"]["inputResponses"];
        assert_eq!(answers["k"], json!({ "action": "cancel" }));
        let mut played = Played::open();
        let first = call(&mut played);
        let requests =
            json!({ "s": { "method": "sampling/createMessage", "params": {} }, "k": form() });
        played.answer(first, needs(requests, None));
        let asked = played.questions();
        let sampling = asked.iter().find(|q| q["method"] == "sampling/createMessage").unwrap();
        played.reply_error(sampling, "user said no");
        let outcome = played.outcome();
        assert_eq!(outcome["bridge"], "declined", "{outcome}");
        assert!(outcome["message"].as_str().unwrap().contains("user said no"), "{outcome}");
        assert!(played.exchanges_since(first).is_empty(), "no retry");
        assert_eq!(played.withdrawn().len(), 1, "the other question is taken back");
    }

    /// E-33, S-12
    #[test]
    fn rounds_without_questions_go_on_with_growing_pauses_and_end() {
        let mut played = Played::open();
        let mut exchange = call(&mut played);
        let mut pauses = Vec::new();
        for round in 0.. {
            played.answer(exchange, needs(Value::Null, Some("s")));
            if let Some(outcome) = played.try_outcome() {
                assert_eq!((outcome["bridge"].as_str(), round), (Some("protocol"), 32));
                break;
            }
            pauses.push(played.wait());
            exchange = played.last_exchange();
        }
        assert_eq!(pauses[0].as_millis(), 0, "the first retry is immediate");
        assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]), "{pauses:?}");
    }

    /// E-33: the total time
    #[test]
    fn rounds_end_when_the_time_of_a_request_is_over() {
        let mut played = Played::open();
        let first = call(&mut played);
        played.pass(std::time::Duration::from_secs(601));
        played.answer(first, needs(json!({ "k": form() }), None));
        assert_eq!(played.outcome()["bridge"], "protocol");
        assert!(played.questions().is_empty());
    }

    /// S-12
    #[test]
    fn a_round_with_too_many_questions_fails_the_call_and_asks_nothing() {
        let many = |count: usize| {
            let entries = (0..count).map(|n| (format!("k{n}"), form()));
            needs(Value::Object(entries.collect()), None)
        };
        let mut played = Played::open();
        let first = call(&mut played);
        played.answer(first, many(65));
        assert_eq!(played.outcome()["bridge"], "protocol");
        assert!(played.questions().is_empty());
        let second = call(&mut played);
        played.answer(second, many(64));
        assert_eq!(played.questions().len(), 64, "the next call is served");
    }

    /// E-34
    #[test]
    fn a_person_is_sent_to_a_url_once_however_often_the_server_asks() {
        let mut played = Played::open();
        let url = json!({ "method": "elicitation/create",
            "params": { "mode": "url", "url": "https://x/c", "message": "Connect" } });
        let mut exchange = call(&mut played);
        played.answer(exchange, needs(json!({ "e": url }), None));
        let question = played.questions().remove(0);
        assert!(question["params"]["elicitationId"].is_string());
        played.reply(&question, json!({ "action": "accept" }));
        for _ in 0..3 {
            exchange = played.last_exchange();
            assert_eq!(played.body(exchange)["params"]["inputResponses"]["e"]["action"], "accept");
            played.answer(exchange, needs(json!({ "e": url }), None));
            assert!(played.questions().is_empty(), "no second prompt");
            assert!(!played.wait().is_zero(), "not in a rush");
        }
        let last = played.last_exchange();
        played.answer(last, json!({ "messages": [] }));
        assert!(played.outcome()["messages"].is_array());
    }

    /// E-65, E-31
    #[test]
    fn cancelling_takes_the_questions_back_and_late_replies_are_ignored() {
        let mut played = Played::open();
        let first = call(&mut played);
        played.answer(first, needs(json!({ "k": form() }), None));
        let question = played.questions().remove(0);
        played.cancel();
        assert_eq!(played.withdrawn(), [question["id"].as_u64().unwrap()]);
        played.reply(&question, json!({ "action": "accept" }));
        assert!(played.exchanges_since(first).is_empty());
        assert!(played.try_outcome().is_none(), "no answer is written");
    }

    /// Bad input of the remote
    #[test]
    fn what_is_no_input_request_fails_the_call() {
        for requests in [json!({ "k": 7 }), json!({ "k": { "method": "x" } }), json!({ "k": {} })] {
            let mut played = Played::open();
            let first = call(&mut played);
            played.answer(first, needs(requests, None));
            assert_eq!(played.outcome()["bridge"], "protocol");
        }
        let mut played = Played::open();
        let first = call(&mut played);
        played.answer(first, needs(Value::Null, None));
        assert_eq!(played.outcome()["bridge"], "protocol", "neither questions nor state");
    }
}
