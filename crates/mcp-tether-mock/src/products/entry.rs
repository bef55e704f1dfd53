//! Tools as table entries, for products whose tools are functions of their own: one entry and one
//! function each.

use futures_util::future::BoxFuture;

use super::{Arguments, Called, Kind, Tool, ToolResult};
use crate::methods::Call;
use crate::tasks::TaskSupport;

/// What a tool of the product `P` does.
pub(super) type Run<P> = for<'a> fn(&'a P, &'a Call, Arguments<'a>) -> BoxFuture<'a, Called>;

/// One tool.
pub(super) struct Entry<P> {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) kind: Kind,
    pub(super) input: &'static str,
    pub(super) tasks: TaskSupport,
    pub(super) run: Run<P>,
}

impl<P> Entry<P> {
    pub(super) fn to_tool(&self) -> Tool {
        let input = serde_json::from_str(self.input).expect("the table holds JSON");
        let mut tool = Tool::new(self.name, self.name, self.description, self.kind, input);
        tool.tasks = self.tasks;
        tool
    }
}

/// The schema of a tool that takes what it gets.
pub(super) const ANYTHING: &str = r#"{"type":"object"}"#;
/// The schema of a tool without arguments.
pub(super) const NOTHING: &str = r#"{"type":"object","additionalProperties":false}"#;

/// A result that is there at once.
pub(super) fn now<'a>(result: ToolResult) -> BoxFuture<'a, Called> {
    at_once(Ok(result))
}

/// The same for what may be an error.
pub(super) fn at_once<'a>(called: Called) -> BoxFuture<'a, Called> {
    Box::pin(std::future::ready(called))
}
