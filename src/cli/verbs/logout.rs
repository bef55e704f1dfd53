//! The command `logout`: its arguments, its help, and what it runs.

use clap::Args;

use super::Run;
use crate::cli::flags::{JsonFlag, SettingFlags};
use crate::cli::help;
use crate::commands::logout;
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

const USAGE: &str = "mcp-tether logout [OPTIONS] <URL> [PORT]\n       mcp-tether logout --all";
const EXAMPLES: &str = "\
Examples:
  mcp-tether logout https://mcp.example.com/mcp
  mcp-tether logout https://mcp.example.com/mcp --account work
  mcp-tether logout --all

Does not remove secrets for `${keyring:NAME}`: `mcp-tether secret remove NAME` does. `mcp-tether \
forget URL` removes everything about a server.";

/// Sign out: revoke the tokens and remove them
#[derive(Args)]
#[command(after_help = help::short(EXAMPLES, true), after_long_help = EXAMPLES)]
#[command(override_usage = USAGE, args_override_self = true)]
pub struct Logout {
    /// The server's URL
    #[arg(value_name = "URL", required_unless_present_any = ["all", "idp"], conflicts_with = "all")]
    url: Option<String>,
    /// Sign out of every server
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

impl Run for Logout {
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let flags = outer.overlaid_by(self.flags.0);
        match self.url {
            Some(url) => logout::one(&url, &flags, environment),
            None if self.all => logout::everywhere(self.yes, &flags, environment),
            None => logout::identity_provider(&flags, environment),
        }
    }
}
