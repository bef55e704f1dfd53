//! The products that the mock can play, and what a product is: a profile, a table of tools, and
//! whatever resources and prompts it has. A product knows nothing of transports.

mod content;
mod draw;
mod egrow;
#[allow(dead_code, reason = "products that use all of it follow")]
mod field;
mod lab;
mod moment;
#[allow(dead_code, reason = "products that use all of it follow")]
mod money;
mod overview;
mod page;
#[allow(dead_code, unused_imports, reason = "products that use all of it follow")]
mod records;
mod tool;

use futures_util::future::BoxFuture;
use serde_json::Value;

pub(super) use content::{Prompt, PromptArgument, Resource, ResourceTemplate, ToolResult};
use egrow::Egrow;
use lab::Lab;
pub use overview::Overview;
pub(super) use tool::{Arguments, Kind, Misfit, Tool};

use super::kept::DataProblem;
use super::methods::{Call, RpcError};
use super::options::{MockOptions, ProductName};

/// The product that was chosen, with its data.
pub(super) fn open(options: &MockOptions) -> Result<Box<dyn Product>, DataProblem> {
    Ok(match options.product {
        ProductName::Lab => Box::new(Lab::new()),
        ProductName::Egrow => Box::new(Egrow::open(options)?),
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
    /// The path of its endpoint.
    pub(super) path: &'static str,
    pub(super) instructions: &'static str,
    pub(super) offers: Offers,
}

/// What it has besides tools.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Offers {
    pub(super) tools_change: bool,
    pub(super) resources: bool,
    pub(super) prompts: bool,
    pub(super) completions: bool,
    pub(super) logging: bool,
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

    /// The answer to arguments that do not fit.
    fn invalid_arguments(&self, tool: &Tool, misfits: &[Misfit]) -> Called {
        Err(RpcError::invalid_params(format!("`{}`: {}", tool.name, Misfit::all(misfits))))
    }

    /// The answer to a call of a tool that does not exist.
    fn unknown_tool(&self, name: &str) -> RpcError {
        RpcError::invalid_params(format!("no tool is named `{name}`"))
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
