//! A small host of our own for `tools`, `call` and `demo`: opens a legacy session through the
//! bridge, sends one request at a time and answers what the remote asks meanwhile. Lines only:
//! whoever made the two ends decides what lies behind them.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::questions::{Answer, answer_to};
use crate::environment::to_stderr;
use crate::error::{Error, ExitCode, Result};
use crate::jsonrpc::{Message, MessageKind, RequestId, error_response, result_response};
use crate::protocol::{ProtocolVersion, codes, methods};
use crate::redact::plain;

/// Both directions of a bridge, one message each, without line endings.
pub struct Lines {
    /// Towards the bridge; dropping it is the host going away.
    pub to_bridge: mpsc::Sender<Bytes>,
    /// From the bridge; ends when it does.
    pub from_bridge: mpsc::Receiver<Bytes>,
}

/// How the session behaves towards the person at the terminal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// Say yes to confirmations.
    pub yes: bool,
    /// Show progress on stderr.
    pub progress: bool,
}

/// A legacy session with a remote.
pub struct Session {
    lines: Lines,
    manner: Manner,
    last_id: u64,
    /// The result of `initialize`.
    pub opened: Value,
}

/// What `data.bridge` of an error answer says (E-59).
#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(default)]
    message: String,
    #[serde(default)]
    code: i64,
    #[serde(default)]
    data: Value,
}

impl Session {
    /// Opens a session.
    pub async fn open(lines: Lines, manner: Manner) -> Result<Self> {
        let mut session = Self { lines, manner, last_id: 0, opened: Value::Null };
        let hello = json!({
            "protocolVersion": ProtocolVersion::NEWEST_LEGACY.name(),
            "capabilities": { "elicitation": {} },
            "clientInfo": { "name": "mcp-tether", "version": env!("CARGO_PKG_VERSION") },
        });
        let opened = session.request(methods::INITIALIZE, hello).await?;
        session.opened = serde_json::from_str(opened.get()).unwrap_or_default();
        session.send(json!({ "jsonrpc": "2.0", "method": methods::INITIALIZED }).to_string()).await;
        Ok(session)
    }

