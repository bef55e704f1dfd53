//! The tool `add_customers_to_group`: adds customers to a group, which can be made on the way.

use serde_json::json;

use super::{WHOM, ids};
use crate::product::field::{Shape, ToolInput, may, need};
use crate::products::egrow::customers::group;
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::model::CustomerGroup;
use crate::products::egrow::shapes::GROUP_ADDED;

pub(super) const TOOL: Entry = Entry {
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
};

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
