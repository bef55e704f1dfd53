//! At `info` the log has one line for each request that a server answered for the host, whatever
//! both sides speak, and warnings say what the host is not told.

use mcp_tether::protocol::ProtocolVersion;
use mcp_tether_mock::{MockOptions, MockRemote, Served};
use serde_json::{Value, json};

use crate::support::harness::{initialize, parsed};
use crate::support::process::{Program, Running};

fn ask(bridge: &mut Running, id: u32, method: &str, mut params: Value, is_modern: bool) {
    if is_modern {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "host", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
    }
    let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    bridge.send(request.to_string());
    loop {
        let answer = bridge.next_json();
        if answer["id"] == id {
            return assert!(answer["result"].is_object(), "{answer}");
        }
    }
}

/// T-09, T-22: what gets no answer leaves a line in the log
#[test]
fn what_gets_no_answer_is_logged() {
    let faults = parsed(&["status=400:method=notifications/progress"]);
    let mock = MockRemote::start(MockOptions { faults, ..MockOptions::default() }).unwrap();
    let mut bridge = Program::new([mock.url().as_str()]).spawn();
    bridge.send(initialize("2025-11-25"));
    assert!(bridge.next_json()["result"].is_object());
    bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    let params = json!({ "progressToken": 1, "progress": 1 });
    let progress =
        json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params });
    bridge.send(progress.to_string());
    let has = |line: &'static str| move |said: &str| said.contains(line).then_some(());
    bridge.until_stderr("the failure", has("warning: a message did not reach the server: "));

    let mut bridge = Program::new([mock.url().as_str()]).spawn();
    ask(&mut bridge, 1, "server/discover", json!({}), true);
    bridge.send(r#"{"jsonrpc":"2.0","id":7,"result":{}}"#);
    bridge.until_stderr("the warning", has("warning: ignored an answer"));
}

#[test]
fn each_request_has_one_line_with_its_duration_between_all_eras() {
    for (host_is_modern, remote_is_modern) in
        [(false, false), (false, true), (true, false), (true, true)]
    {
        let mut mock = MockOptions::default();
        if remote_is_modern {
            mock.protocol = Served::Only(ProtocolVersion::V2026_07_28);
        }
        let mock = MockRemote::start(mock).unwrap();
        let mut bridge = Program::new([mock.url().as_str(), "--log-level", "info"]).spawn();
        let mut asked = vec!["tools/call", "tools/list"];
        if host_is_modern {
            // A legacy server is asked by `initialize` for what a modern host wants to discover.
            asked.push(if remote_is_modern { "server/discover" } else { "initialize" });
            ask(&mut bridge, 1, "server/discover", json!({}), true);
        } else {
            asked.push("initialize");
            bridge.send(initialize("2025-11-25"));
            assert!(bridge.next_json()["result"].is_object());
            bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        }
        ask(&mut bridge, 2, "tools/list", json!({}), host_is_modern);
        let echo = json!({ "name": "echo", "arguments": { "text": "x" } });
        ask(&mut bridge, 3, "tools/call", echo, host_is_modern);
        let said = bridge.finish().stderr;
        for method in asked {
            let line = format!("answered method=\"{method}\" milliseconds=");
            let count = said.lines().filter(|said| said.contains(&line)).count();
            assert_eq!(count, 1, "{host_is_modern} {remote_is_modern} `{method}`: {said}");
        }
    }
}
