//! Every host revision with every server revision, over every transport: which features work. The
//! table in docs/revisions.md is printed by this test and held against it.

use std::fmt::Write;

use mcp_tether::protocol::{Era, ProtocolVersion};
use mcp_tether_mock::{AnswerFormat, ExchangeEnd, MockOptions, RecordedRequest};
use serde_json::{Value, json};

use super::support::harness::{Harness, modern};

/// A scripted host of one revision.
struct Pair {
    harness: Harness,
    host: ProtocolVersion,
    /// Questions that the host was put, by method and mode.
    asked: Vec<String>,
    /// The messages before the last answer.
    heard: Vec<Value>,
}

type Feature = (&'static str, ProtocolVersion);

/// The features, with the first revision that has each.
const FEATURES: [Feature; 14] = [
    ("tools", ProtocolVersion::V2024_11_05),
    ("prompts", ProtocolVersion::V2024_11_05),
    ("resources", ProtocolVersion::V2024_11_05),
    ("completion", ProtocolVersion::V2024_11_05),
    ("progress", ProtocolVersion::V2024_11_05),
    ("log messages", ProtocolVersion::V2024_11_05),
    ("list changes", ProtocolVersion::V2024_11_05),
    ("resource updates", ProtocolVersion::V2024_11_05),
    ("cancellation", ProtocolVersion::V2024_11_05),
    ("roots", ProtocolVersion::V2024_11_05),
    ("sampling", ProtocolVersion::V2024_11_05),
    ("calls at once", ProtocolVersion::V2024_11_05),
    ("elicitation", ProtocolVersion::V2025_06_18),
    ("elicitation of URLs", ProtocolVersion::V2025_11_25),
];

impl Pair {
    async fn open(host: ProtocolVersion, remote: MockOptions) -> Self {
        let mut harness = Harness::new(remote);
        if host.era() == Era::Legacy {
            let params = json!({
                "protocolVersion": host.name(), "capabilities": capabilities(host),
                "clientInfo": { "name": "matrix", "version": "1" },
            });
            let result = harness.request("initialize", params).await;
            assert!(result["result"].is_object(), "{host} {result:#}");
            harness.notify("notifications/initialized", json!({})).await;
        } else {
            let result = harness.request_modern("server/discover", json!({})).await;
            assert!(result["result"].is_object(), "{host} {result:#}");
        }
        Self { harness, host, asked: Vec::new(), heard: Vec::new() }
    }

    fn is_modern(&self) -> bool {
        self.host.era() == Era::Modern
    }

    async fn ask(&mut self, method: &str, params: Value) -> Value {
        let params =
            if self.is_modern() { modern(params, capabilities(self.host)) } else { params };
        self.harness.ask(method, params).await
    }

    /// Sends a request and answers whatever is asked until its final answer.
    async fn play(&mut self, method: &str, params: Value) -> Value {
        self.heard.clear();
        let mut id = self.ask(method, params.clone()).await;
        loop {
            let line = self.harness.next().await;
            if line["method"].is_string() && !line["id"].is_null() {
                let answer = self.respond(&line["method"], &line["params"]);
                let answer = json!({ "jsonrpc": "2.0", "id": line["id"], "result": answer });
                self.harness.send(&answer.to_string()).await;
            } else if line["id"] != id {
                self.heard.push(line);
            } else if line["result"]["resultType"] == "input_required" {
                let mut again = params.clone();
                let requests = line["result"]["inputRequests"].as_object().cloned();
                for (key, request) in requests.unwrap_or_default() {
                    again["inputResponses"][&key] =
                        self.respond(&request["method"], &request["params"]);
                }
                if let Some(state) = line["result"].get("requestState") {
                    again["requestState"] = state.clone();
                }
                id = self.ask(method, again).await;
            } else {
                return line;
            }
        }
    }

    fn respond(&mut self, method: &Value, params: &Value) -> Value {
        let method = method.as_str().unwrap();
        let mode = params["mode"].as_str().unwrap_or("form");
        self.asked.push(if mode == "url" { "url".to_owned() } else { method.to_owned() });
        match method {
            "roots/list" => json!({ "roots": [{ "uri": "file:///home" }] }),
            "sampling/createMessage" => json!({
                "role": "assistant", "model": "m", "content": { "type": "text", "text": "hm" },
            }),
            "elicitation/create" if mode == "url" => json!({ "action": "accept" }),
            "elicitation/create" => json!({ "action": "accept", "content": { "answer": "Ada" } }),
            other => panic!("asked `{other}`"),
        }
    }

    async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.play("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }

    /// Returns whether a tool that asks got its answer, and the host this question.
    async fn asks(&mut self, tool: &str, question: &str) -> bool {
        self.asked.clear();
        let answer = self.call(tool, json!({})).await;
        self.asked == [question] && works(&answer)
    }

    async fn tries(&mut self, feature: &str) -> bool {
        match feature {
            "tools" => {
                let tools = self.play("tools/list", json!({})).await;
                let echo = self.call("echo", json!({ "n": 1.5 })).await;
                tools["result"]["tools"].is_array()
                    && echo["result"]["content"][0]["text"] == r#"{"n":1.5}"#
            }
            "prompts" => {
                let list = self.play("prompts/list", json!({})).await;
                let got = self.play("prompts/get", json!({ "name": "hello" })).await;
                list["result"]["prompts"].is_array() && got["result"]["messages"].is_array()
            }
            "resources" => {
                let list = self.play("resources/list", json!({})).await;
                let read = self.play("resources/read", json!({ "uri": "lab://greeting" })).await;
                list["result"]["resources"].is_array() && read["result"]["contents"].is_array()
            }
            "completion" => {
                let reference = json!({ "type": "ref/prompt", "name": "compare" });
                let argument = json!({ "name": "first", "value": "a" });
                let params = json!({ "ref": reference, "argument": argument });
                let answer = self.play("completion/complete", params).await;
                answer["result"]["completion"]["values"][0] == "acetone"
            }
            "progress" => self.progress().await,
            "log messages" => self.logs().await,
            "list changes" => self.list_changes().await,
            "resource updates" => self.updates().await,
            "cancellation" => self.cancels().await,
            "roots" => self.asks("ask_roots", "roots/list").await,
            "sampling" => self.asks("ask_model", "sampling/createMessage").await,
            "elicitation" => self.asks("ask_user", "elicitation/create").await,
            "elicitation of URLs" => self.asks("ask_url", "url").await,
            "calls at once" => self.many().await,
            other => panic!("no such feature: {other}"),
        }
    }

    async fn progress(&mut self) -> bool {
        let mut params = json!({ "name": "slow", "arguments": { "ms": 10 } });
        params["_meta"]["progressToken"] = "mine".into();
        let answer = self.play("tools/call", params).await;
        let told = self.heard.iter().filter(|line| line["method"] == "notifications/progress");
        works(&answer)
            && told.filter(|line| line["params"]["progressToken"] == "mine").count() == 10
    }

    async fn logs(&mut self) -> bool {
        let mut params = json!({ "name": "log", "arguments": { "level": "error" } });
        if self.is_modern() {
            params["_meta"]["io.modelcontextprotocol/logLevel"] = "warning".into();
        } else {
            self.play("logging/setLevel", json!({ "level": "warning" })).await;
        }
        self.play("tools/call", params).await;
        // On HTTP+SSE and standalone streams it may come behind the answer.
        if self.heard.iter().any(|line| line["method"] == "notifications/message") {
            return true;
        }
        self.harness.of_method("notifications/message").await["params"]["level"] == "error"
    }

    async fn list_changes(&mut self) -> bool {
        if self.is_modern() {
            self.listen(json!({ "toolsListChanged": true })).await;
        }
        self.call("add_tool", json!({ "name": "new" })).await;
        self.hears("notifications/tools/list_changed").await
    }

    async fn updates(&mut self) -> bool {
        if self.is_modern() {
            self.listen(json!({ "resourceSubscriptions": ["lab://watched"] })).await;
        } else {
            self.play("resources/subscribe", json!({ "uri": "lab://watched" })).await;
        }
        self.call("touch", json!({})).await;
        self.hears("notifications/resources/updated").await
    }

    async fn listen(&mut self, filter: Value) {
        self.ask("subscriptions/listen", json!({ "notifications": filter })).await;
        let first = self.harness.of_method("notifications/subscriptions/acknowledged").await;
        assert_eq!(first["params"]["notifications"], filter);
    }

    async fn hears(&mut self, method: &str) -> bool {
        let heard = self.heard.iter().any(|line| line["method"] == method);
        heard || self.harness.of_method(method).await["method"] == method
    }

    /// Returns whether the server hears of it, in the way of its revision.
    async fn cancels(&mut self) -> bool {
        let params = json!({ "name": "slow", "arguments": { "ms": 600_000 } });
        let id = self.ask("tools/call", params).await;
        let is_it = |request: &RecordedRequest| {
            request.rpc_method() == "tools/call"
                && request.json()["params"]["arguments"]["ms"] == 600_000
        };
        self.harness.seen(|seen| seen.iter().any(is_it)).await;
        self.harness.notify("notifications/cancelled", json!({ "requestId": id })).await;
        let told = |request: &RecordedRequest| {
            request.rpc_method() == "notifications/cancelled"
                || is_it(request) && request.ending == ExchangeEnd::Disconnected
        };
        self.harness.seen(|seen| seen.iter().any(told)).await;
        true
    }

    async fn many(&mut self) -> bool {
        let mut ids = Vec::new();
        for n in 0..20 {
            let params = json!({ "name": "echo", "arguments": { "n": n } });
            ids.push(self.ask("tools/call", params).await);
        }
        for (n, id) in ids.into_iter().enumerate() {
            let answer = self.harness.answer(id).await;
            if answer["result"]["content"][0]["text"] != format!(r#"{{"n":{n}}}"#) {
                return false;
            }
        }
        true
    }
}

fn works(answer: &Value) -> bool {
    answer["result"].is_object() && answer["result"]["isError"] != true
}

/// Returns the capabilities of a host of this revision.
fn capabilities(host: ProtocolVersion) -> Value {
    let mut all = json!({ "roots": {}, "sampling": {} });
    if host == ProtocolVersion::V2025_06_18 {
        all["elicitation"] = json!({});
    } else if host > ProtocolVersion::V2025_06_18 {
        all["elicitation"] = json!({ "form": {}, "url": {} });
    }
    all
}

/// Returns the features that both revisions know.
fn shared(host: ProtocolVersion, remote: ProtocolVersion) -> Vec<&'static str> {
    let knows = |feature: &&Feature| host >= feature.1 && remote >= feature.1;
    FEATURES.iter().filter(knows).map(|feature| feature.0).collect()
}

/// Returns the features that do not work, over every transport that the server's revision has.
async fn broken(host: ProtocolVersion, remote: ProtocolVersion) -> Vec<&'static str> {
    let mut broken = Vec::new();
    for answers in [AnswerFormat::Json, AnswerFormat::Sse] {
        let options = MockOptions { protocol: remote.into(), answers, ..MockOptions::default() };
        let mut pair = Pair::open(host, options).await;
        for feature in shared(host, remote) {
            if !pair.tries(feature).await && !broken.contains(&feature) {
                broken.push(feature);
            }
        }
    }
    broken
}

