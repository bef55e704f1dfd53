//! Redeeming gifts: each once, as a new subscription or as a phase of a running one.

use serde_json::{Value, json};

use super::super::api_format::API_FORMAT;
use super::super::customers::{CUSTOMERS, settle_on};
use super::super::events::announce;
use super::super::invoices::INVOICES;
use super::super::plans::PLANS;
use super::phases::{self, UpcomingPhase};
use super::{SUBSCRIPTIONS, is_running, opening};
use crate::product::field::ToolInput;
use crate::product::records::{RecordError, RecordResult, Records, make};

pub(super) fn redeem(records: &mut Records, input: ToolInput<'_>) -> RecordResult {
    let gift = gift(records, input)?;
    let customer = records.find(&CUSTOMERS, &input.0["customer_id"])?.clone();
    if customer["site_id"] != input.0["site_id"] {
        return Err(RecordError::not_found(CUSTOMERS.one, &input.0["customer_id"]));
    }
    let plan = records.find(&PLANS, &gift["plan_id"])?.clone();
    let currency = plan["currency"].as_str().unwrap_or_default();
    settle_on(records, &customer["id"], currency)?;
    let id = if input.has("subscription_id") {
        prolong(records, input, &customer, &plan, &gift)?
    } else {
        open(records, input, &customer, &plan, &gift)?
    };
    records.change(&SUBSCRIPTIONS, &gift["id"], |gift| gift["is_redeemed"] = true.into())?;
    records.find(&SUBSCRIPTIONS, &id).cloned()
}

/// Returns the gift with this code, if it was paid and not redeemed.
fn gift(records: &Records, input: ToolInput<'_>) -> Result<Value, RecordError> {
    let code = input.needed("gift_code");
    let mut gifts = records.with(&SUBSCRIPTIONS, "site_id", &input.0["site_id"]);
    let found = gifts
        .find(|gift| gift["gift_code"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(code)));
    let gift = found.ok_or_else(|| RecordError::not_found("gift", &code.into()))?;
    if gift["is_redeemed"] == true {
        return Err(RecordError::state("this gift was redeemed before"));
    }
    if !is_running(gift) {
        return Err(RecordError::state("this gift was taken back"));
    }
    match records.get(&INVOICES, &gift["latest_invoice_id"]) {
        Some(invoice) if invoice["status"] != "paid" => {
            Err(RecordError::state("this gift was not paid yet"))
        }
        _ => Ok(gift.clone()),
    }
}

/// Opens a new subscription, which ends with its period.
fn open(
    records: &mut Records,
    input: ToolInput<'_>,
    customer: &Value,
    plan: &Value,
    gift: &Value,
) -> Result<Value, RecordError> {
    let now = records.now().0;
    let end = opening::later(now, plan);
    let opened = json!({
        "site_id": gift["site_id"],
        "customer_id": customer["id"],
        "plan_id": plan["id"],
        "quantity": gift["quantity"],
        "address_id": input.0["address_id"],
        "auto_renew": false,
        "type": "gift_recipient",
        "cancel_at_period_end": true,
        "cancel_at": end,
        "current_period_start": now,
        "current_period_end": end,
    });
    opening::goes_somewhere(records, &opened, plan)?;
    let opened = make(&API_FORMAT, &SUBSCRIPTIONS, records, opened);
    let id = opened["id"].clone();
    records.change(&SUBSCRIPTIONS, &id, |subscription| {
        let phase = id.as_i64().unwrap_or_default() * 100 + 1;
        subscription["phases"] = json!([{
            "id": phase, "plan_id": plan["id"], "quantity": gift["quantity"],
            "coupon_id": null, "is_gift": true, "start": now, "end": end, "status": "current",
        }]);
        subscription["phase_count"] = 1.into();
    })?;
    announce(records, &opened, "subscription_created");
    Ok(id)
}

/// Adds a phase to the named subscription.
fn prolong(
    records: &mut Records,
    input: ToolInput<'_>,
    customer: &Value,
    plan: &Value,
    gift: &Value,
) -> Result<Value, RecordError> {
    let named = &input.0["subscription_id"];
    let own = records.find(&SUBSCRIPTIONS, named)?.clone();
    if own["customer_id"] != customer["id"] || own["site_id"] != gift["site_id"] {
        let message = "The subscription belongs to another customer.";
        return Err(RecordError::invalid("subscription_id", message));
    }
    if !is_running(&own) || own["type"] == "gift_donor" {
        return Err(RecordError::state("only a subscription that runs can be prolonged by a gift"));
    }
    let quantity = gift["quantity"].as_i64().unwrap_or(1);
    let phase =
        UpcomingPhase { plan, quantity, coupon: Value::Null, is_gift: true, replace: false };
    phases::add(records, &own["id"], &phase)?;
    announce(records, &own, "subscription_renewed");
    Ok(own["id"].clone())
}
