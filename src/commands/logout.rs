//! `mcp-tether logout`: revokes tokens if the server supports that, removes stored records, and
//! prints what was removed from where and what was not.

use std::sync::{Arc, PoisonError};

use super::consent::agrees;
use super::notes::Notes;
use super::prepare::{CommandContext, block_on, for_identity_provider, for_signing_out, store};
use super::readable::counted;
use super::sign_in::{StoredSignIn, describe_subject, load_all};
use super::vault::{Removed, StoreVault};
use crate::auth::{AuthOptions, Names, Revocation, SignedOut};
use crate::environment::{CommandOutcome, Environment, print_error, to_stderr};
use crate::error::{Error, ExitCode, Result};
use crate::platform::NoBrowser;
use crate::redact::{display_url, plain};
use crate::settings::Flags;
use crate::store::{CredentialStore, StoreChoice};

/// The prefixes of records that are useless without a sign-in.
const DEPENDENT_RECORDS: [&str; 3] = ["pending.", "registration.", "client."];

/// What happened to a registration.
const REGISTRATION_REMOVED: &str = "removed here, but not at the server";

/// Signs out of the server at `url`.
///
/// # Errors
/// The settings are invalid, or something cannot be removed.
pub(crate) fn one(url: &str, flags: &Flags, environment: &Environment) -> Result<ExitCode> {
    let (context, auth) = for_signing_out(url, flags, environment)?;
    refuse_memory(&context.store)?;
    let (server, account) = (context.url.clone(), auth.account.clone());
    let who = describe_subject(&auth.display_server(), &account);
    let vault = context.vault();
    let (signed_out, removed) = sign_out(&context, auth, vault)?;
    if signed_out.was_signed_in {
        report(&context.store, &who, &signed_out, &removed).print();
        return Ok(ExitCode::Ok);
    }
    if signed_out.registration_removed {
        CommandOutcome::new("not_signed_in", format!("there is no sign-in for {who}"))
            .fact("registration", REGISTRATION_REMOVED)
            .print();
    } else {
        not_signed_in(&who).print();
    }
    let notes = Notes::beside(&context.paths);
    let others = block_on(load_all(&context.store, &notes))?;
    let of_server = others.iter().filter(|other| other.is_for(&server));
    for note in of_server.filter_map(|other| other.note.as_ref()) {
        if note.account != account {
            let words = format!("{}{}", note.as_argument(), note.account_flag());
            to_stderr(&format!("hint: other account: `mcp-tether logout {words}`\n"));
        }
    }
    Ok(ExitCode::Ok)
}

/// Signs out of the identity provider of `--idp`. Tokens that it has vouched for stay valid until
/// they expire.
///
/// # Errors
/// As for [`one`], or no identity provider is named.
pub(crate) fn identity_provider(flags: &Flags, environment: &Environment) -> Result<ExitCode> {
    let (context, auth) = for_identity_provider(flags, environment)?;
    refuse_memory(&context.store)?;
    let who = describe_subject(&auth.display_server(), &auth.account);
    let (signed_out, removed) = sign_out(&context, auth, context.vault())?;
    if signed_out.was_signed_in {
        report(&context.store, &who, &signed_out, &removed)
    } else {
        not_signed_in(&who)
    }
    .print();
    Ok(ExitCode::Ok)
}

fn not_signed_in(who: &str) -> CommandOutcome {
    CommandOutcome::new(
        "not_signed_in",
        format!("there is no sign-in for {who}: nothing to remove"),
    )
}

/// Signs out of every server. A failure does not stop the others.
///
/// # Errors
/// The settings are invalid, or the store cannot be listed.
pub(crate) fn everywhere(yes: bool, flags: &Flags, environment: &Environment) -> Result<ExitCode> {
    let (store, paths) = store(flags, environment)?;
    refuse_memory(&store)?;
    let notes = Notes::beside(&paths);
    let found = block_on(load_all(&store, &notes))?;
    if found.is_empty() {
        CommandOutcome::new("not_signed_in", "there are no sign-ins: nothing to remove").print();
    } else {
        let question = format!("sign out of {}?", counted(found.len(), "account"));
        if !agrees(&question, yes)? {
            to_stderr("nothing was changed\n");
            return Ok(ExitCode::Ok);
        }
    }
    let mut failed = false;
    for stored in &found {
        match one_of_all(stored, &store, &notes, flags, environment) {
            Ok(outcome) => outcome.print(),
            Err(error) => {
                failed = true;
                print_error(&error);
            }
        }
    }
    block_on(remove_dependent_records(&store))?;
    Ok(if failed { ExitCode::Failed } else { ExitCode::Ok })
}

