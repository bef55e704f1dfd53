//! Signing in: the documents that the server publishes about it and every rule they break, what is
//! stored, and whether a browser could come back here. Registers, signs in and stores nothing.

use std::time::Instant;

use url::Url;

use super::PATIENCE;
use super::check::Check;
use super::endpoint::Answered;
use crate::auth::{AuthOptions, Grant, callback_port, diagnose};
use crate::commands::notes::Notes;
use crate::commands::sign_in::{Stored, all, ends, subject};
use crate::http::HttpOptions;
use crate::platform::{Clock, Paths, SystemBrowser, SystemClock};
use crate::redact::{SafeUrl, plain};
use crate::store::{CredentialStore, StoreChoice};

/// The server's documents.
pub async fn documents(
    auth: Option<&AuthOptions>,
    http: &HttpOptions,
    answered: Option<&Answered>,
) -> Vec<Check> {
    let name = "documents";
    let skipped = |why: &str| vec![Check::skipped(name, why)];
    let Some(auth) = auth else {
        return skipped("an `Authorization` header or token file of yours takes their place");
    };
    let Some(answered) = answered else { return skipped("the server did not answer") };
    if !answered.asks_for_a_sign_in() {
        return skipped("the server did not ask for a sign-in");
    }
    let started = Instant::now();
    let examined = tokio::time::timeout(PATIENCE, diagnose(auth, http, &answered.headers)).await;
    let Ok(examined) = examined else {
        let says = format!("they did not come in {} s", PATIENCE.as_secs());
        return vec![Check::fail(name, says).next("try again later")];
    };
    let mut checks = Vec::new();
    for document in examined {
        let failures = document.breaks.iter().map(|rule| Check::failure(document.name, rule));
        checks.extend(document.says.map(|says| Check::ok(document.name, says)));
        checks.extend(failures);
    }
    let took = started.elapsed();
    match checks.pop() {
        Some(last) => checks.push(last.took(took)),
        None => checks.push(Check::ok(name, "there are none").took(took)),
    }
    checks
}

/// The keyring and the stored sign-ins, of one server or of all. `wanted` is what the server asks
/// for.
pub async fn stored(
    store: &CredentialStore,
    paths: &Paths,
    server: Option<&Url>,
    wanted: Option<&AuthOptions>,
) -> Vec<Check> {
    let mut checks = vec![keyring(store).await];
    let found = match tokio::time::timeout(PATIENCE, all(store, &Notes::beside(paths))).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            checks.push(Check::error("sign-ins", &error));
            return checks;
        }
        Err(_) => {
            let says = format!("they could not be read in {} s", PATIENCE.as_secs());
            checks.push(Check::fail("sign-ins", says));
            return checks;
        }
    };
    let of_server = |stored: &&Stored| match (server, &stored.note) {
        (Some(server), Some(note)) => note.server == server.as_str(),
        (Some(_), None) => false,
        (None, _) => true,
    };
    let now = SystemClock.now();
    let of_server: Vec<_> = found.iter().filter(of_server).map(|one| sign_in(one, now)).collect();
    match (of_server.is_empty(), server) {
        (false, _) => checks.extend(of_server),
        (true, Some(_)) => checks.push(match wanted {
            Some(auth) => Check::warn("sign-ins", "none for this server, which asks for one")
                .next(format!("run {}", auth.login_command())),
            None => Check::ok("sign-ins", "none for this server"),
        }),
        (true, None) => checks.push(Check::ok("sign-ins", "none")),
    }
    checks
}

fn sign_in(stored: &Stored, now: u64) -> Check {
    let who = match &stored.note {
        Some(note) => subject(&note.server, &note.account),
        None => "one of an unknown server".to_owned(),
    };
    if let Some(problem) = &stored.problem {
        let says = format!("{who} cannot be read: {}", plain(problem));
        let check = Check::fail("sign-ins", says);
        return stored.way_out().into_iter().fold(check, |check, way_out| check.next(way_out));
    }
    let Some(note) = &stored.note else { return Check::ok("sign-ins", who) };
    let place = stored.listed.place;
    let end = ends(note.expires_at, note.renewable, now);
    let says = format!("{who}, kept in the {place}; its token ends: {end}");
    let has_ended = !note.renewable && note.expires_at.is_some_and(|end| end <= now);
    match (has_ended, Url::parse(&note.server)) {
        (true, Ok(server)) => Check::warn("sign-ins", says)
            .next(format!("`mcp-tether login {}`", SafeUrl::new(&server))),
        _ => Check::ok("sign-ins", says),
    }
}

async fn keyring(store: &CredentialStore) -> Check {
    let name = "store";
    match store.choice() {
        StoreChoice::File => return Check::ok(name, "private files, as `credential-store` says"),
        StoreChoice::Memory => {
            return Check::warn(name, "memory: every process signs in anew")
                .next("leave `--credential-store memory` out");
        }
        StoreChoice::Auto | StoreChoice::Keyring => {}
    }
    let started = Instant::now();
    let answered = tokio::time::timeout(PATIENCE, store.keyring_answers()).await;
    let took = started.elapsed();
    let why = match answered {
        Ok(Ok(())) => return Check::ok(name, "the keyring answers").took(took),
        Ok(Err(error)) => error.message().to_owned(),
        Err(_) => format!("no answer in {} s", PATIENCE.as_secs()),
    };
    match store.choice() {
        StoreChoice::Auto => Check::warn(name, format!("{why}; private files are used instead"))
            .next("`--credential-store file` says so and saves the attempt"),
        _ => Check::fail(name, why).next("unlock it, or use `--credential-store auto`"),
    }
    .took(took)
}

/// Whether a browser opens here, and whether it can come back.
pub async fn browser(auth: Option<&AuthOptions>, answered: Option<&Answered>) -> Vec<Check> {
    let Some(auth) = auth else { return Vec::new() };
    if auth.grant != Grant::AuthorizationCode {
        return vec![Check::skipped("browser", "this way to sign in needs none")];
    }
    if answered.is_some_and(|answered| !answered.asks_for_a_sign_in()) {
        return Vec::new();
    }
    let callback = match callback_port(auth).await {
        Ok(port) => {
            Check::ok("callback", format!("port {port} is free for the browser to come back"))
        }
        Err(failure) => Check::failure("callback", &failure),
    };
    vec![launcher(), callback]
}

/// The program that would show the page.
pub fn launcher() -> Check {
    match SystemBrowser.launcher() {
        Some(program) => Check::ok("browser", format!("`{program}` would open the page")),
        None => Check::warn("browser", "nothing here opens a page")
            .next("`mcp-tether login URL --no-browser` or `--device-code` sign in without"),
    }
}
