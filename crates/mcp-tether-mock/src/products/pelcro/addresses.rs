//! Addresses of customers. One of each kind is the customer's default.

use serde_json::Value;

use super::api_format::SITE;
use super::customers::CUSTOMERS;
use crate::product::field::{Shape, ToolInput};
use crate::product::records::{
    RecordError, RecordRules, RecordTable, Records, col, create, delete, get, list, update,
};

pub(super) static ADDRESSES: RecordTable = RecordTable {
    table: "addresses",
    one: "address",
    id: "address_id",
    prefix: None,
    within: SITE,
    first: 5001,
    columns: &[
        col("customer_id", Shape::Id, "whose address it is")
            .needed()
            .fixed()
            .filter()
            .goes_with(&CUSTOMERS),
        col("type", Shape::OneOf(&["shipping", "billing"]), "what it is for").needed().filter(),
        col("first_name", Shape::Short(255), "given name on it"),
        col("last_name", Shape::Short(255), "family name on it").searched(),
        col("company", Shape::Short(255), "company on it").searched(),
        col("line1", Shape::Short(255), "street and number").needed().searched(),
        col("line2", Shape::Short(255), "what else belongs to the street"),
        col("city", Shape::Short(255), "city").needed().filter().searched(),
        col("state", Shape::Short(255), "state or province, in two letters where it has them"),
        col("postal_code", Shape::Short(20), "postal code").needed(),
        col("country", Shape::Like("^[A-Z]{2}$"), "country in two capitals").needed().filter(),
        col("phone", Shape::Short(40), "phone number for couriers"),
        col("is_default", Shape::Flag, "whether it is taken where none is named").or("false"),
    ],
    rules: RecordRules { creating: Some(creating), changing: Some(changing), ..RecordRules::NONE },
    tools: &[
        list([
            "list_addresses",
            "List addresses",
            "Lists addresses, newest first; narrow it to a customer, a city or a country",
            r#"{"site_id":1205,"customer_id":$customers}"#,
        ]),
        get([
            "get_address",
            "Get address",
            "Gives one address",
            r#"{"site_id":1205,"address_id":$addresses}"#,
        ]),
        create([
            "create_address",
            "Create address",
            "Adds an address to a customer; the first of its type becomes the default",
            r#"{"site_id":1205,"customer_id":$customers,"type":"billing","line1":"12 Elm Street","city":"Albany","state":"NY","postal_code":"12207","country":"US"}"#,
        ]),
        update([
            "update_address",
            "Update address",
            "Changes an address; making it the default takes that from the other one",
            r#"{"site_id":1205,"address_id":$addresses,"line2":"Floor 3"}"#,
        ]),
        delete([
            "delete_address",
            "Delete address",
            "Deletes an address for good",
            r#"{"site_id":1205,"address_id":$addresses.type=billing}"#,
        ]),
    ],
};

fn creating(records: &mut Records, draft: &mut Value, _: ToolInput<'_>) -> Result<(), RecordError> {
    if others(records, draft).is_empty() {
        draft["is_default"] = true.into();
    }
    be_the_only_default(records, draft)
}

fn changing(
    records: &mut Records,
    _: &Value,
    after: &mut Value,
    _: ToolInput<'_>,
) -> Result<(), RecordError> {
    be_the_only_default(records, after)
}

/// Returns the ids of the customer's other addresses of the same type.
fn others(records: &Records, address: &Value) -> Vec<Value> {
    let same = |other: &&Value| other["type"] == address["type"] && other["id"] != address["id"];
    let own = records.with(&ADDRESSES, "customer_id", &address["customer_id"]);
    own.filter(same).map(|other| other["id"].clone()).collect()
}

fn be_the_only_default(records: &mut Records, address: &Value) -> Result<(), RecordError> {
    if address["is_default"] != true {
        return Ok(());
    }
    for other in others(records, address) {
        records.change(&ADDRESSES, &other, |other| other["is_default"] = false.into())?;
    }
    Ok(())
}

/// Returns the address that an argument names, if it belongs to this customer.
pub(super) fn of_customer(
    records: &Records,
    address: &Value,
    customer: &Value,
) -> Result<(), RecordError> {
    if address.is_null() {
        return Ok(());
    }
    if records.find(&ADDRESSES, address)?["customer_id"] == *customer {
        Ok(())
    } else {
        Err(RecordError::invalid("address_id", "The address belongs to another customer."))
    }
}

/// Returns the address that decides a customer's taxes: the default billing address, or else the
/// default shipping address.
pub(super) fn of_taxes<'a>(records: &'a Records, customer: &'a Value) -> Option<&'a Value> {
    let own = || records.with(&ADDRESSES, "customer_id", customer);
    let default = |kind: &'static str| {
        own().find(move |address| address["type"] == kind && address["is_default"] == true)
    };
    default("billing").or_else(|| default("shipping"))
}
