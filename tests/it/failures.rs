//! Every failure and refusal of the bridge towards a host, in the words that a host gets (E-59): as
//! answers to what hosts, servers and networks do wrong, and as a list of all that the sources
//! hold, so that a new one is noticed. A second list has the errors that people read.

use std::time::Duration;

use insta::assert_snapshot;
use mcp_tether_mock::{MockOptions, MockRemote};
use serde_json::{Value, json};
use url::Url;

use crate::support::harness::{Harness, parsed};
use crate::support::ports::KeptPort;
use crate::support::rust_code::{Code, closing, word, words};
use crate::support::sources::{SourceFile, files};

/// The functions that create a failure or a refusal for a host.
pub const FOR_HOSTS: [&str; 12] = [
    "Failure::new(",
    "Failure::timed_out(",
    "lost_failure(",
    "protocol_failure(",
    "fault_of_server(",
    "RequestRefusal::invalid(",
    "RequestRefusal::plain(",
    ".reply_error(",
    ".reply_error_with(",
    ".answer_error(",
    "error_response(",
    "error_response_without_id(",
];

/// The functions that create an error for a person, or its reason.
pub const FOR_PEOPLE: [&str; 11] = [
    "Error::failed(",
    "Error::usage(",
    "StoreError::new(",
    "StoreError::other(",
    "StoreError::files(",
    "StoreError::damaged(",
    "StoreError::newer(",
    "StoreError::busy(",
    "Self::new(StoreErrorKind::",
    "Self::other(",
    "io::Error::other(",
];

/// E-59
#[test]
fn every_failure_in_the_sources_is_reviewed() {
    let out = made_in_sources(|path| if is_command(path) { Vec::new() } else { FOR_HOSTS.into() });
    assert!(out.lines().count() > 150, "the sources were not read: {out}");
    assert_snapshot!(out);
}

/// What a command makes is read by a person, even if it is a failure.
#[test]
fn every_error_in_the_sources_is_reviewed() {
    let out = made_in_sources(|path| {
        let of_commands = FOR_HOSTS.into_iter().filter(|_| is_command(path));
        FOR_PEOPLE.into_iter().chain(of_commands).collect()
    });
    assert!(out.lines().count() > 250, "the sources were not read: {out}");
    assert_snapshot!(out);
}

/// What errors say of themselves becomes part of failures and errors.
#[test]
fn every_text_of_an_error_type_is_reviewed() {
    let sources = files(&["crates/mcp-tether-wire/src", "src"], &[".rs"]);
    let out: String = sources.iter().map(texts_of_errors).collect();
    assert!(out.contains("Display for PinError"), "the sources were not read: {out}");
    assert_snapshot!(out);
}

/// Returns the lines with a text of each `Display` of an error type.
fn texts_of_errors(file: &SourceFile) -> String {
    let code = Code::of(file);
    let mut out = String::new();
    for (at, _) in code.text.match_indices("Display for ") {
        let name = word(&code.text[at + "Display for ".len()..]);
        let is_error = name.ends_with("Error") || code.text.contains(&format!("Error for {name} "));
        let Some(open) = code.text[at..].find('{').filter(|_| is_error) else { continue };
        let end = closing(&code.text, at + open);
        out += &format!("{}: Display for {name}\n", file.path);
        for line in file.text[at..end].lines().filter(|line| line.contains('"')) {
            out += &format!("  {}\n", line.trim());
        }
    }
    out
}

fn is_command(path: &str) -> bool {
    path.starts_with("src/commands/")
}

/// Returns the calls of these functions by file, in the order of the sources.
fn made_in_sources(makers_for: impl Fn(&str) -> Vec<&'static str>) -> String {
    let mut out = String::new();
    for file in files(&["src"], &[".rs"]) {
        let path = &file.path;
        if path.contains("/tests") {
            continue;
        }
        let code = Code::of(&file);
        let makers = makers_for(path);
        let mut made: Vec<usize> =
            makers.into_iter().flat_map(|maker| calls_of(&code.text, maker)).collect();
        made.sort_unstable();
        if !made.is_empty() {
            out += &format!("{path}\n");
        }
        for at in made {
            out += &format!("  {}\n", expression(&code.text, &file.text, at));
        }
    }
    out
}

