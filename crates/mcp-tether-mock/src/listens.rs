//! The listen streams of the revision 2026-07-28: the changes that each one asked for, and their
//! delivery (`basic/patterns/subscriptions`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

use super::events::EventLog;
use super::notification::notification;
use mcp_tether_wire::jsonrpc::{RequestId, result_response};
use mcp_tether_wire::protocol::meta::{self, filter, result_type};
use mcp_tether_wire::protocol::methods;

/// The changes that a listen stream asked for, or was granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ListenFilter {
    pub(super) tools: bool,
    pub(super) prompts: bool,
    pub(super) resources: bool,
    pub(super) updates: Option<Vec<String>>,
    pub(super) tasks: Option<Vec<String>>,
}

impl ListenFilter {
    /// Reads a filter; `None` if `value` is not one. Unknown members are ignored.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let members = value.as_object()?;
        let flag = |name: &str| match members.get(name) {
            None => Some(false),
            Some(value) => value.as_bool(),
        };
        let list = |name: &str| match members.get(name) {
            None => Some(None),
            Some(value) => serde_json::from_value(value.clone()).ok().map(Some),
        };
        Some(Self {
            tools: flag(filter::TOOLS)?,
            prompts: flag(filter::PROMPTS)?,
            resources: flag(filter::RESOURCES)?,
            updates: list(filter::RESOURCE_UPDATES)?,
            tasks: list(filter::TASKS)?,
        })
    }

    pub(super) fn to_json(&self) -> Value {
        let mut members = Map::new();
        let flags = [
            (filter::TOOLS, self.tools),
            (filter::PROMPTS, self.prompts),
            (filter::RESOURCES, self.resources),
        ];
        for (name, _) in flags.into_iter().filter(|(_, wanted)| *wanted) {
            members.insert(name.to_owned(), true.into());
        }
        let lists = [(filter::RESOURCE_UPDATES, &self.updates), (filter::TASKS, &self.tasks)];
        for (name, list) in lists {
            if let Some(list) = list {
                members.insert(name.to_owned(), json!(list));
            }
        }
        members.into()
    }

    /// Returns whether this notification belongs on a stream with this filter.
    fn includes(&self, method: &str, params: &Value) -> bool {
        let named = |list: &Option<Vec<String>>, member: &str| {
            let value = params[member].as_str().unwrap_or_default();
            list.as_ref().is_some_and(|list| list.iter().any(|known| known == value))
        };
        match method {
            methods::RESOURCE_UPDATED => named(&self.updates, "uri"),
            methods::TASK_CHANGED => named(&self.tasks, "taskId"),
            "notifications/tools/list_changed" => self.tools,
            "notifications/prompts/list_changed" => self.prompts,
            "notifications/resources/list_changed" => self.resources,
            _ => false,
        }
    }
}

/// Every listen stream that is open.
#[derive(Debug, Default)]
pub(super) struct ListenStreams(Arc<Mutex<ListenTable>>);

#[derive(Debug, Default)]
struct ListenTable {
    open: HashMap<u64, ListenStream>,
    opened: u64,
}

#[derive(Debug)]
struct ListenStream {
    id: RequestId,
    filter: ListenFilter,
    log: Arc<EventLog>,
}

/// Removes a stream from the table when its body is dropped.
#[derive(Debug)]
pub(super) struct Listening {
    table: Arc<Mutex<ListenTable>>,
    number: u64,
}

impl Drop for Listening {
    fn drop(&mut self) {
        lock_table(&self.table).open.remove(&self.number);
    }
}

impl ListenStreams {
    /// Acknowledges `granted` on `log`, and from then on sends there the changes that it includes.
    pub(super) fn open(
        &self,
        id: &RequestId,
        granted: ListenFilter,
        log: &Arc<EventLog>,
    ) -> Listening {
        let params = json!({ filter::KEY: granted.to_json() });
        let mut table = lock_table(&self.0);
        // Under the lock, so that nothing precedes the acknowledgement.
        log.say(tag_notification(methods::ACKNOWLEDGED, &params, id));
        table.opened += 1;
        let number = table.opened;
        let log = Arc::clone(log);
        table.open.insert(number, ListenStream { id: id.clone(), filter: granted, log });
        Listening { table: Arc::clone(&self.0), number }
    }

