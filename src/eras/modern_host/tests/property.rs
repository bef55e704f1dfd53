//! Random sessions of a modern host against a model of a legacy server: every request is answered
//! once, ids and values stay intact, and nothing of one call gets into another.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Act {
    /// The host calls a tool, which will ask this often.
    Call { asks: u8, level: bool },
    /// The server does the next thing for one of its calls.
    Work(usize),
    /// The host comes back with the answers of a round; perhaps it leaves one out.
    Retry { which: usize, forgets: bool },
    /// The host gives a request up.
    Cancel(usize),
    /// The server takes a question back.
    Withdraw(usize),
    /// The host sends a round's answers a second time.
    Replay(usize),
    /// Time passes.
    Wait(u16),
}

fn act() -> impl Strategy<Value = Act> {
    let which = || any::<usize>();
    prop_oneof![
        3 => (0_u8..4, any::<bool>()).prop_map(|(asks, level)| Act::Call { asks, level }),
        6 => which().prop_map(Act::Work),
        4 => (which(), any::<bool>()).prop_map(|(which, forgets)| Act::Retry { which, forgets }),
        1 => which().prop_map(Act::Cancel),
        1 => which().prop_map(Act::Withdraw),
        1 => which().prop_map(Act::Replay),
        3 => (0_u16..60).prop_map(Act::Wait),
    ]
}

/// A call at the server.
struct Served {
    request: Value,
    marker: u64,
    asks: u64,
    open: BTreeSet<u64>,
}

/// A round that the host may answer.
struct Round {
    marker: u64,
    asks: u8,
    state: Value,
    keys: Vec<String>,
}

struct World {
    script: Script,
    /// The host's open requests and what they are about.
    waiting: BTreeMap<u64, (u64, u8)>,
    last_id: u64,
    rounds: Vec<Round>,
    spent: Vec<Round>,
    served: Vec<Served>,
    /// Questions by number, and the call each belongs to.
    questions: BTreeMap<u64, u64>,
    answered: BTreeSet<u64>,
    withdrawn: BTreeSet<u64>,
    finished: BTreeSet<u64>,
    given_up: BTreeSet<u64>,
}

fn pick<T>(all: &[T], which: usize) -> Option<usize> {
    (!all.is_empty()).then(|| which % all.len())
}

impl World {
    fn new() -> Self {
        Self {
            script: Script::open(json!({ "tools": {}, "logging": {} })),
            waiting: BTreeMap::new(),
            last_id: 0,
            rounds: Vec::new(),
            spent: Vec::new(),
            served: Vec::new(),
            questions: BTreeMap::new(),
            answered: BTreeSet::new(),
            withdrawn: BTreeSet::new(),
            finished: BTreeSet::new(),
            given_up: BTreeSet::new(),
        }
    }

