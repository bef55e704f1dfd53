//! The command `uninstall`: its arguments, its help, and what it runs.

use clap::Args;

use super::Run;
use crate::cli::flags::JsonFlag;
use crate::cli::host_values::{host_names, scope_parser};
use crate::commands::uninstall::{self, UninstallOptions};
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::hosts::Scope;
use crate::settings::Flags;

const EXAMPLES: &str = "\
Examples:
  mcp-tether uninstall shop --host vscode
  mcp-tether uninstall https://mcp.example.com/mcp --host cursor --host zed
  mcp-tether uninstall shop --dry-run

Removes only entries that start this program, and no sign-ins: `mcp-tether logout URL` does that.";

/// Remove a server from a host's configuration
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Uninstall {
    /// The entry's name, or the server's URL
    #[arg(value_name = "NAME")]
    target: String,
    /// The host, repeat for more [default: every host]
    #[arg(
        long = "host",
        id = "hosts",
        value_name = "NAME",
        value_parser = host_names(),
        hide_possible_values = true
    )]
    hosts: Vec<String>,
    /// Only your own entries, or only the current folder's
    #[arg(long, value_name = "SCOPE", value_parser = scope_parser())]
    scope: Option<Scope>,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    _json: JsonFlag,
}

impl Run for Uninstall {
    fn run(self, _: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { target, hosts, scope, dry_run, .. } = self;
        let options = UninstallOptions { target, hosts, scope, dry_run };
        uninstall::run(&options, environment)
    }
}
