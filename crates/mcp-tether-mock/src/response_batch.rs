//! Answers that wait for others, to be sent in one array.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::events::EndOnDrop;

/// Answers that wait, and the streams kept open although their answer is sent on another one.
#[derive(Debug, Default)]
pub(crate) struct ResponseBatch(Mutex<BatchState>);

#[derive(Debug, Default)]
struct BatchState {
    answers: Vec<Bytes>,
    streams: Vec<Arc<EndOnDrop>>,
}

impl ResponseBatch {
    /// Adds an answer. Once there are `size` of them, returns all as one array; until then, the
    /// stream that `end` would end stays open.
    pub(crate) fn collect(
        &self,
        answer: Bytes,
        size: usize,
        end: Option<Arc<EndOnDrop>>,
    ) -> Option<Bytes> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.answers.push(answer);
        if state.answers.len() < size {
            state.streams.extend(end);
            return None;
        }
        let answers = std::mem::take(&mut state.answers);
        Some(join_array(&answers))
    }

    /// Drops all answers, and with them ends their streams.
    pub(crate) fn clear(&self) {
        let state = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        drop(state);
    }
}

/// Joins JSON texts into one JSON array.
pub(crate) fn join_array(texts: &[Bytes]) -> Bytes {
    let mut out = vec![b'['];
    for (position, text) in texts.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        out.extend_from_slice(text);
    }
    out.push(b']');
    out.into()
}
