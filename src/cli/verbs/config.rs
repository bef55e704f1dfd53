//! The command `config` and those below it: arguments, help, and what they run.

use clap::{Args, Subcommand};

use super::Run;
use crate::cli::flags::{JsonFlag, SettingFlags};
use crate::cli::help;
use crate::commands::config;
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

const EXAMPLES: &str = "\
Examples:
  mcp-tether config path
  mcp-tether config show https://mcp.example.com/mcp
  mcp-tether config show --all";
const SHOW_USAGE: &str = "mcp-tether config show [OPTIONS] [URL] [PORT]";
const SHOW_EXAMPLES: &str = "\
Examples:
  mcp-tether config show https://mcp.example.com/mcp
  mcp-tether config show --all
  mcp-tether config show https://mcp.example.com/mcp --proxy http://proxy.example.com:8080 --json

Shows no values of headers and no other secrets.";
const PATH_EXAMPLES: &str = "\
Examples:
  mcp-tether config path
  mkdir -p \"$(dirname \"$(mcp-tether config path)\")\"";

/// Show the settings and where they come from
#[derive(Args)]
#[command(after_help = EXAMPLES, subcommand_required = true)]
pub struct ConfigCommand {
    #[command(subcommand)]
    verb: ConfigVerb,
}

#[derive(Subcommand)]
enum ConfigVerb {
    /// Print each setting, its value and where it comes from
    #[command(
        after_help = help::short(SHOW_EXAMPLES, true),
        after_long_help = SHOW_EXAMPLES
    )]
    #[command(override_usage = SHOW_USAGE, args_override_self = true)]
    Show {
        /// The server's URL
        #[arg(value_name = "URL")]
        url: Option<String>,
        /// Show every setting, also those with their built-in value
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        flags: SettingFlags,
    },
    /// Print the path of the settings file
    #[command(after_help = PATH_EXAMPLES)]
    Path {
        /// Read the settings from this file instead of the usual one
        #[arg(long, value_name = "FILE")]
        config: Option<String>,
        #[command(flatten)]
        _json: JsonFlag,
    },
}

impl Run for ConfigCommand {
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        self.verb.run(outer, environment)
    }
}

impl ConfigVerb {
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        match self {
            Self::Show { url, all, json, flags } => {
                let flags = outer.overlaid_by(flags.0);
                config::show(url.as_deref(), all, json, &flags, environment)
            }
            Self::Path { config, .. } => {
                config::path(config.or(outer.config).as_deref(), environment)
            }
        }
    }
}
