//! Questions of the revision 2026-07-28: a call that needs input is abandoned, its result says what
//! it needs, and the host repeats the call with the answers. Here the call is run again from its
//! start and finds the answers where it asked before, so that the host carries the only state
//! between the rounds.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::seal::{Seal, digest};
use mcp_tether_wire::protocol::meta::{result_type, rounds};
use mcp_tether_wire::protocol::methods;

/// How long the host may take for one round.
pub(super) const LIFETIME: Duration = Duration::from_secs(600);

/// The state carried from one round to the next.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Carried {
    /// The call it belongs to.
    call: String,
    /// The keys of the open questions.
    asked: Vec<String>,
    /// The answers so far, by key.
    answers: BTreeMap<String, Value>,
    /// How often the call was postponed.
    put_off: u64,
}

/// The questions of one call in one round.
pub(super) struct Rounds {
    carried: Carried,
    /// The answers that came with this round.
    responses: Map<String, Value>,
    state: Mutex<RoundsState>,
}

#[derive(Default)]
struct RoundsState {
    /// How many questions had no name so far; their number is their name.
    unnamed: u64,
    put_off: u64,
    answered: BTreeMap<String, Value>,
    open: Map<String, Value>,
    stuck: bool,
    /// Whether any open question needs a state.
    guarded: bool,
}

/// The members of a request about earlier rounds.
#[derive(Default, Deserialize)]
struct GivenAnswer {
    #[serde(rename = "inputResponses", default)]
    responses: Option<Map<String, Value>>,
    #[serde(rename = "requestState", default)]
    state: Option<String>,
}

impl Rounds {
    /// Resumes the rounds of a request. `parts` identify the call: method, credential and
    /// everything else that must not change between the rounds.
    pub(super) fn resume(seal: &Seal, params: &str, parts: &[&str]) -> Result<Self, String> {
        let given: GivenAnswer = serde_json::from_str(params).map_err(|_| {
            let (responses, state) = (rounds::RESPONSES, rounds::STATE);
            format!("`{responses}` must be an object and `{state}` a string")
        })?;
        let call = digest(parts);
        let carried = match &given.state {
            None => Carried { call, ..Carried::default() },
            Some(text) => {
                let wrong = |why: &str| format!("`{}` {why}", rounds::STATE);
                let carried: Carried = seal.open(text).map_err(wrong)?;
                if carried.call != call {
                    return Err(wrong("belongs to another request"));
                }
                carried
            }
        };
        let responses = given.responses.unwrap_or_default();
        Ok(Self { carried, responses, state: Mutex::default() })
    }

