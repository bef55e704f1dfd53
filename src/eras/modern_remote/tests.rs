//! A scripted remote and loop around the adapter, for the tests beside each rule.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;

/// What the adapter is told of its surroundings.
pub(super) fn options() -> AdapterOptions {
    AdapterOptions {
        host_name: "shop.example".to_owned(),
        limit: Some(Duration::from_secs(600)),
        extensions: Vec::new(),
    }
}

/// A remote with tools that change.
pub(super) fn discovered() -> ModernRemote {
    discovered_with(options())
}

/// The same, seen by a bridge with these options.
pub(super) fn discovered_with(options: AdapterOptions) -> ModernRemote {
    let result = json!({
        "resultType": "complete",
        "supportedVersions": ["2026-07-28"],
        "capabilities": { "tools": { "listChanged": true }, "resources": {}, "logging": {},
            "extensions": { "io.modelcontextprotocol/tasks": {} } },
        "instructions": "be kind",
        "_meta": { "io.modelcontextprotocol/serverInfo": { "name": "shop", "version": "3" } },
        "ttlMs": 60000, "cacheScope": "public",
    });
    let text = json!({ "jsonrpc": "2.0", "id": 1, "result": result }).to_string();
    ModernRemote::new(&Message::parse(text).unwrap(), options).unwrap()
}

/// The adapter, and what it did.
pub(super) struct Played {
    remote: ModernRemote,
    numbers: Numbers,
    now: Instant,
    sent: Vec<Exchange>,
    outcomes: VecDeque<Value>,
    questions: Vec<Value>,
    notices: Vec<Value>,
    withdrawn: Vec<u64>,
    closed: Vec<u64>,
    last: u64,
    /// Requests that ended, by number, for tests that play many at once.
    answered: Vec<(u64, Value)>,
    /// Everything that the host is told, in order, for transcripts.
    told: Vec<Value>,
    /// The ids of the host's requests, by number.
    ids: std::collections::HashMap<u64, Value>,
}

impl Played {
    pub(super) fn new(remote: ModernRemote) -> Self {
        Self {
            remote,
            numbers: Numbers::default(),
            now: Instant::now(),
            sent: Vec::new(),
            outcomes: VecDeque::new(),
            questions: Vec::new(),
            notices: Vec::new(),
            withdrawn: Vec::new(),
            closed: Vec::new(),
            last: 0,
            answered: Vec::new(),
            told: Vec::new(),
            ids: std::collections::HashMap::new(),
        }
    }

    /// With a legacy host that can be asked everything.
    pub(super) fn open() -> Self {
        let mut played = Self::new(discovered());
        played.initialize("2025-11-25");
        played
    }

    pub(super) fn initialize(&mut self, version: &str) -> Value {
        let params = json!({
            "protocolVersion": version,
            "capabilities": {
                "roots": {}, "sampling": {}, "elicitation": { "form": {}, "url": {} },
            },
            "clientInfo": { "name": "host", "version": "1" },
        });
        self.local("initialize", params)
    }

    fn act(&mut self, work: impl FnOnce(&mut ModernRemote, &mut RemoteContext<'_>)) {
        let mut effects = Vec::new();
        let mut cx =
            RemoteContext { now: self.now, numbers: &mut self.numbers, effects: &mut effects };
        work(&mut self.remote, &mut cx);
        for effect in effects {
            self.take(effect);
        }
    }

    fn take(&mut self, effect: RemoteEffect) {
        let value = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).expect("JSON");
        match &effect {
            RemoteEffect::Answer { number, answer, edits } => {
                let mut answer = value(&answer.edited(edits).unwrap().into_bytes());
                answer["id"] = self.ids.get(number).cloned().unwrap_or_default();
                self.told.push(answer);
            }
            RemoteEffect::Notify(frame) => self.told.push(value(&frame.clone().into_bytes())),
            RemoteEffect::Ask { question, .. } => self.told.push(value(question.raw())),
            RemoteEffect::Withdraw(id) => self.told.push(json!({ "jsonrpc": "2.0",
                "method": "notifications/cancelled", "params": { "requestId": id } })),
            _ => {}
        }
        match effect {
            RemoteEffect::Answer { number, answer, edits } => {
                let answer = value(&answer.edited(&edits).unwrap().into_bytes());
                let outcome = answer.get("result").or(answer.get("error")).expect("an outcome");
                self.answered.push((number, outcome.clone()));
                self.outcomes.push_back(outcome.clone());
            }
            RemoteEffect::Fail { number, failure } => {
                let kind = failure.kind.name();
                let outcome = json!({ "bridge": kind, "message": failure.message });
                self.answered.push((number, outcome.clone()));
                self.outcomes.push_back(outcome);
            }
            RemoteEffect::Forget(_) | RemoteEffect::Accepted(_) => {}
            RemoteEffect::Doubted { .. } => self.outcomes.push_back(json!("doubted")),
            RemoteEffect::Notify(frame) => self.notices.push(value(&frame.into_bytes())),
            RemoteEffect::Ask { question, .. } => self.questions.push(value(question.raw())),
            RemoteEffect::Withdraw(id) => self.withdrawn.push(id),
            RemoteEffect::Exchange(exchange) => self.sent.push(exchange),
            RemoteEffect::Close(exchange) => self.closed.push(exchange),
        }
    }

