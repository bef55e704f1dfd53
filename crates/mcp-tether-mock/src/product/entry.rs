//! Tools as entries, for products whose tools are functions of their own: one entry and one
//! function each.

use futures_util::future::BoxFuture;

use super::call::CallContext;
use super::content::{ToolOutcome, ToolResult};
use super::tool::{Arguments, ToolKind, ToolSpec};
use crate::tasks::TaskSupport;

/// The function behind a tool of the product `P`.
pub(crate) type ToolFunction<P> =
    for<'a> fn(&'a P, &'a CallContext, Arguments<'a>) -> BoxFuture<'a, ToolOutcome>;

/// One tool.
pub(crate) struct ToolEntry<P> {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) kind: ToolKind,
    pub(crate) input: &'static str,
    /// Arguments that work, for people and tests; `{}` is not shown.
    pub(crate) example: &'static str,
    pub(crate) tasks: TaskSupport,
    pub(crate) run: ToolFunction<P>,
}

impl<P> ToolEntry<P> {
    pub(crate) fn to_tool(&self) -> ToolSpec {
        let input = serde_json::from_str(self.input).expect("the table holds JSON");
        let description = match self.example {
            NO_ARGUMENTS => self.description.to_owned(),
            example => format!("{}.\n\nExample: {example}", self.description),
        };
        let mut tool = ToolSpec::new(self.name, self.name, description, self.kind, input);
        tool.tasks = self.tasks;
        tool
    }
}

/// The schema of a tool that takes any arguments.
pub(crate) const ANYTHING: &str = r#"{"type":"object"}"#;
/// The schema of a tool without arguments.
pub(crate) const NOTHING: &str = r#"{"type":"object","additionalProperties":false}"#;

/// The example of a tool that works without arguments.
pub(crate) const NO_ARGUMENTS: &str = "{}";

/// Returns a result that is ready.
pub(crate) fn now<'a>(result: ToolResult) -> BoxFuture<'a, ToolOutcome> {
    at_once(Ok(result))
}

/// Returns an outcome that is ready.
pub(crate) fn at_once<'a>(called: ToolOutcome) -> BoxFuture<'a, ToolOutcome> {
    Box::pin(std::future::ready(called))
}
