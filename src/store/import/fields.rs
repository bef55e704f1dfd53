//! Reads known members of `mcp-remote`'s files, and ignores all others. Error texts never quote the
//! file.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use super::{ForeignRegistration, ForeignTokens};
use crate::redact::Secret;

/// The largest file that is read, in bytes.
const LARGEST_FILE: u64 = 1024 * 1024;

/// A file that is a JSON object.
pub(super) struct Content {
    fields: Map<String, Value>,
    saved_at: Option<SystemTime>,
}

/// Reads a file; `None` if there is none.
///
/// # Errors
/// The file cannot be used; the error says why.
pub(super) fn open(path: &Path) -> Result<Option<Content>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e.to_string()),
    };
    let metadata = file.metadata().map_err(|e| e.to_string())?;
    if !metadata.is_file() {
        return Err("not a regular file".to_owned());
    }
    if metadata.len() > LARGEST_FILE {
        return Err("far too large".to_owned());
    }
    let mut text = Vec::new();
    file.take(LARGEST_FILE).read_to_end(&mut text).map_err(|e| e.to_string())?;
    let fields = serde_json::from_slice(&text)
        .map_err(|e| format!("not a JSON object at line {}, column {}", e.line(), e.column()))?;
    Ok(Some(Content { fields, saved_at: metadata.modified().ok() }))
}

/// Reads a token response.
///
/// # Errors
/// The access token is missing, or a member has the wrong type.
pub(super) fn tokens(content: &Content) -> Result<ForeignTokens, String> {
    Ok(ForeignTokens {
        access_token: Secret::new(content.required("access_token")?),
        token_type: content.text("token_type")?.unwrap_or_else(|| "Bearer".to_owned()),
        refresh_token: content.text("refresh_token")?.map(Secret::new),
        id_token: content.text("id_token")?.map(Secret::new),
        scope: content.text("scope")?,
        requested_scope: content.text("requested_scope")?,
        issuer: content.text("issuer")?,
        expires_at: content.expires_at()?,
        saved_at: content.saved_at,
    })
}

/// Reads a registration response.
///
/// # Errors
/// The client id is missing, or a member has the wrong type.
pub(super) fn registration(content: &Content) -> Result<ForeignRegistration, String> {
    let ends = content.number("client_secret_expires_at")?.filter(|seconds| *seconds > 0.0);
    Ok(ForeignRegistration {
        client_id: content.required("client_id")?,
        client_secret: content.text("client_secret")?.map(Secret::new),
        client_secret_expires_at: ends.and_then(|seconds| after(UNIX_EPOCH, seconds * 1000.0)),
        redirect_uris: content.texts("redirect_uris")?,
        token_endpoint_auth_method: content.text("token_endpoint_auth_method")?,
        issuer: content.text("issuer")?,
    })
}

impl Content {
    /// When the access token expires. Old versions stored no `expires_at`; the lifetime then counts
    /// from the time of the file.
    fn expires_at(&self) -> Result<Option<SystemTime>, String> {
        if let Some(milliseconds) = self.number("expires_at")? {
            return Ok(after(UNIX_EPOCH, milliseconds));
        }
        let lifetime = self.number("expires_in")?;
        Ok(self.saved_at.zip(lifetime).and_then(|(saved, seconds)| after(saved, seconds * 1000.0)))
    }

    fn required(&self, name: &str) -> Result<String, String> {
        match self.text(name)? {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(format!("`{name}` is missing")),
        }
    }

    fn text(&self, name: &str) -> Result<Option<String>, String> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(format!("`{name}` is not text")),
        }
    }

    fn texts(&self, name: &str) -> Result<Vec<String>, String> {
        let wrong = || format!("`{name}` is not a list of texts");
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(items)) => {
                items.iter().map(|i| i.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
            }
            Some(_) => Err(wrong()),
        }
    }

    /// A number, or text with a number: some servers send numbers as text, and `mcp-remote` stored
    /// them as received.
    fn number(&self, name: &str) -> Result<Option<f64>, String> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => Ok(number.as_f64()),
            Some(Value::String(text)) => match text.trim().parse() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(format!("`{name}` is not a number")),
            },
            Some(_) => Err(format!("`{name}` is not a number")),
        }
    }
}

