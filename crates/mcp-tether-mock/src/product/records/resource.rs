//! The tables: a resource with its columns and tools, and what a product says about all of them.
//! A column holds what a record has, who may write it, and what it refers to.

use serde_json::Value;

use super::store::{Records, TableKey};
use super::trouble::{RecordError, Reply};
use crate::product::field::{Field, Shape, ToolInput};
use crate::product::moment::Moment;
use crate::product::page::ListPage;
use crate::product::tool::ToolKind;

/// A table, and the tools that work on it.
pub(crate) struct RecordTable {
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
    pub(crate) rules: RecordRules,
    pub(crate) tools: &'static [ToolRow],
}

type Creating = fn(&mut Records, &mut Value, ToolInput<'_>) -> Result<(), RecordError>;
/// Takes the record as it was and as it is going to be.
type Changing = fn(&mut Records, &Value, &mut Value, ToolInput<'_>) -> Result<(), RecordError>;
type Deleting = fn(&mut Records, &Value) -> Result<(), RecordError>;

/// What columns cannot say. Whatever a rule does is undone if the tool fails.
#[derive(Clone, Copy)]
pub(crate) struct RecordRules {
    /// Before a record is put in; it has its id already.
    pub(crate) creating: Option<Creating>,
    /// Before a changed record takes the place of the old one.
    pub(crate) changing: Option<Changing>,
    /// Before a record goes.
    pub(crate) deleting: Option<Deleting>,
    /// Adds what follows from other records to an answer.
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
    Special {
        kind: ToolKind,
        fields: &'static [&'static [Field]],
        gives: Gives,
        run: RecordFunction,
    },
}

/// The function behind a special tool.
#[derive(Clone, Copy)]
pub(crate) enum RecordFunction {
    Read(fn(&Records, ToolInput<'_>) -> Reply),
    Write(fn(&mut Records, ToolInput<'_>) -> Reply),
}

/// What a special tool gives.
#[derive(Clone, Copy)]
pub(crate) enum Gives {
    /// A record of its resource, as the function left it; shown by the rules.
    One,
    /// A record of another resource.
    OneOf(&'static RecordTable),
    /// An object with these members.
    These(&'static [Field]),
}

/// How a product talks, whatever the resource.
pub(crate) struct Manners {
    pub(crate) resources: &'static [&'static RecordTable],
    /// Which page, and how many entries it has.
    pub(crate) page: [Field; 2],
    pub(crate) page_size: i64,
    /// How a moment is written.
    pub(crate) stamp: fn(Moment) -> Value,
    /// A page of a list.
    pub(crate) list: fn(&ListPage<'_, Value>) -> Value,
    /// The schema of that, around the schema of an entry.
    pub(crate) list_schema: fn(Value) -> Value,
}

impl Manners {
    /// The tool of this name and its resource.
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

    /// Whether it leaves everything as it is.
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
    run: fn(&Records, ToolInput<'_>) -> Reply,
) -> ToolRow {
    row(
        words,
        Action::Special { kind: ToolKind::Read, fields, gives, run: RecordFunction::Read(run) },
    )
}

/// A special tool that changes something.
pub(crate) const fn writes(
    words: [&'static str; 4],
    kind: ToolKind,
    fields: &'static [&'static [Field]],
    gives: Gives,
    run: fn(&mut Records, ToolInput<'_>) -> Reply,
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
    /// How it looks in answers, where that is not how it is written.
    pub(crate) shown: Option<Shape>,
    pub(crate) refers: Option<Reference>,
}

/// That a column holds the id, or the ids, of other records.
#[derive(Clone, Copy)]
pub(crate) struct Reference {
    pub(crate) to: &'static RecordTable,
    pub(crate) when_gone: WhenGone,
}

/// What happens to a record when what it refers to is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenGone {
    /// That cannot be deleted.
    Refuse,
    /// It goes too.
    Go,
    /// It refers to nothing from then on.
    Forget,
}

/// A column that callers may write, at creation and later.
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
    /// Has to be there at creation.
    pub(crate) const fn needed(self) -> Self {
        Self { needed: true, ..self }
    }

    /// Stays as it was created.
    pub(crate) const fn fixed(self) -> Self {
        Self { on_update: false, ..self }
    }

    /// Only changed later.
    pub(crate) const fn later(self) -> Self {
        Self { on_create: false, ..self }
    }

    /// Follows from the data, is never written by callers.
    pub(crate) const fn given(self) -> Self {
        Self { on_create: false, on_update: false, ..self }
    }

    /// An argument that is not stored; a rule looks at it.
    pub(crate) const fn asked(self) -> Self {
        Self { stored: false, hidden: true, ..self }
    }

    /// Kept, and never shown.
    pub(crate) const fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    /// Lists can be narrowed by it.
    pub(crate) const fn filter(self) -> Self {
        Self { filter: true, ..self }
    }

    /// Words are looked for in it.
    pub(crate) const fn searched(self) -> Self {
        Self { searched: true, ..self }
    }

    /// No two records have the same, capitals aside.
    pub(crate) const fn unique(self) -> Self {
        Self { unique: true, ..self }
    }

    /// What it is when left out, as JSON.
    pub(crate) const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    /// How answers show it.
    pub(crate) const fn shown_as(self, shape: Shape) -> Self {
        Self { shown: Some(shape), ..self }
    }

    /// Holds ids of these records, which stay while it does.
    pub(crate) const fn refers(self, to: &'static RecordTable) -> Self {
        self.referring(to, WhenGone::Refuse)
    }

    /// Belongs to one of these records and goes with it.
    pub(crate) const fn goes_with(self, to: &'static RecordTable) -> Self {
        self.referring(to, WhenGone::Go)
    }

    /// Holds ids of these records and forgets those that are deleted.
    pub(crate) const fn forgets(self, to: &'static RecordTable) -> Self {
        self.referring(to, WhenGone::Forget)
    }

    const fn referring(self, to: &'static RecordTable, when_gone: WhenGone) -> Self {
        Self { refers: Some(Reference { to, when_gone }), ..self }
    }

    /// As an argument.
    pub(crate) const fn field(&self, required: bool) -> Field {
        Field { name: self.name, shape: self.shape, required, about: self.about }
    }
}
