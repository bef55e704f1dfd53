//! Finds the arguments of a tool that are mirrored into headers, from its input schema (T-53), and
//! their values in a call (T-54). Never follows a `$ref` (E-81).

use serde_json::Value;

use crate::eras::headers::encode;
use crate::jsonrpc::Object;
use crate::protocol::headers::{PARAMETER_ANNOTATION, PARAMETER_PREFIX};

/// The largest depth to which a schema is read (S-12).
const DEPTH: usize = 64;
/// The largest number of mirrored arguments of one tool (S-12): many servers accept at most 100
/// headers.
const MIRRORS: usize = 64;
/// Keywords whose value is data, so that an annotation in it has no meaning.
const DATA: [&str; 4] = ["default", "enum", "const", "examples"];
/// Keywords, other than `properties`, whose value is a map of schemas.
const MAPS: [&str; 4] = ["patternProperties", "$defs", "definitions", "dependentSchemas"];
/// The largest integer that every JSON parser keeps exact.
const SAFE: f64 = 9_007_199_254_740_991.0;

/// The name of a mirrored argument that occurs twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DuplicateArgument(pub(super) String);

/// One argument that is mirrored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mirror {
    /// The header's name in lower case.
    header: String,
    /// The chain of property names that leads to the value.
    path: Vec<String>,
    kind: HeaderValueKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HeaderValueKind {
    String,
    Integer,
    Boolean,
}

/// The annotated arguments of an input schema.
///
/// # Errors
/// The annotations make the tool invalid; the error says why.
pub(super) fn mirrors(schema: &str) -> Result<Vec<Mirror>, String> {
    // Most schemas have no annotations and need not be parsed.
    if memchr::memmem::find(schema.as_bytes(), PARAMETER_ANNOTATION.as_bytes()).is_none() {
        return Ok(Vec::new());
    }
    let schema: Value =
        serde_json::from_str(schema).map_err(|_| "its schema is nested too deeply".to_owned())?;
    let mut found = Vec::new();
    scan(&schema, Some(&mut Vec::new()), DEPTH, &mut found)?;
    Ok(found)
}

/// Scans one schema. `path` is the chain of properties that leads to it; `None` if other keywords
/// do.
fn scan(
    schema: &Value,
    mut path: Option<&mut Vec<String>>,
    depth: usize,
    found: &mut Vec<Mirror>,
) -> Result<(), String> {
    let Some(keywords) = schema.as_object() else {
        return schema
            .as_array()
            .into_iter()
            .flatten()
            .try_for_each(|s| scan(s, None, depth, found));
    };
    if depth == 0 {
        return Err("its schema is nested too deeply".to_owned());
    }
    if let Some(name) = keywords.get(PARAMETER_ANNOTATION) {
        let path = path.as_deref().filter(|path| !path.is_empty());
        found.push(mirror(name, schema, path, found)?);
    }
    for (keyword, value) in keywords {
        match (keyword.as_str(), path.as_deref_mut()) {
            ("properties", Some(path)) => {
                for (name, property) in value.as_object().into_iter().flatten() {
                    path.push(name.clone());
                    scan(property, Some(path), depth - 1, found)?;
                    path.pop();
                }
            }
            ("properties", None) => scan_map(value, depth, found)?,
            (keyword, _) if MAPS.contains(&keyword) => scan_map(value, depth, found)?,
            (keyword, _) if DATA.contains(&keyword) || keyword == PARAMETER_ANNOTATION => {}
            _ => scan(value, None, depth - 1, found)?,
        }
    }
    Ok(())
}

fn scan_map(value: &Value, depth: usize, found: &mut Vec<Mirror>) -> Result<(), String> {
    let schemas = value.as_object().into_iter().flatten();
    schemas.into_iter().try_for_each(|(_, schema)| scan(schema, None, depth - 1, found))
}

