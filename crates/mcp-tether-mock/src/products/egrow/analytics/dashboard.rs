//! `get_dashboard`: the data of each widget.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::desk::Desk;
use super::super::desk_error::DeskResult;
use super::super::model::{CURRENCY, Order};
use super::super::orders::{confirmations, figures, grouped, percent};
use super::date_range::DateRange;
use super::reports::by_courier;
use crate::product::field::ToolInput;

/// A stock below this counts as low.
const LOW_STOCK: i64 = 10;

pub(super) const WIDGETS: &[&str] = &[
    "overview",
    "revenue",
    "order_status",
    "confirmation_rate",
    "top_cities",
    "top_products",
    "top_customers",
    "shipping_partners",
    "financial_metrics",
    "low_stock",
];

pub(super) fn get(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let widget = input.needed("widget");
    let (span, _) = DateRange::of(desk, input)?;
    let orders = span.orders(desk);
    let mut data = match widget {
        "overview" => overview(desk, span, &orders),
        "revenue" => revenue(desk, span),
        "order_status" => by(desk, &orders, "stage", |order| desk.stage_of(order).name.clone()),
        "confirmation_rate" => confirmations(desk, &orders),
        "top_cities" => by(desk, &orders, "city", |order| order.shipping_address.city.clone()),
        "top_products" => top_products(desk, &orders),
        "top_customers" => top_customers(desk, &orders),
        "shipping_partners" => by_courier(desk, &orders).into(),
        "financial_metrics" => financial(desk, span, &orders),
        _ => low_stock(desk),
    };
    if let Some(rows) = data.as_array_mut() {
        let limit = input.whole("limit").unwrap_or(10);
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Ok(json!({
        "widget": widget,
        "from": span.from.to_string(),
        "to": span.to.to_string(),
        "currency": CURRENCY,
        "data": data,
    }))
}

fn overview(desk: &Desk, span: DateRange, orders: &[&Order]) -> Value {
    let new = desk.customers.iter().filter(|customer| span.holds(customer.created_at));
    let low_stock = desk.variants().filter(|(_, variant)| variant.stock < LOW_STOCK).count();
    json!({
        "orders": figures(desk, orders),
        "confirmations": confirmations(desk, orders),
        "newCustomers": new.count(),
        "lowStockVariants": low_stock,
    })
}

/// Returns payments and refunds by the day on which they happened.
fn revenue(desk: &Desk, span: DateRange) -> Value {
    let mut days: BTreeMap<String, [i64; 2]> =
        span.days().map(|day| (day.to_string(), [0, 0])).collect();
    for order in &desk.orders {
        let came = order.payments.iter().map(|payment| (payment.paid_at, 0, payment.amount));
        let went = order.refunds.iter().map(|refund| (refund.at, 1, refund.amount));
        for (at, which, amount) in came.chain(went) {
            if let Some(day) = days.get_mut(&at.day().to_string()) {
                day[which] += amount;
            }
        }
    }
    let row = |(day, [came, went]): (&String, &[i64; 2])| {
        let net = came - went;
        json!({ "day": day, "received": came, "refunded": went, "net": net })
    };
    let sum = |which: usize| days.values().map(|day| day[which]).sum::<i64>();
    json!({
        "received": sum(0),
        "refunded": sum(1),
        "net": sum(0) - sum(1),
        "days": days.iter().map(row).collect::<Vec<_>>(),
    })
}

/// Returns orders and amounts for each value of `key`, the largest first.
fn by(desk: &Desk, orders: &[&Order], name: &str, key: impl Fn(&Order) -> String) -> Value {
    let mut rows: Vec<(i64, Value)> = grouped(orders, key)
        .into_iter()
        .map(|(value, orders)| {
            let figures = figures(desk, &orders);
            let row = json!({
                name: value,
                "orders": figures["orders"],
                "totalAmount": figures["totalAmount"],
            });
            (figures["totalAmount"].as_i64().unwrap_or_default(), row)
        })
        .collect();
    rows.sort_by_key(|(amount, _)| Reverse(*amount));
    rows.into_iter().map(|(_, row)| row).collect()
}

fn top_products(desk: &Desk, orders: &[&Order]) -> Value {
    let mut sold: BTreeMap<&str, [i64; 2]> = BTreeMap::new();
    let live = orders.iter().filter(|order| !desk.is_cancelled(order));
    for line in live.flat_map(|order| &order.lines) {
        let kept = line.quantity - line.refunded_quantity;
        let entry = sold.entry(&line.product_id).or_default();
        entry[0] += kept;
        entry[1] += kept * line.unit_price;
    }
    let mut rows: Vec<_> = sold.into_iter().collect();
    rows.sort_by_key(|(_, [quantity, amount])| Reverse((*amount, *quantity)));
    let row = |(id, [quantity, amount]): (&str, [i64; 2])| {
        let title = desk.product(id).map(|product| product.title.as_str()).unwrap_or_default();
        json!({ "id": id, "title": title, "quantity": quantity, "totalAmount": amount })
    };
    rows.into_iter().map(row).collect()
}

fn top_customers(desk: &Desk, orders: &[&Order]) -> Value {
    let live: Vec<&Order> =
        orders.iter().copied().filter(|order| !desk.is_cancelled(order)).collect();
    let owner = |order: &Order| order.customer_id.clone().unwrap_or_default();
    let mut rows: Vec<(i64, Value)> = grouped(&live, owner)
        .into_iter()
        .filter_map(|(id, orders)| {
            let customer = desk.customer(&id).ok()?;
            let spent: i64 = orders.iter().map(|order| order.paid() - order.refunded()).sum();
            let row = json!({
                "id": id, "name": customer.name, "orders": orders.len(), "totalSpent": spent,
            });
            Some((spent, row))
        })
        .collect();
    rows.sort_by_key(|(spent, _)| Reverse(*spent));
    rows.into_iter().map(|(_, row)| row).collect()
}

fn financial(desk: &Desk, span: DateRange, orders: &[&Order]) -> Value {
    let live = || orders.iter().filter(|order| !desk.is_cancelled(order));
    let sum = |part: fn(&Order) -> i64| live().map(|order| part(order)).sum::<i64>();
    let refunded = live().filter(|order| order.refunded() > 0).count();
    let mut by_method: BTreeMap<&str, i64> = BTreeMap::new();
    for payment in desk.orders.iter().flat_map(|order| &order.payments) {
        if span.holds(payment.paid_at) {
            *by_method.entry(&payment.method).or_default() += payment.amount;
        }
    }
    json!({
        "goods": sum(Order::subtotal),
        "shippingFees": sum(|order| order.shipping_fee),
        "discounts": sum(|order| order.discount),
        "total": sum(Order::total),
        "paid": sum(Order::paid),
        "outstanding": sum(|order| (order.total() - order.paid()).max(0)),
        "refunded": sum(Order::refunded),
        "refundRate": percent(refunded, live().count()),
        "averageOrder": figures(desk, orders)["averageAmount"],
        "receivedByMethod": by_method,
    })
}

fn low_stock(desk: &Desk) -> Value {
    let mut low: Vec<_> =
        desk.variants().filter(|(_, variant)| variant.stock < LOW_STOCK).collect();
    low.sort_by_key(|(_, variant)| variant.stock);
    let row =
        |(product, variant): &(&super::super::model::Product, &super::super::model::Variant)| {
            json!({
                "product": product.title,
                "sku": variant.sku,
                "title": variant.title,
                "stock": variant.stock,
            })
        };
    low.iter().map(row).collect()
}
