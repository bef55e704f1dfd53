//! The interface of products: the trait [`MockProduct`], tools, the current call and its results,
//! and helpers that many products share (fields, records, pages, amounts).
//!
//! The products in `products` import this module; nothing here imports a product, the transports or
//! the methods. A product knows nothing of transports and revisions.

mod call;
mod content;
pub(crate) mod draw;
pub(crate) mod entry;
pub(crate) mod field;
pub(crate) mod moment;
pub(crate) mod money;
pub(crate) mod page;
mod profile;
pub(crate) mod query;
pub(crate) mod records;
mod skill;
mod tool;
mod web;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;

pub(crate) use call::{CallContext, QuestionChannel, Streams};
pub(crate) use content::{
    Prompt, PromptArgument, ResourceEntry, ResourceTemplate, ToolOutcome, ToolResult,
};
pub(crate) use moment::Moment;
pub(crate) use profile::{EndpointPaths, Habits, Need, Offers, Profile};
pub(crate) use skill::Skill;
pub(crate) use tool::{Arguments, Misfit, ToolKind, ToolSpec};
pub(crate) use web::{WebAnswer, WebFields, WebRequest};

use crate::rpc_error::RpcError;

/// A product.
pub(crate) trait MockProduct: Send + Sync {
    fn profile(&self) -> Profile;

    /// Returns the tools that are available now.
    fn tools(&self) -> Vec<Arc<ToolSpec>>;

    /// Runs a tool whose arguments fit its schema.
    fn call<'a>(
        &'a self,
        call: &'a CallContext,
        tool: &'a ToolSpec,
        arguments: Arguments<'a>,
    ) -> BoxFuture<'a, ToolOutcome>;

    /// Returns whether it issued this token and the token is still valid.
    fn admits(&self, _token: &str) -> bool {
        false
    }

    /// Answers a request for something other than an MCP endpoint; `None` if it has
    /// nothing there.
    fn web(&self, _asked: &WebRequest<'_>) -> Option<WebAnswer> {
        None
    }

    /// Returns the answer to invalid arguments.
    fn invalid_arguments(
        &self,
        _call: &CallContext,
        tool: &ToolSpec,
        misfits: &[Misfit],
    ) -> ToolOutcome {
        Err(RpcError::invalid_params(format!("`{}`: {}", tool.name, Misfit::all(misfits))))
    }

    /// Returns the error for a tool that does not exist.
    fn unknown_tool(&self, name: &str) -> RpcError {
        RpcError::invalid_params(format!("no tool is named `{name}`"))
    }

    /// Returns the question that the user must answer before this prompt or resource is returned.
    fn asks_before(&self, _name: &str) -> Option<Need> {
        None
    }

    fn resources(&self) -> Vec<ResourceEntry> {
        Vec::new()
    }

    fn templates(&self) -> Vec<ResourceTemplate> {
        Vec::new()
    }

    /// Returns the contents of a resource.
    fn read(&self, _uri: &str) -> Option<Value> {
        None
    }

    /// Returns the skills, whose files are resources too.
    fn skills(&self) -> &'static [Skill] {
        &[]
    }

    fn prompts(&self) -> Vec<Prompt> {
        Vec::new()
    }

    /// Returns every value that this argument of a prompt or template can have.
    fn complete(&self, _reference: &Value, _argument: &str) -> Vec<String> {
        Vec::new()
    }
}
