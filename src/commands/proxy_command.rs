//! The command that prints the user name and the password for a proxy (`--proxy-auth-command`).

use std::time::Duration;

use crate::auth::CommandLine;
use crate::error::{Error, Result};
use crate::http::proxy_for;
use crate::platform::program_output;
use crate::redact::Secret;
use crate::remote::RemoteOptions;
use crate::settings::proxy_credentials;

/// How long the command may take.
const PROXY_COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// Runs the command for the proxy's credentials, if requests go through a proxy.
///
/// # Errors
/// The command fails, or prints something else.
pub(super) async fn credentials_of_command(
    command: &CommandLine,
    remote: &RemoteOptions,
) -> Result<Option<Secret<String>>> {
    if proxy_for(&remote.http, &remote.url)?.is_none() {
        return Ok(None);
    }
    let failed = |why: &str| {
        Error::failed(format!("the command of `--proxy-auth-command` failed: {why}"))
            .hint(format!("try it in a terminal: {command}"))
    };
    let output = program_output(command, PROXY_COMMAND_TIMEOUT).await;
    let output = output.map_err(|why| failed(&why.to_string()))?;
    let text = std::str::from_utf8(output.expose()).ok();
    let credentials = text.and_then(proxy_credentials);
    credentials.map(Some).ok_or_else(|| failed("it did not print `USER:PASSWORD`"))
}
