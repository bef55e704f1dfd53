//! `mcp-tether login`: signs in now, and prints what was granted and where it is stored.

use std::io::BufRead;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::prepare::{block_on, for_identity_provider, for_signing_in};
use super::sign_in::{describe_expiry, describe_place, describe_subject};
use crate::auth::{Interaction, LineSource, Names, SignedIn};
use crate::environment::{Environment, to_stdout};
use crate::error::{Error, ExitCode, Result};
use crate::platform::{Browser, Clock, NoBrowser, SystemBrowser, SystemClock};
use crate::redact::plain;
use crate::settings::Flags;
use crate::store::StoreChoice;

/// Signs in to the server at `url`, or without one at the identity provider of `--idp`.
///
/// # Errors
/// The settings are invalid, the credential store is in memory, or the sign-in fails.
pub(crate) fn run(
    url: Option<&str>,
    no_browser: bool,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    let (context, auth) = match url {
        Some(url) => for_signing_in(url, flags, environment)?,
        None => for_identity_provider(flags, environment)?,
    };
    if context.store.choice() == StoreChoice::Memory {
        return Err(Error::usage("a sign-in in memory is lost when this command ends")
            .hint("use `--credential-store keyring` or `--credential-store file`"));
    }
    let name = Names::new(&auth).sign_in;
    let who = describe_subject(&auth.display_server(), &auth.account);
    let browser: Arc<dyn Browser> =
        if no_browser { Arc::new(NoBrowser) } else { Arc::new(SystemBrowser) };
    let authorizer = context.authorizer(auth, context.vault(), browser);
    let (signed_in, place) = block_on(async {
        let mut lines = TypedLines;
        let how = if no_browser { Interaction::Typed(&mut lines) } else { Interaction::Browser };
        let signed_in = authorizer.sign_in(how).await?;
        let listed = context.store.list().await?.into_iter().find(|listed| listed.name == name);
        Ok((signed_in, listed.map(|listed| describe_place(&context.store, &listed))))
    })?;
    to_stdout(&report(&who, &signed_in, place.as_deref()));
    Ok(ExitCode::Ok)
}

fn report(who: &str, signed_in: &SignedIn, place: Option<&str>) -> String {
    let granted = signed_in.scopes.as_deref().map_or("the server's default".into(), plain);
    let expiry = describe_expiry(signed_in.expires_at, signed_in.renewable, SystemClock.now());
    let place = place.unwrap_or("nowhere: another process has signed out in the meantime");
    format!(
        "signed in to {who}\n  issuer     {}\n  scopes     {granted}\n  token      {expiry}\n  \
         stored in  {place}\n",
        plain(&signed_in.issuer)
    )
}

/// Lines from stdin. Each is read on a thread of its own, which is not waited for at the end.
struct TypedLines;

impl LineSource for TypedLines {
    fn line(&mut self) -> BoxFuture<'_, Option<String>> {
        Box::pin(async {
            let read = tokio::task::spawn_blocking(|| {
                let mut line = String::new();
                let length = std::io::stdin().lock().read_line(&mut line).ok()?;
                (length > 0).then_some(line)
            });
            read.await.ok().flatten()
        })
    }
}
