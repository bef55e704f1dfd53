//! One value of a setting: read from the text of a flag or variable, or from TOML, and shown.

use std::fmt;
use std::time::Duration;

use toml_edit::Value as Toml;
use url::Url;

use super::table::Kind;
use crate::redact::{SafeUrl, plain};

/// What stands in for a value that must not be shown.
pub const REDACTED: &str = "[redacted]";

/// One value. A list setting has any number of them.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// On or off.
    Switch(bool),
    /// A time span; zero where the setting permits it means no limit.
    Seconds(Duration),
    /// A TCP port.
    Port(u16),
    /// Any text, possibly a secret: [`Value::shown`] knows by the setting's kind.
    Text(String),
}

impl Value {
    /// Reads the text of a flag or of an environment variable. The error says what was expected.
    pub fn from_text(kind: Kind, text: &str) -> Result<Self, Expected> {
        match kind {
            Kind::Switch => switch(text).map(Self::Switch),
            Kind::Seconds | Kind::SecondsOrOff => seconds(kind, text.trim().parse().ok()),
            Kind::Port => port(text.trim().parse().ok()),
            Kind::Choice(words) if !words.contains(&text) => Err(Expected::OneOf(words)),
            _ => Ok(Self::Text(text.to_owned())),
        }
    }

    /// Reads a single TOML value (a member of the array, for lists).
    pub fn from_toml(kind: Kind, toml: &Toml) -> Result<Self, Expected> {
        match (kind, toml) {
            (Kind::Switch, Toml::Boolean(value)) => Ok(Self::Switch(*value.value())),
            (Kind::Switch, _) => Err(Expected::Boolean),
            (Kind::Seconds | Kind::SecondsOrOff, Toml::Integer(value)) => {
                seconds(kind, Some(*value.value() as f64))
            }
            (Kind::Seconds | Kind::SecondsOrOff, Toml::Float(value)) => {
                seconds(kind, Some(*value.value()))
            }
            (Kind::Seconds | Kind::SecondsOrOff, _) => seconds(kind, None),
            (Kind::Port, _) => port(toml.as_integer()),
            (_, Toml::String(text)) => Self::from_text(kind, text.value()),
            _ => Err(Expected::String),
        }
    }

    /// The value as it may be shown.
    pub fn shown(&self, kind: Kind) -> String {
        match (kind, self) {
            (_, Self::Switch(on)) => on.to_string(),
            (Kind::SecondsOrOff, Self::Seconds(Duration::ZERO)) => "off".to_owned(),
            (_, Self::Seconds(span)) => format!("{} s", span.as_secs_f64()),
            (_, Self::Port(port)) => port.to_string(),
            (Kind::SecretText, Self::Text(_)) => REDACTED.to_owned(),
            (Kind::SecretUrl, Self::Text(url)) => match Url::parse(url) {
                Ok(url) if url.has_host() => SafeUrl::new(&url).to_string(),
                _ if url.is_empty() => String::new(),
                _ => REDACTED.to_owned(),
            },
            (Kind::Headers, Self::Text(line)) => match line.split_once(':') {
                Some((name, _)) => format!("{}: {REDACTED}", plain(name.trim())),
                None => REDACTED.to_owned(),
            },
            (_, Self::Text(text)) => plain(text),
        }
    }
}

/// What a setting expected where something else stood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expected {
    /// `true` or `false` in TOML.
    Boolean,
    /// A word for on or off.
    OnOrOff,
    /// A time span.
    Seconds {
        /// Whether zero is permitted.
        or_off: bool,
    },
    /// A TCP port.
    Port,
    /// A TOML string.
    String,
    /// A TOML array of strings.
    Strings,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("expected `true` or `false`"),
            Self::OnOrOff => f.write_str("expected `1` or `0`"),
            Self::Seconds { or_off: false } => f.write_str("expected seconds, more than 0"),
            Self::Seconds { or_off: true } => f.write_str("expected seconds, or 0 for no limit"),
            Self::Port => f.write_str("expected a port from 1 to 65535"),
            Self::String => f.write_str("expected a string"),
            Self::Strings => f.write_str("expected a string or an array of strings"),
            Self::OneOf(words) => write!(f, "expected one of `{}`", words.join("`, `")),
        }
    }
}

