//! Reads the sign-ins that `mcp-remote` left in `~/.mcp-auth`, in every layout it ever used. Only
//! reads: `auth` checks the issuer and stores the sign-in when it imports one.

mod fields;
mod layout;
mod parameters;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub use layout::known_keys;
pub use parameters::{Parameters, callback_port};

use crate::redact::Secret;

/// The files found for one remote.
#[derive(Debug, Default)]
pub struct Findings {
    /// The sign-in, if there is one.
    pub sign_in: Option<ForeignSignIn>,
    /// Files that could not be used.
    pub problems: Vec<UnusableFile>,
}

/// A sign-in from `mcp-remote`.
#[derive(Clone, Debug)]
pub struct ForeignSignIn {
    /// The URL of the remote, as the user typed it.
    pub url: String,
    /// The key in the names of its files. The callback port follows from it, see [`callback_port`].
    pub key: String,
    /// The folder that holds its files.
    pub folder: PathBuf,
    /// The tokens.
    pub tokens: Option<ForeignTokens>,
    /// The registered client.
    pub registration: Option<ForeignRegistration>,
}

/// A token response as `mcp-remote` stored it.
#[derive(Clone, Debug)]
pub struct ForeignTokens {
    /// The access token.
    pub access_token: Secret<String>,
    /// The token type; `Bearer` if none was stored.
    pub token_type: String,
    /// The refresh token. If refresh tokens rotate, `mcp-remote`'s copy stops working once this one
    /// is used.
    pub refresh_token: Option<Secret<String>>,
    /// The ID token.
    pub id_token: Option<Secret<String>>,
    /// The granted scope.
    pub scope: Option<String>,
    /// The requested scope.
    pub requested_scope: Option<String>,
    /// The issuer, if it was stored.
    pub issuer: Option<String>,
    /// When the access token expires: as stored, or computed from the file's time and the lifetime.
    pub expires_at: Option<SystemTime>,
    /// When the file was written.
    pub saved_at: Option<SystemTime>,
}

/// A registered client as `mcp-remote` stored it.
#[derive(Clone, Debug)]
pub struct ForeignRegistration {
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: Option<Secret<String>>,
    /// When the secret expires; `None` also if it never does, which is stored as 0.
    pub client_secret_expires_at: Option<SystemTime>,
    /// The registered redirect URIs. A sign-in must use one of these or register again.
    pub redirect_uris: Vec<String>,
    /// The client authentication method at the token endpoint.
    pub token_endpoint_auth_method: Option<String>,
    /// The issuer at which it is registered, if that was stored.
    pub issuer: Option<String>,
}

/// A file that could not be used. Never quotes the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusableFile {
    /// Path of the file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for UnusableFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "skipped `{}`: {}", self.path.display(), self.reason)
    }
}

/// The folder of `mcp-remote`'s files: `$MCP_REMOTE_CONFIG_DIR` (given here as `configured`),
/// otherwise `.mcp-auth` in the home folder. `None` without either.
pub fn folder(configured: Option<&str>, home: Option<&Path>) -> Option<PathBuf> {
    match configured.filter(|folder| !folder.is_empty()) {
        Some(folder) => Some(PathBuf::from(folder)),
        None => Some(home?.join(".mcp-auth")),
    }
}

/// Looks for the sign-in of one remote below `folder`: in the newest layout that has tokens for it,
/// otherwise in the newest that has a registration. A folder that does not exist holds nothing.
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
