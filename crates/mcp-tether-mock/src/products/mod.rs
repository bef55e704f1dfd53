//! The products that the mock can play, and what a product is: a profile, a table of tools, and
//! whatever resources and prompts it has. A product knows nothing of transports.

mod conformance;
mod content;
mod draw;
mod egrow;
mod entry;
mod field;
mod lab;
mod launchmystore;
mod moment;
mod money;
mod overview;
mod page;
mod pelcro;
mod query;
mod records;
mod tool;
mod web;

use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::Value;

use conformance::Conformance;
pub(super) use content::{Prompt, PromptArgument, Resource, ResourceTemplate, ToolResult};
use egrow::Egrow;
use lab::Lab;
use launchmystore::LaunchMyStore;
use moment::Moment;
pub use overview::Overview;
pub(super) use pelcro::account_names;
use pelcro::{Environment, Pelcro};
pub(super) use tool::{Arguments, Kind, Misfit, Tool};
pub(super) use web::{Fields, WebAnswer, WebRequest};

use super::kept::DataProblem;
use super::methods::{Call, RpcError};
use super::options::{MockOptions, ProductName};

/// The product that was chosen, with its data.
pub(super) fn open(options: &MockOptions) -> Result<Box<dyn Product>, DataProblem> {
    Ok(match options.product {
        ProductName::Lab => Box::new(Lab::new()),
        ProductName::Conformance => Box::new(Conformance::new()),
        ProductName::Egrow => Box::new(Egrow::open(options)?),
        ProductName::LaunchMyStore => Box::new(LaunchMyStore::open(options)?),
        ProductName::Pelcro => Box::new(Pelcro::open(options, Environment::Production)?),
        ProductName::PelcroStaging => Box::new(Pelcro::open(options, Environment::Staging)?),
    })
}

/// What a tool call gives.
pub(super) type Called = Result<ToolResult, RpcError>;

/// How a product presents itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Profile {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) version: &'static str,
    pub(super) paths: Paths,
    pub(super) habits: Habits,
    pub(super) instructions: &'static str,
    pub(super) offers: Offers,
}

/// Where its endpoints are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paths {
    /// Streamable HTTP.
    pub(super) mcp: &'static str,
    /// The streams of HTTP+SSE.
    pub(super) sse: &'static str,
    /// Where messages of HTTP+SSE are posted.
    pub(super) message: &'static str,
    /// A page on which people sign in.
    pub(super) page: Option<&'static str>,
}

impl Default for Paths {
    fn default() -> Self {
        Self { mcp: "/mcp", sse: "/sse", message: "/message", page: None }
    }
}

/// What it does over HTTP that the transports leave open.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Habits {
    /// DELETE is answered 200 although there are no sessions.
    pub(super) takes_leave: bool,
    /// Arrays of messages are taken in every revision.
    pub(super) takes_batches: bool,
    /// Streams of HTTP+SSE carry a dated comment this often.
    pub(super) heartbeat: Option<Duration>,
    /// POSTs of HTTP+SSE are answered without a body.
    pub(super) bare_accepted: bool,
}

/// What it has besides tools.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Offers {
    pub(super) tools_change: bool,
    pub(super) resources: bool,
    pub(super) prompts: bool,
    pub(super) completions: bool,
    pub(super) logging: bool,
    pub(super) tasks: bool,
}

/// Something that the user is to say before they get what they asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    /// The name of the question, and of the argument that the answer becomes.
    pub(super) key: &'static str,
    pub(super) question: &'static str,
    /// The member of the form that holds the answer.
    pub(super) member: &'static str,
}

/// A product.
pub(super) trait Product: Send + Sync {
    fn profile(&self) -> Profile;

    /// The tools there are now.
    fn tools(&self) -> Vec<std::sync::Arc<Tool>>;

    /// Runs a tool whose arguments fit its schema.
    fn call<'a>(
        &'a self,
        call: &'a Call,
        tool: &'a Tool,
        arguments: Arguments<'a>,
    ) -> BoxFuture<'a, Called>;

    /// Whether it gave out this token and still stands by it.
    fn admits(&self, _token: &str) -> bool {
        false
    }

    /// The answer to a request for something that is no endpoint of MCP; `None` where it has
    /// nothing.
    fn web(&self, _asked: &WebRequest<'_>) -> Option<WebAnswer> {
        None
    }

    /// The answer to arguments that do not fit.
    fn invalid_arguments(&self, _call: &Call, tool: &Tool, misfits: &[Misfit]) -> Called {
        Err(RpcError::invalid_params(format!("`{}`: {}", tool.name, Misfit::all(misfits))))
    }

    /// The answer to a call of a tool that does not exist.
    fn unknown_tool(&self, name: &str) -> RpcError {
        RpcError::invalid_params(format!("no tool is named `{name}`"))
    }

    /// What the user is asked before this prompt or resource is given.
    fn asks_before(&self, _name: &str) -> Option<Need> {
        None
    }

    fn resources(&self) -> Vec<Resource> {
        Vec::new()
    }

    fn templates(&self) -> Vec<ResourceTemplate> {
        Vec::new()
    }

    /// The contents of a resource.
    fn read(&self, _uri: &str) -> Option<Value> {
        None
    }

    fn prompts(&self) -> Vec<Prompt> {
        Vec::new()
    }

    /// Every value that this argument of a prompt or template can have.
    fn complete(&self, _reference: &Value, _argument: &str) -> Vec<String> {
        Vec::new()
    }
}
