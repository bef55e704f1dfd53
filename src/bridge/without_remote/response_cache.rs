//! Caches the last successful session's answers to `initialize` and list requests, in one file per
//! server, account and host capabilities. A host that would wait too long is answered from it while
//! the bridge connects (docs/hosts/README.md#the-first-turn); tool calls never are. The cache holds
//! no secrets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::budget::Share;
use crate::jsonrpc::{Message, Object};
use crate::platform::private_file::{self, Durability};
use crate::protocol::methods;

/// The cached lists, each with the notification that announces a change.
const LISTS: [(&str, &str); 4] = [
    (methods::TOOLS_LIST, methods::TOOLS_CHANGED),
    (methods::PROMPTS_LIST, methods::PROMPTS_CHANGED),
    (methods::RESOURCES_LIST, methods::RESOURCES_CHANGED),
    (methods::RESOURCE_TEMPLATES_LIST, methods::RESOURCES_CHANGED),
];
/// The largest file that is written and read, in bytes.
const FILE_LIMIT: u64 = 16 * 1024 * 1024;

/// Where answers are cached, and when they are used.
#[derive(Clone, Debug)]
pub struct CacheOptions {
    /// The folder; it is created when there is something to cache.
    pub folder: PathBuf,
    /// Identifies what must not be mixed: server, account and credentials.
    pub key: String,
    /// The server's name, safe to show, for people who read the file.
    pub server: String,
    /// How long the remote may take to answer `initialize` before the cache does.
    pub answer_within: Duration,
}

/// The answers, as received.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Answers {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    server: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    initialize: Option<Box<RawValue>>,
    #[serde(default)]
    lists: BTreeMap<String, Box<RawValue>>,
}

/// The cache of one session slot.
#[derive(Debug, Default)]
pub(in crate::bridge) struct ResponseCache {
    options: Option<CacheOptions>,
    file: Option<PathBuf>,
    /// Locked while the file is changed: of two changes at once, one would be lost.
    changing: Arc<Mutex<()>>,
    /// The answers that the host currently gets.
    early: Option<Answers>,
    /// Whether they are the minimal answers for a pending sign-in.
    minimal: bool,
    /// The lists that the host was given, to be compared once the remote answers.
    served: BTreeSet<String>,
}

impl ResponseCache {
    pub(in crate::bridge) fn new(options: Option<CacheOptions>) -> Self {
        Self { options, ..Self::default() }
    }

    /// The cache of a further session with the same remote.
    pub(in crate::bridge) fn beside(&self) -> Self {
        Self::new(self.options.clone())
    }

    /// Forgets what the host was given, because it opens another session.
    pub(in crate::bridge) fn begin_again(&mut self) {
        (self.early, self.minimal) = (None, false);
        self.served.clear();
    }

    /// Whether the host may be answered from the cache at all.
    pub(in crate::bridge) fn is_on(&self) -> bool {
        self.options.is_some()
    }

    /// Chooses the file for the host's `initialize`. Returns how long the remote may take to
    /// answer.
    pub(in crate::bridge) fn begin(&mut self, initialize: &Message) -> Option<Duration> {
        let options = self.options.as_ref()?;
        let hello = Object::parse(initialize.params()?)?;
        let mut digest = Sha256::new();
        let version = hello.text("protocolVersion").unwrap_or_default();
        let capabilities = hello.get("capabilities").unwrap_or_default();
        for part in [options.key.as_str(), &version, capabilities] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        let name = hex::encode(digest.finalize());
        self.file = Some(options.folder.join(format!("{name}.json")));
        Some(options.answer_within)
    }

    /// Begins to answer from the cache. Returns the result of `initialize`, if the last session
    /// left one.
    pub(in crate::bridge) fn answer_early(&mut self) -> Option<String> {
        let answers = read(self.file.as_deref()?)?;
        let result = answers.initialize.as_ref()?.get().to_owned();
        self.early = Some(answers);
        Some(result)
    }

    /// Begins to answer with these lists, because nothing is known of the server. All of them are
    /// compared later: whether the host asked for them or not, it should ask again.
    pub(in crate::bridge) fn answer_minimal<const N: usize>(&mut self, lists: [(&str, String); N]) {
        let mut answers = Answers::default();
        for (method, list) in lists {
            self.served.insert(method.to_owned());
            answers.lists.extend(raw(&list).map(|list| (method.to_owned(), list)));
        }
        self.early = Some(answers);
        self.minimal = true;
    }

    /// Whether the host got the minimal answers for a pending sign-in.
    pub(in crate::bridge) fn is_minimal(&self) -> bool {
        self.minimal
    }

