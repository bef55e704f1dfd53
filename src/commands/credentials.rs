//! `mcp-tether credentials move`: moves every stored record from the keyring into files, or back.

use super::notes::Notes;
use super::prepare::{block_on, store};
use super::sign_in::describe_subject;
use crate::environment::{CommandOutcome, Environment, to_stderr};
use crate::error::{Error, ExitCode, Result};
use crate::redact::plain;
use crate::settings::Flags;
use crate::store::{StorageLocation, StoreError, StoreErrorKind};

/// Moves every record.
///
/// # Errors
/// Both places are the same, the settings are invalid, or the store cannot be listed. A record that
/// cannot be moved is reported, and stays where it is.
pub(crate) fn move_all(
    from: Option<&str>,
    to: &str,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    if from == Some(to) {
        return Err(Error::usage(format!("`--from {to} --to {to}` moves nothing"))
            .hint("give two places: `keyring` and `file`"));
    }
    let (store, paths) = store(flags, environment)?;
    let notes = Notes::beside(&paths);
    let target = if to == "keyring" { StorageLocation::Keyring } else { StorageLocation::File };
    let moves = block_on(async { Ok(store.move_all(target).await?) })?;
    let (moved, unmoved, failed) = (moves.moved.len(), moves.unmoved.len(), moves.failed.len());
    let sentence = format!("moved {moved}, already there {unmoved}, failed {failed}");
    CommandOutcome::new("moved", sentence)
        .member("moved", moved)
        .member("already_there", unmoved)
        .member("failed", failed)
        .print();
    let mut reasons: Vec<(String, Vec<String>)> = Vec::new();
    for (name, error) in &moves.failed {
        let (reason, what) = (error.message().to_owned(), what(name, &notes));
        match reasons.iter_mut().find(|(other, _)| *other == reason) {
            Some((_, all)) => all.push(what),
            None => reasons.push((reason, vec![what])),
        }
    }
    for (reason, mut all) in reasons {
        all.sort();
        all.dedup();
        to_stderr(&format!("not moved: {}\n  {reason}\n", all.join(", ")));
    }
    for (name, place, error) in &moves.left_behind {
        let place = store.describe(*place, name);
        to_stderr(&format!("an older copy is left in {place}: {error}\n"));
    }
    if let Some((_, error)) = moves.failed.first() {
        to_stderr(&format!("hint: {}\n", next_step(error)));
    }
    if !moves.moved.is_empty() && moves.failed.is_empty() {
        to_stderr(&format!(
            "hint: to store new sign-ins there, set `credential-store = \"{to}\"` in the settings \
             file\n"
        ));
    }
    Ok(if moves.failed.is_empty() { ExitCode::Ok } else { ExitCode::Failed })
}

/// The hint for a record that was not moved. Without a keyring, the error's own hint would be to
/// use files, which is not what the user wants.
fn next_step(error: &StoreError) -> &str {
    match error.kind() {
        StoreErrorKind::NoKeyring => {
            "start a keyring, such as GNOME Keyring or KWallet, until `mcp-tether doctor` finds it"
        }
        _ => error.next_step(),
    }
}

/// Describes a record.
fn what(name: &str, notes: &Notes) -> String {
    let (kind, _) = name.split_once('.').unwrap_or((name, ""));
    let note = notes.read(name);
    match (kind, note) {
        ("sign-in", Some(note)) => {
            format!("the sign-in for {}", describe_subject(&note.server, &note.account))
        }
        ("sign-in", None) => "a sign-in for an unknown server".to_owned(),
        ("client", _) => "where client secrets were used".to_owned(),
        ("registration", _) => "registrations".to_owned(),
        ("pending", _) => "sign-ins that were not completed".to_owned(),
        ("refusal", _) => "notes of refused sign-ins".to_owned(),
        _ => format!("`{}`", plain(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Paths;

    #[test]
    fn a_record_is_described_by_its_kind() {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes::beside(&Paths::below(folder.path()));
        let note = serde_json::json!({
            "server": "https://a.example", "account": "work", "issuer": "https://as.example",
        });
        notes.write("sign-in.a", &serde_json::from_value(note).unwrap());
        for (name, words) in [
            ("sign-in.a", "the sign-in for `https://a.example` (account `work`)"),
            ("sign-in.b", "a sign-in for an unknown server"),
            ("client.a", "where client secrets were used"),
            ("registration.a", "registrations"),
            ("pending.a", "sign-ins that were not completed"),
            ("refusal.a", "notes of refused sign-ins"),
            ("key.a", "`key.a`"),
            ("plain", "`plain`"),
        ] {
            assert_eq!(what(name, &notes), words);
        }
    }

    #[test]
    fn the_same_place_twice_moves_nothing() {
        let (flags, environment) = (Flags::default(), Environment::fixed([]));
        let error = move_all(Some("file"), "file", &flags, &environment).unwrap_err();
        assert_eq!(error.message(), "`--from file --to file` moves nothing");
        assert_eq!(error.exit_code(), ExitCode::Usage);
    }
}
