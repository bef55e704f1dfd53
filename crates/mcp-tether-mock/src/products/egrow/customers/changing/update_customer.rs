//! The tool `update_customer`: changes name, phone, email or marketing consent of a customer.

use super::{free_phone, valid_email};
use crate::product::field::{Field, Shape, ToolInput, may, need};
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::shapes::CUSTOMER;
use crate::products::egrow::views::customer_in_full;

const UPDATE: &[Field] = &[
    need("customer", Shape::Text, "id or phone number"),
    may("name", Shape::Text, "new name"),
    may("phone", Shape::Text, "new phone number"),
    may("email", Shape::Text, "new email address"),
    may("marketingOptIn", Shape::Flag, "whether they agree to marketing"),
];

pub(super) const TOOL: Entry = Entry {
    name: "update_customer",
    title: "Update a customer",
    domain: Domain::Customers,
    class: Class::Write,
    about: "Changes name, phone, email or marketing consent of a customer",
    when_to_use: "something about the person changed",
    when_not_to_use: "it is about an address: use `modify_customer_address`",
    example: r#"{"customer":"+212661000101","email":"y.amrani@mail.example"}"#,
    fields: &[UPDATE],
    gives: OutputShape::One(&CUSTOMER),
    run: Run::Write(update),
};

fn update(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let id = desk.customer(input.needed("customer"))?.id.clone();
    let phone = match input.text("phone") {
        Some(phone) => Some(free_phone(desk, phone, Some(&id))?),
        None => None,
    };
    let email = valid_email(input)?;
    desk.tick();
    let customer = desk.customer_mut(&id)?;
    if let Some(name) = input.owned("name") {
        customer.name = name;
    }
    customer.phone = phone.unwrap_or_else(|| customer.phone.clone());
    customer.email = email.or_else(|| customer.email.take());
    customer.marketing_opt_in = input.flag("marketingOptIn").unwrap_or(customer.marketing_opt_in);
    Ok(customer_in_full(desk, desk.customer(&id)?))
}
