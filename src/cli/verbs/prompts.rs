//! The command `prompts`: its arguments, its help, and what it runs.

use clap::Args;

use super::Run;
use crate::cli::flags::SettingFlags;
use crate::cli::help;
use crate::commands::prompts;
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

const USAGE: &str = "mcp-tether prompts [OPTIONS] <URL> [PORT] [NAME] [KEY=VALUE]...";
const EXAMPLES: &str = "\
Examples:
  mcp-tether prompts https://mcp.example.com/mcp
  mcp-tether prompts https://mcp.example.com/mcp compare first=water
  mcp-tether prompts https://mcp.example.com/mcp --json";

/// List the prompts of a server, or print the messages of one
#[derive(Args)]
#[command(after_help = help::short(EXAMPLES, true), after_long_help = EXAMPLES)]
#[command(override_usage = USAGE, args_override_self = true)]
pub struct Prompts {
    /// The server's URL; a number after it is the port that a sign-in returns to
    #[arg(value_name = "URL")]
    url: String,
    /// Print the messages of this prompt
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// The arguments of the prompt
    #[arg(value_name = "KEY=VALUE", requires = "name")]
    arguments: Vec<String>,
    /// Print JSON, as the server sent it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

impl Run for Prompts {
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { url, name, arguments, json, flags } = self;
        let flags = outer.overlaid_by(flags.0);
        match name {
            None => prompts::list(&url, json, &flags, environment),
            Some(name) => prompts::show(&url, &name, &arguments, json, &flags, environment),
        }
    }
}
