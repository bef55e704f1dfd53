//! One value of a setting: parsed from a flag, a variable or TOML, and displayed without secrets.

use std::fmt;
use std::time::Duration;

use toml_edit::Value as Toml;
use url::Url;

use super::table::ValueKind;
use crate::auth::CommandLine;
use crate::budget::{MIB, SMALLEST};
use crate::redact::{SafeUrl, display_identifier, plain, shown_words};

/// Shown instead of a secret value.
pub const REDACTED: &str = "[redacted]";

/// A value. A list setting has any number of them.
#[derive(Clone, PartialEq)]
pub enum SettingValue {
    /// On or off.
    Switch(bool),
    /// A duration. Zero means no limit, where the setting permits it.
    Seconds(Duration),
    /// A TCP port.
    Port(u16),
    /// A size in MiB.
    Mebibytes(u32),
    /// Any text, possibly a secret: [`SettingValue::display`] decides by the kind of the setting.
    Text(String),
}

impl SettingValue {
    /// Parses the text of a flag or of an environment variable.
    ///
    /// # Errors
    /// The text is invalid for this kind; the error says what is expected.
    pub fn from_text(kind: ValueKind, text: &str) -> Result<Self, Expected> {
        match kind {
            ValueKind::Switch => switch(text).map(Self::Switch),
            ValueKind::Seconds => seconds(text.trim().parse().ok(), false),
            ValueKind::SecondsOrOff => seconds(text.trim().parse().ok(), true),
            ValueKind::Port => port(text.trim().parse().ok()),
            ValueKind::Mebibytes => mebibytes(text.trim().parse().ok()),
            ValueKind::Choice(words) if !words.contains(&text) => Err(Expected::OneOf(words)),
            ValueKind::Choice(_)
            | ValueKind::Text
            | ValueKind::Path
            | ValueKind::SecretUrl
            | ValueKind::SecretText
            | ValueKind::Headers
            | ValueKind::HeaderCommands
            | ValueKind::Paths
            | ValueKind::Texts => Ok(Self::Text(text.to_owned())),
            ValueKind::Command if text.is_empty() || CommandLine::parse(text).is_some() => {
                Ok(Self::Text(text.to_owned()))
            }
            ValueKind::Command => Err(Expected::Command),
        }
    }

    /// Parses a TOML value; of a list, one element.
    ///
    /// # Errors
    /// The value is invalid for this kind; the error says what is expected.
    pub fn from_toml(kind: ValueKind, toml: &Toml) -> Result<Self, Expected> {
        let number = || toml.as_float().or_else(|| toml.as_integer().map(|number| number as f64));
        match kind {
            ValueKind::Switch => toml.as_bool().map(Self::Switch).ok_or(Expected::Boolean),
            ValueKind::Seconds => seconds(number(), false),
            ValueKind::SecondsOrOff => seconds(number(), true),
            ValueKind::Port => port(toml.as_integer()),
            ValueKind::Command => words(toml).map(Self::Text).ok_or(Expected::Command),
            ValueKind::Mebibytes => mebibytes(toml.as_integer()),
            ValueKind::Choice(_)
            | ValueKind::Text
            | ValueKind::Path
            | ValueKind::SecretUrl
            | ValueKind::SecretText
            | ValueKind::Headers
            | ValueKind::HeaderCommands
            | ValueKind::Paths
            | ValueKind::Texts => Self::from_text(kind, toml.as_str().ok_or(Expected::String)?),
        }
    }

