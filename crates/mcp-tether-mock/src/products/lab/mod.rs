//! `lab`: a small product made for tests of the bridge. Each tool shows one thing that a remote can
//! do: echo, run long, fail, send a large answer, act once, ask the host, send messages before the
//! answer.

mod asking;
mod contents;
mod mirrored;
mod state;
mod table;
mod task_tools;
mod tools;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;

use self::state::Entry;
pub(crate) use self::state::Lab;
use crate::product::CallContext;
use crate::product::{
    Arguments, EndpointPaths, Habits, MockProduct, Need, Offers, Profile, Prompt, ResourceEntry,
    ResourceTemplate, ToolOutcome, ToolSpec,
};
use crate::rpc_error::RpcError;

impl Lab {
    pub(crate) fn new() -> Self {
        let tools = table::all().map(Entry::to_tool).map(Arc::new).collect();
        Self::with_tools(tools)
    }
}

impl MockProduct for Lab {
    fn profile(&self) -> Profile {
        Profile {
            name: "lab",
            title: "Bridge laboratory",
            version: "1.0.0",
            paths: EndpointPaths::default(),
            habits: Habits::default(),
            instructions: "A product for tests. Start with `echo`.",
            offers: Offers {
                tools_change: true,
                resources: true,
                prompts: true,
                completions: true,
                logging: true,
                tasks: true,
                ..Offers::default()
            },
        }
    }

    fn tools(&self) -> Vec<Arc<ToolSpec>> {
        self.tools()
    }

    fn call<'a>(
        &'a self,
        call: &'a CallContext,
        tool: &'a ToolSpec,
        arguments: Arguments<'a>,
    ) -> BoxFuture<'a, ToolOutcome> {
        match table::find(&tool.name) {
            Some(entry) => (entry.run)(self, call, arguments),
            None => Box::pin(async { Ok(crate::product::ToolResult::text(tool.name.as_ref())) }),
        }
    }

    fn resources(&self) -> Vec<ResourceEntry> {
        contents::resources()
    }

    fn templates(&self) -> Vec<ResourceTemplate> {
        contents::templates()
    }

    fn read(&self, uri: &str) -> Option<Value> {
        contents::read(uri, self.touches())
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
