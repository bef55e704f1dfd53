//! Checks signing in: the server's metadata and every rule that it breaks, the stored sign-ins, and
//! whether a browser can be opened and return to this machine. Registers nothing, does not sign in
//! and stores nothing.

use std::time::Instant;

use url::Url;

use super::STEP_TIMEOUT;
use super::check::{Check, CheckVerdict, Subject};
use super::endpoint::EndpointResponse;
use crate::auth::{AuthOptions, Grant, callback_port, diagnose};
use crate::commands::notes::Notes;
use crate::commands::sign_in::{StoredSignIn, describe_subject, describe_token, load_all};
use crate::http::HttpOptions;
use crate::platform::{Clock, Paths, SystemBrowser, SystemClock};
use crate::redact::plain;
use crate::store::{CredentialStore, StoreChoice};

/// Checks the server's metadata documents.
pub(super) async fn documents(
    auth: Option<&AuthOptions>,
    http: &HttpOptions,
    answered: Option<&EndpointResponse>,
    subject: &mut Subject<'_>,
) {
    let name = "documents";
    let mut skipped = |why: &str| subject.add(Check::skipped(name, why));
    let Some(auth) = auth else {
        return skipped("an `Authorization` header, a token file or a command replaces signing in");
    };
    let Some(answered) = answered else { return skipped("the server did not answer") };
    if answered.refuses_key {
        return skipped("the server refuses the key that you give");
    }
    if !answered.asks_for_a_sign_in() {
        return skipped("the server did not ask for a sign-in");
    }
    let (mut started, mut found) = (Instant::now(), false);
    let diagnosing = diagnose(auth, http, &answered.headers, |document| {
        found = true;
        let took = std::mem::replace(&mut started, Instant::now()).elapsed();
        let mut checks: Vec<Check> =
            document.summary.map(|summary| Check::ok(document.name, summary)).into_iter().collect();
        checks.extend(document.violations.iter().map(|rule| Check::failure(document.name, rule)));
        let warnings = document.warnings.iter().map(|it| Check::failure(document.name, it));
        checks.extend(warnings.map(|check| check.with_verdict(CheckVerdict::Warn)));
        if let Some(first) = checks.first_mut() {
            first.took = Some(took);
        }
        checks.into_iter().for_each(|check| subject.add(check));
    });
    let diagnosed = tokio::time::timeout(STEP_TIMEOUT, diagnosing).await;
    if diagnosed.is_err() {
        let says = format!("no answer within {} s", STEP_TIMEOUT.as_secs());
        subject.add(Check::fail(name, says).next("try again later"));
    } else if !found {
        subject.add(Check::ok(name, "there are none"));
    }
}

/// Checks the keyring and the stored sign-ins, of one server or of all. `wanted` are the options
/// for signing in, if the server requires that.
pub(super) async fn stored(
    store: &CredentialStore,
    paths: &Paths,
    server: Option<&Url>,
    wanted: Option<&AuthOptions>,
    subject: &mut Subject<'_>,
) {
    subject.add(keyring(store).await);
    let notes = Notes::beside(paths);
    let found = match tokio::time::timeout(STEP_TIMEOUT, load_all(store, &notes)).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return subject.add(Check::error("sign-ins", &error)),
        Err(_) => {
            let says = format!("they could not be read within {} s", STEP_TIMEOUT.as_secs());
            return subject.add(Check::fail("sign-ins", says));
        }
    };
    let of_server = |stored: &&StoredSignIn| server.is_none_or(|server| stored.is_for(server));
    let now = SystemClock.now();
    let of_server: Vec<_> = found.iter().filter(of_server).map(|one| sign_in(one, now)).collect();
    match (of_server.is_empty(), server) {
        (false, _) => of_server.into_iter().for_each(|check| subject.add(check)),
        (true, Some(_)) => subject.add(match wanted {
            Some(auth) => Check::warn("sign-ins", "none for this server, which requires one")
                .next(format!("run {}", auth.login_command())),
            None => Check::ok("sign-ins", "none for this server"),
        }),
        (true, None) => subject.add(Check::ok("sign-ins", "none")),
    }
}

fn sign_in(stored: &StoredSignIn, now: u64) -> Check {
    let who = match &stored.note {
        Some(note) => describe_subject(&note.server, &note.account),
        None => "that of an unknown server".to_owned(),
    };
    if let Some(problem) = &stored.problem {
        let says = format!("{who} cannot be read: {}", plain(problem));
        let check = Check::fail("sign-ins", says);
        return stored.remedy().into_iter().fold(check, |check, remedy| check.next(remedy));
    }
    let Some(note) = &stored.note else { return Check::ok("sign-ins", who) };
    let place = stored.listed.place;
    let expiry = describe_token(note, now);
    let says = format!("{who}, stored in the {place}; token {expiry}");
    if let Some(remedy) = stored.remedy() {
        return Check::warn("sign-ins", says).next(remedy);
    }
    let is_expired = !note.refreshable && note.expires_at.is_some_and(|end| end <= now);
    if is_expired {
        let words = format!("{}{}", note.as_argument(), note.account_flag());
        return Check::warn("sign-ins", says).next(format!("`mcp-tether login {words}`"));
    }
    Check::ok("sign-ins", says)
}

