//! Request ids: a string or an integer, returned with type and value unchanged (T-06).

use std::fmt;

use serde_json::value::RawValue;

/// The id of a JSON-RPC request. `1` and `"1"` are different ids.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RequestId {
    /// An integer, kept as its digits so that its size is not limited.
    Integer(Box<str>),
    /// A string, unescaped.
    Text(Box<str>),
}

impl RequestId {
    /// Parses the JSON text of an id. `None` for anything that MCP does not allow as an id: `null`,
    /// fractions, exponents, booleans, objects and arrays.
    pub fn from_json(text: &str) -> Option<Self> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        if text.starts_with('"') {
            return serde_json::from_str::<String>(text).ok().map(|s| Self::Text(s.into()));
        }
        let digits = text.strip_prefix('-').unwrap_or(text);
        let integer = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        integer.then(|| Self::Integer(text.into()))
    }

    /// Parses an id that was already found as a JSON value.
    pub fn from_raw(raw: &RawValue) -> Option<Self> {
        Self::from_json(raw.get())
    }

    /// The JSON text of this id.
    pub fn to_json(&self) -> String {
        match self {
            Self::Integer(digits) => digits.to_string(),
            Self::Text(text) => serde_json::Value::from(text.as_ref()).to_string(),
        }
    }
}

impl From<u64> for RequestId {
    fn from(number: u64) -> Self {
        Self::Integer(number.to_string().into())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_type_and_value() {
        for text in
            ["0", "-1", "1", "\"1\"", "9007199254740991", "\"a b\"", "\"\"", "18446744073709551617"]
        {
            assert_eq!(RequestId::from_json(text).map(|id| id.to_json()).as_deref(), Some(text));
        }
        assert_ne!(RequestId::from_json("1"), RequestId::from_json("\"1\""));
    }

    #[test]
    fn an_escaped_string_equals_its_plain_form() {
        assert_eq!(RequestId::from_json(r#""\u0061""#), RequestId::from_json(r#""a""#));
    }

    #[test]
    fn only_strings_and_integers_are_ids() {
        for text in ["null", "1.5", "1e3", "true", "{}", "[1]", "", "-"] {
            assert_eq!(RequestId::from_json(text), None, "{text}");
        }
    }
}
