//! The command `read`: its arguments, its help, and what it runs.

use clap::Args;

use super::Run;
use crate::cli::flags::SettingFlags;
use crate::cli::help;
use crate::commands::resources;
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

const USAGE: &str = "mcp-tether read [OPTIONS] <URL> [PORT] <URI>";
const EXAMPLES: &str = "\
Examples:
  mcp-tether read https://mcp.example.com/mcp lab://greeting
  mcp-tether read https://mcp.example.com/mcp lab://greeting --account work
  mcp-tether read https://mcp.example.com/mcp lab://greeting --json";

/// Print one resource of a server
#[derive(Args)]
#[command(after_help = help::short(EXAMPLES, true), after_long_help = EXAMPLES)]
#[command(override_usage = USAGE, args_override_self = true)]
pub struct ReadResource {
    /// The server's URL; a number after it is the port that a sign-in returns to
    #[arg(value_name = "URL")]
    url: String,
    /// The resource's URI
    #[arg(value_name = "URI")]
    uri: String,
    /// Print JSON, as the server sent it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

impl Run for ReadResource {
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { url, uri, json, flags } = self;
        resources::read(&url, &uri, json, &outer.overlaid_by(flags.0), environment)
    }
}
