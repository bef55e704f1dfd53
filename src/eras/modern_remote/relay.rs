//! A modern host with a modern remote: everything passes unchanged except ids (E-04). Invalid tools
//! are left out, and subscriptions survive a lost stream (E-45, E-46).

use std::time::Duration;

use super::listening::{backoff, granted_filter, missed_methods};
use super::notices::{notify, of_subscription, own_id};
use super::pages::is_first_page;
use super::{Due, ModernRemote, RemoteContext, RemoteEffect};
use crate::error::Failure;
use crate::jsonrpc::{Change, Edit, Frame, Message, MessageKind, Object, RequestId, notification};
use crate::protocol::{meta, methods};

/// How many times in a row a listen is opened again before the host is told that it ended.
const LOSSES: u32 = 8;
/// The pause before reopening a listen that the remote ended on purpose.
const AFTER_END: Duration = Duration::from_secs(5);

impl ModernRemote {
    /// Relays a result to a modern host.
    pub(super) fn relay_result(
        &mut self,
        number: u64,
        answer: &Message,
        cx: &mut RemoteContext<'_>,
    ) {
        let Some(call) = self.calls.get(&number) else { return };
        match call.request.method() {
            methods::TOOLS_LIST => {
                let first = is_first_page(&call.request);
                let answer = self.catalogue.learn_page(answer, first);
                self.finish(number, answer, Vec::new(), cx);
            }
            methods::LISTEN => self.relayed_listen_ended(number, answer, cx),
            methods::EVENTS_STREAM => {
                let id = call.request.id().map(RequestId::to_json).unwrap_or_default();
                self.finish(number, answer.clone(), result_edits(answer, &id), cx);
            }
            _ => self.finish(number, answer.clone(), Vec::new(), cx),
        }
    }

