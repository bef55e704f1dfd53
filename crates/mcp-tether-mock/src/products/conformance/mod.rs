//! `conformance`: exactly what the server scenarios of the official conformance suite expect to
//! find. Names and texts are the suite's; see `tests/conformance/README.md`.

mod answers;
mod asking;
mod contents;
mod schemas;
mod state;
mod task_tools;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use futures_util::future::BoxFuture;
use serde_json::Value;

pub(crate) use self::state::Conformance;
use self::state::Entry;
use crate::product::CallContext;
use crate::product::{
    Arguments, EndpointPaths, Habits, MockProduct, Need, Offers, Profile, Prompt, ResourceEntry,
    ResourceTemplate, Skill, ToolOutcome, ToolSpec,
};

/// Returns every tool.
fn entries() -> impl Iterator<Item = &'static Entry> {
    [answers::TOOLS, schemas::TOOLS, asking::TOOLS, task_tools::TOOLS].into_iter().flatten()
}

impl Conformance {
    pub(crate) fn new() -> Self {
        let tools = entries().map(Entry::to_tool).map(Arc::new).collect();
        Self { tools, changes: AtomicU64::new(0) }
    }
}

impl MockProduct for Conformance {
    fn profile(&self) -> Profile {
        Profile {
            name: "conformance",
            title: "Conformance fixtures",
            version: "1.0.0",
            paths: EndpointPaths::default(),
            habits: Habits::default(),
            instructions: "What the official conformance suite expects of a server.",
            offers: Offers {
                tools_change: true,
                resources: true,
                prompts: true,
                completions: true,
                logging: true,
                tasks: true,
                skills: true,
                events: true,
            },
        }
    }

    fn tools(&self) -> Vec<Arc<ToolSpec>> {
        self.tools.clone()
    }

    fn call<'a>(
        &'a self,
        call: &'a CallContext,
        tool: &'a ToolSpec,
        arguments: Arguments<'a>,
    ) -> BoxFuture<'a, ToolOutcome> {
        match entries().find(|entry| entry.name == tool.name) {
            Some(entry) => (entry.run)(self, call, arguments),
            None => crate::product::entry::at_once(Err(self.unknown_tool(&tool.name))),
        }
    }

    fn resources(&self) -> Vec<ResourceEntry> {
        contents::resources()
    }

    fn templates(&self) -> Vec<ResourceTemplate> {
        contents::templates()
    }

    fn read(&self, uri: &str) -> Option<Value> {
        contents::read(uri)
    }

    fn skills(&self) -> &'static [Skill] {
        contents::SKILLS
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