    /// The text of a value that has one.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Switch(_) | Self::Seconds(_) | Self::Port(_) | Self::Mebibytes(_) => None,
        }
    }

    /// The duration of a value that is one.
    pub(super) fn as_seconds(&self) -> Option<Duration> {
        match self {
            Self::Seconds(span) => Some(*span),
            Self::Switch(_) | Self::Port(_) | Self::Mebibytes(_) | Self::Text(_) => None,
        }
    }

    /// The port of a value that is one.
    pub(super) fn as_port(&self) -> Option<u16> {
        match self {
            Self::Port(port) => Some(*port),
            Self::Switch(_) | Self::Seconds(_) | Self::Mebibytes(_) | Self::Text(_) => None,
        }
    }

    /// The size in bytes of a value that is one.
    pub(super) fn as_bytes(&self) -> Option<usize> {
        match self {
            Self::Mebibytes(number) => (*number as usize).checked_mul(MIB),
            Self::Switch(_) | Self::Seconds(_) | Self::Port(_) | Self::Text(_) => None,
        }
    }

    /// The value for messages, with every secret replaced.
    pub fn display(&self, kind: ValueKind) -> String {
        match (kind, self) {
            (_, Self::Switch(on)) => on.to_string(),
            (ValueKind::SecondsOrOff, Self::Seconds(Duration::ZERO)) => "off".to_owned(),
            (_, Self::Seconds(span)) => format!("{} s", span.as_secs_f64()),
            (_, Self::Port(port)) => port.to_string(),
            (_, Self::Mebibytes(number)) => format!("{number} MiB"),
            (ValueKind::SecretText, Self::Text(_)) => REDACTED.to_owned(),
            (ValueKind::SecretUrl, Self::Text(url)) => match Url::parse(url) {
                Ok(url) if url.has_host() => SafeUrl::new(&url).to_string(),
                _ if url.is_empty() => String::new(),
                _ => REDACTED.to_owned(),
            },
            (ValueKind::Headers, Self::Text(line)) => match line.split_once(':') {
                Some((name, _)) => format!("{}: {REDACTED}", plain(name.trim())),
                None => REDACTED.to_owned(),
            },
            (ValueKind::Command, Self::Text(text)) => display_command(text),
            (ValueKind::HeaderCommands, Self::Text(line)) => match line.split_once(':') {
                Some((name, text)) => format!("{}: {}", plain(name.trim()), display_command(text)),
                None => plain(line),
            },
            (_, Self::Text(text)) => display_text(text),
        }
    }
}

/// The expected value, for a setting with an invalid one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expected {
    /// `true` or `false` in TOML.
    Boolean,
    /// `1` or `0`, or another word for on or off.
    OnOrOff,
    /// A duration.
    Seconds {
        /// Whether zero is permitted, for no limit.
        or_off: bool,
    },
    /// A TCP port.
    Port,
    /// A size in MiB.
    Mebibytes,
    /// A TOML string.
    String,
    /// A program and its arguments.
    Command,
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
            Self::Seconds { or_off: false } => {
                f.write_str("expected a number of seconds greater than 0")
            }
            Self::Seconds { or_off: true } => {
                f.write_str("expected a number of seconds, or 0 for no limit")
            }
            Self::Port => f.write_str("expected a port from 1 to 65535"),
            Self::Mebibytes => f.write_str("expected a number of MiB from 64 to 65536"),
            Self::String => f.write_str("expected a string"),
            Self::Command => f.write_str("expected a program and its arguments"),
            Self::Strings => f.write_str("expected a string or an array of strings"),
            Self::OneOf(words) => write!(f, "expected one of `{}`", words.join("`, `")),
        }
    }
}

/// The text of a command in TOML: an array of its words, or one string that is split.
pub(super) fn words(toml: &Toml) -> Option<String> {
    let Some(array) = toml.as_array() else {
        let text = toml.as_str()?;
        return (text.is_empty() || CommandLine::parse(text).is_some()).then(|| text.to_owned());
    };
    let words: Option<Vec<String>> =
        array.iter().map(|word| word.as_str().map(str::to_owned)).collect();
    CommandLine::text_of(&words?)
}

fn display_command(text: &str) -> String {
    CommandLine::parse(text).map_or_else(|| plain(text), |command| command.to_string())
}

fn switch(text: &str) -> Result<bool, Expected> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(Expected::OnOrOff),
    }
}

fn seconds(number: Option<f64>, or_off: bool) -> Result<SettingValue, Expected> {
    number
        .and_then(|number| Duration::try_from_secs_f64(number).ok())
        .filter(|span| or_off || !span.is_zero())
        // Timers overflow beyond this; a thousand years are as good as no limit.
        .map(|span| SettingValue::Seconds(span.min(Duration::from_secs(1000 * 365 * 86_400))))
        .ok_or(Expected::Seconds { or_off })
}

