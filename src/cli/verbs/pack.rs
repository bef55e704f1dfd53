//! The command `pack`: its arguments, its help, and what it runs.

use std::path::PathBuf;

use clap::Args;

use super::Run;
use crate::cli::flags::{InstallFlags, JsonFlag};
use crate::cli::help;
use crate::commands::pack::{self, PackOptions};
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

const EXAMPLES: &str = "\
Examples:
  mcp-tether pack https://mcp.example.com/mcp
  mcp-tether pack https://mcp.example.com/mcp --header 'X-API-Key: ${KEY}' --output shop.mcpb
  mcp-tether pack

A bundle contains this program, so it is for one operating system and processor. What a header \
refers to becomes a field that the host asks for. Without a URL, the host asks for the URL, a \
header and an account.";

/// Write a bundle (`.mcpb`) for hosts that install one with a click
#[derive(Args)]
#[command(after_help = help::short(EXAMPLES, true), after_long_help = EXAMPLES)]
#[command(args_override_self = true)]
pub struct Pack {
    /// The server's URL [default: the host asks for it]
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// The bundle's name [default: from the URL]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The file to write [default: from the name, the system and the processor]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    _json: JsonFlag,
    #[command(flatten)]
    flags: InstallFlags,
}

impl Run for Pack {
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { url, name, output, flags, .. } = self;
        pack::run(&PackOptions { url, name, output }, &outer.overlaid_by(flags.0), environment)
    }
}
