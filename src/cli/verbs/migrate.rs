//! The command `migrate`: its arguments, its help, and what it runs.

use clap::Args;

use super::Run;
use crate::cli::flags::JsonFlag;
use crate::cli::host_values::{host_names, scope_parser};
use crate::cli::{entry, help};
use crate::commands::migrate::{self, MigrateOptions};
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::hosts::Scope;
use crate::settings::Flags;

const EXAMPLES: &str = "\
Examples:
  mcp-tether migrate --dry-run
  mcp-tether migrate
  mcp-tether migrate --host claude-desktop --yes
  mcp-tether migrate --scope project

Rewrites your own configurations. Entries in the current folder's are only listed, because someone \
else may have written them; `--scope project` shows each one with its flags and asks.

The old files are kept as `.bak`, and the files of `mcp-remote` are not changed.";

/// Rewrite the hosts' entries that run `mcp-remote`
#[derive(Args)]
#[command(after_help = help::short(EXAMPLES, false), after_long_help = EXAMPLES)]
pub struct Migrate {
    /// Only this host, repeat for more [default: every host with a configuration]
    #[arg(
        long = "host",
        id = "hosts",
        value_name = "NAME",
        value_parser = host_names(),
        hide_possible_values = true
    )]
    hosts: Vec<String>,
    /// Rewrite your entries and only list the current folder's, or ask about each of the latter
    #[arg(long, value_name = "SCOPE", value_parser = scope_parser(), default_value = "user")]
    scope: Scope,
    /// Rewrite without asking
    #[arg(long)]
    yes: bool,
    /// Only show what would change
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not import the sign-ins of `mcp-remote`
    #[arg(long)]
    no_import: bool,
    #[command(flatten)]
    _json: JsonFlag,
}

impl Run for Migrate {
    fn run(self, _: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { hosts, scope, yes, dry_run, no_import, .. } = self;
        let options = MigrateOptions { hosts, scope, yes, dry_run, no_import };
        migrate::run(&options, &entry::read, environment)
    }
}
