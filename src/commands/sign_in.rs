//! What the commands about signing in share: the stored sign-ins as they may be shown, and words
//! for places and times.

use url::Url;

use super::notes::{Note, Notes};
use super::vault::SIGN_IN;
use crate::auth::{AuthOptions, SignIn, StoredRecord};
use crate::error::{Error, ExitCode, Failure, FailureKind, Result};
use crate::redact::plain;
use crate::store::{
    CredentialStore, ListedRecord, StorageLocation, StoreChoice, StoreError, StoreErrorKind,
};

/// A sign-in that is known to exist.
pub struct Stored {
    /// Its record and where that rests.
    pub listed: ListedRecord,
    /// The record, if it could be read.
    pub sign_in: Option<SignIn>,
    /// What may be shown of it, also where it could not be read.
    pub note: Option<Note>,
    /// Why it could not be read.
    pub problem: Option<String>,
    /// Whether it never will be, so that it has to be removed.
    pub damaged: bool,
}

impl Stored {
    /// The commands that get rid of a damaged one.
    pub fn way_out(&self) -> Option<String> {
        let note = self.note.as_ref().filter(|_| self.damaged);
        match (note, self.damaged) {
            (_, false) => None,
            (Some(note), true) => {
                let mut auth = AuthOptions::new(Url::parse(&note.server).ok()?);
                auth.account.clone_from(&note.account);
                let (out, again) = (auth.logout_command(), auth.login_command());
                Some(format!("remove it with {out} and sign in again with {again}"))
            }
            (None, true) => {
                Some("`mcp-tether logout --all` removes it, with all others".to_owned())
            }
        }
    }
}

/// Every stored sign-in. A keyring that does not answer is asked once and not for each of them.
pub async fn all(store: &CredentialStore, notes: &Notes) -> Result<Vec<Stored>> {
    let mut found = Vec::new();
    let mut silent: Option<StoreError> = None;
    for listed in store.list().await? {
        if !listed.name.starts_with(SIGN_IN) {
            continue;
        }
        let loaded = match silent.clone().filter(|_| listed.place == StorageLocation::Keyring) {
            Some(error) => Err(error),
            None => store.load(&listed.name).await,
        };
        if let (Err(error), StorageLocation::Keyring) = (&loaded, listed.place) {
            silent = Some(error.clone());
        }
        found.extend(stored(listed, loaded, notes));
    }
    Ok(found)
}

fn stored(
    listed: ListedRecord,
    loaded: std::result::Result<Option<crate::redact::Secret<Vec<u8>>>, StoreError>,
    notes: &Notes,
) -> Option<Stored> {
    let mut damaged = matches!(&loaded, Err(error) if error.kind() == StoreErrorKind::Damaged);
    let (sign_in, problem) = match loaded {
        // Gone since it was listed.
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
    Some(Stored { listed, sign_in, note, problem, damaged })
}

/// `https://mcp.example.com/mcp`, with the account if there is one.
pub fn subject(server: &str, account: &str) -> String {
    match account {
        "" => format!("`{}`", plain(server)),
        account => format!("`{}` (account `{}`)", plain(server), plain(account)),
    }
}

/// Where a record rests, and why there.
pub fn place(store: &CredentialStore, listed: &ListedRecord) -> String {
    let place = store.describe(listed.place, &listed.name);
    match (listed.place, store.choice()) {
        (StorageLocation::File, StoreChoice::Auto) => {
            format!("{place}, because no keyring answered here")
        }
        (StorageLocation::File, _) => format!("{place}, as `credential-store` says"),
        _ => place,
    }
}

/// When a token ends, in words.
pub fn ends(expires_at: Option<u64>, renewable: bool, now: u64) -> String {
    let renewed = if renewable { ", renewed without you" } else { "" };
    match expires_at {
        None if renewable => "renewed without you when the server asks for it".to_owned(),
        None => "when the server says so".to_owned(),
        Some(end) if end > now => format!("in {}{renewed}", span(end - now)),
        Some(_) if renewable => "has ended; the next use renews it".to_owned(),
        Some(end) => format!("ended {} ago; sign in again", span(now - end)),
    }
}

/// The largest unit that fits, rounded down.
fn span(seconds: u64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (size, unit) =
        units.into_iter().find(|(size, _)| seconds >= *size).unwrap_or((1, "second"));
    let count = seconds / size;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// A failure of signing in, for the person at the terminal.
pub fn to_error(failure: Failure) -> Error {
    let error = match failure.kind {
        FailureKind::AuthRequired => {
            Error::failed(&failure.message).with_exit_code(ExitCode::LoginNeeded)
        }
        _ => Error::failed(&failure.message),
    };
    match failure.hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_told_in_words() {
        let told = |end, renewable| ends(end, renewable, 100_000);
        assert_eq!(told(Some(103_600), true), "in 1 hour, renewed without you");
        assert_eq!(told(Some(100_000 + 2 * 86_400), false), "in 2 days");
        assert_eq!(told(Some(99_999), true), "has ended; the next use renews it");
        assert_eq!(told(Some(99_940), false), "ended 1 minute ago; sign in again");
        assert_eq!(told(Some(100_000), false), "ended 0 seconds ago; sign in again");
        assert_eq!(told(None, false), "when the server says so");
    }
}
