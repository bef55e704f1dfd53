//! `conformance`: exactly what the server scenarios of the official conformance suite expect to
//! find. Names and texts are the suite's; see `tests/conformance/README.md`.

mod answers;
mod asking;
mod contents;
mod schemas;
mod task_tools;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::product::Call;
use crate::product::{
    Arguments, Called, Habits, Need, Offers, Paths, Product, Profile, Prompt, Resource,
    ResourceTemplate, Tool,
};

/// One tool of the suite.
type Entry = crate::product::entry::Entry<Conformance>;

/// What the suite expects.
pub(crate) struct Conformance {
    tools: Vec<Arc<Tool>>,
    /// How often the suite wanted lists to change.
    changes: AtomicU64,
}

/// Every tool.
fn entries() -> impl Iterator<Item = &'static Entry> {
    [answers::TOOLS, schemas::TOOLS, asking::TOOLS, task_tools::TOOLS].into_iter().flatten()
}

impl Conformance {
    pub(crate) fn new() -> Self {
        let tools = entries().map(Entry::to_tool).map(Arc::new).collect();
        Self { tools, changes: AtomicU64::new(0) }
    }

    /// Changes what is listed; gives how often that happened.
    fn change(&self) -> u64 {
        self.changes.fetch_add(1, Ordering::SeqCst) + 1
    }
}

impl Product for Conformance {
    fn profile(&self) -> Profile {
        Profile {
            name: "conformance",
            title: "Conformance fixtures",
            version: "1.0.0",
            paths: Paths::default(),
            habits: Habits::default(),
            instructions: "What the official conformance suite expects of a server.",
            offers: Offers {
                tools_change: true,
                resources: true,
                prompts: true,
                completions: true,
                logging: true,
                tasks: true,
            },
        }
    }

    fn tools(&self) -> Vec<Arc<Tool>> {
        self.tools.clone()
    }

    fn call<'a>(
        &'a self,
        call: &'a Call,
        tool: &'a Tool,
        arguments: Arguments<'a>,
    ) -> BoxFuture<'a, Called> {
        match entries().find(|entry| entry.name == tool.name) {
            Some(entry) => (entry.run)(self, call, arguments),
            None => crate::product::entry::at_once(Err(self.unknown_tool(&tool.name))),
        }
    }

    fn resources(&self) -> Vec<Resource> {
        contents::resources()
    }

    fn templates(&self) -> Vec<ResourceTemplate> {
        contents::templates()
    }

    fn read(&self, uri: &str) -> Option<Value> {
        contents::read(uri)
    }

    fn prompts(&self) -> Vec<Prompt> {
        contents::prompts()
    }

    fn asks_before(&self, name: &str) -> Option<Need> {
        contents::asks_before(name)
    }

    fn complete(&self, _reference: &Value, argument: &str) -> Vec<String> {
        contents::complete(argument)
    }
}
