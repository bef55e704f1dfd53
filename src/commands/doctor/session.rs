//! A real session with the server, through the very bridge that a host uses: transport, era, tools
//! and how long each took. Opens no browser.

use std::time::Instant;

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::PATIENCE;
use super::check::{Check, Verdict};
use crate::bridge::{BridgeOptions, Connected, Pin};
use crate::commands::session::{Lines, Manner, Session};
use crate::commands::tools::all_tools;
use crate::commands::wire::through_bridge;
use crate::error::{ExitCode, Result};
use crate::jsonrpc::{Message, MessageKind};
use crate::protocol::{Era, ProtocolVersion, meta, methods};
use crate::redact::plain;

/// The name of the deprecated transport.
const HTTP_SSE: &str = "HTTP+SSE";

/// Opening, era, tools.
pub async fn checks(mut options: BridgeOptions) -> Vec<Check> {
    let (sender, connected) = oneshot::channel();
    let as_modern_host = BridgeOptions {
        protocol: Pin::Only(Era::Modern),
        ..BridgeOptions::new(options.remote.clone())
    };
    let is_pinned = options.protocol != Pin::Auto;
    options.connected = Some(sender);
    let started = Instant::now();
    let worked = through_bridge(options, async |lines| {
        let mut session = Session::open(lines, Manner::default()).await?;
        let opened = started.elapsed();
        let asked = Instant::now();
        let tools = all_tools(&mut session).await.map(|tools| tools.len());
        let listed = asked.elapsed();
        let server = session.opened["serverInfo"].clone();
        session.close().await;
        let opening = Check::ok("session", format!("opened with {}", named(&server)));
        Ok(vec![opening.took(opened), told(tools).took(listed)])
    });
    let mut checks = match tokio::time::timeout(PATIENCE, worked).await {
        Err(_) => {
            let says = format!("no session came about in {} s", PATIENCE.as_secs());
            return vec![Check::fail("session", says).next("try again later")];
        }
        // The sign-in is a subject of its own.
        Ok(Err(error)) if error.exit_code() == ExitCode::LoginNeeded => {
            return vec![Check::error("session", &error).judged(Verdict::Skipped)];
        }
        Ok(Err(error)) => return vec![Check::error("session", &error)],
        Ok(Ok(checks)) => checks,
    };
    if let Ok(connected) = connected.await {
        let is_legacy = connected.revision.is_none_or(|found| found.era() == Era::Legacy);
        let speaks_both = is_legacy
            && !is_pinned
            && connected.transport != HTTP_SSE
            && answers_modern_hosts(as_modern_host).await;
        checks.insert(1, era(&connected, speaks_both));
    }
    checks
}

/// Whether a server that speaks with legacy hosts does so with modern ones too: to a legacy host it
/// is a legacy server, so it has to be asked as the other kind (E-02).
async fn answers_modern_hosts(options: BridgeOptions) -> bool {
    let meta = json!({
        meta::PROTOCOL_VERSION: ProtocolVersion::NEWEST_MODERN.name(),
        meta::CLIENT_INFO: { "name": "mcp-tether", "version": env!("CARGO_PKG_VERSION") },
        meta::CLIENT_CAPABILITIES: {},
    });
    let params = json!({ "_meta": meta });
    let discover =
        json!({ "jsonrpc": "2.0", "id": 1, "method": methods::DISCOVER, "params": params });
    let asked = through_bridge(options, async |mut lines: Lines| {
        // A bridge that is gone shows when nothing more can be received.
        let _ = lines.to_bridge.send(discover.to_string().into()).await;
        while let Some(line) = lines.from_bridge.recv().await {
            match Message::parse(line).map(|message| message.kind()) {
                Ok(MessageKind::Response) => return Ok(true),
                Ok(MessageKind::ErrorResponse) => return Ok(false),
                _ => {}
            }
        }
        Ok(false)
    });
    matches!(tokio::time::timeout(PATIENCE, asked).await, Ok(Ok(true)))
}

fn named(server: &Value) -> String {
    let text = |member: &str| plain(server[member].as_str().unwrap_or_default());
    match (text("name"), text("version")) {
        (name, _) if name.is_empty() => "a server without a name".to_owned(),
        (name, version) if version.is_empty() => format!("`{name}`"),
        (name, version) => format!("`{name}` {version}"),
    }
}

fn told(tools: Result<usize>) -> Check {
    match tools {
        Ok(0) => Check::warn("tools", "the server offers no tools"),
        Ok(1) => Check::ok("tools", "the server offers 1 tool"),
        Ok(count) => Check::ok("tools", format!("the server offers {count} tools")),
        Err(error) => Check::error("tools", &error),
    }
}

/// Which hosts are translated for (E-02): same-era relaying needs none.
fn era(Connected { transport, revision }: &Connected, speaks_both: bool) -> Check {
    let newest = ProtocolVersion::NEWEST_LEGACY;
    let modern = ProtocolVersion::NEWEST_MODERN;
    let hosts = match revision.map(ProtocolVersion::era) {
        _ if speaks_both => format!("{modern} too: no host needs a translation"),
        Some(Era::Modern) => format!("hosts of {modern} pass through, older ones are translated"),
        Some(Era::Legacy) | None => {
            format!("hosts up to {newest} pass through, those of {modern} are translated")
        }
    };
    let revision = revision.map_or("an unknown revision", ProtocolVersion::name);
    let says = format!("{revision} over {transport}; {hosts}");
    match *transport {
        HTTP_SSE => Check::warn("era", says)
            .next("HTTP+SSE is deprecated: ask the server's operator for Streamable HTTP"),
        _ => Check::ok("era", says),
    }
}
