//! The command `login`: its arguments, its help, and what it runs.

use clap::Args;

use super::Run;
use crate::cli::flags::{JsonFlag, SettingFlags};
use crate::cli::help;
use crate::commands::login::{self, LoginOptions};
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

const USAGE: &str = "mcp-tether login [OPTIONS] <URL> [PORT]";
const EXAMPLES: &str = "\
Examples:
  mcp-tether login https://mcp.example.com/mcp
  mcp-tether login https://mcp.example.com/mcp --account work
  mcp-tether login https://mcp.example.com/mcp --no-browser
  mcp-tether login https://mcp.example.com/mcp --device-code
  mcp-tether login https://mcp.example.com/mcp --client-credentials \\
    --static-oauth-client-info @client.json

With `--no-browser`, sign in with any browser on any machine, and paste the address that it ends \
at. It does not matter if the browser fails to load that address.

If the server still accepts the stored sign-in, nothing happens; `--force` signs in again.";

/// Sign in to a server now
#[derive(Args)]
#[command(after_help = help::short(EXAMPLES, true), after_long_help = EXAMPLES)]
#[command(override_usage = USAGE, args_override_self = true)]
pub struct Login {
    /// The server's URL, or none with `--idp`; a number after it is the port to return to
    #[arg(value_name = "URL", required_unless_present = "idp")]
    url: Option<String>,
    /// Open no browser: print the address, and read the one it ends at
    #[arg(long)]
    no_browser: bool,
    /// Sign in again even if the server accepts the sign-in that is stored
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    _json: JsonFlag,
    #[command(flatten)]
    flags: SettingFlags,
}

impl Run for Login {
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { url, no_browser, force, flags, .. } = self;
        let how = LoginOptions { url, no_browser, force };
        login::run(&how, &outer.overlaid_by(flags.0), environment)
    }
}
