//! Reads the sign-ins that `mcp-remote` left in `~/.mcp-auth`, in every layout it ever used, as
//! neutral records. Changes and deletes nothing there, checks no issuer and stores nothing: that is
//! the business of whoever takes a sign-in over.

mod fields;
mod layout;
mod parameters;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub use layout::known_keys;
pub use parameters::{Parameters, callback_port};

use crate::redact::Secret;

/// What was found for one remote.
#[derive(Debug, Default)]
pub struct Findings {
    /// The sign-in, if there is one.
    pub sign_in: Option<ForeignSignIn>,
    /// Files that could not be used.
    pub problems: Vec<Problem>,
}

/// A sign-in of `mcp-remote`.
#[derive(Clone, Debug)]
pub struct ForeignSignIn {
    /// The URL of the remote, as it was typed.
    pub url: String,
    /// The key its files are named by; the callback port follows from it.
    pub key: String,
    /// The folder its files are in.
    pub folder: PathBuf,
    /// The tokens.
    pub tokens: Option<ForeignTokens>,
    /// The registered client.
    pub registration: Option<ForeignRegistration>,
}

/// A token answer as it was stored.
#[derive(Clone, Debug)]
pub struct ForeignTokens {
    /// The access token.
    pub access_token: Secret<String>,
    /// How it is used; `Bearer` where nothing was stored.
    pub token_type: String,
    /// The refresh token. Whoever uses it takes it over: the other program's copy dies with it.
    pub refresh_token: Option<Secret<String>>,
    /// The ID token.
    pub id_token: Option<Secret<String>>,
    /// The scope that was granted.
    pub scope: Option<String>,
    /// The scope that was asked for.
    pub requested_scope: Option<String>,
    /// Who issued them, where that was stored.
    pub issuer: Option<String>,
    /// When the access token ends: stored, or the file's time and the lifetime, or unknown.
    pub expires_at: Option<SystemTime>,
    /// When the file was written.
    pub saved_at: Option<SystemTime>,
}

/// A registered client as it was stored.
#[derive(Clone, Debug)]
pub struct ForeignRegistration {
    /// The client's id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Option<Secret<String>>,
    /// When the secret ends; `None` also for "never", which is stored as 0.
    pub client_secret_expires_at: Option<SystemTime>,
    /// What it was registered with; a callback must use one of these or register anew.
    pub redirect_uris: Vec<String>,
    /// How it shows who it is at the token endpoint.
    pub token_endpoint_auth_method: Option<String>,
    /// Whose client it is, where that was stored.
    pub issuer: Option<String>,
}

/// A file that could not be used. Never quotes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "skipped `{}`: {}", self.path.display(), self.reason)
    }
}

/// The folder below which `mcp-remote` keeps its files: `$MCP_REMOTE_CONFIG_DIR` (given here as
/// `configured`), else `.mcp-auth` in the home folder.
pub fn folder(configured: Option<&str>, home: Option<&Path>) -> Option<PathBuf> {
    match configured.filter(|folder| !folder.is_empty()) {
        Some(folder) => Some(PathBuf::from(folder)),
        None => Some(home?.join(".mcp-auth")),
    }
}

/// Looks for the sign-in of one remote below `folder`: in the newest layout that has tokens for it,
/// else in the newest that has a registration. A folder that does not exist holds nothing.
pub fn read(folder: &Path, parameters: &Parameters) -> Findings {
    let mut findings = Findings::default();
    let mut registered = None;
    for layout in layout::newest_first(folder) {
        let found = layout.read(parameters, &mut findings.problems);
        match found {
            Some(sign_in) if sign_in.tokens.is_some() => {
                findings.sign_in = Some(sign_in);
                return findings;
            }
            found => registered = registered.or(found),
        }
    }
    findings.sign_in = registered;
    findings
}

#[cfg(test)]
mod tests;
