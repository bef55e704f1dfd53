//! Shared by the commands about signing in: loads the stored sign-ins, and describes servers,
//! places and expiry times.

use url::Url;

use super::notes::{Note, Notes};
use super::vault::SIGN_IN;
use crate::auth::{SignIn, StoredRecord};
use crate::error::Result;
use crate::redact::{SafeUrl, Secret, plain};
use crate::store::{
    CredentialStore, ListedRecord, StorageLocation, StoreChoice, StoreError, StoreErrorKind,
};

/// A sign-in in the credential store.
pub(super) struct StoredSignIn {
    /// The name of its record, and where that is stored.
    pub(super) listed: ListedRecord,
    /// Its content, if that could be read.
    pub(super) sign_in: Option<SignIn>,
    /// Its note, available even if it could not be read.
    pub(super) note: Option<Note>,
    /// Why it could not be read.
    pub(super) problem: Option<String>,
    /// Whether it can never be read and has to be removed.
    pub(super) damaged: bool,
}

impl StoredSignIn {
    /// How to replace a damaged sign-in, or one that could not be refreshed.
    pub(super) fn remedy(&self) -> Option<String> {
        if !self.damaged {
            let note = self.note.as_ref().filter(|note| note.refresh_problem.is_some())?;
            let words = format!("{}{}", note.as_argument(), note.account_flag());
            return Some(format!("sign in again with `mcp-tether login {words}`"));
        }
        let Some(note) = &self.note else {
            return Some("`mcp-tether logout --all` removes it and all others".to_owned());
        };
        let words = format!("{}{}", note.as_argument(), note.account_flag());
        Some(format!(
            "remove it with `mcp-tether logout {words}` and sign in again with `mcp-tether login \
             {words}`"
        ))
    }

    /// Returns whether it is for this server. If it cannot be read, its note decides, which has no
    /// keys in its URL.
    pub(super) fn is_for(&self, server: &Url) -> bool {
        match (&self.sign_in, &self.note) {
            (Some(sign_in), _) => sign_in.server == server.as_str(),
            (None, Some(note)) => note.server == SafeUrl::new(server).to_string(),
            (None, None) => false,
        }
    }
}

/// Loads every stored sign-in, sorted by server and account. A keyring that fails is asked only
/// once.
///
/// # Errors
/// The store cannot be listed. A sign-in that cannot be read is not an error; its
/// [`problem`](StoredSignIn::problem) says why.
pub(super) async fn load_all(store: &CredentialStore, notes: &Notes) -> Result<Vec<StoredSignIn>> {
    let mut found = Vec::new();
    let mut keyring_error: Option<StoreError> = None;
    for listed in store.list().await? {
        if !listed.name.starts_with(SIGN_IN) {
            continue;
        }
        let in_keyring = listed.place == StorageLocation::Keyring;
        let loaded = match keyring_error.clone().filter(|_| in_keyring) {
            Some(error) => Err(error),
            None => store.load(&listed.name).await,
        };
        if let Err(error) = &loaded
            && in_keyring
        {
            keyring_error = Some(error.clone());
        }
        found.extend(parse(listed, loaded, notes));
    }
    found.sort_by_key(|stored| stored.note.clone().map(|note| (note.server, note.account)));
    Ok(found)
}

fn parse(
    listed: ListedRecord,
    loaded: std::result::Result<Option<Secret<Vec<u8>>>, StoreError>,
    notes: &Notes,
) -> Option<StoredSignIn> {
    let mut damaged = matches!(&loaded, Err(error) if error.kind() == StoreErrorKind::Damaged);
    let (sign_in, problem) = match loaded {
        // Removed since it was listed.
        Ok(None) => return None,
        Ok(Some(bytes)) => match SignIn::from_bytes(&bytes) {
            Some(sign_in) => (Some(sign_in), None),
            None => {
                damaged = true;
                (None, Some("it is damaged".to_owned()))
            }
        },
        Err(error) => (None, Some(error.message().to_owned())),
    };
    let note = sign_in.as_ref().map(Note::from).or_else(|| notes.read(&listed.name));
    Some(StoredSignIn { listed, sign_in, note, problem, damaged })
}

/// Describes what a sign-in is for: the displayed URL of the server, and the account if it has a
/// name.
pub(super) fn describe_subject(server: &str, account: &str) -> String {
    match account {
        "" => format!("`{}`", plain(server)),
        account => format!("`{}` (account `{}`)", plain(server), plain(account)),
    }
}

/// Describes where a record is stored, and why there.
pub(super) fn describe_place(store: &CredentialStore, listed: &ListedRecord) -> String {
    let place = store.describe(listed.place, &listed.name);
    match (listed.place, store.choice()) {
        (StorageLocation::File, StoreChoice::Auto) => {
            format!("{place}, because no keyring answered")
        }
        (StorageLocation::File, _) => format!("{place}, as `credential-store` says"),
        _ => place,
    }
}

