//! Rows: a resource with its columns and tools, and what a product has to say about all of them.

use serde_json::Value;

use super::column::Column;
use super::store::Records;
use super::trouble::{Reply, Trouble};
use crate::product::field::{Field, Input};
use crate::product::moment::Moment;
use crate::product::page::Page;
use crate::product::tool::Kind;

/// A table, and the tools that work on it.
pub(crate) struct Resource {
    /// The table's name, which is also what its group of tools is called in messages.
    pub(crate) table: &'static str,
    /// One record, in messages.
    pub(crate) one: &'static str,
    /// The argument that names a record.
    pub(crate) id: &'static str,
    /// What ids begin with; without it they are numbers.
    pub(crate) prefix: Option<&'static str>,
    /// An argument of its tools that is also a member of its records: they are only seen where it
    /// is the same.
    pub(crate) within: Option<Field>,
    /// The number of the first record.
    pub(crate) first: u64,
    pub(crate) columns: &'static [Column],
    pub(crate) rules: Rules,
    pub(crate) tools: &'static [ToolRow],
}

type Creating = fn(&mut Records, &mut Value, Input<'_>) -> Result<(), Trouble>;
/// Takes the record as it was and as it is going to be.
type Changing = fn(&mut Records, &Value, &mut Value, Input<'_>) -> Result<(), Trouble>;
type Deleting = fn(&mut Records, &Value) -> Result<(), Trouble>;

/// What columns cannot say. Whatever a rule does is undone if the tool fails.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// Before a record is put in; it has its id already.
    pub(crate) creating: Option<Creating>,
    /// Before a changed record takes the place of the old one.
    pub(crate) changing: Option<Changing>,
    /// Before a record goes.
    pub(crate) deleting: Option<Deleting>,
    /// Adds what follows from other records to an answer.
    pub(crate) showing: Option<fn(&Records, &mut Value)>,
}

impl Rules {
    pub(crate) const NONE: Self =
        Self { creating: None, changing: None, deleting: None, showing: None };
}

/// A tool.
pub(crate) struct ToolRow {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What it does, in a sentence or two.
    pub(crate) about: &'static str,
    /// Arguments that work on the seeded data, as JSON.
    pub(crate) example: &'static str,
    pub(crate) action: Action,
}

/// What a tool does.
pub(crate) enum Action {
    List,
    Get,
    Create,
    Update,
    Delete,
    Special { kind: Kind, fields: &'static [&'static [Field]], gives: Gives, run: Run },
}

/// The function behind a special tool.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    Read(fn(&Records, Input<'_>) -> Reply),
    Write(fn(&mut Records, Input<'_>) -> Reply),
}

/// What a special tool gives.
#[derive(Clone, Copy)]
pub(crate) enum Gives {
    /// A record of its resource, as the function left it; shown by the rules.
    One,
    /// A record of another resource.
    OneOf(&'static Resource),
    /// An object with these members.
    These(&'static [Field]),
}

/// How a product talks, whatever the resource.
pub(crate) struct Manners {
    pub(crate) resources: &'static [&'static Resource],
    /// Which page, and how many entries it has.
    pub(crate) page: [Field; 2],
    pub(crate) page_size: i64,
    /// How a moment is written.
    pub(crate) stamp: fn(Moment) -> Value,
    /// A page of a list.
    pub(crate) list: fn(&Page<'_, Value>) -> Value,
    /// The schema of that, around the schema of an entry.
    pub(crate) list_schema: fn(Value) -> Value,
}

impl Manners {
    /// The tool of this name and its resource.
    pub(crate) fn tool(&self, name: &str) -> Option<(&'static Resource, &'static ToolRow)> {
        let mut all = self
            .resources
            .iter()
            .flat_map(|resource| resource.tools.iter().map(move |row| (*resource, row)));
        all.find(|(_, row)| row.name == name)
    }
}

impl Resource {
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.table == other.table
    }
}

impl ToolRow {
    pub(crate) fn kind(&self) -> Kind {
        match &self.action {
            Action::List | Action::Get => Kind::Read,
            Action::Create | Action::Update => Kind::Write,
            Action::Delete => Kind::Destructive,
            Action::Special { kind, .. } => *kind,
        }
    }

    /// Whether it leaves everything as it is.
    pub(crate) fn only_looks(&self) -> bool {
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
pub(crate) const fn list(words: [&'static str; 4]) -> ToolRow {
    row(words, Action::List)
}

/// A tool that gives one record.
pub(crate) const fn get(words: [&'static str; 4]) -> ToolRow {
    row(words, Action::Get)
}

/// A tool that makes a record.
pub(crate) const fn create(words: [&'static str; 4]) -> ToolRow {
    row(words, Action::Create)
}

/// A tool that changes a record.
pub(crate) const fn update(words: [&'static str; 4]) -> ToolRow {
    row(words, Action::Update)
}

/// A tool that deletes a record.
pub(crate) const fn delete(words: [&'static str; 4]) -> ToolRow {
    row(words, Action::Delete)
}

/// A special tool that only looks.
pub(crate) const fn reads(
    words: [&'static str; 4],
    fields: &'static [&'static [Field]],
    gives: Gives,
    run: fn(&Records, Input<'_>) -> Reply,
) -> ToolRow {
    row(words, Action::Special { kind: Kind::Read, fields, gives, run: Run::Read(run) })
}

/// A special tool that changes something.
pub(crate) const fn writes(
    words: [&'static str; 4],
    kind: Kind,
    fields: &'static [&'static [Field]],
    gives: Gives,
    run: fn(&mut Records, Input<'_>) -> Reply,
) -> ToolRow {
    row(words, Action::Special { kind, fields, gives, run: Run::Write(run) })
}