    /// Sends this on every stream that asked for it, and returns their number.
    pub(super) fn tell(&self, method: &str, params: &Value) -> usize {
        self.say(method, params, |listen| listen.filter.includes(method, params))
    }

    /// Sends this on every stream, asked for or not, and returns their number.
    pub(super) fn tell_all(&self, method: &str, params: &Value) -> usize {
        self.say(method, params, |_| true)
    }

    /// Returns how many streams are open.
    pub(super) fn count(&self) -> usize {
        lock_table(&self.0).open.len()
    }

    /// Ends every stream with a result, as a remote that shuts down does.
    pub(super) fn end_all(&self) {
        for listen in lock_table(&self.0).open.drain().map(|(_, listen)| listen) {
            end(&listen.id, &listen.log);
        }
    }

    fn say(&self, method: &str, params: &Value, wanted: impl Fn(&ListenStream) -> bool) -> usize {
        let table = lock_table(&self.0);
        let wanted: Vec<_> = table.open.values().filter(|listen| wanted(listen)).collect();
        for listen in &wanted {
            listen.log.say(tag_notification(method, params, &listen.id));
        }
        wanted.len()
    }
}

/// Ends a listen stream gracefully, with a result.
pub(super) fn end(id: &RequestId, log: &EventLog) {
    let kind = (result_type::KEY, result_type::COMPLETE);
    let key = meta::SUBSCRIPTION_ID;
    let result = format!(r#"{{"{}":"{}","_meta":{{"{key}":{id}}}}}"#, kind.0, kind.1);
    log.answer(result_response(id, result));
    log.end();
}

/// Returns a notification with the id of its stream.
fn tag_notification(method: &str, params: &Value, id: &RequestId) -> String {
    let mut params = if params.is_null() { json!({}) } else { params.clone() };
    let id: Value = serde_json::from_str(&id.to_json()).unwrap_or_default();
    params["_meta"][meta::SUBSCRIPTION_ID] = id;
    notification(method, &params)
}

fn lock_table(table: &Mutex<ListenTable>) -> MutexGuard<'_, ListenTable> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::NextEvent;

    /// E-44
    #[tokio::test]
    async fn a_stream_carries_its_acknowledgement_first_and_only_what_it_asked_for() {
        let listens = ListenStreams::default();
        let log = EventLog::new(1);
        let wanted = json!({ "toolsListChanged": true, "resourceSubscriptions": ["a"] });
        let filter = ListenFilter::read(&wanted).unwrap();
        assert_eq!(filter.to_json(), wanted);
        let listening = listens.open(&RequestId::Text("L".into()), filter, &log);
        assert_eq!(listens.tell("notifications/prompts/list_changed", &Value::Null), 0);
        assert_eq!(listens.tell("notifications/tools/list_changed", &Value::Null), 1);
        assert_eq!(listens.tell("notifications/resources/updated", &json!({ "uri": "b" })), 0);
        assert_eq!(listens.tell("notifications/resources/updated", &json!({ "uri": "a" })), 1);
        listens.end_all();
        drop(listening);
        let mut reader = log.read_after(0);
        let mut seen = Vec::new();
        while let NextEvent::Event(event) = reader.next().await {
            let message: Value = serde_json::from_slice(&event.payload).unwrap();
            let meta = message["params"].get("_meta").or(message["result"].get("_meta"));
            assert_eq!(meta.unwrap()[meta::SUBSCRIPTION_ID], "L");
            seen.push(message["method"].as_str().unwrap_or("the end").to_owned());
        }
        let expected = [
            "notifications/subscriptions/acknowledged",
            "notifications/tools/list_changed",
            "notifications/resources/updated",
            "the end",
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn invalid_filters_are_refused_and_unknown_members_ignored() {
        for wrong in [json!(1), json!({ "toolsListChanged": "x" }), json!({ "taskIds": [1] })] {
            assert_eq!(ListenFilter::read(&wrong), None, "{wrong}");
        }
        assert_eq!(ListenFilter::read(&json!({ "later": 1 })), Some(ListenFilter::default()));
    }
}
