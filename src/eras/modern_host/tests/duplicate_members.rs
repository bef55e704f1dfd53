//! Texts with duplicate members at any place, through the adapter of a modern host: what comes out
//! is JSON or a refusal, and every request is answered at most once (T-13).

use proptest::prelude::*;

use super::*;
use crate::eras::duplicate_members::texts::{self, answers, check_json};

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"roots":{},"sampling":{},"elicitation":{"url":{}}},"progressToken":"t"}"#;
const METHODS: [&str; 6] = [
    "tools/call",
    "tools/list",
    "prompts/get",
    "resources/read",
    "subscriptions/listen",
    "server/discover",
];
const FROM_SERVER: [&str; 8] = [
    "notifications/progress",
    "notifications/message",
    "notifications/tools/list_changed",
    "notifications/resources/updated",
    "notifications/elicitation/complete",
    "notifications/tasks/status",
    "elicitation/create",
    "sampling/createMessage",
];

fn message(text: String) -> Message {
    Message::parse(text).unwrap()
}

/// Reads what was said and sent; returns the requests that were sent, and counts answers to 7.
fn look(effects: &mut Vec<HostEffect>, answered: &mut usize) -> Vec<(RequestId, String)> {
    let mut requests = Vec::new();
    for effect in effects.drain(..) {
        match effect {
            HostEffect::Say(line) => {
                let line = line.into_bytes();
                check_json(&line);
                let line = Message::parse(line).unwrap();
                let is_answer =
                    matches!(line.kind(), MessageKind::Response | MessageKind::ErrorResponse);
                *answered += usize::from(is_answer && line.id() == Some(&RequestId::from(7)));
            }
            HostEffect::Send(sent) => {
                check_json(sent.raw());
                if let (MessageKind::Request, Some(id)) = (sent.kind(), sent.id()) {
                    requests.push((id.clone(), sent.method().to_owned()));
                }
            }
        }
    }
    requests
}

fn play(method: &str, params: &str, from_server: &str, answers: &[String]) {
    let (mut host, mut numbers) = (ModernHost::new(), Numbers::default());
    let (mut effects, mut answered) = (Vec::new(), 0);
    let now = Instant::now();
    let mut cx = HostContext { now, numbers: &mut numbers, effects: &mut effects };
    let params = match params.trim_start_matches('{').trim_start() {
        "}" => format!("{{{META}}}"),
        rest => format!("{{{META},{rest}"),
    };
    let request = format!(r#"{{"jsonrpc":"2.0","id":7,"method":"{method}","params":{params}}}"#);
    host.handle(message(request), &mut cx);
    let mut answers = answers.iter().cycle();
    for _ in 0..8 {
        for (id, method) in look(cx.effects, &mut answered) {
            for (at, name) in FROM_SERVER.iter().enumerate() {
                let number = if name.starts_with("notifications") {
                    String::new()
                } else {
                    format!(r#""id":{},"#, 900 + at)
                };
                let line = format!(
                    r#"{{"jsonrpc":"2.0",{number}"method":"{name}","params":{from_server}}}"#
                );
                host.handle_remote_message(&message(line), Some(&id), &mut cx);
            }
            let answer = match method.as_str() {
                "initialize" => concat!(
                    r#""result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{},"#,
                    r#""logging":{},"resources":{"subscribe":true}},"serverInfo":{"name":"a"},"#,
                    r#""serverInfo":{"name":"b"}}"#
                ),
                _ => answers.next().map_or("", String::as_str),
            };
            let answer = message(format!(r#"{{"jsonrpc":"2.0","id":{id},{answer}}}"#));
            host.handle_answer(&id, &answer, &mut cx);
        }
        cx.now += Duration::from_secs(2);
        host.handle_timers(&mut cx);
    }
    look(cx.effects, &mut answered);
    assert!(answered <= 1, "answered {answered} times");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// T-13
    #[test]
    fn duplicate_members_never_break_a_translation_for_a_modern_host(
        method in prop::sample::select(METHODS.to_vec()),
        params in texts::object(),
        from_server in texts::object(),
        answers in answers(),
    ) {
        play(method, &params, &from_server, &answers);
    }
}
