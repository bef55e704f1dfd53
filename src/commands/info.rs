//! `mcp-tether info`: shows what a server is and what it can do.

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::prepare::{block_on, for_command};
use super::readable::{self, one_line};
use super::run_bridge::for_host_in_process;
use super::session::{CommandSession, SessionOptions};
use super::waiting;
use crate::environment::{Environment, to_stdout, to_stdout_unwrapped};
use crate::error::{ExitCode, Result};
use crate::protocol::{Era, ProtocolVersion};
use crate::settings::Flags;

/// Prints name, revision, transport, capabilities and instructions of the server at `url`.
///
/// # Errors
/// The settings are invalid, or the server cannot be reached or does not answer.
pub(crate) fn run(
    url: &str,
    as_json: bool,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    let prepared = for_command(url, flags, environment)?;
    let waiting = waiting::for_server(&prepared);
    let mut options = prepared.into_bridge();
    let (sender, connected) = oneshot::channel();
    options.connected = Some(sender);
    let opened = block_on(for_host_in_process(options, async |lines| {
        let session = CommandSession::open(lines, SessionOptions::default()).await?;
        let opened = session.opened.clone();
        session.close().await;
        Ok(opened)
    }))?;
    drop(waiting);
    let connected = block_on(async { Ok(connected.await.ok()) })?;
    let revision = connected.as_ref().and_then(|connected| connected.revision);
    let info = Info {
        revision: revision.map(ProtocolVersion::name),
        era: revision.map(|revision| match revision.era() {
            Era::Legacy => "legacy",
            Era::Modern => "modern",
        }),
        transport: connected.map(|connected| connected.transport),
        opened,
    };
    if as_json {
        to_stdout_unwrapped(&(readable::pretty(&info.as_value()) + "\n"));
    } else {
        to_stdout(&info.as_text());
    }
    Ok(ExitCode::Ok)
}

/// The facts about a server with an open session.
struct Info {
    revision: Option<&'static str>,
    era: Option<&'static str>,
    transport: Option<&'static str>,
    /// The result of `initialize`.
    opened: Value,
}

impl Info {
    fn as_value(&self) -> Value {
        json!({
            "server": self.opened["serverInfo"],
            "revision": self.revision,
            "era": self.era,
            "transport": self.transport,
            "capabilities": self.opened["capabilities"],
            "instructions": self.opened["instructions"],
        })
    }

    fn as_text(&self) -> String {
        let server = &self.opened["serverInfo"];
        let text = |value: &Value| one_line(value.as_str().unwrap_or_default());
        let (title, version) = (text(&server["title"]), text(&server["version"]));
        let mut name = format!("{} {version}", text(&server["name"]));
        if !title.is_empty() {
            name += &format!(" ({title})");
        }
        let unknown = "unknown".to_owned();
        let revision = self.revision.map_or(unknown.clone(), |revision| {
            format!("{revision} ({} era)", self.era.unwrap_or("unknown"))
        });
        let capabilities = self.opened["capabilities"].as_object();
        let capabilities: Vec<String> =
            capabilities.into_iter().flatten().map(|(name, _)| one_line(name)).collect();
        let mut out = format!("server        {}\nrevision      {revision}\n", name.trim());
        out += &format!("transport     {}\n", self.transport.unwrap_or("unknown"));
        out += &format!("capabilities  {}\n", capabilities.join(", "));
        let instructions = readable::text(self.opened["instructions"].as_str().unwrap_or_default());
        if !instructions.is_empty() {
            out += "\ninstructions for the assistant:\n";
            out.extend(instructions.lines().map(|line| format!("  {line}\n")));
        }
        out
    }
}
