//! The command `call`: its arguments, its help, and what it runs.

use clap::Args;

use super::Run;
use crate::cli::flags::SettingFlags;
use crate::cli::help;
use crate::commands::call::{self, CallOptions};
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

const USAGE: &str = "mcp-tether call [OPTIONS] <URL> [PORT] <TOOL> [KEY=VALUE]...";
const EXAMPLES: &str = "\
Examples:
  mcp-tether call https://mcp.example.com/mcp find_products query=speaker perPage=5
  mcp-tether call https://mcp.example.com/mcp find_products --arguments '{\"query\":\"speaker\"}'
  mcp-tether call https://mcp.example.com/mcp merge_orders primary=EGW240 duplicates=EGW241 --yes

The tool's schema decides the type of a value: `perPage=5` is a number if the schema says so. \
`mcp-tether tools URL TOOL` shows a tool's arguments. In a terminal, you are asked for required \
arguments that are missing, and for the tool's confirmations; elsewhere, a missing argument is an \
error, and a confirmation is declined unless you pass `--yes`.";

/// Call one tool of a server
#[derive(Args)]
#[command(after_help = help::short(EXAMPLES, true), after_long_help = EXAMPLES)]
#[command(override_usage = USAGE, args_override_self = true)]
pub struct Call {
    /// The server's URL; a number after it is the port that a sign-in returns to
    #[arg(value_name = "URL")]
    url: String,
    /// The tool's name
    #[arg(value_name = "TOOL")]
    tool: String,
    /// The arguments of the tool
    #[arg(value_name = "KEY=VALUE")]
    arguments: Vec<String>,
    /// Print the result as JSON; a JSON object after it is the arguments
    #[arg(long)]
    json: bool,
    /// The arguments as a JSON object
    #[arg(long = "arguments", value_name = "JSON", id = "json-arguments")]
    json_arguments: Option<String>,
    /// Accept confirmations that the tool asks for
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

impl Run for Call {
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { url, tool, arguments: words, json: as_json, json_arguments, yes, flags } = self;
        let options = CallOptions { url, tool, words, as_json, json_arguments, yes };
        call::run(&options, &outer.overlaid_by(flags.0), environment)
    }
}
