//! Charges: incoming payments, by card or otherwise.

use serde_json::{Value, json};

use super::api_format::{API_FORMAT, CURRENCY, PAYMENT_CATEGORY, SITE};
use super::customers::{self, CUSTOMERS};
use super::events::announce;
use super::invoices::{self, INVOICES};
use crate::product::field::{Shape, ToolInput};
use crate::product::records::{
    RecordError, RecordRules, RecordTable, Records, col, create, get, list, make, number,
};

pub(super) static CHARGES: RecordTable = RecordTable {
    table: "charges",
    one: "charge",
    id: "charge_id",
    prefix: None,
    within: SITE,
    first: 9001,
    columns: &[
        col("customer_id", Shape::Id, "who paid").needed().fixed().filter().refers(&CUSTOMERS),
        col("amount", Shape::Whole(1, 2_147_483_647), "how much in minor units").needed().fixed(),
        col("currency", CURRENCY, "in which currency").needed().fixed().filter(),
        col("reference", Shape::Short(255), "what it is known by, such as the number of a check")
            .needed()
            .fixed()
            .searched(),
        col("payment_category", PAYMENT_CATEGORY, "how it came").fixed().or("\"check\""),
        col("invoice_id", Shape::Id, "the invoice that it pays").fixed().filter().refers(&INVOICES),
        col("description", Shape::Short(255), "what for").fixed().searched(),
        col("status", Shape::OneOf(&["succeeded"]), "how it went")
            .given()
            .filter()
            .or("\"succeeded\""),
        col("offline", Shape::Flag, "whether it came beside the card").given().filter().or("true"),
        col("payment_method_id", Shape::Id, "the card").given().filter(),
        col("order_id", Shape::Id, "the order that it pays").given().filter(),
        col("amount_refunded", Shape::Money, "how much of it goes back").given().or("0"),
        col("refunded", Shape::Flag, "whether all of it goes back").given().or("false"),
    ],
    rules: RecordRules { creating: Some(creating), ..RecordRules::NONE },
    tools: &[
        list([
            "list_charges",
            "List charges",
            "Lists charges, newest first; narrow it to a customer or an invoice",
            r#"{"site_id":1205,"limit":5}"#,
        ]),
        get([
            "get_charge",
            "Get charge",
            "Gives one charge and what was refunded of it",
            r#"{"site_id":1205,"charge_id":$charges}"#,
        ]),
        create([
            "create_offline_charge",
            "Create offline charge",
            "Writes down money that came by check, wire or cash; with an invoice it pays that off",
            r#"{"site_id":1205,"customer_id":$customers,"amount":1500,"currency":"usd","reference":"check 1881"}"#,
        ]),
    ],
};

fn creating(records: &mut Records, draft: &mut Value, _: ToolInput<'_>) -> Result<(), RecordError> {
    let currency = draft["currency"].as_str().unwrap_or_default().to_owned();
    customers::settle_on(records, &draft["customer_id"], &currency)?;
    if !draft["invoice_id"].is_null() {
        let invoice = records.find(&INVOICES, &draft["invoice_id"])?;
        if invoice["customer_id"] != draft["customer_id"] {
            let message = "The invoice belongs to another customer.";
            return Err(RecordError::invalid("invoice_id", message));
        }
        if invoice["currency"] != draft["currency"] {
            let message = format!("The invoice is in {}.", invoice["currency"]);
            return Err(RecordError::invalid("currency", message));
        }
        let id = draft["invoice_id"].clone();
        invoices::settle(records, &id, number(draft, "amount"))?;
    }
    announce(records, draft, "charge_succeeded");
    Ok(())
}

/// A card to charge.
pub(super) struct CardCharge<'a> {
    pub(super) customer: &'a Value,
    pub(super) method: &'a Value,
    pub(super) amount: i64,
    pub(super) currency: &'a str,
    pub(super) description: &'a str,
    /// `invoice_id` or `order_id`.
    pub(super) links: Value,
}

/// Charges a card; the bank may decline.
pub(super) fn by_card(
    records: &mut Records,
    payment: &CardCharge<'_>,
) -> Result<Value, RecordError> {
    match payment.method["behaves"].as_str() {
        Some("declined") => return Err(RecordError::state("the card was declined")),
        Some("expired") => return Err(RecordError::state("the card has expired")),
        _ => {}
    }
    let mut charge = json!({
        "site_id": payment.customer["site_id"],
        "customer_id": payment.customer["id"],
        "amount": payment.amount,
        "currency": payment.currency,
        "reference": format!("card ending in {}", payment.method["last4"].as_str().unwrap_or("?")),
        "payment_category": "external",
        "description": payment.description,
        "offline": false,
        "payment_method_id": payment.method["id"],
    });
    for member in ["invoice_id", "order_id"] {
        charge[member] = payment.links[member].clone();
    }
    let charge = make(&API_FORMAT, &CHARGES, records, charge);
    announce(records, &charge, "charge_succeeded");
    Ok(charge)
}
