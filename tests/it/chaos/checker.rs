//! Checks the bridge's promises to a host: exactly one correct answer to each request, after the
//! messages of its call, which keep their order.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

/// The expected answer to a request.
#[derive(Clone, Debug)]
pub enum Expected {
    /// This text, where it is a result.
    Text(String),
    /// This many numbered messages before it, where it is a result and nothing was lost.
    Numbered(u64),
    /// Any result.
    Anything,
}

/// The open requests, and the messages so far.
#[derive(Debug)]
pub struct Checker {
    /// Whether failures are allowed.
    is_rough: bool,
    open: HashMap<Value, Expected>,
    cancelled: HashSet<Value>,
    /// How many numbered messages came since the last call that sends them.
    numbered: u64,
    is_numbering: bool,
    /// Numbered messages of a call that was taken back may come at any time.
    never_numbers: bool,
}

impl Checker {
    /// Creates a checker without requests.
    pub fn new(is_rough: bool) -> Self {
        let (open, cancelled) = (HashMap::new(), HashSet::new());
        Self { is_rough, open, cancelled, numbered: 0, is_numbering: false, never_numbers: false }
    }

    /// Notes a request.
    pub fn ask(&mut self, id: Value, expected: Expected) {
        if let Expected::Numbered(_) = expected {
            (self.numbered, self.is_numbering) = (0, true);
        }
        self.open.insert(id, expected);
    }

    /// Notes that a request was taken back; it may be answered or not.
    pub fn cancel(&mut self, id: &Value) {
        if let Some(Expected::Numbered(_)) = self.open.remove(id) {
            // Its messages may still come and say not whose they are.
            self.never_numbers = true;
        }
        self.cancelled.insert(id.clone());
    }

    /// Describes the open requests for a person.
    pub fn describe_open(&self) -> String {
        format!("{:?}", self.open)
    }

    /// Returns the requests that wait for an answer.
    pub fn open(&self) -> Vec<Value> {
        self.open.keys().cloned().collect()
    }

    /// Returns whether a call that sends numbered messages can be made now: one at a time, since
    /// its messages do not say whose they are.
    pub fn may_number(&self) -> bool {
        !self.is_numbering && !self.never_numbers
    }

    /// Takes a line of the bridge. Returns what the host has to answer, if it is a question.
    ///
    /// # Errors The line breaks a promise to the host.
    pub fn take(&mut self, line: &[u8]) -> Result<Option<Value>, String> {
        let message: Value = serde_json::from_slice(line)
            .map_err(|error| format!("not JSON ({error}): {}", String::from_utf8_lossy(line)))?;
        let id = message.get("id").cloned();
        match (message["method"].as_str(), id) {
            (Some(method), Some(id)) => {
                Ok(Some(json!({ "jsonrpc": "2.0", "id": id, "result": reply(method) })))
            }
            (Some(_), None) => self.check_notification(&message).map(|()| None),
            (None, Some(id)) => self.check_answer(&id, &message).map(|()| None),
            (None, None) => Err(format!("neither request nor answer: {message}")),
        }
    }

    fn check_notification(&mut self, message: &Value) -> Result<(), String> {
        let params = &message["params"];
        if params["logger"] == "burst" && self.is_numbering && !self.never_numbers {
            let number = params["data"].as_u64().unwrap_or_default();
            let is_next = number == self.numbered + 1;
            if !is_next && !self.is_rough {
                return Err(format!("message {number} after {}", self.numbered));
            }
            self.numbered = number;
        }
        Ok(())
    }

    fn check_answer(&mut self, id: &Value, message: &Value) -> Result<(), String> {
        let Some(expected) = self.open.remove(id) else {
            if self.cancelled.remove(id) {
                return Ok(());
            }
            return Err(format!("an answer that nothing asks for: {message}"));
        };
        let is_result = message["result"].is_object();
        if !is_result && !message["error"]["code"].is_i64() {
            return Err(format!("neither result nor error: {message}"));
        }
        if !is_result && !self.is_rough {
            return Err(format!("a failure without a cause: {message}"));
        }
        match expected {
            Expected::Text(text) if is_result => {
                let got = &message["result"]["content"][0]["text"];
                if *got != text.as_str() {
                    return Err(format!("{got} instead of {text}"));
                }
            }
            Expected::Numbered(count) => {
                self.is_numbering = false;
                let is_checked = is_result && !self.is_rough && !self.never_numbers;
                if is_checked && self.numbered != count {
                    return Err(format!("{} of {count} messages before the answer", self.numbered));
                }
            }
            Expected::Text(_) | Expected::Anything => {}
        }
        Ok(())
    }
}

/// Returns the host's answer to a server's question.
fn reply(method: &str) -> Value {
    match method {
        "roots/list" => json!({ "roots": [{ "uri": "file:///home" }] }),
        "sampling/createMessage" => json!({
            "role": "assistant", "model": "m", "content": { "type": "text", "text": "hm" },
        }),
        "elicitation/create" => json!({ "action": "accept", "content": { "answer": "Ada" } }),
        _ => json!({}),
    }
}
