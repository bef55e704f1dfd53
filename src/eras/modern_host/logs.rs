//! Log messages: requested per request since 2026-07-28, per session before (E-62). The session's
//! level is the most verbose one that an open request wants; each message is then filtered by its
//! own request's level.

use serde_json::json;

use super::calls::CallStage;
use super::{HostContext, ModernHost, RequestPurpose};
use crate::jsonrpc::{Frame, Message, MessageKind};
use crate::protocol::{LogLevel, methods};

/// The level of the session.
#[derive(Debug, Default)]
pub(super) struct SessionLogLevel {
    current: Option<LogLevel>,
    /// A level is being set.
    setting: bool,
}

impl SessionLogLevel {
    /// Forgets the level, because a new session has none.
    pub(super) fn forget(&mut self) {
        self.current = None;
    }
}

impl ModernHost {
    /// Sets the session's level if it has to change; otherwise sends the calls that wait for it.
    pub(super) fn settle_level(&mut self, cx: &mut HostContext<'_>) {
        let wanted = self.calls.values().filter_map(|call| call.requester.as_ref()?.level).min();
        let differs = wanted.is_some() && wanted != self.logs.current;
        let must_set = differs && self.session.server_has("logging");
        if let Some(level) = wanted.filter(|_| must_set && !self.logs.setting) {
            self.logs.setting = true;
            self.ask(
                RequestPurpose::Level(level),
                methods::SET_LEVEL,
                &json!({ "level": level.name() }),
                cx,
            );
        }
        let held_back = self.logs.setting || must_set;
        let ready: Vec<u64> = self
            .calls
            .iter()
            .filter(|(_, call)| !held_back && matches!(call.stage, CallStage::Level))
            .map(|(number, _)| *number)
            .collect();
        for number in ready {
            self.send_call(number, cx);
        }
    }

    /// Handles the answer to setting the level. A server that refuses it is not asked again.
    pub(super) fn level_answered(
        &mut self,
        level: LogLevel,
        answer: &Message,
        cx: &mut HostContext<'_>,
    ) {
        if answer.kind() == MessageKind::ErrorResponse {
            tracing::warn!(level = level.name(), "the server did not set the log level");
        }
        self.logs.setting = false;
        self.logs.current = Some(level);
        self.settle_level(cx);
    }

    /// Sends a log message to the host if it belongs to an open request that wants its level. One
    /// that belongs to no request goes to our own log.
    pub(super) fn handle_log(
        &mut self,
        message: &Message,
        call: Option<u64>,
        cx: &mut HostContext<'_>,
    ) {
        #[derive(serde::Deserialize)]
        struct Leveled {
            level: String,
        }
        let level = message.params_as::<Leveled>().and_then(|p| LogLevel::from_name(&p.level));
        let requester = call.and_then(|call| self.calls.get(&call)?.requester.as_ref());
        let wanted = requester.and_then(|requester| requester.level);
        match (wanted, level) {
            (Some(wanted), Some(level)) if wanted <= level => {
                self.say(Frame::from(message.raw().clone()), cx);
            }
            _ if call.is_none() => {
                let data = crate::redact::plain(message.params().unwrap_or_default());
                tracing::debug!("the server logs: {data}");
            }
            _ => {}
        }
    }
}
