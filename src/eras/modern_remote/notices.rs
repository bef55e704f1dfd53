//! Translates a modern remote's notifications for a legacy host: removes the id of their listen,
//! restores the host's own progress token, and lets progress only grow (E-63, E-64).

use super::{ModernRemote, RemoteContext, RemoteEffect, Role};
use crate::jsonrpc::{Change, Edit, Frame, Message, Object, Overlap, RequestId};
use crate::protocol::{meta, methods};

impl ModernRemote {
    /// Handles a notification on one of our exchanges.
    pub(super) fn handle_notice(
        &mut self,
        exchange: u64,
        role: Role,
        message: &Message,
        cx: &mut RemoteContext<'_>,
    ) {
        if message.method() == methods::TOOLS_CHANGED {
            // T-56: schemas may have changed.
            self.catalogue.forget();
        }
        match role {
            Role::Call(number) if self.calls.get(&number).is_some_and(|call| call.relayed) => {
                self.relay_notice(number, message, cx);
            }
            Role::Call(number) if message.method() == methods::PROGRESS => {
                self.handle_progress(exchange, number, message, cx);
            }
            Role::Call(number) if self.streams_events(number) => {
                let request = self.calls.get(&number).and_then(|call| call.request.id());
                let id = request.map(RequestId::to_json).unwrap_or_default();
                notify(of_subscription(message, &id), cx);
            }
            Role::Lists => self.handle_list_notice(message, cx),
            Role::Resources => self.handle_resource_notice(exchange, message, cx),
            _ if message.method() == methods::CANCELLED => {
                tracing::debug!("ignored a cancellation by the server, which is not expected here");
            }
            _ => notify(without_subscription(message), cx),
        }
    }

    fn streams_events(&self, number: u64) -> bool {
        let call = self.calls.get(&number);
        call.is_some_and(|call| call.request.method() == methods::EVENTS_STREAM)
    }

    fn handle_progress(
        &mut self,
        exchange: u64,
        number: u64,
        message: &Message,
        cx: &mut RemoteContext<'_>,
    ) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        let Some((token, progress)) = progress(message) else { return };
        let Some(wanted) = progress_token(&call.request) else { return };
        let ours = token == exchange.to_string();
        // A remote starts over in each round, but the host must see progress grow (E-64).
        if !ours || progress <= call.progress {
            return;
        }
        call.progress = progress;
        let edits = params_edits(message, |member| match member {
            meta::PROGRESS_TOKEN => Change::Replace(wanted.clone()),
            _ => Change::Keep,
        });
        notify(message.edited(&edits), cx);
    }
}

/// Sends the host a notification.
pub(super) fn notify(line: Result<Frame, Overlap>, cx: &mut RemoteContext<'_>) {
    match line {
        Ok(line) => cx.emit(RemoteEffect::Notify(line)),
        Err(overlap) => tracing::warn!("dropped a notification of the server: {overlap}"),
    }
}

/// The token and the progress of a progress notification.
fn progress(message: &Message) -> Option<(&str, f64)> {
    let params = Object::parse(message.params()?)?;
    let progress = serde_json::from_str(params.get("progress")?).ok()?;
    Some((params.get(meta::PROGRESS_TOKEN)?, progress))
}

/// The progress token of a request, as the host wrote it.
fn progress_token(request: &Message) -> Option<String> {
    let params = Object::parse(request.params()?)?;
    let own = Object::parse(params.get("_meta")?)?;
    own.get(meta::PROGRESS_TOKEN).map(str::to_owned)
}

/// The notification under the id of the host's own listen or `events/stream`, with the same JSON
/// type (E-44, E-46).
pub(super) fn of_subscription(message: &Message, id: &str) -> Result<Frame, Overlap> {
    let own = message.params().and_then(Object::parse).and_then(|params| {
        let text = params.get("_meta")?;
        let at = message.params_range()?.start + params.range_of(text).start;
        Some(Object::parse(text)?.rewrite(at, |member| own_id(&member.name, id), &[]))
    });
    let Some(own) = own else { return Ok(Frame::from(message.raw().clone())) };
    let edits = params_edits(message, |name| match name {
        "_meta" => Change::Within(own.clone()),
        _ => Change::Keep,
    });
    message.edited(&edits)
}

/// A member of `_meta` with the host's own id in place of the server's.
pub(super) fn own_id(name: &str, id: &str) -> Change {
    match name {
        meta::SUBSCRIPTION_ID => Change::Replace(id.to_owned()),
        _ => Change::Keep,
    }
}

