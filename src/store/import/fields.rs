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
