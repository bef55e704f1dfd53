//! The arguments of a tool as a table: the schema that the host sees and the checks come from one
//! place, and [`ToolInput`] reads what passed them. The meaning of an argument is up to the
//! product.

use serde_json::{Map, Value, json};

/// One argument.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    pub(crate) about: &'static str,
}

/// The type of an argument, with its limits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Text that is not empty.
    Text,
    /// Text of at most this many characters, not empty.
    Short(u32),
    /// Text, or null if absent.
    TextOrNull,
    /// Text that fits a regular expression.
    Like(&'static str),
    /// Text in the form of an e-mail address.
    Email,
    /// An `http` or `https` address.
    Url,
    /// The number of a record.
    Id,
    /// The number of a record, or null if absent.
    IdOrNull,
    /// One or more numbers of records.
    Ids,
    /// A day as `YYYY-MM-DD`.
    Date,
    /// A point in time in seconds since 1970.
    Time,
    /// `YYYY-MM-DD`, `today` or `yesterday`.
    Day,
    /// A whole number within bounds.
    Whole(i64, i64),
    /// An amount in minor units, not negative.
    Money,
    Flag,
    OneOf(&'static [&'static str]),
    /// One or more of these values.
    SomeOf(&'static [&'static str]),
    /// One or more texts.
    Texts,
    /// Texts by name.
    Words,
    /// Texts, whole numbers and flags by name.
    Scalars,
    /// Any JSON by name.
    Data,
    Object(&'static [Field]),
    /// One or more objects.
    Objects(&'static [Field]),
}

/// Returns a required argument.
pub(crate) const fn need(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, shape, required: true, about }
}

/// Returns an optional argument.
pub(crate) const fn may(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, shape, required: false, about }
}

/// The arguments that select a span of days.
pub(crate) const DAYS: &[Field] = &[
    may("from", Shape::Day, "first day that counts"),
    may("to", Shape::Day, "last day that counts"),
];

/// Returns the JSON schema of an object with these members and no others.
pub(crate) fn schema<'a>(fields: impl IntoIterator<Item = &'a Field>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields {
        let mut property = field.shape.schema();
        property["description"] = field.about.into();
        properties.insert(field.name.to_owned(), property);
        if field.required {
            required.push(field.name);
        }
    }
    let mut schema =
        json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

impl Shape {
    pub(crate) fn schema(self) -> Value {
        match self {
            Self::Text => json!({ "type": "string", "minLength": 1 }),
            Self::Short(most) => json!({ "type": "string", "minLength": 1, "maxLength": most }),
            Self::TextOrNull => json!({ "type": ["string", "null"] }),
            Self::Like(pattern) => json!({ "type": "string", "pattern": pattern }),
            Self::Email => json!({
                "type": "string", "format": "email", "maxLength": 255,
                "pattern": r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
            }),
            Self::Url => json!({
                "type": "string", "format": "uri", "maxLength": 2000,
                "pattern": r"^https?://[^/\s]+\S*$",
            }),
            Self::Id => json!({ "type": "integer", "minimum": 1 }),
            Self::IdOrNull => json!({ "type": ["integer", "null"] }),
            Self::Ids => list(json!({ "type": "integer", "minimum": 1 })),
            Self::Date => json!({
                "type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$",
            }),
            Self::Time => json!({ "type": "integer", "minimum": 0 }),
            Self::Day => json!({
                "type": "string",
                "pattern": r"^(\d{4}-\d{2}-\d{2}|today|yesterday)$",
            }),
            Self::Whole(least, most) => {
                json!({ "type": "integer", "minimum": least, "maximum": most })
            }
            Self::Money => {
                json!({ "type": "integer", "minimum": 0, "maximum": 100_000_000_000_i64 })
            }
            Self::Flag => json!({ "type": "boolean" }),
            Self::OneOf(values) => json!({ "type": "string", "enum": values }),
            Self::SomeOf(values) => list(json!({ "type": "string", "enum": values })),
            Self::Texts => list(json!({ "type": "string", "minLength": 1 })),
            Self::Words => {
                json!({ "type": "object", "additionalProperties": { "type": "string" } })
            }
            Self::Scalars => json!({
                "type": "object", "minProperties": 1,
                "additionalProperties": { "type": ["string", "integer", "boolean"] },
            }),
            Self::Data => json!({ "type": "object" }),
            Self::Object(fields) => schema(fields),
            Self::Objects(fields) => {
                json!({ "type": "array", "items": schema(fields), "minItems": 1, "maxItems": 100 })
            }
        }
    }
}

/// Returns the schema of a list without duplicates.
fn list(items: Value) -> Value {
    json!({
        "type": "array", "items": items, "minItems": 1, "maxItems": 500, "uniqueItems": true,
    })
}

/// Arguments that fit their schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ToolInput<'a>(pub(crate) &'a Value);

impl<'a> ToolInput<'a> {
    pub(crate) fn has(self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name).and_then(Value::as_str).map(str::trim)
    }

    /// Returns a text that the schema requires.
    pub(crate) fn needed(self, name: &str) -> &'a str {
        self.text(name).unwrap_or_default()
    }

    pub(crate) fn owned(self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    pub(crate) fn whole(self, name: &str) -> Option<i64> {
        self.0.get(name).and_then(Value::as_i64)
    }

    pub(crate) fn flag(self, name: &str) -> Option<bool> {
        self.0.get(name).and_then(Value::as_bool)
    }

    pub(crate) fn texts(self, name: &str) -> Vec<&'a str> {
        let list = self.0.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::trim).collect()
    }

    pub(crate) fn words(self, name: &str) -> Vec<(&'a str, &'a str)> {
        let words = self.0.get(name).and_then(Value::as_object);
        let pair = |(name, value): (&'a String, &'a Value)| Some((name.as_str(), value.as_str()?));
        words.into_iter().flatten().filter_map(pair).collect()
    }

    pub(crate) fn object(self, name: &str) -> Option<Self> {
        self.0.get(name).map(Self)
    }

    pub(crate) fn objects(self, name: &str) -> Vec<Self> {
        self.0.get(name).and_then(Value::as_array).into_iter().flatten().map(Self).collect()
    }
}
