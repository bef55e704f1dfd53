//! Bills of vendors: a draft is edited, then finalized, then paid.

use serde_json::{Value, json};

use super::accounts;
use super::api_format::{CURRENCY, SITE, metadata};
use super::exports::{self, EXPORTS};
use super::totals::{Discount, InvoiceTotals, TaxedLine};
use super::vendors::VENDORS;
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, ToolInput, may, need};
use crate::product::records::{
    RecordError, RecordOutput, RecordResult, RecordRules, RecordTable, Records, col, create,
    delete, get, list, number, seen, update, writes,
};

const STATUS: Shape = Shape::OneOf(&["draft", "open", "paid"]);

const LINES: &[Field] = &[
    need("description", Shape::Short(255), "what for"),
    need("quantity", Shape::Whole(1, 1_000_000), "how many"),
    need("unit_price", Shape::Whole(0, 100_000_000), "what one costs in minor units"),
];

const LINES_SHOWN: &[Field] = &[
    need("description", Shape::Text, "what for"),
    need("quantity", Shape::Whole(1, 1_000_000), "how many"),
    need("unit_price", Shape::Money, "what one costs"),
    need("amount", Shape::Money, "what all of them cost"),
];

const WHICH: &[Field] = &[need("bill_id", Shape::Id, "which one")];

const PAID: &[Field] =
    &[may("reference", Shape::Short(255), "what the payment is known by, such as a check number")];

const EXPORT: &[Field] = &[
    may("vendor_id", Shape::Id, "only bills of this vendor"),
    may("status", STATUS, "only bills of this status"),
    may("date_from", Shape::Date, "only bills of this day or later"),
    may("date_to", Shape::Date, "only bills of this day or earlier"),
];

pub(super) static BILLS: RecordTable = RecordTable {
    table: "bills",
    one: "bill",
    id: "bill_id",
    prefix: None,
    within: SITE,
    first: 651,
    columns: &[
        col("vendor_id", Shape::Id, "who wants the money")
            .needed()
            .fixed()
            .filter()
            .refers(&VENDORS),
        col("line_items", Shape::Objects(LINES), "what it is for")
            .needed()
            .shown_as(Shape::Objects(LINES_SHOWN)),
        col("currency", CURRENCY, "the vendor's if left out").fixed().filter(),
        col("description", Shape::Short(1000), "what it is about").searched(),
        col("purchase_order", Shape::Short(20), "the order it belongs to").searched(),
        col("footer", Shape::Short(1000), "what stands at its foot"),
        col("period_start", Shape::Date, "first day that it covers"),
        col("period_end", Shape::Date, "last day that it covers"),
        col("due_date", Shape::Date, "when it has to be paid; from the vendor's terms if left out"),
        metadata(),
        col("number", Shape::Text, "its number").given().searched(),
        col("status", STATUS, "how far it is").given().filter().or("\"draft\""),
        col("subtotal", Shape::Money, "sum of the lines").given().or("0"),
        col("total", Shape::Money, "what it comes to").given().or("0"),
        col("amount_due", Shape::Money, "what was to be paid").given().or("0"),
        col("amount_paid", Shape::Money, "what was paid").given().or("0"),
        col("amount_remaining", Shape::Money, "what is still to be paid").given().or("0"),
        col("paid", Shape::Flag, "whether all of it was paid").given().or("false"),
        col("payment_reference", Shape::Text, "what the payment is known by").given(),
        col("finalized_at", Shape::Time, "when it was finalized").given(),
        col("paid_at", Shape::Time, "when it was paid").given(),
    ],
    rules: RecordRules {
        creating: Some(creating),
        changing: Some(changing),
        deleting: Some(|_, bill| only_draft(bill, "deleted")),
        showing: None,
    },
    tools: &[
        list([
            "list_bills",
            "List bills",
            "Lists bills of vendors, newest first",
            r#"{"site_id":1205,"status":"open"}"#,
        ]),
        get([
            "get_bill",
            "Get bill",
            "Gives one bill with its lines",
            r#"{"site_id":1205,"bill_id":$bills}"#,
        ]),
        create([
            "create_bill",
            "Create bill",
            "Writes down what a vendor wants to have, as a draft; amounts are in minor units",
            r#"{"site_id":1205,"vendor_id":$vendors,"line_items":[{"description":"Feature article","quantity":2,"unit_price":45000}]}"#,
        ]),
        update([
            "update_bill",
            "Update bill",
            "Changes a draft; a bill that was finalized stays as it is",
            r#"{"site_id":1205,"bill_id":$bills.status=draft,"purchase_order":"PO-77"}"#,
        ]),
        delete([
            "delete_bill",
            "Delete bill",
            "Deletes a draft for good",
            r#"{"site_id":1205,"bill_id":$bills.status=draft}"#,
        ]),
        writes(
            [
                "finalize_bill",
                "Finalize bill",
                "Closes a draft: it can no longer be changed and waits for its payment",
                r#"{"site_id":1205,"bill_id":$bills.status=draft}"#,
            ],
            ToolKind::Write,
            &[WHICH],
            RecordOutput::One,
            |records, input| {
                let id = seen(&BILLS, records, input)?["id"].clone();
                finalize(records, &id)
            },
        ),
        writes(
            [
                "mark_bill_as_paid",
                "Mark bill as paid",
                "Notes that a finalized bill was paid",
                r#"{"site_id":1205,"bill_id":$bills.status=open,"reference":"wire 2210"}"#,
            ],
            ToolKind::Write,
            &[WHICH, PAID],
            RecordOutput::One,
            |records, input| {
                let id = seen(&BILLS, records, input)?["id"].clone();
                pay(records, &id, input.text("reference"))
            },
        ),
        writes(
            [
                "export_bills",
                "Export bills",
                "Starts an export of the bills; `download_export` gives the file once it is ready",
                r#"{"site_id":1205,"status":"open"}"#,
            ],
            ToolKind::Write,
            &[EXPORT],
            RecordOutput::OneOf(&EXPORTS),
            |records, input| exports::request(records, "bills", input),
        ),
    ],
};