    /// Returns the answer if it is there; otherwise the round ends here and this never returns.
    pub(super) async fn ask(
        &self,
        key: Option<&'static str>,
        method: &str,
        params: &Value,
        unguarded: bool,
    ) -> Value {
        let answer = self.find(key, method, params, unguarded);
        match answer {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }

    /// Postpones the call without asking anything: the first `times` rounds end here.
    pub(super) async fn put_off(&self, times: u64) {
        {
            let mut state = self.lock();
            state.put_off = (self.carried.put_off + 1).min(times);
            if self.carried.put_off >= times {
                return;
            }
            state.stuck = true;
            state.guarded = true;
        }
        std::future::pending().await
    }

    /// Runs the call until it is done, or until it cannot go on without an answer: then returns
    /// the result that asks for it.
    pub(super) async fn run<T>(
        &self,
        seal: &Seal,
        lifetime: Duration,
        call: impl Future<Output = T>,
    ) -> Result<T, Map<String, Value>> {
        let mut call = pin!(call);
        poll_fn(|context| match call.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Ok(done)),
            Poll::Pending if self.lock().stuck => Poll::Ready(Err(self.demand(seal, lifetime))),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    fn find(
        &self,
        key: Option<&'static str>,
        method: &str,
        params: &Value,
        unguarded: bool,
    ) -> Option<Value> {
        let mut state = self.lock();
        let key = key.map_or_else(
            || {
                state.unnamed += 1;
                format!("q{}", state.unnamed)
            },
            str::to_owned,
        );
        let was_asked = unguarded || self.carried.asked.contains(&key);
        let earlier = self.carried.answers.get(&key);
        let now = self
            .responses
            .get(&key)
            .filter(|answer| was_asked && is_possible_answer(method, answer));
        if let Some(answer) = earlier.or(now) {
            state.answered.insert(key, answer.clone());
            return Some(answer.clone());
        }
        let mut question = json!({ "method": method });
        if !params.is_null() {
            question["params"] = params.clone();
        }
        state.open.insert(key, question);
        state.stuck = true;
        state.guarded |= !unguarded;
        None
    }

    fn demand(&self, seal: &Seal, lifetime: Duration) -> Map<String, Value> {
        let state = self.lock();
        let carried = Carried {
            call: self.carried.call.clone(),
            asked: state.open.keys().cloned().collect(),
            answers: state.answered.clone(),
            put_off: state.put_off,
        };
        let mut result = Map::new();
        result.insert(result_type::KEY.to_owned(), result_type::INPUT_REQUIRED.into());
        if !state.open.is_empty() {
            result.insert(rounds::REQUESTS.to_owned(), state.open.clone().into());
        }
        // State is sent only if something has to be remembered.
        if state.guarded || !carried.answers.is_empty() {
            result.insert(rounds::STATE.to_owned(), seal.close(&carried, lifetime).into());
        }
        result
    }

    fn lock(&self) -> MutexGuard<'_, RoundsState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether this is a possible answer to `method`. If not, the question is asked again.
pub(super) fn is_possible_answer(method: &str, answer: &Value) -> bool {
    match method {
        methods::ELICIT => {
            matches!(answer["action"].as_str(), Some("accept" | "decline" | "cancel"))
        }
        methods::SAMPLE => answer["role"].is_string() && !answer["content"].is_null(),
        methods::LIST_ROOTS => answer["roots"].is_array(),
        _ => answer.is_object(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: [&str; 3] = ["tools/call", "open", "{}"];

    async fn round(seal: &Seal, params: &Value, unguarded: bool) -> Result<Value, Value> {
        let rounds = Rounds::resume(seal, &params.to_string(), &PARTS).map_err(Value::from)?;
        let call = async {
            let name = rounds.ask(Some("name"), methods::ELICIT, &json!({}), unguarded).await;
            let roots = rounds.ask(None, methods::LIST_ROOTS, &Value::Null, unguarded).await;
            json!([name["action"], roots["roots"]])
        };
        rounds.run(seal, LIFETIME, call).await.map_err(Value::from)
    }

    /// E-30
    #[tokio::test]
    async fn a_call_finds_its_answers_round_by_round() {
        let seal = Seal::new();
        let first = round(&seal, &json!({}), false).await.unwrap_err();
        assert_eq!(first["resultType"], "input_required");
        assert_eq!(first["inputRequests"]["name"]["method"], "elicitation/create");
        let answer = json!({ "name": { "action": "accept" }, "unknown": 1 });
        let retry = json!({ "inputResponses": answer, "requestState": first["requestState"] });
        let second = round(&seal, &retry, false).await.unwrap_err();
        assert_eq!(second["inputRequests"], json!({ "q1": { "method": "roots/list" } }));
        let answer = json!({ "q1": { "roots": [] } });
        let retry = json!({ "inputResponses": answer, "requestState": second["requestState"] });
        assert_eq!(round(&seal, &retry, false).await, Ok(json!(["accept", []])));
    }

    #[tokio::test]
    async fn an_unasked_answer_counts_only_where_it_is_harmless() {
        let seal = Seal::new();
        let both = json!({ "name": { "action": "accept" }, "q1": { "roots": [] } });
        let unasked = json!({ "inputResponses": both });
        let asked = round(&seal, &unasked, false).await.unwrap_err();
        assert!(asked["inputRequests"]["name"].is_object(), "asked nevertheless");
        assert!(round(&seal, &unasked, true).await.is_ok());
        let wrong = json!({ "inputResponses": { "name": 12 } });
        assert!(round(&seal, &wrong, true).await.unwrap_err()["requestState"].is_null());
    }

    #[tokio::test]
    async fn a_state_is_valid_for_its_own_call_only() {
        let seal = Seal::new();
        let first = round(&seal, &json!({}), false).await.unwrap_err();
        let retry = json!({ "requestState": first["requestState"] }).to_string();
        assert!(Rounds::resume(&seal, &retry, &PARTS).is_ok());
        let other = Rounds::resume(&seal, &retry, &["tools/call", "open", "{\"a\":1}"]);
        assert!(other.err().unwrap().contains("another request"));
        assert!(Rounds::resume(&Seal::new(), &retry, &PARTS).is_err());
    }

    /// E-33
    #[tokio::test]
    async fn a_call_can_be_postponed_with_a_state_alone() {
        let seal = Seal::new();
        let mut params = json!({});
        let mut rounds_needed = 0;
        loop {
            let rounds = Rounds::resume(&seal, &params.to_string(), &PARTS).unwrap();
            match rounds.run(&seal, LIFETIME, rounds.put_off(2)).await {
                Ok(()) => break,
                Err(result) => {
                    assert!(result.get("inputRequests").is_none());
                    params = json!({ "requestState": result["requestState"] });
                    rounds_needed += 1;
                }
            }
        }
        assert_eq!(rounds_needed, 2);
    }
}