    fn request(&mut self, marker: u64, asks: u8, level: bool, more: &[(&str, Value)]) -> u64 {
        self.last_id += 1;
        let mut params = json!({ "name": "t", "arguments": { "marker": marker, "asks": asks } });
        for (name, value) in more {
            params[*name] = value.clone();
        }
        let meta =
            if level { json!({ "io.modelcontextprotocol/logLevel": "info" }) } else { json!({}) };
        self.script.request_with(self.last_id, "tools/call", params, meta, everything());
        self.last_id
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Call { asks, level } => {
                let marker = self.last_id + 1000;
                let id = self.request(marker, asks, level, &[]);
                self.waiting.insert(id, (marker, asks));
            }
            Act::Work(which) => self.work(which),
            Act::Retry { which, forgets } => {
                let Some(at) = pick(&self.rounds, which) else { return };
                let round = self.rounds.remove(at);
                let id = self.come_back(&round, forgets);
                self.waiting.insert(id, (round.marker, round.asks));
                self.spent.push(round);
            }
            Act::Cancel(which) => {
                let ids: Vec<u64> = self.waiting.keys().copied().collect();
                let Some(at) = pick(&ids, which) else { return };
                let (marker, _) = self.waiting.remove(&ids[at]).unwrap();
                self.given_up.insert(marker);
                self.script.cancel(ids[at]);
            }
            Act::Withdraw(which) => {
                let open: Vec<u64> =
                    self.served.iter().flat_map(|call| call.open.iter().copied()).collect();
                let Some(at) = pick(&open, which) else { return };
                self.withdraw(open[at]);
            }
            Act::Replay(which) => {
                let Some(at) = pick(&self.spent, which) else { return };
                let round = self.spent.swap_remove(at);
                let id = self.come_back(&round, false);
                let refused = self.script.said_one();
                assert_eq!(
                    (&refused["id"], &refused["error"]["code"]),
                    (&json!(id), &json!(-32602))
                );
                self.spent.push(round);
            }
            Act::Wait(ms) => self.script.after(Duration::from_millis(ms.into())),
        }
        self.settle();
    }

    fn come_back(&mut self, round: &Round, forgets: bool) -> u64 {
        let kept = round.keys.iter().skip(usize::from(forgets));
        let answers: serde_json::Map<String, Value> = kept
            .map(|key| (key.clone(), json!({ "action": "accept", "of": round.marker })))
            .collect();
        let more =
            [("inputResponses", Value::Object(answers)), ("requestState", round.state.clone())];
        self.request(round.marker, round.asks, false, &more)
    }

    /// The server asks, logs, or answers.
    fn work(&mut self, which: usize) {
        let Some(at) = pick(&self.served, which) else { return };
        let call = &mut self.served[at];
        let request = call.request.clone();
        if call.asks > 0 {
            call.asks -= 1;
            let number = 500_000 + self.questions.len() as u64;
            call.open.insert(number);
            self.questions.insert(number, call.marker);
            let params = json!({ "message": "?", "of": call.marker });
            self.script.ask(number, "elicitation/create", params, Some(&request));
        } else if call.open.is_empty() {
            let call = self.served.remove(at);
            let params = json!({ "level": "error", "data": call.marker });
            self.script.notify("notifications/message", params, Some(&request));
            self.script
                .result(&request, json!({ "of": call.marker, "big": 9_007_199_254_740_993_u64 }));
        }
    }

    fn withdraw(&mut self, number: u64) {
        let Some(call) = self.served.iter_mut().find(|call| call.open.contains(&number)) else {
            return;
        };
        call.open.remove(&number);
        let request = call.request.clone();
        self.withdrawn.insert(number);
        let params = json!({ "requestId": number });
        self.script.notify("notifications/cancelled", params, Some(&request));
    }

    /// Looks at everything that was written since, on both sides.
    fn settle(&mut self) {
        loop {
            let (said, sent) = (self.script.said(), self.script.sent());
            if said.is_empty() && sent.is_empty() {
                return;
            }
            sent.iter().for_each(|line| self.note_sent(line));
            said.iter().for_each(|line| self.note_said(line));
        }
    }

    fn note_sent(&mut self, line: &Value) {
        match line["method"].as_str() {
            Some("tools/call") => {
                let marker = line["params"]["arguments"]["marker"].as_u64().unwrap();
                let asks = line["params"]["arguments"]["asks"].as_u64().unwrap();
                assert!(self.served.iter().all(|call| call.marker != marker), "run once");
                assert!(!self.finished.contains(&marker), "never run again");
                let open = BTreeSet::new();
                self.served.push(Served { request: line.clone(), marker, asks, open });
            }
            Some("logging/setLevel") => self.script.result(line, json!({})),
            Some("notifications/cancelled") => {
                let id = &line["params"]["requestId"];
                let at = self.served.iter().position(|call| call.request["id"] == *id).unwrap();
                assert!(self.given_up.contains(&self.served.remove(at).marker));
            }
            Some(other) => panic!("{other}"),
            None => {
                let number = line["id"].as_u64().unwrap();
                let marker = self.questions[&number];
                assert!(self.answered.insert(number), "a question is answered once");
                assert!(!self.withdrawn.contains(&number), "what was taken back is not answered");
                let of = &line["result"]["of"];
                assert!(*of == marker || self.given_up.contains(&marker), "{line}");
                for call in &mut self.served {
                    call.open.remove(&number);
                }
            }
        }
    }

    fn note_said(&mut self, line: &Value) {
        if line["method"] == "notifications/message" {
            let marker = line["params"]["data"].as_u64().unwrap();
            assert!(self.waiting.values().any(|(waiting, _)| *waiting == marker), "{line}");
            return;
        }
        let id = line["id"].as_u64().unwrap();
        let (marker, asks) =
            self.waiting.remove(&id).expect("answered once, and only what is open");
        let result = &line["result"];
        if result["resultType"] == "complete" {
            assert_eq!(result["of"], marker);
            assert_eq!(result["big"], 9_007_199_254_740_993_u64);
            assert!(self.finished.insert(marker));
            return;
        }
        assert_eq!(result["resultType"], "input_required", "{line}");
        let requests = result["inputRequests"].as_object().unwrap();
        assert!(requests.values().all(|request| request["params"]["of"] == marker), "{line}");
        let keys = requests.keys().cloned().collect();
        self.rounds.push(Round { marker, asks, state: result["requestState"].clone(), keys });
    }

    /// Lets everything come to its end.
    fn end(&mut self) {
        for _ in 0..1000 {
            if self.waiting.is_empty() && self.rounds.is_empty() {
                break;
            }
            while let Some(last) = self.rounds.len().checked_sub(1) {
                self.act(Act::Retry { which: last, forgets: false });
            }
            for at in 0..self.served.len() {
                self.act(Act::Work(at));
            }
            self.act(Act::Wait(59));
        }
        assert!(self.waiting.is_empty(), "everyone is answered: {:?}", self.waiting);
        assert!(!self.script.host.waits());
        assert!(self.script.host.calls.is_empty() && self.script.host.handles.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// E-06, E-36, E-37, E-66
    #[test]
    fn every_request_is_answered_once_with_what_is_its_own(
        acts in proptest::collection::vec(act(), 0..120),
    ) {
        let mut world = World::new();
        for act in acts {
            world.act(act);
        }
        world.end();
    }
}