    fn message(&mut self, method: &str, params: Value) -> (u64, Message) {
        self.last = self.numbers.fresh();
        let id = format!("h{}", self.last);
        let text = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        (self.last, Message::parse(text.to_string()).unwrap())
    }

    /// A request of the legacy host; the exchange it led to.
    pub(super) fn request(&mut self, method: &str, params: Value) -> u64 {
        let (number, message) = self.message(method, params);
        self.act(|remote, cx| remote.handle_request(number, &message, cx));
        self.sent.last().map_or(0, |exchange| exchange.number)
    }

    /// A request of a modern host.
    pub(super) fn relay(&mut self, method: &str, params: Value) -> u64 {
        let (number, message) = self.message(method, params);
        self.act(|remote, cx| remote.relay_request(number, &message, cx));
        self.last_exchange()
    }

    /// A request that is answered without the remote.
    pub(super) fn local(&mut self, method: &str, params: Value) -> Value {
        self.request(method, params);
        self.outcome()
    }

    pub(super) fn host_id(&self) -> Value {
        format!("h{}", self.last).into()
    }

    pub(super) fn cancel(&mut self) {
        let number = self.last;
        self.act(|remote, cx| remote.cancel(number, cx));
    }

    /// A line of the host, as it stands in a transcript.
    pub(super) fn host_says(&mut self, message: Value) {
        if message["method"] == "notifications/cancelled" {
            let of = |(number, id): (&u64, &Value)| {
                (*id == message["params"]["requestId"]).then_some(*number)
            };
            let number = self.ids.iter().find_map(of).expect("a request of the host");
            return self.cancel_number(number);
        }
        if message["method"].is_null() {
            let result = message["result"].clone();
            return self.reply(&message, result);
        }
        self.last = self.numbers.fresh();
        self.ids.insert(self.last, message["id"].clone());
        let (number, message) = (self.last, Message::parse(message.to_string()).unwrap());
        self.act(|remote, cx| remote.handle_request(number, &message, cx));
    }

    /// A message of the server, as it stands in a transcript.
    pub(super) fn server_says(&mut self, exchange: u64, message: Value) {
        self.say(exchange, message);
    }

