//! One row of the tool table.

use serde_json::{Value, json};

use super::super::{Kind, Tool};
use super::confirm;
use super::desk::Desk;
use super::field::{self, Field, Input, Shape, may};
use super::problem::{Problem, Reply};
use super::{Caller, Egrow};

/// A tool: what it says about itself, what it takes, and the function that does it.
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) domain: Domain,
    pub(super) class: Class,
    /// What it does, one sentence.
    pub(super) about: &'static str,
    pub(super) when_to_use: &'static str,
    pub(super) when_not_to_use: &'static str,
    /// Arguments that work on the seeded data.
    pub(super) example: &'static str,
    pub(super) fields: &'static [&'static [Field]],
    pub(super) gives: Gives,
    pub(super) run: Run,
}

/// The part of the product a tool belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Domain {
    Orders,
    Customers,
    Products,
    Discovery,
}

impl Domain {
    pub(super) const ALL: [Self; 4] =
        [Self::Orders, Self::Customers, Self::Products, Self::Discovery];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Orders => "Orders",
            Self::Customers => "Customers",
            Self::Products => "Products",
            Self::Discovery => "Discovery",
        }
    }
}

/// What kind of call it is: decides limits, hints and confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Discovery,
    Read,
    Write,
    Destructive,
}

impl Class {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Read => "read",
            Self::Write => "write",
            Self::Destructive => "destructive",
        }
    }

    /// The limit that it counts against, per minute.
    pub(super) fn limit(self) -> (&'static str, u32) {
        match self {
            Self::Discovery | Self::Read => ("read", 300),
            Self::Write | Self::Destructive => ("write", 60),
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Discovery | Self::Read => Kind::Read,
            Self::Write => Kind::Write,
            Self::Destructive => Kind::Destructive,
        }
    }
}

/// The shape of what it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    /// `{items, page, perPage, total, hasMore}`.
    List,
    Object,
}

/// The function behind a tool.
#[derive(Clone, Copy)]
pub(super) enum Run {
    /// Needs to know who asks and what the product is.
    About(fn(&Egrow, &Caller<'_>, Input<'_>) -> Reply),
    Read(fn(&Desk, Input<'_>) -> Reply),
    Write(fn(&mut Desk, Input<'_>) -> Reply),
    /// `preview` checks everything and says in one sentence what `apply` will do.
    Confirmed {
        preview: fn(&Desk, Input<'_>) -> Result<String, Problem>,
        apply: fn(&mut Desk, Input<'_>) -> Reply,
    },
}

const CONFIRM: &[Field] =
    &[may(confirm::ARGUMENT, Shape::Text, "the token that the first call gave")];

impl Entry {
    pub(super) fn to_tool(&self) -> Tool {
        let description = format!(
            "{}.\n\nWhen to use: {}.\nWhen not to use: {}.\nExample: {}",
            self.about, self.when_to_use, self.when_not_to_use, self.example
        );
        let confirm = if self.class == Class::Destructive { CONFIRM } else { &[] };
        let fields = self.fields.iter().copied().chain([confirm]).flatten();
        let input = field::schema(fields);
        let mut tool = Tool::new(self.name, self.title, description, self.class.kind(), input);
        tool.output = Some(self.gives.schema(self.class));
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

impl Gives {
    /// A list, or one of the other shapes that every answer can have.
    fn schema(self, class: Class) -> Value {
        if self == Self::Object {
            return json!({ "type": "object" });
        }
        let mut shapes = vec![
            json!({ "required": ["error"] }),
            json!({
                "required": ["items", "page", "perPage", "total", "hasMore"],
                "properties": { "items": { "type": "array" }, "total": { "type": "integer" } },
            }),
        ];
        if class == Class::Destructive {
            shapes.push(json!({ "required": ["confirmation"] }));
        }
        json!({ "type": "object", "anyOf": shapes })
    }
}
