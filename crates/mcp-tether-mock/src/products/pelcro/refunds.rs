//! Refunds of cancelled orders and subscriptions. They wait for the bank overnight, and can be
//! cancelled until then.

use serde_json::{Value, json};

use super::api_format::{API_FORMAT, CURRENCY, SITE};
use super::charges::CHARGES;
use super::customers::CUSTOMERS;
use super::events::announce;
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, ToolInput, need};
use crate::product::records::{
    RecordError, RecordOutput, RecordResult, RecordRules, RecordTable, Records, col, list, make,
    number, writes,
};

const STATUS: Shape = Shape::OneOf(&["pending", "succeeded", "canceled"]);

const WHICH: &[Field] = &[need("refund_ids", Shape::Ids, "which ones; all of them or none")];

const CANCELED: &[Field] = &[
    need("canceled", Shape::Ids, "the refunds that will not happen"),
    need("amount", Shape::Money, "what stays, in minor units"),
];

pub(super) static REFUNDS: RecordTable = RecordTable {
    table: "refunds",
    one: "refund",
    id: "refund_id",
    prefix: None,
    within: SITE,
    first: 9501,
    columns: &[
        col("charge_id", Shape::Id, "the charge that is given back")
            .given()
            .filter()
            .refers(&CHARGES),
        col("customer_id", Shape::Id, "who gets it").given().filter().refers(&CUSTOMERS),
        col("amount", Shape::Money, "how much in minor units").given().or("0"),
        col("currency", CURRENCY, "in which currency").given(),
        col("reason", Shape::Text, "why").given().searched(),
        col("status", STATUS, "how far it is").given().filter().or("\"pending\""),
    ],
    rules: RecordRules::NONE,
    tools: &[
        list([
            "list_refunds",
            "List refunds",
            "Lists refunds; those that are pending can still be cancelled",
            r#"{"site_id":1205,"status":"pending"}"#,
        ]),
        writes(
            [
                "cancel_refunds",
                "Cancel refunds",
                "Cancels refunds that are pending; the money stays",
                r#"{"site_id":1205,"refund_ids":[$refunds.status=pending]}"#,
            ],
            ToolKind::Destructive,
            &[WHICH],
            RecordOutput::These(CANCELED),
            cancel,
        ),
    ],
};

/// Refunds a part of a charge; does nothing for an amount of 0.
pub(super) fn start(
    records: &mut Records,
    charge: &Value,
    amount: i64,
    reason: &str,
) -> Result<(), RecordError> {
    let charge = records.find(&CHARGES, &charge["id"])?.clone();
    let amount = amount.min(number(&charge, "amount") - number(&charge, "amount_refunded"));
    if amount <= 0 {
        return Ok(());
    }
    let refund = json!({
        "site_id": charge["site_id"],
        "charge_id": charge["id"],
        "customer_id": charge["customer_id"],
        "amount": amount,
        "currency": charge["currency"],
        "reason": reason,
    });
    make(&API_FORMAT, &REFUNDS, records, refund);
    give_back(records, &charge["id"], amount)?;
    announce(records, &charge, "charge_refunded");
    Ok(())
}

fn give_back(records: &mut Records, charge: &Value, amount: i64) -> Result<(), RecordError> {
    records.change(&CHARGES, charge, |charge| {
        let refunded = number(charge, "amount_refunded") + amount;
        charge["amount_refunded"] = refunded.into();
        charge["refunded"] = (refunded == number(charge, "amount")).into();
    })
}

/// Completes the pending refunds.
pub(super) fn go_through(records: &mut Records) -> Result<(), RecordError> {
    let waiting = records.all(&REFUNDS).iter().filter(|refund| refund["status"] == "pending");
    let ids: Vec<Value> = waiting.map(|refund| refund["id"].clone()).collect();
    ids.iter().try_for_each(|id| {
        records.change(&REFUNDS, id, |refund| refund["status"] = "succeeded".into())
    })
}

fn cancel(records: &mut Records, input: ToolInput<'_>) -> RecordResult {
    let ids = input.0["refund_ids"].as_array().cloned().unwrap_or_default();
    let mut sum = 0;
    let now = records.tick().0;
    for id in &ids {
        let refund = records.find(&REFUNDS, id)?.clone();
        if refund["site_id"] != input.0["site_id"] {
            return Err(RecordError::not_found(REFUNDS.one, id));
        }
        if refund["status"] != "pending" {
            let status = refund["status"].as_str().unwrap_or_default();
            return Err(RecordError::State(format!("the refund {id} is {status}, not pending")));
        }
        let amount = number(&refund, "amount");
        sum += amount;
        give_back(records, &refund["charge_id"], -amount)?;
        records.change(&REFUNDS, id, |refund| {
            refund["status"] = "canceled".into();
            refund["updated_at"] = now.into();
        })?;
    }
    Ok(json!({ "canceled": ids, "amount": sum }))
}
