//! Questions to an assistant, answered with the tools.

use serde_json::json;

use super::{first, here, pelcro};

#[tokio::test]
async fn export_vendors() {
    let host = pelcro().await;
    let export = here(&host, "export_vendors", json!({ "status": "active" })).await;
    assert_eq!(export["status"], "processing");
    let file = here(&host, "download_export", json!({ "export_id": export["id"] })).await;
    assert_eq!((&file["type"], &file["rows"]), (&json!("vendors"), &json!(5)));
    let content = file["content"].as_str().unwrap();
    assert!(content.contains("Copper Press Printing") && !content.contains("Dormant Press"));
}

#[tokio::test]
async fn export_the_open_bills_of_a_vendor() {
    let host = pelcro().await;
    let bill = first(&host, "list_bills", json!({ "status": "paid" })).await;
    let asked = json!({ "vendor_id": bill["vendor_id"], "status": "paid" });
    let export = here(&host, "export_bills", asked.clone()).await;
    let file = here(&host, "download_export", json!({ "export_id": export["id"] })).await;
    let listed = here(&host, "list_bills", asked).await;
    assert_eq!(file["rows"], listed["meta"]["total"]);
    assert!(file["content"].as_str().unwrap().contains(bill["number"].as_str().unwrap()));
}

#[tokio::test]
async fn create_a_20_percent_discount_code_and_use_it() {
    let host = pelcro().await;
    let code = json!({ "code": "AUTUMN20", "percent_off": 20, "redeem_by": "2026-12-31" });
    let coupon = here(&host, "create_coupon", code).await;
    assert_eq!((&coupon["percent_off"], &coupon["valid"]), (&json!(20), &json!(true)));
    let customer = first(&host, "list_customers", json!({ "query": "Priya" })).await;
    let invoice = json!({
        "customer_id": customer["id"], "coupon_code": "AUTUMN20",
        "line_items": [{ "description": "year book", "quantity": 1, "unit_price": 4_995 }],
    });
    let invoice = here(&host, "create_invoice", invoice).await;
    assert_eq!((&invoice["discount"], &invoice["total"]), (&json!(999), &json!(3_996)));
}

#[tokio::test]
async fn who_has_not_paid_and_is_late() {
    let host = pelcro().await;
    let open = here(&host, "list_invoices", json!({ "status": "open", "limit": 100 })).await;
    let late: Vec<_> =
        open["data"].as_array().unwrap().iter().filter(|i| i["past_due"] == true).collect();
    assert!(late.len() >= 2, "a check that never came and a card that failed");
    for invoice in &late {
        assert!(invoice["due_date"].as_str().unwrap() < "2026-11-21");
        let who = json!({ "customer_id": invoice["customer_id"] });
        assert!(here(&host, "get_customer", who).await["name"].is_string());
    }
}

#[tokio::test]
async fn which_goods_run_low() {
    let host = pelcro().await;
    let skus = here(&host, "list_ecommerce_skus", json!({ "active": true })).await;
    let low = skus["data"].as_array().unwrap().iter().filter(|sku| {
        sku["inventory_type"] == "finite" && sku["inventory_quantity"].as_i64().unwrap() < 10
    });
    let codes: Vec<_> = low.map(|sku| sku["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"TOTE-NAVY-1205"), "{codes:?}");
}
