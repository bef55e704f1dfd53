//! `mcp-tether demo`: a mock shop behind a bridge. At a terminal it prints a short conversation;
//! for a host it is an ordinary MCP server.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::{Method, header};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use url::Url;

use super::demo_question::DemoQuestion;
use super::logging;
use super::prepare::block_on;
use super::readable;
use super::run_bridge::{for_host_in_process, on_stdio};
use super::serve_mock::{ServeOptions, error_for_mock, mock_options};
use super::session::{CommandSession, SessionOptions};
use super::tools::all_tools;
use crate::auth::{AuthOptions, AuthServices, Authorizer, MemoryVault};
use crate::bridge::{BridgeOptions, Connected};
use crate::environment::{Paint, paint, stdin_is_terminal, to_stderr, to_stdout};
use crate::error::{Error, ExitCode, Result};
use crate::http::{HttpOptions, Outbound, Request, Target};
use crate::platform::{Browser, BrowserError, SystemClock};
use crate::protocol::methods;
use crate::remote::RemoteOptions;
use crate::settings::LogOptions;
use mcp_tether_mock::{
    Auth, ConsentPolicy, IssuerOptions, MockOptions, MockRemote, OAuthOptions, ProductName,
};

/// How many redirects of a page are followed.
const MAX_REDIRECTS: usize = 10;

/// Starts the mock and a bridge to it.
///
/// # Errors
/// The product is unknown, or the mock cannot be started.
pub(crate) fn run(options: &ServeOptions, talk: bool) -> Result<ExitCode> {
    logging::start(&LogOptions::default())?;
    let mock = mock_options(options)?;
    let accounts = mock.product.accounts();
    let consent =
        IssuerOptions { consent: ConsentPolicy::Approve, accounts, ..IssuerOptions::default() };
    let auth = Auth::OAuthOrApiKey(OAuthOptions::with_issuer(consent));
    let mock = MockOptions { auth, ..mock };
    let (product, port) = (mock.product, mock.port);
    let remote = MockRemote::start(mock).map_err(|error| error_for_mock(&error, port))?;
    if talk || stdin_is_terminal() {
        block_on(converse(&remote, product))?;
        return Ok(ExitCode::Ok);
    }
    to_stderr("speaking MCP on stdin\nhint: `mcp-tether demo --talk` shows a session\n");
    block_on(on_stdio(bridge_to(&remote)))
}

/// A bridge that signs in to the mock. It stores nothing, and the mock approves the sign-in itself,
/// so the demo needs no browser.
fn bridge_to(remote: &MockRemote) -> BridgeOptions {
    let mut options = RemoteOptions::new(remote.url());
    let services = AuthServices {
        vault: Arc::new(MemoryVault::new()),
        browser: Arc::new(AutomaticBrowser),
        clock: Arc::new(SystemClock),
        notice: Arc::new(|_: &str| {}),
        jobs: None,
    };
    let auth = AuthOptions::new(remote.url());
    options.authorizer = Authorizer::new(auth, &HttpOptions::default(), services);
    BridgeOptions::new(options)
}

/// Requests a page and follows its redirects, instead of showing it.
#[derive(Debug)]
struct AutomaticBrowser;

impl Browser for AutomaticBrowser {
    fn open(&self, url: &Url) -> BoxFuture<'_, std::result::Result<(), BrowserError>> {
        let url = url.clone();
        Box::pin(async move {
            tokio::spawn(async move {
                // The sign-in learns the result through its callback.
                let _ = visit(url).await;
            });
            Ok(())
        })
    }
}

fn cannot_visit(url: &Url, error: &dyn std::error::Error) -> Error {
    Error::failed(format!("cannot open `{url}` of the mock: {error}"))
        .hint("check that nothing keeps programs from talking to `127.0.0.1`, then try again")
}

/// Requests a page and follows its redirects, like a browser.
async fn visit(mut url: Url) -> Result<()> {
    for _ in 0..MAX_REDIRECTS {
        let outbound = Outbound::new(&HttpOptions::default(), &url)?;
        let target = Target::new(url.clone()).map_err(|error| cannot_visit(&url, &error))?;
        let request = Request::new(Method::GET, target, outbound.default_headers().clone());
        let sent = outbound.send(request).await;
        let response = sent.map_err(|error| cannot_visit(&url, &error))?;
        let location = response.headers().get(header::LOCATION);
        match location.and_then(|target| url.join(target.to_str().ok()?).ok()) {
            Some(next) if response.status().is_redirection() => url = next,
            _ => return Ok(()),
        }
    }
    Ok(())
}

async fn converse(remote: &MockRemote, product: ProductName) -> Result<()> {
    let mut options = bridge_to(remote);
    let (sender, connected) = oneshot::channel();
    options.connected = Some(sender);
    line("mock server", &format!("{product} at {}", remote.url()));
    line("sign-in", "OAuth, approved by the mock itself instead of in a browser");
    for_host_in_process(options, async |lines| {
        let mut session = CommandSession::open(lines, SessionOptions::default()).await?;
        let outcome = print_session(&mut session, connected, &DemoQuestion::to(product)).await;
        session.close().await;
        outcome
    })
    .await?;
    let named = match product {
        ProductName::Egrow => String::new(),
        other => format!(" --product {other}"),
    };
    let served = match product {
        ProductName::Egrow => String::new(),
        other => format!(" {other}"),
    };
    to_stdout("\n");
    line("in a host", &format!("command `mcp-tether`, arguments `demo{named}`"));
    line("look around", &format!("`mcp-tether mock{served} --open`, then `mcp-tether tools URL`"));
    Ok(())
}

async fn print_session(
    session: &mut CommandSession,
    connected: oneshot::Receiver<Connected>,
    question: &DemoQuestion,
) -> Result<()> {
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
    let DemoQuestion { words, tool, arguments, answer } = question;
    line("question", words);
    line("call", &format!("{tool} {arguments}"));
    let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
    let params = json!({ "name": tool, "arguments": arguments });
    let result = session.request(methods::TOOLS_CALL, params).await?;
    let result: Value = serde_json::from_str(result.get()).unwrap_or_default();
    let lines = answer(&result).ok_or_else(|| {
        Error::failed(format!("the mock gave an unexpected answer: {result}"))
            .hint("please report this as a bug in `mcp-tether`")
    })?;
    for (position, text) in lines.iter().enumerate() {
        line(if position == 0 { "answer" } else { "" }, text);
    }
    Ok(())
}

fn line(label: &str, text: &str) {
    let label = paint(Paint::Next, &format!("{label:<11}"));
    to_stdout(&format!("{label}  {text}\n"));
}
