//! The command `mock`: its arguments, its help, and what it runs.

use clap::{Args, Subcommand};

use super::Run;
use crate::cli::flags::JsonFlag;
use crate::cli::help;
use crate::cli::suggested::Suggested;
use crate::commands::serve_hostile;
use crate::commands::serve_mock::{self, ServeOptions};
use crate::commands::serve_replay::{self, ReplayOptions};
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::protocol::ProtocolVersion;
use crate::settings::Flags;

const EXAMPLES: &str = "\
Examples:
  mcp-tether mock
  mcp-tether mock --port 8080 --protocol 2025-03-26
  mcp-tether mock egrow --data shop.redb
  mcp-tether mock lab --fault status=503:retry-after=1:times=2 --fault chunk=1
  mcp-tether mock --list
  mcp-tether mock --hostile
  mcp-tether mock replay bug.jsonl

The first line that it prints is `listening on URL`.";

const REPLAY_EXAMPLES: &str = "\
Examples:
  mcp-tether tools https://mcp.example.com/mcp --record bug.jsonl
  mcp-tether mock replay bug.jsonl
  mcp-tether mock replay bug.jsonl --port 8080

A request gets the recorded answer to the same method and parameters, or else the next one to its \
method; anything that does not match is reported on stderr. Credentials are neither recorded nor \
asked for. The exit code is 1 if a request was not in the recording.";

/// Run the mock server alone, on the loopback interface
#[derive(Args)]
#[command(after_help = help::short(EXAMPLES, true), after_long_help = EXAMPLES)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct Mock {
    #[command(subcommand)]
    verb: Option<MockVerb>,
    /// The product to serve; `--list` lists them
    #[arg(
        value_name = "PRODUCT",
        default_value = "egrow",
        hide_possible_values = true,
        value_parser = products()
    )]
    product: String,
    /// The loopback port; 0 for any free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// Seed for the data: the same seed gives the same data
    #[arg(long, value_name = "N", default_value_t = 1, hide_short_help = true)]
    seed: u64,
    /// Store the data in this file [default: in memory]
    #[arg(long, hide_short_help = true, value_name = "FILE")]
    data: Option<std::path::PathBuf>,
    /// Misbehave in this way, repeat for more; `--list` lists the faults
    #[arg(
        long,
        value_name = "FAULT",
        hide_possible_values = true,
        value_parser = Suggested(fault_names)
    )]
    fault: Vec<String>,
    /// Speak only this revision, such as 2025-06-18, or legacy, dual or all
    #[arg(
        long,
        hide_short_help = true,
        value_name = "REVISION",
        hide_possible_values = true,
        value_parser = Suggested(revisions)
    )]
    protocol: Option<String>,
    /// Use no sessions
    #[arg(long, hide_short_help = true)]
    stateless: bool,
    /// Answer with event streams instead of JSON
    #[arg(long, hide_short_help = true)]
    sse: bool,
    /// Do not require an API key
    #[arg(long)]
    open: bool,
    /// Protect it as this provider does; `--list` shows them
    #[arg(
        long,
        hide_short_help = true,
        value_name = "NAME",
        hide_possible_values = true,
        value_parser = Suggested(providers)
    )]
    provider: Option<String>,
    /// Protect it in a way that companies use; `--list` shows them
    #[arg(
        long,
        hide_short_help = true,
        value_name = "KIND",
        conflicts_with_all = ["provider", "open"]
    )]
    auth: Option<String>,
    /// Serve every attack, each at its own URL, and report what they obtained
    #[arg(long, exclusive = true)]
    hostile: bool,
    /// List the products with their tools, and the faults
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    _json: JsonFlag,
}

#[derive(Subcommand)]
enum MockVerb {
    /// Replay the server of a recording that `--record FILE` made
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay(Replay),
}

#[derive(Args)]
struct Replay {
    /// The recording, of which the last conversation is replayed
    #[arg(value_name = "FILE")]
    file: std::path::PathBuf,
    /// The loopback port; 0 for any free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    #[command(flatten)]
    _json: JsonFlag,
}

impl Run for Mock {
    fn run(self, _: Flags, _: &Environment) -> Result<ExitCode> {
        match self {
            Self { verb: Some(MockVerb::Replay(Replay { file, port, .. })), .. } => {
                serve_replay::run(&ReplayOptions { file, port })
            }
            Self { list: true, .. } => Ok(serve_mock::list()),
            Self { hostile: true, .. } => serve_hostile::run(),
            mock => serve_mock::run(&mock.into()),
        }
    }
}

impl From<Mock> for ServeOptions {
    fn from(mock: Mock) -> Self {
        let Mock {
            product,
            port,
            seed,
            data,
            fault: faults,
            protocol,
            stateless,
            sse,
            open,
            provider,
            auth,
            ..
        } = mock;
        Self { product, port, seed, data, faults, protocol, stateless, sse, open, provider, auth }
    }
}

/// The products that `demo` and `mock` serve.
pub fn products() -> Suggested {
    Suggested(serve_mock::product_names)
}

fn fault_names() -> Vec<&'static str> {
    serve_mock::fault_names()
}

fn providers() -> Vec<&'static str> {
    serve_mock::provider_names()
}

fn revisions() -> Vec<&'static str> {
    let named = ["legacy", "dual", "all"];
    ProtocolVersion::ALL.into_iter().map(ProtocolVersion::name).chain(named).collect()
}
