//! Goods: products, and their SKUs with price and stock.

use serde_json::Value;

use super::accounts;
use super::api_format::{CURRENCY, SITE, metadata};
use crate::product::field::{Shape, ToolInput};
use crate::product::records::{
    RecordError, RecordRules, RecordTable, Records, col, create, delete, get, list, number, update,
};

pub(super) static PRODUCTS: RecordTable = RecordTable {
    table: "ecommerce_products",
    one: "e-commerce product",
    id: "ecommerce_product_id",
    prefix: None,
    within: SITE,
    first: 501,
    columns: &[
        col("name", Shape::Short(255), "what it is called").needed().searched(),
        col("description", Shape::Short(1000), "what it is").searched(),
        col("shippable", Shape::Flag, "whether it is sent by mail").or("true"),
        col("images", Shape::Texts, "addresses of pictures").or("[]"),
        col("active", Shape::Flag, "whether it is sold").filter().or("true"),
        metadata(),
        col("sku_ids", Shape::Ids, "its SKUs").given().or("[]"),
    ],
    rules: RecordRules {
        showing: Some(|records, product| {
            let skus = records.with(&SKUS, "ecommerce_product_id", &product["id"]);
            let ids: Value = skus.map(|sku| sku["id"].clone()).collect();
            product["sku_ids"] = ids;
        }),
        ..RecordRules::NONE
    },
    tools: &[
        list([
            "list_ecommerce_products",
            "List e-commerce products",
            "Lists goods that are sold once",
            r#"{"site_id":1205,"query":"mug"}"#,
        ]),
        get([
            "get_ecommerce_product",
            "Get e-commerce product",
            "Gives one product and the ids of its SKUs",
            r#"{"site_id":1205,"ecommerce_product_id":$ecommerce_products}"#,
        ]),
        create([
            "create_ecommerce_product",
            "Create e-commerce product",
            "Adds goods; SKUs give them price and stock",
            r#"{"site_id":1205,"name":"Desk calendar","description":"Twelve front pages"}"#,
        ]),
        update([
            "update_ecommerce_product",
            "Update e-commerce product",
            "Changes a product, or takes it off the shelf with `active`",
            r#"{"site_id":1205,"ecommerce_product_id":$ecommerce_products,"active":false}"#,
        ]),
        delete([
            "delete_ecommerce_product",
            "Delete e-commerce product",
            "Deletes a product that has no SKUs",
            r#"{"site_id":1205,"ecommerce_product_id":$ecommerce_products.active=false}"#,
        ]),
    ],
};

pub(super) static SKUS: RecordTable = RecordTable {
    table: "ecommerce_skus",
    one: "SKU",
    id: "ecommerce_sku_id",
    prefix: None,
    within: SITE,
    first: 551,
    columns: &[
        col("ecommerce_product_id", Shape::Id, "the product it is a form of")
            .needed()
            .fixed()
            .filter()
            .refers(&PRODUCTS),
        col("code", Shape::Like("^[A-Za-z0-9._-]{1,64}$"), "what the warehouse calls it")
            .needed()
            .fixed()
            .filter()
            .searched()
            .unique(),
        col("name", Shape::Short(255), "what sets it apart, such as a colour").needed().searched(),
        col("price", Shape::Money, "price in minor units").needed(),
        col("currency", CURRENCY, "the account's if left out").fixed().filter(),
        col("inventory_type", Shape::OneOf(&["finite", "infinite"]), "whether it can run out")
            .fixed()
            .filter()
            .or("\"finite\""),
        col("inventory_quantity", Shape::Whole(0, 1_000_000), "how many there are").or("0"),
        col("attributes", Shape::Words, "such as size and colour").or("{}"),
        col("active", Shape::Flag, "whether it is sold").filter().or("true"),
        metadata(),
    ],
    rules: RecordRules { creating: Some(creating), ..RecordRules::NONE },
    tools: &[
        list([
            "list_ecommerce_skus",
            "List SKUs",
            "Lists SKUs with price and stock; narrow it to a product",
            r#"{"site_id":1205,"active":true}"#,
        ]),
        get([
            "get_ecommerce_sku",
            "Get SKU",
            "Gives one SKU",
            r#"{"site_id":1205,"ecommerce_sku_id":$ecommerce_skus}"#,
        ]),
        create([
            "create_ecommerce_sku",
            "Create SKU",
            "Gives goods a form with a price and a stock",
            r#"{"site_id":1205,"ecommerce_product_id":$ecommerce_products,"code":"MUG-GREEN","name":"Green","price":1450,"inventory_quantity":40}"#,
        ]),
        update([
            "update_ecommerce_sku",
            "Update SKU",
            "Changes price, stock or name; orders keep the price they were made at",
            r#"{"site_id":1205,"ecommerce_sku_id":$ecommerce_skus,"inventory_quantity":75}"#,
        ]),
        delete([
            "delete_ecommerce_sku",
            "Delete SKU",
            "Deletes a SKU; orders keep what they say of it",
            r#"{"site_id":1205,"ecommerce_sku_id":$ecommerce_skus}"#,
        ]),
    ],
};

fn creating(records: &mut Records, draft: &mut Value, _: ToolInput<'_>) -> Result<(), RecordError> {
    if draft["currency"].is_null() {
        draft["currency"] = accounts::current(records)["default_currency"].clone();
    }
    Ok(())
}

/// Takes goods from the stock.
pub(super) fn take(records: &mut Records, sku: &Value, quantity: i64) -> Result<(), RecordError> {
    let record = records.find(&SKUS, sku)?;
    let left = number(record, "inventory_quantity");
    if record["inventory_type"] == "finite" && left < quantity {
        let code = record["code"].as_str().unwrap_or_default();
        return Err(RecordError::State(format!(
            "only {left} of `{code}` are left, {quantity} were asked for"
        )));
    }
    restock(records, sku, -quantity)
}

/// Returns goods to the stock, if the SKU still exists.
pub(super) fn restock(
    records: &mut Records,
    sku: &Value,
    quantity: i64,
) -> Result<(), RecordError> {
    if records.get(&SKUS, sku).is_none() {
        return Ok(());
    }
    records.change(&SKUS, sku, |sku| {
        if sku["inventory_type"] == "finite" {
            let stock = number(sku, "inventory_quantity") + quantity;
            sku["inventory_quantity"] = stock.into();
        }
    })
}
