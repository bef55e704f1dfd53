//! Turns `key=value` words into the arguments of a tool. The tool's `inputSchema` decides the type
//! of each value; unknown and missing arguments are reported before anything is sent.

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::redact::plain;
use crate::settings::nearest;

/// Parses `words` as arguments of the tool with this name and `inputSchema`. Some may be missing.
///
/// # Errors
/// A word is not `key=value`, names an unknown or duplicate argument, or has a value of the wrong
/// type.
pub(super) fn from_words(
    tool: &str,
    schema: &Value,
    words: &[String],
) -> Result<Map<String, Value>> {
    let mut arguments = Map::new();
    for word in words {
        let (key, text) = word
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| not_key_value(schema, word))?;
        let property = property(tool, schema, key)?;
        let value = value(key, property, text)?;
        match (arguments.get_mut(key), &value) {
            // `tag=a tag=b` adds to a list.
            (Some(Value::Array(list)), Value::Array(more)) => list.extend(more.iter().cloned()),
            (Some(_), _) => {
                return Err(Error::usage(format!("`{}` is given twice", plain(key)))
                    .hint("give it once; only a list takes several values"));
            }
            (None, _) => drop(arguments.insert(key.to_owned(), value)),
        }
    }
    Ok(arguments)
}

fn not_key_value(schema: &Value, word: &str) -> Error {
    let error =
        Error::usage(format!("`{}` is not an argument of the form `key=value`", plain(word)));
    let required = schema["required"].as_array().and_then(|names| names.first()?.as_str());
    let first = schema["properties"].as_object().and_then(|all| all.keys().next());
    match required.or(first.map(String::as_str)) {
        Some(name) if !word.contains('=') => {
            error.hint(format!("did you mean `{}={}`?", plain(name), plain(word)))
        }
        _ => error.hint("write the name of the argument before the `=`"),
    }
}

/// The schema of one argument; `Value::Null` if anything is permitted.
fn property<'a>(tool: &str, schema: &'a Value, key: &str) -> Result<&'a Value> {
    const ANYTHING: &Value = &Value::Null;
    let Some(properties) = schema["properties"].as_object() else { return Ok(ANYTHING) };
    if let Some(property) = properties.get(key) {
        return Ok(property);
    }
    match &schema["additionalProperties"] {
        Value::Bool(true) => Ok(ANYTHING),
        open @ Value::Object(_) => Ok(open),
        _ => Err(unknown(tool, properties, key)),
    }
}

fn unknown(tool: &str, properties: &Map<String, Value>, key: &str) -> Error {
    let error =
        Error::usage(format!("the tool `{}` has no argument `{}`", plain(tool), plain(key)));
    if let Some(name) = nearest(key, properties.keys().map(String::as_str)) {
        return error.hint(format!("did you mean `{}`?", plain(name)));
    }
    if properties.is_empty() {
        return error.hint("it takes no arguments");
    }
    let names: Vec<String> = properties.keys().map(|name| format!("`{}`", plain(name))).collect();
    error.hint(format!("its arguments are {}", names.join(", ")))
}

/// The required arguments that were not given.
pub(super) fn missing<'a>(schema: &'a Value, arguments: &Map<String, Value>) -> Vec<&'a str> {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    required.filter(|name| !arguments.contains_key(*name)).collect()
}

/// Checks that no required argument is missing.
///
/// # Errors
/// A required argument is missing; the hint says how to give it.
pub(super) fn refuse_missing(
    tool: &str,
    schema: &Value,
    arguments: &Map<String, Value>,
) -> Result<()> {
    let missing = missing(schema, arguments);
    if missing.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = missing.iter().map(|name| format!("`{}`", plain(name))).collect();
    let example: Vec<String> = missing.iter().map(|name| format!("{}=…", plain(name))).collect();
    let message = format!("the tool `{}` needs {}", plain(tool), shown.join(", "));
    Err(Error::usage(message).hint(format!("add `{}`", example.join(" "))))
}

/// Parses the text as a value of this argument.
///
/// # Errors
/// It has none of the types that the schema permits.
pub(super) fn value(key: &str, property: &Value, text: &str) -> Result<Value> {
    let types = types(property);
    let candidates = if types.is_empty() { vec!["any"] } else { types };
    candidates.iter().find_map(|kind| read(kind, property, text)).ok_or_else(|| {
        let expected: Vec<_> = candidates.iter().map(|kind| with_article(kind)).collect();
        let (key, text) = (plain(key), plain(text));
        Error::usage(format!("`{key}={text}` is not {}", expected.join(" or ")))
            .hint(example(candidates[0], &key))
    })
}

/// The types that a property permits, in the order in which to try a text.
fn types(property: &Value) -> Vec<&str> {
    let named: Vec<&str> = match &property["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => ["anyOf", "oneOf"]
            .iter()
            .flat_map(|key| property[key].as_array().into_iter().flatten())
            .flat_map(types)
            .collect(),
    };
    // Any text is a `string`, so it comes last.
    const ORDER: [&str; 7] = ["null", "boolean", "integer", "number", "array", "object", "string"];
    ORDER.into_iter().filter(|kind| named.contains(kind)).collect()
}

/// Parses the text as a value of this type.
fn read(kind: &str, property: &Value, text: &str) -> Option<Value> {
    let json = || serde_json::from_str::<Value>(text.trim()).ok();
    match kind {
        "string" => Some(Value::from(text)),
        "boolean" => json().filter(Value::is_boolean),
        "null" => json().filter(Value::is_null),
        "integer" => json().filter(|value| value.is_i64() || value.is_u64()),
        "number" => json().filter(Value::is_number),
        "object" => json().filter(Value::is_object),
        "array" => match json() {
            Some(list @ Value::Array(_)) => Some(list),
            _ if text.trim_start().starts_with('[') => None,
            _ => one_entry(&property["items"], text).map(|entry| Value::Array(vec![entry])),
        },
        _ => Some(json().unwrap_or_else(|| Value::from(text))),
    }
}

