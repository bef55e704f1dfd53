//! `mcp-tether mock`: the mock remote as a server of its own, until it is interrupted.

use serde_json::json;

use super::logging;
use super::prepare::block_on;
use crate::bridge::Shutdown;
use crate::environment::to_stdout;
use crate::error::{Error, ExitCode, Result};
use crate::mock::{self, Address, Answers, Auth, Fault, MockOptions, Mode, ProductName, Served};
use crate::protocol::{Era, ProtocolVersion};
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
    /// Faults, each in its text form.
    pub faults: Vec<String>,
    /// The only revision to speak.
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
    let needs_key = mock.auth == Auth::ApiKey;
    let key = mock.api_key.clone();
    let name = options.product.clone();
    let port = mock.port;
    block_on(async move {
        let mut shutdown = Shutdown::of_process();
        let ended = async {
            shutdown.requested().await;
        };
        let ready = |address: &Address| {
            to_stdout(&announcement(&name, address, needs_key.then_some(key.as_str())));
        };
        mock::serve(mock, ready, ended).await.map_err(|error| {
            Error::failed(format!("cannot serve on port `{port}`: {error}"))
                .hint("take a free port: `mcp-tether mock --port 0`")
        })
    })?;
    Ok(ExitCode::Ok)
}

/// Shows products, faults and what faults have in common.
pub fn list() -> ExitCode {
    let mut out = "products:\n".to_owned();
    for product in ProductName::ALL {
        out += &format!("  {product}\n");
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
        auth: if keyed { Auth::ApiKey } else { Auth::Open },
        seed: options.seed,
        faults: options.faults.iter().map(read).collect::<Result<_>>()?,
        ..MockOptions::default()
    })
}

fn served(name: &str) -> Result<Served> {
    let legacy = |version: &ProtocolVersion| version.era() == Era::Legacy;
    ProtocolVersion::from_name(name).filter(legacy).map(Served::Only).ok_or_else(|| {
        let known = ProtocolVersion::ALL.into_iter().filter(legacy).map(ProtocolVersion::name);
        let known: Vec<&str> = known.collect();
        Error::usage(format!("the mock does not speak revision `{name}`"))
            .hint(format!("it speaks {}", known.join(", ")))
    })
}

/// Where the mock is, and what to paste into hosts.
fn announcement(product: &str, address: &Address, key: Option<&str>) -> String {
    let program = std::env::current_exe()
        .map_or_else(|_| "mcp-tether".to_owned(), |path| path.to_string_lossy().into_owned());
    let mut arguments = vec![address.url.to_string()];
    if let Some(key) = key {
        arguments.extend(["--header".to_owned(), format!("X-API-Key:{key}")]);
    }
    let entry = json!({ "command": program, "args": arguments });
    let snippet = |title: &str, value: serde_json::Value| format!("\n{title}\n{value:#}\n");
    let mut out = format!("listening on {}\n", address.url);
    out += &format!("HTTP+SSE at  {}\n", address.sse_url);
    if let Some(key) = key {
        out += &format!("API key      {key} (a demo value, in the header `X-API-Key`)\n");
    }
    let servers = json!({ "mcpServers": { product: entry } });
    out += &snippet("Claude Desktop, Cursor, Windsurf:", servers);
    let mut typed = entry.clone();
    typed["type"] = "stdio".into();
    out += &snippet("VS Code:", json!({ "servers": { product: typed } }));
    let mut custom = entry;
    custom["source"] = "custom".into();
    custom["env"] = json!({});
    out += &snippet("Zed:", json!({ "context_servers": { product: custom } }));
    out += "\nCtrl-C ends it\n";
    out
}
