//! Changing a running subscription.

use serde_json::Value;

use super::super::customers::CUSTOMERS;
use super::super::events::announce;
use super::super::memberships::network;
use super::super::payment_methods;
use super::super::plans::PLANS;
use super::{is_running, opening};
use crate::product::Moment;
use crate::product::field::ToolInput;
use crate::product::records::{RecordError, Records, number};

pub(super) fn changing(
    records: &mut Records,
    before: &Value,
    after: &mut Value,
    input: ToolInput<'_>,
) -> Result<(), RecordError> {
    let only_notes = input.0.as_object().is_some_and(|given| {
        given.keys().all(|name| matches!(name.as_str(), "site_id" | "subscription_id" | "metadata"))
    });
    if !is_running(before) && !only_notes {
        return Err(RecordError::state("a subscription that has ended cannot be changed"));
    }
    only_for_groups(after)?;
    let plan = records.find(&PLANS, &after["plan_id"])?;
    if input.has("address_id") {
        opening::goes_somewhere(records, after, plan)?;
    }
    let automatic = after["collection_method"] == "charge_automatically";
    if input.has("payment_method_id")
        || (input.has("collection_method") && automatic && after["payment_method_id"].is_null())
    {
        let customer = records.find(&CUSTOMERS, &after["customer_id"])?;
        let method = payment_methods::chosen(records, input, customer)?;
        after["payment_method_id"] = method["id"].clone();
    }
    if let Some(wanted) = input.whole("end_date") {
        prolong(after, wanted)?;
    }
    announce(records, after, "subscription_updated");
    Ok(())
}

/// Extends the current period to the end of that day; upcoming phases move with it.
fn prolong(subscription: &mut Value, wanted: i64) -> Result<(), RecordError> {
    let end = Moment(wanted).day().plus_days(1).epoch_seconds() - 1;
    let by = end - number(subscription, "current_period_end");
    if by <= 0 {
        let message = "The end_date must be after the end of the current period.";
        return Err(RecordError::invalid("end_date", message));
    }
    subscription["current_period_end"] = end.into();
    if subscription["cancel_at_period_end"] == true {
        subscription["cancel_at"] = end.into();
    }
    for (place, phase) in subscription["phases"].as_array_mut().into_iter().flatten().enumerate() {
        if place > 0 {
            phase["start"] = (number(phase, "start") + by).into();
        }
        phase["end"] = (number(phase, "end") + by).into();
    }
    Ok(())
}

/// Checks that IP ranges are valid, and that ranges and domains are only used for groups.
pub(super) fn only_for_groups(subscription: &Value) -> Result<(), RecordError> {
    let listed = |member: &str| subscription[member].as_array().cloned().unwrap_or_default();
    for member in ["ip_addresses", "domains"] {
        if subscription["type"] != "membership" && !listed(member).is_empty() {
            let message = format!("The {member} field is only for plans of type membership.");
            return Err(RecordError::invalid(member, message));
        }
    }
    let ranges = listed("ip_addresses");
    let wrong = ranges.iter().filter_map(Value::as_str).find(|range| network(range).is_none());
    match wrong {
        Some(range) => {
            let message = format!("{range} is neither an IPv4 address nor a CIDR range.");
            Err(RecordError::invalid("ip_addresses", message))
        }
        None => Ok(()),
    }
}
