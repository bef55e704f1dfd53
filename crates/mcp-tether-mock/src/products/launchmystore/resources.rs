//! The resources of the store: its summary, its stock, its newest orders, the audit
//! log. A session that has subscribed is notified when they change.

use serde_json::{Value, json};

use super::state::Store;
use crate::product::CallContext;
use crate::product::ResourceEntry;

const AUDIT: &str = "launchmystore://audit-log";

/// Name, address, description.
const ALL: [(&str, &str, &str); 4] = [
    ("store", "launchmystore://store", "name, contact and currency of the store"),
    ("stock", "launchmystore://stock", "every variant with its price and stock"),
    ("recent-orders", "launchmystore://orders/recent", "the twenty newest orders"),
    ("audit-log", AUDIT, "the hundred newest calls with who made them and how they went"),
];

pub(super) fn list() -> Vec<ResourceEntry> {
    let resource = |(name, uri, about): (&str, &str, &str)| ResourceEntry {
        uri: uri.to_owned(),
        name: name.to_owned(),
        description: about.to_owned(),
        mime_type: "application/json",
    };
    ALL.map(resource).to_vec()
}

pub(super) fn read(store: &Store, uri: &str) -> Option<Value> {
    let shop = &store.shop;
    let (name, ..) = ALL.into_iter().find(|(_, known, _)| *known == uri)?;
    Some(match name {
        "store" => json!(shop.settings.get("store")),
        "stock" => shop
            .variants()
            .map(|(product, variant)| {
                json!({
                    "sku": variant.sku, "product": product.title, "variant": variant.title,
                    "price": variant.price, "stock": variant.stock,
                })
            })
            .collect(),
        "recent-orders" => shop
            .orders
            .iter()
            .rev()
            .take(20)
            .map(|order| {
                json!({
                    "number": order.number, "status": order.status, "total": order.total(),
                    "paymentStatus": order.payment_status(), "createdAt": order.created_at,
                })
            })
            .collect(),
        _ => json!(store.audit.last(100)),
    })
}

/// Notifies the subscribers. Every call changes the audit log.
pub(super) fn announce(call: &CallContext, changed: bool) {
    for (_, uri, _) in ALL.into_iter().filter(|(_, uri, _)| changed || *uri == AUDIT) {
        let params = json!({ "uri": uri });
        let wanted = |session: &crate::session::HostSession| session.is_subscribed(uri);
        call.connections.broadcast_to(wanted, "notifications/resources/updated", &params);
    }
}