async fn row(host: ProtocolVersion) -> String {
    let mut row = format!("| **{host}** |");
    for remote in ProtocolVersion::ALL {
        let (all, broken) = (shared(host, remote).len(), broken(host, remote).await);
        let cell = match broken.len() {
            0 => format!("all {all}"),
            some => format!("{} of {all} (not {})", all - some, broken.join(", ")),
        };
        let _ = write!(row, " {cell} |");
    }
    row
}

/// One test for each row, so that they run at the same time.
async fn readme_has_the_row(host: ProtocolVersion) {
    let row = row(host).await;
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/revisions.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    assert!(readme.lines().any(|line| line == row), "docs/revisions.md needs this row:\n{row}");
}

#[tokio::test]
async fn a_host_of_2024_11_05_works_with_every_server() {
    readme_has_the_row(ProtocolVersion::V2024_11_05).await;
}

#[tokio::test]
async fn a_host_of_2025_03_26_works_with_every_server() {
    readme_has_the_row(ProtocolVersion::V2025_03_26).await;
}

#[tokio::test]
async fn a_host_of_2025_06_18_works_with_every_server() {
    readme_has_the_row(ProtocolVersion::V2025_06_18).await;
}

#[tokio::test]
async fn a_host_of_2025_11_25_works_with_every_server() {
    readme_has_the_row(ProtocolVersion::V2025_11_25).await;
}

#[tokio::test]
async fn a_host_of_2026_07_28_works_with_every_server() {
    readme_has_the_row(ProtocolVersion::V2026_07_28).await;
}
