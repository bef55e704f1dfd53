//! Notes with the displayable facts about each stored sign-in, so that `status` can list it even if
//! the keyring is locked or gone. Notes contain no secrets, and nothing depends on them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::auth::{Registered, SignIn};
use crate::platform::Paths;
use crate::platform::private_file::{self, Durability};
use crate::redact::display_url;
use crate::shell_words::{flag_argument, shell_word};

/// The largest note that is read, in bytes.
const FILE_LIMIT: u64 = 64 * 1024;

/// The displayable facts about a sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// The URL of the server, without keys ([`display_url`]).
    pub(super) server: String,
    /// The account; empty if it has no name.
    #[serde(default)]
    pub(super) account: String,
    pub(super) issuer: String,
    /// The scopes that were granted, or otherwise requested, separated by spaces.
    #[serde(default)]
    pub(super) scopes: Option<String>,
    /// When the access token expires, in seconds since 1970.
    #[serde(default)]
    pub(super) expires_at: Option<u64>,
    /// Whether it is refreshed without a person.
    #[serde(default)]
    pub(super) refreshable: bool,
    /// How the client was registered, in words.
    #[serde(default)]
    pub(super) client: String,
    /// The identity provider that vouched for the person.
    #[serde(default)]
    pub(super) via: Option<String>,
    /// Whether it is the sign-in at an identity provider.
    #[serde(default)]
    pub(super) is_identity_provider: bool,
    /// Whether the tokens are bound to a key (DPoP).
    #[serde(default)]
    pub(super) is_bound: bool,
    /// Why the last refresh failed; `None` after one that worked.
    #[serde(default)]
    pub(super) refresh_problem: Option<String>,
}

/// The notes of all sign-ins.
#[derive(Clone, Debug)]
pub(super) struct Notes {
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
            server: display_url(&sign_in.server),
            account: sign_in.account.clone(),
            issuer: sign_in.issuer.clone(),
            scopes: tokens.scope.clone().or_else(|| sign_in.scopes_asked.clone()),
            expires_at: tokens.expires_at,
            refreshable: tokens.refresh_token.is_some() || sign_in.refreshes_itself,
            client: client.to_owned(),
            via: sign_in.via.as_deref().map(display_url),
            is_identity_provider: sign_in.is_identity_provider,
            is_bound: tokens.is_dpop,
            refresh_problem: sign_in.refresh_problem.clone(),
        }
    }
}

impl Note {
    /// The URL as an argument of a command, or the placeholder `URL` if it contains a key.
    pub(super) fn as_argument(&self) -> String {
        let url =
            if self.server.contains('…') { "URL".to_owned() } else { shell_word(&self.server) };
        if self.is_identity_provider { format!("--idp {url}") } else { url }
    }

    /// The flag that selects the account, with a space before it; empty for the account without a
    /// name.
    pub(super) fn account_flag(&self) -> String {
        match self.account.as_str() {
            "" => String::new(),
            account => format!(" {}", flag_argument("--account", account)),
        }
    }
}

impl Notes {
    /// The notes in the state folder. Does not access it yet.
    pub(super) fn beside(paths: &Paths) -> Self {
        Self { folder: paths.state().ok().map(|state| state.join("sign-ins")) }
    }

    /// Reads the note of the record with this name.
    pub(super) fn read(&self, name: &str) -> Option<Note> {
        serde_json::from_slice(&private_file::read(&self.path(name)?, FILE_LIMIT).ok()??).ok()
    }

    /// Writes a note. An error is only logged.
    pub(super) fn write(&self, name: &str, note: &Note) {
        let Some(path) = self.path(name) else { return };
        let Ok(text) = serde_json::to_vec(note) else { return };
        if let Err(error) = private_file::write(&path, &text, Durability::Process) {
            tracing::debug!(%error, "cannot write the note of a sign-in");
        }
    }

    /// Removes a note.
    pub(super) fn remove(&self, name: &str) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn note(server: &str, account: &str) -> Note {
        serde_json::from_value(serde_json::json!({
            "server": server, "account": account, "issuer": "https://as.example.com",
        }))
        .unwrap()
    }

    /// S-31
    #[test]
    fn a_note_becomes_the_words_of_a_command_that_works() {
        for (server, account, words) in [
            ("https://a.example/mcp", "", "https://a.example/mcp"),
            ("https://a.example/mcp", "work", "https://a.example/mcp --account work"),
            ("https://a.example/…", "", "URL"),
            // Without the equals sign it would be taken for a flag.
            ("https://a.example", "-work", "https://a.example --account=-work"),
        ] {
            let note = note(server, account);
            assert_eq!(format!("{}{}", note.as_argument(), note.account_flag()), words);
        }
        let company = Note { is_identity_provider: true, ..note("https://idp.example", "") };
        assert_eq!(company.as_argument(), "--idp https://idp.example");
        if cfg!(unix) {
            let flag = note("https://a.example", "$(id) x").account_flag();
            assert_eq!(flag, " --account '$(id) x'");
        }
    }

    #[test]
    fn notes_are_kept_beside_the_records_and_never_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes::beside(&Paths::below(folder.path()));
        let one = note("https://a.example", "work");
        assert_eq!(notes.read("sign-in.a_B-1"), None);
        notes.write("sign-in.a_B-1", &one);
        assert_eq!(notes.read("sign-in.a_B-1"), Some(one.clone()));
        for name in ["../escaped", "a/b", "a\\b", "a b", "é"] {
            notes.write(name, &one);
            assert_eq!(notes.read(name), None, "{name}");
        }
        let state = folder.path().join("state");
        assert_eq!(std::fs::read_dir(state.join("sign-ins")).unwrap().count(), 1);
        assert_eq!(std::fs::read_dir(&state).unwrap().count(), 1);
        notes.remove("sign-in.a_B-1");
        notes.remove("sign-in.a_B-1");
        assert_eq!(notes.read("sign-in.a_B-1"), None);
        let nowhere = Notes::beside(&Paths::nowhere());
        nowhere.write("a", &one);
        assert_eq!(nowhere.read("a"), None);
    }
}
