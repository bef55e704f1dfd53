//! Invoices, created by hand or by subscriptions; a draft is opened, then paid, voided or written
//! off.

use serde_json::{Value, json};

use super::api_format::{API_FORMAT, CURRENCY, PAYMENT_CATEGORY, SITE, metadata};
use super::coupons::{self, COUPONS, Purchase, Rebate};
use super::customers::{self, CUSTOMERS};
use super::events::announce;
use super::payment_methods::currency_of;
use super::subscriptions::SUBSCRIPTIONS;
use super::totals::{Discount, InvoiceTotals, TaxedLine};
use super::{exports, paying};
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, ToolInput, may, need};
use crate::product::records::{
    RecordError, RecordOutput, RecordRules, RecordTable, Records, col, create, get, list, make,
    number, update, writes,
};

const STATUS: Shape = Shape::OneOf(&["draft", "open", "paid", "void", "uncollectible"]);

const LINES: &[Field] = &[
    may("description", Shape::Short(255), "what for"),
    need("quantity", Shape::Whole(1, 1_000_000), "how many"),
    need("unit_price", Shape::Whole(0, 100_000_000), "what one costs in minor units"),
    may("tax_rate", Shape::Whole(0, 10_000), "tax in hundredths of a percent, 888 is 8.88 %"),
    may("tax_name", Shape::Short(50), "what the tax is called; needed with `tax_rate`"),
];

const LINES_SHOWN: &[Field] = &[
    need("description", Shape::Text, "what for"),
    need("quantity", Shape::Whole(1, 1_000_000), "how many"),
    need("unit_price", Shape::Money, "what one costs"),
    need("amount", Shape::Money, "what all of them cost"),
    need("discount", Shape::Money, "what the coupon takes off"),
    need("tax_rate", Shape::Whole(0, 10_000), "tax in hundredths of a percent"),
    need("tax_name", Shape::TextOrNull, "what the tax is called"),
    need("tax", Shape::Money, "the tax on it"),
];

const WHICH: &[Field] = &[need("invoice_id", Shape::Id, "which one")];

const PAYMENT: &[Field] = &[
    need("reference", Shape::Short(255), "what the payment is known by, such as a check number"),
    may("payment_category", PAYMENT_CATEGORY, "how it came; `check` if left out"),
];

