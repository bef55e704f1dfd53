//! `mcp-tether login`: signs in now, and prints what was granted and where it is stored.

use std::io::BufRead;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::ping::send_ping;
use super::prepare::{CommandContext, block_on, for_identity_provider, for_signing_in};
use super::sign_in::{describe_expiry, describe_place, describe_subject};
use super::waiting;
use crate::auth::{
    Authorizer, Challenge, Grant, Interaction, LineSource, Names, SignIn, SignedIn, StoredRecord,
};
use crate::environment::{CommandOutcome, Environment, stdin_is_terminal, to_stderr};
use crate::error::{Error, ExitCode, Result};
use crate::platform::{Browser, Clock, NoBrowser, SystemBrowser, SystemClock};
use crate::redact::{display_identifier, plain};
use crate::settings::{Flags, Key};
use crate::store::StoreChoice;

/// The options of a sign-in, as typed.
#[derive(Clone, Debug)]
pub(crate) struct LoginOptions {
    /// The server; without one, the identity provider of `--idp`.
    pub(crate) url: Option<String>,
    /// The user opens the page, and pastes the address at which the browser ends.
    pub(crate) no_browser: bool,
    /// Sign in even if there is a sign-in that works.
    pub(crate) force: bool,
}

/// Settings that change what a sign-in requests, so that a stored one may not be enough.
const ASKS_FOR_MORE: [Key; 4] =
    [Key::Scope, Key::AuthorizeParam, Key::StaticOauthClientMetadata, Key::UseIdToken];

/// Added to the line about waiting if a browser was opened.
const NO_BROWSER: &str = "; or `--no-browser`";

/// Signs in to the server at `url`, or without one at the identity provider of `--idp`.
///
/// # Errors
/// The settings are invalid, the credential store is in memory, or the sign-in fails.
pub(crate) fn run(
    options: &LoginOptions,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    let (context, auth) = match &options.url {
        Some(url) => for_signing_in(url, flags, environment)?,
        None => for_identity_provider(flags, environment)?,
    };
    if context.store.choice() == StoreChoice::Memory {
        return Err(Error::usage("a sign-in in memory is lost when this command ends")
            .hint("use `--credential-store keyring` or `--credential-store file`"));
    }
    let name = Names::new(&auth).sign_in;
    let who = describe_subject(&auth.display_server(), &auth.account);
    let (server, account) = (auth.display_server(), auth.account.clone());
    let of_server =
        |outcome: CommandOutcome| outcome.member("server", server).member("account", account);
    let timeout = auth.auth_timeout;
    let in_browser = auth.grant == Grant::AuthorizationCode && !options.no_browser;
    let browser: Arc<dyn Browser> =
        if options.no_browser { Arc::new(NoBrowser) } else { Arc::new(SystemBrowser) };
    let may_keep = options.url.is_some()
        && !options.force
        && !ASKS_FOR_MORE.iter().any(|key| context.settings.is_set(*key));
    let authorizer = context.authorizer(auth, context.vault(), browser);
    let done = block_on(async {
        if may_keep && let Some(stored) = accepted_sign_in(&context, &authorizer, &name).await {
            return Ok(Err(stored));
        }
        // The prompt for an address stays on the last line.
        let what = format!("waiting for {}", context.url.host_str().unwrap_or_default());
        let way_out = if in_browser { NO_BROWSER } else { "" };
        let _waiting = (!options.no_browser)
            .then(|| waiting::for_sign_in(what, &authorizer, timeout, way_out));
        let mut lines = TypedLines;
        let how =
            if options.no_browser { Interaction::Typed(&mut lines) } else { Interaction::Browser };
        let signed_in = authorizer.sign_in(how).await?;
        let listed = context.store.list().await?.into_iter().find(|listed| listed.name == name);
        Ok(Ok((signed_in, listed.map(|listed| describe_place(&context.store, &listed)))))
    })?;
    match done {
        Ok((signed_in, place)) => {
            of_server(report(&who, &signed_in, place.as_deref())).print();
        }
        Err(stored) => {
            let tokens = &stored.tokens;
            let refreshable = tokens.refresh_token.is_some();
            let expiry = describe_expiry(tokens.expires_at, refreshable, SystemClock.now());
            let outcome =
                CommandOutcome::new("already_signed_in", format!("already signed in to {who}"));
            of_server(outcome.fact("token", expiry).member("expires_at", tokens.expires_at))
                .print();
            to_stderr("hint: `--force` signs in again\n");
        }
    }
    Ok(ExitCode::Ok)
}

/// The stored sign-in, if the server accepts its token now.
async fn accepted_sign_in(
    context: &CommandContext,
    authorizer: &Authorizer,
    name: &str,
) -> Option<SignIn> {
    if !context.store.knows(name) {
        return None;
    }
    let authorization = authorizer.authorization().await.ok()??;
    let mut remote = context.remote.clone();
    remote.headers.push((http::header::AUTHORIZATION, authorization.header));
    let answer = send_ping(&remote).await.ok()?;
    let is_accepted = !Challenge::asks_for_a_sign_in(answer.status(), answer.headers())
        && answer.status() != http::StatusCode::FORBIDDEN
        && !answer.status().is_server_error();
    if !is_accepted {
        return None;
    }
    let stored = context.store.load(name).await.ok()??;
    SignIn::from_bytes(&stored)
}

fn report(who: &str, signed_in: &SignedIn, place: Option<&str>) -> CommandOutcome {
    let granted = signed_in.scopes.as_deref().map_or("the server's default".into(), plain);
    let expiry = describe_expiry(signed_in.expires_at, signed_in.refreshable, SystemClock.now());
    let place = place.unwrap_or("nowhere: another process has signed out in the meantime");
    CommandOutcome::new("signed_in", format!("signed in to {who}"))
        .fact("issuer", display_identifier(&signed_in.issuer))
        .fact("scopes", granted)
        .fact("token", expiry)
        .fact("stored in", place)
        .member("expires_at", signed_in.expires_at)
}

/// Lines from stdin. Each is read on a thread of its own, which is not waited for at the end.
struct TypedLines;

impl LineSource for TypedLines {
    fn line(&mut self) -> BoxFuture<'_, Option<String>> {
        Box::pin(async {
            if stdin_is_terminal() {
                to_stderr("paste the address here: ");
            }
            let read = tokio::task::spawn_blocking(|| {
                let mut line = String::new();
                let length = std::io::stdin().lock().read_line(&mut line).ok()?;
                (length > 0).then_some(line)
            });
            read.await.ok().flatten()
        })
    }
}