    /// Passes on a notification that came with the answer to a modern host.
    pub(super) fn relay_notice(
        &mut self,
        number: u64,
        message: &Message,
        cx: &mut RemoteContext<'_>,
    ) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        if message.method() == methods::CANCELLED {
            return;
        }
        if !methods::stays_open(call.request.method()) {
            return cx.emit(RemoteEffect::Notify(Frame::from(message.raw().clone())));
        }
        let Some(id) = call.request.id().map(RequestId::to_json) else { return };
        let is_listen = call.request.method() == methods::LISTEN;
        if !is_listen || message.method() != methods::ACKNOWLEDGED {
            return notify(of_subscription(message, &id), cx);
        }
        call.losses = 0;
        let granted = granted_filter(message);
        let before = call.acknowledged.replace(granted.clone());
        if before.as_ref() != Some(&granted) {
            notify(of_subscription(message, &id), cx);
        }
        if before.is_some() {
            self.tell_missed(&granted, &id, cx);
        }
    }

    /// Notifies the host of changes that may have been missed while nothing was listening (E-45).
    fn tell_missed(&self, granted: &str, id: &str, cx: &mut RemoteContext<'_>) {
        let own = format!(r#""_meta":{{"{}":{id}}}"#, meta::SUBSCRIPTION_ID);
        for method in missed_methods(granted) {
            let line = notification(method, Some(&format!("{{{own}}}")));
            cx.emit(RemoteEffect::Notify(Frame::from(line)));
        }
        let uris = Object::parse(granted).and_then(|granted| {
            serde_json::from_str::<Vec<String>>(granted.get(meta::filter::RESOURCE_UPDATES)?).ok()
        });
        for uri in uris.unwrap_or_default() {
            let uri = serde_json::Value::from(uri);
            let params = format!(r#"{{"uri":{uri},{own}}}"#);
            let line = notification(methods::RESOURCE_UPDATED, Some(&params));
            cx.emit(RemoteEffect::Notify(Frame::from(line)));
        }
    }

    /// Handles a listen that the remote ended on purpose: opens it once more after a pause, then
    /// tells the host.
    fn relayed_listen_ended(&mut self, number: u64, answer: &Message, cx: &mut RemoteContext<'_>) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        let ended_before = call.ended.replace(answer.clone()).is_some();
        if ended_before || call.acknowledged.is_none() {
            return self.end_relayed_listen(number, cx);
        }
        call.losses += 1;
        self.later(AFTER_END, Due::Again(number), cx);
    }

    /// Handles the loss of a listen: opens it again, so that the host's subscription survives
    /// (E-46).
    pub(super) fn relayed_listen_lost(
        &mut self,
        number: u64,
        failure: Failure,
        cx: &mut RemoteContext<'_>,
    ) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        if call.acknowledged.is_none() {
            return self.fail(number, failure, cx);
        }
        call.losses += 1;
        if !failure.kind.is_transient() || call.losses > LOSSES {
            return self.end_relayed_listen(number, cx);
        }
        let losses = call.losses;
        let spread = cx.numbers.fresh();
        self.later(backoff(losses, spread), Due::Again(number), cx);
    }

    /// Ends a listen with the remote's own result if there was one, otherwise as a cancellation by
    /// the server (E-46).
    pub(super) fn end_relayed_listen(&mut self, number: u64, cx: &mut RemoteContext<'_>) {
        let Some(mut call) = self.drop_call(number, cx) else { return };
        let Some(id) = call.request.id().map(RequestId::to_json) else { return };
        if let Some(answer) =
            call.ended.take().filter(|answer| answer.kind() == MessageKind::Response)
        {
            let edits = result_edits(&answer, &id);
            return cx.emit(RemoteEffect::Answer { number, answer, edits });
        }
        let params = format!(r#"{{"requestId":{id},"reason":"the server's stream is lost"}}"#);
        let line = notification(methods::CANCELLED, Some(&params));
        cx.emit(RemoteEffect::Notify(Frame::from(line)));
        cx.emit(RemoteEffect::Forget(number));
    }
}

fn result_edits(answer: &Message, id: &str) -> Vec<Edit> {
    let edits = || {
        let range = answer.outcome_range()?;
        let result = Object::parse(answer.outcome()?)?;
        let text = result.get("_meta")?;
        let at = range.start + result.range_of(text).start;
        let own = Object::parse(text)?.rewrite(at, |member| own_id(&member.name, id), &[]);
        let change = |name: &str| match name {
            "_meta" => Change::Within(own.clone()),
            _ => Change::Keep,
        };
        Some(result.rewrite(range.start, |member| change(&member.name), &[]))
    };
    edits().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{Played, discovered};

    fn modern(params: Value) -> Value {
        let mut params = params;
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        params
    }

    fn acknowledge(played: &mut Played, listen: u64, filter: Value) {
        let id = json!({ "io.modelcontextprotocol/subscriptionId": listen });
        let params = json!({ "_meta": id, "notifications": filter });
        played.notify(listen, "notifications/subscriptions/acknowledged", params);
    }

    /// E-04: both wires differ in the id only
    #[test]
    fn requests_and_results_pass_as_they_are() {
        let mut played = Played::new(discovered());
        let params = modern(json!({ "name": "x", "arguments": { "n": [1, null] } }));
        let exchange = played.relay("prompts/get", params.clone());
        assert_eq!(played.body(exchange)["params"], params);
        assert_eq!(played.header(exchange, "mcp-method"), Some("prompts/get"));
        assert_eq!(played.header(exchange, "mcp-name"), Some("x"));
        let needs =
            json!({ "resultType": "input_required", "requestState": "s", "inputRequests": {} });
        played.answer(exchange, needs.clone());
        assert_eq!(played.outcome(), needs, "rounds are the host's business");
        let exchange = played.relay("prompts/get", params);
        let error =
            json!({ "code": -32021, "message": "m", "data": { "requiredCapabilities": {} } });
        played.error(exchange, error.clone());
        assert_eq!(played.outcome(), error);
    }

    /// T-50: the header follows the request's own version
    #[test]
    fn the_version_header_equals_the_version_in_the_body() {
        let mut played = Played::new(discovered());
        let mut params = modern(json!({}));
        params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2099-01-01".into();
        let exchange = played.relay("prompts/list", params);
        assert_eq!(played.header(exchange, "mcp-protocol-version"), Some("2099-01-01"));
    }

    /// E-46, E-44: ids rewritten, a second acknowledgement of the same is suppressed
    #[test]
    fn a_subscription_survives_a_lost_stream() {
        let mut played = Played::new(discovered());
        let filter = json!({ "toolsListChanged": true, "vendor": 1 });
        let first =
            played.relay("subscriptions/listen", modern(json!({ "notifications": filter })));
        acknowledge(&mut played, first, filter.clone());
        let own = played.host_id();
        let seen = played.notices();
        let key = "io.modelcontextprotocol/subscriptionId";
        assert_eq!(seen[0]["params"]["_meta"][key], own);
        assert_eq!(seen[0]["params"]["notifications"], filter, "D-04: unknown keys pass");
        played.lose(first);
        assert!(!played.wait().is_zero());
        let second = played.last_exchange();
        assert_ne!(first, second);
        acknowledge(&mut played, second, filter);
        let seen = played.notices();
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert_eq!(seen[0]["method"], "notifications/tools/list_changed");
        assert_eq!(seen[0]["params"]["_meta"][key], own);
    }

    /// E-46: both endings
    #[test]
    fn a_subscription_that_cannot_be_kept_ends_as_it_ended_at_the_server() {
        let begun = || {
            let mut played = Played::new(discovered());
            let listen =
                played.relay("subscriptions/listen", modern(json!({ "notifications": {} })));
            acknowledge(&mut played, listen, json!({}));
            played.notices();
            (played, listen)
        };
        let (mut played, mut listen) = begun();
        for _ in 0..2 {
            let id = json!({ "io.modelcontextprotocol/subscriptionId": listen });
            played.answer(listen, json!({ "resultType": "complete", "_meta": id }));
            if played.nothing_is_due() {
                break;
            }
            assert!(played.wait().as_secs() >= 5);
            listen = played.last_exchange();
        }
        let own = played.host_id();
        assert_eq!(played.outcome()["_meta"]["io.modelcontextprotocol/subscriptionId"], own);
        let (mut played, mut listen) = begun();
        for _ in 0..20 {
            played.lose(listen);
            if played.nothing_is_due() {
                break;
            }
            played.wait();
            listen = played.last_exchange();
        }
        let notice = played.notices().remove(0);
        assert_eq!(notice["method"], "notifications/cancelled");
        assert_eq!(notice["params"]["requestId"], played.host_id());
        assert!(played.try_outcome().is_none());
    }
}
