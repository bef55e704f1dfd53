//! `mcp-tether login`: signs in now, and says what was granted and where it rests.

use std::io::BufRead;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::prepare::{block_on, for_signing_in};
use super::sign_in::{ends, place, subject};
use crate::auth::{Interaction, LineSource, Names, SignedIn};
use crate::environment::{Environment, to_stdout};
use crate::error::{Error, ExitCode, Result};
use crate::platform::{Browser, Clock, NoBrowser, SystemBrowser, SystemClock};
use crate::redact::plain;
use crate::settings::Flags;
use crate::store::StoreChoice;

/// Signs in to the server behind `url`.
pub fn run(
    url: &str,
    no_browser: bool,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    let (ground, auth) = for_signing_in(url, flags, environment)?;
    if ground.store.choice() == StoreChoice::Memory {
        return Err(Error::usage("a sign-in in memory ends with this command")
            .hint("choose `--credential-store keyring` or `--credential-store file`"));
    }
    let (name, who) = (Names::new(&auth).sign_in, subject(&auth.display_server(), &auth.account));
    let browser: Arc<dyn Browser> =
        if no_browser { Arc::new(NoBrowser) } else { Arc::new(SystemBrowser) };
    let authorizer = ground.authorizer(auth, ground.vault(), browser);
    let (signed_in, rests) = block_on(async {
        let mut lines = TypedLines;
        let how = match no_browser {
            true => Interaction::Typed(&mut lines),
            false => Interaction::Browser,
        };
        let signed_in = authorizer.sign_in(how).await?;
        let listed = ground.store.list().await?.into_iter().find(|listed| listed.name == name);
        Ok((signed_in, listed.map(|listed| place(&ground.store, &listed))))
    })?;
    to_stdout(&report(&who, &signed_in, rests.as_deref()));
    Ok(ExitCode::Ok)
}

fn report(who: &str, signed_in: &SignedIn, rests: Option<&str>) -> String {
    let granted =
        signed_in.scopes.as_deref().map_or("what the server gives by default".into(), plain);
    let ends = ends(signed_in.expires_at, signed_in.renewable, SystemClock.now());
    let rests = rests.unwrap_or("nowhere: another process signed out meanwhile");
    format!(
        "signed in to {who}\n  issuer   {}\n  granted  {granted}\n  ends     {ends}\n  kept in  {rests}\n",
        plain(&signed_in.issuer)
    )
}

/// Lines from stdin, each read on a thread that may stay behind.
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
