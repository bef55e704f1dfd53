//! Edits of an answer by faults: of the JSON of its result, of the message, or of the head of the
//! HTTP response. A fault that only edits an answer needs no field in the plan.

use std::fmt;
use std::sync::Arc;

use axum::http::HeaderMap;

type ResultEdit = Arc<dyn Fn(String) -> String + Send + Sync>;
type MessageEdit = Arc<dyn Fn(Vec<u8>) -> Vec<Vec<u8>> + Send + Sync>;
type HeadEdit = Arc<dyn Fn(&mut HeaderMap) + Send + Sync>;

/// Changes to one answer, in the order in which its faults are given.
#[derive(Clone, Default)]
pub(crate) struct AnswerEdits {
    result: Vec<ResultEdit>,
    message: Vec<MessageEdit>,
    head: Vec<HeadEdit>,
}

impl AnswerEdits {
    /// Adds an edit of a result's JSON text. Errors have no result.
    pub(super) fn edit_result(&mut self, edit: impl Fn(String) -> String + Send + Sync + 'static) {
        self.result.push(Arc::new(edit));
    }

    /// Adds an edit of a message, which returns the messages to send in its place.
    pub(super) fn edit_message(
        &mut self,
        edit: impl Fn(Vec<u8>) -> Vec<Vec<u8>> + Send + Sync + 'static,
    ) {
        self.message.push(Arc::new(edit));
    }

    /// Adds a change to the head of the HTTP response.
    pub(super) fn edit_head(&mut self, edit: impl Fn(&mut HeaderMap) + Send + Sync + 'static) {
        self.head.push(Arc::new(edit));
    }

    /// Returns the edited result.
    pub(crate) fn result(&self, result: String) -> String {
        self.result.iter().fold(result, |result, edit| edit(result))
    }

    /// Returns the messages to send in place of one.
    pub(crate) fn messages(&self, message: String) -> Vec<Vec<u8>> {
        self.message.iter().fold(vec![message.into_bytes()], |messages, edit| {
            messages.into_iter().flat_map(|message| edit(message)).collect()
        })
    }

    /// Changes the head of a response.
    pub(crate) fn head(&self, headers: &mut HeaderMap) {
        for edit in &self.head {
            edit(headers);
        }
    }
}

impl fmt::Debug for AnswerEdits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { result, message, head } = self;
        write!(f, "AnswerEdits({}, {}, {})", result.len(), message.len(), head.len())
    }
}
