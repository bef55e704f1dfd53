//! A small host for `tools`, `call`, `demo` and `doctor`: opens a legacy session through the
//! bridge, sends one request at a time and answers the requests of the remote. It exchanges lines
//! over two channels and does not know what is at their other ends.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::consent::ask;
use super::questions::{Consent, ElicitationAnswer, answer_to, confirmation};
use crate::environment::{stderr_is_terminal, stdin_is_terminal, to_stderr};
use crate::error::{Error, FailureKind, Result};
use crate::jsonrpc::{
    Message, MessageKind, RequestId, error_response, notification, request, result_response,
};
use crate::protocol::{ProtocolVersion, codes, methods};
use crate::redact::{plain, shown_words};

/// The largest number of pages of a list.
const MAX_PAGES: usize = 1000;
/// The largest size of a list with all its pages, in bytes of JSON.
const MAX_LIST_BYTES: usize = 64 * 1024 * 1024;

/// The two channels to a bridge. Each item is one message without a line ending.
pub(crate) struct Lines {
    /// To the bridge. Dropping it tells the bridge that the host is gone.
    pub(super) to_bridge: mpsc::Sender<Bytes>,
    /// From the bridge. It ends with the bridge.
    pub(super) from_bridge: mpsc::Receiver<Bytes>,
}

/// How the session interacts with the user at the terminal.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SessionOptions {
    /// Accept confirmations.
    pub(super) yes: bool,
    /// Show progress on stderr.
    pub(super) progress: bool,
    /// Ask the user for confirmations, if there is a terminal.
    pub(super) asks: bool,
}

/// A legacy session with a remote.
pub(crate) struct CommandSession {
    lines: Lines,
    options: SessionOptions,
    last_id: u64,
    /// The result of `initialize`.
    pub(crate) opened: Value,
}

/// An error answer, with the bridge's additions in `data.bridge` (E-59).
#[derive(Deserialize, Default)]
struct RpcRefusal {
    #[serde(default)]
    message: String,
    #[serde(default)]
    code: i64,
    #[serde(default)]
    data: Value,
}

/// Why a request has no result.
#[derive(Debug)]
enum RequestError {
    /// The server does not know the method (`-32601`).
    UnknownMethod(Error),
    Other(Error),
}

type Attempt<T> = std::result::Result<T, RequestError>;

impl From<Error> for RequestError {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<RequestError> for Error {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::UnknownMethod(error) | RequestError::Other(error) => error,
        }
    }
}

impl CommandSession {
    /// Opens a session.
    ///
    /// # Errors
    /// The server refuses `initialize`, or the bridge has ended.
    pub(crate) async fn open(lines: Lines, options: SessionOptions) -> Result<Self> {
        let mut session = Self { lines, options, last_id: 0, opened: Value::Null };
        let hello = json!({
            "protocolVersion": ProtocolVersion::NEWEST_LEGACY.name(),
            "capabilities": { "elicitation": {} },
            "clientInfo": { "name": "mcp-tether", "version": env!("CARGO_PKG_VERSION") },
        });
        let opened = session.request(methods::INITIALIZE, hello).await?;
        session.opened = serde_json::from_str(opened.get()).unwrap_or_default();
        session.send(notification(methods::INITIALIZED, None)).await;
        Ok(session)
    }

    /// Sends a request and waits for its result; returns the unchanged text of the result.
    ///
    /// # Errors
    /// The server answers with an error, or the bridge has ended.
    pub(super) async fn request(&mut self, method: &str, params: Value) -> Result<Box<RawValue>> {
        Ok(self.try_request(method, params).await?)
    }

    async fn try_request(&mut self, method: &str, params: Value) -> Attempt<Box<RawValue>> {
        self.last_id += 1;
        let id = RequestId::from(self.last_id);
        self.send(request(&id, method, Some(&params.to_string()))).await;
        while let Some(line) = self.lines.from_bridge.recv().await {
            let Ok(message) = Message::parse(line) else { continue };
            match message.kind() {
                MessageKind::Request => self.answer(&message).await,
                MessageKind::Notification => self.show_progress(&message),
                MessageKind::Response | MessageKind::ErrorResponse if message.id() != Some(&id) => {
                }
                MessageKind::Response => return Ok(result_of(&message, method)?),
                MessageKind::ErrorResponse => return Err(error_for_refusal(method, &message)),
            }
        }
        let ended = Error::failed(format!("the bridge ended before it answered `{method}`"))
            .hint("run the command again with `--debug` to see why");
        Err(ended.into())
    }