fn port(number: Option<i64>) -> Result<SettingValue, Expected> {
    number
        .and_then(|number| u16::try_from(number).ok())
        .filter(|port| *port != 0)
        .map(SettingValue::Port)
        .ok_or(Expected::Port)
}

fn mebibytes(number: Option<i64>) -> Result<SettingValue, Expected> {
    number
        .filter(|number| (SMALLEST / MIB..=65_536).contains(&(*number as usize)))
        .and_then(|number| u32::try_from(number).ok())
        .map(SettingValue::Mebibytes)
        .ok_or(Expected::Mebibytes)
}

/// The text of a setting that is not a secret as a whole, without secrets in URLs or words.
fn display_text(text: &str) -> String {
    match text {
        url if url.contains("://") => display_identifier(url),
        path if path.contains(['/', '\\']) => plain(path),
        word => shown_words(word),
    }
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
            (ValueKind::Switch, "true", "true"),
            (ValueKind::Seconds, "2.5", "2.5"),
            (ValueKind::SecondsOrOff, "0", "0"),
            (ValueKind::Port, "3334", "3334"),
            (ValueKind::Mebibytes, "64", "64"),
            (ValueKind::Text, "a b", "\"a b\""),
            (ValueKind::Choice(&["x", "y"]), "y", "'y'"),
        ];
        for (kind, text, in_toml) in cases {
            let value = SettingValue::from_text(kind, text).map_err(|e| e.to_string()).unwrap();
            assert!(SettingValue::from_toml(kind, &toml(in_toml)) == Ok(value), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_says_what_was_expected() {
        let refused = |kind, text: &str| match SettingValue::from_text(kind, text) {
            Ok(value) => value.display(kind),
            Err(expected) => expected.to_string(),
        };
        assert_eq!(refused(ValueKind::Seconds, "0"), "expected a number of seconds greater than 0");
        assert_eq!(
            refused(ValueKind::Seconds, "-1"),
            "expected a number of seconds greater than 0"
        );
        assert_eq!(
            refused(ValueKind::SecondsOrOff, "soon"),
            "expected a number of seconds, or 0 for no limit"
        );
        assert_eq!(
            refused(ValueKind::Seconds, "NaN"),
            "expected a number of seconds greater than 0"
        );
        assert_eq!(refused(ValueKind::Port, "0"), "expected a port from 1 to 65535");
        assert_eq!(refused(ValueKind::Port, "65536"), "expected a port from 1 to 65535");
        for text in ["63", "-1", "65537", "many"] {
            let expected = "expected a number of MiB from 64 to 65536";
            assert_eq!(refused(ValueKind::Mebibytes, text), expected, "{text}");
        }
        assert_eq!(refused(ValueKind::Switch, "maybe"), "expected `1` or `0`");
        assert_eq!(refused(ValueKind::Choice(&["x", "y"]), "z"), "expected one of `x`, `y`");
        let in_toml =
            [(ValueKind::Switch, "1"), (ValueKind::Text, "7"), (ValueKind::Port, "\"80\"")];
        for (kind, text) in in_toml {
            assert!(SettingValue::from_toml(kind, &toml(text)).is_err(), "{text}");
        }
    }

    /// S-09
    #[test]
    fn secrets_are_not_shown() {
        let shown = |kind, text: &str| SettingValue::Text(text.to_owned()).display(kind);
        assert_eq!(
            shown(ValueKind::Headers, "Authorization: Bearer x"),
            "Authorization: [redacted]"
        );
        assert_eq!(shown(ValueKind::Headers, "no colon"), "[redacted]");
        assert_eq!(shown(ValueKind::SecretText, "{}"), "[redacted]");
        assert_eq!(shown(ValueKind::SecretUrl, "http://u:p@proxy:8080"), "http://proxy:8080/");
        assert_eq!(shown(ValueKind::SecretUrl, "u:p@proxy"), "[redacted]");
    }
}
