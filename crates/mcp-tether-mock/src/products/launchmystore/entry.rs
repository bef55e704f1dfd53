//! The entry of a tool, from which description, schemas and hints are derived.

use serde_json::{Value, json};

use super::resource::Resource;
use super::shop::Shop;
use super::shop_error::ShopResult;
use crate::product::field::{Field, Shape, ToolInput, may, need, schema};
use crate::product::{ToolKind, ToolSpec};

/// A tool: its description, its arguments, and its action.
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) domain: AdminArea,
    pub(super) kind: ToolKind,
    /// A description, and when to use the tool.
    pub(super) about: &'static str,
    /// Arguments that work on the data of a new store.
    pub(super) example: &'static str,
    pub(super) does: Does,
}

/// The action of a tool.
#[derive(Clone, Copy)]
pub(super) enum Does {
    /// One of the five standard actions on records.
    List(&'static Resource),
    Get(&'static Resource),
    Create(&'static Resource),
    Update(&'static Resource),
    Delete(&'static Resource),
    /// A function that only reads.
    Look(&'static [&'static [Field]], ResultShape, fn(&Shop, ToolInput<'_>) -> ShopResult),
    /// A function that changes something.
    Change(&'static [&'static [Field]], ResultShape, fn(&mut Shop, ToolInput<'_>) -> ShopResult),
}

/// The shape of a tool's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResultShape {
    /// A page of items under this name.
    List(&'static str),
    /// One thing under this name.
    One(&'static str),
    /// These members.
    Members(&'static [&'static str]),
}

/// The part of the admin that a tool belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AdminArea {
    Products,
    Orders,
    Categories,
    Customers,
    Analytics,
    Coupons,
    BlogsAndPages,
    Themes,
    Menus,
    StoreSettings,
}

impl AdminArea {
    pub(super) const ALL: [Self; 10] = [
        Self::Products,
        Self::Orders,
        Self::Categories,
        Self::Customers,
        Self::Analytics,
        Self::Coupons,
        Self::BlogsAndPages,
        Self::Themes,
        Self::Menus,
        Self::StoreSettings,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Products => "Products",
            Self::Orders => "Orders",
            Self::Categories => "Categories",
            Self::Customers => "Customers",
            Self::Analytics => "Analytics",
            Self::Coupons => "Coupons",
            Self::BlogsAndPages => "Blogs & Pages",
            Self::Themes => "Themes",
            Self::Menus => "Menus",
            Self::StoreSettings => "Store Settings",
        }
    }

    /// Returns whether it concerns texts and design, rather than goods and money.
    pub(super) fn is_content(self) -> bool {
        matches!(self, Self::BlogsAndPages | Self::Themes | Self::Menus)
    }
}

/// The arguments of every tool that returns pages.
pub(super) const PAGE: &[Field] = &[
    may("page", Shape::Whole(1, 100_000), "which page, from 1"),
    may("limit", Shape::Whole(1, 100), "entries per page, 20 if left out"),
];

const QUERY: &[Field] = &[may("query", Shape::Text, "words that must all be found")];

const ID: &[Field] = &[need("id", Shape::Text, "its id, or the name that is unique to it")];

const CLEAR: &[Field] = &[may("clear", Shape::Texts, "names of optional fields to empty")];

impl Entry {
    pub(super) fn to_tool(&self) -> ToolSpec {
        let description = format!("{}.\n\nExample: {}", self.about, self.example);
        let mut tool =
            ToolSpec::new(self.name, self.title, description, self.kind, schema(&self.fields()));
        tool.output = Some(self.gives().schema());
        tool
    }

    fn fields(&self) -> Vec<Field> {
        let optional = |fields: &[Field]| -> Vec<Field> {
            fields.iter().map(|field| Field { required: false, ..*field }).collect()
        };
        match self.does {
            Does::List(resource) => [QUERY, resource.filters, PAGE].concat(),
            Does::Get(_) | Does::Delete(_) => ID.to_vec(),
            Does::Create(resource) => resource.fields.to_vec(),
            Does::Update(resource) => [ID, &optional(resource.fields), CLEAR].concat(),
            Does::Look(fields, ..) | Does::Change(fields, ..) => fields.concat(),
        }
    }

    fn gives(&self) -> ResultShape {
        match self.does {
            Does::List(resource) => ResultShape::List(resource.plural),
            Does::Get(resource) | Does::Create(resource) | Does::Update(resource) => {
                ResultShape::One(resource.word)
            }
            Does::Delete(_) => ResultShape::Members(DELETED),
            Does::Look(_, gives, _) | Does::Change(_, gives, _) => gives,
        }
    }
}

/// The members of the answer to a deletion.
pub(super) const DELETED: &[&str] = &["deleted", "id"];

impl ResultShape {
    /// Returns the schema of the result, or of the error in its place.
    fn schema(self) -> Value {
        let thing = json!({ "type": "object", "required": ["id"] });
        let good = match self {
            Self::List(name) => json!({
                "required": [name, "page", "limit", "total", "pageCount"],
                "properties": {
                    name: { "type": "array", "items": thing },
                    "page": { "type": "integer", "minimum": 1 },
                    "limit": { "type": "integer", "minimum": 1 },
                    "total": { "type": "integer", "minimum": 0 },
                    "pageCount": { "type": "integer", "minimum": 0 },
                },
            }),
            Self::One(name) => json!({ "required": [name], "properties": { name: thing } }),
            Self::Members(names) => json!({ "required": names }),
        };
        let error = json!({
            "required": ["error"],
            "properties": { "error": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "code": { "enum": [
                        "not_found", "invalid_arguments", "conflict", "invalid_state", "forbidden",
                    ] },
                    "message": { "type": "string" },
                    "argument": { "type": "string" },
                },
            } },
        });
        json!({ "type": "object", "oneOf": [good, error] })
    }
}
