//! Payment methods of customers: cards that a gateway identifies by a token. The token decides
//! whether the card works.

use serde_json::{Value, json};

use super::accounts;
use super::api_format::SITE;
use super::customers::CUSTOMERS;
use super::subscriptions::{self, SUBSCRIPTIONS};
use crate::product::field::{Shape, ToolInput};
use crate::product::records::{
    RecordError, RecordRules, RecordTable, Records, col, create, delete, get, list,
};

/// Tokens of the gateway, with brand, last digits, funding type, and whether charges succeed.
const CARDS: &[(&str, &str, &str, &str, &str)] = &[
    ("tok_visa", "visa", "4242", "credit", "ok"),
    ("tok_mastercard", "mastercard", "4444", "credit", "ok"),
    ("tok_amex", "amex", "8431", "credit", "ok"),
    ("tok_debit", "visa", "5556", "debit", "ok"),
    ("tok_declined", "visa", "0002", "credit", "declined"),
    ("tok_expired", "mastercard", "0069", "credit", "expired"),
];

pub(super) static PAYMENT_METHODS: RecordTable = RecordTable {
    table: "payment_methods",
    one: "payment method",
    id: "payment_method_id",
    prefix: None,
    within: SITE,
    first: 6001,
    columns: &[
        col("customer_id", Shape::Id, "whose it is")
            .needed()
            .fixed()
            .filter()
            .goes_with(&CUSTOMERS),
        col(
            "gateway_token",
            Shape::Like("^tok_[a-z]+$"),
            "what the payment gateway gave for the card: `tok_visa`, `tok_mastercard`, `tok_amex`, \
             `tok_debit`, and `tok_declined` and `tok_expired` for cards that fail",
        )
        .needed()
        .fixed()
        .asked(),
        col("make_default", Shape::Flag, "whether it is charged from now on; the first always is")
            .fixed()
            .asked(),
        col("type", Shape::OneOf(&["card"]), "what it is").given().filter().or("\"card\""),
        col("brand", Shape::Text, "who issued it").given().filter(),
        col("last4", Shape::Text, "its last digits").given(),
        col("funding", Shape::OneOf(&["credit", "debit"]), "whose money it is").given(),
        col("exp_month", Shape::Whole(1, 12), "month in which it ends").given(),
        col("exp_year", Shape::Whole(2000, 2200), "year in which it ends").given(),
        col("behaves", Shape::Text, "what charges of it do").given().hidden(),
        col("is_default", Shape::Flag, "whether it is charged where none is named")
            .given()
            .or("false"),
    ],
    rules: RecordRules {
        creating: Some(creating),
        deleting: Some(deleting),
        showing: Some(|records, method| {
            let owner = records.get(&CUSTOMERS, &method["customer_id"]);
            let default = owner.is_some_and(|owner| owner["default_source_id"] == method["id"]);
            method["is_default"] = default.into();
        }),
        changing: None,
    },
    tools: &[
        list([
            "list_payment_methods",
            "List payment methods",
            "Lists payment methods; narrow it to a customer",
            r#"{"site_id":1205,"customer_id":$payment_methods:/customer_id}"#,
        ]),
        get([
            "get_payment_method",
            "Get payment method",
            "Gives one payment method, never more of its number than the last digits",
            r#"{"site_id":1205,"payment_method_id":$payment_methods}"#,
        ]),
        create([
            "create_payment_method",
            "Create payment method",
            "Attaches a card to a customer by the token that the payment gateway gave for it",
            r#"{"site_id":1205,"customer_id":$customers,"gateway_token":"tok_visa"}"#,
        ]),
        delete([
            "delete_payment_method",
            "Delete payment method",
            "Detaches a card for good; not while a running subscription is charged to it",
            r#"{"site_id":1205,"payment_method_id":$payment_methods.funding=debit}"#,
        ]),
    ],
};

fn creating(
    records: &mut Records,
    draft: &mut Value,
    input: ToolInput<'_>,
) -> Result<(), RecordError> {
    let token = input.needed("gateway_token");
    let card = CARDS.iter().find(|card| card.0 == token);
    let Some((_, brand, last4, funding, behaves)) = card else {
        let message = format!("The gateway does not know the token {token}.");
        return Err(RecordError::invalid("gateway_token", message));
    };
    let (year, month, _) = records.today().parts();
    let ends = if *behaves == "expired" { year - 1 } else { year + 3 };
    for (member, value) in [
        ("brand", json!(brand)),
        ("last4", json!(last4)),
        ("funding", json!(funding)),
        ("behaves", json!(behaves)),
        ("exp_month", json!(month)),
        ("exp_year", json!(ends)),
    ] {
        draft[member] = value;
    }
    let (customer, id) = (draft["customer_id"].clone(), draft["id"].clone());
    let first = records.find(&CUSTOMERS, &customer)?["default_source_id"].is_null();
    if first || input.flag("make_default") == Some(true) {
        records.change(&CUSTOMERS, &customer, |owner| owner["default_source_id"] = id)?;
    }
    Ok(())
}

fn deleting(records: &mut Records, method: &Value) -> Result<(), RecordError> {
    let mut charged = records.with(&SUBSCRIPTIONS, "payment_method_id", &method["id"]);
    let running = charged.find(|subscription| {
        subscriptions::is_running(subscription)
            && subscription["collection_method"] == "charge_automatically"
    });
    match running {
        Some(subscription) => Err(RecordError::State(format!(
            "the running subscription {} is charged to this payment method",
            subscription["id"]
        ))),
        None => Ok(()),
    }
}

/// Returns the named payment method, or the customer's default.
pub(super) fn chosen(
    records: &Records,
    input: ToolInput<'_>,
    customer: &Value,
) -> Result<Value, RecordError> {
    let named = &input.0["payment_method_id"];
    let id = if named.is_null() { &customer["default_source_id"] } else { named };
    if id.is_null() {
        let message = "The payment_method_id field is required: the customer has no default.";
        return Err(RecordError::invalid("payment_method_id", message));
    }
    let method = records.find(&PAYMENT_METHODS, id)?;
    if method["customer_id"] == customer["id"] {
        Ok(method.clone())
    } else {
        let message = "The payment method belongs to another customer.";
        Err(RecordError::invalid("payment_method_id", message))
    }
}

/// Returns the currency a customer pays in: their own, otherwise the account's.
pub(super) fn currency_of(records: &Records, customer: &Value) -> String {
    let account = accounts::current(records)["default_currency"].as_str().unwrap_or_default();
    customer["currency"].as_str().unwrap_or(account).to_owned()
}