/// The notification without the id of its listen, for a legacy host.
///
/// # Errors
/// The edits overlap.
pub(super) fn without_subscription(message: &Message) -> Result<Frame, Overlap> {
    let unchanged = || Ok(Frame::from(message.raw().clone()));
    let Some(text) = message.params() else { return unchanged() };
    let own = Object::parse(text).and_then(|params| {
        let own = Object::parse(params.get("_meta")?)?;
        Some((own.get(meta::SUBSCRIPTION_ID).is_some(), own.members().len()))
    });
    let Some((true, members)) = own else { return unchanged() };
    let params = Object::parse(text);
    if members == 1 && params.is_some_and(|params| params.members().len() == 1) {
        // No parameters are left, and a legacy notification then has no `params`.
        return without_params(message);
    }
    let edits = params_edits(message, |name| match name {
        "_meta" if members == 1 => Change::Remove,
        "_meta" => Change::Within(meta_edits(message)),
        _ => Change::Keep,
    });
    message.edited(&edits)
}

fn meta_edits(message: &Message) -> Vec<Edit> {
    let edits = || {
        let range = message.params_range()?;
        let params = Object::parse(message.params()?)?;
        let text = params.get("_meta")?;
        let at = range.start + params.range_of(text).start;
        Some(Object::parse(text)?.rewrite(
            at,
            |member| {
                if member.name == meta::SUBSCRIPTION_ID { Change::Remove } else { Change::Keep }
            },
            &[],
        ))
    };
    edits().unwrap_or_default()
}

fn without_params(message: &Message) -> Result<Frame, Overlap> {
    let text = std::str::from_utf8(message.raw()).unwrap_or_default();
    let Some(whole) = Object::parse(text) else { return Ok(Frame::from(message.raw().clone())) };
    let edits = whole.rewrite(
        0,
        |member| if member.name == "params" { Change::Remove } else { Change::Keep },
        &[],
    );
    message.edited(&edits)
}

/// Edits to the members of `params`.
pub(super) fn params_edits(message: &Message, change: impl Fn(&str) -> Change) -> Vec<Edit> {
    let (Some(params), Some(range)) =
        (message.params().and_then(Object::parse), message.params_range())
    else {
        return Vec::new();
    };
    params.rewrite(range.start, |member| change(&member.name), &[])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::Played;
    use super::*;

    fn plain(message: Value) -> Value {
        let message = Message::parse(message.to_string()).unwrap();
        serde_json::from_slice(&without_subscription(&message).unwrap().into_bytes()).unwrap()
    }

    /// The notifications of lists and resources, which a legacy host knows.
    #[test]
    fn the_listen_a_notification_belongs_to_is_not_shown() {
        let id = json!({ "io.modelcontextprotocol/subscriptionId": 3 });
        let note = |params: Value| json!({ "jsonrpc": "2.0", "method": "n", "params": params });
        assert_eq!(plain(note(json!({ "_meta": id }))), json!({ "jsonrpc": "2.0", "method": "n" }));
        let updated = plain(note(json!({ "uri": "u", "_meta": id })));
        assert_eq!(updated, note(json!({ "uri": "u" })));
        let more = json!({ "io.modelcontextprotocol/subscriptionId": 3, "x": 1 });
        assert_eq!(plain(note(json!({ "_meta": more }))), note(json!({ "_meta": { "x": 1 } })));
    }

    /// E-63, E-64
    #[test]
    fn progress_carries_the_hosts_token_and_only_grows() {
        let mut played = Played::open();
        let params = json!({ "name": "x", "_meta": { "progressToken": "mine" } });
        let exchange = played.request("prompts/get", params);
        let remote_token = played.body(exchange)["params"]["_meta"]["progressToken"].clone();
        for progress in [1.0, 1.0, 0.5, 2.0] {
            let params = json!({ "progressToken": remote_token, "progress": progress });
            played.notify(exchange, "notifications/progress", params);
        }
        played.notify(
            exchange,
            "notifications/progress",
            json!({ "progressToken": "x", "progress": 9 }),
        );
        let seen: Vec<Value> = played.notices().iter().map(|n| n["params"].clone()).collect();
        let expected = [1.0, 2.0].map(|p| json!({ "progressToken": "mine", "progress": p }));
        assert_eq!(seen, expected);
    }
}
