//! The tool `flag_customers_as_duplicate`: marks customers as the same person without merging
//! them.

use serde_json::json;

use super::{WHOM, distinct, ids};
use crate::product::field::ToolInput;
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::{DeskError, DeskResult};
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::shapes::FLAGGED;

pub(super) const TOOL: Entry = Entry {
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
};

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
