//! Headers that mirror the body (2026-07-28, SEP-2243): the revision, the method, the name,
//! and the arguments that a tool's schema annotates. A difference is refused with `-32020`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::exchange::HttpExchange;
use crate::product::ToolSpec;
use mcp_tether_wire::jsonrpc::Message;
use mcp_tether_wire::protocol::{headers, methods};

/// The outcome of the comparison; the error describes the first difference.
pub(super) type HeaderVerdict = Result<(), String>;

/// Checks method and name.
pub(super) fn standard(
    exchange: &HttpExchange,
    request: &Message,
    params: &Value,
) -> HeaderVerdict {
    let method = needed(exchange, headers::METHOD)?;
    if method != request.method() {
        return Err(differs(headers::METHOD, method, request.method()));
    }
    let member = headers::name_member(request.method());
    let Some(named) = member.and_then(|member| params[member].as_str()) else {
        return Ok(());
    };
    let given = decoded(needed(exchange, headers::NAME)?, headers::NAME)?;
    if given == named { Ok(()) } else { Err(differs(headers::NAME, &given, named)) }
}

/// Checks the arguments of a call that headers must mirror.
pub(super) fn arguments(
    exchange: &HttpExchange,
    tool: &ToolSpec,
    arguments: &Value,
) -> HeaderVerdict {
    for (path, name) in annotated(&tool.input) {
        let header = format!("{}{}", headers::PARAMETER_PREFIX, name.to_ascii_lowercase());
        let value = path.iter().try_fold(arguments, |value, key| value.get(key));
        let given = only(exchange, &header)?;
        let expected = value.and_then(text);
        match (given, expected) {
            (None, None) => {}
            (None, Some(_)) => return Err(format!("the {header} header is missing")),
            (Some(given), None) => return Err(differs(&header, given, "nothing")),
            (Some(given), Some(expected)) => {
                let given = decoded(given, &header)?;
                let equal =
                    given == expected || value.is_some_and(|value| same_number(value, &given));
                if !equal {
                    return Err(differs(&header, &given, &expected));
                }
            }
        }
    }
    Ok(())
}

/// Returns every annotated property that can be reached through `properties` alone, with its header
/// name. Invalid annotations are ignored.
fn annotated(schema: &Value) -> Vec<(Vec<&str>, &str)> {
    let mut found = Vec::new();
    let mut open = vec![(Vec::new(), schema)];
    while let Some((path, schema)) = open.pop() {
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let path: Vec<&str> = path.iter().copied().chain([key.as_str()]).collect();
            if let Some(name) = property[headers::PARAMETER_ANNOTATION].as_str()
                && is_primitive(property)
                && is_token(name)
            {
                found.push((path.clone(), name));
            }
            open.push((path, property));
        }
    }
    found
}

fn is_primitive(property: &Value) -> bool {
    matches!(property["type"].as_str(), Some("string" | "integer" | "boolean"))
}

/// Returns whether this is a token (RFC 9110 §5.6.2).
fn is_token(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(legal)
}

/// Returns the header text that a host sends for this value; `None` for `null`, for values of other
/// types and for integers that not every host can represent.
fn text(value: &Value) -> Option<String> {
    const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => {
            let safe =
                number.as_f64().is_some_and(|n| n.fract() == 0.0 && n.abs() <= MAX_SAFE_INTEGER);
            safe.then(|| number.as_i64().map_or_else(|| number.to_string(), |n| n.to_string()))
        }
        _ => None,
    }
}

/// Returns whether both are the same number: `42.0` and `42` are (server validation, note).
fn same_number(value: &Value, given: &str) -> bool {
    value.as_f64().is_some_and(|value| given.parse() == Ok(value))
}

fn needed<'a>(exchange: &'a HttpExchange, name: &str) -> Result<&'a str, String> {
    only(exchange, name)?.ok_or_else(|| format!("the {name} header is missing"))
}

/// Returns the only value of a header.
pub(super) fn only<'a>(exchange: &'a HttpExchange, name: &str) -> Result<Option<&'a str>, String> {
    let mut values = exchange.headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            value.to_str().map(Some).map_err(|_| format!("the {name} header is not plain text"))
        }
        (Some(_), Some(_)) => Err(format!("the {name} header occurs twice")),
    }
}

/// Returns the value inside `=?base64?…?=`, or the value itself.
fn decoded(value: &str, name: &str) -> Result<String, String> {
    let (before, after) = headers::ENCODED;
    let Some(inner) = value.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)) else {
        return Ok(value.to_owned());
    };
    let bytes = STANDARD.decode(inner).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| format!("the {name} header is not Base64-encoded text"))
}

fn differs(name: &str, given: &str, expected: &str) -> String {
    format!("the {name} header says `{given}`, the body says `{expected}`")
}

/// Returns whether this method has arguments that headers may mirror.
pub(super) fn has_arguments(method: &str) -> bool {
    method == methods::TOOLS_CALL
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// T-53
    #[test]
    fn only_annotations_of_nested_properties_count() {
        let schema = json!({ "properties": {
            "a": { "type": "string", "x-mcp-header": "A" },
            "b": {
                "type": "object",
                "properties": { "c": { "type": "integer", "x-mcp-header": "C" } },
            },
            "d": { "type": "array", "items": { "type": "string", "x-mcp-header": "D" } },
            "e": { "type": "number", "x-mcp-header": "E" },
            "f": { "type": "string", "x-mcp-header": "not a token" },
        } });
        let mut found = annotated(&schema);
        found.sort();
        assert_eq!(found, [(vec!["a"], "A"), (vec!["b", "c"], "C")]);
    }

    /// T-54
    #[test]
    fn header_values_are_decoded() {
        let read = |value: &str| decoded(value, "x");
        assert_eq!(read("=?base64?SGVsbG8=?=").as_deref(), Ok("Hello"));
        assert_eq!(read("=?base64?SGVsbG8=").as_deref(), Ok("=?base64?SGVsbG8="));
        assert_eq!(read("SGVsbG8=").as_deref(), Ok("SGVsbG8="));
        for wrong in ["=?base64?SGVsbG8?=", "=?base64?SGVs!!!bG8=?=", "=?base64?/w==?="] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert_eq!(text(&json!(42.0)).as_deref(), Some("42.0"));
        assert!(same_number(&json!(42.0), "42") && !same_number(&json!(42), "43"));
        assert_eq!(text(&json!(true)).as_deref(), Some("true"));
        assert_eq!(text(&json!(9_007_199_254_740_993_i64)), None);
        assert_eq!(text(&Value::Null), None);
    }
}
