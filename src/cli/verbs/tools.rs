//! The command `tools`: its arguments, its help, and what it runs.

use clap::Args;

use super::Run;
use crate::cli::flags::SettingFlags;
use crate::cli::help;
use crate::commands::{tool_differences, tools};
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

const USAGE: &str = "mcp-tether tools [OPTIONS] <URL> [PORT] [NAME]";
const EXAMPLES: &str = "\
Examples:
  mcp-tether tools https://mcp.example.com/mcp
  mcp-tether tools https://mcp.example.com/mcp find_products
  mcp-tether tools https://mcp.example.com/mcp --json | jq '.[].name'

The word before a description is what the server says about the tool: `read` changes nothing, \
`write` changes something, `delete` may destroy something. It is a hint, not a promise.";

/// List the tools of a server, or show one with its arguments
#[derive(Args)]
#[command(after_help = help::short(EXAMPLES, true), after_long_help = EXAMPLES)]
#[command(override_usage = USAGE, args_override_self = true)]
pub struct Tools {
    /// The server's URL; a number after it is the port that a sign-in returns to
    #[arg(value_name = "URL")]
    url: String,
    /// Show this tool with its arguments
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Print JSON, as the server sent it
    #[arg(long)]
    json: bool,
    /// Print how the tools differ from those that `--pin` remembers
    #[arg(long, conflicts_with_all = ["json", "name"])]
    diff: bool,
    /// Remember the tools as they are now, for `--pin`
    #[arg(long, conflicts_with_all = ["json", "name", "diff"])]
    accept: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

impl Run for Tools {
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { url, name, json, diff, accept, flags } = self;
        let flags = outer.overlaid_by(flags.0);
        if diff || accept {
            return tool_differences::run(&url, accept, &flags, environment);
        }
        tools::run(&url, name.as_deref(), json, &flags, environment)
    }
}