    /// Like [`Self::request`], for a method of this capability.
    ///
    /// # Errors
    /// As for [`Self::request`]; a capability that the server neither declares nor knows is named.
    pub(super) async fn request_of(
        &mut self,
        capability: &str,
        method: &str,
        params: Value,
    ) -> Result<Box<RawValue>> {
        match self.try_request(method, params).await {
            Err(RequestError::UnknownMethod(_)) if !self.declares(capability) => {
                Err(Error::failed(format!("the server offers no {capability}"))
                    .hint("`mcp-tether info URL` shows what it offers"))
            }
            answered => Ok(answered?),
        }
    }

    fn declares(&self, capability: &str) -> bool {
        !self.opened["capabilities"][capability].is_null()
    }

    /// All entries of a list, from all its pages, as the server sent them.
    ///
    /// # Errors
    /// As for [`Self::request`], or the list has more than 1000 pages or 64 MiB.
    pub(super) async fn list(&mut self, method: &str, member: &str) -> Result<Vec<Box<RawValue>>> {
        Ok(self.list_within(method, member, MAX_LIST_BYTES).await?)
    }

    /// Like [`Self::list`], for a list with the name of its capability; empty if the server does
    /// not declare that.
    ///
    /// # Errors
    /// As for [`Self::list`].
    pub(super) async fn list_declared(
        &mut self,
        method: &str,
        capability: &str,
    ) -> Result<Vec<Box<RawValue>>> {
        if !self.declares(capability) {
            return Ok(Vec::new());
        }
        self.list(method, capability).await
    }

    /// Like [`Self::list`]; empty if the server does not know the method.
    ///
    /// # Errors
    /// As for [`Self::list`].
    pub(super) async fn list_if_known(
        &mut self,
        method: &str,
        member: &str,
    ) -> Result<Vec<Box<RawValue>>> {
        match self.list_within(method, member, MAX_LIST_BYTES).await {
            Err(RequestError::UnknownMethod(_)) => Ok(Vec::new()),
            listed => Ok(listed?),
        }
    }