    /// What the host was told since the last look.
    pub(super) fn told(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.told)
    }

    pub(super) fn cancel_number(&mut self, number: u64) {
        self.act(|remote, cx| remote.cancel(number, cx));
    }

    pub(super) fn last_number(&self) -> u64 {
        self.last
    }

    pub(super) fn is_closed(&self, exchange: u64) -> bool {
        self.closed.contains(&exchange)
    }

    pub(super) fn sent_so_far(&self) -> usize {
        self.sent.len()
    }

    /// The exchanges from this position on.
    pub(super) fn exchanges_from(&self, position: usize) -> Vec<u64> {
        self.sent.iter().skip(position).map(|exchange| exchange.number).collect()
    }

    /// Requests that ended since the last look.
    pub(super) fn answered(&mut self) -> Vec<(u64, Value)> {
        std::mem::take(&mut self.answered)
    }

    pub(super) fn listen(&mut self) -> u64 {
        self.act(|remote, cx| remote.listen(cx));
        self.last_exchange()
    }

    fn say(&mut self, exchange: u64, message: Value) {
        let message = Message::parse(message.to_string()).unwrap();
        self.act(|remote, cx| remote.handle_message(exchange, &message, cx));
    }

    pub(super) fn answer(&mut self, exchange: u64, result: Value) {
        self.say(exchange, json!({ "jsonrpc": "2.0", "id": exchange, "result": result }));
    }

    pub(super) fn error(&mut self, exchange: u64, error: Value) {
        self.say(exchange, json!({ "jsonrpc": "2.0", "id": exchange, "error": error }));
    }

    pub(super) fn notify(&mut self, exchange: u64, method: &str, params: Value) {
        self.say(exchange, json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// The exchange breaks before its answer.
    pub(super) fn lose(&mut self, exchange: u64) {
        let failure = Failure::new(FailureKind::Lost, "the stream broke").hint("");
        self.act(|remote, cx| remote.handle_end(exchange, Some(failure), cx));
    }

    pub(super) fn reply(&mut self, question: &Value, result: Value) {
        let id = question["id"].as_u64().unwrap();
        let answer = json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string();
        let answer = Message::parse(answer).unwrap();
        self.act(|remote, cx| remote.handle_host_answer(id, &answer, cx));
    }

    pub(super) fn reply_error(&mut self, question: &Value, message: &str) {
        let id = question["id"].as_u64().unwrap();
        let error = json!({ "code": -1, "message": message });
        let answer = json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string();
        let answer = Message::parse(answer).unwrap();
        self.act(|remote, cx| remote.handle_host_answer(id, &answer, cx));
    }

    fn exchange(&self, number: u64) -> &Exchange {
        self.sent.iter().find(|exchange| exchange.number == number).expect("it was sent")
    }

    pub(super) fn body(&self, exchange: u64) -> Value {
        serde_json::from_slice(&self.exchange(exchange).frame.clone().into_bytes()).unwrap()
    }

    pub(super) fn header(&self, exchange: u64, name: &str) -> Option<&str> {
        let headers = &self.exchange(exchange).headers;
        headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn last_exchange(&self) -> u64 {
        self.sent.last().expect("something was sent").number
    }

    /// What was sent after this exchange.
    pub(super) fn exchanges_since(&self, exchange: u64) -> Vec<u64> {
        let sent = self.sent.iter().map(|sent| sent.number);
        sent.skip_while(|number| *number != exchange).skip(1).collect()
    }

    /// The next outcome of a request: its result, its error, or the kind of failure.
    pub(super) fn outcome(&mut self) -> Value {
        self.try_outcome().expect("an outcome")
    }

    pub(super) fn try_outcome(&mut self) -> Option<Value> {
        self.outcomes.pop_front()
    }

    /// How many requests ended.
    pub(super) fn outcomes(&mut self) -> usize {
        std::mem::take(&mut self.outcomes).len()
    }

    pub(super) fn questions(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.questions)
    }

    pub(super) fn notices(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.notices)
    }

    pub(super) fn withdrawn(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.withdrawn)
    }

    pub(super) fn closed(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.closed)
    }

    pub(super) fn nothing_is_due(&self) -> bool {
        self.remote.due().is_none()
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    /// Lets the time pass until something is due; says how long that was.
    pub(super) fn wait(&mut self) -> Duration {
        let Some(due) = self.remote.due() else { return Duration::ZERO };
        let pause = due.saturating_duration_since(self.now);
        self.now = due;
        self.act(|remote, cx| remote.handle_timers(cx));
        pause
    }
}

/// T-61
#[test]
fn a_request_typed_message_is_ignored() {
    let mut played = Played::open();
    let exchange = played.request("prompts/list", json!({}));
    played.say(exchange, json!({ "jsonrpc": "2.0", "id": exchange, "method": "roots/list" }));
    assert!(played.try_outcome().is_none() && played.questions().is_empty());
    played.answer(exchange, json!({ "prompts": [] }));
    assert_eq!(played.outcome(), json!({ "prompts": [] }));
}