/// Parses a single entry of a list whose entries are not lists or objects.
fn one_entry(items: &Value, text: &str) -> Option<Value> {
    let types = types(items);
    let simple = |kind: &&&str| matches!(**kind, "string" | "boolean" | "integer" | "number");
    types.iter().filter(simple).find_map(|kind| read(kind, items, text))
}

fn with_article(kind: &str) -> String {
    match kind {
        "null" => kind.to_owned(),
        "integer" | "array" | "object" => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}

fn example(kind: &str, key: &str) -> String {
    match kind {
        "boolean" => format!("write `{key}=true` or `{key}=false`"),
        "integer" => format!("write a whole number, such as `{key}=5`"),
        "number" => format!("write a number, such as `{key}=2.5`"),
        "array" => format!("write a JSON array, such as `{key}='[1,2]'`"),
        "object" => format!("write a JSON object, such as `{key}='{{\"a\":1}}'`"),
        _ => "`mcp-tether tools URL TOOL` shows the arguments of a tool".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "properties": {
                "query": { "type": "string" },
                "limit": { "type": "integer" },
                "price": { "type": "number" },
                "active": { "type": "boolean" },
                "tags": { "type": "array", "items": { "type": "string" } },
                "counts": { "type": "array", "items": { "type": "integer" } },
                "lines": { "type": "array", "items": { "type": "object" } },
                "address": { "type": "object" },
                "note": { "type": ["string", "null"] },
                "either": { "anyOf": [{ "type": "string" }, { "type": "integer" }] },
                "free": {},
            },
        })
    }

    fn read_words(words: &[&str]) -> Result<Value> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        from_words("find", &schema(), &words).map(Value::Object)
    }

    fn refusal(words: &[&str]) -> String {
        read_words(words).expect_err("refused").to_string()
    }

    #[test]
    fn the_schema_decides_what_a_text_becomes() {
        for (word, expected) in [
            ("query=5", json!({ "query": "5" })),
            ("query=a=b c", json!({ "query": "a=b c" })),
            ("query=", json!({ "query": "" })),
            ("limit=-5", json!({ "limit": -5 })),
            ("limit=18446744073709551615", json!({ "limit": u64::MAX })),
            ("price=2.50", json!({ "price": 2.5 })),
            ("price=3", json!({ "price": 3 })),
            ("active=true", json!({ "active": true })),
            ("tags=a", json!({ "tags": ["a"] })),
            ("tags=[\"a\",\"b\"]", json!({ "tags": ["a", "b"] })),
            ("counts=7", json!({ "counts": [7] })),
            ("lines=[{\"sku\":1}]", json!({ "lines": [{ "sku": 1 }] })),
            ("address={\"city\":\"Fès\"}", json!({ "address": { "city": "Fès" } })),
            ("note=null", json!({ "note": null })),
            ("note=5", json!({ "note": "5" })),
            ("either=5", json!({ "either": 5 })),
            ("either=x", json!({ "either": "x" })),
            ("free=[1]", json!({ "free": [1] })),
            ("free=x", json!({ "free": "x" })),
        ] {
            assert_eq!(read_words(&[word]).unwrap(), expected, "{word}");
        }
        assert_eq!(read_words(&["tags=a", "tags=b"]).unwrap(), json!({ "tags": ["a", "b"] }));
    }

    #[test]
    fn what_does_not_fit_is_refused_before_it_is_sent() {
        for (word, expected) in [
            ("limit=many", "`limit=many` is not an integer"),
            ("limit=1.5", "`limit=1.5` is not an integer"),
            ("active=yes", "`active=yes` is not a boolean"),
            ("tags=[oops", "`tags=[oops` is not an array"),
            ("counts=x", "`counts=x` is not an array"),
            ("lines=x", "`lines=x` is not an array"),
            ("address=[]", "`address=[]` is not an object"),
            ("noequals", "`noequals` is not an argument of the form `key=value`"),
            ("=x", "`=x` is not an argument of the form `key=value`"),
        ] {
            assert!(refusal(&[word]).contains(expected), "{word}: {}", refusal(&[word]));
        }
        assert!(refusal(&["query=a", "query=b"]).contains("`query` is given twice"));
    }

    #[test]
    fn unknown_and_missing_arguments_are_named() {
        assert!(refusal(&["qeury=x"]).contains("did you mean `query`?"));
        assert!(refusal(&["zzzzzzzz=x"]).contains("hint: its arguments are `active`, "));
        let closed = json!({ "type": "object", "properties": {}, "required": ["a", "b"] });
        let refusal = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let read = from_words("t", &closed, &words);
            let read = read.and_then(|given| refuse_missing("t", &closed, &given));
            read.unwrap_err().to_string()
        };
        assert!(refusal(&["x=1"]).contains("hint: it takes no arguments"));
        assert!(refusal(&[]).contains("the tool `t` needs `a`, `b`"), "{}", refusal(&[]));
        assert!(refusal(&[]).contains("hint: add `a=… b=…`"));
        let open = json!({ "properties": {}, "additionalProperties": { "type": "integer" } });
        let arguments = from_words("t", &open, &["x=1".to_owned()]).unwrap();
        assert_eq!(Value::Object(arguments), json!({ "x": 1 }));
        assert!(from_words("t", &Value::Null, &["x=1".to_owned()]).is_ok());
    }
}
