//! The tool `create_order`: creates an order for a known or a new customer.

use super::ADDRESS;
use crate::product::field::{Field, Shape, may, need};
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::orders::create;
use crate::products::egrow::shapes::ORDER;

const NEW_LINE: &[Field] = &[
    need("variant", Shape::Text, "id or SKU"),
    need("quantity", Shape::Whole(1, 1000), "how many"),
    may("unitPrice", Shape::Money, "another price than that of the catalogue"),
];

const NEW_CUSTOMER: &[Field] = &[
    need("name", Shape::Text, "full name"),
    need("phone", Shape::Text, "phone number"),
    may("email", Shape::Text, "email address"),
    may("city", Shape::Text, "city"),
    may("line1", Shape::Text, "street and number"),
];

const CREATE: &[Field] = &[
    may("customerId", Shape::Text, "id or phone number of a customer that is known"),
    may("customer", Shape::Object(NEW_CUSTOMER), "a customer that is not known yet"),
    need("lines", Shape::Objects(NEW_LINE), "what is ordered"),
    may("shippingAddress", Shape::Object(ADDRESS), "where to, if not to the customer's address"),
    may("billingAddress", Shape::Object(ADDRESS), "who is billed, if someone else"),
    may("shippingFee", Shape::Money, "in minor units, 0 if left out"),
    may("discount", Shape::Money, "in minor units"),
    may("notes", Shape::Text, "notes for the team"),
];

pub(super) const TOOL: Entry = Entry {
    name: "create_order",
    title: "Create an order",
    domain: Domain::Orders,
    class: Class::Write,
    about: "Creates an order for a known or a new customer",
    when_to_use: "somebody orders by phone or message",
    when_not_to_use: "the order exists: use `update_order` or `modify_order`",
    example: r#"{"customerId":"+212661000101","lines":[{"variant":"MUG-TEA","quantity":2}]}"#,
    fields: &[CREATE],
    gives: OutputShape::One(&ORDER),
    run: Run::Write(create::create),
};
