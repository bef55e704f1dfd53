//! Checks a real session with the server, through the same bridge that a host uses: transport, era
//! and tools. Opens no browser.

use std::time::Instant;

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::STEP_TIMEOUT;
use super::check::{Check, CheckVerdict, Subject};
use super::trust::PinState;
use crate::bridge::{BridgeOptions, Connected, Pin};
use crate::commands::run_bridge::for_host_in_process;
use crate::commands::session::{CommandSession, Lines, SessionOptions};
use crate::commands::tools::all_tools;
use crate::error::{ExitCode, Result};
use crate::jsonrpc::{self, Message, MessageKind, RequestId};
use crate::protocol::{Era, ProtocolVersion, meta, methods};
use crate::redact::plain;

/// The name of the deprecated transport.
const HTTP_SSE: &str = "HTTP+SSE";

/// Checks whether a session can be opened, the tools, whether they are the pinned ones, and the
/// era.
pub(super) async fn checks(mut options: BridgeOptions, pins: &PinState, subject: &mut Subject<'_>) {
    let (sender, connected) = oneshot::channel();
    let as_modern_host = BridgeOptions {
        protocol: Pin::Only(Era::Modern),
        ..BridgeOptions::new(options.remote.clone())
    };
    let is_pinned = options.protocol != Pin::Auto;
    options.connected = Some(sender);
    let started = Instant::now();
    let worked = for_host_in_process(options, async |lines| {
        let mut session = CommandSession::open(lines, SessionOptions::default()).await?;
        let server = describe_server(&session.opened["serverInfo"]);
        let opening = Check::ok("session", format!("opened with {server}"));
        subject.add(opening.took(started.elapsed()));
        let asked = Instant::now();
        let tools = all_tools(&mut session).await;
        let listed = asked.elapsed();
        let pinned = pins.check(tools.as_deref().ok());
        subject.add(check_tools(tools.map(|tools| tools.len())).took(listed));
        pinned.into_iter().for_each(|check| subject.add(check));
        session.close().await;
        Ok(())
    });
    match tokio::time::timeout(STEP_TIMEOUT, worked).await {
        Err(_) => {
            let says = format!("no session within {} s", STEP_TIMEOUT.as_secs());
            return subject.add(Check::fail("session", says).next("try again later"));
        }
        // The sign-in has its own checks.
        Ok(Err(error)) if error.exit_code() == ExitCode::LoginNeeded => {
            return subject
                .add(Check::error("session", &error).with_verdict(CheckVerdict::Skipped));
        }
        Ok(Err(error)) => return subject.add(Check::error("session", &error)),
        Ok(Ok(())) => {}
    }
    if let Ok(connected) = connected.await {
        let is_legacy = connected.revision.is_none_or(|found| found.era() == Era::Legacy);
        let speaks_both = is_legacy
            && !is_pinned
            && connected.transport != HTTP_SSE
            && answers_modern_hosts(as_modern_host).await;
        subject.add(era(&connected, speaks_both));
    }
}

/// Returns whether a server that speaks with legacy hosts also speaks with modern ones. To a legacy
/// host it looks like a legacy server, so this asks as a modern host (E-02).
async fn answers_modern_hosts(options: BridgeOptions) -> bool {
    let meta = json!({
        meta::PROTOCOL_VERSION: ProtocolVersion::NEWEST_MODERN.name(),
        meta::CLIENT_INFO: { "name": "mcp-tether", "version": env!("CARGO_PKG_VERSION") },
        meta::CLIENT_CAPABILITIES: {},
    });
    let params = json!({ "_meta": meta }).to_string();
    let discover = jsonrpc::request(&RequestId::from(1), methods::DISCOVER, Some(&params));
    let asked = for_host_in_process(options, async |mut lines: Lines| {
        // If the bridge has ended, the next receive reports it.
        let _ = lines.to_bridge.send(discover.into()).await;
        while let Some(line) = lines.from_bridge.recv().await {
            match Message::parse(line).map(|message| message.kind()) {
                Ok(MessageKind::Response) => return Ok(true),
                Ok(MessageKind::ErrorResponse) => return Ok(false),
                _ => {}
            }
        }
        Ok(false)
    });
    matches!(tokio::time::timeout(STEP_TIMEOUT, asked).await, Ok(Ok(true)))
}

