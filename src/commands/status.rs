//! `mcp-tether status`: lists every stored sign-in, as far as possible even if the keyring is
//! locked or gone, then the registered clients and the files about servers. Shows no secrets and
//! contacts no server. The exit code is 1 if a sign-in is damaged.

use std::fmt::Write;

use serde_json::{Value, json};

use super::notes::Notes;
use super::prepare::{block_on, store};
use super::remembered::{Remembered, RememberedFile, remembered};
use super::sign_in::{StoredSignIn, describe_subject, describe_token, load_all};
use crate::auth::Registration;
use crate::environment::{Environment, to_stderr, to_stdout, to_stdout_unwrapped};
use crate::error::{ExitCode, Result};
use crate::platform::{Clock, SystemClock};
use crate::redact::{display_identifier, plain};
use crate::settings::Flags;
use crate::store::CredentialStore;

/// Prints the sign-ins.
///
/// # Errors
/// The settings are invalid, or the store cannot be listed.
pub(crate) fn run(as_json: bool, flags: &Flags, environment: &Environment) -> Result<ExitCode> {
    let (store, paths) = store(flags, environment)?;
    let found = block_on(load_all(&store, &Notes::beside(&paths)))?;
    let clients = block_on(registrations(&store))?;
    let files = remembered(&paths);
    let now = SystemClock.now();
    if as_json {
        let mut rows: Vec<_> = found.iter().map(|stored| as_value(stored, &store)).collect();
        rows.extend(clients.iter().map(client_as_value));
        let file =
            |file: &RememberedFile| json!({ "kind": file.what.word(), "server": file.server });
        rows.extend(files.iter().map(file));
        to_stdout_unwrapped(&format!("{:#}\n", Value::from(rows)));
    } else {
        if found.is_empty() {
            to_stderr("there are no sign-ins\n\nhint: sign in with `mcp-tether login URL`\n");
        }
        let mut rows: Vec<_> = found.iter().map(|stored| as_text(stored, &store, now)).collect();
        rows.extend(others_as_text(&clients, &files));
        let gap = if found.is_empty() && !rows.is_empty() { "\n" } else { "" };
        to_stdout(&(gap.to_owned() + &rows.join("\n")));
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
        let _ = writeln!(out, "  issuer     {}", display_identifier(&note.issuer));
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

/// The stored OAuth clients, as far as they can be read.
async fn registrations(store: &CredentialStore) -> Result<Vec<Registration>> {
    let mut found = Vec::new();
    for listed in store.list().await? {
        if !listed.name.starts_with("registration.") {
            continue;
        }
        match store.load(&listed.name).await {
            Ok(Some(bytes)) => found.extend(serde_json::from_slice(bytes.expose()).ok()),
            Ok(None) => {}
            // An unresponsive keyring would be asked again for each.
            Err(_) => break,
        }
    }
    Ok(found)
}

/// Registered clients, and the files of bridges about servers.
fn others_as_text(clients: &[Registration], files: &[RememberedFile]) -> Vec<String> {
    let mut out = Vec::new();
    if !clients.is_empty() {
        let lines = clients.iter().map(|client| {
            format!(
                "  {}  client `{}`\n",
                display_identifier(&client.issuer),
                plain(&client.client_id)
            )
        });
        out.push(format!("registered as a client at\n{}", lines.collect::<String>()));
    }
    let mut servers: Vec<(&str, Vec<&str>)> = Vec::new();
    for file in files {
        let server = file.server.as_deref().unwrap_or("(server of an earlier release)");
        let what = match file.what {
            Remembered::Session => "session",
            Remembered::Era => "protocol revision",
        };
        match servers.last_mut() {
            Some((last, parts)) if *last == server => parts.push(what),
            _ => servers.push((server, vec![what])),
        }
    }
    if !servers.is_empty() {
        let lines = servers.iter_mut().map(|(server, parts)| {
            parts.dedup();
            format!("  {}  {}\n", plain(server), parts.join(", "))
        });
        out.push(format!("remembered, to answer hosts at once\n{}", lines.collect::<String>()));
    }
    out
}

fn client_as_value(client: &Registration) -> Value {
    json!({
        "kind": "registration",
        "server": Value::Null,
        "issuer": client.issuer,
        "client_id": client.client_id,
        "redirect_uris": client.redirect_uris,
    })
}

fn as_value(stored: &StoredSignIn, store: &CredentialStore) -> Value {
    let note = stored.note.as_ref();
    json!({
        "kind": "sign-in",
        "server": note.map(|note| &note.server),
        "account": note.map(|note| &note.account),
        "issuer": note.map(|note| &note.issuer),
        "scopes": note.and_then(|note| note.scopes.as_deref())
            .map(|scopes| scopes.split_whitespace().collect::<Vec<_>>()),
        "expires_at": note.and_then(|note| note.expires_at),
        "renewable": note.map(|note| note.refreshable),
        "client": note.map(|note| &note.client),
        "dpop": note.map(|note| note.is_bound),
        "through": note.and_then(|note| note.via.as_deref()),
        "identity_provider": note.map(|note| note.is_identity_provider),
        "store": stored.listed.place.to_string(),
        "stored_in": store.describe(stored.listed.place, &stored.listed.name),
        "renewal_problem": note.and_then(|note| note.refresh_problem.as_deref()),
        "problem": stored.problem,
        "remedy": stored.remedy(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Paths;
    use crate::platform::private_file::{Durability, write};

    #[test]
    fn clients_and_files_are_listed_by_server() {
        assert!(others_as_text(&[], &[]).is_empty());
        let client = Registration {
            client_id: "a\u{1b}[31m".to_owned(),
            ..Registration::anonymous("https://as.example.com", 0)
        };
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in [
            ("cache/sessions/one.json", r#"{"server":"https://a.example"}"#),
            ("cache/sessions/two.json", r#"{"server":"https://a.example"}"#),
            ("state/eras/one.json", r#"{"server":"https://a.example"}"#),
            ("state/eras/old.json", "{}"),
        ] {
            write(&folder.path().join(path), content.as_bytes(), Durability::Process).unwrap();
        }
        let files = remembered(&Paths::below(folder.path()));
        let rows = others_as_text(&[client], &files);
        assert_eq!(rows.len(), 2);
        assert!(rows[0].starts_with("registered as a client at\n  https://as.example.com  client"));
        assert!(!rows[0].contains('\u{1b}'), "{}", rows[0]);
        assert_eq!(
            rows[1],
            "remembered, to answer hosts at once\n  (server of an earlier release)  protocol \
             revision\n  https://a.example  session, protocol revision\n"
        );
    }
}
