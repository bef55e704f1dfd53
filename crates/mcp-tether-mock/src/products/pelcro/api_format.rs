//! The common format of all resources in Pelcro's Core API: lists with `data` and `meta`, errors
//! with `status` and `message`, `page` and `limit`, Unix times, and the size limit of results.

use serde_json::{Value, json};

use super::{
    accounts, addresses, bills, charges, coupons, customers, exports, goods, invoices, memberships,
    newsletters, orders, payment_methods, plans, refunds, subscriptions, vendors, webhooks,
};
use crate::product::Misfit;
use crate::product::field::{Field, Shape, may, need};
use crate::product::page::ListPage;
use crate::product::records::{ApiFormat, Column, RecordError, RecordTable, col};

/// The argument for the site, which nearly every tool needs.
pub(super) const SITE: Option<Field> =
    Some(need("site_id", Shape::Id, "one of the sites that `get_account` gives"));

/// An ISO 4217 code in lower case.
pub(super) const CURRENCY: Shape = Shape::Like("^[a-z]{3}$");

/// The ways to pay without a card.
pub(super) const PAYMENT_CATEGORY: Shape =
    Shape::OneOf(&["check", "wire", "transfer", "external", "cash"]);

/// Every resource, in the order of the product's page.
pub(super) static RESOURCES: &[&RecordTable] = &[
    &accounts::ACCOUNTS,
    &addresses::ADDRESSES,
    &bills::BILLS,
    &charges::CHARGES,
    &coupons::COUPONS,
    &customers::CUSTOMERS,
    &orders::ORDERS,
    &goods::PRODUCTS,
    &goods::SKUS,
    &exports::EXPORTS,
    &invoices::INVOICES,
    &memberships::MEMBERSHIPS,
    &newsletters::NEWSLETTERS,
    &payment_methods::PAYMENT_METHODS,
    &refunds::REFUNDS,
    &plans::PLANS,
    &plans::PRODUCTS,
    &subscriptions::SUBSCRIPTIONS,
    &vendors::VENDORS,
    &webhooks::WEBHOOKS,
];

pub(super) static API_FORMAT: ApiFormat = ApiFormat {
    resources: RESOURCES,
    page: [
        may("page", Shape::Whole(1, 100_000), "which page, from 1"),
        may("limit", Shape::Whole(1, 100), "entries per page, 20 if left out"),
    ],
    page_size: 20,
    stamp: |moment| moment.0.into(),
    list,
    list_schema,
};

/// Returns the column for metadata: texts that the account stores with a record.
pub(super) const fn metadata() -> Column {
    col("metadata", Shape::Words, "texts of your own by name; those given are added").or("{}")
}

fn list(page: &ListPage<'_, Value>) -> Value {
    json!({
        "data": page.items,
        "meta": {
            "current_page": page.number,
            "per_page": page.size,
            "total": page.total,
            "last_page": page.total.div_ceil(page.size).max(1),
        },
    })
}

fn list_schema(entry: Value) -> Value {
    let whole = json!({ "type": "integer" });
    json!({
        "type": "object",
        "properties": {
            "data": { "type": "array", "items": entry },
            "meta": {
                "type": "object",
                "properties": {
                    "current_page": whole, "per_page": whole, "total": whole, "last_page": whole,
                },
                "required": ["current_page", "per_page", "total", "last_page"],
                "additionalProperties": false,
            },
        },
        "required": ["data", "meta"],
        "additionalProperties": false,
    })
}

/// Returns the body of an API error.
pub(super) fn error(trouble: &RecordError) -> Value {
    match trouble {
        RecordError::NotFound { what, id } => {
            json!({ "status": 404, "message": format!("There is no {what} with the id {id}.") })
        }
        RecordError::Invalid { field, message } => invalid([(field.as_str(), message.clone())]),
        RecordError::Taken { field, value } => {
            invalid([(*field, format!("The {field} {value} has already been taken."))])
        }
        RecordError::State(message) => json!({ "status": 400, "message": sentence(message) }),
        RecordError::Forbidden(message) => json!({ "status": 403, "message": sentence(message) }),
    }
}

/// Returns the error body for arguments that do not match the schema.
pub(super) fn misfits(misfits: &[Misfit]) -> Value {
    let told: Vec<(String, String)> = misfits.iter().map(told).collect();
    invalid(told.iter().map(|(field, message)| (field.as_str(), message.clone())))
}

fn told(misfit: &Misfit) -> (String, String) {
    let Some(member) = &misfit.member else {
        return (misfit.within.clone(), sentence(&misfit.text));
    };
    let field = match misfit.within.as_str() {
        "" => member.clone(),
        within => format!("{within}.{member}"),
    };
    let message = if misfit.text.contains("required") {
        format!("The {field} field is required.")
    } else {
        format!("The {field} field is not known.")
    };
    (field, message)
}

fn invalid<'a>(mistakes: impl IntoIterator<Item = (&'a str, String)>) -> Value {
    let mut errors = json!({});
    for (field, message) in mistakes {
        match errors[field].as_array_mut() {
            Some(messages) => messages.push(message.into()),
            None => errors[field] = json!([message]),
        }
    }
    json!({ "status": 400, "message": "The given data was invalid.", "errors": errors })
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str().trim_end_matches('.'))
}