fn describe_server(server: &Value) -> String {
    let text = |member: &str| plain(server[member].as_str().unwrap_or_default());
    match (text("name"), text("version")) {
        (name, _) if name.is_empty() => "a server without a name".to_owned(),
        (name, version) if version.is_empty() => format!("`{name}`"),
        (name, version) => format!("`{name}` {version}"),
    }
}

fn check_tools(tools: Result<usize>) -> Check {
    match tools {
        Ok(0) => Check::warn("tools", "the server has no tools"),
        Ok(1) => Check::ok("tools", "the server has 1 tool"),
        Ok(count) => Check::ok("tools", format!("the server has {count} tools")),
        Err(error) => Check::error("tools", &error),
    }
}

/// Says for which hosts the bridge translates (E-02).
fn era(Connected { transport, revision }: &Connected, speaks_both: bool) -> Check {
    let newest = ProtocolVersion::NEWEST_LEGACY;
    let modern = ProtocolVersion::NEWEST_MODERN;
    let hosts = match revision.map(ProtocolVersion::era) {
        _ if speaks_both => format!("{modern} too, so no host needs a translation"),
        Some(Era::Modern) => format!("translated for hosts older than {modern}"),
        Some(Era::Legacy) | None => format!("translated for hosts newer than {newest}"),
    };
    let revision = revision.map_or("an unknown revision", ProtocolVersion::name);
    let says = format!("{revision} over {transport}; {hosts}");
    match *transport {
        HTTP_SSE => Check::warn("era", says)
            .next("HTTP+SSE is deprecated: ask the server's operator for Streamable HTTP"),
        _ => Check::ok("era", says),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn a_server_is_described_by_what_it_says_of_itself() {
        for (server, words) in [
            (json!({ "name": "shop", "version": "1.2" }), "`shop` 1.2"),
            (json!({ "name": "shop" }), "`shop`"),
            (json!({ "name": "shop", "version": 3 }), "`shop`"),
            (json!({ "version": "1.2" }), "a server without a name"),
            (json!({ "name": "" }), "a server without a name"),
            (json!(null), "a server without a name"),
            (json!("shop"), "a server without a name"),
        ] {
            assert_eq!(describe_server(&server), words);
        }
        let painted = describe_server(&json!({ "name": "a\u{1b}[31m", "version": "\u{7}" }));
        assert!(!painted.contains(['\u{1b}', '\u{7}']), "{painted}");
    }

    #[test]
    fn a_server_without_tools_is_a_warning() {
        for (tools, verdict, says) in [
            (Ok(0), CheckVerdict::Warn, "the server has no tools"),
            (Ok(1), CheckVerdict::Ok, "the server has 1 tool"),
            (Ok(2), CheckVerdict::Ok, "the server has 2 tools"),
            (Err(Error::failed("broken").hint("mend it")), CheckVerdict::Fail, "broken"),
        ] {
            let check = check_tools(tools);
            assert_eq!((check.verdict, check.says.as_str()), (verdict, says));
        }
    }

    /// E-02
    #[test]
    fn the_era_says_for_which_hosts_messages_are_translated() {
        let (legacy, modern) = (ProtocolVersion::NEWEST_LEGACY, ProtocolVersion::NEWEST_MODERN);
        let of = |transport, revision, speaks_both| {
            era(&Connected { transport, revision }, speaks_both).says
        };
        let http = "Streamable HTTP";
        let newer = format!("translated for hosts newer than {legacy}");
        let older = format!("translated for hosts older than {modern}");
        let both = format!("{modern} too, so no host needs a translation");
        assert_eq!(of(http, Some(legacy), false), format!("{legacy} over {http}; {newer}"));
        assert_eq!(of(http, None, false), format!("an unknown revision over {http}; {newer}"));
        assert_eq!(of(http, Some(modern), false), format!("{modern} over {http}; {older}"));
        assert_eq!(of(http, Some(legacy), true), format!("{legacy} over {http}; {both}"));
        let verdict = |transport| era(&Connected { transport, revision: None }, false).verdict;
        assert_eq!((verdict(http), verdict(HTTP_SSE)), (CheckVerdict::Ok, CheckVerdict::Warn));
    }
}
