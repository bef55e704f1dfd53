//! `demo` and `mock` as a newcomer meets them.

use serde_json::{Value, json};

use crate::support::harness::initialize;
use crate::support::process::Program;

#[test]
fn the_demo_shows_a_conversation_that_answers_its_question() {
    let finished = Program::new(["demo", "--talk"]).run();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let said = |label: &str| {
        let line = finished.stdout.lines().find(|line| line.starts_with(label));
        line.unwrap_or_else(|| panic!("no `{label}` in {}", finished.stdout)).to_owned()
    };
    assert!(said("connected").contains("Streamable HTTP"));
    assert!(said("connected").contains("legacy era"));
    assert!(said("sign-in").contains("OAuth"));
    assert!(said("tools").split_whitespace().last().unwrap().parse::<u32>().unwrap() >= 32);
    assert!(said("question").contains("stock under 10"));
    let left: Vec<u32> = finished
        .stdout
        .lines()
        .filter_map(|line| line.strip_suffix(" left")?.split_whitespace().last()?.parse().ok())
        .collect();
    assert!(!left.is_empty() && left.iter().all(|count| *count < 10), "{}", finished.stdout);
    assert!(finished.stderr.is_empty(), "{}", finished.stderr);
}

#[test]
fn the_demo_asks_each_product_a_question() {
    let finished = Program::new(["demo", "--talk", "--product", "lab"]).run();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(finished.stdout.contains("answer       42\n"), "{}", finished.stdout);
    assert!(finished.stdout.contains("arguments `demo --product lab`"), "{}", finished.stdout);
    let finished = Program::new(["demo", "--talk", "--product", "launchmystore"]).run();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(finished.stdout.contains("LMS1118"), "{}", finished.stdout);
}

#[test]
fn for_a_host_the_demo_is_an_ordinary_server() {
    let mut demo = Program::new(["demo"]).spawn();
    demo.send(initialize("2025-06-18"));
    assert_eq!(demo.next_json()["result"]["protocolVersion"], "2025-06-18");
    demo.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    demo.send(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    let tools = demo.next_json()["result"]["tools"].clone();
    assert!(tools.as_array().unwrap().iter().any(|tool| tool["name"] == "find_orders"));
    let finished = demo.finish();
    assert_eq!(finished.code, Some(0));
    assert!(finished.stdout.is_empty(), "{}", finished.stdout);
    assert!(finished.stderr.contains("speaking MCP on stdin"), "{}", finished.stderr);
}

#[test]
fn a_mock_of_its_own_serves_tools_and_call() {
    let mut mock = Program::new(["mock", "lab"]).spawn();
    let first = mock.next_line().unwrap();
    let url = first.strip_prefix("listening on ").unwrap().to_owned();
    let snippets: Vec<String> = std::iter::from_fn(|| mock.next_line()).take(4).collect();
    assert!(snippets.iter().any(|line| line == "VS Code (`.vscode/mcp.json`):"), "{snippets:?}");
    assert!(snippets.iter().any(|line| line.contains("/sse")));

    let tools = Program::new(["tools", &url, "--json"]).run();
    assert_eq!(tools.code, Some(0), "{}", tools.stderr);
    let tools: Vec<Value> = serde_json::from_str(&tools.stdout).unwrap();
    assert!(tools.iter().any(|tool| tool["name"] == "echo"));

    let called = Program::new(["call", &url, "add", "a=20", "b=22", "--json"]).run();
    assert_eq!(called.code, Some(0), "{}", called.stderr);
    let result: Value = serde_json::from_str(&called.stdout).unwrap();
    assert!(result.to_string().contains("42"), "{result}");

    let failed = Program::new(["call", &url, "fail"]).run();
    assert_eq!(failed.code, Some(1));
    let missing = Program::new(["call", &url, "add", "a=1"]).run();
    assert_eq!(missing.code, Some(2), "{}", missing.stderr);
    assert!(missing.stderr.contains("hint:"), "{}", missing.stderr);
}

/// A tool or resource that does not exist is named as such, and not as a matter of signing in.
#[test]
fn what_a_server_does_not_have_is_named() {
    let mut mock = Program::new(["mock", "--open"]).spawn();
    let first = mock.next_line().unwrap();
    let url = first.strip_prefix("listening on ").unwrap().to_owned();
    let typo = format!("{url}/typo");
    let port = url::Url::parse(&url).unwrap().port().unwrap();
    let gone = format!("nothing listens on port {port} of `127.0.0.1`");
    let login = Program::new(["login", &typo]).run();
    assert_eq!(login.code, Some(1), "{}", login.shown());
    assert!(login.stderr.contains(&format!("there is nothing at `{typo}`")), "{}", login.stderr);
    assert!(login.stderr.contains("often end in `/mcp`"), "{}", login.stderr);
    for (words, error) in [
        (["read", &url, "shop://orders"], "the server offers no resources"),
        (["prompts", &url, "greeting"], "the server offers no prompts"),
    ] {
        let done = Program::new(words).run();
        assert_eq!(done.code, Some(1), "{}", done.shown());
        assert!(done.stderr.contains(error), "{}", done.stderr);
        assert!(done.stderr.contains("`mcp-tether info URL`"), "{}", done.stderr);
    }
    drop(mock);
    let done = Program::new(["tools", &url]).run();
    assert!(done.stderr.contains(&gone), "{}", done.stderr);
    let done = Program::new(["login", &url]).run();
    assert!(done.stderr.contains("cannot connect to"), "{}", done.stderr);
    assert!(!done.stderr.contains("os error"), "{}", done.stderr);
}

#[test]
fn the_egrow_mock_asks_for_a_sign_in_or_its_key() {
    let mut mock = Program::new(["mock"]).spawn();
    let first = mock.next_line().unwrap();
    let url = first.strip_prefix("listening on ").unwrap().to_owned();
    let refused = Program::new(["tools", &url, "--login", "never"]).run();
    assert_eq!(refused.code, Some(4), "{}", refused.stderr);
    for header in [
        "X-API-Key: egrow_demo_key",
        "X-Egrow-API-Key: egrow_demo_key",
        "Authorization: Bearer egrow_demo_key",
    ] {
        let who = Program::new(["call", &url, "whoami", "--json", "--header", header]).run();
        assert_eq!(who.code, Some(0), "{header}: {}", who.stderr);
    }
}

#[test]
fn a_wrong_word_for_the_mock_is_told_with_a_hint() {
    for arguments in [
        &["mock", "nothing"][..],
        &["mock", "--fault", "explode"],
        &["mock", "--protocol", "1999-01-01"],
    ] {
        let finished = Program::new(arguments).run();
        assert_eq!(finished.code, Some(2), "{arguments:?}");
        assert!(finished.stderr.contains("hint:"), "{}", finished.stderr);
    }
    let listed = Program::new(["mock", "--list"]).run();
    for shown in ["egrow (eGrow): ", "find_orders, ", "disconnect="] {
        assert!(listed.stdout.contains(shown), "{}", listed.stdout);
    }
}

/// A port that is taken is named together with the way out
#[test]
fn a_port_in_use_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let finished = Program::new(["mock", "--port", &port]).run();
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains(&port) && finished.stderr.contains("--port 0"));
    assert_eq!(json!(finished.stdout), json!(""));
}
