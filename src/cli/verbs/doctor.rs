//! The command `doctor`: its arguments, its help, and what it runs.

use clap::Args;

use super::Run;
use crate::cli::flags::SettingFlags;
use crate::cli::{entry, help};
use crate::commands::doctor::{self, DoctorOptions};
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

const USAGE: &str = "mcp-tether doctor [OPTIONS] [URL] [PORT]";
const EXAMPLES: &str = "\
Examples:
  mcp-tether doctor
  mcp-tether doctor https://mcp.example.com/mcp
  mcp-tether doctor https://mcp.example.com/mcp --report
  mcp-tether doctor https://mcp.example.com/mcp --json | jq '.checks[] | select(.verdict == \
  \"fail\")'

Checks this machine, the configurations of hosts, the connection to the server, its sign-in and a \
session with it. Each check is `ok`, `warn`, `fail` or `skipped`, with the next step. Give the \
flags that the host's entry has. Opens no browser, prints no secrets, and changes nothing, except \
that it refreshes an expired token, as any use would. The exit code is 1 if a check fails.";

/// Check what works and what does not
#[derive(Args)]
#[command(after_help = help::short(EXAMPLES, true), after_long_help = EXAMPLES)]
#[command(override_usage = USAGE, args_override_self = true)]
pub struct Doctor {
    /// The server's URL; without it, only this machine is checked. A number after it is the port
    /// that a sign-in returns to
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print text for a public report, without the name of your home folder
    #[arg(long, conflicts_with = "json")]
    report: bool,
    /// Follow the logs and the state of running bridges, until the last one ends
    #[arg(long, conflicts_with_all = ["json", "report"])]
    watch: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

impl Run for Doctor {
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { url, json, report, watch, flags } = self;
        if watch {
            return doctor::watch::run(url.as_deref(), environment);
        }
        let options = DoctorOptions { url, as_json: json, as_report: report };
        let flags = outer.overlaid_by(flags.0);
        doctor::run(&options, &entry::read, &flags, environment)
    }
}
