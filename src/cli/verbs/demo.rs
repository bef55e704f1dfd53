//! The command `demo`: its arguments, its help, and what it runs.

use clap::Args;

use super::Run;
use super::mock::products;
use crate::commands::demo;
use crate::commands::serve_mock::ServeOptions;
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

const EXAMPLES: &str = "\
Examples:
  mcp-tether demo
  mcp-tether demo --talk | cat
  mcp-tether demo --product lab

In a host: command `mcp-tether`, arguments `demo`.";

/// Try it: start a mock shop and watch a session with it
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Demo {
    /// Show the session even if stdin is not a terminal
    #[arg(long)]
    talk: bool,
    /// The product to serve; `mcp-tether mock --list` lists them
    #[arg(
        long,
        value_name = "NAME",
        default_value = "egrow",
        hide_possible_values = true,
        value_parser = products()
    )]
    product: String,
    /// Seed for the mock's data: the same seed gives the same data
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

impl Run for Demo {
    fn run(self, _: Flags, _: &Environment) -> Result<ExitCode> {
        let Self { product, seed, talk } = self;
        let served = ServeOptions { product, seed, ..ServeOptions::default() };
        demo::run(&served, talk)
    }
}
