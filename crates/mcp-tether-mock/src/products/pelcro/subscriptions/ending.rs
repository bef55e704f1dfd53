//! Cancelling subscriptions: at the end of the period, or now with a refund of the remaining time.

use serde_json::Value;

use super::super::charges::CHARGES;
use super::super::events::announce;
use super::super::invoices::INVOICES;
use super::super::{paying, refunds};
use super::{SUBSCRIPTIONS, is_running, left};
use crate::product::field::ToolInput;
use crate::product::money::portion;
use crate::product::records::{RecordError, RecordResult, Records, number, seen};

pub(super) fn cancel(records: &mut Records, input: ToolInput<'_>) -> RecordResult {
    let subscription = seen(&SUBSCRIPTIONS, records, input)?.clone();
    if !is_running(&subscription) {
        return Err(RecordError::state("this subscription has ended already"));
    }
    if subscription["type"] == "gift_recipient" {
        return Err(RecordError::state("a gift that was redeemed cannot be canceled"));
    }
    let now = records.tick().0;
    let at_once = input.needed("mode") == "now";
    if at_once {
        settle_up(records, &subscription, now)?;
    } else if subscription["cancel_at_period_end"] == true {
        return Err(RecordError::state("this subscription ends with its period already"));
    }
    let id = &subscription["id"];
    records.change(&SUBSCRIPTIONS, id, |subscription| {
        let end = subscription["current_period_end"].clone();
        subscription["cancel_at"] = if at_once { now.into() } else { end };
        subscription["cancel_at_period_end"] = (!at_once).into();
        subscription["auto_renew"] = false.into();
        subscription["canceled_at"] = now.into();
        subscription["cancel_reason"] = input.text("reason").into();
        subscription["updated_at"] = now.into();
        if let Some(phases) = subscription["phases"].as_array_mut() {
            phases.truncate(1);
        }
        subscription["phase_count"] = 1.into();
        if at_once {
            subscription["status"] = "canceled".into();
            subscription["current_period_end"] = now.into();
            subscription["phases"][0]["end"] = now.into();
        }
    })?;
    announce(records, &subscription, "subscription_canceled");
    if at_once {
        announce(records, &subscription, "subscription_expired");
    }
    records.find(&SUBSCRIPTIONS, id).cloned()
}

/// Refunds the remaining time if it was paid, and voids an unpaid invoice.
fn settle_up(records: &mut Records, subscription: &Value, now: i64) -> Result<(), RecordError> {
    let Some(invoice) = records.get(&INVOICES, &subscription["latest_invoice_id"]).cloned() else {
        return Ok(());
    };
    if invoice["status"] == "open" && number(&invoice, "amount_paid") == 0 {
        paying::end(records, &invoice, "void")?;
        return Ok(());
    }
    let (rest, whole) = left(subscription, now);
    let charges: Vec<Value> =
        records.with(&CHARGES, "invoice_id", &invoice["id"]).cloned().collect();
    for charge in charges {
        let amount = portion(number(&charge, "amount"), rest, whole);
        refunds::start(records, &charge, amount, "subscription canceled")?;
    }
    Ok(())
}