/// Returns the positions of calls, as a method or as a function by any path.
pub fn calls_of(text: &str, maker: &'static str) -> Vec<usize> {
    match maker.strip_prefix('.') {
        Some(method) => {
            text.match_indices(maker).map(|(at, _)| at + maker.len() - method.len()).collect()
        }
        None => {
            let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
            let found = text.match_indices(maker).map(|(at, _)| (at, &text[..at]));
            found
                .filter(|(_, before)| !before.ends_with(is_part) && !before.ends_with("fn "))
                .map(|(at, _)| at)
                .collect()
        }
    }
}

/// Returns the call at `at` with the methods that follow, in one line; where the text is in a
/// variable, with its value in front.
fn expression(blank: &str, text: &str, at: usize) -> String {
    let call = one_line(&text[at..end_of_expression(blank, at)]);
    let function = blank[..at].rfind("fn ").unwrap_or(0);
    for name in ["message", "text", "what"] {
        let is_used = words(&call, name).any(|found| {
            !call[found + name.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
        });
        let bound = format!("let {name} = ");
        if is_used && let Some(start) = blank[function..at].rfind(&bound) {
            let value = function + start + bound.len();
            let end = end_of_statement(blank, value);
            return format!("{name} = {}; {call}", one_line(&text[value..end]));
        }
    }
    call
}

/// Returns the end of the call at `at` and of the methods that complete what it makes.
pub fn end_of_expression(blank: &str, at: usize) -> usize {
    let mut end = after_parenthesis(blank, at);
    loop {
        let next = blank[end..].trim_start();
        let gap = blank.len() - end - next.len();
        if !next.starts_with(".hint(") && !next.starts_with(".status(") {
            return end;
        }
        end = after_parenthesis(blank, end + gap);
    }
}

/// Returns the position of the semicolon that ends the statement of which `from` is a part.
fn end_of_statement(blank: &str, from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in blank.bytes().enumerate().skip(from) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b';' if depth == 0 => return at,
            _ => {}
        }
    }
    blank.len()
}

fn after_parenthesis(blank: &str, from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in blank.bytes().enumerate().skip(from) {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 1 => return at + 1,
            b')' => depth -= 1,
            _ => {}
        }
    }
    panic!("a call that is not closed: {}", &blank[from..])
}

pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace(r"\ ", "")
}

/// The faults of a server that end a call.
const FAULTS: [&str; 34] = [
    "status=400",
    "status=400:body=html",
    "status=401",
    "status=402:body=text",
    "status=403",
    "status=404:body=html",
    "status=405",
    "status=406",
    "status=410",
    "status=413",
    "status=415:body=json",
    "status=429:retry-after=61",
    "status=431",
    "status=500",
    "status=502:body=html",
    "status=503:retry-after=61",
    "status=504:body=text",
    "redirect=302:to=https://host.invalid/login",
    "redirect=307:to=https://host.invalid/mcp",
    "redirect=307:hops=99",
    "disconnect=before-work",
    "disconnect=before-headers",
    "disconnect=after-headers",
    "disconnect=mid-body",
    "answer=sse:disconnect=mid-event:no-ids",
    "oversize=100000",
    "wrong-id",
    "never",
    "truncated",
    "answer=sse:oversize=2000000",
    "html",
    "empty-body",
    "silent=headers",
    "silent=body",
];

