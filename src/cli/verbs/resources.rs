//! The command `resources`: its arguments, its help, and what it runs.

use clap::Args;

use super::Run;
use crate::cli::flags::SettingFlags;
use crate::cli::help;
use crate::commands::resources;
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

const USAGE: &str = "mcp-tether resources [OPTIONS] <URL> [PORT]";
const EXAMPLES: &str = "\
Examples:
  mcp-tether resources https://mcp.example.com/mcp
  mcp-tether resources https://mcp.example.com/mcp --account work
  mcp-tether resources https://mcp.example.com/mcp --json | jq '.resources[].uri'

URIs with `{…}` are templates: fill them in before you pass them to `mcp-tether read`.";

/// List the resources of a server
#[derive(Args)]
#[command(after_help = help::short(EXAMPLES, true), after_long_help = EXAMPLES)]
#[command(override_usage = USAGE, args_override_self = true)]
pub struct ListResources {
    /// The server's URL; a number after it is the port that a sign-in returns to
    #[arg(value_name = "URL")]
    url: String,
    /// Print JSON, as the server sent it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

impl Run for ListResources {
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { url, json, flags } = self;
        resources::list(&url, json, &outer.overlaid_by(flags.0), environment)
    }
}