    /// Whether the host is being answered from the cache.
    pub(in crate::bridge) fn is_answering(&self) -> bool {
        self.early.is_some()
    }

    /// The result of a list, if it is cached.
    pub(in crate::bridge) fn list(&mut self, request: &Message) -> Option<String> {
        let method = request.method();
        if !is_first_page(request) {
            return None;
        }
        let result = self.early.as_ref()?.lists.get(method)?.get().to_owned();
        self.served.insert(method.to_owned());
        Some(result)
    }

    /// Takes out the lists to request from the remote, to find out what has changed.
    pub(in crate::bridge) fn finish(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.served)
    }

    /// Compares the remote's list with the one that the host was given. Returns the notification
    /// that announces the difference, if there is one.
    pub(in crate::bridge) fn compare(
        &mut self,
        method: &str,
        result: &str,
    ) -> Option<&'static str> {
        let known = self.early.as_ref().and_then(|answers| answers.lists.get(method));
        let changed = known.is_none_or(|known| known.get() != result);
        let (_, notification) = LISTS.iter().find(|(list, _)| *list == method)?;
        changed.then_some(*notification)
    }

    /// Caches the remote's answer to `initialize`.
    pub(in crate::bridge) fn keep_initialize(&self, result: &str) {
        let result = raw(result);
        self.keep(|answers| answers.initialize = result);
    }

    /// Caches the remote's answer to a list, if it came in one page.
    pub(in crate::bridge) fn keep_list(&self, request: &Message, answer: &Message) {
        // Runs for every answer, so a result is parsed only if it is a cached list.
        let is_list = || LISTS.iter().any(|(list, _)| *list == request.method());
        if self.file.is_none() || !is_list() || !is_first_page(request) {
            return;
        }
        let short = |result: &&str| result.len() as u64 <= FILE_LIMIT;
        let mut share = Share::default();
        let is_kept = answer.outcome().filter(short).is_some_and(|result| {
            // One copy as received, one as written.
            share.try_grow(2 * result.len())
        });
        let (method, answer) = (request.method().to_owned(), answer.clone());
        // The host's answer must not wait for the list to be parsed.
        self.keep(move |answers| {
            if answer.outcome_as::<Page>().is_none_or(|page| page.next_cursor.is_some()) {
                return;
            }
            match answer.outcome().filter(|_| is_kept).and_then(raw) {
                Some(result) => drop(answers.lists.insert(method, result)),
                // The cached list is out of date.
                None => drop(answers.lists.remove(&method)),
            }
            drop(share);
        });
    }

    /// Changes the file on another thread. A failure only makes the next start slower.
    fn keep(&self, change: impl FnOnce(&mut Answers) + Send + 'static) {
        let Some(file) = self.file.clone() else { return };
        let changing = Arc::clone(&self.changing);
        let server = self.options.as_ref().map(|options| options.server.clone());
        tokio::task::spawn_blocking(move || {
            let _changing = changing.lock().unwrap_or_else(PoisonError::into_inner);
            let mut answers = read(&file).unwrap_or_default();
            let before = serde_json::to_vec(&answers).unwrap_or_default();
            change(&mut answers);
            answers.server = server.unwrap_or_default();
            let Ok(after) = serde_json::to_vec(&answers) else { return };
            if after.len() as u64 > FILE_LIMIT {
                // It could never be read back. A missing file counts as removed.
                let _ = private_file::remove(&file);
            } else if after != before
                && let Err(error) = private_file::write(&file, &after, Durability::Process)
            {
                tracing::debug!(%error, "cannot cache the answers of this server");
            }
        });
    }
}

#[derive(Deserialize)]
struct Page {
    #[serde(rename = "nextCursor", default)]
    next_cursor: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Paged {
    #[serde(default)]
    cursor: Option<serde_json::Value>,
}

fn is_first_page(request: &Message) -> bool {
    match request.params() {
        None => true,
        Some(_) => request.params_as::<Paged>().is_some_and(|params| params.cursor.is_none()),
    }
}

fn raw(text: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(text.to_owned()).ok()
}

/// Reads the file. A damaged or unreadable one counts as absent: the remote is asked instead. So
/// does one with line breaks, which are never written there and must not reach the host.
fn read(file: &Path) -> Option<Answers> {
    let bytes = private_file::read(file, FILE_LIMIT).ok()??;
    let is_one_line = memchr::memchr2(b'\n', b'\r', &bytes).is_none();
    is_one_line.then(|| serde_json::from_slice(&bytes).ok()).flatten()
}

#[cfg(test)]
mod tests;