async fn keyring(store: &CredentialStore) -> Check {
    let name = "store";
    match store.choice() {
        StoreChoice::File => return Check::ok(name, "private files, as `credential-store` says"),
        StoreChoice::Memory => {
            return Check::warn(name, "memory, so every process has to sign in again")
                .next("leave out `--credential-store memory`");
        }
        StoreChoice::Auto | StoreChoice::Keyring => {}
    }
    let started = Instant::now();
    let answered = tokio::time::timeout(STEP_TIMEOUT, store.keyring_answers()).await;
    let took = started.elapsed();
    let why = match answered {
        Ok(Ok(())) => return Check::ok(name, "the keyring answers").took(took),
        Ok(Err(error)) => error.message().to_owned(),
        Err(_) => format!("no answer within {} s", STEP_TIMEOUT.as_secs()),
    };
    match store.choice() {
        StoreChoice::Auto => Check::warn(name, format!("{why}; private files are used instead"))
            .next("pass `--credential-store file` to make this explicit"),
        _ => Check::fail(name, why).next("unlock it, or use `--credential-store auto`"),
    }
    .took(took)
}

/// Checks whether a browser can be opened, and whether it can return to this machine.
pub(super) async fn browser(
    auth: Option<&AuthOptions>,
    answered: Option<&EndpointResponse>,
    subject: &mut Subject<'_>,
) {
    let Some(auth) = auth else { return };
    if auth.grant != Grant::AuthorizationCode {
        let says = "this way of signing in does not need one";
        return subject.add(Check::skipped("browser", says));
    }
    if answered.is_some_and(|answered| !answered.asks_for_a_sign_in()) {
        return;
    }
    subject.add(launcher());
    subject.add(match callback_port(auth).await {
        Ok(port) => Check::ok("callback", format!("the browser can return to port {port}")),
        Err(failure) => Check::failure("callback", &failure),
    });
}

/// Checks whether there is a program that can open a page.
pub(super) fn launcher() -> Check {
    let says = match SystemBrowser.launcher() {
        Some(program) if SystemBrowser.has_screen() => {
            return Check::ok("browser", format!("`{program}` opens pages"));
        }
        Some(program) => format!("`{program}` has no display to open a page on"),
        None => "no program to open a page was found".to_owned(),
    };
    Check::warn("browser", says)
        .next("sign in with `mcp-tether login URL --no-browser` or `--device-code`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::notes::Note;
    use crate::store::{ListedRecord, StorageLocation};

    fn stored(note: Option<serde_json::Value>, problem: Option<&str>) -> StoredSignIn {
        let listed = ListedRecord { name: "sign-in.a".to_owned(), place: StorageLocation::File };
        let note: Option<Note> = note.map(|note| serde_json::from_value(note).unwrap());
        let problem = problem.map(str::to_owned);
        StoredSignIn { listed, sign_in: None, note, damaged: problem.is_some(), problem }
    }

    fn note(end: u64, refreshable: bool, failed: Option<&str>) -> Option<serde_json::Value> {
        Some(serde_json::json!({
            "server": "https://a.example", "issuer": "https://as.example", "expires_at": end,
            "refreshable": refreshable, "refresh_problem": failed,
        }))
    }

    #[test]
    fn a_sign_in_is_fine_needs_a_person_or_cannot_be_read() {
        let check = |stored: StoredSignIn| {
            let check = sign_in(&stored, 1000);
            (check.verdict, check.next.unwrap_or_default())
        };
        let login = "mcp-tether login https://a.example";
        assert_eq!(check(stored(note(2000, false, None), None)).0, CheckVerdict::Ok);
        assert_eq!(check(stored(note(1000, true, None), None)).0, CheckVerdict::Ok, "it refreshes");
        let (verdict, next) = check(stored(note(1000, false, None), None));
        assert_eq!((verdict, next), (CheckVerdict::Warn, format!("`{login}`")));
        let (verdict, next) = check(stored(note(2000, true, Some("it failed")), None));
        assert_eq!(verdict, CheckVerdict::Warn);
        assert!(next.contains(login), "{next}");
        let (verdict, next) = check(stored(note(2000, true, None), Some("it is damaged")));
        assert_eq!(verdict, CheckVerdict::Fail);
        assert!(next.contains("mcp-tether logout"), "{next}");
        assert_eq!(check(stored(None, None)).0, CheckVerdict::Ok);
        let unknown = sign_in(&stored(None, Some("x\u{1b}[31m")), 1000);
        assert!(unknown.says.starts_with("that of an unknown server cannot be read: x"));
        assert!(!unknown.says.contains('\u{1b}'), "{}", unknown.says);
    }

    #[tokio::test]
    async fn the_store_says_where_credentials_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::below(folder.path());
        for (choice, verdict) in
            [(StoreChoice::File, CheckVerdict::Ok), (StoreChoice::Memory, CheckVerdict::Warn)]
        {
            let check = keyring(&CredentialStore::open(choice, &paths)).await;
            assert_eq!(check.verdict, verdict, "{}", check.says);
        }
    }
}
