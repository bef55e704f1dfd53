//! The command `status`: its arguments, its help, and what it runs.

use clap::Args;

use super::Run;
use crate::cli::flags::StoreFlags;
use crate::cli::help;
use crate::commands::{running, status};
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

const EXAMPLES: &str = "\
Examples:
  mcp-tether status
  mcp-tether status --json | jq '.[].server'
  mcp-tether status --running

Lists the sign-ins, the registered OAuth clients, and the sessions and revisions that are \
remembered so that hosts are answered quickly. Shows no tokens and contacts no server. `mcp-tether \
forget URL` removes what is stored about a server.";

/// List what is stored about servers, or the running bridges
#[derive(Args)]
#[command(after_help = help::short(EXAMPLES, false), after_long_help = EXAMPLES)]
#[command(args_override_self = true)]
pub struct Status {
    /// List the running bridges instead: process, host, server, state, requests, errors
    #[arg(long)]
    running: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: StoreFlags,
}

impl Run for Status {
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { running: only_running, json, flags } = self;
        if only_running {
            return Ok(running::run(json, environment));
        }
        status::run(json, &outer.overlaid_by(flags.0), environment)
    }
}
