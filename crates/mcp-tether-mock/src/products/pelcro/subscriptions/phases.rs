//! Upcoming phases: added by a renewal, deleted one by one.

use serde_json::{Value, json};

use super::super::coupons::{self, Purchase};
use super::super::events::announce;
use super::super::plans::PLANS;
use super::{SUBSCRIPTIONS, is_running, opening};
use crate::product::field::ToolInput;
use crate::product::records::{RecordError, RecordResult, Records, number, seen};

/// The limit on upcoming phases.
const MAX_PHASES: usize = 10;

pub(super) fn renew(records: &mut Records, input: ToolInput<'_>) -> RecordResult {
    let subscription = seen(&SUBSCRIPTIONS, records, input)?.clone();
    if !is_running(&subscription) {
        return Err(RecordError::state("a subscription that has ended cannot be renewed"));
    }
    if subscription["type"] == "gift_donor" {
        return Err(RecordError::state("a gift cannot be renewed by the one who gives it"));
    }
    let plan = records.find(&PLANS, &input.0["plan_id"])?.clone();
    if plan["site_id"] != subscription["site_id"] {
        return Err(RecordError::not_found(PLANS.one, &input.0["plan_id"]));
    }
    let current = records.find(&PLANS, &subscription["plan_id"])?;
    if plan["type"] != current["type"] || plan["currency"] != current["currency"] {
        let message = "The plan must be of the same type and currency as the current one.";
        return Err(RecordError::invalid("plan_id", message));
    }
    let currency = plan["currency"].as_str().unwrap_or_default();
    let purchase = Purchase { site: &subscription["site_id"], plan: Some(&plan["id"]), currency };
    let rebate = coupons::redeem(records, input, purchase)?;
    let coupon = rebate.map(|rebate| rebate.coupon["id"].clone()).unwrap_or_default();
    let quantity = input.whole("quantity").unwrap_or(1);
    let replace = input.flag("replace_upcoming_phases") == Some(true);
    let id = &subscription["id"];
    add(records, id, &UpcomingPhase { plan: &plan, quantity, coupon, is_gift: false, replace })?;
    records.change(&SUBSCRIPTIONS, id, |subscription| {
        subscription["cancel_at_period_end"] = false.into();
        for member in ["cancel_at", "canceled_at", "cancel_reason"] {
            subscription[member] = Value::Null;
        }
        if let Some(auto_renew) = input.flag("auto_renew") {
            subscription["auto_renew"] = auto_renew.into();
        }
    })?;
    announce(records, &subscription, "subscription_renewed");
    records.find(&SUBSCRIPTIONS, id).cloned()
}

/// An upcoming phase.
pub(super) struct UpcomingPhase<'a> {
    pub(super) plan: &'a Value,
    pub(super) quantity: i64,
    pub(super) coupon: Value,
    pub(super) is_gift: bool,
    /// Whether it replaces the existing upcoming phases.
    pub(super) replace: bool,
}

/// Adds a phase after the last one.
pub(super) fn add(
    records: &mut Records,
    id: &Value,
    phase: &UpcomingPhase<'_>,
) -> Result<(), RecordError> {
    let subscription = records.find(&SUBSCRIPTIONS, id)?;
    let mut phases = subscription["phases"].as_array().cloned().unwrap_or_default();
    let last = phases.iter().map(|phase| number(phase, "id")).max().unwrap_or_default();
    if phase.replace {
        phases.truncate(1);
    }
    if phases.len() > MAX_PHASES {
        let text = format!("a subscription has at most {MAX_PHASES} phases to come");
        return Err(RecordError::State(text));
    }
    let start = phases.last().map_or(0, |phase| number(phase, "end"));
    phases.push(json!({
        "id": last + 1,
        "plan_id": phase.plan["id"],
        "quantity": phase.quantity,
        "coupon_id": phase.coupon,
        "is_gift": phase.is_gift,
        "start": start,
        "end": opening::later(start, phase.plan),
        "status": "upcoming",
    }));
    write(records, id, phases)
}

pub(super) fn delete(records: &mut Records, input: ToolInput<'_>) -> RecordResult {
    let subscription = seen(&SUBSCRIPTIONS, records, input)?.clone();
    let mut phases = subscription["phases"].as_array().cloned().unwrap_or_default();
    let wanted = &input.0["phase_id"];
    let place = phases.iter().position(|phase| phase["id"] == *wanted);
    let place = place.ok_or_else(|| RecordError::not_found("phase", wanted))?;
    if phases[place]["status"] != "upcoming" {
        return Err(RecordError::state("a phase that has begun cannot be deleted"));
    }
    phases.remove(place);
    let mut start = number(&phases[place - 1], "end");
    for phase in &mut phases[place..] {
        let plan = records.find(&PLANS, &phase["plan_id"])?;
        phase["start"] = start.into();
        start = opening::later(start, plan);
        phase["end"] = start.into();
    }
    write(records, &subscription["id"], phases)?;
    records.find(&SUBSCRIPTIONS, &subscription["id"]).cloned()
}

fn write(records: &mut Records, id: &Value, phases: Vec<Value>) -> Result<(), RecordError> {
    let now = records.tick().0;
    records.change(&SUBSCRIPTIONS, id, |subscription| {
        subscription["phase_count"] = phases.len().into();
        subscription["phases"] = phases.into();
        subscription["updated_at"] = now.into();
    })
}
