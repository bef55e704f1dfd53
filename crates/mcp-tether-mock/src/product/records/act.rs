//! The actions of the tools: list, get, create, update, delete, and special functions.

use serde_json::{Map, Value, json};

use super::record_error::{RecordError, RecordResult};
use super::resource::{
    Action, ApiFormat, Column, RecordFunction, RecordOutput, RecordTable, ToolRow, WhenGone,
};
use super::store::Records;
use crate::date::Date;
use crate::product::field::{Shape, ToolInput};
use crate::product::moment::Moment;
use crate::product::page::ListPage;

/// Runs a tool that only reads.
pub(crate) fn read(
    format: &ApiFormat,
    (of, row): (&'static RecordTable, &ToolRow),
    records: &Records,
    input: ToolInput<'_>,
) -> RecordResult {
    match &row.action {
        Action::List => list(format, of, records, input),
        Action::Get => {
            let record = seen(of, records, input)?;
            Ok(show(of, records, record))
        }
        Action::Special { run: RecordFunction::Read(run), gives, .. } => {
            run(records, input).map(|given| finish(of, *gives, records, given))
        }
        _ => unreachable!("only tools that look are run on data that cannot change"),
    }
}

/// Runs any tool. If it fails, its changes are undone.
pub(crate) fn write(
    format: &ApiFormat,
    row: (&'static RecordTable, &ToolRow),
    records: &mut Records,
    input: ToolInput<'_>,
) -> RecordResult {
    if row.1.only_looks() {
        read(format, row, records, input)
    } else {
        records.attempt(|records| carry_out(format, row, records, input))
    }
}

/// Runs any tool without undoing a failure; for calls that are known to succeed, such as seeding.
pub(crate) fn carry_out(
    format: &ApiFormat,
    (of, row): (&'static RecordTable, &ToolRow),
    records: &mut Records,
    input: ToolInput<'_>,
) -> RecordResult {
    match &row.action {
        Action::Create => create(format, of, records, input),
        Action::Update => update(format, of, records, input),
        Action::Delete => delete(format, of, records, input),
        Action::Special { run: RecordFunction::Write(run), gives, .. } => {
            run(records, input).map(|given| finish(of, *gives, records, given))
        }
        _ => read(format, (of, row), records, input),
    }
}

fn list(
    format: &ApiFormat,
    of: &RecordTable,
    records: &Records,
    input: ToolInput<'_>,
) -> RecordResult {
    let wanted = Wanted::of(format, of, input)?;
    let found: Vec<&Value> = records.all(of).iter().rev().filter(|r| wanted.has(r)).collect();
    let [page, size] = format.page.map(|field| input.whole(field.name));
    let page = ListPage::of(&found, page.unwrap_or(1), size.unwrap_or(format.page_size));
    let items: Vec<Value> = page.items.iter().map(|record| show(of, records, record)).collect();
    Ok((format.list)(&page.showing(&items)))
}

/// Returns the filters of a list.
struct Wanted<'a> {
    equal: Vec<(&'static str, &'a Value)>,
    words: Vec<String>,
    searched: Vec<&'static str>,
    from: Option<Value>,
    to: Option<Value>,
}

impl<'a> Wanted<'a> {
    fn of(format: &ApiFormat, of: &RecordTable, input: ToolInput<'a>) -> Result<Self, RecordError> {
        let filters = of.columns.iter().filter(|column| column.filter).map(|c| c.name);
        let named = of.within.iter().map(|field| field.name).chain(filters);
        let equal = named.filter_map(|name| Some((name, input.0.get(name)?))).collect();
        let words = input.text("query").unwrap_or_default().to_lowercase();
        let searched = of.columns.iter().filter(|column| column.searched).map(|c| c.name);
        let day = |name: &'static str| input.text(name).map(|day| date(name, day)).transpose();
        let from = day("created_from")?.map(|day| Moment::on(day, 0));
        let to = day("created_to")?.map(|day| Moment::on(day.plus_days(1), -1));
        Ok(Self {
            equal,
            words: words.split_whitespace().map(str::to_owned).collect(),
            searched: searched.collect(),
            from: from.map(format.stamp),
            to: to.map(format.stamp),
        })
    }

    fn has(&self, record: &Value) -> bool {
        let made = &record["created_at"];
        self.equal.iter().all(|(name, value)| same(&record[*name], value))
            && self.words.iter().all(|word| self.finds(record, word))
            && self.from.as_ref().is_none_or(|from| !is_before(made, from))
            && self.to.as_ref().is_none_or(|to| !is_before(to, made))
    }

    fn finds(&self, record: &Value, word: &str) -> bool {
        let texts = self.searched.iter().filter_map(|name| record[*name].as_str());
        texts.into_iter().any(|text| text.to_lowercase().contains(word))
    }
}

/// Reads a day from an argument.
fn date(field: &str, text: &str) -> Result<Date, RecordError> {
    text.parse().map_err(|reason: String| RecordError::invalid(field, reason))
}

/// Returns whether a value matches a filter: case is ignored; a list matches each of its members.
fn same(held: &Value, wanted: &Value) -> bool {
    match (held, wanted) {
        (Value::String(held), Value::String(wanted)) => {
            held.to_lowercase() == wanted.to_lowercase()
        }
        (Value::Array(held), wanted) if !wanted.is_array() => held.contains(wanted),
        _ => held == wanted,
    }
}

fn is_before(left: &Value, right: &Value) -> bool {
    match (left.as_i64(), right.as_i64()) {
        (Some(left), Some(right)) => left < right,
        _ => left.as_str() < right.as_str(),
    }
}

/// Returns the record that the arguments name, if it is visible with them.
pub(crate) fn seen<'a>(
    of: &RecordTable,
    records: &'a Records,
    input: ToolInput<'_>,
) -> Result<&'a Value, RecordError> {
    visible(of, records, &input.0[of.id], input.0)
}

