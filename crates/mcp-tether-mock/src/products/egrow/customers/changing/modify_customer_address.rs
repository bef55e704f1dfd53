//! The tool `modify_customer_address`: adds or edits an address of a customer, or makes one the
//! default.

use super::{blank_address, fill};
use crate::product::field::{Field, Shape, ToolInput, may, need};
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::{DeskError, DeskResult};
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::shapes::CUSTOMER;
use crate::products::egrow::views::customer_in_full;

const ADDRESS: &[Field] = &[
    may("kind", Shape::OneOf(&["shipping", "billing"]), "`shipping` if left out"),
    may("name", Shape::Text, "who receives"),
    may("phone", Shape::Text, "who the courier calls"),
    may("line1", Shape::Text, "street and number"),
    may("city", Shape::Text, "city"),
    may("postalCode", Shape::Text, "postal code"),
    may("country", Shape::Text, "country as two letters"),
];

const MODIFY_ADDRESS: &[Field] = &[
    need("customer", Shape::Text, "id or phone number"),
    need("action", Shape::OneOf(&["add", "edit", "set_default"]), "what to do"),
    may("addressId", Shape::Text, "which address, for `edit` and `set_default`"),
    may("address", Shape::Object(ADDRESS), "the address, for `add` and `edit`"),
];

pub(super) const TOOL: Entry = Entry {
    name: "modify_customer_address",
    title: "Modify an address of a customer",
    domain: Domain::Customers,
    class: Class::Write,
    about: "Adds or edits an address of a customer, or makes one the default",
    when_to_use: "somebody moved, or has a further address",
    when_not_to_use: "only one order goes elsewhere: use `update_order`",
    example: concat!(
        r#"{"customer":"+212661000101","action":"add","address":{"kind":"billing","#,
        r#""line1":"3 rue Ibn Sina","city":"Rabat"}}"#,
    ),
    fields: &[MODIFY_ADDRESS],
    gives: OutputShape::One(&CUSTOMER),
    run: Run::Write(modify_address),
};

fn modify_address(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let customer = desk.customer(input.needed("customer"))?.clone();
    let given = input.object("address");
    let needs_address = || DeskError::invalid("`address` is missing", "say what the address is");
    let mut addresses = customer.addresses.clone();
    if input.text("action") == Some("add") {
        let mut address = blank_address(desk, &customer.name, &customer.phone);
        fill(&mut address, given.ok_or_else(needs_address)?);
        address.is_default = addresses.is_empty();
        addresses.push(address);
    } else {
        let id = input.text("addressId").unwrap_or_default();
        let Some(at) = addresses.iter().position(|address| address.id == id) else {
            let hint = "`get_customer` shows the addresses with their ids";
            return Err(DeskError::not_found("address", id, hint));
        };
        if input.text("action") == Some("edit") {
            fill(&mut addresses[at], given.ok_or_else(needs_address)?);
        } else {
            for (position, address) in addresses.iter_mut().enumerate() {
                address.is_default = position == at;
            }
        }
    }
    desk.tick();
    desk.customer_mut(&customer.id)?.addresses = addresses;
    Ok(customer_in_full(desk, desk.customer(&customer.id)?))
}
