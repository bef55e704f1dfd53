//! What the last good session with this remote said to `initialize` and to the lists, kept in a
//! file of its own per server, account and host capabilities. A host that would wait too long is
//! answered from it while the bridge connects behind (docs/hosts/README.md#the-first-turn); calls
//! never are. Holds no secret.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::jsonrpc::{Message, Object};
use crate::platform::private_file::{self, Durability};

/// Lists that a host may be answered with, and the notification that announces a change of each.
const LISTS: [(&str, &str); 4] = [
    ("tools/list", "notifications/tools/list_changed"),
    ("prompts/list", "notifications/prompts/list_changed"),
    ("resources/list", "notifications/resources/list_changed"),
    ("resources/templates/list", "notifications/resources/list_changed"),
];
/// The largest file that is kept and read, in bytes.
const FILE_LIMIT: u64 = 16 * 1024 * 1024;

/// Where answers are kept, and when they are used.
#[derive(Clone, Debug)]
pub struct MemoryOptions {
    /// The folder; it is made when there is something to keep.
    pub folder: PathBuf,
    /// Tells apart what must not be mixed: server and account.
    pub key: String,
    /// How long the remote has to answer `initialize` itself.
    pub answer_within: Duration,
}

/// The answers, as they came.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Answers {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    initialize: Option<Box<RawValue>>,
    #[serde(default)]
    lists: BTreeMap<String, Box<RawValue>>,
}

/// The cache of one session slot.
#[derive(Debug, Default)]
pub(in crate::bridge) struct ResponseCache {
    options: Option<MemoryOptions>,
    file: Option<PathBuf>,
    /// HostRequest while the file is changed: two changes at once would lose one of them.
    changing: Arc<Mutex<()>>,
    /// What the host is being answered from.
    early: Option<Answers>,
    /// Whether that is a minimal answer while a sign-in waits.
    minimal: bool,
    /// Lists that it was answered with, to be compared once the remote is there.
    served: BTreeSet<String>,
}

impl ResponseCache {
    pub(in crate::bridge) fn new(options: Option<MemoryOptions>) -> Self {
        Self { options, ..Self::default() }
    }

    /// The cache of a further session with the same remote.
    pub(in crate::bridge) fn beside(&self) -> Self {
        Self::new(self.options.clone())
    }

    /// Whether the host may be answered by anyone but the remote at all.
    pub(in crate::bridge) fn is_on(&self) -> bool {
        self.options.is_some()
    }

    /// The host has said what it can do. Returns how long the remote has to answer.
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

    /// Whether the host was told that a sign-in waits.
    pub(in crate::bridge) fn is_minimal(&self) -> bool {
        self.minimal
    }

    /// Whether the host is being answered from the cache.
    pub(in crate::bridge) fn is_answering(&self) -> bool {
        self.early.is_some()
    }

    /// The result of a list, if it is cache.
    pub(in crate::bridge) fn list(&mut self, request: &Message) -> Option<String> {
        let method = request.method();
        if !is_first_page(request) {
            return None;
        }
        let result = self.early.as_ref()?.lists.get(method)?.get().to_owned();
        self.served.insert(method.to_owned());
        Some(result)
    }

    /// The remote is there: what it must be asked, to find out what has changed.
    pub(in crate::bridge) fn finish(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.served)
    }

    /// What the remote says now to a list that the host was answered with. Returns the notification
    /// that is due if it differs.
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

    /// Keeps what the remote answered to `initialize`.
    pub(in crate::bridge) fn keep_initialize(&self, result: &str) {
        let result = raw(result);
        self.keep(|answers| answers.initialize = result);
    }

    /// Keeps what the remote answered to a list, if it came whole.
    pub(in crate::bridge) fn keep_list(&self, request: &Message, answer: &Message) {
        // Asked for every answer: a result is looked into only if it is a list that is kept.
        let is_list = || LISTS.iter().any(|(list, _)| *list == request.method());
        if self.file.is_none() || !is_list() || !is_first_page(request) {
            return;
        }
        if answer.outcome_as::<Page>().is_none_or(|page| page.next_cursor.is_some()) {
            return;
        }
        let short = |result: &&str| result.len() as u64 <= FILE_LIMIT;
        let result = answer.outcome().filter(short).and_then(raw);
        let method = request.method().to_owned();
        self.keep(move |answers| match result {
            Some(result) => drop(answers.lists.insert(method, result)),
            // What was kept before is not what the server says now.
            None => drop(answers.lists.remove(&method)),
        });
    }

    /// Changes the file off the loop. What cannot be kept is only a slower start next time.
    fn keep(&self, change: impl FnOnce(&mut Answers) + Send + 'static) {
        let Some(file) = self.file.clone() else { return };
        let changing = Arc::clone(&self.changing);
        tokio::task::spawn_blocking(move || {
            let _changing = changing.lock().unwrap_or_else(PoisonError::into_inner);
            let mut answers = read(&file).unwrap_or_default();
            let before = serde_json::to_vec(&answers).unwrap_or_default();
            change(&mut answers);
            let Ok(after) = serde_json::to_vec(&answers) else { return };
            if after.len() as u64 > FILE_LIMIT {
                // It would not be read again. A file that is not there is as good as removed.
                let _ = private_file::remove(&file);
            } else if after != before
                && let Err(error) = private_file::write(&file, &after, Durability::Process)
            {
                tracing::debug!(%error, "cannot remember the answers of this server");
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

/// A file that is damaged or unreadable counts as absent: the remote is asked instead.
fn read(file: &Path) -> Option<Answers> {
    serde_json::from_slice(&private_file::read(file, FILE_LIMIT).ok()??).ok()
}
