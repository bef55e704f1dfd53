//! The tool `create_customer`: creates a customer with a phone number, an address and groups.

use super::new_customer;
use crate::product::field::{Field, Shape, ToolInput, may, need};
use crate::products::egrow::customers::group;
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::shapes::CUSTOMER;
use crate::products::egrow::views::customer_in_full;

const CREATE: &[Field] = &[
    need("name", Shape::Text, "full name"),
    need("phone", Shape::Text, "phone number, with country code or Moroccan with a leading 0"),
    may("email", Shape::Text, "email address"),
    may("city", Shape::Text, "city of the shipping address"),
    may("line1", Shape::Text, "street and number of the shipping address"),
    may("postalCode", Shape::Text, "postal code of the shipping address"),
    may("marketingOptIn", Shape::Flag, "whether they agreed to marketing, no if left out"),
    may("groups", Shape::Texts, "ids or names of groups"),
];

pub(super) const TOOL: Entry = Entry {
    name: "create_customer",
    title: "Create a customer",
    domain: Domain::Customers,
    class: Class::Write,
    about: "Creates a customer with a phone number, an address and groups",
    when_to_use: "somebody orders or is onboarded for the first time",
    when_not_to_use: "they are known: look with `find_customers` first",
    example: r#"{"name":"Sara Bensaid","phone":"+212600112233","city":"Casablanca"}"#,
    fields: &[CREATE],
    gives: OutputShape::One(&CUSTOMER),
    run: Run::Write(create),
};

fn create(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let groups = input.texts("groups").into_iter().map(|name| group(desk, name));
    let groups = groups.collect::<Result<Vec<_>, _>>()?;
    let customer = new_customer(desk, input, groups)?;
    let id = customer.id.clone();
    desk.customers.push(customer);
    Ok(customer_in_full(desk, desk.customer(&id)?))
}
