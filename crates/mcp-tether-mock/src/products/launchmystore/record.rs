//! Records: the JSON objects that categories, customers, coupons, texts and menus are.

use serde_json::{Map, Value};

/// One record.
pub(super) type Record = Map<String, Value>;

/// A text of a record; empty where there is none.
pub(super) fn text<'a>(record: &'a Record, name: &str) -> &'a str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A whole number of a record.
pub(super) fn whole(record: &Record, name: &str) -> Option<i64> {
    record.get(name).and_then(Value::as_i64)
}
