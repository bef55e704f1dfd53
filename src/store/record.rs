//! The text form of a stored value, the same in a file and in a keyring: base64 inside JSON,
//! because some keyrings (KWallet) keep UTF-8 text only. A checksum detects damage. Does no I/O.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The version of the text form. A record with a higher number was written by a newer program.
const VERSION: u32 = 1;

/// The longest name of a record, in bytes. Longer names would not fit some keyrings.
const LONGEST_NAME: usize = 512;

/// One stored value, or (in keyrings with small entries) the list of its parts. No `Debug`: it
/// holds the secret.
#[derive(Serialize, Deserialize)]
pub(super) struct EncodedRecord {
    version: u32,
    name: String,
    /// Unix time in milliseconds.
    saved: u64,
    sum: String,
    #[serde(flatten)]
    body: Body,
}

/// The location of the value.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Body {
    /// Here, as base64.
    Value(String),
    /// In entries beside this one.
    Parts(Parts),
}

/// The parts of a value that is too long for one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Parts {
    /// The set of entries that holds them; a new value is written into the other set.
    pub(super) slot: Slot,
    /// The number of entries.
    pub(super) count: usize,
}

/// One of two sets of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Slot {
    A,
    B,
}

/// Why a text is not a valid record. Never quotes the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordFlaw {
    NotJson { line: usize, column: usize },
    Newer(u32),
    OtherName,
    NotBase64,
    WrongSum,
}

impl EncodedRecord {
    /// A record that holds its value.
    pub(super) fn new(name: &str, value: &[u8]) -> Self {
        Self {
            version: VERSION,
            name: name.to_owned(),
            saved: now(),
            sum: checksum(name, value),
            body: Body::Value(STANDARD.encode(value)),
        }
    }

    /// The same record with its value in other entries, and the text of that value.
    pub(super) fn split(self, parts: impl FnOnce(&str) -> Parts) -> (Self, String) {
        let text = match self.body {
            Body::Value(text) => text,
            Body::Parts(_) => String::new(),
        };
        let body = Body::Parts(parts(&text));
        (Self { body, ..self }, text)
    }

    /// Parses a record that must have this name.
    ///
    /// # Errors
    /// As for [`Self::parse_any`], or the record has another name.
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, RecordFlaw> {
        let record = Self::parse_any(text)?;
        if record.name == name { Ok(record) } else { Err(RecordFlaw::OtherName) }
    }

    /// Parses a record of any name.
    ///
    /// # Errors
    /// The text is not in the expected form, or a newer program wrote it.
    pub(super) fn parse_any(text: &str) -> Result<Self, RecordFlaw> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        // serde_json's own words may quote the text, and the text is secret.
        let flaw =
            |e: serde_json::Error| RecordFlaw::NotJson { line: e.line(), column: e.column() };
        let Version { version } = serde_json::from_str(text).map_err(flaw)?;
        if version != VERSION {
            return Err(RecordFlaw::Newer(version));
        }
        serde_json::from_str(text).map_err(flaw)
    }

    /// The record as text, to be stored.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("a record of strings and numbers is JSON")
    }

    /// The location of the value.
    pub(super) fn body(&self) -> &Body {
        &self.body
    }

    /// The name under which the value is stored.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// When it was stored, in Unix milliseconds.
    pub(super) fn saved(&self) -> u64 {
        self.saved
    }

    /// Decodes the value from the text in the body, or from the joined text of its parts.
    ///
    /// # Errors
    /// The text is not base64, or the checksum does not match.
    pub(super) fn decode(&self, text: &str) -> Result<Vec<u8>, RecordFlaw> {
        let value = STANDARD.decode(text).map_err(|_| RecordFlaw::NotBase64)?;
        if checksum(&self.name, &value) == self.sum { Ok(value) } else { Err(RecordFlaw::WrongSum) }
    }
}

impl Parts {
    /// The set into which a new value is written.
    pub(super) fn other_slot(parts: Option<Self>) -> Slot {
        match parts {
            Some(Self { slot: Slot::A, .. }) => Slot::B,
            _ => Slot::A,
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "a",
            Self::B => "b",
        })
    }
}

impl fmt::Display for RecordFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson { line, column } => {
                write!(f, "not in the expected form at line {line}, column {column}")
            }
            Self::Newer(version) => {
                write!(f, "written in form {version} by a newer `mcp-tether`")
            }
            Self::OtherName => f.write_str("it belongs to another name"),
            Self::NotBase64 => f.write_str("its value is not base64"),
            Self::WrongSum => f.write_str("its checksum does not match its value"),
        }
    }
}

/// The stem of the file name for a record: names are opaque and may contain any character.
pub(super) fn stem(name: &str) -> String {
    hex::encode(&Sha256::digest(name)[..16])
}

/// Returns whether a record can have this name.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= LONGEST_NAME && !name.contains(char::is_control)
}

fn checksum(name: &str, value: &[u8]) -> String {
    let digest = Sha256::new().chain_update(name).chain_update([0]).chain_update(value).finalize();
    hex::encode(&digest[..16])
}

/// The current Unix time in milliseconds.
pub(super) fn now() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value_of(name: &str, text: &str) -> Result<Vec<u8>, RecordFlaw> {
        let record = EncodedRecord::parse(name, text)?;
        match record.body() {
            Body::Value(text) => record.decode(text),
            Body::Parts(_) => unreachable!("these tests split nothing"),
        }
    }

    #[test]
    fn any_bytes_come_back_and_the_text_is_ascii() {
        let value: Vec<u8> = (0..=255).collect();
        let text = EncodedRecord::new("ü/name", &value).text();
        assert_eq!(value_of("ü/name", &text).unwrap(), value);
        assert!(EncodedRecord::new("name", &value).text().is_ascii());
    }

    #[test]
    fn every_truncation_and_every_flipped_byte_of_the_value_is_noticed() {
        let text = EncodedRecord::new("name", b"a rotating refresh token").text();
        for cut in 0..text.len() {
            assert!(value_of("name", &text[..cut]).is_err(), "cut at {cut}");
        }
        let start = text.find("\"value\":\"").unwrap() + 9;
        for position in start..text.len() - 2 {
            let mut bytes = text.clone().into_bytes();
            bytes[position] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(value_of("name", &changed).is_err(), "changed at {position}");
        }
    }

    #[test]
    fn a_record_of_another_name_is_not_taken() {
        let text = EncodedRecord::new("work", b"x").text();
        assert_eq!(value_of("private", &text), Err(RecordFlaw::OtherName));
    }

    #[test]
    fn a_newer_form_is_told_from_damage() {
        let text = r#"{"version":7,"sealed":"x"}"#;
        assert_eq!(value_of("name", text), Err(RecordFlaw::Newer(7)));
    }

    /// S-09
    #[test]
    fn no_flaw_quotes_the_text() {
        for text in ["canary", r#"{"version":"canary"}"#, r#"{"version":1,"name":{"canary":1}}"#] {
            let flaw = value_of("name", text).unwrap_err();
            assert!(!flaw.to_string().contains("canary"), "{flaw}");
        }
    }

    #[test]
    fn names_that_cannot_be_stored_are_told() {
        assert!(is_name("tokens/https://host/mcp#work"));
        assert!(!is_name("") && !is_name("a\nb") && !is_name(&"x".repeat(513)));
    }
}
