//! The tools for customers.

use serde_json::json;

use super::address::ADDRESS;
use super::entry::{AdminArea, Does, Entry};
use super::model::Order;
use super::record::{Record, text};
use super::resource::{Resource, fine};
use super::shop::Shop;
use super::shop_error::ShopError;
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, may, need};

const FIELDS: &[Field] = &[
    need("email", Shape::Email, "e-mail address that no other customer has"),
    need("firstName", Shape::Short(80), "first name"),
    need("lastName", Shape::Short(80), "last name"),
    may("phone", Shape::Like(r"^\+?[0-9 ()-]{6,20}$"), "phone number"),
    may("address", Shape::Object(ADDRESS), "where parcels go"),
    may("tags", Shape::Texts, "words to find them by"),
    may("note", Shape::Text, "a note for the team"),
    may("acceptsMarketing", Shape::Flag, "whether they want news, no if left out"),
];

pub(super) const CUSTOMERS: Resource = Resource {
    word: "customer",
    plural: "customers",
    prefix: "cus",
    key: "email",
    title: "email",
    fields: FIELDS,
    defaults: r#"{"phone":null,"address":null,"tags":[],"note":"","acceptsMarketing":false}"#,
    searched: &["name", "email", "phone", "note"],
    filters: &[
        may("tags", Shape::Text, "only customers with this tag"),
        may("acceptsMarketing", Shape::Flag, "only customers who do, or do not, want news"),
    ],
    check: fine,
    add,
    leave,
};

static PEOPLE: &Resource = &CUSTOMERS;

pub(super) const TOOLS: &[Entry] = &[
    Entry {
        name: "list_customers",
        title: "List customers",
        domain: AdminArea::Customers,
        kind: ToolKind::Read,
        about: "Lists or searches customers with the number of their orders and what they spent",
        example: r#"{"query":"berg"}"#,
        does: Does::List(PEOPLE),
    },
    Entry {
        name: "get_customer",
        title: "Get a customer",
        domain: AdminArea::Customers,
        kind: ToolKind::Read,
        about: "Gets one customer by id or e-mail address",
        example: r#"{"id":"hannah.berg@mail.example"}"#,
        does: Does::Get(PEOPLE),
    },
    Entry {
        name: "create_customer",
        title: "Create a customer",
        domain: AdminArea::Customers,
        kind: ToolKind::Write,
        about: "Creates a customer; the e-mail address must be new",
        example: concat!(
            r#"{"email":"ada.quist@mail.example","firstName":"Ada","lastName":"Quist","address":{"#,
            r#""line1":"12 Harbor Street","city":"Portland","state":"ME","postalCode":"04101","#,
            r#""country":"US"}}"#,
        ),
        does: Does::Create(PEOPLE),
    },
    Entry {
        name: "update_customer",
        title: "Update a customer",
        domain: AdminArea::Customers,
        kind: ToolKind::Write,
        about: "Changes name, address, tags or notes of a customer",
        example: r#"{"id":"hannah.berg@mail.example","tags":["wholesale"]}"#,
        does: Does::Update(PEOPLE),
    },
    Entry {
        name: "delete_customer",
        title: "Delete a customer",
        domain: AdminArea::Customers,
        kind: ToolKind::Destructive,
        about: "Deletes a customer for good; refused for somebody who has ordered",
        example: r#"{"id":"otto.keller@mail.example"}"#,
        does: Does::Delete(PEOPLE),
    },
];

/// Returns first and last name.
pub(super) fn name(customer: &Record) -> String {
    format!("{} {}", text(customer, "firstName"), text(customer, "lastName"))
}

fn add(shop: &Shop, customer: &Record) -> Record {
    let orders = || shop.orders_of(text(customer, "id")).filter(|order| order.counts());
    let spent: i64 = orders().map(Order::kept).sum();
    Record::from_iter([
        ("name".to_owned(), json!(name(customer))),
        ("orderCount".to_owned(), json!(orders().count())),
        ("totalSpent".to_owned(), json!(spent)),
        ("currency".to_owned(), shop.setting("store", "currency").clone()),
        ("lastOrderAt".to_owned(), json!(orders().map(|order| order.created_at).max())),
    ])
}

fn leave(shop: &mut Shop, customer: &Record) -> Result<(), ShopError> {
    match shop.orders_of(text(customer, "id")).count() {
        0 => Ok(()),
        count => {
            let message =
                format!("{} has {count} orders, which must keep a customer", name(customer));
            Err(ShopError::state(message))
        }
    }
}
