//! The command `info`: its arguments, its help, and what it runs.

use clap::Args;

use super::Run;
use crate::cli::flags::SettingFlags;
use crate::cli::help;
use crate::commands::info;
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
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
        info::run(&url, json, &outer.overlaid_by(flags.0), environment)
    }
}