/// The point in time this long after `start`, unless the number is out of range.
fn after(start: SystemTime, milliseconds: f64) -> Option<SystemTime> {
    // Whole milliseconds up to 2^53 are exact, and far beyond any clock.
    let sensible = (0.0..9.0e15).contains(&milliseconds);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    sensible.then(|| Duration::from_millis(milliseconds as u64)).and_then(|d| start.checked_add(d))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(value: &Value) -> Content {
        Content { fields: value.as_object().unwrap().clone(), saved_at: None }
    }

    fn written(text: &[u8]) -> Result<Option<Content>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.json");
        std::fs::write(&path, text).unwrap();
        open(&path)
    }

    #[test]
    fn a_file_is_a_json_object_of_bearable_size() {
        let folder = tempfile::tempdir().unwrap();
        assert!(open(&folder.path().join("none.json")).unwrap().is_none());
        assert!(open(folder.path()).is_err(), "a folder");
        let read = written(b" {\"a\": 1} ").unwrap().unwrap();
        assert!(read.saved_at.is_some() && read.fields["a"] == 1);
        for text in [&b"[]"[..], b"7", b"{\"a\":1", b"{} x", b"\xff"] {
            let problem = written(text).err().unwrap();
            assert!(problem.starts_with("not a JSON object at line 1"), "{problem}");
        }
        let largest = usize::try_from(LARGEST_FILE).unwrap();
        let mut text = b"{}".to_vec();
        text.resize(largest, b' ');
        assert!(written(&text).is_ok());
        text.push(b' ');
        assert_eq!(written(&text).err().unwrap(), "far too large");
    }

    #[test]
    fn numbers_may_be_text_and_points_in_time_are_checked() {
        let number = |value: Value| content(&serde_json::json!({ "n": value })).number("n");
        for (value, expected) in [
            (Value::Null, Ok(None)),
            (12.into(), Ok(Some(12.0))),
            ("12".into(), Ok(Some(12.0))),
            (" 1e3 ".into(), Ok(Some(1000.0))),
            ((-1).into(), Ok(Some(-1.0))),
            ("".into(), Err("`n` is not a number".to_owned())),
            ("soon".into(), Err("`n` is not a number".to_owned())),
            (true.into(), Err("`n` is not a number".to_owned())),
            (Value::Array(Vec::new()), Err("`n` is not a number".to_owned())),
        ] {
            assert_eq!(number(value.clone()), expected, "{value}");
        }
        let millisecond = Duration::from_millis(1);
        for (milliseconds, expected) in [
            (0.0, Some(UNIX_EPOCH)),
            (1.9, Some(UNIX_EPOCH + millisecond)),
            (-0.5, None),
            (-1.0, None),
            (9.0e15, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(after(UNIX_EPOCH, milliseconds), expected, "{milliseconds}");
        }
    }

    #[test]
    fn an_end_of_its_own_counts_before_a_lifetime() {
        let saved = UNIX_EPOCH + Duration::from_secs(1000);
        let ends = |value: Value| {
            let content = Content { saved_at: Some(saved), ..content(&value) };
            let end = content.expires_at()?;
            Ok::<_, String>(end.map(|end| end.duration_since(UNIX_EPOCH).unwrap().as_secs()))
        };
        let both = serde_json::json!({ "expires_at": 5000, "expires_in": 60 });
        assert_eq!(ends(both), Ok(Some(5)));
        assert_eq!(ends(serde_json::json!({ "expires_in": 60 })), Ok(Some(1060)));
        assert_eq!(ends(serde_json::json!({ "expires_in": "60" })), Ok(Some(1060)));
        assert_eq!(ends(serde_json::json!({ "expires_in": -60 })), Ok(None));
        assert_eq!(ends(serde_json::json!({})), Ok(None));
        assert!(ends(serde_json::json!({ "expires_at": {} })).is_err());
        let undated = content(&serde_json::json!({ "expires_in": 60 }));
        assert_eq!(undated.expires_at(), Ok(None), "it is unknown when that began");
    }

    #[test]
    fn a_registration_needs_an_id_and_its_lists_are_of_texts() {
        let read = |value: Value| registration(&content(&value));
        let whole = read(serde_json::json!({
            "client_id": "id", "client_secret": null, "redirect_uris": ["http://localhost/cb"],
            "client_secret_expires_at": 60,
        }))
        .unwrap();
        assert_eq!(whole.redirect_uris, ["http://localhost/cb"]);
        assert!(whole.client_secret.is_none());
        assert_eq!(whole.client_secret_expires_at, Some(UNIX_EPOCH + Duration::from_secs(60)));
        for never in [serde_json::json!(0), serde_json::json!(-1), serde_json::json!("0")] {
            let one = read(serde_json::json!({
                "client_id": "id", "client_secret_expires_at": never,
            }));
            assert_eq!(one.unwrap().client_secret_expires_at, None, "{never}");
        }
        for (value, problem) in [
            (serde_json::json!({}), "`client_id` is missing"),
            (serde_json::json!({ "client_id": "" }), "`client_id` is missing"),
            (serde_json::json!({ "client_id": 7 }), "`client_id` is not text"),
            (
                serde_json::json!({ "client_id": "id", "redirect_uris": "x" }),
                "`redirect_uris` is not a list of texts",
            ),
            (
                serde_json::json!({ "client_id": "id", "redirect_uris": ["x", 7] }),
                "`redirect_uris` is not a list of texts",
            ),
        ] {
            assert_eq!(read(value).err().unwrap(), problem);
        }
    }
}
