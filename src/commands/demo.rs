//! `mcp-tether demo`: a mock shop behind a bridge. On a terminal it shows a short conversation; for a
//! host it is an MCP server like any other.

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::logging;
use super::prepare::block_on;
use super::readable;
use super::serve_mock::{ServeOptions, mock_options};
use super::session::{Manner, Session};
use super::tools::all_tools;
use super::wire::{stdio, through_bridge};
use crate::bridge::{BridgeOptions, Connected};
use crate::environment::{stdin_is_terminal, to_stdout};
use crate::error::{Error, ExitCode, Result};
use crate::mock::{MockOptions, MockRemote};
use crate::protocol::methods;
use crate::remote::RemoteOptions;
use crate::settings::LogOptions;

/// The question that the demo answers through a tool call.
const QUESTION: &str = "which products have stock under 10?";
const TOOL: &str = "find_products";

/// Starts the mock and talks to it.
pub fn run(options: &ServeOptions, talk: bool) -> Result<ExitCode> {
    logging::start(&LogOptions { level: tracing::Level::WARN, file: None })?;
    let mock = mock_options(options)?;
    let remote = MockRemote::start(mock.clone())
        .map_err(|error| Error::failed(format!("cannot start the mock server: {error}")))?;
    if talk || stdin_is_terminal() {
        block_on(converse(&remote, &mock))?;
        return Ok(ExitCode::Ok);
    }
    block_on(stdio(bridge_to(&remote, &mock)))
}

fn bridge_to(remote: &MockRemote, mock: &MockOptions) -> BridgeOptions {
    let url = if mock.protocol.has_streamable_http() { remote.url() } else { remote.sse_url() };
    let mut options = RemoteOptions::new(url);
    if let Ok(mut key) = http::HeaderValue::from_str(&mock.api_key) {
        key.set_sensitive(true);
        options.headers.push((http::HeaderName::from_static("x-api-key"), key));
    }
    BridgeOptions::new(options)
}

async fn converse(remote: &MockRemote, mock: &MockOptions) -> Result<()> {
    let mut options = bridge_to(remote, mock);
    let (sender, connected) = oneshot::channel();
    options.connected = Some(sender);
    line("mock server", &format!("{} plays at {}", mock.product, remote.url()));
    through_bridge(options, async |lines| {
        let mut session = Session::open(lines, Manner::default()).await?;
        let said = tell(&mut session, connected).await;
        session.close().await;
        said
    })
    .await?;
    to_stdout("\nuse it in a host:  command `mcp-tether`, arguments `demo`\n");
    to_stdout(
        "look around:       `mcp-tether mock`, then `mcp-tether tools URL` with the URL it prints\n",
    );
    Ok(())
}

async fn tell(session: &mut Session, connected: oneshot::Receiver<Connected>) -> Result<()> {
    let server = &session.opened["serverInfo"];
    let named = |member: &str| readable::text(server[member].as_str().unwrap_or_default());
    let (name, version) = (named("name"), named("version"));
    if let Ok(Connected { transport, revision }) = connected.await {
        let revision =
            revision.map_or("an unknown revision", crate::protocol::ProtocolVersion::name);
        line("connected", &format!("{name} {version}, legacy era ({revision}), {transport}"));
    }
    let tools = all_tools(session).await?;
    line("tools", &tools.len().to_string());
    let arguments = json!({ "stockBelow": 10, "perPage": 50 });
    line("question", QUESTION);
    line("call", &format!("{TOOL} {arguments}"));
    let params = json!({ "name": TOOL, "arguments": arguments });
    let result = session.request(methods::TOOLS_CALL, params).await?;
    let result: Value = serde_json::from_str(result.get()).unwrap_or_default();
    let found: Found = serde_json::from_value(result["structuredContent"].clone())
        .map_err(|error| Error::failed(format!("the mock answered something else: {error}")))?;
    line("answer", &format!("{} products", found.items.len()));
    for row in found.items.iter().flat_map(Product::rows) {
        line("", &row);
    }
    Ok(())
}

fn line(label: &str, text: &str) {
    to_stdout(&format!("{label:<12} {text}\n"));
}

#[derive(Deserialize)]
struct Found {
    items: Vec<Product>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Product {
    title: String,
    #[serde(default)]
    low_variants: Vec<Variant>,
}

#[derive(Deserialize)]
struct Variant {
    sku: String,
    title: String,
    stock: i64,
}

impl Product {
    /// Title, then each variant that runs low.
    fn rows(&self) -> Vec<String> {
        let row = |variant: &Variant| {
            let title = format!("{}, {}", self.title, variant.title);
            let (title, sku) = (readable::text(&title), readable::text(&variant.sku));
            format!("{title:<30} {sku:<10} {:>3} left", variant.stock)
        };
        self.low_variants.iter().map(row).collect()
    }
}
