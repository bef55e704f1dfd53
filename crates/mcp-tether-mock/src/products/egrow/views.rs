//! Views of records in answers, where they show more than their own members.

use std::cmp::Reverse;

use serde_json::{Value, json};

use super::desk::Desk;
use super::model::{CURRENCY, Category, Customer, Order, Pipeline, Product, Stage, Variant};

pub(super) fn category_in_full(desk: &Desk, category: &Category) -> Value {
    let products = desk.products.iter().filter(|product| product.category_id == category.id);
    json!({ "id": category.id, "name": category.name, "productCount": products.count() })
}

/// Returns a product as an entry of a list; with a bound, also its variants with a lower stock.
pub(super) fn product_line(desk: &Desk, product: &Product, below: Option<i64>) -> Value {
    let category = desk.category(&product.category_id);
    let prices = || product.variants.iter().map(|variant| variant.price);
    let mut line = json!({
        "id": product.id,
        "title": product.title,
        "status": product.status,
        "category": category.ok().map(|category| json!(category)),
        "priceFrom": prices().min(),
        "priceTo": prices().max(),
        "currency": CURRENCY,
        "totalStock": product.variants.iter().map(|variant| variant.stock).sum::<i64>(),
        "variantCount": product.variants.len(),
    });
    if let Some(limit) = below {
        let low = product.variants.iter().filter(|variant| variant.stock < limit);
        let low = low.map(|v| json!({ "sku": v.sku, "title": v.title, "stock": v.stock }));
        line["lowVariants"] = low.collect();
    }
    line
}

pub(super) fn product_in_full(desk: &Desk, product: &Product) -> Value {
    let mut full = product_line(desk, product, None);
    full["description"] = product.description.as_str().into();
    full["options"] = json!(product.options);
    full["variants"] = json!(product.variants);
    full["media"] = json!(product.media);
    full["createdAt"] = json!(product.created_at);
    full
}

pub(super) fn variant_in_full(product: &Product, variant: &Variant) -> Value {
    let mut line = json!(variant);
    line["currency"] = CURRENCY.into();
    line["product"] = json!({ "id": product.id, "title": product.title });
    line
}

/// Returns a customer with all details.
pub(super) fn customer_in_full(desk: &Desk, customer: &Customer) -> Value {
    let mut full = desk.customer_line(customer);
    let groups = desk.groups.iter().filter(|group| customer.groups.contains(&group.id));
    let mut orders: Vec<_> = desk.orders_of(&customer.id).collect();
    orders.sort_by_key(|order| Reverse(order.created_at));
    full["addresses"] = json!(customer.addresses);
    full["groups"] = groups.map(|group| json!(group)).collect();
    full["marketingOptIn"] = customer.marketing_opt_in.into();
    full["blacklistReason"] = json!(customer.blacklist_reason);
    full["flaggedDuplicates"] = json!(customer.flagged_duplicates);
    full["lastOrders"] = orders.iter().take(5).map(|order| desk.order_line(order)).collect();
    full
}

pub(super) fn pipeline_in_full(desk: &Desk, pipeline: &Pipeline) -> Value {
    let stages = pipeline.stages.iter().enumerate();
    let stages: Vec<_> =
        stages.map(|(position, stage)| stage_line(desk, position, stage)).collect();
    let orders = desk.orders.iter().filter(|order| order.pipeline_id == pipeline.id);
    json!({
        "id": pipeline.id,
        "name": pipeline.name,
        "orderCount": orders.count(),
        "stages": stages,
    })
}

fn stage_line(desk: &Desk, position: usize, stage: &Stage) -> Value {
    let there = || desk.orders.iter().filter(|order| order.stage_id == stage.id);
    let mut line = json!(stage);
    line["position"] = (position + 1).into();
    line["orderCount"] = there().count().into();
    line["totalAmount"] = there().map(Order::total).sum::<i64>().into();
    line
}
