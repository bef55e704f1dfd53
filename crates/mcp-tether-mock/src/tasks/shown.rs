//! A task as hosts see it, in either form.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::task::{CallTask, TaskEnd, milliseconds};
use crate::date::Date;
use mcp_tether_wire::protocol::meta::rounds;

/// The revision whose member names are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskForm {
    /// 2025-11-25: `ttl`, `pollInterval`, never a result or a question.
    Legacy,
    /// The extension of 2026-07-28: `ttlMs`, `pollIntervalMs`.
    Extension,
}

impl CallTask {
    /// Returns its handle: its status, without questions, result or error.
    pub(crate) fn handle(&self, form: TaskForm) -> Map<String, Value> {
        let mut shown = Map::new();
        let mut set = |name: &str, value: Value| {
            shown.insert(name.to_owned(), value);
        };
        set("taskId", self.id().into());
        set("status", self.status().into());
        if let Some(message) = self.message() {
            set("statusMessage", message.into());
        }
        set("createdAt", timestamp(self.created()).into());
        set("lastUpdatedAt", timestamp(self.updated()).into());
        let (ttl, poll) = match form {
            TaskForm::Legacy => ("ttl", "pollInterval"),
            TaskForm::Extension => ("ttlMs", "pollIntervalMs"),
        };
        let terms = self.terms();
        set(ttl, milliseconds(terms.ttl).into());
        set(poll, milliseconds(terms.poll).into());
        shown
    }

    /// Returns its handle with questions, result or error (extension only).
    pub(crate) fn details(&self) -> Map<String, Value> {
        let mut shown = self.handle(TaskForm::Extension);
        let questions = self.questions();
        let (name, value) = match self.end() {
            Some(TaskEnd::Completed(text)) => {
                ("result", serde_json::from_str(&text).unwrap_or_default())
            }
            Some(TaskEnd::Failed(error)) => ("error", error.to_json()),
            None if !questions.is_empty() => (rounds::REQUESTS, questions.into()),
            Some(TaskEnd::Cancelled) | None => return shown,
        };
        shown.insert(name.to_owned(), value);
        shown
    }

    fn status(&self) -> &'static str {
        match self.end() {
            Some(TaskEnd::Completed(_)) => "completed",
            Some(TaskEnd::Failed(_)) => "failed",
            Some(TaskEnd::Cancelled) => "cancelled",
            None if self.questions().is_empty() => "working",
            None => "input_required",
        }
    }
}

/// Formats a time as RFC 3339 in UTC, to the millisecond.
fn timestamp(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    let day = Date::from_epoch_seconds(seconds);
    let rest = seconds - day.epoch_seconds();
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{day}T{hour:02}:{minute:02}:{second:02}.{:03}Z", since.subsec_millis())
}

/// The error object of a failure.
impl crate::rpc_error::RpcError {
    pub(crate) fn to_json(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message });
        if !self.data.is_null() {
            error["data"] = self.data.clone();
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tasks::{Tasks, Terms};

    /// E-73
    #[test]
    fn the_two_forms_differ_in_their_words() {
        let task = Tasks::default().create("me", Terms::default());
        let keys = |form| task.handle(form).keys().cloned().collect::<Vec<_>>();
        assert!(keys(TaskForm::Legacy).contains(&"ttl".to_owned()));
        assert!(keys(TaskForm::Extension).contains(&"ttlMs".to_owned()));
        task.finish(Ok(r#"{"content":[]}"#.to_owned()));
        assert_eq!(task.details()["result"], json!({ "content": [] }));
        assert_eq!(task.details()["status"], "completed");
        assert!(!task.handle(TaskForm::Extension).contains_key("result"));
    }

    #[test]
    fn times_are_written_in_utc() {
        let at = UNIX_EPOCH + Duration::from_millis(1_790_000_123_456);
        assert_eq!(timestamp(at), "2026-09-21T14:15:23.456Z");
    }
}
