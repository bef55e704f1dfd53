//! The examples of the requirements as transcripts: `H>` host to bridge, `<H` bridge to host, `S>`
//! bridge to server, `<S` server to bridge. `$b1` stands for an id that the bridge chose.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use super::tests::Played;

/// What every request to the server carries; the transcripts leave it out.
const ENVELOPE: [&str; 3] = [
    "io.modelcontextprotocol/protocolVersion",
    "io.modelcontextprotocol/clientInfo",
    "io.modelcontextprotocol/clientCapabilities",
];

struct Transcript {
    played: Played,
    /// What `$name` stands for.
    ids: BTreeMap<String, u64>,
    /// Exchanges by the name of their id.
    seen: usize,
    said: VecDeque<Value>,
}

fn play(text: &str) {
    let played = Played::open();
    let seen = played.sent_so_far();
    let mut transcript = Transcript { played, ids: BTreeMap::new(), seen, said: VecDeque::new() };
    transcript.collect();
    transcript.said.clear();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        transcript.step(line);
    }
    transcript.collect();
    assert!(transcript.said.is_empty(), "unexpected: {:?}", transcript.said);
    assert_eq!(transcript.played.sent_so_far(), transcript.seen, "an exchange too many");
}

impl Transcript {
    fn step(&mut self, line: &str) {
        let (who, rest) = line.split_once(' ').expect("a direction and a message");
        if who == "close" {
            let closed = self.ids[rest.trim_start_matches('$')];
            return assert!(self.played.is_closed(closed), "{line}");
        }
        if who == "wait" {
            self.played.wait();
            return;
        }
        let (stream, json) = match rest.split_once(' ') {
            Some((stream, json)) if stream.starts_with('$') => (Some(stream), json),
            _ => (None, rest),
        };
        let mut message: Value =
            serde_json::from_str(json).unwrap_or_else(|e| panic!("{e}: {line}"));
        match who {
            "H>" => {
                self.resolve(&mut message);
                self.played.host_says(message);
            }
            "<S" => {
                self.resolve(&mut message);
                let named = stream.map(|name| self.ids[&name[1..]]);
                let exchange = named.or(message["id"].as_u64()).expect("an exchange");
                self.played.server_says(exchange, message);
            }
            "S>" => {
                let exchange = self.played.exchanges_from(self.seen).first().copied();
                let exchange = exchange.unwrap_or_else(|| panic!("nothing was sent: {line}"));
                self.seen += 1;
                let mut body = self.played.body(exchange);
                strip_envelope(&mut body);
                self.expect(&body, &message, line);
            }
            "<H" => {
                self.collect();
                let said = self.said.pop_front().unwrap_or_else(|| panic!("silence: {line}"));
                self.expect(&said, &message, line);
            }
            other => panic!("no direction: {other}"),
        }
    }

    fn collect(&mut self) {
        self.said.extend(self.played.told());
    }

    /// Replaces `$name` by the id it stands for.
    fn resolve(&self, value: &mut Value) {
        match value {
            Value::String(text) if text.starts_with('$') => *value = self.ids[&text[1..]].into(),
            Value::Array(items) => items.iter_mut().for_each(|item| self.resolve(item)),
            Value::Object(members) => members.values_mut().for_each(|item| self.resolve(item)),
            _ => {}
        }
    }

    /// The message is this one; an unknown `$name` gets its value from it.
    fn expect(&mut self, message: &Value, expected: &Value, line: &str) {
        if let Some(name) = expected["id"].as_str().and_then(|id| id.strip_prefix('$')) {
            let id = message["id"].as_u64().unwrap_or_else(|| panic!("{line}: {message}"));
            let known = self.ids.insert(name.to_owned(), id);
            assert!(known.is_none_or(|known| known == id), "{line}: another id");
            assert!(self.ids.values().filter(|known| **known == id).count() == 1, "{line}: reused");
        }
        let mut expected = expected.clone();
        self.resolve(&mut expected);
        assert_eq!(*message, expected, "{line}");
    }
}

fn strip_envelope(body: &mut Value) {
    let Some(params) = body["params"].as_object_mut() else { return };
    let own = params["_meta"].as_object_mut().expect("every request has `_meta`");
    for key in ENVELOPE {
        assert!(own.remove(key).is_some(), "{key} is missing");
    }
    if own.is_empty() {
        params.remove("_meta");
    }
}

/// E-30
#[test]
fn a_call_with_two_questions() {
    play(
        r#"
        H> {"jsonrpc":"2.0","id":7,"method":"prompts/get","params":{"name":"refund","arguments":{"order":"A1"}}}
        S> {"jsonrpc":"2.0","id":"$b9","method":"prompts/get","params":{"name":"refund","arguments":{"order":"A1"}}}
        <S {"jsonrpc":"2.0","id":"$b9","result":{"resultType":"input_required","inputRequests":{"ok":{"method":"elicitation/create","params":{"mode":"form","message":"Refund A1?","requestedSchema":{"type":"object","properties":{"yes":{"type":"boolean"}}}}},"r":{"method":"roots/list"}},"requestState":"Zm9v+/=="}}
        <H {"jsonrpc":"2.0","id":"$srv1","method":"elicitation/create","params":{"mode":"form","message":"Refund A1?","requestedSchema":{"type":"object","properties":{"yes":{"type":"boolean"}}}}}
        <H {"jsonrpc":"2.0","id":"$srv2","method":"roots/list"}
        H> {"jsonrpc":"2.0","id":"$srv1","result":{"action":"accept","content":{"yes":true}}}
        H> {"jsonrpc":"2.0","id":"$srv2","result":{"roots":[]}}
        S> {"jsonrpc":"2.0","id":"$b10","method":"prompts/get","params":{"name":"refund","arguments":{"order":"A1"},"inputResponses":{"ok":{"action":"accept","content":{"yes":true}},"r":{"roots":[]}},"requestState":"Zm9v+/=="}}
        <S {"jsonrpc":"2.0","id":"$b10","result":{"resultType":"complete","messages":[]}}
        <H {"jsonrpc":"2.0","id":7,"result":{"messages":[]}}
        "#,
    );
}