fn switch(text: &str) -> Result<bool, Expected> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(Expected::OnOrOff),
    }
}

fn seconds(kind: Kind, number: Option<f64>) -> Result<Value, Expected> {
    let or_off = kind == Kind::SecondsOrOff;
    number
        .and_then(|number| Duration::try_from_secs_f64(number).ok())
        .filter(|span| or_off || !span.is_zero())
        // Timers cannot count further; nobody waits a thousand years.
        .map(|span| Value::Seconds(span.min(Duration::from_secs(1000 * 365 * 86_400))))
        .ok_or(Expected::Seconds { or_off })
}

fn port(number: Option<i64>) -> Result<Value, Expected> {
    number
        .and_then(|number| u16::try_from(number).ok())
        .filter(|port| *port != 0)
        .map(Value::Port)
        .ok_or(Expected::Port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toml(text: &str) -> Toml {
        text.parse().unwrap()
    }

    #[test]
    fn text_and_toml_give_the_same_values() {
        let cases = [
            (Kind::Switch, "true", "true"),
            (Kind::Seconds, "2.5", "2.5"),
            (Kind::SecondsOrOff, "0", "0"),
            (Kind::Port, "3334", "3334"),
            (Kind::Text, "a b", "\"a b\""),
            (Kind::Choice(&["x", "y"]), "y", "'y'"),
        ];
        for (kind, text, in_toml) in cases {
            let value = Value::from_text(kind, text).map_err(|e| e.to_string()).unwrap();
            assert!(Value::from_toml(kind, &toml(in_toml)) == Ok(value), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_says_what_was_expected() {
        let refused = |kind, text: &str| match Value::from_text(kind, text) {
            Ok(value) => value.shown(kind),
            Err(expected) => expected.to_string(),
        };
        assert_eq!(refused(Kind::Seconds, "0"), "expected seconds, more than 0");
        assert_eq!(refused(Kind::Seconds, "-1"), "expected seconds, more than 0");
        assert_eq!(refused(Kind::SecondsOrOff, "soon"), "expected seconds, or 0 for no limit");
        assert_eq!(refused(Kind::Seconds, "NaN"), "expected seconds, more than 0");
        assert_eq!(refused(Kind::Port, "0"), "expected a port from 1 to 65535");
        assert_eq!(refused(Kind::Port, "65536"), "expected a port from 1 to 65535");
        assert_eq!(refused(Kind::Switch, "maybe"), "expected `1` or `0`");
        assert_eq!(refused(Kind::Choice(&["x", "y"]), "z"), "expected one of `x`, `y`");
        let in_toml = [(Kind::Switch, "1"), (Kind::Text, "7"), (Kind::Port, "\"80\"")];
        for (kind, text) in in_toml {
            assert!(Value::from_toml(kind, &toml(text)).is_err(), "{text}");
        }
    }

    /// S-09
    #[test]
    fn secrets_are_not_shown() {
        let shown = |kind, text: &str| Value::Text(text.to_owned()).shown(kind);
        assert_eq!(shown(Kind::Headers, "Authorization: Bearer x"), "Authorization: [redacted]");
        assert_eq!(shown(Kind::Headers, "no colon"), "[redacted]");
        assert_eq!(shown(Kind::SecretText, "{}"), "[redacted]");
        assert_eq!(shown(Kind::SecretUrl, "http://u:p@proxy:8080"), "http://proxy:8080/");
        assert_eq!(shown(Kind::SecretUrl, "u:p@proxy"), "[redacted]");
    }
}
