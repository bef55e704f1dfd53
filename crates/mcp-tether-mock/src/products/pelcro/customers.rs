//! Customers, their credit, and their metadata.

use serde_json::{Value, json};

use super::addresses::ADDRESSES;
use super::api_format::{CURRENCY, SITE, metadata};
use super::charges::{self, CardCharge};
use super::events::announce;
use super::payment_methods::{self, PAYMENT_METHODS};
use super::subscriptions::SUBSCRIPTIONS;
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, ToolInput, may, need};
use crate::product::records::{
    RecordError, RecordOutput, RecordResult, RecordRules, RecordTable, Records, col, create,
    delete, get, list, number, seen, update, writes,
};

const WHICH: Field = need("customer_id", Shape::Id, "which one");

const CREDIT: &[Field] = &[
    WHICH,
    need("amount", Shape::Whole(1, 99_999_999), "how much in minor units"),
    may("payment_method_id", Shape::Id, "what to charge; the customer's default if left out"),
    may("description", Shape::Short(255), "what for"),
];

const FORGET: &[Field] = &[WHICH, need("keys", Shape::Texts, "names of the texts to delete")];

pub(super) static CUSTOMERS: RecordTable = RecordTable {
    table: "customers",
    one: "customer",
    id: "customer_id",
    prefix: None,
    within: SITE,
    first: 4001,
    columns: &[
        col("email", Shape::Email, "e-mail address, which nobody else has")
            .filter()
            .searched()
            .unique(),
        col("first_name", Shape::Short(255), "given name").searched(),
        col("last_name", Shape::Short(255), "family name").searched(),
        col("display_name", Shape::Short(100), "the name others see").searched(),
        col("phone", Shape::Like(r"^\+?[0-9 ()./-]{5,24}$"), "phone number").searched(),
        col("organization", Shape::Short(255), "company or school").filter().searched(),
        col("title", Shape::Short(255), "what they are there"),
        col("language", Shape::Like("^[a-z]{2}$"), "language in two letters").or("\"en\""),
        col("mail_marketing", Shape::Flag, "whether advertising by mail is welcome").or("false"),
        col("tele_marketing", Shape::Flag, "whether advertising by phone is welcome").or("false"),
        col("old_provider_id", Shape::Short(255), "their id in the system before this one")
            .filter()
            .unique(),
        metadata(),
        col("name", Shape::Text, "full name").given().or("\"\""),
        col("currency", CURRENCY, "what they pay in, once they bought something").given(),
        col("balance", Shape::Money, "credit in minor units").given().or("0"),
        col("default_source_id", Shape::Id, "the payment method that is charged")
            .given()
            .forgets(&PAYMENT_METHODS),
        col("address_ids", Shape::Ids, "their addresses").given().or("[]"),
        col("subscription_ids", Shape::Ids, "their subscriptions").given().or("[]"),
    ],
    rules: RecordRules {
        creating: Some(creating),
        changing: Some(changing),
        showing: Some(showing),
        ..RecordRules::NONE
    },
    tools: &[
        list([
            "list_customers",
            "List customers",
            "Lists customers, newest first; `query` looks for words in names, e-mail, phone and \
             organization",
            r#"{"site_id":1205,"limit":5}"#,
        ]),
        get([
            "get_customer",
            "Get customer",
            "Gives one customer with credit, addresses and subscriptions",
            r#"{"site_id":1205,"customer_id":$customers}"#,
        ]),
        create([
            "create_customer",
            "Create customer",
            "Makes a customer; an e-mail address, a display name or an old id has to be there",
            r#"{"site_id":1205,"email":"june.okafor@mail.example","first_name":"June","last_name":"Okafor"}"#,
        ]),
        update([
            "update_customer",
            "Update customer",
            "Changes what is known about a customer; texts in `metadata` are added",
            r#"{"site_id":1205,"customer_id":$customers,"metadata":{"segment":"loyal"}}"#,
        ]),
        delete([
            "delete_customer",
            "Delete customer",
            "Deletes a customer with addresses and payment methods; those who ever bought anything \
             stay on the books",
            r#"{"site_id":1205,"customer_id":$customers.first_name=Priya}"#,
        ]),
        writes(
            [
                "credit_from_payment_method",
                "Credit from payment method",
                "Charges a payment method and adds the amount to the customer's credit, which \
                 invoices can be paid from",
                r#"{"site_id":1205,"customer_id":$payment_methods.brand=visa:/customer_id,"amount":2500}"#,
            ],
            ToolKind::Write,
            &[CREDIT],
            RecordOutput::One,
            credit,
        ),
        writes(
            [
                "delete_customer_metadata",
                "Delete customer metadata",
                "Deletes texts that are kept about a customer",
                r#"{"site_id":1205,"customer_id":$customers.first_name=Priya,"keys":["segment"]}"#,
            ],
            ToolKind::Destructive,
            &[FORGET],
            RecordOutput::One,
            delete_metadata,
        ),
    ],
};

