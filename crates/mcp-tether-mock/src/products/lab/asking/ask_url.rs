//! The tool `ask_url`, which sends the user to a URL, again for each of `times`.

use super::{TIMES, ask_url};
use crate::product::ToolKind;
use crate::product::entry::NO_ARGUMENTS;
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
    name: "ask_url",
    description: "sends the user to a URL, again for each of `times`",
    kind: ToolKind::Read,
    input: TIMES,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Forbidden,
    run: |_, call, arguments| Box::pin(ask_url(call, arguments)),
};