/// E-59, T-24
#[tokio::test]
async fn what_a_host_is_told_of_a_servers_faults_is_reviewed() {
    let mut out = String::new();
    for fault in FAULTS {
        let mut harness = Harness::with(MockOptions::default(), |options| {
            let limits = &mut options.remote.limits;
            limits.size = 65_536;
            limits.headers = Some(Duration::from_millis(500));
            limits.body = Some(Duration::from_millis(500));
        })
        .open()
        .await;
        let parts = fault.split(':').filter(|part| MODIFIERS.contains(part));
        let mut faults: Vec<String> = parts.map(|part| format!("{part}:tool=act")).collect();
        let main: Vec<&str> = fault.split(':').filter(|part| !MODIFIERS.contains(part)).collect();
        faults.push(format!("{}:tool=act", main.join(":")));
        harness.fault(&faults.iter().map(String::as_str).collect::<Vec<_>>());
        let answer = harness.call("act", json!({})).await;
        out += &told(fault, &answer);
    }
    assert_snapshot!(out);
}

/// Faults of the list above that stand beside the one that ends the call.
const MODIFIERS: [&str; 2] = ["answer=sse", "no-ids"];

/// E-59, T-80
#[tokio::test]
async fn what_a_host_is_told_when_no_session_opens_is_reviewed() {
    let mut out = String::new();
    for fault in [
        "status=401",
        "status=403:body=text",
        "status=404:body=html",
        "status=503:body=html",
        "redirect=302:to=https://host.invalid/login",
        "html",
        "never",
        "truncated",
    ] {
        let mock = MockOptions { faults: parsed(&[fault]), ..MockOptions::default() };
        let mut harness = Harness::with(mock, |options| {
            options.remote.limits.opening = Duration::ZERO;
        });
        let id = harness.ask("initialize", initialize_params()).await;
        out += &told(fault, &harness.answer(id).await);
    }
    let nobody = KeptPort::find();
    let url = Url::parse(&format!("http://127.0.0.1:{}/mcp", nobody.number())).unwrap();
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let mut harness = Harness::reaching(mock, url, |options| {
        options.remote.limits.opening = Duration::ZERO;
    });
    let id = harness.ask("initialize", initialize_params()).await;
    out += &told("no server", &harness.answer(id).await);
    assert_snapshot!(out);
}

/// E-59, E-13, T-81
#[tokio::test]
async fn what_a_host_is_told_of_its_own_mistakes_is_reviewed() {
    let mut out = String::new();
    for line in [
        "{",
        "7",
        "[]",
        r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#,
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
        r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add"}}"#,
    ] {
        let mut harness = Harness::new(MockOptions::default());
        harness.send(line).await;
        let answer = harness.next().await;
        out += &told(line, &answer);
    }
    for (method, params) in [
        ("no/such/method", json!({})),
        ("tools/call", json!({ "name": "add", "arguments": 7 })),
        ("tools/call", json!({ "name": "absent", "requestState": "none", "inputResponses": {} })),
        ("tools/call", json!({ "name": "add", "requestState": 7, "inputResponses": {} })),
        ("subscriptions/listen", json!({ "notifications": 7 })),
    ] {
        let mut harness = Harness::new(MockOptions::default());
        let answer = harness.request_modern(method, params.clone()).await;
        out += &told(&format!("2026-07-28: {method} {params}"), &answer);
    }
    assert_snapshot!(out);
}

fn initialize_params() -> Value {
    json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": { "name": "host", "version": "1" },
    })
}

/// Returns the error of an answer, without what differs from run to run.
fn told(case: &str, answer: &Value) -> String {
    let error = &answer["error"];
    assert!(error.is_object(), "{case}: {answer}");
    let says = json!({ "code": error["code"], "message": error["message"], "data": error["data"] });
    let text = serde_json::to_string_pretty(&says).unwrap();
    let text = ["127.0.0.1:", "port "].iter().fold(text, |text, before| {
        let mut parts = text.split(before);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| {
            let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
            let number = if rest.len() < part.len() { "[PORT]" } else { "" };
            text + before + number + rest
        })
    });
    if error["data"]["bridge"].is_object() {
        let hint = error["data"]["bridge"]["hint"].as_str();
        assert!(hint.is_some_and(|hint| !hint.is_empty()), "{case}: {answer}");
    }
    format!("{case}\n{text}\n\n")
}
