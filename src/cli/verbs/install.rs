//! The command `install`: its arguments, its help, and what it runs.

use clap::Args;

use super::Run;
use crate::cli::flags::{InstallFlags, JsonFlag};
use crate::cli::help;
use crate::cli::host_values::{host_names, scope_parser};
use crate::commands::chosen_hosts::HostChoice;
use crate::commands::install::{self, InstallOptions};
use crate::commands::registry::RegistryOptions;
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::hosts::{HOSTS, Scope};
use crate::settings::Flags;

const USAGE: &str = "mcp-tether install [OPTIONS] <URL> [PORT]";

const EXAMPLES: &str = "\
Examples:
  mcp-tether install https://mcp.example.com/mcp
  mcp-tether install https://mcp.example.com/mcp --host vscode
  mcp-tether install com.example/mcp --all --set tenant=acme
  mcp-tether install https://mcp.example.com/mcp --host cursor --scope project --dry-run
  mcp-tether install https://mcp.example.com/mcp --host zed --header 'X-API-Key: ${keyring:shop}'
  mcp-tether install https://mcp.example.com/mcp --host claude-desktop --print";
const NOTES: &str = "\
The flags of the bridge become the entry's arguments; its own `--host` and `--scope` belong in the \
settings file. The old file is kept as `.bak`.";

/// Add a server to a host's configuration
#[derive(Args)]
#[command(after_help = help::short(&examples(), true), after_long_help = examples())]
#[command(override_usage = USAGE, args_override_self = true)]
pub struct Install {
    /// The server's URL, or its name in the MCP registry
    #[arg(value_name = "URL")]
    server: String,
    /// The host, repeat for more [default: asks about those found here]
    #[arg(
        long = "host",
        id = "hosts",
        value_name = "NAME",
        value_parser = host_names(),
        hide_possible_values = true
    )]
    hosts: Vec<String>,
    /// Every host found here
    #[arg(long, conflicts_with = "hosts")]
    all: bool,
    /// The server's name in the host's configuration [default: from the URL]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// `user`: everywhere; `project`: in the current folder
    #[arg(long, value_name = "SCOPE", value_parser = scope_parser(), default_value = "user")]
    #[arg(hide_possible_values = true)]
    scope: Scope,
    /// Only print the entry, for you to paste
    #[arg(long)]
    print: bool,
    /// Only print the address that makes the host add the entry
    #[arg(long, conflicts_with = "print", hide_short_help = true)]
    link: bool,
    /// Only show what would change
    #[arg(long, conflicts_with_all = ["print", "link"])]
    dry_run: bool,
    /// Add what the registry says without asking
    #[arg(long, hide_short_help = true)]
    yes: bool,
    /// A value that the registry leaves to you, repeat for more
    #[arg(long, value_name = "NAME=VALUE", hide_short_help = true)]
    set: Vec<String>,
    /// Another registry
    #[arg(long, value_name = "URL", hide_short_help = true)]
    registry: Option<String>,
    #[command(flatten)]
    _json: JsonFlag,
    #[command(flatten)]
    flags: InstallFlags,
}

impl Run for Install {
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self {
            server,
            hosts,
            all,
            name,
            scope,
            print,
            link,
            dry_run,
            yes,
            set,
            registry,
            flags,
            ..
        } = self;
        let only_shown = print || link || dry_run;
        let registry = RegistryOptions { address: registry, values: set, yes, only_shown };
        let hosts = HostChoice { names: hosts, all };
        let options = InstallOptions { server, hosts, name, scope, print, link, dry_run, registry };
        install::run(&options, &outer.overlaid_by(flags.0), environment)
    }
}

fn examples() -> String {
    let hosts: Vec<_> = HOSTS.iter().map(|host| host.id).collect();
    format!("{EXAMPLES}\n\nHosts:\n  {}.\n\n{NOTES}", hosts.join(", "))
}
