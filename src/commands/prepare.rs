//! What every command that reaches a remote does first: resolve the settings, start logging, say what
//! the user should know, read options.

use std::future::Future;

use super::logging;
use crate::bridge::{BridgeOptions, ToolFilter};
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::settings::{Flags, Key, Settings, parse_remote_url};

/// Resolves the settings for this URL and starts logging.
pub fn bridge_options(
    url: &str,
    flags: &Flags,
    environment: &Environment,
) -> Result<BridgeOptions> {
    let (url, warning) = parse_remote_url(url)?;
    let mut settings = Settings::resolve(Some(&url), flags, environment)?;
    logging::start(&settings.log_options(environment))?;
    let remote = settings.remote_options(&url, environment)?;
    for warning in warning.iter().chain(&settings.warnings) {
        tracing::warn!("{warning}");
    }
    let hidden_tools = ToolFilter::new(settings.texts(Key::IgnoreTool));
    Ok(BridgeOptions { hidden_tools, ..BridgeOptions::new(remote) })
}

/// Runs a future to its end on this thread: one host and one remote need no more. Threads that
/// still wait for something, such as a terminal or a name look-up, do not hold the process.
pub fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Error::failed(format!("cannot start the runtime: {error}")))?;
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    result
}
