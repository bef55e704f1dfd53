//! The tool `add_tool`, which adds a tool of this name and announces it.

use super::{NAME, change_tools};
use crate::product::ToolKind;
use crate::product::entry::now;
use crate::products::lab::state::{Entry, Lab};
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "add_tool",
    description: "adds a tool of this name and announces it",
    kind: ToolKind::Write,
    input: NAME,
    example: r#"{"name":"extra"}"#,
    tasks: TaskSupport::Forbidden,
    run: |lab, call, arguments| now(change_tools(lab, call, arguments, Lab::add_tool)),
};
