//! The entry of a tool, from which description, schemas and hints are derived.

use serde_json::{Value, json};

use super::confirm;
use super::desk::Desk;
use super::desk_error::{self, DeskError, DeskResult};
use super::types::Type;
use crate::date::Date;
use crate::product::field::{self, Field, Shape, ToolInput, may};
use crate::product::{ToolKind, ToolSpec};

/// A tool: its description, its arguments, and its function.
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) domain: Domain,
    pub(super) class: Class,
    /// A description in one sentence.
    pub(super) about: &'static str,
    pub(super) when_to_use: &'static str,
    pub(super) when_not_to_use: &'static str,
    /// Arguments that work on the seeded data.
    pub(super) example: &'static str,
    pub(super) fields: &'static [&'static [Field]],
    pub(super) gives: OutputShape,
    pub(super) run: Run,
}

/// The part of the product a tool belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Domain {
    Orders,
    Customers,
    Products,
    Discovery,
    Analytics,
    EscapeHatch,
    Pipelines,
}

impl Domain {
    pub(super) const ALL: [Self; 7] = [
        Self::Orders,
        Self::Customers,
        Self::Products,
        Self::Discovery,
        Self::Analytics,
        Self::EscapeHatch,
        Self::Pipelines,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Orders => "Orders",
            Self::Customers => "Customers",
            Self::Products => "Products",
            Self::Discovery => "Discovery",
            Self::Analytics => "Analytics",
            Self::EscapeHatch => "Escape hatch",
            Self::Pipelines => "Pipelines",
        }
    }
}

/// The kind of call, which decides limits, hints and confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Discovery,
    Read,
    Write,
    Destructive,
    /// GraphQL, which can do anything: it has the lowest limit.
    Escape,
}

impl Class {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Read => "read",
            Self::Write => "write",
            Self::Destructive => "destructive",
            Self::Escape => "escape",
        }
    }

    /// Returns the limit that it counts against, in calls per minute.
    pub(super) fn limit(self) -> (&'static str, u32) {
        match self {
            Self::Discovery | Self::Read => ("read", 300),
            Self::Write | Self::Destructive => ("write", 60),
            Self::Escape => ("escape-hatch", 20),
        }
    }
}

/// The caller of a tool.
pub(super) struct Caller<'a> {
    pub(super) credential: &'a str,
    /// The current day at the order desk.
    pub(super) today: Date,
}

impl Caller<'_> {
    /// Returns the kind of credential; never the credential itself.
    pub(super) fn kind(&self) -> &'static str {
        match self.credential {
            "open" => "none",
            key if key.starts_with("egrow_") => "api_key",
            _ => "oauth",
        }
    }
}

/// The shape of its result.
#[derive(Clone, Copy)]
pub(super) enum OutputShape {
    One(&'static Type),
    /// `{items, page, perPage, total, hasMore}`.
    List(&'static Type),
}

/// The function behind a tool.
#[derive(Clone, Copy)]
pub(super) enum Run {
    /// Answers from the tables of tools and from facts about the caller.
    About(fn(&Caller<'_>, ToolInput<'_>) -> DeskResult),
    Read(fn(&Desk, ToolInput<'_>) -> DeskResult),
    Write(fn(&mut Desk, ToolInput<'_>) -> DeskResult),
    /// `preview` checks everything and describes in one sentence the effect of `apply`.
    Confirmed {
        preview: fn(&Desk, ToolInput<'_>) -> Result<String, DeskError>,
        apply: fn(&mut Desk, ToolInput<'_>) -> DeskResult,
    },
}

const CONFIRM: &[Field] =
    &[may(confirm::ARGUMENT, Shape::Text, "the token that the first call gave")];

impl Run {
    fn kind(self) -> ToolKind {
        match self {
            Self::About(_) | Self::Read(_) => ToolKind::Read,
            Self::Write(_) => ToolKind::Write,
            Self::Confirmed { .. } => ToolKind::Destructive,
        }
    }
}

impl Entry {
    pub(super) fn to_tool(&self) -> ToolSpec {
        let description = format!(
            "{}.\n\nWhen to use: {}.\nWhen not to use: {}.\nExample: {}",
            self.about, self.when_to_use, self.when_not_to_use, self.example
        );
        let kind = self.run.kind();
        let confirm = if kind == ToolKind::Destructive { CONFIRM } else { &[] };
        let fields = self.fields.iter().copied().chain([confirm]).flatten();
        let input = field::schema(fields);
        let mut tool = ToolSpec::new(self.name, self.title, description, kind, input);
        tool.output = Some(self.gives.schema(kind));
        tool
    }

    /// Its entry in the answer of `describe_capabilities`.
    pub(super) fn described(&self) -> Value {
        json!({
            "name": self.name,
            "title": self.title,
            "domain": self.domain.name(),
            "class": self.class.name(),
            "description": self.about,
            "whenToUse": self.when_to_use,
            "whenNotToUse": self.when_not_to_use,
            "example": serde_json::from_str::<Value>(self.example).unwrap_or_default(),
        })
    }
}

impl OutputShape {
    /// Returns the schema of the result, or of the other shapes that an answer can have.
    fn schema(self, kind: ToolKind) -> Value {
        let given = match self {
            Self::One(of) => of.in_full(),
            Self::List(of) => json!({
                "type": "object",
                "required": ["items", "page", "perPage", "total", "hasMore"],
                "properties": {
                    "items": { "type": "array", "items": of.in_list() },
                    "page": { "type": "integer", "minimum": 1 },
                    "perPage": { "type": "integer", "minimum": 1 },
                    "total": { "type": "integer", "minimum": 0 },
                    "hasMore": { "type": "boolean" },
                },
            }),
        };
        let mut shapes = vec![given, desk_error::schema()];
        if kind == ToolKind::Destructive {
            shapes.push(confirm::schema());
        }
        json!({ "type": "object", "anyOf": shapes })
    }
}
