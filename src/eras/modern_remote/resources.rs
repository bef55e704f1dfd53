//! Subscriptions to single resources: the `resources/subscribe` requests of a session become one
//! listen with all URIs, which is replaced when they change (E-41, E-42, E-45).

use std::collections::{BTreeSet, VecDeque};

use serde::Deserialize;

use super::listening::{backoff, granted_filter};
use super::notices::{notify, without_subscription};
use super::{Due, ModernRemote, RemoteContext, RemoteEffect, Role};
use crate::error::Failure;
use crate::jsonrpc::{Frame, Message, MessageKind, Object, notification};
use crate::protocol::meta::filter;
use crate::protocol::{codes, methods};

/// The listens for resources: the current one, and one that will replace it.
#[derive(Debug, Default)]
pub(super) struct Resources {
    current: Option<ResourceListen>,
    next: Option<ResourceListen>,
    /// Changes that arrived while one listen was replacing the other.
    queue: VecDeque<SubscriptionChange>,
    losses: u32,
    interrupted: bool,
}

#[derive(Debug, Default)]
struct ResourceListen {
    exchange: u64,
    uris: BTreeSet<String>,
    /// Requests that wait for the acknowledgement.
    waiting: Vec<(u64, String)>,
}

#[derive(Debug)]
enum SubscriptionChange {
    Subscribe(u64, String),
    Unsubscribe(String),
}

#[derive(Deserialize)]
struct ResourceParams {
    uri: String,
}

impl Resources {
    /// Forgets a request that was cancelled.
    pub(super) fn forget(&mut self, number: u64) {
        if let Some(next) = &mut self.next {
            next.waiting.retain(|(waiting, _)| *waiting != number);
        }
        self.queue
            .retain(|wish| !matches!(wish, SubscriptionChange::Subscribe(n, _) if *n == number));
    }

    fn has(&self, uri: &str) -> bool {
        self.current.as_ref().is_some_and(|current| current.uris.contains(uri))
    }
}

impl ModernRemote {
    /// Answers `resources/subscribe`, once a stream listens for the resource.
    pub(super) fn subscribe(&mut self, number: u64, request: &Message, cx: &mut RemoteContext<'_>) {
        let Some(ResourceParams { uri }) = request.params_as() else {
            return self.answer_error(number, codes::INVALID_PARAMS, "a `uri` is missing", cx);
        };
        if self.resources.has(&uri) && self.resources.next.is_none() {
            return self.answer_empty(number, cx);
        }
        self.resources.queue.push_back(SubscriptionChange::Subscribe(number, uri));
        self.replace_listen(cx);
    }

    /// Handles `resources/unsubscribe`. Answers at once, however long the remote takes (E-41).
    pub(super) fn unsubscribe(
        &mut self,
        number: u64,
        request: &Message,
        cx: &mut RemoteContext<'_>,
    ) {
        if let Some(ResourceParams { uri }) = request.params_as() {
            self.resources.queue.push_back(SubscriptionChange::Unsubscribe(uri));
            self.replace_listen(cx);
        }
        self.answer_empty(number, cx);
    }