pub(super) static INVOICES: RecordTable = RecordTable {
    table: "invoices",
    one: "invoice",
    id: "invoice_id",
    prefix: None,
    within: SITE,
    first: 8001,
    columns: &[
        col("customer_id", Shape::Id, "who has to pay")
            .needed()
            .fixed()
            .filter()
            .refers(&CUSTOMERS),
        col("line_items", Shape::Objects(LINES), "what for; this or `total`")
            .shown_as(Shape::Objects(LINES_SHOWN))
            .or("[]"),
        col("total", Shape::Whole(1, 100_000_000_000), "what it comes to, without `line_items`")
            .fixed()
            .or("0"),
        col("currency", CURRENCY, "the customer's if left out").fixed().filter(),
        col("status", Shape::OneOf(&["draft", "open"]), "`open` if left out; opens a draft")
            .shown_as(STATUS)
            .filter()
            .or("\"open\""),
        col("coupon_code", Shape::Short(64), "a coupon that takes something off").fixed().asked(),
        col("subscription_id", Shape::Id, "the subscription it is for")
            .fixed()
            .filter()
            .refers(&SUBSCRIPTIONS),
        col("description", Shape::Short(1000), "what it is about").searched(),
        col("due_date", Shape::Date, "when it has to be paid; in 30 days if left out"),
        metadata(),
        col("number", Shape::Text, "its number").given().searched().filter(),
        col("billing_reason", Shape::Text, "why it was made").given().filter().or("\"manual\""),
        col("collection_method", Shape::Text, "who moves: we charge, or the customer pays")
            .given()
            .filter()
            .or("\"send_invoice\""),
        col("coupon_id", Shape::Id, "the coupon that was used").given().filter().forgets(&COUPONS),
        col("subtotal", Shape::Money, "sum of the lines").given().or("0"),
        col("discount", Shape::Money, "what the coupon takes off").given().or("0"),
        col("tax", Shape::Money, "taxes").given().or("0"),
        col("amount_due", Shape::Money, "what was to be paid").given().or("0"),
        col("amount_paid", Shape::Money, "what was paid, credit included").given().or("0"),
        col("amount_remaining", Shape::Money, "what is still to be paid").given().or("0"),
        col("balance_applied", Shape::Money, "what was paid from credit").given().or("0"),
        col("past_due", Shape::Flag, "whether it should have been paid").given().or("false"),
        col("period_start", Shape::Time, "start of what it is for").given(),
        col("period_end", Shape::Time, "end of what it is for").given(),
        col("paid_at", Shape::Time, "when it was paid").given(),
        col("voided_at", Shape::Time, "when it was voided").given(),
    ],
    rules: RecordRules {
        creating: Some(creating),
        changing: Some(changing),
        showing: Some(|records, invoice| {
            let today = records.today().to_string();
            let late = invoice["due_date"].as_str().is_some_and(|due| due < today.as_str());
            invoice["past_due"] = (invoice["status"] == "open" && late).into();
        }),
        deleting: None,
    },
    tools: &[
        list([
            "list_invoices",
            "List invoices",
            "Lists invoices, newest first; narrow it to a status, a customer or a subscription",
            r#"{"site_id":1205,"status":"open"}"#,
        ]),
        get([
            "get_invoice",
            "Get invoice",
            "Gives one invoice with lines, discount, taxes and what is still to be paid",
            r#"{"site_id":1205,"invoice_id":$invoices}"#,
        ]),
        create([
            "create_invoice",
            "Create invoice",
            "Writes an invoice by hand, from lines or over a total; amounts are in minor units",
            r#"{"site_id":1205,"customer_id":$customers,"line_items":[{"description":"Reprint","quantity":2,"unit_price":1250,"tax_rate":888,"tax_name":"sales tax"}]}"#,
        ]),
        update([
            "update_invoice",
            "Update invoice",
            "Changes a draft or opens it; of an invoice that is open only description, due date \
             and metadata can change",
            r#"{"site_id":1205,"invoice_id":$invoices.status=draft,"status":"open"}"#,
        ]),
        writes(
            [
                "pay_invoice_offline",
                "Pay invoice offline",
                "Notes that an open invoice was paid by check, wire or cash, in full",
                r#"{"site_id":1205,"invoice_id":$invoices.status=open,"reference":"check 4711"}"#,
            ],
            ToolKind::Write,
            &[WHICH, PAYMENT],
            RecordOutput::One,
            paying::offline,
        ),
        writes(
            [
                "void_invoice",
                "Void invoice",
                "Takes an invoice back that was not paid; its number stays used",
                r#"{"site_id":1205,"invoice_id":$invoices.status=open}"#,
            ],
            ToolKind::Destructive,
            &[WHICH],
            RecordOutput::One,
            paying::void,
        ),
        writes(
            [
                "mark_invoice_uncollectible",
                "Mark uncollectible",
                "Gives an open invoice up as money that will not come",
                r#"{"site_id":1205,"invoice_id":$invoices.status=open}"#,
            ],
            ToolKind::Destructive,
            &[WHICH],
            RecordOutput::One,
            paying::give_up,
        ),
        writes(
            [
                "apply_balance_to_invoice",
                "Apply balance",
                "Pays an open invoice from the customer's credit, as far as that goes",
                r#"{"site_id":1205,"invoice_id":$invoices.description=Reader trip:/id}"#,
            ],
            ToolKind::Write,
            &[WHICH],
            RecordOutput::One,
            paying::apply_balance,
        ),
    ],
};

fn creating(
    records: &mut Records,
    draft: &mut Value,
    input: ToolInput<'_>,
) -> Result<(), RecordError> {
    let customer = records.find(&CUSTOMERS, &draft["customer_id"])?.clone();
    let currency = input.owned("currency").unwrap_or_else(|| currency_of(records, &customer));
    draft["currency"] = currency.as_str().into();
    customers::settle_on(records, &customer["id"], &currency)?;
    if input.has("line_items") == input.has("total") {
        let message = "Either line_items or total is required, and not both.";
        return Err(RecordError::invalid("line_items", message));
    }
    if input.has("total") {
        let text = draft["description"].as_str().unwrap_or("total");
        let line = json!({ "description": text, "quantity": 1, "unit_price": draft["total"] });
        draft["line_items"] = json!([line]);
    }
    let purchase = Purchase { site: &draft["site_id"], plan: None, currency: &currency };
    let rebate = coupons::redeem(records, input, purchase)?;
    finish(records, draft, rebate.as_ref())
}

/// Sets number, dates and sums.
fn finish(
    records: &mut Records,
    draft: &mut Value,
    rebate: Option<&Rebate>,
) -> Result<(), RecordError> {
    draft["number"] = format!("INV-{}", draft["id"]).into();
    if exports::day(draft, "due_date")?.is_none() {
        draft["due_date"] = records.today().plus_days(30).to_string().into();
    }
    draft["coupon_id"] = rebate.map(|rebate| rebate.coupon["id"].clone()).unwrap_or_default();
    count(draft, rebate.map_or(Discount::None, |rebate| rebate.discount))?;
    announce(records, draft, "invoice_created");
    if number(draft, "amount_due") == 0 && draft["status"] == "open" {
        draft["status"] = "paid".into();
        draft["paid_at"] = records.now().0.into();
    }
    Ok(())
}

