//! Log levels: a session's `logging/setLevel` becomes a key of every later request (E-60, E-61).

use serde::Deserialize;

use super::{ModernRemote, RemoteContext};
use crate::jsonrpc::Message;
use crate::protocol::{LogLevel, codes};

#[derive(Deserialize)]
struct Level {
    level: String,
}

impl ModernRemote {
    /// Answers `logging/setLevel`: from now on, each request carries the level.
    pub(super) fn set_level(&mut self, number: u64, request: &Message, cx: &mut RemoteContext<'_>) {
        let level = request.params_as::<Level>().map(|params| params.level);
        match (level.filter(|level| LogLevel::from_name(level).is_some()), &mut self.envelope) {
            (Some(level), Some(envelope)) => {
                envelope.log_level = Some(level);
                self.answer_empty(number, cx);
            }
            _ => {
                let text = format!("the level must be one of {}", LogLevel::NAMES.join(", "));
                self.answer_error(number, codes::INVALID_PARAMS, &text, cx);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::Played;

    /// E-60, E-61
    #[test]
    fn a_level_is_kept_here_and_goes_with_every_later_request() {
        let mut played = Played::open();
        let level = |played: &mut Played| {
            let exchange = played.request("prompts/list", json!({}));
            played.body(exchange)["params"]["_meta"]["io.modelcontextprotocol/logLevel"].clone()
        };
        assert!(level(&mut played).is_null(), "silence until a level is set");
        assert_eq!(played.local("logging/setLevel", json!({ "level": "info" })), json!({}));
        assert_eq!(level(&mut played), "info");
        let refused = played.local("logging/setLevel", json!({ "level": "trace" }));
        assert_eq!(refused["code"], -32602);
        assert_eq!(level(&mut played), "info");
    }
}
