//! `mcp-tether logout`: takes tokens back at the server where it offers that, removes what is
//! stored, and says what went from where and what did not.

use std::fmt::Write;
use std::sync::{Arc, PoisonError};

use super::notes::Notes;
use super::prepare::{Ground, block_on, for_signing_out, store};
use super::sign_in::{Stored, all, subject};
use super::vault::{Removed, StoreVault};
use crate::auth::{AuthOptions, Names, Revocation, SignedOut};
use crate::environment::{Environment, to_stderr, to_stdout};
use crate::error::{Error, ExitCode, Result};
use crate::platform::NoBrowser;
use crate::redact::plain;
use crate::settings::Flags;
use crate::store::{CredentialStore, StoreChoice};

/// What belongs to sign-ins beside them, and has no use without them.
const LEFTOVERS: [&str; 2] = ["pending.", "registration."];

/// Signs out of the server behind `url`.
pub fn one(url: &str, flags: &Flags, environment: &Environment) -> Result<ExitCode> {
    let (ground, auth) = for_signing_out(url, flags, environment)?;
    refuse_memory(&ground.store)?;
    let (server, account) = (ground.url.to_string(), auth.account.clone());
    let who = subject(&auth.display_server(), &account);
    let vault = ground.vault();
    let (signed_out, removed) = sign_out(&ground, auth, vault)?;
    if signed_out.was_signed_in {
        to_stdout(&report(&ground.store, &who, &signed_out, &removed));
        return Ok(ExitCode::Ok);
    }
    to_stdout(&format!("there is no sign-in for {who}: nothing to remove\n"));
    let notes = Notes::beside(&ground.paths);
    let others = block_on(all(&ground.store, &notes))?;
    let same = |note: &&super::notes::Note| note.server == server && note.account != account;
    for note in others.iter().filter_map(|other| other.note.as_ref()).filter(same) {
        let flag = match note.account.as_str() {
            "" => String::new(),
            account => format!(" --account {}", plain(account)),
        };
        to_stderr(&format!("hint: another sign-in ends with `mcp-tether logout {url}{flag}`\n"));
    }
    Ok(ExitCode::Ok)
}

/// Signs out everywhere. One that fails stops none of the others.
pub fn everywhere(flags: &Flags, environment: &Environment) -> Result<ExitCode> {
    let (store, paths) = store(flags, environment)?;
    refuse_memory(&store)?;
    let notes = Notes::beside(&paths);
    let found = block_on(all(&store, &notes))?;
    if found.is_empty() {
        to_stdout("there are no sign-ins: nothing to remove\n");
    }
    let mut failed = false;
    for stored in &found {
        match one_of_all(stored, &store, &notes, flags, environment) {
            Ok(report) => to_stdout(&report),
            Err(error) => {
                failed = true;
                to_stderr(&format!("{error}\n"));
            }
        }
    }
    block_on(remove_leftovers(&store))?;
    Ok(if failed { ExitCode::Failed } else { ExitCode::Ok })
}

fn one_of_all(
    stored: &Stored,
    store: &CredentialStore,
    notes: &Notes,
    flags: &Flags,
    environment: &Environment,
) -> Result<String> {
    let name = &stored.listed.name;
    let Some(sign_in) = &stored.sign_in else {
        return unreadable(stored, store, notes);
    };
    let who = subject(&sign_in.server, &sign_in.account);
    let (ground, mut auth) = for_signing_out(&sign_in.server, flags, environment)
        .map_err(|error| Error::failed(format!("cannot sign out of {who}: {error}")))?;
    auth.account.clone_from(&sign_in.account);
    // Whatever flags made the name of this record, here it is found under its own.
    let names = Names::new(&auth);
    let pending = name.replacen("sign-in.", "pending.", 1);
    let vault = ground.vault().alias(names.sign_in, name.clone()).alias(names.pending, pending);
    let (signed_out, removed) = sign_out(&ground, auth, vault)?;
    Ok(report(&ground.store, &who, &signed_out, &removed))
}

/// What cannot be read cannot be revoked, and is removed all the same.
fn unreadable(stored: &Stored, store: &CredentialStore, notes: &Notes) -> Result<String> {
    let name = &stored.listed.name;
    let who = match &stored.note {
        Some(note) => subject(&note.server, &note.account),
        None => "an unknown server".to_owned(),
    };
    let problem = stored.problem.as_deref().unwrap_or_default();
    let removal = block_on(async { Ok(store.delete(name).await?) })?;
    if let Some((place, error)) = removal.failed.first() {
        let place = store.describe(*place, name);
        let error_text = format!("cannot remove the sign-in for {who} from {place}: {error}");
        let shown = Error::failed(error_text);
        return Err(match error.next_step() {
            Some(hint) => shown.hint(hint),
            None => shown,
        });
    }
    notes.remove(name);
    Ok(format!(
        "signed out of {who}\n  at the server  not revoked: it could not be read ({problem})\n  removed from   {}\n",
        store.describe(stored.listed.place, name)
    ))
}

fn sign_out(ground: &Ground, auth: AuthOptions, vault: StoreVault) -> Result<(SignedOut, Removed)> {
    let removed = vault.removed();
    let authorizer = ground.authorizer(auth, vault, Arc::new(NoBrowser));
    let signed_out = block_on(authorizer.sign_out())?;
    Ok((signed_out, removed))
}

fn report(store: &CredentialStore, who: &str, signed_out: &SignedOut, removed: &Removed) -> String {
    let revoked = match &signed_out.revocation {
        Some(Revocation::Done) => "revoked".to_owned(),
        Some(Revocation::RefreshTokenOnly) => {
            "the refresh token is revoked; the access token ends by itself".to_owned()
        }
        Some(Revocation::NotOffered) => {
            "not revoked: it offers no revocation, the tokens end by themselves".to_owned()
        }
        Some(Revocation::Failed(why)) => format!("not revoked: {}", plain(why)),
        None => "not revoked: what was stored could not be read".to_owned(),
    };
    let mut out = format!("signed out of {who}\n  at the server  {revoked}\n");
    let removed = removed.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, place) in removed.iter().filter(|(name, _)| name.starts_with("sign-in.")) {
        let _ = writeln!(out, "  removed from   {}", store.describe(*place, name));
    }
    if signed_out.registration_removed {
        out += "  registration   removed here; the server keeps its side\n";
    }
    out
}

async fn remove_leftovers(store: &CredentialStore) -> Result<()> {
    for listed in store.list().await? {
        if LEFTOVERS.iter().any(|prefix| listed.name.starts_with(prefix)) {
            store.delete(&listed.name).await?;
        }
    }
    Ok(())
}

fn refuse_memory(store: &CredentialStore) -> Result<()> {
    match store.choice() {
        StoreChoice::Memory => Err(Error::usage("what rests in memory ends with its process")
            .hint("there is nothing to sign out of with `--credential-store memory`")),
        _ => Ok(()),
    }
}