fn mirror(
    name: &Value,
    schema: &Value,
    path: Option<&Vec<String>>,
    found: &[Mirror],
) -> Result<Mirror, String> {
    let name = name.as_str().ok_or("a header name in it is not a string")?;
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(format!("`{}` is not a header name", crate::redact::plain(name)));
    }
    let header = format!("{PARAMETER_PREFIX}{}", name.to_ascii_lowercase());
    if found.iter().any(|other| other.header == header) {
        return Err(format!("the header name `{name}` occurs twice"));
    }
    if found.len() == MIRRORS {
        return Err(format!("more than {MIRRORS} of its arguments are to be headers"));
    }
    let path = path.ok_or_else(|| {
        format!("`{name}` is not reached from the root through `properties` alone")
    })?;
    let kind = kind(&schema["type"])
        .ok_or_else(|| format!("`{name}` is not on a string, an integer or a boolean"))?;
    Ok(Mirror { header, path: path.clone(), kind })
}

/// The type of an argument: one permitted type, or it and `null` (O-3).
fn kind(schema_type: &Value) -> Option<HeaderValueKind> {
    let one = |name: &str| match name {
        "string" => Some(HeaderValueKind::String),
        "integer" => Some(HeaderValueKind::Integer),
        "boolean" => Some(HeaderValueKind::Boolean),
        _ => None,
    };
    match schema_type {
        Value::String(name) => one(name),
        Value::Array(names) => {
            let mut real = names.iter().filter_map(Value::as_str).filter(|name| *name != "null");
            let kind = one(real.next()?)?;
            (real.next().is_none() && names.iter().all(Value::is_string)).then_some(kind)
        }
        _ => None,
    }
}

/// Whether a byte is a `tchar` (RFC 9110 §5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

impl Mirror {
    /// The header of a call with these arguments; `None` for a value that is absent, `null`, of
    /// another type or out of range (O-3).
    ///
    /// # Errors
    /// An argument on the path occurs twice, so header and body could differ.
    pub(super) fn header(
        &self,
        arguments: &str,
    ) -> Result<Option<(String, String)>, DuplicateArgument> {
        let mut value = arguments;
        for name in &self.path {
            let Some(object) = Object::parse(value) else { return Ok(None) };
            if object.has_duplicate(name) {
                return Err(DuplicateArgument(name.clone()));
            }
            let Some(member) = object.get(name) else { return Ok(None) };
            value = member;
        }
        Ok(self.of_value(value))
    }