/// T-57: what has no place at a modern remote is not sent
#[test]
fn notifications_of_the_legacy_era_stay_here() {
    for method in [
        "notifications/initialized",
        "notifications/cancelled",
        "notifications/progress",
        "notifications/roots/list_changed",
    ] {
        let mut played = Played::open();
        let text = json!({ "jsonrpc": "2.0", "method": method }).to_string();
        let message = Message::parse(text).unwrap();
        let number = played.numbers.fresh();
        played.act(|remote, cx| remote.handle_notification(number, &message, cx));
        assert!(played.sent.is_empty(), "{method}");
    }
    let mut played = Played::open();
    let text = r#"{"jsonrpc":"2.0","method":"vendor/changed","params":{}}"#;
    let message = Message::parse(text).unwrap();
    let number = played.numbers.fresh();
    played.act(|remote, cx| remote.handle_notification(number, &message, cx));
    assert_eq!(played.header(number, "mcp-method"), Some("vendor/changed"), "O-14");
}

/// T-60, E-05: a lost list is asked for once more under a new id, and not a third time
#[test]
fn what_does_no_harm_is_asked_again_once() {
    let mut played = Played::open();
    let first = played.request("prompts/list", json!({}));
    played.lose(first);
    let second = played.last_exchange();
    assert_ne!(first, second);
    played.lose(second);
    assert_eq!(played.outcome()["bridge"], "lost");
}

/// E-65, T-59
#[test]
fn cancelling_closes_the_exchange_and_sends_nothing() {
    let mut played = Played::open();
    let exchange = played.request("prompts/list", json!({}));
    played.cancel();
    assert_eq!(played.closed(), [exchange]);
    assert!(played.exchanges_since(exchange).is_empty());
    played.answer(exchange, json!({ "prompts": [] }));
    assert!(played.try_outcome().is_none());
}

/// T-84: a refusal that names no request only raises a doubt
#[test]
fn a_refusal_without_an_id_of_ours_raises_a_doubt() {
    let refused = |status: u16, error: Option<Value>| {
        let mut played = Played::open();
        let exchange = played.request("prompts/list", json!({}));
        let failure = Failure::new(FailureKind::Http, "refused").status(status).hint("");
        let answer = error.map(|error| {
            let text = json!({ "jsonrpc": "2.0", "id": null, "error": error }).to_string();
            Message::parse(text).unwrap()
        });
        played.act(|remote, cx| remote.handle_http_refusal(exchange, answer, failure, cx));
        played.outcome()
    };
    for message in ["Bad Request: No valid session ID provided", "Server not initialized"] {
        let error = json!({ "code": -32000, "message": message });
        assert_eq!(refused(400, Some(error)), "doubted");
    }
    for status in [400, 404, 405] {
        assert_eq!(refused(status, None), "doubted");
    }
    assert_eq!(refused(403, None)["bridge"], "http");
    let error = json!({ "code": -32000, "message": "out of paper" });
    assert_eq!(refused(400, Some(error))["message"], "out of paper");
}

/// T-24: an error under the request's own id is its answer, whatever its words
#[test]
fn words_of_an_answer_change_no_era() {
    for message in ["browser session 7 not found", "failed to initialize the printer"] {
        let mut played = Played::open();
        let exchange = played.request("prompts/list", json!({}));
        played.error(exchange, json!({ "code": -32000, "message": message }));
        assert_eq!(played.outcome()["message"], message);
    }
}

/// A-74: the bridge is the OAuth client, whatever the host is
#[test]
fn extensions_of_signing_in_are_declared_for_the_bridge() {
    let name = "io.modelcontextprotocol/oauth-client-credentials";
    let played =
        || Played::new(discovered_with(AdapterOptions { extensions: vec![name], ..options() }));
    let seen = |body: Value| {
        let own = &body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"];
        own["extensions"].clone()
    };
    let mut legacy = played();
    legacy.initialize("2025-11-25");
    let exchange = legacy.request("prompts/list", json!({}));
    assert_eq!(seen(legacy.body(exchange))[name], json!({}));
    let mut modern = played();
    let declared = json!({ "extensions": { "vendor/ui": { "x": 1.5 } }, "roots": {} });
    let own = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": declared });
    let exchange = modern.relay("prompts/list", json!({ "_meta": own }));
    let expected = json!({ name: {}, "vendor/ui": { "x": 1.5 } });
    assert_eq!(seen(modern.body(exchange)), expected);
}
