//! The arguments of `demo` and `mock`.

use clap::{Args, Subcommand};

use super::flags::JsonFlag;
use super::help;
use super::suggested::Suggested;
use crate::commands;
use crate::commands::serve_mock::{self, ServeOptions};
use crate::commands::serve_replay::{self, ReplayOptions};
use crate::error::{ExitCode, Result};
use crate::protocol::ProtocolVersion;

#[derive(Args)]
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

#[derive(Args)]
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
    #[command(after_help = help::REPLAY)]
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

impl Demo {
    pub fn run(self) -> Result<ExitCode> {
        commands::demo::run(&self.served(), self.talk)
    }

    fn served(&self) -> ServeOptions {
        ServeOptions { product: self.product.clone(), seed: self.seed, ..ServeOptions::default() }
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

impl Mock {
    pub fn run(self) -> Result<ExitCode> {
        match self {
            Self { verb: Some(MockVerb::Replay(Replay { file, port, .. })), .. } => {
                serve_replay::run(&ReplayOptions { file, port })
            }
            Self { list: true, .. } => Ok(serve_mock::list()),
            Self { hostile: true, .. } => commands::serve_hostile::run(),
            mock => serve_mock::run(&mock.into()),
        }
    }
}

fn products() -> Suggested {
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