    fn of_value(&self, value: &str) -> Option<(String, String)> {
        let value: Value = serde_json::from_str(value).ok()?;
        let text = match (self.kind, &value) {
            (HeaderValueKind::String, Value::String(text)) => text.clone(),
            (HeaderValueKind::Boolean, Value::Bool(flag)) => flag.to_string(),
            (HeaderValueKind::Integer, Value::Number(number)) => {
                let number = number.as_f64()?;
                (number.fract() == 0.0 && number.abs() <= SAFE)
                    .then(|| (number as i64).to_string())?
            }
            _ => return None,
        };
        Some((self.header.clone(), encode(&text)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(schema: Value) -> Result<Vec<String>, String> {
        mirrors(&schema.to_string()).map(|all| all.into_iter().map(|m| m.header).collect())
    }

    fn property(schema: Value) -> Value {
        json!({ "type": "object", "properties": { "p": schema } })
    }

    /// T-53: the rules one by one
    #[test]
    fn an_illegal_annotation_makes_the_tool_invalid() {
        let on = |kind: Value, name: Value| property(json!({ "type": kind, "x-mcp-header": name }));
        for name in ["", "a b", "a:b", "é", "a\r\nb", "a\tb", "a(b)"] {
            assert!(names(on(json!("string"), json!(name))).is_err(), "{name:?}");
        }
        for kind in ["number", "object", "array", "null"] {
            assert!(names(on(json!(kind), json!("X"))).is_err(), "{kind}");
        }
        assert!(names(on(json!("string"), json!(7))).is_err());
        assert!(names(property(json!({ "x-mcp-header": "X" }))).is_err(), "O-3: no type");
        assert!(names(on(json!(["string", "integer"]), json!("X"))).is_err(), "O-3");
        let twice = json!({ "properties": {
            "a": { "type": "string", "x-mcp-header": "Region" },
            "b": {
                "type": "object",
                "properties": { "c": { "type": "string", "x-mcp-header": "REGION" } },
            },
        } });
        assert!(names(twice).is_err());
        assert!(names(json!({ "type": "string", "x-mcp-header": "Root" })).is_err());
    }

    /// T-53: only chains of `properties` lead to an annotation
    #[test]
    fn an_annotation_elsewhere_than_under_properties_makes_the_tool_invalid() {
        let inner = json!({ "type": "string", "x-mcp-header": "X" });
        for keyword in ["items", "additionalProperties", "not", "if", "then", "else", "contains"] {
            assert!(
                names(property(json!({ "type": "object", keyword: inner }))).is_err(),
                "{keyword}"
            );
        }
        for keyword in ["oneOf", "anyOf", "allOf", "prefixItems"] {
            assert!(names(property(json!({ keyword: [inner] }))).is_err(), "{keyword}");
        }
        for keyword in ["$defs", "definitions", "patternProperties", "dependentSchemas"] {
            assert!(names(json!({ keyword: { "d": inner } })).is_err(), "{keyword}");
        }
        let below = json!({ "items": { "properties": { "p": inner } } });
        assert!(names(below).is_err());
    }

    /// T-53: data and property names are no annotations
    #[test]
    fn what_only_looks_like_an_annotation_is_none() {
        let named = json!({ "properties": { "x-mcp-header": { "type": "number" } } });
        assert_eq!(names(named), Ok(Vec::new()));
        for keyword in DATA {
            let data = property(json!({ "type": "object", keyword: [{ "x-mcp-header": "" }] }));
            assert_eq!(names(data), Ok(Vec::new()), "{keyword}");
        }
    }

    /// T-54
    #[test]
    fn values_become_header_text_by_their_type() {
        let schema = json!({ "properties": {
            "s": { "type": "string", "x-mcp-header": "S" },
            "i": { "type": ["integer", "null"], "x-mcp-header": "I" },
            "b": { "type": "boolean", "x-mcp-header": "B" },
            "o": { "properties": { "deep": { "type": "string", "x-mcp-header": "Deep" } } },
        } });
        let found = mirrors(&schema.to_string()).unwrap();
        let sent = |arguments: &str| {
            let mut all: Vec<String> = found
                .iter()
                .filter_map(|m| m.header(arguments).unwrap())
                .map(|(name, value)| format!("{}={value}", &name[PARAMETER_PREFIX.len()..]))
                .collect();
            all.sort();
            all.join(" ")
        };
        assert_eq!(
            sent(r#"{"s":"x","i":42.0,"b":true,"o":{"deep":"d"}}"#),
            "b=true deep=d i=42 s=x"
        );
        assert_eq!(sent(r#"{"s":"","i":-7}"#), "i=-7 s=");
        assert_eq!(sent(r#"{"s":null,"i":null,"o":{}}"#), "");
        assert_eq!(sent(r#"{"s":7,"i":"7","b":"true","o":"x"}"#), "");
        assert_eq!(sent(r#"{"i":9007199254740993}"#), "");
        assert_eq!(sent(r#"{"i":1.5,"deep":"x"}"#), "");
        assert_eq!(sent(r#"{"s":"a\r\nX: y"}"#), "s=?base64?YQ0KWDogeQ==?=".replace("s=", "s=="));
    }

    /// S-12
    #[test]
    fn a_schema_that_is_nested_too_deep_is_refused() {
        let mut schema = json!({ "type": "string", "x-mcp-header": "X" });
        for _ in 0..100 {
            schema = property(schema);
        }
        assert!(names(schema).is_err());
    }

    /// S-12: a request of ours has no more headers than servers take
    #[test]
    fn a_schema_with_too_many_headers_is_refused() {
        let schema = |count: usize| {
            let one =
                |n| (format!("p{n}"), json!({ "type": "string", "x-mcp-header": format!("H{n}") }));
            json!({ "properties": (0..count).map(one).collect::<serde_json::Map<_, _>>() })
        };
        assert_eq!(names(schema(64)).unwrap().len(), 64);
        assert!(names(schema(65)).unwrap_err().contains("64"));
    }
}