fn count(invoice: &mut Value, discount: Discount) -> Result<(), RecordError> {
    let given = invoice["line_items"].as_array().cloned().unwrap_or_default();
    for (place, line) in given.iter().enumerate() {
        if number(line, "tax_rate") > 0 && line["tax_name"].is_null() {
            let field = format!("line_items.{place}.tax_name");
            let message = format!("The {field} field is required with tax_rate.");
            return Err(RecordError::invalid(&field, message));
        }
    }
    let lines: Vec<TaxedLine> = given.iter().map(TaxedLine::of).collect();
    let totals = InvoiceTotals::of(&lines, discount)?;
    for (member, amount) in [
        ("subtotal", totals.subtotal),
        ("discount", totals.discount),
        ("tax", totals.tax),
        ("total", totals.total()),
        ("amount_due", totals.total()),
        ("amount_remaining", totals.total()),
    ] {
        invoice[member] = amount.into();
    }
    invoice["line_items"] = totals.lines.into();
    Ok(())
}

fn changing(
    records: &mut Records,
    before: &Value,
    after: &mut Value,
    input: ToolInput<'_>,
) -> Result<(), RecordError> {
    exports::day(after, "due_date")?;
    if before["status"] != "draft" {
        if input.has("line_items") || input.has("status") {
            let status = before["status"].as_str().unwrap_or_default();
            let text =
                format!("lines and status of a draft can be changed, this invoice is {status}");
            return Err(RecordError::State(text));
        }
        return Ok(());
    }
    if input.has("line_items") {
        let currency = after["currency"].as_str().unwrap_or_default();
        let coupon = records.get(&COUPONS, &after["coupon_id"]);
        let discount = coupon.map(|coupon| coupons::discount_of(coupon, currency)).transpose()?;
        count(after, discount.unwrap_or(Discount::None))?;
    }
    Ok(())
}

/// The content of a subscription's invoice.
pub(super) struct Demand<'a> {
    pub(super) customer: &'a Value,
    pub(super) currency: &'a str,
    pub(super) lines: Vec<Value>,
    pub(super) rebate: Option<&'a Rebate>,
    pub(super) subscription: &'a Value,
    pub(super) reason: &'static str,
    pub(super) collection_method: &'a str,
    pub(super) period: (i64, i64),
}

/// Creates the invoice.
pub(super) fn issue(records: &mut Records, demand: &Demand<'_>) -> Result<Value, RecordError> {
    let members = json!({
        "site_id": demand.customer["site_id"],
        "customer_id": demand.customer["id"],
        "currency": demand.currency,
        "line_items": demand.lines,
        "subscription_id": demand.subscription,
        "billing_reason": demand.reason,
        "collection_method": demand.collection_method,
        "period_start": demand.period.0,
        "period_end": demand.period.1,
    });
    let id = make(&API_FORMAT, &INVOICES, records, members)["id"].clone();
    let mut invoice = records.find(&INVOICES, &id)?.clone();
    finish(records, &mut invoice, demand.rebate)?;
    let written = invoice.clone();
    records.change(&INVOICES, &id, |record| *record = written)?;
    Ok(invoice)
}

/// Records a payment of an open invoice, and marks the invoice as paid once the amount is covered.
pub(super) fn settle(records: &mut Records, id: &Value, amount: i64) -> Result<(), RecordError> {
    let invoice = records.find(&INVOICES, id)?.clone();
    only_open(&invoice, "paid")?;
    let remaining = number(&invoice, "amount_remaining");
    if amount > remaining {
        let text = format!("{amount} is more than what remains of this invoice, {remaining}");
        return Err(RecordError::State(text));
    }
    let now = records.now().0;
    records.change(&INVOICES, id, |invoice| {
        invoice["amount_paid"] = (number(invoice, "amount_paid") + amount).into();
        invoice["amount_remaining"] = (remaining - amount).into();
        invoice["updated_at"] = now.into();
        if amount == remaining {
            invoice["status"] = "paid".into();
            invoice["paid_at"] = now.into();
        }
    })?;
    if amount == remaining {
        announce(records, &invoice, "invoice_payment_succeeded");
    }
    Ok(())
}

pub(super) fn only_open(invoice: &Value, done: &str) -> Result<(), RecordError> {
    match invoice["status"].as_str() {
        Some("open") => Ok(()),
        other => {
            let status = other.unwrap_or_default();
            Err(RecordError::State(format!(
                "only an open invoice can be {done}, this one is {status}"
            )))
        }
    }
}
