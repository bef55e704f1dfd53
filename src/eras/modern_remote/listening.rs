//! Listens for changes of lists, which legacy hosts expect without asking (E-40, E-45).

use std::time::Duration;

use super::notices::{notify, without_subscription};
use super::{Due, ModernRemote, RemoteContext, RemoteEffect, Role};
use crate::jsonrpc::{Frame, Message, Object, notification};
use crate::protocol::meta::filter;
use crate::protocol::methods;

/// The capability of each list, its member in the filter, and the notification of its changes.
pub(super) const LISTS: [(&str, &str, &str); 3] = [
    ("tools", filter::TOOLS, methods::TOOLS_CHANGED),
    ("prompts", filter::PROMPTS, methods::PROMPTS_CHANGED),
    ("resources", filter::RESOURCES, methods::RESOURCES_CHANGED),
];
/// The pause before listening again after the remote ended the listen on purpose.
const AFTER_END: Duration = Duration::from_secs(5);
/// How many times in a row listening may fail at first; then the remote does not offer it.
const FRUITLESS: u32 = 3;

/// The state of the listen for lists.
#[derive(Debug, Default)]
pub(super) struct ListListen {
    /// How many times in a row it was lost.
    losses: u32,
    acknowledged: bool,
    /// Whether changes may have been missed.
    interrupted: bool,
}

/// A growing pause, with jitter so that many bridges do not listen again at the same time.
pub(super) fn backoff(losses: u32, spread: u64) -> Duration {
    let base = 200u64.saturating_mul(1 << losses.min(8)).min(30_000);
    Duration::from_millis(base + spread.wrapping_mul(7919) % (base / 4 + 1))
}

impl ModernRemote {
    /// Listens for the remote's announcements, because the host is ready for notifications (E-40).
    pub fn listen(&mut self, cx: &mut RemoteContext<'_>) {
        if !self.exchanges.values().any(|role| *role == Role::Lists) {
            self.listen_for_lists(cx);
        }
    }

    /// Listens for changes of the lists for which the remote announces them.
    pub(super) fn listen_for_lists(&mut self, cx: &mut RemoteContext<'_>) {
        let announced =
            LISTS.iter().filter(|(capability, ..)| self.discovered.announces(capability));
        let flags: Vec<String> =
            announced.map(|(_, member, _)| format!(r#""{member}":true"#)).collect();
        if flags.is_empty() || self.envelope.is_none() {
            return;
        }
        let params = format!(r#"{{"notifications":{{{}}}}}"#, flags.join(","));
        self.ask_aside(methods::LISTEN, &params, None, Role::Lists, cx);
    }

    /// Handles a message on the stream that announces changes of lists.
    pub(super) fn handle_list_notice(&mut self, message: &Message, cx: &mut RemoteContext<'_>) {
        if message.method() != methods::ACKNOWLEDGED {
            return notify(without_subscription(message), cx);
        }
        self.lists.losses = 0;
        self.lists.acknowledged = true;
        let granted = granted_filter(message);
        if std::mem::take(&mut self.lists.interrupted) {
            for method in missed_methods(&granted) {
                let line = notification(method, None);
                cx.emit(RemoteEffect::Notify(Frame::from(line)));
            }
        }
        tracing::debug!(granted, "listening for changes of lists");
    }

    /// Listens again later, after a longer pause if the end was graceful (E-45).
    pub(super) fn lists_ended(&mut self, graceful: bool, cx: &mut RemoteContext<'_>) {
        self.lists.losses += 1;
        self.lists.interrupted |= self.lists.acknowledged;
        if !self.lists.acknowledged && self.lists.losses >= FRUITLESS {
            return tracing::info!("the server does not announce changes of its lists");
        }
        let spread = cx.numbers.fresh();
        let growing = backoff(self.lists.losses, spread);
        self.later(if graceful { growing.max(AFTER_END) } else { growing }, Due::Lists, cx);
    }
}

/// The filter that an acknowledgement grants, as JSON.
pub(super) fn granted_filter(message: &Message) -> String {
    let params = message.params().and_then(Object::parse);
    params.and_then(|params| params.get(filter::KEY)).unwrap_or("{}").to_owned()
}

/// The notifications of list changes that may have been missed under this filter.
pub(super) fn missed_methods(granted: &str) -> Vec<&'static str> {
    let Some(granted) = Object::parse(granted) else { return Vec::new() };
    let missed = LISTS.iter().filter(|(_, member, _)| granted.get(member) == Some("true"));
    missed.map(|(.., method)| *method).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::Played;

    fn acknowledge(played: &mut Played, listen: u64) {
        let id = json!({ "io.modelcontextprotocol/subscriptionId": listen });
        let params = json!({ "_meta": id, "notifications": { "toolsListChanged": true } });
        played.notify(listen, "notifications/subscriptions/acknowledged", params);
    }

    fn methods(notices: Vec<Value>) -> Vec<String> {
        notices.iter().map(|n| n["method"].as_str().unwrap().to_owned()).collect()
    }

    /// E-40
    #[test]
    fn what_the_remote_announces_is_listened_for_and_relayed() {
        let mut played = Played::open();
        let listen = played.listen();
        let body = played.body(listen);
        assert_eq!(body["method"], "subscriptions/listen");
        assert_eq!(body["params"]["notifications"], json!({ "toolsListChanged": true }));
        acknowledge(&mut played, listen);
        assert!(played.notices().is_empty(), "the acknowledgement is not the host's business");
        let id = json!({ "_meta": { "io.modelcontextprotocol/subscriptionId": listen } });
        played.notify(listen, "notifications/tools/list_changed", id);
        let expected = json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" });
        assert_eq!(played.notices(), [expected]);
    }

    /// E-45
    #[test]
    fn a_lost_listen_comes_back_under_a_new_id_and_tells_what_may_be_missed() {
        let mut played = Played::open();
        let first = played.listen();
        acknowledge(&mut played, first);
        played.lose(first);
        assert!(!played.wait().is_zero());
        let second = played.last_exchange();
        assert_ne!(first, second);
        acknowledge(&mut played, second);
        assert_eq!(methods(played.notices()), ["notifications/tools/list_changed"]);
    }

    /// E-45: no tight loop, and a graceful end is followed by a longer pause
    #[test]
    fn pauses_grow_and_a_graceful_end_is_waited_out() {
        let mut played = Played::open();
        let first = played.listen();
        acknowledge(&mut played, first);
        let mut pauses = Vec::new();
        for _ in 0..4 {
            let listen = played.last_exchange();
            played.lose(listen);
            pauses.push(played.wait());
        }
        assert!(pauses[3] > pauses[0] * 4, "{pauses:?}");
        let listen = played.last_exchange();
        acknowledge(&mut played, listen);
        played.answer(listen, json!({ "resultType": "complete" }));
        assert!(played.wait().as_secs() >= 5);
    }

    /// E-40: nothing is kept up with a remote that does not know it
    #[test]
    fn a_remote_that_refuses_to_be_listened_to_is_left_alone() {
        let mut played = Played::open();
        let mut listen = played.listen();
        for _ in 0..2 {
            played.error(listen, json!({ "code": -32601, "message": "m" }));
            played.wait();
            listen = played.last_exchange();
        }
        played.error(listen, json!({ "code": -32601, "message": "m" }));
        assert!(played.nothing_is_due());
    }
}
