//! Events for webhooks. Nothing is sent: the mock only counts the events that each endpoint would
//! receive.

use serde_json::Value;

use super::webhooks::WEBHOOKS;
use crate::product::records::Records;

/// Names of events.
pub(super) const EVENTS: &[&str] = &[
    "customer_created",
    "customer_updated",
    "subscription_created",
    "subscription_updated",
    "subscription_renewed",
    "subscription_canceled",
    "subscription_expired",
    "invoice_created",
    "invoice_payment_succeeded",
    "invoice_voided",
    "charge_succeeded",
    "charge_refunded",
    "order_created",
    "order_updated",
];

/// Counts an event for every endpoint on the site of `about` that subscribed to it.
pub(super) fn announce(records: &mut Records, about: &Value, event: &str) {
    let wants = |hook: &&Value| {
        let named = || hook["events"].as_array().is_some_and(|all| all.contains(&event.into()));
        hook["site_id"] == about["site_id"]
            && hook["status"] == "enabled"
            && (hook["all_events_enabled"] == true || named())
    };
    let hooks = records.all(&WEBHOOKS).iter().filter(wants);
    let ids: Vec<Value> = hooks.map(|hook| hook["id"].clone()).collect();
    let now = records.now().0;
    for id in ids {
        // It was found just above.
        let _ = records.change(&WEBHOOKS, &id, |hook| {
            hook["deliveries"] = (hook["deliveries"].as_i64().unwrap_or_default() + 1).into();
            hook["last_event"] = event.into();
            hook["last_event_at"] = now.into();
        });
    }
}
