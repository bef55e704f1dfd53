//! The tool `update_order`: changes stage, notes, addresses or custom attributes of an order.

use super::{ADDRESS, enter};
use crate::product::field::{Field, Shape, ToolInput, may};
use crate::products::egrow::customers::fill;
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::model::{Address, Order};
use crate::products::egrow::orders::WHICH;
use crate::products::egrow::shapes::ORDER;

const UPDATE: &[Field] = &[
    WHICH,
    may("stage", Shape::Text, "id or name of the new stage"),
    may("notes", Shape::Text, "new notes"),
    may("shippingAddress", Shape::Object(ADDRESS), "what changes in the shipping address"),
    may("billingAddress", Shape::Object(ADDRESS), "what changes in the billing address"),
    may("customAttributes", Shape::Words, "attributes to set; an empty value removes one"),
];

pub(super) const TOOL: Entry = Entry {
    name: "update_order",
    title: "Update an order",
    domain: Domain::Orders,
    class: Class::Write,
    about: "Changes stage, notes, addresses or custom attributes of an order",
    when_to_use: "one order moves on, is cancelled, or goes elsewhere",
    when_not_to_use: "many orders move: use `bulk_move_stage`; lines change: use \
        `modify_line_items`",
    example: r#"{"order":"EGW242","stage":"Cancelled","notes":"customer changed her mind"}"#,
    fields: &[UPDATE],
    gives: OutputShape::One(&ORDER),
    run: Run::Write(update),
};

fn update(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let order = desk.order(input.needed("order"))?.clone();
    if let Some(stage) = input.text("stage") {
        enter(desk, &order, stage)?;
    }
    let changed = desk.order_mut(&order.id)?;
    if let Some(notes) = input.owned("notes") {
        changed.notes = notes;
    }
    if let Some(given) = input.object("shippingAddress") {
        fill(&mut changed.shipping_address, given);
    }
    if let Some(given) = input.object("billingAddress") {
        let mut address = changed.billing_address.take().unwrap_or_else(|| billing(&order));
        fill(&mut address, given);
        changed.billing_address = Some(address);
    }
    for (name, value) in input.words("customAttributes") {
        if value.is_empty() {
            changed.custom_attributes.remove(name);
        } else {
            changed.custom_attributes.insert(name.to_owned(), value.to_owned());
        }
    }
    desk.note(&order.id, "order updated")?;
    Ok(desk.order_in_full(desk.order(&order.id)?))
}

fn billing(order: &Order) -> Address {
    Address { kind: "billing".to_owned(), ..order.shipping_address.clone() }
}
