//! `lab`: a small product made for tests of the bridge. Each tool shows one thing that a remote can
//! do: echo, run long, fail, answer large, act once, ask the host, talk on the way.

mod asking;
mod contents;
mod mirrored;
mod task_tools;
mod tools;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::product::Call;
use crate::product::{
    Arguments, Called, Habits, Kind, Need, Offers, Paths, Product, Profile, Prompt, Resource,
    ResourceTemplate, Tool,
};
use crate::rpc_error::RpcError;

/// The lab and what happened in it.
pub(crate) struct Lab {
    /// The tools of the table, then those added at run time.
    tools: Mutex<Vec<Arc<Tool>>>,
    /// How often `act` really acted.
    acts: AtomicU64,
    /// How many calls of `act_late` were given up.
    given_up: AtomicU64,
    /// How often each URL was said to be visited, by the key it was asked under.
    visits: Mutex<HashMap<String, u64>>,
    /// How often the watched resource was touched.
    touches: AtomicU64,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let tools = tools::all().map(tools::Entry::to_tool).map(Arc::new).collect();
        Self {
            tools: Mutex::new(tools),
            acts: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
            visits: Mutex::default(),
            touches: AtomicU64::new(0),
        }
    }

    fn given_up(&self) -> u64 {
        self.given_up.load(Ordering::SeqCst)
    }

    fn give_up(&self) {
        self.given_up.fetch_add(1, Ordering::SeqCst);
    }

    /// Counts a visit under this key; gives how many there were before.
    fn visit(&self, key: &str) -> u64 {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        let visits = visits.entry(key.to_owned()).or_default();
        *visits += 1;
        *visits - 1
    }

    /// Puts another tool in the place of the one with its name.
    fn replace_tool(&self, tool: Tool) {
        let mut tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = tools.iter_mut().find(|known| known.name == tool.name) {
            *place = Arc::new(tool);
        }
    }

    fn acts(&self) -> u64 {
        self.acts.load(Ordering::SeqCst)
    }

    fn act(&self) -> u64 {
        self.acts.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn touch(&self) -> u64 {
        self.touches.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Adds a tool that answers its own name; false if there is one of that name.
    fn add_tool(&self, name: &str) -> bool {
        let mut tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        if tools.iter().any(|tool| tool.name == name) {
            return false;
        }
        let input = json!({ "type": "object" });
        let description = "answers its own name; was added by a call of `add_tool`";
        let title = name.to_owned();
        tools.push(Arc::new(Tool::new(name.to_owned(), title, description, Kind::Read, input)));
        true
    }

    /// Removes a tool that was added; false if there is none of that name.
    fn remove_tool(&self, name: &str) -> bool {
        let mut tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        let before = tools.len();
        tools.retain(|tool| tool.name != name || tools::find(name).is_some());
        tools.len() < before
    }
}

impl Product for Lab {
    fn profile(&self) -> Profile {
        Profile {
            name: "lab",
            title: "Bridge laboratory",
            version: "1.0.0",
            paths: Paths::default(),
            habits: Habits::default(),
            instructions: "A product for tests. Start with `echo`.",
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
        self.tools.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn call<'a>(
        &'a self,
        call: &'a Call,
        tool: &'a Tool,
        arguments: Arguments<'a>,
    ) -> BoxFuture<'a, Called> {
        match tools::find(&tool.name) {
            Some(entry) => (entry.run)(self, call, arguments),
            None => Box::pin(async { Ok(crate::product::ToolResult::text(tool.name.as_ref())) }),
        }
    }

    fn resources(&self) -> Vec<Resource> {
        contents::resources()
    }

    fn templates(&self) -> Vec<ResourceTemplate> {
        contents::templates()
    }

    fn read(&self, uri: &str) -> Option<Value> {
        contents::read(uri, self.touches.load(Ordering::SeqCst))
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

    fn unknown_tool(&self, name: &str) -> RpcError {
        RpcError::invalid_params(format!("unknown tool: {name}"))
    }
}
