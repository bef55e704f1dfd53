//! The dashboard: the store at a glance.

use serde_json::{Value, json};

use super::super::period::named;
use super::super::shop::Shop;
use super::super::shop_error::ShopResult;
use super::counted::orders_in;
use super::goods;
use super::sales::Sums;
use crate::product::field::ToolInput;

pub(super) fn report(shop: &Shop, input: ToolInput<'_>) -> ShopResult {
    let low = input.whole("lowStock").unwrap_or(10);
    let sums = |name| Sums::of(orders_in(shop, named(shop.today, name)));
    let sales = |name| {
        let sums = sums(name);
        json!({ "orders": sums.orders, "net": sums.net() })
    };
    let waiting = shop.orders.iter().filter(|order| {
        order.counts() && order.paid_at.is_some() && order.fulfillment_status() != "fulfilled"
    });
    let waiting: Vec<&str> = waiting.map(|order| order.number.as_str()).collect();
    let running_low = shop
        .variants()
        .filter(|(product, variant)| product.status == "active" && variant.stock < low);
    let running_low = running_low.map(|(product, variant)| {
        json!({
            "sku": variant.sku, "product": product.title, "variant": variant.title,
            "stock": variant.stock,
        })
    });
    Ok(json!({
        "date": shop.today.to_string(),
        "currency": shop.setting("store", "currency"),
        "sales": {
            "today": sales("today"),
            "yesterday": sales("yesterday"),
            "last7Days": sales("last_7_days"),
            "last30Days": sales("last_30_days"),
        },
        "unpaidOrders": shop.orders.iter().filter(|o| o.counts() && o.paid_at.is_none()).count(),
        "toFulfill": { "count": waiting.len(), "orders": waiting },
        "lowStock": running_low.collect::<Vec<Value>>(),
        "topProducts": goods::best(shop, named(shop.today, "last_30_days"), "revenue", 5),
    }))
}