/// Returns a record, if it is visible from `place`.
fn visible<'a>(
    of: &RecordTable,
    records: &'a Records,
    id: &Value,
    place: &Value,
) -> Result<&'a Value, RecordError> {
    let record = records.find(of, id)?;
    match of.within {
        Some(within) if record[within.name] != place[within.name] => {
            Err(RecordError::not_found(of.one, id))
        }
        _ => Ok(record),
    }
}

fn create(
    format: &ApiFormat,
    of: &'static RecordTable,
    records: &mut Records,
    input: ToolInput<'_>,
) -> RecordResult {
    let mut draft = blank(of);
    for column in of.columns.iter().filter(|column| column.stored && column.on_create) {
        if let Some(written) = input.0.get(column.name) {
            draft[column.name] = written.clone();
        }
    }
    if let Some(within) = of.within {
        draft[within.name] = input.0[within.name].clone();
    }
    check(of, records, &draft, input)?;
    stamp(format, of, records, &mut draft);
    if let Some(creating) = of.rules.creating {
        creating(records, &mut draft, input)?;
    }
    records.insert(of, draft.clone());
    Ok(show(of, records, &draft))
}

/// Inserts a record that no caller described. Members missing from `members` have their
/// defaults; nothing is checked.
pub(crate) fn make(
    format: &ApiFormat,
    of: &'static RecordTable,
    records: &mut Records,
    members: Value,
) -> Value {
    let mut record = blank(of);
    stamp(format, of, records, &mut record);
    if let (Value::Object(record), Value::Object(members)) = (&mut record, members) {
        record.extend(members);
    }
    records.insert(of, record.clone());
    record
}

/// Returns a record in which every column has its default.
fn blank(of: &RecordTable) -> Value {
    let stored = of.columns.iter().filter(|column| column.stored);
    let members: Map<String, Value> = stored
        .map(|column| {
            let default = column.default.map(serde_json::from_str);
            let default = default.transpose().expect("defaults in tables are JSON");
            (column.name.to_owned(), default.unwrap_or_default())
        })
        .collect();
    Value::Object(members)
}

fn stamp(format: &ApiFormat, of: &RecordTable, records: &mut Records, record: &mut Value) {
    record["id"] = records.new_id(of);
    let now = (format.stamp)(records.tick());
    record["created_at"] = now.clone();
    record["updated_at"] = now;
}

