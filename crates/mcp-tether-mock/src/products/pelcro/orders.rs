//! Orders of goods: created, paid, fulfilled; canceled before that or returned after it, with the
//! money refunded and the goods back on the shelf. An order has no invoice.

use serde_json::{Value, json};

use super::addresses::{self, ADDRESSES};
use super::api_format::{CURRENCY, SITE, metadata};
use super::charges::{self, CHARGES, CardCharge};
use super::coupons::{self, Purchase};
use super::customers::{self, CUSTOMERS};
use super::events::announce;
use super::goods::{self, PRODUCTS, SKUS};
use super::payment_methods::{self, PAYMENT_METHODS};
use super::totals::{Discount, InvoiceTotals};
use super::{refunds, taxes};
use crate::product::field::{Field, Shape, ToolInput, need};
use crate::product::records::{
    RecordError, RecordRules, RecordTable, Records, col, create, get, list, number, update,
};

const STATUS: Shape = Shape::OneOf(&["created", "paid", "fulfilled", "canceled", "returned"]);

const ITEMS: &[Field] = &[
    need("sku_id", Shape::Id, "which SKU"),
    need("quantity", Shape::Whole(1, 10_000), "how many"),
];

const ITEMS_SHOWN: &[Field] = &[
    need("sku_id", Shape::Id, "which SKU"),
    need("code", Shape::Text, "what the warehouse calls it"),
    need("description", Shape::Text, "what it is"),
    need("quantity", Shape::Whole(1, 10_000), "how many"),
    need("unit_price", Shape::Money, "what one cost then"),
    need("amount", Shape::Money, "what all of them cost"),
    need("discount", Shape::Money, "what the coupon took off"),
    need("tax", Shape::Money, "the tax on it"),
];

pub(super) static ORDERS: RecordTable = RecordTable {
    table: "orders",
    one: "order",
    id: "order_id",
    prefix: None,
    within: SITE,
    first: 10_001,
    columns: &[
        col("customer_id", Shape::Id, "who ordered").needed().fixed().filter().refers(&CUSTOMERS),
        col("items", Shape::Objects(ITEMS), "what was ordered")
            .needed()
            .fixed()
            .shown_as(Shape::Objects(ITEMS_SHOWN)),
        col("address_id", Shape::Id, "where it goes; the customer's default if left out")
            .forgets(&ADDRESSES),
        col("payment_method_id", Shape::Id, "what is charged at once; without it nothing is")
            .fixed()
            .forgets(&PAYMENT_METHODS),
        col("coupon_code", Shape::Short(64), "a coupon that takes something off").fixed().asked(),
        col(
            "status",
            Shape::OneOf(&["paid", "fulfilled", "canceled", "returned"]),
            "how far it is",
        )
        .later()
        .shown_as(STATUS)
        .filter()
        .or("\"created\""),
        col("tracking_number", Shape::Short(100), "what the carrier calls the parcel")
            .later()
            .filter(),
        metadata(),
        col("number", Shape::Text, "its number").given().filter().searched(),
        col("currency", CURRENCY, "in which currency").given().filter().or("\"usd\""),
        col("subtotal", Shape::Money, "sum of the items").given().or("0"),
        col("discount", Shape::Money, "what the coupon took off").given().or("0"),
        col("tax", Shape::Money, "taxes").given().or("0"),
        col("total", Shape::Money, "what it came to").given().or("0"),
        col("charge_id", Shape::Id, "the charge that paid it").given(),
        col("amount_refunded", Shape::Money, "what goes back").given().or("0"),
        col("fulfilled_at", Shape::Time, "when it was sent").given(),
        col("canceled_at", Shape::Time, "when it was canceled").given(),
    ],
    rules: RecordRules {
        creating: Some(creating),
        changing: Some(changing),
        showing: Some(|records, order| {
            let charge = records.get(&CHARGES, &order["charge_id"]);
            let refunded = charge.map_or(0, |charge| number(charge, "amount_refunded"));
            order["amount_refunded"] = refunded.into();
        }),
        deleting: None,
    },
    tools: &[
        list([
            "list_orders",
            "List orders",
            "Lists orders of goods, newest first; narrow it to a status or a customer",
            r#"{"site_id":1205,"status":"paid"}"#,
        ]),
        get([
            "get_order",
            "Get order",
            "Gives one order with its items",
            r#"{"site_id":1205,"order_id":$orders}"#,
        ]),
        create([
            "create_order",
            "Create order",
            "Orders goods for a customer from stock; with a payment method it is charged at once",
            r#"{"site_id":1205,"customer_id":$orders:/customer_id,"items":[{"sku_id":$ecommerce_skus,"quantity":1}]}"#,
        ]),
        update([
            "update_order",
            "Update order",
            "Moves an order on: paid, fulfilled, canceled before it was sent, returned after. \
             Canceled and returned orders are refunded and their goods go back to stock",
            r#"{"site_id":1205,"order_id":$orders.status=paid,"status":"fulfilled","tracking_number":"1Z9977"}"#,
        ]),
    ],
};