/// Describes when the token of a sign-in expires, or why it could not be refreshed, to follow
/// `token`.
pub(super) fn describe_token(note: &Note, now: u64) -> String {
    let is_expired = note.expires_at.is_none_or(|end| end <= now);
    let bound = if note.is_bound { ", bound to a key (DPoP)" } else { "" };
    match note.refresh_problem.as_ref().filter(|_| is_expired) {
        Some(problem) => format!("expired, and could not be refreshed: {}", plain(problem)),
        None => format!("{}{bound}", describe_expiry(note.expires_at, note.refreshable, now)),
    }
}

/// Describes when a token expires, to follow `token`. Times are in seconds since 1970.
pub(super) fn describe_expiry(expires_at: Option<u64>, refreshable: bool, now: u64) -> String {
    let refreshed = if refreshable { " (refreshes automatically)" } else { "" };
    match expires_at {
        None => format!("expires at an unknown time{refreshed}"),
        Some(end) if end > now => format!("expires in {}{refreshed}", span(end - now)),
        Some(_) if refreshable => "expired (refreshes automatically at the next use)".to_owned(),
        Some(end) => format!("expired {} ago; sign in again", span(now - end)),
    }
}

/// A duration in its largest unit, rounded down.
fn span(seconds: u64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (size, unit) =
        units.into_iter().find(|(size, _)| seconds >= *size).unwrap_or((1, "second"));
    let count = seconds / size;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_is_described_in_words() {
        let text = |end, refreshable| describe_expiry(end, refreshable, 100_000);
        assert_eq!(text(Some(103_600), true), "expires in 1 hour (refreshes automatically)");
        assert_eq!(text(Some(100_000 + 2 * 86_400), false), "expires in 2 days");
        assert_eq!(text(Some(99_999), true), "expired (refreshes automatically at the next use)");
        assert_eq!(text(Some(99_940), false), "expired 1 minute ago; sign in again");
        assert_eq!(text(Some(100_000), false), "expired 0 seconds ago; sign in again");
        assert_eq!(text(None, false), "expires at an unknown time");
    }

    fn note(problem: Option<&str>, end: Option<u64>) -> Note {
        serde_json::from_value(serde_json::json!({
            "server": "https://a.example/mcp", "account": "work", "issuer": "https://as.example",
            "expires_at": end, "refresh_problem": problem,
        }))
        .unwrap()
    }

    fn stored(note: Option<Note>, damaged: bool) -> StoredSignIn {
        let listed = ListedRecord { name: "sign-in.a".to_owned(), place: StorageLocation::File };
        StoredSignIn { listed, sign_in: None, note, problem: None, damaged }
    }

    #[test]
    fn the_remedy_replaces_what_is_damaged_or_could_not_be_refreshed() {
        let words = "https://a.example/mcp --account work";
        let remedy = |note, damaged| stored(note, damaged).remedy();
        assert_eq!(remedy(None, false), None);
        assert_eq!(remedy(Some(note(None, None)), false), None);
        let again = format!("sign in again with `mcp-tether login {words}`");
        assert_eq!(remedy(Some(note(Some("it failed"), None)), false), Some(again.clone()));
        let both = format!("remove it with `mcp-tether logout {words}` and {again}");
        assert_eq!(remedy(Some(note(None, None)), true), Some(both));
        assert!(remedy(None, true).unwrap().contains("mcp-tether logout --all"));
    }

    #[test]
    fn a_sign_in_that_cannot_be_read_belongs_to_the_server_of_its_note() {
        let url = |text: &str| Url::parse(text).unwrap();
        let unreadable = stored(Some(note(None, None)), false);
        assert!(unreadable.is_for(&url("https://a.example/mcp")));
        assert!(!unreadable.is_for(&url("https://a.example/other")));
        assert!(!stored(None, false).is_for(&url("https://a.example/mcp")));
    }

    #[test]
    fn a_refresh_that_failed_is_told_once_the_token_has_expired() {
        let token = |problem, end| describe_token(&note(problem, end), 100);
        assert_eq!(token(None, Some(160)), "expires in 1 minute");
        assert_eq!(token(Some("it failed"), Some(160)), "expires in 1 minute", "it still works");
        let failed = "expired, and could not be refreshed: it failed";
        assert_eq!(token(Some("it failed"), Some(100)), failed);
        assert_eq!(token(Some("it failed"), None), failed);
        let bound = Note { is_bound: true, ..note(None, Some(160)) };
        assert_eq!(describe_token(&bound, 100), "expires in 1 minute, bound to a key (DPoP)");
    }

    #[test]
    fn a_record_is_read_removed_or_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes::beside(&crate::platform::Paths::below(folder.path()));
        notes.write("sign-in.a", &note(None, None));
        let listed = || stored(None, false).listed;
        assert!(parse(listed(), Ok(None), &notes).is_none(), "it is gone by now");
        let broken = parse(listed(), Ok(Some(Secret::new(b"{".to_vec()))), &notes).unwrap();
        assert!(broken.damaged && broken.sign_in.is_none());
        assert_eq!(broken.note.map(|note| note.account).as_deref(), Some("work"), "from its note");
    }
}
