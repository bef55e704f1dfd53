//! The tool `bulk_blacklist_customers`: blacklists customers, or takes them off the blacklist.

use serde_json::json;

use super::{WHOM, ids};
use crate::product::field::{Shape, ToolInput, may, need};
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::shapes::BLACKLISTED;

pub(super) const TOOL: Entry = Entry {
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
};

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
