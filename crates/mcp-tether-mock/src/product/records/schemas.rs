//! Input and output schemas, derived from columns.

use std::iter;

use serde_json::{Map, Value, json};

use super::resource::{Action, ApiFormat, Column, RecordOutput, RecordTable, ToolRow};
use super::store::Records;
use crate::product::field::{Field, Shape, may, need, schema};
use crate::product::moment::Moment;
use crate::product::tool::ToolSpec;

const QUERY: Field = may("query", Shape::Text, "words that must all be found");

/// Bounds of the day on which a record was created.
const MADE: &[Field] = &[
    may("created_from", Shape::Date, "only what was made on this day or later"),
    may("created_to", Shape::Date, "only what was made on this day or earlier"),
];

impl ToolRow {
    /// Returns the tool as hosts see it, with an example made for these records.
    pub(crate) fn to_tool(
        &self,
        of: &RecordTable,
        format: &ApiFormat,
        records: &Records,
    ) -> ToolSpec {
        let example = self.filled_example(of, format, records);
        let description = format!("{}.\n\nExample: {example}", self.about);
        let fields = self.fields(of, format);
        let mut tool =
            ToolSpec::new(self.name, self.title, description, self.kind(), schema(&fields));
        tool.output = Some(self.output(of, format));
        tool
    }

    fn fields(&self, of: &RecordTable, format: &ApiFormat) -> Vec<Field> {
        let columns = of.columns.iter();
        let own: Vec<Field> = match &self.action {
            Action::List => {
                let searched = columns.clone().any(|column| column.searched);
                let filters = columns.filter(|column| column.filter);
                let filters = filters.map(Column::filter_field);
                let query = searched.then_some(QUERY);
                query
                    .into_iter()
                    .chain(filters)
                    .chain(MADE.iter().copied())
                    .chain(format.page)
                    .collect()
            }
            Action::Get | Action::Delete => vec![of.id_field()],
            Action::Create => {
                let written = columns.filter(|column| column.on_create);
                written.map(|column| column.field(column.needed)).collect()
            }
            Action::Update => {
                let written = columns.filter(|column| column.on_update);
                iter::once(of.id_field()).chain(written.map(|c| c.field(false))).collect()
            }
            Action::Special { fields, .. } => fields.iter().copied().flatten().copied().collect(),
        };
        of.within.into_iter().chain(own).collect()
    }

    fn output(&self, of: &RecordTable, format: &ApiFormat) -> Value {
        match &self.action {
            Action::List => (format.list_schema)(of.schema(format)),
            Action::Get | Action::Create | Action::Update => of.schema(format),
            Action::Delete => deleted_schema(of),
            Action::Special { gives, .. } => match gives {
                RecordOutput::One => of.schema(format),
                RecordOutput::OneOf(other) => other.schema(format),
                RecordOutput::These(fields) => shown(&schema(*fields)),
            },
        }
    }
}

impl RecordTable {
    /// Returns the names of the members that a record shows, the id first.
    pub(crate) fn member_names(&self) -> Vec<&'static str> {
        let columns = self.columns.iter().filter(|column| !column.hidden).map(|c| c.name);
        let within = self.within.map(|field| field.name);
        iter::once("id").chain(within).chain(columns).chain(["created_at", "updated_at"]).collect()
    }

    fn id_field(&self) -> Field {
        need(self.id, self.id_shape(), "which one")
    }

    fn id_shape(&self) -> Shape {
        if self.prefix.is_some() { Shape::Text } else { Shape::Id }
    }

    /// Returns the schema of a record in answers: every member is always there, some may be null.
    pub(crate) fn schema(&self, format: &ApiFormat) -> Value {
        let mut properties = Map::new();
        properties.insert("id".to_owned(), shown(&self.id_shape().schema()));
        for stamp in ["created_at", "updated_at"] {
            let example = (format.stamp)(Moment(0));
            let kind = if example.is_string() { "string" } else { "integer" };
            properties.insert(stamp.to_owned(), json!({ "type": kind }));
        }
        if let Some(within) = self.within {
            properties.insert(within.name.to_owned(), shown(&within.shape.schema()));
        }
        for column in self.columns.iter().filter(|column| !column.hidden) {
            properties.insert(column.name.to_owned(), column.output());
        }
        let required: Vec<_> = properties.keys().cloned().collect();
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }
}

impl Column {
    /// Returns the column as a filter argument of lists.
    fn filter_field(&self) -> Field {
        Field { shape: self.shown.unwrap_or(self.shape), ..self.field(false) }
    }

    fn output(&self) -> Value {
        let schema = shown(&self.shown.unwrap_or(self.shape).schema());
        if self.needed || self.default.is_some() { schema } else { nullable(schema) }
    }
}

fn deleted_schema(of: &RecordTable) -> Value {
    json!({
        "type": "object",
        "properties": {
            "id": shown(&of.id_shape().schema()),
            "object": { "const": of.one },
            "deleted": { "const": true },
        },
        "required": ["id", "object", "deleted"],
        "additionalProperties": false,
    })
}

/// Returns a schema without the keywords that only concern arguments.
fn shown(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let told = |name: &str, value: &Value| match name {
                "minItems" | "maxItems" | "minLength" | "maxLength" | "minimum" | "maximum" => {
                    !value.is_number()
                }
                "uniqueItems" => !value.is_boolean(),
                "pattern" | "format" | "description" => !value.is_string(),
                _ => true,
            };
            let kept = members.iter().filter(|(name, value)| told(name, value));
            kept.map(|(name, value)| (name.clone(), shown(value))).collect()
        }
        Value::Array(items) => items.iter().map(shown).collect(),
        other => other.clone(),
    }
}

fn nullable(mut schema: Value) -> Value {
    if let Some(kind) = schema.get("type").cloned() {
        schema["type"] = json!([kind, "null"]);
    }
    if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        values.push(Value::Null);
    }
    schema
}