fn creating(
    records: &mut Records,
    draft: &mut Value,
    input: ToolInput<'_>,
) -> Result<(), RecordError> {
    let customer = records.find(&CUSTOMERS, &draft["customer_id"])?.clone();
    let (lines, currency, shipped) = lines(records, draft)?;
    customers::settle_on(records, &customer["id"], &currency)?;
    if draft["address_id"].is_null() {
        let mut own = records.with(&ADDRESSES, "customer_id", &customer["id"]);
        let default = own.find(|a| a["type"] == "shipping" && a["is_default"] == true);
        draft["address_id"] = default.map(|address| address["id"].clone()).unwrap_or_default();
    }
    addresses::of_customer(records, &draft["address_id"], &customer["id"])?;
    if shipped && draft["address_id"].is_null() {
        let message = "The address_id field is required for goods that are shipped.";
        return Err(RecordError::invalid("address_id", message));
    }
    let purchase = Purchase { site: &draft["site_id"], plan: None, currency: &currency };
    let rebate = coupons::redeem(records, input, purchase)?;
    let tax = taxes::of_customer(records, &customer["id"]);
    let priced: Vec<_> = lines.iter().map(|(_, line)| tax.on(line)).collect();
    let totals =
        InvoiceTotals::of(&priced, rebate.map_or(Discount::None, |rebate| rebate.discount))?;
    draft["items"] =
        lines.iter().zip(&totals.lines).map(|((sku, _), line)| item(sku, line)).collect();
    for (member, amount) in [
        ("subtotal", totals.subtotal),
        ("discount", totals.discount),
        ("tax", totals.tax),
        ("total", totals.total()),
    ] {
        draft[member] = amount.into();
    }
    draft["number"] = format!("ORD-{}", draft["id"]).into();
    draft["currency"] = currency.as_str().into();
    if totals.total() == 0 {
        draft["status"] = "paid".into();
    } else if !draft["payment_method_id"].is_null() {
        let method = payment_methods::chosen(records, input, &customer)?;
        pay(records, draft, &customer, &method)?;
    }
    announce(records, draft, "order_created");
    Ok(())
}

fn pay(
    records: &mut Records,
    order: &mut Value,
    customer: &Value,
    method: &Value,
) -> Result<(), RecordError> {
    let currency = order["currency"].as_str().unwrap_or_default().to_owned();
    let payment = CardCharge {
        customer,
        method,
        amount: number(order, "total"),
        currency: &currency,
        description: "order",
        links: json!({ "order_id": order["id"] }),
    };
    order["charge_id"] = charges::by_card(records, &payment)?["id"].clone();
    order["status"] = "paid".into();
    Ok(())
}

/// SKUs with their lines before discount and taxes; the currency; whether any needs shipping.
type Lines = (Vec<(Value, Value)>, String, bool);

fn lines(records: &mut Records, draft: &Value) -> Result<Lines, RecordError> {
    let mut lines = Vec::new();
    let (mut currency, mut shipped) = (None, false);
    for item in draft["items"].as_array().into_iter().flatten() {
        let sku = records.find(&SKUS, &item["sku_id"])?.clone();
        if sku["site_id"] != draft["site_id"] {
            return Err(RecordError::not_found(SKUS.one, &item["sku_id"]));
        }
        let product = records.find(&PRODUCTS, &sku["ecommerce_product_id"])?;
        if sku["active"] != true || product["active"] != true {
            let code = sku["code"].as_str().unwrap_or_default();
            return Err(RecordError::State(format!("`{code}` is not sold")));
        }
        shipped |= product["shippable"] == true;
        let name = |record: &Value| record["name"].as_str().unwrap_or_default().to_owned();
        let description = format!("{}, {}", name(product), name(&sku));
        if *currency.get_or_insert_with(|| sku["currency"].clone()) != sku["currency"] {
            return Err(RecordError::invalid("items", "All items must be in the same currency."));
        }
        let quantity = number(item, "quantity");
        goods::take(records, &sku["id"], quantity)?;
        let line = json!({
            "description": description, "quantity": quantity, "unit_price": sku["price"],
        });
        lines.push((sku, line));
    }
    let currency = currency.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok((lines, currency, shipped))
}

fn item(sku: &Value, line: &Value) -> Value {
    let mut item = line.clone();
    if let Some(members) = item.as_object_mut() {
        members.remove("tax_rate");
        members.remove("tax_name");
    }
    item["sku_id"] = sku["id"].clone();
    item["code"] = sku["code"].clone();
    item
}

fn changing(
    records: &mut Records,
    before: &Value,
    after: &mut Value,
    input: ToolInput<'_>,
) -> Result<(), RecordError> {
    addresses::of_customer(records, &after["address_id"], &after["customer_id"])?;
    let (from, to) = (before["status"].as_str(), after["status"].as_str());
    let (from, to) = (from.unwrap_or_default().to_owned(), to.unwrap_or_default().to_owned());
    if input.has("address_id") && !matches!(from.as_str(), "created" | "paid") {
        return Err(RecordError::State(format!("an order that is {from} keeps its address")));
    }
    let now = records.now().0;
    if from != to {
        match (from.as_str(), to.as_str()) {
            ("created", "paid") => {
                let customer = records.find(&CUSTOMERS, &after["customer_id"])?.clone();
                let method = payment_methods::chosen(records, ToolInput(&json!({})), &customer)?;
                pay(records, after, &customer, &method)?;
            }
            ("paid", "fulfilled") => after["fulfilled_at"] = now.into(),
            ("created" | "paid", "canceled") => {
                after["canceled_at"] = now.into();
                give_back(records, after, "order canceled")?;
            }
            ("fulfilled", "returned") => give_back(records, after, "order returned")?,
            _ => {
                let text = format!("an order that is {from} cannot become {to}");
                return Err(RecordError::State(text));
            }
        }
    }
    announce(records, after, "order_updated");
    Ok(())
}

/// Returns the goods to the stock and refunds the money.
fn give_back(records: &mut Records, order: &Value, reason: &str) -> Result<(), RecordError> {
    for item in order["items"].as_array().into_iter().flatten() {
        goods::restock(records, &item["sku_id"], number(item, "quantity"))?;
    }
    if order["charge_id"].is_null() {
        return Ok(());
    }
    let charge = records.find(&CHARGES, &order["charge_id"])?.clone();
    refunds::start(records, &charge, number(&charge, "amount"), reason)
}