fn update(
    format: &ApiFormat,
    of: &'static RecordTable,
    records: &mut Records,
    input: ToolInput<'_>,
) -> RecordResult {
    let before = seen(of, records, input)?.clone();
    let mut after = before.clone();
    let written = |column: &&Column| column.on_update && input.has(column.name);
    if !of.columns.iter().any(|column| written(&column)) {
        let names = of.columns.iter().filter(|c| c.on_update).map(|c| format!("`{}`", c.name));
        let names: Vec<_> = names.collect();
        let message = format!("nothing to change was given; what can be is {}", names.join(", "));
        return Err(RecordError::State(message));
    }
    for column in of.columns.iter().filter(written).filter(|column| column.stored) {
        put(&mut after[column.name], column.shape, &input.0[column.name]);
    }
    check(of, records, &after, input)?;
    after["updated_at"] = (format.stamp)(records.tick());
    if let Some(changing) = of.rules.changing {
        changing(records, &before, &mut after, input)?;
    }
    let kept = after.clone();
    records.change(of, &before["id"], |record| *record = kept)?;
    Ok(show(of, records, &after))
}

/// Merges texts by name into those that exist; everything else replaces the old value.
fn put(held: &mut Value, shape: Shape, written: &Value) {
    match (shape, held, written) {
        (Shape::Words, Value::Object(held), Value::Object(written)) => {
            held.extend(written.clone());
        }
        (_, held, written) => *held = written.clone(),
    }
}

/// Checks references and unique values.
fn check(
    of: &RecordTable,
    records: &Records,
    record: &Value,
    input: ToolInput<'_>,
) -> Result<(), RecordError> {
    for column in of.columns {
        let Some(value) = input.0.get(column.name) else { continue };
        if let Some(reference) = column.refers {
            let ids = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            for id in ids {
                visible(reference.to, records, id, record)?;
            }
        }
        if column.unique {
            let mut others = records.all(of).iter().filter(|other| other["id"] != record["id"]);
            if others.any(|other| same(&other[column.name], value)) {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                return Err(RecordError::Taken { field: column.name, value });
            }
        }
    }
    Ok(())
}

fn delete(
    format: &ApiFormat,
    of: &'static RecordTable,
    records: &mut Records,
    input: ToolInput<'_>,
) -> RecordResult {
    let record = seen(of, records, input)?.clone();
    remove(format, of, records, &record)?;
    records.tick();
    Ok(json!({ "id": record["id"], "object": of.one, "deleted": true }))
}

/// Removes a record with everything that depends on it.
fn remove(
    format: &ApiFormat,
    of: &'static RecordTable,
    records: &mut Records,
    record: &Value,
) -> Result<(), RecordError> {
    if let Some(deleting) = of.rules.deleting {
        deleting(records, record)?;
    }
    let id = &record["id"];
    for other in format.resources {
        for column in other.columns {
            let Some(reference) = column.refers.filter(|r| r.to.is(of)) else { continue };
            let referring = |row: &&Value| same(&row[column.name], id);
            let rows: Vec<Value> = records.all(other).iter().filter(referring).cloned().collect();
            match reference.when_gone {
                WhenGone::Refuse if !rows.is_empty() => {
                    let (one, count) = (of.one, rows.len());
                    let first = &rows[0]["id"];
                    let what = format!(
                        "this {one} is still used by {count} of the {}, the first is {first}",
                        other.table.replace('_', " ")
                    );
                    return Err(RecordError::State(what));
                }
                WhenGone::Refuse => {}
                WhenGone::Go => {
                    rows.iter().try_for_each(|row| remove(format, other, records, row))?;
                }
                WhenGone::Forget => {
                    for row in &rows {
                        records.change(other, &row["id"], |row| forget(row, column.name, id))?;
                    }
                }
            }
        }
    }
    records.remove(of, id);
    Ok(())
}

fn forget(record: &mut Value, member: &str, id: &Value) {
    match record[member].as_array_mut() {
        Some(ids) => ids.retain(|held| held != id),
        None => record[member] = Value::Null,
    }
}

fn finish(of: &RecordTable, gives: RecordOutput, records: &Records, given: Value) -> Value {
    match gives {
        RecordOutput::One => show(of, records, &given),
        RecordOutput::OneOf(other) => show(other, records, &given),
        RecordOutput::These(_) => given,
    }
}

impl RecordTable {
    /// Returns a record as answers show it.
    pub(crate) fn shown(&self, records: &Records, record: &Value) -> Value {
        show(self, records, record)
    }
}

fn show(of: &RecordTable, records: &Records, record: &Value) -> Value {
    let mut shown = record.clone();
    if let Some(showing) = of.rules.showing {
        showing(records, &mut shown);
    }
    if let Some(members) = shown.as_object_mut() {
        for column in of.columns.iter().filter(|column| column.hidden) {
            members.remove(column.name);
        }
    }
    shown
}