fn creating(records: &mut Records, draft: &mut Value, _: ToolInput<'_>) -> Result<(), RecordError> {
    let vendor = records.find(&VENDORS, &draft["vendor_id"])?;
    if vendor["status"] == "inactive" {
        return Err(RecordError::state("this vendor is inactive"));
    }
    if draft["currency"].is_null() {
        let own = [&vendor["currency"], &accounts::current(records)["default_currency"]];
        let known = own.into_iter().find(|currency| !currency.is_null());
        draft["currency"] = known.cloned().unwrap_or_default();
    }
    if draft["due_date"].is_null() {
        let due = records.today().plus_days(number(vendor, "payment_terms"));
        draft["due_date"] = due.to_string().into();
    }
    draft["number"] = format!("BILL-{}", draft["id"]).into();
    count(draft)
}

fn changing(
    _: &mut Records,
    before: &Value,
    after: &mut Value,
    input: ToolInput<'_>,
) -> Result<(), RecordError> {
    // Metadata is accepted for any record.
    let only_notes = input.0.as_object().is_some_and(|given| {
        given.keys().all(|name| matches!(name.as_str(), "site_id" | "bill_id" | "metadata"))
    });
    if !only_notes {
        only_draft(before, "changed")?;
    }
    count(after)
}

/// Computes the totals, after checking the dates.
fn count(bill: &mut Value) -> Result<(), RecordError> {
    for name in ["period_start", "period_end", "due_date"] {
        exports::day(bill, name)?;
    }
    if let (Some(start), Some(end)) = (bill["period_start"].as_str(), bill["period_end"].as_str())
        && end < start
    {
        let message = "The period_end must be a date after or equal to period_start.";
        return Err(RecordError::invalid("period_end", message));
    }
    let lines =
        bill["line_items"].as_array().into_iter().flatten().map(TaxedLine::of).collect::<Vec<_>>();
    let totals = InvoiceTotals::of(&lines, Discount::None)?;
    let shown = lines.iter().map(|line| {
        json!({
            "description": line.description,
            "quantity": line.quantity,
            "unit_price": line.unit_price,
            "amount": line.amount(),
        })
    });
    bill["line_items"] = shown.collect();
    for member in ["subtotal", "total", "amount_due"] {
        bill[member] = totals.subtotal.into();
    }
    bill["amount_remaining"] = (totals.subtotal - number(bill, "amount_paid")).into();
    Ok(())
}

fn only_draft(bill: &Value, done: &str) -> Result<(), RecordError> {
    match bill["status"].as_str() {
        Some("draft") => Ok(()),
        other => {
            let status = other.unwrap_or_default();
            Err(RecordError::State(format!("only a draft can be {done}, this bill is {status}")))
        }
    }
}

/// Finalizes a draft, which makes it open.
pub(super) fn finalize(records: &mut Records, id: &Value) -> RecordResult {
    only_draft(records.find(&BILLS, id)?, "finalized")?;
    let now = records.tick().0;
    records.change(&BILLS, id, |bill| {
        bill["status"] = "open".into();
        bill["finalized_at"] = now.into();
        bill["updated_at"] = now.into();
    })?;
    records.find(&BILLS, id).cloned()
}

/// Pays an open bill.
pub(super) fn pay(records: &mut Records, id: &Value, reference: Option<&str>) -> RecordResult {
    let status = records.find(&BILLS, id)?["status"].clone();
    if status != "open" {
        let status = status.as_str().unwrap_or_default();
        let text = format!("only a finalized bill can be paid, this one is {status}");
        return Err(RecordError::State(text));
    }
    let now = records.tick().0;
    records.change(&BILLS, id, |bill| {
        bill["status"] = "paid".into();
        bill["paid"] = true.into();
        bill["amount_paid"] = bill["total"].clone();
        bill["amount_remaining"] = 0.into();
        bill["payment_reference"] = reference.into();
        bill["paid_at"] = now.into();
        bill["updated_at"] = now.into();
    })?;
    records.find(&BILLS, id).cloned()
}
