//! `mcp-tether status`: lists every stored sign-in, as far as possible even if the keyring is locked
//! or gone. Shows no secrets and contacts no server. The exit code is 1 if a sign-in is damaged.

use std::fmt::Write;

use serde_json::{Value, json};

use super::notes::Notes;
use super::prepare::{block_on, store};
use super::sign_in::{StoredSignIn, describe_subject, describe_token, load_all};
use crate::environment::{Environment, to_stderr, to_stdout};
use crate::error::{ExitCode, Result};
use crate::platform::{Clock, SystemClock};
use crate::redact::plain;
use crate::settings::Flags;
use crate::store::CredentialStore;

/// Prints the sign-ins.
///
/// # Errors
/// The settings are invalid, or the store cannot be listed.
pub(crate) fn run(as_json: bool, flags: &Flags, environment: &Environment) -> Result<ExitCode> {
    let (store, paths) = store(flags, environment)?;
    let mut found = block_on(load_all(&store, &Notes::beside(&paths)))?;
    found.sort_by_key(|stored| stored.note.clone().map(|note| (note.server, note.account)));
    let now = SystemClock.now();
    if as_json {
        let rows: Vec<_> = found.iter().map(|stored| as_value(stored, &store)).collect();
        to_stdout(&format!("{:#}\n", Value::from(rows)));
    } else if found.is_empty() {
        to_stderr("there are no sign-ins\n\nhint: sign in with `mcp-tether login URL`\n");
    } else {
        let rows: Vec<_> = found.iter().map(|stored| as_text(stored, &store, now)).collect();
        to_stdout(&rows.join("\n"));
    }
    let damaged = found.iter().any(|stored| stored.damaged);
    Ok(if damaged { ExitCode::Failed } else { ExitCode::Ok })
}

fn as_text(stored: &StoredSignIn, store: &CredentialStore, now: u64) -> String {
    let mut out = match &stored.note {
        Some(note) => {
            format!("{}\n", describe_subject(&note.server, &note.account).replace('`', ""))
        }
        None => "(unknown server)\n".to_owned(),
    };
    if let Some(note) = &stored.note {
        let scopes = note.scopes.as_deref().map_or("the server's default".into(), plain);
        let expiry = describe_token(note, now);
        let _ = writeln!(out, "  issuer     {}", plain(&note.issuer));
        let _ = writeln!(out, "  scopes     {scopes}");
        let _ = writeln!(out, "  token      {expiry}");
        if note.is_identity_provider {
            out += "  stands for every server that is used with `--idp`\n";
        }
        if let Some(via) = &note.via {
            let _ = writeln!(out, "  through    {}", plain(via));
        }
    }
    let place = store.describe(stored.listed.place, &stored.listed.name);
    let _ = writeln!(out, "  stored in  {place}");
    if let Some(problem) = &stored.problem {
        let now = if stored.damaged { "" } else { " now" };
        let _ = writeln!(out, "  problem    cannot be read{now}: {}", plain(problem));
    }
    if let Some(remedy) = stored.remedy() {
        let _ = writeln!(out, "  remedy     {remedy}");
    }
    out
}

fn as_value(stored: &StoredSignIn, store: &CredentialStore) -> Value {
    let note = stored.note.as_ref();
    json!({
        "server": note.map(|note| &note.server),
        "account": note.map(|note| &note.account),
        "issuer": note.map(|note| &note.issuer),
        "scopes": note.and_then(|note| note.scopes.as_deref())
            .map(|scopes| scopes.split_whitespace().collect::<Vec<_>>()),
        "expires_at": note.and_then(|note| note.expires_at),
        "renewable": note.map(|note| note.renewable),
        "client": note.map(|note| &note.client),
        "dpop": note.map(|note| note.is_bound),
        "through": note.and_then(|note| note.via.as_deref()),
        "identity_provider": note.map(|note| note.is_identity_provider),
        "store": stored.listed.place.to_string(),
        "stored_in": store.describe(stored.listed.place, &stored.listed.name),
        "renewal_problem": note.and_then(|note| note.renewal_problem.as_deref()),
        "problem": stored.problem,
        "remedy": stored.remedy(),
    })
}
