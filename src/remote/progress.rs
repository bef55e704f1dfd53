//! Watches the progress of calls whose answers arrive on another stream: progress restarts their
//! time limit (T-26).

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::value::RawValue;

use crate::jsonrpc::Message;
use crate::protocol::methods;

/// How often each watched call has shown progress, by its progress token in JSON.
#[derive(Debug, Default)]
pub(super) struct ProgressWatch {
    any: AtomicBool,
    counts: Mutex<HashMap<String, u64>>,
}

#[derive(serde::Deserialize)]
struct Params {
    #[serde(rename = "progressToken", default)]
    token: Option<Box<RawValue>>,
    #[serde(rename = "_meta", default)]
    meta: Option<Meta>,
}

#[derive(serde::Deserialize)]
struct Meta {
    #[serde(rename = "progressToken", default)]
    token: Option<Box<RawValue>>,
}

impl ProgressWatch {
    /// Starts to watch a call, if it asks for progress, until the returned value is dropped.
    pub(super) fn watch(&self, call: &Message) -> Option<WatchedCall<'_>> {
        let params: Params = call.params_as()?;
        let token = params.meta?.token?.get().to_owned();
        self.with(|counts| counts.insert(token.clone(), 0));
        self.any.store(true, Ordering::Release);
        Some(WatchedCall { watch: self, token })
    }

    /// Counts a message on a shared stream if it reports progress.
    pub(super) fn see(&self, message: &Message) {
        if !self.any.load(Ordering::Acquire) || message.method() != methods::PROGRESS {
            return;
        }
        let Some(token) = message.params_as::<Params>().and_then(|params| params.token) else {
            return;
        };
        self.with(|counts| {
            if let Some(count) = counts.get_mut(token.get()) {
                *count += 1;
            }
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<String, u64>) -> T) -> T {
        work(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A call whose progress is watched.
pub(super) struct WatchedCall<'a> {
    watch: &'a ProgressWatch,
    token: String,
}

impl WatchedCall<'_> {
    /// How often the call has shown progress.
    pub(super) fn count(&self) -> u64 {
        self.watch.with(|counts| counts.get(&self.token).copied().unwrap_or_default())
    }
}

impl Drop for WatchedCall<'_> {
    fn drop(&mut self) {
        let is_empty = self.watch.with(|counts| {
            counts.remove(&self.token);
            counts.is_empty()
        });
        self.watch.any.store(!is_empty, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T-26
    #[test]
    fn progress_counts_for_the_call_that_asked_for_it() {
        let message = |text: &str| Message::parse(text.to_owned()).unwrap();
        let watch = ProgressWatch::default();
        let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":"a"}}}"#;
        let watched = watch.watch(&message(call)).unwrap();
        for other in ["b", "a"] {
            watch.see(&message(&format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":"{other}"}}}}"#
            )));
        }
        assert_eq!(watched.count(), 1);
        drop(watched);
        assert!(watch.with(|counts| counts.is_empty()), "it is not watched for ever");
        let silent = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#;
        assert!(watch.watch(&message(silent)).is_none());
    }
}
