//! `mcp-tether mock`: the mock remote as a server of its own, until it is interrupted.

use std::io;
use std::path::{Path, PathBuf};

use super::logging;
use super::prepare::block_on;
use super::snippets::snippets;
use crate::bridge::Shutdown;
use crate::environment::to_stdout;
use crate::error::{Error, ExitCode, Result};
use crate::hosts::NewEntry;
use crate::mock::{
    self, Address, Answers, Auth, Consent, DataFile, DataProblem, Fault, IssuerOptions,
    MockOptions, Mode, OAuthOptions, Overview, ProductName, Served,
};
use crate::settings::LogOptions;

/// What to serve, as it was typed.
#[derive(Clone, Debug, Default)]
pub struct ServeOptions {
    /// The product's name.
    pub product: String,
    /// The loopback port; 0 takes a free one.
    pub port: u16,
    /// What seeded data is drawn from.
    pub seed: u64,
    /// The file that keeps the data.
    pub data: Option<PathBuf>,
    /// Faults, each in its text form.
    pub faults: Vec<String>,
    /// Which revisions to speak.
    pub protocol: Option<String>,
    /// Without sessions.
    pub stateless: bool,
    /// Answers as event streams.
    pub sse: bool,
    /// Without asking for a key.
    pub open: bool,
}

/// Serves until a signal comes.
pub fn run(options: &ServeOptions) -> Result<ExitCode> {
    logging::start(&LogOptions { level: tracing::Level::WARN, file: None })?;
    let mock = mock_options(options)?;
    let needs_key = mock.auth != Auth::Open;
    let key = mock.api_key.clone();
    let name = options.product.clone();
    let port = mock.port;
    block_on(async move {
        let mut shutdown = Shutdown::by_signals();
        let ended = async {
            shutdown.requested().await;
        };
        let ready = |address: &Address| {
            to_stdout(&announcement(&name, address, needs_key.then_some(key.as_str())));
        };
        mock::serve(mock, ready, ended).await.map_err(|error| not_served(&error, port))
    })?;
    Ok(ExitCode::Ok)
}

/// The data may be no good, or the port.
pub(super) fn not_served(error: &io::Error, port: u16) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<DataProblem>()) {
        Some(problem) => unusable(problem),
        None => Error::failed(format!("cannot serve on port `{port}`: {error}"))
            .hint("take a free port: `mcp-tether mock --port 0`"),
    }
}

fn unusable(problem: &DataProblem) -> Error {
    Error::failed(problem.to_string()).hint(problem.hint())
}

/// Shows products, faults and what faults have in common.
pub fn list() -> ExitCode {
    let mut out = "products:\n".to_owned();
    for product in ProductName::ALL {
        let Overview { title, tools } = Overview::of(product);
        out += &format!("  {product} ({title}): {} tools\n", tools.len());
        for line in lines_of(&tools) {
            out += &format!("      {line}\n");
        }
    }
    out += "\nfaults (`--fault TEXT`, repeat for more):\n";
    for fault in Fault::all() {
        out += &format!(
            "  {}\n      {}; for example `{}`\n",
            fault.syntax, fault.about, fault.example
        );
    }
    out += "\nwhat every fault takes, separated by colons:\n";
    for (selector, about) in Fault::selectors() {
        out += &format!("  {selector}\n      {about}\n");
    }
    to_stdout(&out);
    ExitCode::Ok
}

/// Names one after the other, in lines that fit a terminal.
fn lines_of(names: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for name in names {
        match lines.last_mut() {
            Some(line) if line.len() + name.len() < 90 => *line += &format!(", {name}"),
            _ => lines.push(name.clone()),
        }
    }
    lines
}

/// Options of the mock from what was typed.
pub(super) fn mock_options(options: &ServeOptions) -> Result<MockOptions> {
    let product: ProductName = options.product.parse().map_err(|error: String| {
        Error::usage(error).hint("see what there is: `mcp-tether mock --list`")
    })?;
    let read = |text: &String| {
        text.parse::<Fault>().map_err(|error| {
            Error::usage(error).hint("see what there is: `mcp-tether mock --list`")
        })
    };
    let keyed = product == ProductName::Egrow && !options.open;
    Ok(MockOptions {
        port: options.port,
        product,
        protocol: options.protocol.as_deref().map_or(Ok(Served::AllLegacy), served)?,
        mode: if options.stateless { Mode::Stateless } else { Mode::Sessions },
        answers: if options.sse { Answers::Sse } else { Answers::Json },
        auth: if keyed { Auth::OAuthOrApiKey(with_consent_page()) } else { Auth::Open },
        seed: options.seed,
        data: options.data.as_deref().map(|path| data_file(path, product)).transpose()?,
        faults: options.faults.iter().map(read).collect::<Result<_>>()?,
        ..MockOptions::default()
    })
}

fn data_file(path: &Path, product: ProductName) -> Result<DataFile> {
    if product == ProductName::Lab {
        return Err(Error::usage("the product `lab` has no data to keep")
            .hint("leave out `--data`, or play another product: `mcp-tether mock --list`"));
    }
    DataFile::open(path, product).map_err(|problem| unusable(&problem))
}

/// A person decides, as at the real product.
fn with_consent_page() -> OAuthOptions {
    OAuthOptions::with_issuer(IssuerOptions { consent: Consent::Page, ..IssuerOptions::default() })
}

fn served(name: &str) -> Result<Served> {
    name.parse().map_err(|error: String| {
        Error::usage(format!("the mock does not speak revision `{name}`")).hint(error)
    })
}

/// Where the mock is, and what to paste into hosts. The key stands in `env`: nobody should learn here
/// to put one into arguments (S-10).
fn announcement(product: &str, address: &Address, key: Option<&str>) -> String {
    let program = std::env::current_exe().unwrap_or_else(|_| "mcp-tether".into());
    let mut entry = NewEntry {
        name: product.to_owned(),
        command: program.display().to_string(),
        arguments: vec![address.url.to_string()],
        variables: Vec::new(),
    };
    let mut out = format!("listening on {}\n", address.url);
    out += &format!("HTTP+SSE at  {}\n", address.sse_url);
    if let Some(key) = key {
        out += &format!("API key      {key} (a demo value, in the header `X-API-Key`)\n");
        entry.arguments.extend(["--header".to_owned(), "X-API-Key:${MOCK_API_KEY}".to_owned()]);
        entry.variables.push(("MOCK_API_KEY".to_owned(), key.to_owned()));
    }
    out + &snippets(&entry) + "\nCtrl-C ends it\n"
}
