//! Examples of arguments that name records of the seeded data: `$customers` is the id of the first
//! customer, `$invoices.status=open` of the first invoice that is open,
//! `$invoices.status=open:/number` its number.

use serde_json::Value;

use super::resource::{ApiFormat, RecordTable, ToolRow};
use super::store::Records;

impl ToolRow {
    /// Returns the row's example with the ids filled in.
    pub(crate) fn filled_example(
        &self,
        of: &RecordTable,
        format: &ApiFormat,
        records: &Records,
    ) -> String {
        let mut filled = String::new();
        let mut rest = self.example;
        while let Some((before, after)) = rest.split_once('$') {
            let end = after.find([',', '}', ']']).unwrap_or(after.len());
            let (name, tail) = after.split_at(end);
            filled.push_str(before);
            let within = of.within.and_then(|field| Some((field.name, self.scope(field.name)?)));
            let id = first(format, records, name, within.as_ref());
            filled.push_str(&id.unwrap_or_else(|| panic!("{}: nothing is `{name}`", self.name)));
            rest = tail;
        }
        filled + rest
    }

    /// Returns the example's value of the argument that scopes records.
    fn scope(&self, name: &str) -> Option<Value> {
        let (_, after) = self.example.split_once(&format!("\"{name}\":"))?;
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u64>().ok().map(Value::from)
    }
}

fn first(
    format: &ApiFormat,
    records: &Records,
    name: &str,
    within: Option<&(&'static str, Value)>,
) -> Option<String> {
    let (name, pointer) = name.split_once(':').unwrap_or((name, "/id"));
    let (table, condition) = name.split_once('.').unwrap_or((name, ""));
    let resource = format.resources.iter().find(|resource| resource.table == table)?;
    let fits = |record: &&Value| match condition.split_once('=') {
        None => true,
        Some((member, wanted)) => match &record[member] {
            Value::String(text) => text == wanted,
            other => serde_json::from_str(wanted).is_ok_and(|wanted: Value| wanted == *other),
        },
    };
    let here = |record: &&Value| within.is_none_or(|(member, value)| record[*member] == *value);
    let found = records.all(resource).iter().filter(here).find(fits);
    found?.pointer(pointer).map(Value::to_string)
}
