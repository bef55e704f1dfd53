//! The command `info`: its arguments, its help, and what it runs.

use clap::Args;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::Run;
use crate::cli::flags::SettingFlags;
use crate::cli::help;
use crate::commands::prepare::{block_on, for_command};
use crate::commands::readable::{self, one_line};
use crate::commands::run_bridge::for_host_in_process;
use crate::commands::session::{CommandSession, SessionOptions};
use crate::commands::waiting;
use crate::environment::{Environment, to_stdout, to_stdout_unwrapped};
use crate::error::{ExitCode, Result};
use crate::protocol::{Era, ProtocolVersion};
use crate::settings::Flags;

const USAGE: &str = "mcp-tether info [OPTIONS] <URL> [PORT]";
const EXAMPLES: &str = "\
Examples:
  mcp-tether info https://mcp.example.com/mcp
  mcp-tether info https://mcp.example.com/mcp --account work
  mcp-tether info https://mcp.example.com/mcp --json";

/// Show what a server is: its name, revision, transport and capabilities
#[derive(Args)]
#[command(after_help = help::short(EXAMPLES, true), after_long_help = EXAMPLES)]
#[command(override_usage = USAGE, args_override_self = true)]
pub struct Info {
    /// The server's URL; a number after it is the port that a sign-in returns to
    #[arg(value_name = "URL")]
    url: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

impl Run for Info {
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { url, json, flags } = self;
        show(&url, json, &outer.overlaid_by(flags.0), environment)
    }
}

/// Prints name, revision, transport, capabilities and instructions of the server at `url`.
///
/// # Errors
/// The settings are invalid, or the server cannot be reached or does not answer.
fn show(url: &str, as_json: bool, flags: &Flags, environment: &Environment) -> Result<ExitCode> {
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
    let facts = ServerFacts {
        revision: revision.map(ProtocolVersion::name),
        era: revision.map(|revision| match revision.era() {
            Era::Legacy => "legacy",
            Era::Modern => "modern",
        }),
        transport: connected.map(|connected| connected.transport),
        opened,
    };
    if as_json {
        to_stdout_unwrapped(&(readable::pretty(&facts.as_value()) + "\n"));
    } else {
        to_stdout(&facts.as_text());
    }
    Ok(ExitCode::Ok)
}

/// The facts about a server with an open session.
struct ServerFacts {
    revision: Option<&'static str>,
    era: Option<&'static str>,
    transport: Option<&'static str>,
    /// The result of `initialize`.
    opened: Value,
}

impl ServerFacts {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(opened: Value) -> ServerFacts {
        ServerFacts {
            revision: Some("2025-06-18"),
            era: Some("legacy"),
            transport: Some("Streamable HTTP"),
            opened,
        }
    }

    #[test]
    fn what_a_server_says_of_itself_is_shown_in_lines() {
        let whole = facts(json!({
            "serverInfo": { "name": "shop", "version": "1.2", "title": "The shop" },
            "capabilities": { "tools": {}, "prompts": {} },
            "instructions": "Ask first.\nThen order.",
        }));
        let text = whole.as_text();
        assert!(text.starts_with("server        shop 1.2 (The shop)\n"), "{text}");
        assert!(text.contains("revision      2025-06-18 (legacy era)\n"), "{text}");
        assert!(text.contains("transport     Streamable HTTP\n"), "{text}");
        assert!(text.contains("capabilities  prompts, tools\n"), "{text}");
        assert!(text.ends_with("for the assistant:\n  Ask first.\n  Then order.\n"), "{text}");
        let value = whole.as_value();
        assert_eq!((&value["era"], &value["server"]["name"]), (&json!("legacy"), &json!("shop")));
    }

    #[test]
    fn what_a_server_leaves_out_is_unknown_and_what_it_sends_is_shown_safely() {
        let nothing =
            ServerFacts { revision: None, era: None, transport: None, opened: json!(null) };
        let text = nothing.as_text();
        assert!(text.contains("revision      unknown\ntransport     unknown\n"), "{text}");
        assert!(!text.contains("instructions"), "{text}");
        let hostile = facts(json!({
            "serverInfo": { "name": "a\u{1b}[31m\nrevision      9", "version": 7 },
            "capabilities": { "x\ny": {} },
            "instructions": "\u{1b}]0;title\u{7}",
        }));
        let text = hostile.as_text();
        assert!(!text.contains(['\u{1b}', '\u{7}']), "{text}");
        assert!(!text.contains("\nrevision      9") && !text.contains("x\ny"), "{text}");
    }
}