    /// Opens a listen with all subscribed URIs, unless one is being opened.
    fn replace_listen(&mut self, cx: &mut RemoteContext<'_>) {
        let resources = &mut self.resources;
        if resources.next.is_some() || resources.queue.is_empty() {
            return;
        }
        let before = resources.current.as_ref().map(|current| current.uris.clone());
        let mut next = ResourceListen {
            uris: before.clone().unwrap_or_default(),
            ..ResourceListen::default()
        };
        for wish in std::mem::take(&mut resources.queue) {
            match wish {
                SubscriptionChange::Subscribe(number, uri) => {
                    next.uris.insert(uri.clone());
                    next.waiting.push((number, uri));
                }
                SubscriptionChange::Unsubscribe(uri) => {
                    next.uris.remove(&uri);
                }
            }
        }
        let waiting = std::mem::take(&mut next.waiting);
        let (known, new): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|(_, uri)| before.as_ref().is_some_and(|b| b.contains(uri)));
        for (number, _) in known {
            self.answer_empty(number, cx);
        }
        next.waiting = new;
        if next.uris.is_empty() {
            return self.stop_listening_for_resources(next, cx);
        }
        if Some(&next.uris) != before.as_ref() {
            next.exchange = self.open_listen(&next.uris, cx);
            self.resources.next = Some(next);
        }
    }

    fn stop_listening_for_resources(&mut self, next: ResourceListen, cx: &mut RemoteContext<'_>) {
        // These were subscribed and unsubscribed in the meantime.
        for (number, _) in next.waiting {
            self.answer_empty(number, cx);
        }
        if let Some(current) = self.resources.current.take() {
            self.close_listen(current.exchange, cx);
        }
    }

    fn close_listen(&mut self, exchange: u64, cx: &mut RemoteContext<'_>) {
        if self.exchanges.remove(&exchange).is_some() {
            cx.emit(RemoteEffect::Close(exchange));
        }
    }

    fn open_listen(&mut self, uris: &BTreeSet<String>, cx: &mut RemoteContext<'_>) -> u64 {
        let uris = serde_json::Value::from(uris.iter().cloned().collect::<Vec<_>>());
        let member = filter::RESOURCE_UPDATES;
        let params = format!(r#"{{"notifications":{{"{member}":{uris}}}}}"#);
        self.ask_aside(methods::LISTEN, &params, None, Role::Resources, cx)
    }

    /// Handles a message on a stream that announces updates of resources.
    pub(super) fn handle_resource_notice(
        &mut self,
        exchange: u64,
        message: &Message,
        cx: &mut RemoteContext<'_>,
    ) {
        if message.method() != methods::ACKNOWLEDGED {
            return notify(without_subscription(message), cx);
        }
        let granted = granted_uris(message);
        if let Some(next) = self.resources.next.take_if(|next| next.exchange == exchange) {
            self.adopt_listen(next, &granted, cx);
        }
        if std::mem::take(&mut self.resources.interrupted) {
            for uri in &granted {
                let params = format!(r#"{{"uri":{}}}"#, serde_json::Value::from(uri.as_str()));
                let line = notification(methods::RESOURCE_UPDATED, Some(&params));
                cx.emit(RemoteEffect::Notify(Frame::from(line)));
            }
        }
        self.resources.losses = 0;
        self.replace_listen(cx);
    }

    /// Makes an acknowledged listen the current one: closes the old one and answers the waiting
    /// requests (E-41).
    fn adopt_listen(
        &mut self,
        mut next: ResourceListen,
        granted: &BTreeSet<String>,
        cx: &mut RemoteContext<'_>,
    ) {
        for (number, uri) in std::mem::take(&mut next.waiting) {
            if granted.contains(&uri) {
                self.answer_empty(number, cx);
            } else {
                let uri = crate::redact::plain(&uri);
                let text = format!("the server does not announce changes of `{uri}`");
                self.answer_error(number, codes::INVALID_PARAMS, &text, cx);
            }
        }
        next.uris.retain(|uri| granted.contains(uri));
        if let Some(old) = self.resources.current.take() {
            self.close_listen(old.exchange, cx);
        }
        if next.uris.is_empty() {
            return self.close_listen(next.exchange, cx);
        }
        self.resources.current = Some(next);
    }

    /// Handles a listen for resources that ended without an answer.
    pub(super) fn resources_ended(
        &mut self,
        exchange: u64,
        failure: Option<&Failure>,
        cx: &mut RemoteContext<'_>,
    ) {
        if let Some(next) = self.resources.next.take_if(|next| next.exchange == exchange) {
            for (number, _) in next.waiting {
                if let Some(failure) = failure {
                    cx.emit(RemoteEffect::Fail { number, failure: failure.clone() });
                }
            }
            return self.replace_listen(cx);
        }
        self.resources.losses += 1;
        self.resources.interrupted = true;
        let spread = cx.numbers.fresh();
        self.later(backoff(self.resources.losses, spread), Due::Resources, cx);
    }

    /// Handles a listen for resources that the remote ended on purpose or refused.
    pub(super) fn resources_answered(&mut self, answer: &Message, cx: &mut RemoteContext<'_>) {
        let refused = answer.kind() == MessageKind::ErrorResponse;
        let gone = |listen: &mut ResourceListen| !self.exchanges.contains_key(&listen.exchange);
        let Some(next) = self.resources.next.take_if(gone) else {
            self.resources.losses = self.resources.losses.max(4);
            return self.resources_ended(0, None, cx);
        };
        for (number, _) in next.waiting {
            if refused {
                let (answer, edits) = (answer.clone(), Vec::new());
                cx.emit(RemoteEffect::Answer { number, answer, edits });
            } else {
                let text = "the server ended the subscription at once";
                self.answer_error(number, codes::INTERNAL_ERROR, text, cx);
            }
        }
        self.replace_listen(cx);
    }

    /// Listens again after a loss, under a new id (E-45).
    pub(super) fn listen_for_resources(&mut self, cx: &mut RemoteContext<'_>) {
        let Some(current) = &self.resources.current else { return };
        if self.resources.next.is_some() || self.exchanges.contains_key(&current.exchange) {
            return;
        }
        let uris = current.uris.clone();
        let exchange = self.open_listen(&uris, cx);
        if let Some(current) = &mut self.resources.current {
            current.exchange = exchange;
        }
    }
}

fn granted_uris(message: &Message) -> BTreeSet<String> {
    let granted = granted_filter(message);
    let uris = Object::parse(&granted)
        .and_then(|granted| serde_json::from_str(granted.get(filter::RESOURCE_UPDATES)?).ok());
    uris.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::Played;

    fn subscribe(played: &mut Played, uri: &str) -> u64 {
        played.request("resources/subscribe", json!({ "uri": uri }))
    }

    fn acknowledge(played: &mut Played, listen: u64, uris: &[&str]) {
        let id = json!({ "io.modelcontextprotocol/subscriptionId": listen });
        let params = json!({ "_meta": id, "notifications": { "resourceSubscriptions": uris } });
        played.notify(listen, "notifications/subscriptions/acknowledged", params);
    }

    fn asked(played: &Played, listen: u64) -> Value {
        played.body(listen)["params"]["notifications"]["resourceSubscriptions"].clone()
    }

    /// E-41, E-42: the example of the requirement
    #[test]
    fn a_subscription_is_a_listen_that_answers_when_it_is_acknowledged() {
        let mut played = Played::open();
        let listen = subscribe(&mut played, "file:///a");
        assert_eq!(asked(&played, listen), json!(["file:///a"]));
        assert!(played.try_outcome().is_none(), "not before the acknowledgement");
        acknowledge(&mut played, listen, &["file:///a"]);
        assert_eq!(played.outcome(), json!({}));
        let id = json!({ "io.modelcontextprotocol/subscriptionId": listen });
        let params = json!({ "uri": "file:///a/b", "_meta": id });
        played.notify(listen, "notifications/resources/updated", params);
        assert_eq!(played.notices()[0]["params"], json!({ "uri": "file:///a/b" }));
        assert_eq!(played.local("resources/unsubscribe", json!({ "uri": "file:///a" })), json!({}));
        assert_eq!(played.closed(), [listen]);
    }

    /// E-41: a storm of subscriptions needs one listen more, not one each
    #[test]
    fn what_comes_during_a_switch_shares_the_next_listen() {
        let mut played = Played::open();
        let first = subscribe(&mut played, "a");
        for uri in ["b", "c", "d"] {
            played.request("resources/subscribe", json!({ "uri": uri }));
        }
        assert!(played.exchanges_since(first).is_empty());
        acknowledge(&mut played, first, &["a"]);
        let second = played.last_exchange();
        assert_eq!(asked(&played, second), json!(["a", "b", "c", "d"]));
        let params = json!({ "uri": "a" });
        played.notify(first, "notifications/resources/updated", params);
        assert_eq!(
            played.notices().len(),
            1,
            "the old one goes on until the new one is acknowledged"
        );
        acknowledge(&mut played, second, &["a", "b", "c", "d"]);
        assert_eq!(played.closed(), [first]);
        assert_eq!(played.outcomes(), 4);
    }

    /// E-41
    #[test]
    fn a_uri_that_is_not_acknowledged_is_an_error() {
        let mut played = Played::open();
        let listen = subscribe(&mut played, "a");
        acknowledge(&mut played, listen, &[]);
        assert_eq!(played.outcome()["code"], -32602);
        assert_eq!(played.closed(), [listen]);
        let listen = subscribe(&mut played, "b");
        played.error(listen, json!({ "code": -32601, "message": "m" }));
        assert_eq!(played.outcome()["code"], -32601);
        let listen = subscribe(&mut played, "c");
        played.lose(listen);
        assert_eq!(played.outcome()["bridge"], "lost");
    }

    /// E-45
    #[test]
    fn a_lost_listen_comes_back_and_tells_that_updates_may_be_missed() {
        let mut played = Played::open();
        let first = subscribe(&mut played, "a");
        acknowledge(&mut played, first, &["a"]);
        played.lose(first);
        assert!(!played.wait().is_zero());
        let second = played.last_exchange();
        assert_eq!(asked(&played, second), json!(["a"]));
        acknowledge(&mut played, second, &["a"]);
        assert_eq!(played.notices()[0]["params"], json!({ "uri": "a" }));
    }
}
