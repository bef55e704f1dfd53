//! The tools that change customers.

use serde_json::json;

use super::super::desk::{Desk, normal_phone};
use super::super::desk_error::{DeskError, DeskResult};
use super::super::entry::{Class, Domain, Entry, OutputShape, Run};
use super::super::model::{Address, Customer, CustomerGroup};
use super::super::shapes::{BLACKLISTED, CUSTOMER, FLAGGED, GROUP_ADDED, MERGED_CUSTOMERS};
use super::super::views::customer_in_full;
use super::{group, merge};
use crate::product::field::{Field, Shape, ToolInput, may, need};

const WHOM: Field = need("customers", Shape::Texts, "ids or phone numbers");

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

const UPDATE: &[Field] = &[
    need("customer", Shape::Text, "id or phone number"),
    may("name", Shape::Text, "new name"),
    may("phone", Shape::Text, "new phone number"),
    may("email", Shape::Text, "new email address"),
    may("marketingOptIn", Shape::Flag, "whether they agree to marketing"),
];

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

pub(crate) const CHANGING: &[Entry] = &[
    Entry {
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
    },
    Entry {
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
    },
    Entry {
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
    },
    Entry {
        name: "add_customers_to_group",
        title: "Add customers to a group",
        domain: Domain::Customers,
        class: Class::Write,
        about: "Adds customers to a group, which can be made on the way",
        when_to_use: "customers belong to a segment",
        when_not_to_use: "they are to be blocked: use `bulk_blacklist_customers`",
        example: r#"{"customers":["+212661000101"],"group":"VIP"}"#,
        fields: &[&[
            WHOM,
            need("group", Shape::Text, "id or name of the group"),
            may("createIfMissing", Shape::Flag, "makes the group if there is none of that name"),
        ]],
        gives: OutputShape::One(&GROUP_ADDED),
        run: Run::Write(add_to_group),
    },
    Entry {
        name: "bulk_blacklist_customers",
        title: "Blacklist customers",
        domain: Domain::Customers,
        class: Class::Write,
        about: "Blacklists customers, or takes them off the blacklist",
        when_to_use: "somebody refuses parcels again and again, or was blocked by mistake",
        when_not_to_use: "you only want to see the risk: use `get_customer`",
        example: concat!(
            r#"{"customers":["+212661000101"],"blacklisted":true,"#,
            r#""reason":"refused three parcels"}"#,
        ),
        fields: &[&[
            WHOM,
            need("blacklisted", Shape::Flag, "on the list or off it"),
            may("reason", Shape::Text, "why, for the list"),
        ]],
        gives: OutputShape::One(&BLACKLISTED),
        run: Run::Write(blacklist),
    },
    Entry {
        name: "flag_customers_as_duplicate",
        title: "Flag customers as duplicates",
        domain: Domain::Customers,
        class: Class::Write,
        about: "Marks customers as the same person without merging them",
        when_to_use: "you are fairly sure, and somebody else will merge",
        when_not_to_use: "they are to be merged now: use `merge_customers`",
        example: r#"{"customers":["+212661000101","+212661000374"]}"#,
        fields: &[&[WHOM]],
        gives: OutputShape::One(&FLAGGED),
        run: Run::Write(flag),
    },
    Entry {
        name: "merge_customers",
        title: "Merge customers",
        domain: Domain::Customers,
        class: Class::Destructive,
        about: "Merges duplicates into one customer, with their orders, addresses and groups",
        when_to_use: "several profiles are surely one person",
        when_not_to_use: "you are not sure: use `flag_customers_as_duplicate`",
        example: r#"{"primary":"+212661000101","duplicates":["+212661000374"]}"#,
        fields: &[&[
            need("primary", Shape::Text, "id or phone number of the one that stays"),
            need("duplicates", Shape::Texts, "ids or phone numbers of those that go"),
        ]],
        gives: OutputShape::One(&MERGED_CUSTOMERS),
        run: Run::Confirmed { preview: merge::preview, apply: merge::apply },
    },
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

fn create(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let groups = input.texts("groups").into_iter().map(|name| group(desk, name));
    let groups = groups.collect::<Result<Vec<_>, _>>()?;
    let customer = new_customer(desk, input, groups)?;
    let id = customer.id.clone();
    desk.customers.push(customer);
    Ok(customer_in_full(desk, desk.customer(&id)?))
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

/// Returns the ids of the named customers, all of which must exist.
pub(super) fn ids(desk: &Desk, names: Vec<&str>) -> Result<Vec<String>, DeskError> {
    names.into_iter().map(|name| desk.customer(name).map(|customer| customer.id.clone())).collect()
}

fn add_to_group(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let ids = ids(desk, input.texts("customers"))?;
    let name = input.needed("group");
    let group_id = match group(desk, name) {
        Ok(id) => id,
        Err(_) if input.flag("createIfMissing") == Some(true) => {
            let id = desk.new_id("grp");
            desk.groups.push(CustomerGroup { id: id.clone(), name: name.to_owned() });
            id
        }
        Err(problem) => return Err(problem),
    };
    desk.tick();
    let mut added = 0;
    for id in &ids {
        let customer = desk.customer_mut(id)?;
        if !customer.groups.contains(&group_id) {
            customer.groups.push(group_id.clone());
            added += 1;
        }
    }
    let members = desk.customers.iter().filter(|c| c.groups.contains(&group_id)).count();
    let group = desk.groups.iter().find(|known| known.id == group_id);
    let already = ids.len() - added;
    Ok(json!({ "group": group, "added": added, "alreadyIn": already, "members": members }))
}

fn blacklist(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let ids = ids(desk, input.texts("customers"))?;
    let blacklisted = input.flag("blacklisted").unwrap_or_default();
    desk.tick();
    for id in &ids {
        let customer = desk.customer_mut(id)?;
        customer.blacklisted = blacklisted;
        customer.blacklist_reason = input.owned("reason").filter(|_| blacklisted);
    }
    let customers = ids.iter().map(|id| desk.customer(id).map(|c| desk.customer_line(c)));
    let customers = customers.collect::<Result<Vec<_>, _>>()?;
    Ok(json!({ "changed": ids.len(), "customers": customers }))
}

fn flag(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let ids = ids(desk, input.texts("customers"))?;
    if distinct(&ids) < 2 {
        let message = "at least two different customers are needed";
        return Err(DeskError::invalid(message, "name two or more"));
    }
    desk.tick();
    for id in &ids {
        let others = ids.iter().filter(|other| *other != id).cloned();
        let customer = desk.customer_mut(id)?;
        customer.flagged_duplicates.extend(others);
        customer.flagged_duplicates.sort();
        customer.flagged_duplicates.dedup();
    }
    Ok(json!({ "flagged": ids }))
}

pub(super) fn distinct(ids: &[String]) -> usize {
    let mut ids = ids.to_vec();
    ids.sort();
    ids.dedup();
    ids.len()
}
