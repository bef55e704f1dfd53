//! The audit log: every call that changed something is recorded, whichever tool made it.
//! It is read through GraphQL.

use serde_json::json;

use super::confirm;
use super::desk::Desk;
use super::desk_error::DeskResult;
use super::entry::{Class, Domain, Entry, OutputShape, Run};
use super::model::AuditEntry;
use super::search::{PAGE, page};
use super::shapes::AUDIT;
use crate::product::field::{Field, Shape, ToolInput, may};

/// How many entries are kept; older ones are dropped.
const MAX_ENTRIES: usize = 1000;

impl Desk {
    /// Runs a tool that changes something, all or nothing, and records it.
    pub(super) fn run(
        &mut self,
        entry: &Entry,
        credential: &str,
        input: ToolInput<'_>,
        change: fn(&mut Self, ToolInput<'_>) -> DeskResult,
    ) -> DeskResult {
        let before = self.clone();
        let reply = change(self, input);
        match reply {
            Ok(_) => self.record(entry.name, credential, input),
            Err(_) => *self = before,
        }
        reply
    }

    /// Records a call, unless it is a dry run, which changes nothing.
    fn record(&mut self, tool: &str, credential: &str, input: ToolInput<'_>) {
        if input.flag("dryRun") == Some(true) {
            return;
        }
        let mut arguments = input.0.clone();
        if let Some(members) = arguments.as_object_mut() {
            members.remove(confirm::ARGUMENT);
        }
        if self.audit.len() == MAX_ENTRIES {
            self.audit.remove(0);
        }
        let entry = AuditEntry {
            id: self.new_id("aud"),
            at: self.clock,
            tool: tool.to_owned(),
            credential: credential.to_owned(),
            arguments,
        };
        self.audit.push(entry);
    }
}

/// The queries that GraphQL offers in addition to the tools.
pub(super) const QUERIES: &[Entry] = &[Entry {
    name: "list_audit_entries",
    title: "List audit entries",
    domain: Domain::EscapeHatch,
    class: Class::Read,
    about: "Lists the calls that changed something, the newest first",
    when_to_use: "you want to know who changed what",
    when_not_to_use: "it is about one order: its history tells",
    example: "{}",
    fields: &[FIELDS, PAGE],
    gives: OutputShape::List(&AUDIT),
    run: Run::Read(list),
}];

const FIELDS: &[Field] = &[may("tool", Shape::Text, "only calls of this tool")];

fn list(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let wanted = |entry: &&AuditEntry| input.text("tool").is_none_or(|tool| tool == entry.tool);
    let found: Vec<_> = desk.audit.iter().rev().filter(wanted).collect();
    Ok(page(input, &found, |entry| json!(entry)))
}
