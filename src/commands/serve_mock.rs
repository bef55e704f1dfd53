//! `mcp-tether mock`: serves the mock remote until a signal ends it.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::logging;
use super::prepare::block_on;
use super::snippets::snippets;
use crate::environment::{CommandOutcome, to_stdout, to_stdout_unwrapped, wants_json};
use crate::error::{Error, ExitCode, Result};
use crate::hosts::NewEntry;
use crate::platform::{Clock, Shutdown, SystemClock};
use crate::settings::LogOptions;
use mcp_tether_mock::{
    self, AnswerFormat, Auth, AuthKind, COMPANY_CLIENT, DataFile, DataFileError, Fault, FaultHelp,
    MockAddress, MockOptions, Mode, Overview, ProductName, Provider, Served, WORKLOAD_CLIENT,
    workload_token,
};

/// The widest line of names in the list, without its indentation.
const LIST_WIDTH: usize = 72;
/// How long the displayed token of a workload is valid, in seconds.
const WORKLOAD_SECONDS: i64 = 24 * 3600;

/// The options of the mock, as typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServeOptions {
    pub(crate) product: String,
    /// The loopback port; 0 for any free one.
    pub(crate) port: u16,
    /// The seed of the random numbers from which the data is made.
    pub(crate) seed: u64,
    /// The file in which the data is stored; in memory if `None`.
    pub(crate) data: Option<PathBuf>,
    /// Faults, each in its text form.
    pub(crate) faults: Vec<String>,
    /// The revisions to speak.
    pub(crate) protocol: Option<String>,
    pub(crate) stateless: bool,
    /// Answer with event streams.
    pub(crate) sse: bool,
    /// Do not ask for an API key.
    pub(crate) open: bool,
    /// The provider whose sign-in protects it.
    pub(crate) provider: Option<String>,
    /// The kind of sign-in that protects it.
    pub(crate) auth: Option<String>,
}

/// Serves until a signal ends it.
///
/// # Errors
/// A product, fault or revision is unknown, the port cannot be opened, or the data file cannot be
/// used.
pub(crate) fn run(options: &ServeOptions) -> Result<ExitCode> {
    logging::start(&LogOptions::default())?;
    let mock = mock_options(options)?;
    let key = ApiKeyNote::of(&mock);
    let name = options.product.clone();
    let port = mock.port;
    let kind = options.auth.as_deref().and_then(|name| name.parse::<AuthKind>().ok());
    block_on(async move {
        let mut shutdown = Shutdown::by_signals();
        let ended = async {
            shutdown.requested().await;
        };
        let ready = |address: &MockAddress| {
            if wants_json() {
                return listening(address, key.as_ref()).print();
            }
            let mut text = announcement(&name, address, key.as_ref());
            if let Some(kind) = kind {
                text += &how_to_sign_in(kind, address);
            }
            to_stdout(&text);
        };
        let served = mcp_tether_mock::serve(mock, ready, ended).await;
        served.map_err(|error| error_for_mock(&error, port))
    })?;
    Ok(ExitCode::Ok)
}

/// The key that the mock accepts from the start.
struct ApiKeyNote {
    kind: &'static str,
    /// The header without its value.
    header: &'static str,
    value: String,
}

impl ApiKeyNote {
    fn of(mock: &MockOptions) -> Option<Self> {
        let (kind, header) = match mock.auth {
            Auth::Open | Auth::OAuth(_) => return None,
            Auth::Product => ("token", "Authorization: Bearer "),
            _ => ("API key", "X-API-Key:"),
        };
        Some(Self { kind, header, value: mock.api_key.clone() })
    }
}

/// The error of a mock that could not be started, because of its data or its port.
pub(super) fn error_for_mock(error: &io::Error, port: u16) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<DataFileError>()) {
        Some(problem) => error_for_data(problem),
        None => Error::failed(format!("cannot serve on port `{port}`: {error}"))
            .hint("use a free port: `mcp-tether mock --port 0`"),
    }
}

fn error_for_data(problem: &DataFileError) -> Error {
    Error::failed(problem.to_string()).hint(problem.hint())
}

