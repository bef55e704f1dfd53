//! The tool `get_customer`: gives a customer with addresses, groups and last orders, and the
//! risk if wanted.

use serde_json::{Value, json};

use crate::product::field::{Shape, ToolInput, may, need};
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::model::{Customer, FulfillmentState};
use crate::products::egrow::shapes::CUSTOMER;
use crate::products::egrow::views::customer_in_full;

pub(super) const TOOL: Entry = Entry {
    name: "get_customer",
    title: "Get a customer",
    domain: Domain::Customers,
    class: Class::Read,
    about: "Gives a customer with addresses, groups and last orders, and the risk if wanted",
    when_to_use: "you know who you mean",
    when_not_to_use: "you only have a name: use `find_customers`",
    example: r#"{"customer":"+212661000101","includeRisk":true}"#,
    fields: &[&[
        need("customer", Shape::Text, "id or phone number"),
        may("includeRisk", Shape::Flag, "adds how reliable they were so far"),
    ]],
    gives: OutputShape::One(&CUSTOMER),
    run: Run::Read(get),
};

fn get(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let customer = desk.customer(input.needed("customer"))?;
    let mut full = customer_in_full(desk, customer);
    if input.flag("includeRisk") == Some(true) {
        full["risk"] = risk(desk, customer);
    }
    Ok(full)
}

fn risk(desk: &Desk, customer: &Customer) -> Value {
    let mut counts = [0_usize; 4];
    for order in desk.orders_of(&customer.id) {
        counts[0] += 1;
        counts[1] += usize::from(desk.stage_of(order).fulfillment == FulfillmentState::Returned);
        counts[2] += usize::from(desk.is_cancelled(order));
        counts[3] += usize::from(order.refunded() > 0);
    }
    let [orders, returned, cancelled, refunded] = counts;
    let bad = returned * 2 + cancelled + refunded;
    let level = match bad {
        _ if customer.blacklisted => "blocked",
        _ if orders > 0 && bad * 2 >= orders.max(3) => "high",
        1.. => "medium",
        0 => "low",
    };
    json!({
        "level": level,
        "orders": orders,
        "returned": returned,
        "cancelled": cancelled,
        "refunded": refunded,
    })
}
