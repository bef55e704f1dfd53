//! Request ids: a string or an integer, returned with type and value unchanged (T-06).

use std::fmt;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// The largest integer up to which every number in JSON is exact.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// The id of a JSON-RPC request. `1` and `"1"` are different ids, and so are `1` and `1.0`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RequestId {
    /// An integer in the usual notation, as nearly every one is.
    Integer(u64),
    /// Any other number, kept as it was written.
    Number(Box<str>),
    /// A string, unescaped.
    Text(Box<str>),
    /// `null`, which MCP does not allow.
    Null,
}

impl RequestId {
    /// Parses the JSON text of an id. `None` for booleans, objects, arrays and text that is not
    /// JSON.
    pub fn from_json(text: &str) -> Option<Self> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        match text.bytes().next()? {
            b'"' => serde_json::from_str::<String>(text).ok().map(|s| Self::Text(s.into())),
            b'n' if text == "null" => Some(Self::Null),
            b'-' | b'0'..=b'9' => match usual_integer(text) {
                Some(number) => Some(Self::Integer(number)),
                None => serde_json::from_str::<IgnoredAny>(text)
                    .is_ok()
                    .then(|| Self::Number(text.into())),
            },
            _ => None,
        }
    }

    /// Parses an id that was already found as a JSON value.
    pub fn from_raw(raw: &RawValue) -> Option<Self> {
        Self::from_json(raw.get())
    }

    /// Returns whether MCP allows this id: a string, or a number without a fraction, however it is
    /// written.
    pub fn is_legal(&self) -> bool {
        match self {
            Self::Integer(_) => true,
            Self::Number(text) => {
                text.bytes().all(|byte| byte.is_ascii_digit())
                    || text.parse::<f64>().is_ok_and(|number| number.fract() == 0.0)
            }
            Self::Text(_) => true,
            Self::Null => false,
        }
    }

    /// The length of its text, in bytes.
    pub fn text_length(&self) -> usize {
        match self {
            Self::Integer(number) => number.checked_ilog10().map_or(1, |log| log as usize + 1),
            Self::Number(text) | Self::Text(text) => text.len(),
            Self::Null => 0,
        }
    }

    /// The number of our request that this id stands for. Our ids are integers, so `"7"` and `7.0`
    /// can only mean 7 (T-37): some servers and hosts answer with another type.
    pub fn as_own_number(&self) -> Option<u64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Number(text) => {
                let number: f64 = text.parse().ok()?;
                let is_exact = number.fract() == 0.0 && (0.0..=MAX_EXACT).contains(&number);
                is_exact.then_some(number as u64)
            }
            Self::Text(text) => {
                let number: u64 = text.parse().ok()?;
                (number.to_string() == **text).then_some(number)
            }
            Self::Null => None,
        }
    }

    /// The JSON text of this id.
    pub fn to_json(&self) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Number(text) => text.to_string(),
            Self::Text(text) => serde_json::Value::from(text.as_ref()).to_string(),
            Self::Null => "null".to_owned(),
        }
    }
}

impl From<u64> for RequestId {
    fn from(number: u64) -> Self {
        Self::Integer(number)
    }
}

/// Reads an integer in the usual notation: only digits, without leading zeros.
fn usual_integer(text: &str) -> Option<u64> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let is_usual = is_digits && (text.len() == 1 || !text.starts_with('0'));
    if is_usual { text.parse().ok() } else { None }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> RequestId {
        RequestId::from_json(text).unwrap()
    }

    /// T-06
    #[test]
    fn ids_keep_type_and_value() {
        for text in
            ["0", "-1", "1", "\"1\"", "9007199254740991", "\"a b\"", "\"\"", "18446744073709551617"]
        {
            assert_eq!(id(text).to_json(), text);
            assert!(id(text).is_legal());
        }
        assert_ne!(id("1"), id("\"1\""));
        assert!(id("3.0").is_legal() && id("1e3").is_legal());
        assert_eq!(id("3.0").to_json(), "3.0");
    }

    #[test]
    fn an_escaped_string_equals_its_plain_form() {
        assert_eq!(RequestId::from_json(r#""\u0061""#), RequestId::from_json(r#""a""#));
    }

    /// T-05
    #[test]
    fn only_strings_and_integers_are_legal() {
        for text in ["null", "1.5", "1e400", "-0.1"] {
            assert!(!id(text).is_legal(), "{text}");
            assert_eq!(id(text).to_json(), text, "it can be repeated all the same");
        }
        for text in ["true", "{}", "[1]", "", "-", "01", "nul", "1 2"] {
            assert_eq!(RequestId::from_json(text), None, "{text}");
        }
    }

    /// T-37
    #[test]
    fn an_answer_may_write_the_number_of_our_request_in_another_way() {
        for text in ["7", "\"7\"", "7.0", "7e0", "0.7e1"] {
            assert_eq!(id(text).as_own_number(), Some(7), "{text}");
        }
        for text in ["\"07\"", "\"+7\"", "\" 7\"", "7.5", "-7", "\"x\"", "null", "1e300"] {
            assert_eq!(id(text).as_own_number(), None, "{text}");
        }
    }
}