    async fn list_within(
        &mut self,
        method: &str,
        member: &str,
        limit: usize,
    ) -> Attempt<Vec<Box<RawValue>>> {
        let (mut entries, mut bytes) = (Vec::new(), 0);
        let mut params = json!({});
        // Some servers never stop sending cursors.
        for _ in 0..MAX_PAGES {
            let page = self.try_request(method, params).await?;
            bytes += page.get().len();
            if bytes > limit {
                let message = format!("`{method}` has more than {} MiB", limit / (1024 * 1024));
                return Err(Error::failed(message).hint(TELL_OPERATOR).into());
            }
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
        let endless = Error::failed(format!("`{method}` has more than {MAX_PAGES} pages"));
        Err(endless.hint(TELL_OPERATOR).into())
    }

    /// Ends the session and waits until the bridge has ended its own with the remote.
    pub(crate) async fn close(self) {
        let Lines { to_bridge, mut from_bridge } = self.lines;
        drop(to_bridge);
        while from_bridge.recv().await.is_some() {}
    }

    async fn send(&self, line: String) {
        // If the bridge has ended, the next receive reports it.
        let _ = self.lines.to_bridge.send(line.into()).await;
    }

    /// Answers a request of the remote: every request gets an answer.
    async fn answer(&self, question: &Message) {
        let Some(id) = question.id() else { return };
        let answer = match question.method() {
            methods::PING => result_response(id, json!({})),
            methods::ELICIT => {
                let params = question.params_as().unwrap_or_default();
                let consent = self.consent(&params).await;
                let ElicitationAnswer { result, notice } = answer_to(&params, consent);
                to_stderr(&notice);
                result_response(id, &result)
            }
            method => {
                let message = format!("`{}` is not supported", plain(method));
                error_response(id, codes::METHOD_NOT_FOUND, &message, Value::Null)
            }
        };
        self.send(answer).await;
    }

    /// The user's response to a confirmation: beforehand with `--yes`, or at the terminal.
    async fn consent(&self, params: &Value) -> Consent {
        if self.options.yes {
            return Consent::Beforehand;
        }
        let can_ask = self.options.asks && stdin_is_terminal() && stderr_is_terminal();
        match confirmation(params).filter(|_| can_ask) {
            // The session continues while the user thinks.
            Some(question) => match tokio::task::spawn_blocking(move || ask(&question)).await {
                Ok(Ok(true)) => Consent::Given,
                _ => Consent::Refused,
            },
            None => Consent::NotAsked,
        }
    }

    fn show_progress(&self, notification: &Message) {
        if notification.method() == methods::PROGRESS && self.options.progress {
            let params: Value = notification.params_as().unwrap_or_default();
            to_stderr(&progress(&params));
        }
    }
}

/// A line such as `progress: 3 of 10, copying`.
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

const TELL_OPERATOR: &str = "tell the server's operator";

fn result_of(message: &Message, method: &str) -> Result<Box<RawValue>> {
    message.outcome_as().ok_or_else(|| {
        Error::failed(format!("the result of `{method}` cannot be read")).hint(TELL_OPERATOR)
    })
}

fn parsed<'a, T: Deserialize<'a>>(method: &str, text: &'a str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| {
        Error::failed(format!("`{method}` has an unexpected result: {error}")).hint(TELL_OPERATOR)
    })
}

fn error_for_refusal(method: &str, message: &Message) -> RequestError {
    let refusal: RpcRefusal = message.outcome_as().unwrap_or_default();
    let bridge = &refusal.data["bridge"];
    let text = plain(&refusal.message);
    let hint = || plain(bridge["hint"].as_str().unwrap_or(TELL_OPERATOR));
    let error = match bridge["kind"].as_str().map(FailureKind::from_name) {
        Some(Some(kind)) => {
            let error = Error::failed(text).hint(hint()).with_exit_code(kind.exit_code());
            return kind.command_hint().into_iter().fold(error, Error::hint).into();
        }
        Some(None) => return Error::failed(text).hint(hint()).into(),
        None => Error::failed(format!(
            "the server refused `{method}`: {} ({})",
            shown_words(&refusal.message),
            refusal.code
        ))
        .hint("these are the server's own words: check what you ask for, or ask its operator"),
    };
    if refusal.code == codes::METHOD_NOT_FOUND {
        RequestError::UnknownMethod(error)
    } else {
        RequestError::Other(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ExitCode;

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

    async fn opened() -> (CommandSession, Played) {
        let (lines, mut played) = lines();
        let session = tokio::spawn(CommandSession::open(lines, SessionOptions::default()));
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

    /// S-12
    #[tokio::test]
    async fn a_list_that_grows_without_end_is_given_up() {
        let (mut session, mut played) = opened().await;
        let listing =
            tokio::spawn(async move { session.list_within("tools/list", "tools", 100).await });
        for _ in 0..2 {
            played.result(json!({ "tools": ["x".repeat(30)], "nextCursor": "more" })).await;
        }
        let error = Error::from(listing.await.unwrap().unwrap_err()).to_string();
        assert!(error.contains("`tools/list` has more than"), "{error}");
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
        let says = |error: &str| error.split_once("\n\nhint: ").unwrap().0.to_owned();
        assert_eq!(says(&refused), "error: the server refused `tools/list`: no (-32601)");
        assert_eq!(says(&lost), "error: the bridge ended before it answered `tools/list`");
    }

    #[test]
    fn progress_is_one_line() {
        let params = json!({ "progress": 3, "total": 10, "message": "a\nb" });
        assert_eq!(progress(&params), "progress: 3 of 10, a\\nb\n");
        assert_eq!(progress(&json!({ "progress": 0.5 })), "progress: 0.5\n");
    }
}
