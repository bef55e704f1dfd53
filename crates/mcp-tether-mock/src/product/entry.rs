//! Tools as table entries, for products whose tools are functions of their own: one entry and one
//! function each.

use futures_util::future::BoxFuture;

use super::call::Call;
use super::content::{Called, ToolResult};
use super::tool::{Arguments, Kind, Tool};
use crate::tasks::TaskSupport;

/// What a tool of the product `P` does.
pub(crate) type Run<P> = for<'a> fn(&'a P, &'a Call, Arguments<'a>) -> BoxFuture<'a, Called>;

/// One tool.
pub(crate) struct Entry<P> {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) kind: Kind,
    pub(crate) input: &'static str,
    pub(crate) tasks: TaskSupport,
    pub(crate) run: Run<P>,
}

impl<P> Entry<P> {
    pub(crate) fn to_tool(&self) -> Tool {
        let input = serde_json::from_str(self.input).expect("the table holds JSON");
        let mut tool = Tool::new(self.name, self.name, self.description, self.kind, input);
        tool.tasks = self.tasks;
        tool
    }
}

/// The schema of a tool that takes what it gets.
pub(crate) const ANYTHING: &str = r#"{"type":"object"}"#;
/// The schema of a tool without arguments.
pub(crate) const NOTHING: &str = r#"{"type":"object","additionalProperties":false}"#;

/// A result that is there at once.
pub(crate) fn now<'a>(result: ToolResult) -> BoxFuture<'a, Called> {
    at_once(Ok(result))
}

/// The same for what may be an error.
pub(crate) fn at_once<'a>(called: Called) -> BoxFuture<'a, Called> {
    Box::pin(std::future::ready(called))
}
