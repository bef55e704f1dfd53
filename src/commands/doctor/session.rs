//! A real session with the server, through the very bridge that a host uses: transport, era, tools and
//! how long each took. Opens no browser.

use std::time::Instant;

use serde_json::Value;
use tokio::sync::oneshot;

use super::PATIENCE;
use super::check::{Check, Verdict};
use crate::bridge::{BridgeOptions, Connected};
use crate::commands::session::{Manner, Session};
use crate::commands::tools::all_tools;
use crate::commands::wire::through_bridge;
use crate::error::{ExitCode, Result};
use crate::protocol::{Era, ProtocolVersion};
use crate::redact::plain;

/// Opening, era, tools.
pub async fn checks(mut options: BridgeOptions) -> Vec<Check> {
    let (sender, connected) = oneshot::channel();
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
        checks.insert(1, era(&connected));
    }
    checks
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
fn era(Connected { transport, revision }: &Connected) -> Check {
    let newest = ProtocolVersion::NEWEST_LEGACY;
    let modern = ProtocolVersion::NEWEST_MODERN;
    let hosts = match revision.map(ProtocolVersion::era) {
        Some(Era::Modern) => format!("hosts of {modern} pass through, older ones are translated"),
        Some(Era::Legacy) | None => {
            format!("hosts up to {newest} pass through, those of {modern} are translated")
        }
    };
    let revision = revision.map_or("an unknown revision", ProtocolVersion::name);
    let says = format!("{revision} over {transport}; {hosts}");
    match *transport {
        "HTTP+SSE" => Check::warn("era", says)
            .next("HTTP+SSE is deprecated: ask the server's operator for Streamable HTTP"),
        _ => Check::ok("era", says),
    }
}
