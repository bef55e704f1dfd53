//! What may be shown of each sign-in, kept beside the store without any secret, so that `status`
//! can tell it while the keyring is locked or gone. Never decides anything; a note may be missing.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::auth::{Registered, SignIn};
use crate::platform::Paths;
use crate::platform::private_file::{self, Durability};

/// The largest note that is read, in bytes.
const FILE_LIMIT: u64 = 64 * 1024;

/// What may be shown of a sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The MCP endpoint.
    pub server: String,
    /// The account; empty is the usual one.
    #[serde(default)]
    pub account: String,
    /// Who issued the tokens.
    pub issuer: String,
    /// What was granted, or asked for.
    #[serde(default)]
    pub scopes: Option<String>,
    /// When the access token ends, in seconds since 1970.
    #[serde(default)]
    pub expires_at: Option<u64>,
    /// Whether it is renewed without a person.
    #[serde(default)]
    pub renewable: bool,
    /// How the client came to its id, in words.
    #[serde(default)]
    pub client: String,
}

/// The notes of all sign-ins.
#[derive(Clone, Debug)]
pub struct Notes {
    folder: Option<PathBuf>,
}

impl From<&SignIn> for Note {
    fn from(sign_in: &SignIn) -> Self {
        let tokens = &sign_in.tokens;
        let client = match sign_in.registration.how {
            Registered::Beforehand => "given",
            Registered::ByDocument => "by document",
            Registered::Dynamically => "registered",
        };
        Self {
            server: sign_in.server.clone(),
            account: sign_in.account.clone(),
            issuer: sign_in.issuer.clone(),
            scopes: tokens.scope.clone().or_else(|| sign_in.scopes_asked.clone()),
            expires_at: tokens.expires_at,
            renewable: tokens.refresh_token.is_some(),
            client: client.to_owned(),
        }
    }
}

impl Notes {
    /// Beside the store of these folders. Touches nothing.
    pub fn beside(paths: &Paths) -> Self {
        Self { folder: paths.state().ok().map(|state| state.join("sign-ins")) }
    }

    /// The note of this record.
    pub fn read(&self, name: &str) -> Option<Note> {
        serde_json::from_slice(&private_file::read(&self.path(name)?, FILE_LIMIT).ok()??).ok()
    }

    /// Keeps a note; a failure costs no more than the note.
    pub fn write(&self, name: &str, note: &Note) {
        let Some(path) = self.path(name) else { return };
        let Ok(text) = serde_json::to_vec(note) else { return };
        if let Err(error) = private_file::write(&path, &text, Durability::Process) {
            tracing::debug!(%error, "cannot note what a sign-in is");
        }
    }

    /// Drops a note.
    pub fn remove(&self, name: &str) {
        if let Some(path) = self.path(name) {
            let _ = private_file::remove(&path);
        }
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let safe = name.bytes().all(fits);
        Some(self.folder.as_ref().filter(|_| safe)?.join(format!("{name}.json")))
    }
}
