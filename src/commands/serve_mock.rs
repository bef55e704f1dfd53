//! `mcp-tether mock`: the mock remote as a server of its own, until it is interrupted.

use std::io;
use std::path::{Path, PathBuf};

use super::logging;
use super::prepare::block_on;
use super::snippets::snippets;
use crate::environment::to_stdout;
use crate::error::{Error, ExitCode, Result};
use crate::hosts::NewEntry;
use crate::platform::Shutdown;
use crate::settings::LogOptions;
use mcp_tether_mock::{
    self, Address, Answers, Auth, DataFile, DataProblem, Fault, MockOptions, Mode, Overview,
    ProductName, Served,
};

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
    logging::start(&LogOptions::default())?;
    let mock = mock_options(options)?;
    let key = Key::of(&mock);
    let name = options.product.clone();
    let port = mock.port;
    block_on(async move {
        let mut shutdown = Shutdown::by_signals();
        let ended = async {
            shutdown.requested().await;
        };
        let ready = |address: &Address| {
            to_stdout(&announcement(&name, address, key.as_ref()));
        };
        mcp_tether_mock::serve(mock, ready, ended).await.map_err(|error| not_served(&error, port))
    })?;
    Ok(ExitCode::Ok)
}

/// What the mock asks for and lets in from the start.
struct Key {
    kind: &'static str,
    /// The header up to the value.
    header: &'static str,
    value: String,
}

impl Key {
    fn of(mock: &MockOptions) -> Option<Self> {
        let (kind, header) = match mock.auth {
            Auth::Open | Auth::OAuth(_) => return None,
            Auth::Product => ("token", "Authorization: Bearer "),
            _ => ("API key", "X-API-Key:"),
        };
        Some(Self { kind, header, value: mock.api_key.clone() })
    }
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
    let own = MockOptions::of(product);
    Ok(MockOptions {
        port: options.port,
        protocol: options.protocol.as_deref().map_or(Ok(own.protocol), served)?,
        mode: if options.stateless { Mode::Stateless } else { own.mode },
        answers: if options.sse { Answers::Sse } else { own.answers },
        auth: if options.open { Auth::Open } else { own.auth.clone() },
        seed: options.seed,
        data: options.data.as_deref().map(|path| data_file(path, product)).transpose()?,
        faults: options.faults.iter().map(read).collect::<Result<_>>()?,
        ..own
    })
}

fn data_file(path: &Path, product: ProductName) -> Result<DataFile> {
    if matches!(product, ProductName::Lab | ProductName::Conformance) {
        return Err(Error::usage(format!("the product `{product}` has no data to keep"))
            .hint("leave out `--data`, or play another product: `mcp-tether mock --list`"));
    }
    DataFile::open(path, product).map_err(|problem| unusable(&problem))
}

fn served(name: &str) -> Result<Served> {
    name.parse().map_err(|error: String| {
        Error::usage(format!("the mock does not speak revision `{name}`")).hint(error)
    })
}

/// Where the mock is, and what to paste into hosts. The key stands in `env`: nobody should learn
/// here to put one into arguments (S-10).
fn announcement(product: &str, address: &Address, key: Option<&Key>) -> String {
    let program = std::env::current_exe().unwrap_or_else(|_| "mcp-tether".into());
    let mut entry = NewEntry {
        name: product.to_owned(),
        command: program.display().to_string(),
        arguments: vec![address.url.to_string()],
        variables: Vec::new(),
    };
    let mut out = format!("listening on {}\n", address.url);
    out += &format!("HTTP+SSE at  {}\n", address.sse_url);
    if let Some(page) = &address.page_url {
        out += &format!("sign in at   {page}\n");
    }
    if let Some(Key { kind, header, value }) = key {
        let shown = header.trim_end_matches([':', ' ']);
        out += &format!("{kind:<12} {value} (a demo value, in the header `{shown}`)\n");
        entry.arguments.extend(["--header".to_owned(), format!("{header}${{MOCK_API_KEY}}")]);
        entry.variables.push(("MOCK_API_KEY".to_owned(), value.clone()));
    }
    out + &snippets(&entry) + "\nCtrl-C ends it\n"
}
