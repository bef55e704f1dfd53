//! Texts with duplicate members at any place, through the adapter of a modern remote: what comes
//! out is JSON or a refusal, and every request ends at most once (T-13).

use std::time::Instant;

use proptest::prelude::*;

use super::tests::discovered;
use super::*;
use crate::eras::duplicate_members::texts::{self, answers, check_json};

const METHODS: [&str; 8] = [
    "tools/call",
    "tools/list",
    "prompts/get",
    "prompts/list",
    "resources/read",
    "resources/subscribe",
    "subscriptions/listen",
    "completion/complete",
];
const NOTICES: [&str; 5] = [
    "notifications/progress",
    "notifications/message",
    "notifications/tools/list_changed",
    "notifications/resources/updated",
    "notifications/subscriptions/acknowledged",
];
/// How many exchanges of one request are answered.
const EXCHANGES: usize = 6;

struct Stage {
    remote: ModernRemote,
    numbers: Numbers,
    now: Instant,
    open: Vec<u64>,
    ended: Vec<u64>,
}

impl Stage {
    fn act(&mut self, work: impl FnOnce(&mut ModernRemote, &mut RemoteContext<'_>)) {
        let mut effects = Vec::new();
        let mut cx =
            RemoteContext { now: self.now, numbers: &mut self.numbers, effects: &mut effects };
        work(&mut self.remote, &mut cx);
        for effect in effects {
            match effect {
                RemoteEffect::Answer { number, answer, edits } => {
                    self.ended.push(number);
                    check_json(&answer.with_edits("1", &edits).unwrap().into_bytes());
                }
                RemoteEffect::Fail { number, .. }
                | RemoteEffect::Doubted { number, .. }
                | RemoteEffect::Forget(number) => self.ended.push(number),
                RemoteEffect::Notify(line) => check_json(&line.into_bytes()),
                RemoteEffect::Ask { question, .. } => check_json(question.raw()),
                RemoteEffect::Exchange(exchange) => {
                    self.open.push(exchange.number);
                    check_json(&exchange.frame.into_bytes());
                }
                RemoteEffect::Accepted(_) | RemoteEffect::Withdraw(_) | RemoteEffect::Close(_) => {}
            }
        }
    }
}

fn message(text: String) -> Message {
    Message::parse(text).unwrap()
}

fn play(version: Option<&str>, method: &str, params: &str, notice: &str, answers: &[String]) {
    let (numbers, now) = (Numbers::default(), Instant::now());
    let mut stage =
        Stage { remote: discovered(), numbers, now, open: Vec::new(), ended: Vec::new() };
    if let Some(version) = version {
        let hello = format!(
            r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"{version}",
            "capabilities":{{"elicitation":{{}},"roots":{{}}}},"capabilities":{{"roots":{{}}}}}}}}"#
        );
        let hello = message(hello);
        stage.act(|remote, cx| remote.handle_request(100, &hello, cx));
        stage.act(|remote, cx| remote.listen(cx));
    }
    stage.ended.clear();
    let request =
        message(format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#));
    stage.act(|remote, cx| match version {
        Some(_) => remote.handle_request(200, &request, cx),
        None => remote.relay_request(200, &request, cx),
    });
    for answer in answers.iter().cycle().take(EXCHANGES) {
        let Some(exchange) = stage.open.pop() else { break };
        for method in NOTICES {
            let notice = format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{notice}}}"#);
            let notice = message(notice);
            stage.act(|remote, cx| remote.handle_message(exchange, &notice, cx));
        }
        let answer = message(format!(r#"{{"jsonrpc":"2.0","id":{exchange},{answer}}}"#));
        stage.act(|remote, cx| remote.handle_message(exchange, &answer, cx));
        stage.act(|remote, cx| remote.handle_end(exchange, None, cx));
        stage.now += std::time::Duration::from_secs(20);
        stage.act(|remote, cx| remote.handle_timers(cx));
    }
    let ended = stage.ended.iter().filter(|number| **number == 200).count();
    assert!(ended <= 1, "ended {ended} times");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// T-13
    #[test]
    fn duplicate_members_never_break_a_translation_for_a_legacy_host(
        version in prop::sample::select(vec!["2024-11-05", "2025-03-26", "2025-11-25"]),
        method in prop::sample::select(METHODS.to_vec()),
        params in texts::object(),
        notice in texts::object(),
        answers in answers(),
    ) {
        play(Some(version), method, &params, &notice, &answers);
    }

    /// T-13
    #[test]
    fn duplicate_members_never_break_what_is_relayed_for_a_modern_host(
        method in prop::sample::select(METHODS.to_vec()),
        params in texts::object(),
        notice in texts::object(),
        answers in answers(),
    ) {
        play(None, method, &params, &notice, &answers);
    }
}

/// T-13: the texts that ended a bridge.
#[test]
fn duplicate_members_of_results_and_notifications_are_edited_once() {
    let info = r#"{"io.modelcontextprotocol/serverInfo":{"name":"x"},"k":1}"#;
    let subscribed = r#"{"io.modelcontextprotocol/subscriptionId":1,"k":1}"#;
    let tool = r#"[{"name":"a","outputSchema":{"type":"array"},"outputSchema":{"type":"array"}}]"#;
    let block = r#"[{"role":"user","content":{"type":"resource_link","name":"n","uri":"u"}}]"#;
    let results = [
        ("tools/call", format!(r#"{{"content":[],"_meta":{info},"\u005fmeta":{info}}}"#)),
        ("tools/list", format!(r#"{{"tools":{tool},"tools":{tool}}}"#)),
        ("prompts/get", format!(r#"{{"messages":{block},"messages":{block}}}"#)),
        ("tools/call", r#"{"content":[],"content":[],"structuredContent":[1]}"#.to_owned()),
        ("subscriptions/listen", format!(r#"{{"_meta":{subscribed},"_meta":{subscribed}}}"#)),
    ];
    let notice = format!(r#"{{"_meta":{subscribed},"_meta":{subscribed}}}"#);
    for (method, result) in results {
        for version in [Some("2024-11-05"), Some("2025-11-25"), None] {
            play(version, method, r#"{"name":"a"}"#, &notice, &[format!(r#""result":{result}"#)]);
        }
    }
}
