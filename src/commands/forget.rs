//! `mcp-tether forget`: removes everything that is stored about a server, as users of `mcp-remote`
//! did with `rm -rf ~/.mcp-auth`.

use super::consent::agrees;
use super::logout::{one_of_all, refuse_memory, remove_dependent_records, sign_out};
use super::notes::Notes;
use super::prepare::{block_on, for_signing_out, store};
use super::readable::counted;
use super::remembered::{Remembered, RememberedFile, remembered};
use super::sign_in::load_all;
use crate::environment::{CommandOutcome, Environment, print_error, to_stderr};
use crate::error::{ExitCode, Result};
use crate::platform::Paths;
use crate::redact::SafeUrl;
use crate::settings::Flags;

/// Signs out of every account at the server, and removes the files about it.
///
/// # Errors
/// The settings are invalid, or something cannot be removed.
pub(crate) fn one(url: &str, flags: &Flags, environment: &Environment) -> Result<ExitCode> {
    let (context, auth) = for_signing_out(url, flags, environment)?;
    refuse_memory(&context.store)?;
    let notes = Notes::beside(&context.paths);
    let (mut code, mut removed) = (ExitCode::Ok, 0);
    for stored in block_on(load_all(&context.store, &notes))? {
        if !stored.is_for(&context.url) {
            continue;
        }
        removed += 1;
        match one_of_all(&stored, &context.store, &notes, flags, environment) {
            Ok(outcome) => outcome.print(),
            Err(error) => {
                code = ExitCode::Failed;
                print_error(&error);
            }
        }
    }
    // The remains of incomplete sign-ins, and registrations.
    let vault = context.vault();
    let (signed_out, _) = sign_out(&context, auth, vault)?;
    let server = SafeUrl::new(&context.url).to_string();
    let mut parts = Vec::new();
    if signed_out.registration_removed {
        parts.push("its registration".to_owned());
    }
    let files = remembered(&context.paths);
    let of_server: Vec<_> =
        files.into_iter().filter(|file| file.server.as_ref() == Some(&server)).collect();
    parts.extend(remove(&of_server));
    if parts.is_empty() && removed == 0 {
        CommandOutcome::new("nothing_stored", format!("nothing is stored about `{server}`"))
            .print();
    } else if !parts.is_empty() {
        let sentence = format!("removed for `{server}`: {}", parts.join(", "));
        CommandOutcome::new("forgotten", sentence).member("removed", parts).print();
    }
    Ok(code)
}

/// Signs out of every server, and removes the files about all of them.
///
/// # Errors
/// The settings are invalid, or the store cannot be listed.
pub(crate) fn everything(yes: bool, flags: &Flags, environment: &Environment) -> Result<ExitCode> {
    let (store, paths): (_, Paths) = store(flags, environment)?;
    refuse_memory(&store)?;
    let notes = Notes::beside(&paths);
    let found = block_on(load_all(&store, &notes))?;
    let question = format!(
        "sign out of {}, and remove everything that is stored about servers?",
        counted(found.len(), "account")
    );
    if !agrees(&question, yes)? {
        to_stderr("nothing was changed\n");
        return Ok(ExitCode::Ok);
    }
    let mut code = ExitCode::Ok;
    for stored in &found {
        match one_of_all(stored, &store, &notes, flags, environment) {
            Ok(outcome) => outcome.print(),
            Err(error) => {
                code = ExitCode::Failed;
                print_error(&error);
            }
        }
    }
    block_on(remove_dependent_records(&store))?;
    let parts = remove(&remembered(&paths));
    if parts.is_empty() && found.is_empty() {
        CommandOutcome::new("nothing_stored", "nothing is stored about any server").print();
    } else if !parts.is_empty() {
        let sentence = format!("removed: {}", parts.join(", "));
        CommandOutcome::new("forgotten", sentence).member("removed", parts).print();
    }
    Ok(code)
}

/// Removes the files; returns how many of each kind.
fn remove(files: &[RememberedFile]) -> Vec<String> {
    let removed: Vec<_> = files.iter().filter(|file| file.remove()).collect();
    let kinds = [(Remembered::Session, "remembered session"), (Remembered::Era, "known revision")];
    let count = |what| removed.iter().filter(|file| file.what == what).count();
    let counts = kinds.into_iter().map(|(what, noun)| (count(what), noun));
    counts.filter(|(count, _)| *count > 0).map(|(count, noun)| counted(count, noun)).collect()
}
