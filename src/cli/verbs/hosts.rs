//! The command `hosts`: its arguments, its help, and what it runs.

use clap::Args;

use super::Run;
use crate::commands::hosts;
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

const EXAMPLES: &str = "\
Examples:
  mcp-tether hosts
  mcp-tether hosts --json | jq '.entries[].server'
  mcp-tether hosts --json | jq '.found'

Reads the configurations and changes nothing.";

/// List the hosts' entries for this program and other bridges
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Hosts {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Run for Hosts {
    fn run(self, _: Flags, environment: &Environment) -> Result<ExitCode> {
        Ok(hosts::run(self.json, environment))
    }
}