/// Signs out of one of all stored sign-ins. Returns what to tell the user.
///
/// # Errors
/// The server cannot be reached with these flags, or the store refuses.
pub(super) fn one_of_all(
    stored: &StoredSignIn,
    store: &CredentialStore,
    notes: &Notes,
    flags: &Flags,
    environment: &Environment,
) -> Result<CommandOutcome> {
    let name = &stored.listed.name;
    let Some(sign_in) = &stored.sign_in else {
        return remove_unreadable(stored, store, notes);
    };
    let who = describe_subject(&display_url(&sign_in.server), &sign_in.account);
    let (context, mut auth) = for_signing_out(&sign_in.server, flags, environment)
        .map_err(|error| error.context(format!("cannot sign out of {who}")))?;
    auth.account.clone_from(&sign_in.account);
    // The record may have been named with other flags, so look it up under the name it has.
    let names = Names::new(&auth);
    let pending = name.replacen("sign-in.", "pending.", 1);
    let vault = context.vault().alias(names.sign_in, name.clone()).alias(names.pending, pending);
    let (signed_out, removed) = sign_out(&context, auth, vault)?;
    Ok(report(&context.store, &who, &signed_out, &removed))
}

/// Removes a sign-in that cannot be read, and so cannot be revoked.
fn remove_unreadable(
    stored: &StoredSignIn,
    store: &CredentialStore,
    notes: &Notes,
) -> Result<CommandOutcome> {
    let name = &stored.listed.name;
    let who = match &stored.note {
        Some(note) => describe_subject(&note.server, &note.account),
        None => "an unknown server".to_owned(),
    };
    let problem = stored.problem.as_deref().unwrap_or_default();
    let removal = block_on(async { Ok(store.delete(name).await?) })?;
    if let Some((place, error)) = removal.failed.first() {
        let place = store.describe(*place, name);
        let error_text = format!("cannot remove the sign-in for {who} from {place}: {error}");
        return Err(Error::failed(error_text).hint(error.next_step()));
    }
    notes.remove(name);
    Ok(CommandOutcome::new("signed_out", format!("signed out of {who}"))
        .fact("at the server", format!("not revoked: it could not be read ({problem})"))
        .fact("removed from", store.describe(stored.listed.place, name)))
}

/// Revokes the tokens of a sign-in and removes them. Returns the result, and the places from which
/// they were removed.
///
/// # Errors
/// The store cannot be read or changed.
pub(super) fn sign_out(
    context: &CommandContext,
    auth: AuthOptions,
    vault: StoreVault,
) -> Result<(SignedOut, Removed)> {
    let removed = vault.removed();
    let authorizer = context.authorizer(auth, vault, Arc::new(NoBrowser));
    let signed_out = block_on(authorizer.sign_out())?;
    Ok((signed_out, removed))
}

fn report(
    store: &CredentialStore,
    who: &str,
    signed_out: &SignedOut,
    removed: &Removed,
) -> CommandOutcome {
    let revoked = match &signed_out.revocation {
        Some(Revocation::Done) => "revoked".to_owned(),
        Some(Revocation::RefreshTokenOnly) => {
            "the refresh token is revoked; the access token stays valid until it expires".to_owned()
        }
        Some(Revocation::NotOffered) => {
            "not revoked: it does not support that; the tokens stay valid until they expire"
                .to_owned()
        }
        Some(Revocation::Failed(why)) => format!("not revoked: {}", plain(why)),
        None => "not revoked: the stored sign-in could not be read".to_owned(),
    };
    let mut outcome = CommandOutcome::new("signed_out", format!("signed out of {who}"))
        .fact("at the server", revoked);
    let removed = removed.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, place) in removed.iter().filter(|(name, _)| name.starts_with("sign-in.")) {
        outcome = outcome.fact("removed from", store.describe(*place, name));
    }
    if signed_out.registration_removed {
        outcome = outcome.fact("registration", REGISTRATION_REMOVED);
    }
    outcome
}

/// Removes records that are useless without a sign-in.
///
/// # Errors
/// The store cannot be read or changed.
pub(super) async fn remove_dependent_records(store: &CredentialStore) -> Result<()> {
    for listed in store.list().await? {
        if DEPENDENT_RECORDS.iter().any(|prefix| listed.name.starts_with(prefix)) {
            store.delete(&listed.name).await?;
        }
    }
    Ok(())
}

/// Refuses to sign out with a store in memory, in which nothing can be stored.
///
/// # Errors
/// The store is in memory.
pub(super) fn refuse_memory(store: &CredentialStore) -> Result<()> {
    if store.choice() != StoreChoice::Memory {
        return Ok(());
    }
    Err(Error::usage("a sign-in in memory is lost when its process ends")
        .hint("with `--credential-store memory` there is nothing to sign out of"))
}
