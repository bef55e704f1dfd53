//! Webhook endpoints.

use serde_json::Value;

use super::api_format::SITE;
use super::events::EVENTS;
use crate::product::field::{Shape, ToolInput};
use crate::product::records::{
    RecordError, RecordRules, RecordTable, Records, col, create, delete, get, list, update,
};

/// Endpoints per account.
const MAX_ENDPOINTS: usize = 10;

pub(super) static WEBHOOKS: RecordTable = RecordTable {
    table: "webhooks",
    one: "webhook",
    id: "webhook_id",
    prefix: None,
    within: SITE,
    first: 701,
    columns: &[
        col("url", Shape::Url, "where events are posted to; once per account").needed().unique(),
        col("description", Shape::Short(255), "what it is for").searched(),
        col("events", Shape::SomeOf(EVENTS), "which events; not needed with all of them").or("[]"),
        col("all_events_enabled", Shape::Flag, "whether it gets every event").or("false"),
        col("status", Shape::OneOf(&["enabled", "disabled"]), "whether it gets any")
            .filter()
            .or("\"enabled\""),
        col("deliveries", Shape::Whole(0, i64::MAX), "events it got").given().or("0"),
        col("last_event", Shape::OneOf(EVENTS), "the last of them").given(),
        col("last_event_at", Shape::Time, "when that was").given(),
    ],
    rules: RecordRules { creating: Some(creating), changing: Some(changing), ..RecordRules::NONE },
    tools: &[
        list([
            "list_webhooks",
            "List webhooks",
            "Lists the endpoints that get events",
            r#"{"site_id":1205}"#,
        ]),
        get([
            "get_webhook",
            "Get webhook",
            "Gives one endpoint and what it got last",
            r#"{"site_id":1205,"webhook_id":$webhooks}"#,
        ]),
        create([
            "create_webhook",
            "Create webhook",
            "Registers an endpoint for chosen events or for all; an account has at most ten",
            r#"{"site_id":1205,"url":"https://crm.example/hooks/pelcro","events":["subscription_created","subscription_canceled"]}"#,
        ]),
        update([
            "update_webhook",
            "Update webhook",
            "Changes an endpoint, or switches it on and off",
            r#"{"site_id":1205,"webhook_id":$webhooks,"status":"disabled"}"#,
        ]),
        delete([
            "delete_webhook",
            "Delete webhook",
            "Deletes an endpoint for good",
            r#"{"site_id":1205,"webhook_id":$webhooks}"#,
        ]),
    ],
};

fn creating(records: &mut Records, draft: &mut Value, _: ToolInput<'_>) -> Result<(), RecordError> {
    if records.all(&WEBHOOKS).len() >= MAX_ENDPOINTS {
        return Err(RecordError::state(format!("an account has at most {MAX_ENDPOINTS} webhooks")));
    }
    hears_something(draft)
}

fn changing(
    _: &mut Records,
    _: &Value,
    after: &mut Value,
    _: ToolInput<'_>,
) -> Result<(), RecordError> {
    hears_something(after)
}

fn hears_something(webhook: &Value) -> Result<(), RecordError> {
    let chosen = webhook["events"].as_array().is_some_and(|events| !events.is_empty());
    if chosen || webhook["all_events_enabled"] == true {
        Ok(())
    } else {
        Err(RecordError::invalid("events", "The events field is required without all events."))
    }
}
