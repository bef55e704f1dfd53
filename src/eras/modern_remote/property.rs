//! Random sessions of a legacy host against a model of a modern remote: every request is answered
//! once, ids and values stay intact, and nothing of one request gets into another's answer.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::Played;

#[derive(Clone, Debug)]
enum RandomStep {
    /// The host asks for something that takes this many rounds.
    Ask { rounds: u8 },
    /// The remote answers one of its exchanges: with questions as long as rounds are left.
    Answer(usize),
    /// The stream of an exchange breaks.
    Lose(usize),
    /// The host answers one of its questions, perhaps with an error.
    Reply { which: usize, refuses: bool },
    /// The host gives a request up.
    Cancel(usize),
    /// The remote reports progress.
    Progress(usize, u8),
    /// Time passes.
    Wait,
}

fn act() -> impl Strategy<Value = RandomStep> {
    let which = || any::<usize>();
    prop_oneof![
        4 => (0_u8..4).prop_map(|rounds| RandomStep::Ask { rounds }),
        6 => which().prop_map(RandomStep::Answer),
        1 => which().prop_map(RandomStep::Lose),
        5 => (which(), prop::bool::weighted(0.1))
            .prop_map(|(which, refuses)| RandomStep::Reply { which, refuses }),
        1 => which().prop_map(RandomStep::Cancel),
        2 => (which(), any::<u8>()).prop_map(|(which, step)| RandomStep::Progress(which, step)),
        2 => Just(RandomStep::Wait),
    ]
}

/// What the model remembers of the host's requests and of its own exchanges.
#[derive(Default)]
struct Model {
    /// Requests that are owed an answer: what they carry.
    owed: BTreeMap<u64, u64>,
    cancelled: BTreeSet<u64>,
    markers: u64,
    /// Exchanges that the remote may answer: marker and rounds that are left.
    open: Vec<(u64, u64, u64)>,
    known: usize,
    /// Questions at the host.
    questions: Vec<Value>,
    progress: BTreeMap<u64, f64>,
}

impl Model {
    /// Learns what the adapter sent, and holds every exchange against its request.
    fn look(&mut self, played: &mut Played) {
        for exchange in played.exchanges_from(self.known) {
            let body = played.body(exchange);
            let arguments = &body["params"]["arguments"];
            let (marker, rounds) =
                (arguments["marker"].as_u64().unwrap(), arguments["rounds"].as_u64().unwrap());
            let done = match body["params"]["requestState"].as_str() {
                None => 0,
                Some(state) => {
                    let (of, done) = state.split_once('/').unwrap();
                    assert_eq!(of, marker.to_string(), "a state of another request");
                    let answers = body["params"]["inputResponses"].as_object();
                    for answer in answers.into_iter().flat_map(|answers| answers.values()) {
                        let of = &answer["content"]["marker"];
                        assert!(of.is_null() || *of == marker, "an answer of another request");
                    }
                    done.parse().unwrap()
                }
            };
            self.open.push((exchange, marker, rounds - done));
            self.known += 1;
        }
        for withdrawn in played.withdrawn() {
            self.questions.retain(|question| question["id"] != withdrawn);
        }
        self.questions.extend(played.questions());
        for (number, outcome) in played.answered() {
            let marker = self.owed.remove(&number);
            assert!(!self.cancelled.contains(&number), "answered though it was given up");
            let marker = marker.expect("answered once");
            if let Some(said) = outcome.get("marker") {
                assert_eq!(*said, marker, "an answer of another request");
            }
        }
        for notice in played.notices() {
            let token = notice["params"]["progressToken"].as_u64().unwrap();
            let progress = notice["params"]["progress"].as_f64().unwrap();
            let before = self.progress.insert(token, progress);
            assert!(before.is_none_or(|before| before < progress), "progress went backwards");
        }
    }

    fn take(&mut self, act: RandomStep, played: &mut Played) {
        let pick = |which: usize, length: usize| (length > 0).then(|| which % length.max(1));
        match act {
            RandomStep::Ask { rounds } => {
                self.markers += 1;
                let marker = self.markers;
                let arguments = json!({ "marker": marker, "rounds": rounds });
                let params = json!({ "name": "p", "arguments": arguments,
                    "_meta": { "progressToken": marker } });
                played.request("prompts/get", params);
                self.owed.insert(played.last_number(), marker);
            }
            RandomStep::Answer(which) => {
                let Some(at) = pick(which, self.open.len()) else { return };
                let (exchange, marker, left) = self.open.remove(at);
                let rounds = played.body(exchange)["params"]["arguments"]["rounds"].as_u64();
                let done = rounds.unwrap() - left + 1;
                played.answer(exchange, answer(marker, left, done, which));
            }
            RandomStep::Lose(which) => {
                let Some(at) = pick(which, self.open.len()) else { return };
                let (exchange, ..) = self.open.remove(at);
                played.lose(exchange);
            }
            RandomStep::Reply { which, refuses } => {
                let Some(at) = pick(which, self.questions.len()) else { return };
                let question = self.questions.remove(at);
                if refuses {
                    return played.reply_error(&question, "no");
                }
                let marker = &question["params"]["marker"];
                let content = json!({ "marker": marker });
                played.reply(&question, json!({ "action": "accept", "content": content }));
            }
            RandomStep::Cancel(which) => {
                let Some(at) = pick(which, self.owed.len()) else { return };
                let Some(number) = self.owed.keys().nth(at).copied() else { return };
                self.owed.remove(&number);
                self.cancelled.insert(number);
                played.cancel_number(number);
                self.open.retain(|(exchange, ..)| !played.is_closed(*exchange));
            }
            RandomStep::Progress(which, step) => {
                let Some(at) = pick(which, self.open.len()) else { return };
                let (exchange, ..) = self.open[at];
                let params = json!({ "progressToken": exchange, "progress": step });
                played.notify(exchange, "notifications/progress", params);
            }
            RandomStep::Wait => {
                played.wait();
            }
        }
    }
}

fn answer(marker: u64, left: u64, done: u64, seed: usize) -> Value {
    if left == 0 {
        return json!({ "resultType": "complete", "marker": marker, "n": 1.5 });
    }
    let question = |method: &str| {
        json!({ "method": method,
        "params": { "message": "m", "marker": marker } })
    };
    let mut requests = json!({});
    if !seed.is_multiple_of(3) {
        requests["same"] = question("elicitation/create");
    }
    if seed % 3 == 1 {
        requests["other"] = question("sampling/createMessage");
    }
    let state = format!("{marker}/{done}");
    json!({ "resultType": "input_required", "inputRequests": requests, "requestState": state })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// E-05, E-06, E-30 to E-33, E-64, E-65
    #[test]
    fn every_request_is_answered_once_and_with_its_own(
        acts in prop::collection::vec(act(), 1..60),
    ) {
        let mut played = Played::open();
        played.answered();
        let mut model = Model { known: played.sent_so_far(), ..Model::default() };
        for act in acts {
            model.take(act, &mut played);
            model.look(&mut played);
        }
        // Whatever is still open comes to an end when both sides go on.
        for _ in 0..1_000 {
            if model.owed.is_empty() {
                break;
            }
            let next = match (model.open.is_empty(), model.questions.is_empty()) {
                (false, _) => RandomStep::Answer(0),
                (_, false) => RandomStep::Reply { which: 0, refuses: false },
                _ => RandomStep::Wait,
            };
            model.take(next, &mut played);
            model.look(&mut played);
        }
        prop_assert!(model.owed.is_empty(), "left unanswered: {:?}", model.owed);
    }
}
