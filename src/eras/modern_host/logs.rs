//! Log messages: wanted per request since 2026-07-28, per session before (E-62). The session's
//! level is the most verbose one that an open request wants; each message is then judged by its own
//! request.

use serde_json::json;

use super::calls::Stage;
use super::{Asked, ModernHost};
use crate::jsonrpc::{Frame, Kind, Message};
use crate::protocol::{LogLevel, methods};

/// The level of the session.
#[derive(Debug, Default)]
pub(super) struct Logs {
    current: Option<LogLevel>,
    /// A level is being set.
    setting: bool,
}

impl Logs {
    /// A new session has no level yet.
    pub(super) fn forget(&mut self) {
        self.current = None;
    }
}

impl ModernHost {
    /// Sets the session's level if that is due, and sends the calls that wait for it otherwise.
    pub(super) fn settle_level(&mut self) {
        let wanted = self.calls.values().filter_map(|call| call.asker.as_ref()?.level).min();
        let differs = wanted.is_some() && wanted != self.logs.current;
        let must_set = differs && self.session.server_has("logging");
        if let Some(level) = wanted.filter(|_| must_set && !self.logs.setting) {
            self.logs.setting = true;
            self.ask(Asked::Level(level), methods::SET_LEVEL, &json!({ "level": level.name() }));
        }
        let held_back = self.logs.setting || must_set;
        let ready: Vec<u64> = self
            .calls
            .iter()
            .filter(|(_, call)| !held_back && matches!(call.stage, Stage::Level))
            .map(|(number, _)| *number)
            .collect();
        for number in ready {
            self.send_call(number);
        }
    }

    /// The level is set; a server that refuses it is taken at its word and not asked again.
    pub(super) fn level_answered(&mut self, level: LogLevel, answer: &Message) {
        if answer.kind() == Kind::ErrorResponse {
            tracing::warn!(level = level.name(), "the server did not set the log level");
        }
        self.logs.setting = false;
        self.logs.current = Some(level);
        self.settle_level();
    }

    /// A log message goes to the host only for a request that wants its level, before the answer;
    /// what belongs to no request goes to stderr.
    pub(super) fn take_log(&mut self, message: &Message, call: Option<u64>) {
        #[derive(serde::Deserialize)]
        struct Leveled {
            level: String,
        }
        let level = message.params_as::<Leveled>().and_then(|p| LogLevel::from_name(&p.level));
        let asker = call.and_then(|call| self.calls.get(&call)?.asker.as_ref());
        let wanted = asker.and_then(|asker| asker.level);
        match (wanted, level) {
            (Some(wanted), Some(level)) if wanted <= level => {
                self.say(Frame::from(message.raw().clone()));
            }
            _ if call.is_none() => {
                let data = crate::redact::plain(message.params().unwrap_or_default());
                tracing::debug!("the server logs: {data}");
            }
            _ => {}
        }
    }
}