fn creating(records: &mut Records, draft: &mut Value, _: ToolInput<'_>) -> Result<(), RecordError> {
    named(draft)?;
    announce(records, draft, "customer_created");
    Ok(())
}

fn changing(
    records: &mut Records,
    _: &Value,
    after: &mut Value,
    _: ToolInput<'_>,
) -> Result<(), RecordError> {
    announce(records, after, "customer_updated");
    Ok(())
}

fn named(draft: &Value) -> Result<(), RecordError> {
    let known = ["email", "display_name", "old_provider_id"];
    if known.iter().any(|member| draft[*member].is_string()) {
        Ok(())
    } else {
        Err(RecordError::invalid(
            "email",
            "One of email, display_name and old_provider_id is required.",
        ))
    }
}

fn showing(records: &Records, customer: &mut Value) {
    let id = customer["id"].clone();
    let ids = |of| records.with(of, "customer_id", &id).map(|own| own["id"].clone()).collect();
    let (addresses, subscriptions): (Value, Value) = (ids(&ADDRESSES), ids(&SUBSCRIPTIONS));
    customer["address_ids"] = addresses;
    customer["subscription_ids"] = subscriptions;
    customer["name"] = name(customer).into();
}

/// Returns the name of a customer.
pub(super) fn name(customer: &Value) -> String {
    let parts = ["first_name", "last_name"].map(|part| customer[part].as_str().unwrap_or_default());
    let full = parts.join(" ").trim().to_owned();
    let other = || ["display_name", "email"].iter().find_map(|part| customer[*part].as_str());
    if full.is_empty() { other().unwrap_or_default().to_owned() } else { full }
}

fn credit(records: &mut Records, input: ToolInput<'_>) -> RecordResult {
    let customer = seen(&CUSTOMERS, records, input)?.clone();
    let method = payment_methods::chosen(records, input, &customer)?;
    let amount = input.whole("amount").unwrap_or_default();
    let currency = payment_methods::currency_of(records, &customer);
    let payment = CardCharge {
        customer: &customer,
        method: &method,
        amount,
        currency: &currency,
        description: input.text("description").unwrap_or("credit"),
        links: json!({}),
    };
    charges::by_card(records, &payment)?;
    records.tick();
    let balance = number(&customer, "balance") + amount;
    settle_on(records, &customer["id"], &currency)?;
    records.change(&CUSTOMERS, &customer["id"], |customer| customer["balance"] = balance.into())?;
    records.find(&CUSTOMERS, &customer["id"]).cloned()
}

/// Sets the currency of a customer at the first purchase; later ones must use the same.
pub(super) fn settle_on(
    records: &mut Records,
    customer: &Value,
    currency: &str,
) -> Result<(), RecordError> {
    match records.find(&CUSTOMERS, customer)?["currency"].as_str() {
        Some(known) if known != currency => {
            let text = format!("this customer pays in {known}, and this would be in {currency}");
            Err(RecordError::State(text))
        }
        Some(_) => Ok(()),
        None => records.change(&CUSTOMERS, customer, |c| c["currency"] = currency.into()),
    }
}

fn delete_metadata(records: &mut Records, input: ToolInput<'_>) -> RecordResult {
    let customer = seen(&CUSTOMERS, records, input)?;
    let (id, held) = (customer["id"].clone(), customer["metadata"].clone());
    let keys = input.texts("keys");
    if let Some(unknown) = keys.iter().find(|key| held.get(**key).is_none()) {
        return Err(RecordError::not_found("metadata key", &json!(unknown)));
    }
    let now = records.tick().0;
    records.change(&CUSTOMERS, &id, |customer| {
        if let Some(held) = customer["metadata"].as_object_mut() {
            held.retain(|name, _| !keys.contains(&name.as_str()));
        }
        customer["updated_at"] = now.into();
    })?;
    records.find(&CUSTOMERS, &id).cloned()
}
