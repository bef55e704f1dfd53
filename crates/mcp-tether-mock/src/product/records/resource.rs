//! Tables with their columns and tools, and the format that a product defines for all of them. A
//! column has a type, rules for who may write it, and perhaps a reference to another table.

use serde_json::Value;

use super::record_error::{RecordError, RecordResult};
use super::store::{Records, TableKey};
use crate::product::field::{Field, Shape, ToolInput};
use crate::product::moment::Moment;
use crate::product::page::ListPage;
use crate::product::tool::ToolKind;

/// A table, and the tools for it.
pub(crate) struct RecordTable {
    /// The table's name, which also names its group of tools in messages.
    pub(crate) table: &'static str,
    /// The name of one record, in messages.
    pub(crate) one: &'static str,
    /// The argument that names a record.
    pub(crate) id: &'static str,
    /// The prefix of ids; without one they are numbers.
    pub(crate) prefix: Option<&'static str>,
    /// An argument of its tools that is also a member of its records: they are only seen where it
    /// is the same.
    pub(crate) within: Option<Field>,
    /// The number of the first record.
    pub(crate) first: u64,
    pub(crate) columns: &'static [Column],
    pub(crate) rules: RecordRules,
    pub(crate) tools: &'static [ToolRow],
}

type Creating = fn(&mut Records, &mut Value, ToolInput<'_>) -> Result<(), RecordError>;
/// Takes the old record and the new one.
type Changing = fn(&mut Records, &Value, &mut Value, ToolInput<'_>) -> Result<(), RecordError>;
type Deleting = fn(&mut Records, &Value) -> Result<(), RecordError>;

/// Rules that columns cannot express. The changes of a rule are undone if the tool fails.
#[derive(Clone, Copy)]
pub(crate) struct RecordRules {
    /// Runs before a record is inserted; it has its id already.
    pub(crate) creating: Option<Creating>,
    /// Runs before a changed record replaces the old one.
    pub(crate) changing: Option<Changing>,
    /// Runs before a record is removed.
    pub(crate) deleting: Option<Deleting>,
    /// Adds members that follow from other records to an answer.
    pub(crate) showing: Option<fn(&Records, &mut Value)>,
}

impl RecordRules {
    pub(crate) const NONE: Self =
        Self { creating: None, changing: None, deleting: None, showing: None };
}

/// A tool.
pub(crate) struct ToolRow {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// A description in a sentence or two.
    pub(crate) about: &'static str,
    /// Arguments that work on the seeded data, as JSON.
    pub(crate) example: &'static str,
    pub(crate) action: Action,
}

/// The action of a tool.
pub(crate) enum Action {
    List,
    Get,
    Create,
    Update,
    Delete,
    Special {
        kind: ToolKind,
        fields: &'static [&'static [Field]],
        gives: RecordOutput,
        run: RecordFunction,
    },
}

/// The function behind a special tool.
#[derive(Clone, Copy)]
pub(crate) enum RecordFunction {
    Read(fn(&Records, ToolInput<'_>) -> RecordResult),
    Write(fn(&mut Records, ToolInput<'_>) -> RecordResult),
}

/// The result of a special tool.
#[derive(Clone, Copy)]
pub(crate) enum RecordOutput {
    /// A record of its table, as the function left it; shown by the rules.
    One,
    /// A record of another table.
    OneOf(&'static RecordTable),
    /// An object with these members.
    These(&'static [Field]),
}

/// The format of a product's answers, whatever the table.
pub(crate) struct ApiFormat {
    pub(crate) resources: &'static [&'static RecordTable],
    /// Which page, and how many entries it has.
    pub(crate) page: [Field; 2],
    pub(crate) page_size: i64,
    /// Writes a moment.
    pub(crate) stamp: fn(Moment) -> Value,
    /// Writes a page of a list.
    pub(crate) list: fn(&ListPage<'_, Value>) -> Value,
    /// Returns the schema of a page, around the schema of an entry.
    pub(crate) list_schema: fn(Value) -> Value,
}

impl ApiFormat {
    /// Returns the tool with this name and its table.
    pub(crate) fn tool(&self, name: &str) -> Option<(&'static RecordTable, &'static ToolRow)> {
        let mut all = self
            .resources
            .iter()
            .flat_map(|resource| resource.tools.iter().map(move |row| (*resource, row)));
        all.find(|(_, row)| row.name == name)
    }
}

impl TableKey for RecordTable {
    fn name(&self) -> &'static str {
        self.table
    }

    fn one(&self) -> &'static str {
        self.one
    }

    fn first_number(&self) -> u64 {
        self.first
    }

    fn id_prefix(&self) -> Option<&'static str> {
        self.prefix
    }
}

impl RecordTable {
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.table == other.table
    }
}

impl ToolRow {
    pub(crate) fn kind(&self) -> ToolKind {
        match &self.action {
            Action::List | Action::Get => ToolKind::Read,
            Action::Create | Action::Update => ToolKind::Write,
            Action::Delete => ToolKind::Destructive,
            Action::Special { kind, .. } => *kind,
        }
    }

    /// Returns whether it only reads.
    pub(crate) fn only_looks(&self) -> bool {
        matches!(
            self.action,
            Action::List | Action::Get | Action::Special { run: RecordFunction::Read(_), .. }
        )
    }
}

const fn row(words: [&'static str; 4], action: Action) -> ToolRow {
    let [name, title, about, example] = words;
    ToolRow { name, title, about, example, action }
}

/// Returns a tool that lists the records. The words are name, title, description and an example.
pub(crate) const fn list(words: [&'static str; 4]) -> ToolRow {
    row(words, Action::List)
}

/// Returns a tool that gets one record.
pub(crate) const fn get(words: [&'static str; 4]) -> ToolRow {
    row(words, Action::Get)
}

/// Returns a tool that creates a record.
pub(crate) const fn create(words: [&'static str; 4]) -> ToolRow {
    row(words, Action::Create)
}

/// Returns a tool that changes a record.
pub(crate) const fn update(words: [&'static str; 4]) -> ToolRow {
    row(words, Action::Update)
}

/// Returns a tool that deletes a record.
pub(crate) const fn delete(words: [&'static str; 4]) -> ToolRow {
    row(words, Action::Delete)
}

/// Returns a special tool that only reads.
pub(crate) const fn reads(
    words: [&'static str; 4],
    fields: &'static [&'static [Field]],
    gives: RecordOutput,
    run: fn(&Records, ToolInput<'_>) -> RecordResult,
) -> ToolRow {
    row(
        words,
        Action::Special { kind: ToolKind::Read, fields, gives, run: RecordFunction::Read(run) },
    )
}

/// Returns a special tool that changes something.
pub(crate) const fn writes(
    words: [&'static str; 4],
    kind: ToolKind,
    fields: &'static [&'static [Field]],
    gives: RecordOutput,
    run: fn(&mut Records, ToolInput<'_>) -> RecordResult,
) -> ToolRow {
    row(words, Action::Special { kind, fields, gives, run: RecordFunction::Write(run) })
}

/// One member of the records of a table.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) about: &'static str,
    pub(crate) needed: bool,
    pub(crate) on_create: bool,
    pub(crate) on_update: bool,
    pub(crate) stored: bool,
    pub(crate) hidden: bool,
    pub(crate) filter: bool,
    pub(crate) searched: bool,
    pub(crate) unique: bool,
    /// JSON text.
    pub(crate) default: Option<&'static str>,
    /// Its shape in answers, if that differs from its arguments.
    pub(crate) shown: Option<Shape>,
    pub(crate) refers: Option<Reference>,
}

/// A reference: the column holds the id, or the ids, of other records.
#[derive(Clone, Copy)]
pub(crate) struct Reference {
    pub(crate) to: &'static RecordTable,
    pub(crate) when_gone: WhenGone,
}

/// The fate of a record when the referenced record is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenGone {
    /// The referenced record cannot be deleted.
    Refuse,
    /// The record is deleted too.
    Go,
    /// The reference is removed.
    Forget,
}

/// Returns a column that callers may write, at creation and later.
pub(crate) const fn col(name: &'static str, shape: Shape, about: &'static str) -> Column {
    Column {
        name,
        shape,
        about,
        needed: false,
        on_create: true,
        on_update: true,
        stored: true,
        hidden: false,
        filter: false,
        searched: false,
        unique: false,
        default: None,
        shown: None,
        refers: None,
    }
}

impl Column {
    /// Makes it required at creation.
    pub(crate) const fn needed(self) -> Self {
        Self { needed: true, ..self }
    }

    /// Makes it immutable after creation.
    pub(crate) const fn fixed(self) -> Self {
        Self { on_update: false, ..self }
    }

    /// Forbids setting it at creation.
    pub(crate) const fn later(self) -> Self {
        Self { on_create: false, ..self }
    }

    /// Makes it computed: callers never write it.
    pub(crate) const fn given(self) -> Self {
        Self { on_create: false, on_update: false, ..self }
    }

    /// Makes it an argument that is not stored; a rule reads it.
    pub(crate) const fn asked(self) -> Self {
        Self { stored: false, hidden: true, ..self }
    }

    /// Makes it stored but never shown.
    pub(crate) const fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    /// Lets lists be filtered by it.
    pub(crate) const fn filter(self) -> Self {
        Self { filter: true, ..self }
    }

    /// Includes it in the search for words.
    pub(crate) const fn searched(self) -> Self {
        Self { searched: true, ..self }
    }

    /// Makes it unique among the records, ignoring case.
    pub(crate) const fn unique(self) -> Self {
        Self { unique: true, ..self }
    }

    /// Sets its default, as JSON.
    pub(crate) const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    /// Sets its type in answers.
    pub(crate) const fn shown_as(self, shape: Shape) -> Self {
        Self { shown: Some(shape), ..self }
    }

    /// Makes it hold ids of these records, which cannot be deleted while it exists.
    pub(crate) const fn refers(self, to: &'static RecordTable) -> Self {
        self.referring(to, WhenGone::Refuse)
    }

    /// Ties it to one of these records: it is deleted with that record.
    pub(crate) const fn goes_with(self, to: &'static RecordTable) -> Self {
        self.referring(to, WhenGone::Go)
    }

    /// Makes it hold ids of these records; the ids of deleted records are removed.
    pub(crate) const fn forgets(self, to: &'static RecordTable) -> Self {
        self.referring(to, WhenGone::Forget)
    }

    const fn referring(self, to: &'static RecordTable, when_gone: WhenGone) -> Self {
        Self { refers: Some(Reference { to, when_gone }), ..self }
    }

    /// Returns the column as an argument.
    pub(crate) const fn field(&self, required: bool) -> Field {
        Field { name: self.name, shape: self.shape, required, about: self.about }
    }
}