/// Prints the products with their tools, the faults, and what every fault accepts.
pub(crate) fn list() -> ExitCode {
    if wants_json() {
        to_stdout_unwrapped(&format!("{:#}\n", list_as_value()));
    } else {
        to_stdout(&list_as_text());
    }
    ExitCode::Ok
}

fn list_as_value() -> Value {
    let product = |product: ProductName| {
        let Overview { title, tools } = Overview::of(product);
        json!({ "name": product.to_string(), "title": title, "tools": tools })
    };
    let fault = |fault: &FaultHelp| {
        json!({ "name": fault.name, "syntax": fault.syntax, "about": fault.about,
            "example": fault.example })
    };
    let selector = |(syntax, about): &(&str, &str)| json!({ "syntax": syntax, "about": about });
    json!({
        "products": ProductName::ALL.map(product),
        "providers": Provider::ALL.map(Provider::name),
        "ways_to_sign_in": AuthKind::ALL.map(AuthKind::name),
        "faults": Fault::all().iter().map(fault).collect::<Vec<_>>(),
        "selectors": Fault::selectors().iter().map(selector).collect::<Vec<_>>(),
    })
}

fn list_as_text() -> String {
    let mut out = "products:\n".to_owned();
    for product in ProductName::ALL {
        let Overview { title, tools } = Overview::of(product);
        out += &format!("  {product} ({title}): {} tools\n", tools.len());
        for line in lines_of(tools.iter().map(String::as_str), ", ") {
            out += &format!("      {}\n", line.trim_end());
        }
    }
    let providers = Provider::ALL.map(Provider::name).join(", ");
    out += &format!("\nproviders (`--provider NAME`): {providers}\n");
    let kinds = AuthKind::ALL.map(AuthKind::name).join(", ");
    out += &format!("ways to sign in (`--auth KIND`): {kinds}\n");
    out += "\nfaults (`--fault TEXT`, repeat for more):\n";
    for fault in Fault::all() {
        // A long list of words continues on the next line.
        let syntax = lines_of(fault.syntax.split('|'), "|").join("\n    ");
        out += &format!("  {syntax}\n      {}; for example `{}`\n", fault.about, fault.example);
    }
    out += "\nwhat every fault accepts, separated by colons:\n";
    for (selector, about) in Fault::selectors() {
        out += &format!("  {selector}\n      {about}\n");
    }
    out
}

/// The names of the products.
pub(crate) fn product_names() -> Vec<&'static str> {
    ProductName::ALL.into_iter().map(ProductName::name).collect()
}

/// The names of the faults.
pub(crate) fn fault_names() -> Vec<&'static str> {
    Fault::all().iter().map(|fault| fault.name).collect()
}

/// The names of the providers.
pub(crate) fn provider_names() -> Vec<&'static str> {
    Provider::ALL.into_iter().map(Provider::name).collect()
}

fn auth_of(options: &ServeOptions, own: &MockOptions) -> Result<Auth> {
    if let Some(name) = &options.auth {
        let kind: AuthKind = name.parse().map_err(|error: String| {
            Error::usage(error).hint("`mcp-tether mock --open` asks for no sign-in at all")
        })?;
        return Ok(Auth::OAuth(kind.options()));
    }
    let Some(name) = &options.provider else {
        return Ok(if options.open { Auth::Open } else { own.auth.clone() });
    };
    let provider: Provider = name.parse().map_err(|error: String| {
        Error::usage(error).hint("list them with `mcp-tether mock --list`")
    })?;
    Ok(Auth::OAuth(provider.options()))
}

/// Joins names with this separator, in lines that fit a terminal of the usual width.
fn lines_of<'a>(names: impl Iterator<Item = &'a str>, separator: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut names = names.peekable();
    while let Some(name) = names.next() {
        let name = match names.peek() {
            Some(_) => format!("{name}{separator}"),
            None => name.to_owned(),
        };
        match lines.last_mut() {
            Some(line) if line.len() + name.trim_end().len() <= LIST_WIDTH => *line += &name,
            _ => lines.push(name),
        }
    }
    lines
}

