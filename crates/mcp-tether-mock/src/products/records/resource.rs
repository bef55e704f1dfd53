//! Rows: a resource with its columns and tools, and what a product has to say about all of them.

use serde_json::Value;

use super::column::Column;
use super::store::Records;
use super::trouble::{Reply, Trouble};
use crate::products::field::{Field, Input};
use crate::products::moment::Moment;
use crate::products::page::Page;
use crate::products::tool::Kind;

/// A table, and the tools that work on it.
pub(in crate::products) struct Resource {
    /// The table's name, which is also what its group of tools is called in messages.
    pub(in crate::products) table: &'static str,
    /// One record, in messages.
    pub(in crate::products) one: &'static str,
    /// The argument that names a record.
    pub(in crate::products) id: &'static str,
    /// What ids begin with; without it they are numbers.
    pub(in crate::products) prefix: Option<&'static str>,
    /// An argument of its tools that is also a member of its records: they are only seen where it
    /// is the same.
    pub(in crate::products) within: Option<Field>,
    /// The number of the first record.
    pub(in crate::products) first: u64,
    pub(in crate::products) columns: &'static [Column],
    pub(in crate::products) rules: Rules,
    pub(in crate::products) tools: &'static [ToolRow],
}

type Creating = fn(&mut Records, &mut Value, Input<'_>) -> Result<(), Trouble>;
/// Takes the record as it was and as it is going to be.
type Changing = fn(&mut Records, &Value, &mut Value, Input<'_>) -> Result<(), Trouble>;
type Deleting = fn(&mut Records, &Value) -> Result<(), Trouble>;

/// What columns cannot say. Whatever a rule does is undone if the tool fails.
#[derive(Clone, Copy)]
pub(in crate::products) struct Rules {
    /// Before a record is put in; it has its id already.
    pub(in crate::products) creating: Option<Creating>,
    /// Before a changed record takes the place of the old one.
    pub(in crate::products) changing: Option<Changing>,
    /// Before a record goes.
    pub(in crate::products) deleting: Option<Deleting>,
    /// Adds what follows from other records to an answer.
    pub(in crate::products) showing: Option<fn(&Records, &mut Value)>,
}

impl Rules {
    pub(in crate::products) const NONE: Self =
        Self { creating: None, changing: None, deleting: None, showing: None };
}

/// A tool.
pub(in crate::products) struct ToolRow {
    pub(in crate::products) name: &'static str,
    pub(in crate::products) title: &'static str,
    /// What it does, in a sentence or two.
    pub(in crate::products) about: &'static str,
    /// Arguments that work on the seeded data, as JSON.
    pub(in crate::products) example: &'static str,
    pub(in crate::products) action: Action,
}

/// What a tool does.
pub(in crate::products) enum Action {
    List,
    Get,
    Create,
    Update,
    Delete,
    Special { kind: Kind, fields: &'static [&'static [Field]], gives: Gives, run: Run },
}

/// The function behind a special tool.
#[derive(Clone, Copy)]
pub(in crate::products) enum Run {
    Read(fn(&Records, Input<'_>) -> Reply),
    Write(fn(&mut Records, Input<'_>) -> Reply),
}

/// What a special tool gives.
#[derive(Clone, Copy)]
pub(in crate::products) enum Gives {
    /// A record of its resource, as the function left it; shown by the rules.
    One,
    /// A record of another resource.
    OneOf(&'static Resource),
    /// An object with these members.
    These(&'static [Field]),
}

/// How a product talks, whatever the resource.
pub(in crate::products) struct Manners {
    pub(in crate::products) resources: &'static [&'static Resource],
    /// Which page, and how many entries it has.
    pub(in crate::products) page: [Field; 2],
    pub(in crate::products) page_size: i64,
    /// How a moment is written.
    pub(in crate::products) stamp: fn(Moment) -> Value,
    /// A page of a list.
    pub(in crate::products) list: fn(&Page<'_, Value>) -> Value,
    /// The schema of that, around the schema of an entry.
    pub(in crate::products) list_schema: fn(Value) -> Value,
}

impl Manners {
    /// The tool of this name and its resource.
    pub(in crate::products) fn tool(
        &self,
        name: &str,
    ) -> Option<(&'static Resource, &'static ToolRow)> {
        let mut all = self
            .resources
            .iter()
            .flat_map(|resource| resource.tools.iter().map(move |row| (*resource, row)));
        all.find(|(_, row)| row.name == name)
    }
}

impl Resource {
    pub(super) fn is(&self, other: &Self) -> bool {
        self.table == other.table
    }
}

impl ToolRow {
    pub(in crate::products) fn kind(&self) -> Kind {
        match &self.action {
            Action::List | Action::Get => Kind::Read,
            Action::Create | Action::Update => Kind::Write,
            Action::Delete => Kind::Destructive,
            Action::Special { kind, .. } => *kind,
        }
    }

    /// Whether it leaves everything as it is.
    pub(in crate::products) fn only_looks(&self) -> bool {
        matches!(
            self.action,
            Action::List | Action::Get | Action::Special { run: Run::Read(_), .. }
        )
    }
}

const fn row(words: [&'static str; 4], action: Action) -> ToolRow {
    let [name, title, about, example] = words;
    ToolRow { name, title, about, example, action }
}

/// A tool that lists the records. The words are name, title, what it does, an example.
pub(in crate::products) const fn list(words: [&'static str; 4]) -> ToolRow {
    row(words, Action::List)
}

/// A tool that gives one record.
pub(in crate::products) const fn get(words: [&'static str; 4]) -> ToolRow {
    row(words, Action::Get)
}

/// A tool that makes a record.
pub(in crate::products) const fn create(words: [&'static str; 4]) -> ToolRow {
    row(words, Action::Create)
}

/// A tool that changes a record.
pub(in crate::products) const fn update(words: [&'static str; 4]) -> ToolRow {
    row(words, Action::Update)
}

/// A tool that deletes a record.
pub(in crate::products) const fn delete(words: [&'static str; 4]) -> ToolRow {
    row(words, Action::Delete)
}

/// A special tool that only looks.
pub(in crate::products) const fn reads(
    words: [&'static str; 4],
    fields: &'static [&'static [Field]],
    gives: Gives,
    run: fn(&Records, Input<'_>) -> Reply,
) -> ToolRow {
    row(words, Action::Special { kind: Kind::Read, fields, gives, run: Run::Read(run) })
}

/// A special tool that changes something.
pub(in crate::products) const fn writes(
    words: [&'static str; 4],
    kind: Kind,
    fields: &'static [&'static [Field]],
    gives: Gives,
    run: fn(&mut Records, Input<'_>) -> Reply,
) -> ToolRow {
    row(words, Action::Special { kind, fields, gives, run: Run::Write(run) })
}
