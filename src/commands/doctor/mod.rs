//! `mcp-tether doctor`: what works and what does not, in the order in which it is needed. A list of
//! checks is gathered, then shown. Changes nothing, opens no browser, prints no secret, and ends in
//! time whatever is broken: what depends on something broken is skipped. A token that has ended is
//! renewed, as by any use of the server.

mod certificate;
mod check;
mod endpoint;
mod environment;
mod hosts;
mod network;
mod program;
mod report;
mod session;
mod sign_in;
pub mod watch;

use std::time::Duration;

use url::Url;

use self::check::{Check, Diagnosis, Verdict};
use super::prepare::{Ground, block_on, for_doctor, store};
use super::untrusted::ReadCommand;
use crate::auth::{AuthOptions, LoginPolicy};
use crate::environment::{Environment, to_stdout};
use crate::error::{ExitCode, Result};
use crate::settings::{Flags, parse_remote_url};

/// How long one step may take, so that all of them together end.
const PATIENCE: Duration = Duration::from_secs(20);

/// How to show what was found, and of which server.
#[derive(Clone, Debug, Default)]
pub struct DoctorOptions {
    /// The server; without one only this machine is looked at.
    pub url: Option<String>,
    /// As JSON.
    pub as_json: bool,
    /// As text to paste into a public report.
    pub as_report: bool,
}

/// Looks, and shows what was found. Ends with 1 if something does not work.
pub fn run(
    options: &DoctorOptions,
    read: ReadCommand<'_>,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    if let Some(url) = &options.url {
        parse_remote_url(url)?;
    }
    let mut diagnosis = Diagnosis::default();
    diagnosis.add("program", program::checks(environment));
    diagnosis.add("environment", environment::checks(flags, environment));
    match &options.url {
        Some(url) => of_server(&mut diagnosis, url, flags, environment)?,
        None => of_machine(&mut diagnosis, flags, environment)?,
    }
    diagnosis.add("hosts", hosts::checks(read, environment));
    to_stdout(&match options {
        DoctorOptions { as_json: true, .. } => format!("{:#}\n", report::as_value(&diagnosis)),
        DoctorOptions { as_report: true, .. } => {
            report::report(&diagnosis, environment.home().as_deref())
        }
        _ => report::text(&diagnosis),
    });
    Ok(match diagnosis.count(Verdict::Fail) {
        0 => ExitCode::Ok,
        _ => ExitCode::Failed,
    })
}

/// Without a server: what is stored, and whether a sign-in could happen here.
fn of_machine(diagnosis: &mut Diagnosis, flags: &Flags, environment: &Environment) -> Result<()> {
    let checks = match store(flags, environment) {
        Ok((store, paths)) => {
            let mut checks =
                block_on(async { Ok(sign_in::stored(&store, &paths, None, None).await) })?;
            checks.push(sign_in::launcher());
            checks
        }
        Err(_) => vec![Check::skipped("sign-ins", "the settings cannot be used")],
    };
    diagnosis.add("signing in", checks);
    Ok(())
}

fn of_server(
    diagnosis: &mut Diagnosis,
    url: &str,
    flags: &Flags,
    environment: &Environment,
) -> Result<()> {
    match for_doctor(url, flags, environment) {
        Ok((ground, auth)) => block_on(async {
            reach(diagnosis, ground, auth).await;
            Ok(())
        }),
        Err(error) => {
            diagnosis.add("server", vec![Check::error("settings", &error)]);
            let why = "the settings cannot be used";
            for (subject, name) in [("network", "connection"), ("signing in", "documents")] {
                diagnosis.add(subject, vec![Check::skipped(name, why)]);
            }
            Ok(())
        }
    }
}

/// From the network up to a session; each step only if the one below it works.
async fn reach(diagnosis: &mut Diagnosis, ground: Ground, auth: Option<AuthOptions>) {
    let url: Url = ground.url.clone();
    let (mut network, is_reached) = network::checks(&ground.remote.http, &url).await;
    let answered = match is_reached {
        true => {
            let (checks, answered) = endpoint::checks(&ground.remote).await;
            network.extend(checks);
            answered
        }
        false => {
            network.push(Check::skipped("HTTP", "there is no connection"));
            None
        }
    };
    diagnosis.add("network", network);
    let answered = answered.as_ref();
    let mut signing = sign_in::documents(auth.as_ref(), &ground.remote.http, answered).await;
    let asks = answered.is_some_and(endpoint::Answered::asks_for_a_sign_in);
    let wanted = auth.as_ref().filter(|_| asks);
    signing.extend(sign_in::stored(&ground.store, &ground.paths, Some(&url), wanted).await);
    signing.extend(sign_in::browser(auth.as_ref(), answered).await);
    diagnosis.add("signing in", signing);
    let session = match answered {
        None => vec![Check::skipped(
            "session",
            "the server was not reached, or answers unlike one of MCP",
        )],
        Some(_) => {
            let auth = auth.map(|auth| AuthOptions { login: LoginPolicy::Never, ..auth });
            let mut options = ground.prepared(auth).into_bridge();
            // What is remembered would change the order of steps, and nothing shall be remembered.
            options.known_era = None;
            session::checks(options).await
        }
    };
    diagnosis.add("server", session);
}
