//! A session with a server for a command: opened, used and closed, with a line on the terminal
//! while the user waits for it.

use super::prepare::{block_on, for_command};
use super::run_bridge::for_host_in_process;
use super::session::{CommandSession, SessionOptions};
use super::waiting;
use crate::environment::Environment;
use crate::error::Result;
use crate::settings::Flags;

/// The server that a command is about, as it was typed.
#[derive(Clone, Copy)]
pub(super) struct ServerArguments<'a> {
    pub(super) url: &'a str,
    pub(super) flags: &'a Flags,
    pub(super) environment: &'a Environment,
}

/// Opens a session with a server, does the work in it and closes it.
///
/// # Errors
/// The settings are invalid, the server cannot be reached or refuses the session, or the work
/// fails.
pub(super) fn in_session<T>(
    server: ServerArguments<'_>,
    options: SessionOptions,
    work: impl AsyncFnOnce(&mut CommandSession) -> Result<T>,
) -> Result<T> {
    let prepared = for_command(server.url, server.flags, server.environment)?;
    let _waiting = waiting::for_server(&prepared);
    block_on(for_host_in_process(prepared.into_bridge(), async |lines| {
        let mut session = CommandSession::open(lines, options).await?;
        let done = work(&mut session).await;
        session.close().await;
        done
    }))
}
