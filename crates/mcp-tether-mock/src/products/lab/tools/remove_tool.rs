//! The tool `remove_tool`, which removes a tool that was added and announces it.

use super::{NAME, change_tools};
use crate::product::ToolKind;
use crate::product::entry::now;
use crate::products::lab::state::{Entry, Lab};
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "remove_tool",
    description: "removes a tool that was added and announces it",
    kind: ToolKind::Write,
    input: NAME,
    example: r#"{"name":"extra"}"#,
    tasks: TaskSupport::Forbidden,
    run: |lab, call, arguments| now(change_tools(lab, call, arguments, Lab::remove_tool)),
};
