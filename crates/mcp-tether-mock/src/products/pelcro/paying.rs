//! Closing open invoices: paid without a card, paid from credit, voided, written off.

use serde_json::{Value, json};

use super::api_format::API_FORMAT;
use super::charges::CHARGES;
use super::customers::CUSTOMERS;
use super::events::announce;
use super::invoices::{INVOICES, only_open, settle};
use crate::product::field::ToolInput;
use crate::product::records::{RecordError, RecordResult, Records, make, number, seen};

/// Pays the invoice in full by check, wire or cash.
pub(super) fn offline(records: &mut Records, input: ToolInput<'_>) -> RecordResult {
    let invoice = seen(&INVOICES, records, input)?.clone();
    only_open(&invoice, "paid")?;
    let amount = number(&invoice, "amount_remaining");
    let charge = json!({
        "site_id": invoice["site_id"],
        "customer_id": invoice["customer_id"],
        "amount": amount,
        "currency": invoice["currency"],
        "reference": input.needed("reference"),
        "payment_category": input.text("payment_category").unwrap_or("check"),
        "invoice_id": invoice["id"],
        "description": format!("invoice {}", invoice["number"].as_str().unwrap_or_default()),
    });
    let charge = make(&API_FORMAT, &CHARGES, records, charge);
    announce(records, &charge, "charge_succeeded");
    settle(records, &invoice["id"], amount)?;
    records.find(&INVOICES, &invoice["id"]).cloned()
}

/// Pays as much of the invoice as possible from the customer's credit.
pub(super) fn apply_balance(records: &mut Records, input: ToolInput<'_>) -> RecordResult {
    let invoice = seen(&INVOICES, records, input)?.clone();
    only_open(&invoice, "paid from credit")?;
    let customer = records.find(&CUSTOMERS, &invoice["customer_id"])?;
    let balance = number(customer, "balance");
    if balance == 0 {
        return Err(RecordError::state("the customer has no credit"));
    }
    if customer["currency"] != invoice["currency"] {
        return Err(RecordError::state("the customer's credit is in another currency"));
    }
    let amount = balance.min(number(&invoice, "amount_remaining"));
    records.tick();
    settle(records, &invoice["id"], amount)?;
    records.change(&INVOICES, &invoice["id"], |invoice| {
        invoice["balance_applied"] = (number(invoice, "balance_applied") + amount).into();
    })?;
    records.change(&CUSTOMERS, &invoice["customer_id"], |customer| {
        customer["balance"] = (balance - amount).into();
    })?;
    records.find(&INVOICES, &invoice["id"]).cloned()
}

/// Voids the invoice.
pub(super) fn void(records: &mut Records, input: ToolInput<'_>) -> RecordResult {
    let invoice = seen(&INVOICES, records, input)?.clone();
    let status = invoice["status"].as_str().unwrap_or_default();
    if !matches!(status, "open" | "uncollectible") {
        let text = format!("an invoice that is {status} cannot be voided");
        return Err(RecordError::State(text));
    }
    if number(&invoice, "amount_paid") > 0 {
        return Err(RecordError::state("an invoice that was paid in part cannot be voided"));
    }
    end(records, &invoice, "void")
}

/// Marks the invoice as uncollectible.
pub(super) fn give_up(records: &mut Records, input: ToolInput<'_>) -> RecordResult {
    let invoice = seen(&INVOICES, records, input)?.clone();
    only_open(&invoice, "marked as uncollectible")?;
    end(records, &invoice, "uncollectible")
}

/// Closes an invoice that will not be paid.
pub(super) fn end(records: &mut Records, invoice: &Value, status: &str) -> RecordResult {
    let now = records.tick().0;
    records.change(&INVOICES, &invoice["id"], |invoice| {
        invoice["status"] = status.into();
        invoice["updated_at"] = now.into();
        if status == "void" {
            invoice["voided_at"] = now.into();
            invoice["amount_remaining"] = 0.into();
        }
    })?;
    if status == "void" {
        announce(records, invoice, "invoice_voided");
    }
    records.find(&INVOICES, &invoice["id"]).cloned()
}