/// E-41
#[test]
fn a_subscription_and_its_end() {
    play(
        r#"
        H> {"jsonrpc":"2.0","id":11,"method":"resources/subscribe","params":{"uri":"file:///a"}}
        S> {"jsonrpc":"2.0","id":"$b6","method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["file:///a"]}}}
        <S $b6 {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"$b6"},"notifications":{"resourceSubscriptions":["file:///a"]}}}
        <H {"jsonrpc":"2.0","id":11,"result":{}}
        <S $b6 {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"file:///a","_meta":{"io.modelcontextprotocol/subscriptionId":"$b6"}}}
        <H {"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"file:///a"}}
        H> {"jsonrpc":"2.0","id":12,"method":"resources/unsubscribe","params":{"uri":"file:///a"}}
        <H {"jsonrpc":"2.0","id":12,"result":{}}
        close $b6
        "#,
    );
}

/// E-61
#[test]
fn a_level_goes_with_every_later_request() {
    play(
        r#"
        H> {"jsonrpc":"2.0","id":2,"method":"logging/setLevel","params":{"level":"info"}}
        <H {"jsonrpc":"2.0","id":2,"result":{}}
        H> {"jsonrpc":"2.0","id":3,"method":"prompts/get","params":{"name":"x"}}
        S> {"jsonrpc":"2.0","id":"$b1","method":"prompts/get","params":{"name":"x","_meta":{"io.modelcontextprotocol/logLevel":"info"}}}
        <S $b1 {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"d"}}
        <H {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"d"}}
        <S {"jsonrpc":"2.0","id":"$b1","error":{"code":-32603,"message":"m"}}
        <H {"jsonrpc":"2.0","id":3,"error":{"code":-32603,"message":"m"}}
        "#,
    );
}

/// E-70, E-71: the example of a task that asks on its way
#[test]
fn a_task_is_driven_to_its_end() {
    play(
        r#"
        H> {"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"build"}}
        S> {"jsonrpc":"2.0","id":"$b0","method":"tools/list","params":{}}
        <S {"jsonrpc":"2.0","id":"$b0","result":{"resultType":"complete","tools":[{"name":"build"}]}}
        S> {"jsonrpc":"2.0","id":"$b1","method":"tools/call","params":{"name":"build"}}
        <S {"jsonrpc":"2.0","id":"$b1","result":{"resultType":"task","taskId":"t1","status":"working","ttlMs":60000,"pollIntervalMs":500}}
        wait 500
        S> {"jsonrpc":"2.0","id":"$b2","method":"tasks/get","params":{"taskId":"t1"}}
        <S {"jsonrpc":"2.0","id":"$b2","result":{"resultType":"complete","taskId":"t1","status":"input_required","inputRequests":{"n":{"method":"elicitation/create","params":{"mode":"form","message":"m"}}}}}
        <H {"jsonrpc":"2.0","id":"$srv9","method":"elicitation/create","params":{"mode":"form","message":"m"}}
        H> {"jsonrpc":"2.0","id":"$srv9","result":{"action":"accept","content":{}}}
        S> {"jsonrpc":"2.0","id":"$b3","method":"tasks/update","params":{"taskId":"t1","inputResponses":{"n":{"action":"accept","content":{}}}}}
        <S {"jsonrpc":"2.0","id":"$b3","result":{"resultType":"complete"}}
        wait 500
        S> {"jsonrpc":"2.0","id":"$b4","method":"tasks/get","params":{"taskId":"t1"}}
        <S {"jsonrpc":"2.0","id":"$b4","result":{"resultType":"complete","taskId":"t1","status":"completed","result":{"content":[],"isError":false}}}
        <H {"jsonrpc":"2.0","id":4,"result":{"content":[],"isError":false}}
        "#,
    );
}

/// E-65: nothing is written for a request that the host gave up
#[test]
fn a_cancelled_request_in_a_round_takes_its_question_back() {
    play(
        r#"
        H> {"jsonrpc":"2.0","id":7,"method":"prompts/get","params":{"name":"x"}}
        S> {"jsonrpc":"2.0","id":"$b9","method":"prompts/get","params":{"name":"x"}}
        <S {"jsonrpc":"2.0","id":"$b9","result":{"resultType":"input_required","inputRequests":{"r":{"method":"roots/list"}}}}
        <H {"jsonrpc":"2.0","id":"$srv1","method":"roots/list"}
        H> {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7,"reason":"user"}}
        <H {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"$srv1"}}
        "#,
    );
}