/// The options of the mock.
pub(super) fn mock_options(options: &ServeOptions) -> Result<MockOptions> {
    let product: ProductName = options.product.parse().map_err(|error: String| {
        Error::usage(error).hint("`mcp-tether mock --list` lists the products")
    })?;
    let read = |text: &String| {
        text.parse::<Fault>()
            .map_err(|error| Error::usage(error).hint("`mcp-tether mock --list` lists the faults"))
    };
    let own = MockOptions::of(product);
    Ok(MockOptions {
        port: options.port,
        protocol: options.protocol.as_deref().map_or(Ok(own.protocol), served)?,
        mode: if options.stateless { Mode::Stateless } else { own.mode },
        answers: if options.sse { AnswerFormat::Sse } else { own.answers },
        auth: auth_of(options, &own)?,
        seed: options.seed,
        data: options.data.as_deref().map(|path| data_file(path, product)).transpose()?,
        faults: options.faults.iter().map(read).collect::<Result<_>>()?,
        ..own
    })
}

fn data_file(path: &Path, product: ProductName) -> Result<DataFile> {
    if matches!(product, ProductName::Lab | ProductName::Conformance) {
        return Err(Error::usage(format!("the product `{product}` has no data to store"))
            .hint("leave out `--data`, or serve another product: `mcp-tether mock --list`"));
    }
    DataFile::open(path, product).map_err(|problem| error_for_data(&problem))
}

fn served(name: &str) -> Result<Served> {
    name.parse().map_err(|error: String| {
        Error::usage(format!("the mock does not speak revision `{name}`")).hint(error)
    })
}

/// The command for a kind of sign-in that needs more than the URL.
fn how_to_sign_in(kind: AuthKind, address: &MockAddress) -> String {
    let mut issuer = address.url.clone();
    issuer.set_path("/oauth");
    let url = &address.url;
    let command = match kind {
        AuthKind::Dpop | AuthKind::Par => format!("mcp-tether tools {url}"),
        AuthKind::Ema => format!(
            "mcp-tether tools {url} --idp {issuer} --idp-client-info \
             '{{\"client_id\":\"{COMPANY_CLIENT}\"}}' --static-oauth-client-info \
             '{{\"client_id\":\"{COMPANY_CLIENT}\"}}'"
        ),
        AuthKind::Wif => {
            let now = i64::try_from(SystemClock.now()).unwrap_or_default();
            let token = workload_token(issuer.as_str(), now, WORKLOAD_SECONDS);
            format!(
                "echo {token} > token\nmcp-tether tools {url} --workload-token token \
                 --static-oauth-client-info '{{\"client_id\":\"{WORKLOAD_CLIENT}\"}}'"
            )
        }
    };
    format!("\ntry it with:\n{command}\n")
}

/// The addresses of the mock for programs.
fn listening(address: &MockAddress, key: Option<&ApiKeyNote>) -> CommandOutcome {
    let page = address.page_url.as_ref().map(ToString::to_string);
    let header = key.map(|key| format!("{}{}", key.header, key.value));
    CommandOutcome::shown("listening", "")
        .member("url", address.url.to_string())
        .member("sse_url", address.sse_url.to_string())
        .member("page_url", page)
        .member("header", header)
}

/// The addresses of the mock, and configurations to paste into hosts. The key is in `env`, because
/// users should not learn here to put a key in arguments (S-10).
fn announcement(product: &str, address: &MockAddress, key: Option<&ApiKeyNote>) -> String {
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
    if let Some(ApiKeyNote { kind, header, value }) = key {
        let shown = header.trim_end_matches([':', ' ']);
        out += &format!("{kind:<12} {value} (a demo value, in the header `{shown}`)\n");
        // Some hosts on Windows split arguments at spaces, so the scheme is in the variable.
        let (name, scheme) = header.split_once(':').unwrap_or((header, ""));
        entry.arguments.extend(["--header".to_owned(), format!("{name}:${{MOCK_API_KEY}}")]);
        let value = format!("{}{value}", scheme.trim_start());
        entry.variables.push(("MOCK_API_KEY".to_owned(), value));
    }
    out + &snippets(&entry) + "\npress Ctrl-C to stop\n"
}
