//! The tools that change customers.

mod add_customers_to_group;
mod bulk_blacklist_customers;
mod create_customer;
mod flag_customers_as_duplicate;
mod merge_customers;
mod modify_customer_address;
mod update_customer;

use crate::product::field::{Field, Shape, ToolInput, need};
use crate::products::egrow::desk::{Desk, normal_phone};
use crate::products::egrow::desk_error::DeskError;
use crate::products::egrow::entry::Entry;
use crate::products::egrow::model::{Address, Customer};

const WHOM: Field = need("customers", Shape::Texts, "ids or phone numbers");

pub(crate) const CHANGING: &[Entry] = &[
    create_customer::TOOL,
    update_customer::TOOL,
    modify_customer_address::TOOL,
    add_customers_to_group::TOOL,
    bulk_blacklist_customers::TOOL,
    flag_customers_as_duplicate::TOOL,
    merge_customers::TOOL,
];

/// Returns a phone number that no customer but `owner` has.
fn free_phone(desk: &Desk, text: &str, owner: Option<&str>) -> Result<String, DeskError> {
    let Some(phone) = normal_phone(text) else {
        let hint = "write it with country code, such as +212612345678";
        return Err(DeskError::invalid(format!("`{text}` is not a phone number"), hint));
    };
    match desk.customer_with_phone(&phone) {
        Some(other) if Some(other.id.as_str()) != owner => {
            let message = format!("`{phone}` belongs to {} (`{}`)", other.name, other.id);
            Err(DeskError::conflict(message, "use that customer, or merge with `merge_customers`"))
        }
        _ => Ok(phone),
    }
}

fn valid_email(input: ToolInput<'_>) -> Result<Option<String>, DeskError> {
    let Some(email) = input.owned("email") else {
        return Ok(None);
    };
    let parts = email.split_once('@');
    let fits = parts.is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
    if fits && !email.contains(char::is_whitespace) {
        return Ok(Some(email));
    }
    Err(DeskError::invalid(format!("`{email}` is not an email address"), "write it as name@host"))
}

/// Returns a new customer that is not stored yet.
pub(crate) fn new_customer(
    desk: &mut Desk,
    input: ToolInput<'_>,
    groups: Vec<String>,
) -> Result<Customer, DeskError> {
    let phone = free_phone(desk, input.needed("phone"), None)?;
    let email = valid_email(input)?;
    let name = input.needed("name").to_owned();
    let mut addresses = Vec::new();
    if input.has("city") || input.has("line1") {
        let mut address = blank_address(desk, &name, &phone);
        fill(&mut address, input);
        address.is_default = true;
        addresses.push(address);
    }
    Ok(Customer {
        id: desk.new_id("cus"),
        name,
        phone,
        email,
        marketing_opt_in: input.flag("marketingOptIn").unwrap_or(false),
        blacklisted: false,
        blacklist_reason: None,
        addresses,
        groups,
        flagged_duplicates: Vec::new(),
        created_at: desk.tick(),
    })
}

/// Returns an address with only the person filled in.
pub(crate) fn blank_address(desk: &mut Desk, name: &str, phone: &str) -> Address {
    Address {
        id: desk.new_id("adr"),
        kind: "shipping".to_owned(),
        name: name.to_owned(),
        phone: phone.to_owned(),
        country: "MA".to_owned(),
        ..Address::default()
    }
}

/// Fills an address from the arguments.
pub(crate) fn fill(address: &mut Address, given: ToolInput<'_>) {
    let places = [
        (&mut address.kind, "kind"),
        (&mut address.name, "name"),
        (&mut address.phone, "phone"),
        (&mut address.line1, "line1"),
        (&mut address.city, "city"),
        (&mut address.postal_code, "postalCode"),
        (&mut address.country, "country"),
    ];
    for (place, name) in places {
        if let Some(value) = given.owned(name) {
            *place = value;
        }
    }
}

/// Returns the ids of the named customers, all of which must exist.
pub(super) fn ids(desk: &Desk, names: Vec<&str>) -> Result<Vec<String>, DeskError> {
    names.into_iter().map(|name| desk.customer(name).map(|customer| customer.id.clone())).collect()
}

pub(super) fn distinct(ids: &[String]) -> usize {
    let mut ids = ids.to_vec();
    ids.sort();
    ids.dedup();
    ids.len()
}