    /// Sends a request and waits for its result, whose text stays as it came.
    pub async fn request(&mut self, method: &str, params: Value) -> Result<Box<RawValue>> {
        self.last_id += 1;
        let id = RequestId::from(self.last_id);
        let request =
            json!({ "jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params });
        self.send(request.to_string()).await;
        while let Some(line) = self.lines.from_bridge.recv().await {
            let Ok(message) = Message::parse(line) else { continue };
            match message.kind() {
                MessageKind::Request => self.answer(&message).await,
                MessageKind::Notification => self.notice(&message),
                MessageKind::Response | MessageKind::ErrorResponse if message.id() != Some(&id) => {
                }
                MessageKind::Response => return result_of(&message),
                MessageKind::ErrorResponse => return Err(refused(method, &message)),
            }
        }
        Err(Error::failed(format!("the bridge ended before it answered `{method}`")))
    }

    /// All entries of a list, page after page, as they came.
    pub async fn list(&mut self, method: &str, member: &str) -> Result<Vec<Box<RawValue>>> {
        let mut entries = Vec::new();
        let mut params = json!({});
        // A server that never stops handing out cursors must not keep us for ever.
        for _ in 0..1_000 {
            let page = self.request(method, params).await?;
            let mut page: std::collections::BTreeMap<String, Box<RawValue>> =
                parsed(method, page.get())?;
            if let Some(list) = page.remove(member) {
                entries.extend(parsed::<Vec<Box<RawValue>>>(method, list.get())?);
            }
            match page.get("nextCursor").map(|cursor| serde_json::from_str(cursor.get())) {
                Some(Ok(Value::String(cursor))) => params = json!({ "cursor": cursor }),
                _ => return Ok(entries),
            }
        }
        Err(Error::failed(format!("`{method}` has more than 1000 pages")))
    }

    /// Leaves: the bridge ends its session with the remote and closes its end.
    pub async fn close(self) {
        let Lines { to_bridge, mut from_bridge } = self.lines;
        drop(to_bridge);
        while from_bridge.recv().await.is_some() {}
    }

    async fn send(&self, line: String) {
        // A bridge that is gone shows when nothing more can be received.
        let _ = self.lines.to_bridge.send(line.into()).await;
    }

    /// Answers what the remote asks: nothing may be left open.
    async fn answer(&self, question: &Message) {
        let Some(id) = question.id() else { return };
        let answer = match question.method() {
            methods::PING => result_response(id, json!({})),
            methods::ELICIT => {
                let params = question.params_as().unwrap_or_default();
                let Answer { result, notice } = answer_to(&params, self.manner.yes);
                to_stderr(&notice);
                result_response(id, &result)
            }
            method => {
                let message = format!("`{}` is not offered", plain(method));
                error_response(id, codes::METHOD_NOT_FOUND, &message, Value::Null)
            }
        };
        self.send(answer).await;
    }

    fn notice(&self, notification: &Message) {
        if notification.method() == methods::PROGRESS && self.manner.progress {
            let params: Value = notification.params_as().unwrap_or_default();
            to_stderr(&progress(&params));
        }
    }
}

/// `progress: 3 of 10, copying`
fn progress(params: &Value) -> String {
    let number = |member: &str| params[member].as_f64().map(|number| number.to_string());
    let mut line = format!("progress: {}", number("progress").unwrap_or_default());
    if let Some(total) = number("total") {
        line += &format!(" of {total}");
    }
    if let Some(message) = params["message"].as_str() {
        line += &format!(", {}", plain(message));
    }
    line + "\n"
}

fn result_of(message: &Message) -> Result<Box<RawValue>> {
    message.outcome_as().ok_or_else(|| Error::failed("the bridge gave an unreadable result"))
}

fn parsed<'a, T: Deserialize<'a>>(method: &str, text: &'a str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| Error::failed(format!("`{method}` has an unexpected result: {error}")))
}

fn refused(method: &str, message: &Message) -> Error {
    let refusal: Refusal = message.outcome_as().unwrap_or_default();
    let bridge = &refusal.data["bridge"];
    let text = plain(&refusal.message);
    let error = match bridge["kind"].as_str() {
        Some("auth_required") => Error::failed(text).with_exit_code(ExitCode::LoginNeeded),
        Some(_) => Error::failed(text),
        None => Error::failed(format!("the server refused `{method}`: {text} ({})", refusal.code)),
    };
    match bridge["hint"].as_str() {
        Some(hint) => error.hint(plain(hint)),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bridge that reads what the session sends and writes what the test says.
    struct Played {
        from_session: mpsc::Receiver<Bytes>,
        to_session: mpsc::Sender<Bytes>,
    }

    fn lines() -> (Lines, Played) {
        let (to_bridge, from_session) = mpsc::channel(8);
        let (to_session, from_bridge) = mpsc::channel(8);
        (Lines { to_bridge, from_bridge }, Played { from_session, to_session })
    }

    impl Played {
        async fn next(&mut self) -> Value {
            serde_json::from_slice(&self.from_session.recv().await.unwrap()).unwrap()
        }

        async fn say(&self, line: Value) {
            self.to_session.send(line.to_string().into()).await.unwrap();
        }

        async fn result(&mut self, result: Value) -> Value {
            let request = self.next().await;
            self.say(json!({ "jsonrpc": "2.0", "id": request["id"], "result": result })).await;
            request
        }
    }

    async fn opened() -> (Session, Played) {
        let (lines, mut played) = lines();
        let session = tokio::spawn(Session::open(lines, Manner::default()));
        let hello = played.result(json!({ "serverInfo": { "name": "s" } })).await;
        assert_eq!(hello["params"]["protocolVersion"], "2025-11-25");
        assert_eq!(played.next().await["method"], "notifications/initialized");
        (session.await.unwrap().unwrap(), played)
    }

    #[tokio::test]
    async fn a_list_goes_on_as_long_as_there_is_a_cursor_even_an_empty_one() {
        let (mut session, mut played) = opened().await;
        assert_eq!(session.opened["serverInfo"]["name"], "s");
        let listing = tokio::spawn(async move { session.list("tools/list", "tools").await });
        played.result(json!({ "tools": [1.0], "nextCursor": "" })).await;
        let second = played.result(json!({ "tools": [2], "nextCursor": "x" })).await;
        assert_eq!(second["params"]["cursor"], "");
        played.result(json!({ "tools": [], "nextCursor": null })).await;
        let entries = listing.await.unwrap().unwrap();
        assert_eq!(entries.iter().map(|e| e.get()).collect::<Vec<_>>(), ["1.0", "2"]);
    }

    #[tokio::test]
    async fn whatever_the_server_asks_meanwhile_is_answered() {
        let (mut session, mut played) = opened().await;
        let asking = tokio::spawn(async move { session.request("tools/call", json!({})).await });
        let request = played.next().await;
        for (id, method) in [("p", "ping"), ("e", "elicitation/create"), ("r", "roots/list")] {
            played.say(json!({ "jsonrpc": "2.0", "id": id, "method": method })).await;
        }
        played.say(json!({ "jsonrpc": "2.0", "method": "notifications/message" })).await;
        played.say(json!({ "jsonrpc": "2.0", "id": "other", "result": 1 })).await;
        assert_eq!(played.next().await["result"], json!({}));
        assert_eq!(played.next().await["result"]["action"], "decline");
        assert_eq!(played.next().await["error"]["code"], codes::METHOD_NOT_FOUND);
        played.say(json!({ "jsonrpc": "2.0", "id": request["id"], "result": 7 })).await;
        assert_eq!(asking.await.unwrap().unwrap().get(), "7");
    }

    #[tokio::test]
    async fn errors_of_the_bridge_keep_hint_and_exit_code() {
        let (mut session, mut played) = opened().await;
        let asking = tokio::spawn(async move { session.request("tools/list", json!({})).await });
        let id = played.next().await["id"].clone();
        let bridge = json!({ "kind": "auth_required", "hint": "use `--header`" });
        let error = json!({ "code": -32603, "message": "a\u{1b}b", "data": { "bridge": bridge } });
        played.say(json!({ "jsonrpc": "2.0", "id": id, "error": error })).await;
        let error = asking.await.unwrap().unwrap_err();
        assert_eq!(error.exit_code(), ExitCode::LoginNeeded);
        assert_eq!(error.to_string(), "error: a\\u{1b}b\n\nhint: use `--header`");
    }

    #[tokio::test]
    async fn errors_of_the_server_are_told_apart_and_a_lost_bridge_is_one() {
        let (mut session, mut played) = opened().await;
        let asking = tokio::spawn(async move {
            let refused = session.request("tools/list", json!({})).await.unwrap_err();
            let lost = session.request("tools/list", json!({})).await.unwrap_err();
            (refused.to_string(), lost.to_string())
        });
        let id = played.next().await["id"].clone();
        let error = json!({ "code": -32601, "message": "no" });
        played.say(json!({ "jsonrpc": "2.0", "id": id, "error": error })).await;
        played.next().await;
        drop(played);
        let (refused, lost) = asking.await.unwrap();
        assert_eq!(refused, "error: the server refused `tools/list`: no (-32601)");
        assert_eq!(lost, "error: the bridge ended before it answered `tools/list`");
    }

    #[test]
    fn progress_is_one_line() {
        let params = json!({ "progress": 3, "total": 10, "message": "a\nb" });
        assert_eq!(progress(&params), "progress: 3 of 10, a\\nb\n");
        assert_eq!(progress(&json!({ "progress": 0.5 })), "progress: 0.5\n");
    }
}
