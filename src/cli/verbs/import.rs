//! The command `import`: its arguments, its help, and what it runs.

use clap::Args;

use super::Run;
use crate::cli::flags::{InstallFlags, JsonFlag};
use crate::cli::host_values::scope_parser;
use crate::cli::{entry, help};
use crate::commands::import::{self, ImportOptions};
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::hosts::Scope;
use crate::settings::Flags;

const USAGE: &str = "mcp-tether import [OPTIONS] [URL] [PORT]...";
const EXAMPLES: &str = "\
Examples:
  mcp-tether import
  mcp-tether import https://mcp.example.com/mcp
  mcp-tether import https://mcp.example.com/mcp --header 'X-Tenant: ${TENANT}'
  mcp-tether import --scope project

Reads `$MCP_REMOTE_CONFIG_DIR` or `~/.mcp-auth`, and changes nothing there. URL and flags identify \
the files. Without a URL, both come from your configurations of the hosts that `install` supports; \
otherwise give both as you gave them to `mcp-remote`. Headers are only used to find the files: \
none is sent, and `${…}` is not expanded.

Entries in the current folder's configurations are only listed, because someone else may have \
written them. `--scope project` shows each one with its flags and asks.

If the server rotates refresh tokens, only one of the two programs can keep using the sign-in: \
this one, after the first refresh.";

/// Import the sign-ins of `mcp-remote`
#[derive(Args)]
#[command(after_help = help::short(EXAMPLES, true), after_long_help = EXAMPLES)]
#[command(override_usage = USAGE, args_override_self = true)]
pub struct Import {
    /// The servers' URLs, as in the host's configuration [default: every server that a supported
    /// host starts `mcp-remote` for]
    #[arg(value_name = "URL")]
    urls: Vec<String>,
    /// Without a URL: import the servers in your configurations, or ask about each one in the
    /// current folder's
    #[arg(long, value_name = "SCOPE", value_parser = scope_parser(), default_value = "user")]
    #[arg(conflicts_with = "urls")]
    scope: Scope,
    #[command(flatten)]
    _json: JsonFlag,
    #[command(flatten)]
    flags: InstallFlags,
}

impl Run for Import {
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { urls, scope, flags, .. } = self;
        let options = ImportOptions { urls, scope };
        import::run(&options, &entry::read, &outer.overlaid_by(flags.0), environment)
    }
}
