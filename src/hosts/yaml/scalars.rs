//! The parts that an edit writes in YAML: members, and scalars that are read back as they are.

use serde_json::{Map, Value};

/// The lines of a member.
pub(super) fn member(key: &str, value: &Value, indentation: usize) -> String {
    let space = " ".repeat(indentation);
    match value {
        Value::Array(items) if !items.is_empty() => {
            let items: String =
                items.iter().map(|item| format!("{space}- {}\n", plain_value(item))).collect();
            format!("{space}{key}:\n{items}")
        }
        Value::Object(members) if !members.is_empty() => {
            let inner = |(key, value): (&String, &Value)| {
                format!("{space}  {}: {}\n", scalar(key), plain_value(value))
            };
            format!("{space}{key}:\n{}", members.iter().map(inner).collect::<String>())
        }
        other => format!("{space}{key}: {}\n", plain_value(other)),
    }
}

/// A list on one line.
pub(super) fn in_brackets(items: &[Value]) -> String {
    let items: Vec<String> = items.iter().map(plain_value).collect();
    format!("[{}]", items.join(", "))
}

/// A mapping on one line.
pub(super) fn in_braces(members: &Map<String, Value>) -> String {
    let member =
        |(key, value): (&String, &Value)| format!("{}: {}", scalar(key), plain_value(value));
    format!("{{ {} }}", members.iter().map(member).collect::<Vec<_>>().join(", "))
}

pub(super) fn plain_value(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// A scalar that is read back as this text.
pub(super) fn scalar(text: &str) -> String {
    const OTHER_MEANINGS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
        && !OTHER_MEANINGS.contains(&text.to_ascii_lowercase().as_str());
    if is_word {
        return text.to_owned();
    }
    // JSON strings are YAML, but for characters that YAML wants escaped.
    let json = Value::from(text).to_string();
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                out += &format!("\\u{:04X}", u32::from(character));
            }
            other => out.push(other),
        }
    }
    out
}
