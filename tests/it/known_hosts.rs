//! The first messages of known hosts, a row for each, as measured (docs/hosts/README.md). The
//! bridge answers each of their requests in front of every kind of server.

use mcp_tether::protocol::ProtocolVersion;
use mcp_tether::remote::TransportChoice;
use mcp_tether_mock::MockOptions;
use serde_json::{Value, json};

use crate::support::harness::{Harness, modern};

/// The first messages of a host.
struct KnownHost {
    /// As it introduces itself.
    name: &'static str,
    revision: &'static str,
    /// The id of the `server/discover` that it begins with.
    discovers: Option<&'static str>,
    /// The ids of its `initialize` requests.
    initializes: &'static [&'static str],
    /// Its requests after that, with their parameters as it writes them; without any where empty.
    asks: &'static [(&'static str, &'static str)],
    /// Whether it reads the first page of lists only (docs/hosts/README.md#pages-of-lists).
    reads_one_page: bool,
}

const CALL: (&str, &str) = ("tools/call", r#"{"name":"echo","arguments":{}}"#);
const CALL_WITH_NULL: (&str, &str) = ("tools/call", r#"{"name":"count","arguments":null}"#);
const CALL_WITHOUT: (&str, &str) = ("tools/call", r#"{"name":"count"}"#);

const HOSTS: [KnownHost; 9] = [
    KnownHost {
        name: "typescript-sdk",
        revision: "2025-11-25",
        discovers: None,
        initializes: &["0"],
        asks: &[("tools/list", "{}"), CALL],
        reads_one_page: false,
    },
    KnownHost {
        name: "mcp",
        revision: "2025-11-25",
        discovers: Some("0"),
        initializes: &["1"],
        asks: &[("tools/list", ""), CALL_WITH_NULL],
        reads_one_page: false,
    },
    KnownHost {
        name: "inspector-client",
        revision: "2025-11-25",
        discovers: None,
        initializes: &["0"],
        asks: &[("logging/setLevel", r#"{"level":"debug"}"#), ("tools/list", r#"{"_meta":{}}"#)],
        reads_one_page: false,
    },
    KnownHost {
        name: "claude-code",
        revision: "2025-11-25",
        discovers: Some("\"discover-1\""),
        initializes: &["0"],
        asks: &[("tools/list", ""), ("prompts/list", ""), ("resources/list", ""), CALL],
        reads_one_page: false,
    },
    KnownHost {
        name: "gemini-cli-mcp-client",
        revision: "2025-06-18",
        discovers: None,
        initializes: &["0"],
        asks: &[("ping", ""), ("prompts/list", "{}"), ("tools/list", "{}"), CALL],
        reads_one_page: true,
    },
    KnownHost {
        name: "codex-mcp-client",
        revision: "2025-06-18",
        discovers: None,
        initializes: &["0"],
        asks: &[("tools/list", "null"), CALL_WITHOUT],
        reads_one_page: false,
    },
    KnownHost {
        name: "qwen-cli-mcp-client-lab",
        revision: "2025-11-25",
        discovers: None,
        initializes: &["0"],
        asks: &[("prompts/list", ""), ("resources/list", ""), ("tools/list", ""), CALL],
        reads_one_page: true,
    },
    // A tunnel that probes in every way that it knows.
    KnownHost {
        name: "openai-mcp-tunnel",
        revision: "2025-06-18",
        discovers: Some("2"),
        initializes: &["1", "0"],
        asks: &[("tools/list", "{}"), CALL],
        reads_one_page: false,
    },
    // A kept child is initialized before each call.
    KnownHost {
        name: "fastmcp",
        revision: "2025-11-25",
        discovers: None,
        initializes: &["0", "\"again\"", "2"],
        asks: &[("tools/list", r#"{"cursor":null}"#), CALL_WITH_NULL],
        reads_one_page: false,
    },
];

impl KnownHost {
    async fn meets(&self, protocol: ProtocolVersion) {
        let options =
            MockOptions { protocol: protocol.into(), page_size: 3, ..MockOptions::default() };
        let mut harness = Harness::with(options, |options| {
            if protocol == ProtocolVersion::V2024_11_05 {
                options.remote.transport = TransportChoice::SseOnly;
            }
        });
        if let Some(id) = self.discovers {
            let params = modern(json!({}), json!({})).to_string();
            // A legacy server may refuse it; it is answered in any case.
            answered(&mut harness, id, "server/discover", &params).await;
        }
        for id in self.initializes {
            let params = json!({
                "protocolVersion": self.revision,
                "capabilities": { "roots": { "listChanged": true } },
                "clientInfo": { "name": self.name, "version": "1" },
            });
            let answer = answered(&mut harness, id, "initialize", &params.to_string()).await;
            assert!(answer["result"]["capabilities"].is_object(), "{}: {answer}", self.name);
        }
        harness.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
        for (at, (method, params)) in self.asks.iter().enumerate() {
            let id = (100 + at).to_string();
            let answer = answered(&mut harness, &id, method, params).await;
            let result = &answer["result"];
            assert!(result.is_object(), "{} {protocol} {method}: {answer}", self.name);
            if *method == "tools/list" {
                let is_whole = result["nextCursor"].is_null();
                assert_eq!(is_whole, self.reads_one_page, "{} {protocol}", self.name);
            }
        }
    }
}

async fn answered(harness: &mut Harness, id: &str, method: &str, params: &str) -> Value {
    let params = if params.is_empty() { String::new() } else { format!(r#","params":{params}"#) };
    let line = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}"{params}}}"#);
    harness.send(&line).await;
    harness.answer(serde_json::from_str(id).unwrap()).await
}

/// E-01, E-08, E-26
#[tokio::test]
async fn each_known_host_is_answered_in_front_of_every_kind_of_server() {
    for host in &HOSTS {
        for protocol in [
            ProtocolVersion::V2024_11_05,
            ProtocolVersion::V2025_11_25,
            ProtocolVersion::V2026_07_28,
        ] {
            host.meets(protocol).await;
        }
    }
}
