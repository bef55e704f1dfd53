//! The command `forget`: its arguments, its help, and what it runs.

use clap::Args;

use super::Run;
use crate::cli::flags::{JsonFlag, SettingFlags};
use crate::cli::help;
use crate::commands::forget;
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

const USAGE: &str = "mcp-tether forget [OPTIONS] <URL> [PORT]\n       mcp-tether forget --all";
const EXAMPLES: &str = "\
Examples:
  mcp-tether forget https://mcp.example.com/mcp
  mcp-tether forget --all
  mcp-tether forget --all --yes

Signs out of every account on the server, and removes its registrations, its remembered session \
and what is known about its revision. `mcp-tether status` lists all of that. Settings, hosts' \
entries and secrets for `${keyring:NAME}` are kept.";

/// Remove everything that is stored about a server
#[derive(Args)]
#[command(after_help = help::short(EXAMPLES, true), after_long_help = EXAMPLES)]
#[command(override_usage = USAGE, args_override_self = true)]
pub struct Forget {
    /// The server's URL
    #[arg(value_name = "URL", required_unless_present = "all", conflicts_with = "all")]
    url: Option<String>,
    /// Forget every server
    #[arg(long)]
    all: bool,
    /// With `--all`: do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    _json: JsonFlag,
    #[command(flatten)]
    flags: SettingFlags,
}

impl Run for Forget {
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let flags = outer.overlaid_by(self.flags.0);
        match self.url {
            Some(url) => forget::one(&url, &flags, environment),
            None => forget::everything(self.yes, &flags, environment),
        }
    }
}
