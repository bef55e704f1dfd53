//! `create_order`.

use std::collections::BTreeMap;

use super::super::customers::{blank_address, fill, new_customer};
use super::super::desk::Desk;
use super::super::desk_error::{DeskError, DeskResult};
use super::super::model::{Address, Customer, Order, OrderChange, OrderLine};
use crate::product::field::ToolInput;

pub(super) fn create(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let lines = new_lines(desk, input)?;
    let customer = customer(desk, input)?;
    if customer.blacklisted {
        let message = format!("{} (`{}`) is blacklisted", customer.name, customer.id);
        return Err(DeskError::state(message, "take them off with `bulk_blacklist_customers`"));
    }
    let shipping_address = shipping(desk, &customer, input)?;
    let billing_address = input.object("billingAddress").map(|given| {
        let mut address = Address { kind: "billing".to_owned(), ..shipping_address.clone() };
        fill(&mut address, given);
        address
    });
    let discount = input.whole("discount").unwrap_or_default();
    let subtotal: i64 = lines.iter().map(OrderLine::total).sum();
    if discount > subtotal {
        let message = "the discount is larger than the goods are worth";
        return Err(DeskError::invalid(message, format!("the lines add up to {subtotal}")));
    }
    let (pipeline, stage) = desk.stage("Pending", None)?;
    let (pipeline_id, stage_id) = (pipeline.id.clone(), stage.id.clone());
    let at = desk.tick();
    let number = next_number(desk);
    let order = Order {
        id: desk.new_id("ord"),
        number: format!("EGW{number}"),
        store_order_id: format!("mcp-{number}"),
        tracking_number: None,
        customer_id: Some(customer.id.clone()),
        pipeline_id,
        stage_id,
        lines,
        shipping_fee: input.whole("shippingFee").unwrap_or_default(),
        discount,
        payments: Vec::new(),
        refunds: Vec::new(),
        shipping_address,
        billing_address,
        courier: None,
        delivery_attempts: Vec::new(),
        confirmation_agent: None,
        shipping_agent: None,
        notes: input.owned("notes").unwrap_or_default(),
        custom_attributes: BTreeMap::new(),
        utm: None,
        merged_into: None,
        created_at: at,
        updated_at: at,
        history: vec![OrderChange { at, by: "mcp".to_owned(), what: "order placed".to_owned() }],
    };
    for line in &order.lines {
        desk.restock(&line.variant_id, -line.quantity);
    }
    if desk.customer(&customer.id).is_err() {
        desk.customers.push(customer);
    }
    let shown = desk.order_in_full(&order);
    desk.orders.push(order);
    Ok(shown)
}

/// Returns the requested lines, if there is stock for all of them.
fn new_lines(desk: &mut Desk, input: ToolInput<'_>) -> Result<Vec<OrderLine>, DeskError> {
    let mut lines: Vec<OrderLine> = Vec::new();
    for given in input.objects("lines") {
        let id = desk.new_id("lin");
        let (product, variant) = desk.variant(given.needed("variant"))?;
        let quantity = given.whole("quantity").unwrap_or(1);
        let before: i64 =
            lines.iter().filter(|line| line.variant_id == variant.id).map(|l| l.quantity).sum();
        if before + quantity > variant.stock {
            let message = format!("only {} of `{}` are in stock", variant.stock, variant.sku);
            return Err(DeskError::state(message, "order fewer, or another variant"));
        }
        lines.push(OrderLine {
            id,
            product_id: product.id.clone(),
            variant_id: variant.id.clone(),
            sku: variant.sku.clone(),
            title: format!("{}, {}", product.title, variant.title),
            quantity,
            unit_price: given.whole("unitPrice").unwrap_or(variant.price),
            refunded_quantity: 0,
            restocked_quantity: 0,
        });
    }
    Ok(lines)
}

/// Returns an existing customer, or a new one.
fn customer(desk: &mut Desk, input: ToolInput<'_>) -> Result<Customer, DeskError> {
    match (input.text("customerId"), input.object("customer")) {
        (Some(name), None) => desk.customer(name).cloned(),
        (None, Some(given)) => new_customer(desk, given, Vec::new()),
        _ => {
            let message = "exactly one of `customerId` and `customer` is needed";
            Err(DeskError::invalid(message, "look for the customer with `find_customers` first"))
        }
    }
}

fn shipping(
    desk: &mut Desk,
    customer: &Customer,
    input: ToolInput<'_>,
) -> Result<Address, DeskError> {
    let known = customer.addresses.iter().find(|address| address.is_default);
    let mut address = match known.or(customer.addresses.first()) {
        Some(address) => address.clone(),
        None => blank_address(desk, &customer.name, &customer.phone),
    };
    if let Some(given) = input.object("shippingAddress") {
        fill(&mut address, given);
    }
    if address.city.is_empty() {
        let message = "nobody knows where to send it";
        return Err(DeskError::invalid(message, "give a `shippingAddress` with at least a city"));
    }
    Ok(address)
}

fn next_number(desk: &Desk) -> u64 {
    let numbers = desk.orders.iter().filter_map(|order| order.number.strip_prefix("EGW"));
    numbers.filter_map(|number| number.parse::<u64>().ok()).max().unwrap_or(0) + 1
}
