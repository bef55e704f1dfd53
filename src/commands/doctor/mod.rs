//! `mcp-tether doctor`: checks what works and what does not, from the bottom up, and prints the
//! list of checks. A check that depends on a failed one is skipped, and each has a time limit.
//! Opens no browser, prints no secrets and changes nothing, except that an expired token is
//! refreshed, as by any use of the server.

mod certificate;
mod check;
mod credentials;
mod endpoint;
mod environment;
mod hosts;
mod network;
mod program;
mod report;
mod session;
mod sign_in;
mod trust;
pub(crate) mod watch;

use std::time::Duration;

use url::Url;

use self::check::{Check, CheckVerdict, Diagnosis, SubjectKind};
use self::trust::PinState;
use super::prepare::{CommandContext, block_on, for_doctor, store};
use super::untrusted::ReadCommand;
use crate::auth::{AuthOptions, LoginPolicy};
use crate::environment::{Environment, Waiting, to_stdout_unwrapped};
use crate::error::{ExitCode, Result};
use crate::settings::{Flags, parse_remote_url};

/// The longest time for one step.
const STEP_TIMEOUT: Duration = Duration::from_secs(20);

/// What to check, and how to print the result.
#[derive(Clone, Debug, Default)]
pub(crate) struct DoctorOptions {
    /// The server; if `None`, only this machine is checked.
    pub(crate) url: Option<String>,
    /// Print JSON.
    pub(crate) as_json: bool,
    /// Print text to paste into a public report.
    pub(crate) as_report: bool,
}

/// Runs all checks and prints them. The exit code is 1 if a check fails.
///
/// # Errors
/// The URL is invalid. Anything else that is wrong is a failed check.
pub(crate) fn run(
    options: &DoctorOptions,
    read: ReadCommand<'_>,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    if let Some(url) = &options.url {
        parse_remote_url(url)?;
    }
    let is_live = !options.as_json && !options.as_report;
    let mut diagnosis = Diagnosis::watched_by(is_live.then_some(report::print_check));
    diagnosis.add(SubjectKind::Program, program::checks(environment));
    diagnosis.add(SubjectKind::Environment, environment::checks(flags, environment));
    match &options.url {
        Some(url) => check_server(&mut diagnosis, url, flags, environment)?,
        None => check_store(&mut diagnosis, flags, environment)?,
    }
    diagnosis.add(SubjectKind::Hosts, hosts::checks(read, environment));
    match options {
        DoctorOptions { as_json: true, .. } => {
            to_stdout_unwrapped(&format!("{:#}\n", report::as_value(&diagnosis)));
        }
        DoctorOptions { as_report: true, .. } => {
            to_stdout_unwrapped(&report::report(&diagnosis, environment.home().as_deref()));
        }
        _ => report::print_summary(&diagnosis),
    }
    Ok(match diagnosis.count(CheckVerdict::Fail) {
        0 => ExitCode::Ok,
        _ => ExitCode::Failed,
    })
}

/// Checks the stored sign-ins, and whether a browser can be opened.
fn check_store(diagnosis: &mut Diagnosis, flags: &Flags, environment: &Environment) -> Result<()> {
    let mut subject = diagnosis.subject(SubjectKind::SigningIn);
    match store(flags, environment) {
        Ok((store, paths)) => {
            block_on(async {
                sign_in::stored(&store, &paths, None, None, &mut subject).await;
                Ok(())
            })?;
            subject.add(sign_in::launcher());
        }
        Err(_) => subject.add(Check::skipped("sign-ins", "the settings cannot be used")),
    }
    Ok(())
}

fn check_server(
    diagnosis: &mut Diagnosis,
    url: &str,
    flags: &Flags,
    environment: &Environment,
) -> Result<()> {
    match for_doctor(url, flags, environment) {
        Ok((context, auth)) => {
            diagnosis
                .add(SubjectKind::Environment, trust::recording(&context.settings, environment));
            let pins = PinState::new(context.pins_of_machine(url), &context.settings, url);
            block_on(async {
                check_connection(diagnosis, context, auth, &pins).await;
                Ok(())
            })
        }
        Err(error) => {
            diagnosis.add(SubjectKind::Server, vec![Check::error("settings", &error)]);
            let why = "the settings cannot be used";
            for (subject, name) in
                [(SubjectKind::Network, "connection"), (SubjectKind::SigningIn, "documents")]
            {
                diagnosis.add(subject, vec![Check::skipped(name, why)]);
            }
            Ok(())
        }
    }
}

/// Checks everything from the network up to a session, each step only if the one below it works.
async fn check_connection(
    diagnosis: &mut Diagnosis,
    mut context: CommandContext,
    auth: Option<AuthOptions>,
    pins: &PinState,
) {
    let url: Url = context.url.clone();
    let _waiting =
        Waiting::start(|elapsed| Some(format!("checking ({} s, Ctrl-C stops)", elapsed.as_secs())));
    let (route, target) = network::route(&context.remote.http, &url);
    diagnosis.add(SubjectKind::Network, [route]);
    let mut is_reached = false;
    if let Some(target) = target {
        let (name, addresses) = network::name(&target, &context.remote.http).await;
        diagnosis.add(SubjectKind::Network, [name]);
        let (connection, reached) = network::connection(&addresses, &context.remote.http).await;
        diagnosis.add(SubjectKind::Network, [connection]);
        is_reached = reached;
    }
    let commands = credentials::checks(&mut context.remote).await;
    let answered = if is_reached {
        endpoint::checks(&context.remote, &mut diagnosis.subject(SubjectKind::Network)).await
    } else {
        diagnosis.add(SubjectKind::Network, [Check::skipped("HTTP", "there is no connection")]);
        None
    };
    let answered = answered.as_ref();
    diagnosis.add(SubjectKind::SigningIn, commands);
    let mut signing_in = diagnosis.subject(SubjectKind::SigningIn);
    sign_in::documents(auth.as_ref(), &context.remote.http, answered, &mut signing_in).await;
    let asks = answered.is_some_and(endpoint::EndpointResponse::asks_for_a_sign_in);
    let wanted = auth.as_ref().filter(|_| asks);
    let (store, paths) = (&context.store, &context.paths);
    sign_in::stored(store, paths, Some(&url), wanted, &mut signing_in).await;
    sign_in::browser(auth.as_ref(), answered, &mut signing_in).await;
    let mut server = diagnosis.subject(SubjectKind::Server);
    let skipped = |why: &str| Check::skipped("session", why);
    match answered {
        None => {
            server.add(skipped("the server was not reached, or does not answer like an MCP server"))
        }
        Some(answered) if answered.refuses_key => {
            server.add(skipped("the server refuses the key that you give"));
        }
        Some(_) => {
            let auth = auth.map(|auth| AuthOptions { login: LoginPolicy::Never, ..auth });
            let mut options = context.prepared(auth).into_bridge();
            // A known era would skip the detection, and this session should not change it.
            options.known_era = None;
            session::checks(options, pins, &mut server).await;
        }
    }
}
