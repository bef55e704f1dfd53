//! Records: categories, customers, coupons, texts and menus as JSON objects.

use serde_json::{Map, Value};

/// One record.
pub(super) type Record = Map<String, Value>;

/// Returns a text member of a record; empty if absent.
pub(super) fn text<'a>(record: &'a Record, name: &str) -> &'a str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Returns an integer member of a record.
pub(super) fn whole(record: &Record, name: &str) -> Option<i64> {
    record.get(name).and_then(Value::as_i64)
}
