//! The questions on the product's page, answered like an assistant does: with tools.

use serde_json::{Value, json};

use super::{TODAY, bad, good, store};

/// "Show me my top selling products this month"
#[tokio::test]
async fn the_best_sellers_of_this_month_add_up_to_what_was_sold() {
    let host = store().await;
    let asked = json!({ "period": "this_month", "limit": 100 });
    let report = good(&host, "get_product_analytics", asked).await;
    assert_eq!((&report["from"], &report["to"]), (&json!("2026-11-01"), &json!(TODAY)));
    let products = report["products"].as_array().unwrap();
    let revenue: Vec<i64> = products.iter().map(|p| p["revenue"].as_i64().unwrap()).collect();
    assert!(revenue.len() > 5 && revenue.is_sorted_by(|a, b| a >= b), "{revenue:?}");
    let sales = good(&host, "get_sales_report", json!({ "period": "this_month" })).await;
    let totals = &sales["totals"];
    let part = |name: &str| totals[name].as_i64().unwrap();
    assert_eq!(revenue.iter().sum::<i64>(), part("total") - part("shipping"), "{totals}");
    assert_eq!(part("net"), part("total") - part("refunds"));
    let days = sales["rows"].as_array().unwrap();
    assert_eq!(days.len(), 25, "each day has a row");
    let by_day: i64 = days.iter().map(|day| day["total"].as_i64().unwrap()).sum();
    assert_eq!(by_day, part("total"));
    let best = &good(&host, "get_product_analytics", json!({ "period": "this_month", "limit": 1 }))
        .await["products"][0];
    assert_eq!(best, &products[0]);
}

/// "Create a 20% discount code for new customers"
#[tokio::test]
async fn a_discount_for_new_customers_works_for_them_alone() {
    let host = store().await;
    let coupon = json!({
        "code": "NEW20", "kind": "percentage", "value": 20, "newCustomersOnly": true,
    });
    let made = good(&host, "create_coupon", coupon).await["coupon"].clone();
    assert_eq!((&made["status"], &made["usedCount"]), (&json!("active"), &json!(0)));
    let order = |customer: &str| {
        json!({
            "customer": customer, "couponCode": "new20",
            "lines": [{ "variant": "TSH-S", "quantity": 3 }],
        })
    };
    assert_eq!(
        bad(&host, "create_order", order("hannah.berg@mail.example")).await,
        "invalid_state"
    );
    let placed = good(&host, "create_order", order("lily.park@mail.example")).await;
    let placed = &placed["order"];
    assert_eq!((&placed["subtotal"], &placed["discount"]), (&json!(7497), &json!(1499)));
    // 5998 of goods: 5.99 for shipping, 5.5 percent of tax.
    assert_eq!((&placed["shippingFee"], &placed["tax"]), (&json!(599), &json!(330)));
    assert_eq!(placed["total"], 5998 + 599 + 330);
    assert_eq!(bad(&host, "create_order", order("lily.park@mail.example")).await, "invalid_state");
    let listed = good(&host, "list_coupons", json!({ "query": "new20" })).await;
    assert_eq!(listed["coupons"][0]["usedCount"], 1);
    assert_eq!(bad(&host, "delete_coupon", json!({ "id": "NEW20" })).await, "invalid_state");
}

/// "Update the price of 'Classic T-Shirt' to $29.99"
#[tokio::test]
async fn a_price_is_changed_by_the_name_of_the_product() {
    let host = store().await;
    let change = json!({ "id": "Classic T-Shirt", "price": 2999 });
    let product = good(&host, "update_product", change).await["product"].clone();
    assert_eq!((&product["priceFrom"], &product["priceTo"]), (&json!(2999), &json!(2999)));
    let variants = good(&host, "list_variants", json!({ "product": "classic-t-shirt" })).await;
    let prices = variants["variants"].as_array().unwrap().iter().map(|v| &v["price"]);
    assert!(prices.clone().count() == 4 && prices.into_iter().all(|price| *price == 2999));
    let old = good(&host, "get_order", json!({ "id": "LMS1003" })).await;
    assert_eq!(old["order"]["lines"][1]["unitPrice"], 2499, "orders keep their price");
}

/// "What orders need fulfillment today?"
#[tokio::test]
async fn orders_to_fulfil_are_found_until_they_are_sent() {
    let host = store().await;
    let asked = json!({ "fulfillmentStatus": "unfulfilled", "paymentStatus": "paid" });
    let waiting = good(&host, "list_orders", asked.clone()).await;
    let numbers = |page: &Value| -> Vec<String> {
        let orders = page["orders"].as_array().unwrap().iter();
        orders.map(|order| order["number"].as_str().unwrap().to_owned()).collect()
    };
    assert!(numbers(&waiting).contains(&"LMS1118".to_owned()), "{waiting}");
    let dashboard = good(&host, "get_dashboard", json!({})).await;
    assert_eq!(dashboard["toFulfill"]["count"], waiting["total"]);

    let part = json!({ "id": "LMS1118", "lines": [{ "line": "COF-250", "quantity": 1 }] });
    let sent = good(&host, "create_fulfillment", part).await;
    assert_eq!(sent["order"]["fulfillmentStatus"], "partial");
    let rest = json!({ "id": "LMS1118", "carrier": "UPS", "trackingNumber": "1Z9" });
    let sent = good(&host, "create_fulfillment", rest.clone()).await;
    assert_eq!(sent["order"]["fulfillmentStatus"], "fulfilled");
    assert_eq!(sent["order"]["status"], "shipped");
    assert_eq!(bad(&host, "create_fulfillment", rest).await, "invalid_state");
    let after = good(&host, "list_orders", asked).await;
    assert!(!numbers(&after).contains(&"LMS1118".to_owned()));
    assert_eq!(bad(&host, "create_fulfillment", json!({ "id": "LMS1119" })).await, "invalid_state");
}

/// A refund gives back exactly what was paid, and goods only if they come back.
#[tokio::test]
async fn a_refund_is_exact_and_restocks_only_if_asked() {
    let host = store().await;
    let stock = async || {
        let found = good(&host, "list_variants", json!({ "query": "MUG-WHI" })).await;
        found["variants"][0]["stock"].as_i64().unwrap()
    };
    let before = good(&host, "get_order", json!({ "id": "LMS1003" })).await["order"].clone();
    let had = stock().await;
    let mug = json!([{ "line": "MUG-WHI", "quantity": 1 }]);
    let once = json!({ "id": "LMS1003", "lines": mug, "reason": "broken" });
    let first = good(&host, "refund_order", once).await;
    assert_eq!(stock().await, had);
    let again = json!({ "id": "LMS1003", "lines": mug, "restock": true });
    let second = good(&host, "refund_order", again.clone()).await;
    assert_eq!(stock().await, had + 1);
    assert_eq!(bad(&host, "refund_order", again).await, "invalid_state");
    let rest = good(&host, "refund_order", json!({ "id": "LMS1003" })).await;
    let amounts = [&first, &second, &rest].map(|r| r["refund"]["amount"].as_i64().unwrap());
    assert_eq!(amounts.iter().sum::<i64>(), before["total"].as_i64().unwrap());
    assert_eq!(rest["order"]["paymentStatus"], "refunded");
    assert_eq!(rest["order"]["refundable"], 0);
    assert_eq!(bad(&host, "refund_order", json!({ "id": "LMS1003" })).await, "invalid_state");
}

/// A record is created, found, changed and deleted, in each part of the admin.
#[tokio::test]
async fn records_live_through_their_life() {
    let host = store().await;
    let item = json!([{ "title": "Home", "url": "/" }]);
    for (word, plural, tool, values, change) in [
        (
            "category",
            "categories",
            "category",
            json!({ "name": "Rugs" }),
            json!({ "name": "Mats" }),
        ),
        (
            "customer",
            "customers",
            "customer",
            json!({ "email": "z@mail.example", "firstName": "Z", "lastName": "Y" }),
            json!({ "note": "rings twice" }),
        ),
        (
            "coupon",
            "coupons",
            "coupon",
            json!({ "code": "ONCE", "kind": "free_shipping" }),
            json!({ "usageLimit": 1 }),
        ),
        (
            "blogPost",
            "blogPosts",
            "blog_post",
            json!({ "title": "Rain", "body": "<p>Wet.</p>" }),
            json!({ "status": "published" }),
        ),
        (
            "page",
            "pages",
            "page",
            json!({ "title": "Jobs", "body": "<p>None.</p>" }),
            json!({ "status": "published" }),
        ),
        (
            "menu",
            "menus",
            "menu",
            json!({ "name": "Corner", "items": item }),
            json!({ "name": "Nook" }),
        ),
    ] {
        let list = match tool {
            "category" => "list_categories".to_owned(),
            other => format!("list_{other}s"),
        };
        let count = async || good(&host, &list, json!({ "limit": 100 })).await["total"].clone();
        let before = count().await;
        let made = good(&host, &format!("create_{tool}"), values.clone()).await[word].clone();
        let id = json!({ "id": made["id"] });
        assert_eq!(count().await, json!(before.as_u64().unwrap() + 1), "{tool}");
        let listed = good(&host, &list, json!({ "limit": 100 })).await[plural].clone();
        assert!(listed.as_array().unwrap().contains(&made), "{tool}");
        assert_eq!(good(&host, &format!("get_{tool}"), id.clone()).await[word], made);
        let mut changed = change.clone();
        changed["id"] = made["id"].clone();
        let changed = good(&host, &format!("update_{tool}"), changed).await[word].clone();
        for (name, value) in change.as_object().unwrap() {
            assert_eq!(&changed[name], value, "{tool}");
        }
        assert_eq!(good(&host, &format!("get_{tool}"), id.clone()).await[word], changed);
        assert_eq!(good(&host, &format!("delete_{tool}"), id.clone()).await["deleted"], true);
        assert_eq!(bad(&host, &format!("get_{tool}"), id).await, "not_found");
        assert_eq!(count().await, before, "{tool}");
    }
}

/// Settings decide what orders cost from now on.
#[tokio::test]
async fn new_settings_are_what_the_next_order_goes_by() {
    let host = store().await;
    let zones = json!([{ "name": "World", "countries": ["*"], "methods": [
        { "name": "Pigeon", "price": 100, "minimumDays": 1, "maximumDays": 90 },
    ] }]);
    good(&host, "update_shipping_settings", json!({ "zones": zones })).await;
    let rates = json!([{ "country": "*", "basisPoints": 1000 }]);
    good(&host, "update_checkout_settings", json!({ "taxRates": rates })).await;
    let order = json!({
        "customer": "otto.keller@mail.example",
        "lines": [{ "variant": "TEA-100", "quantity": 1 }],
    });
    let placed = good(&host, "create_order", order).await["order"].clone();
    assert_eq!(placed["shippingMethod"], "Pigeon");
    assert_eq!((&placed["shippingFee"], &placed["tax"]), (&json!(100), &json!(110)));
    assert_eq!(placed["total"], 1100 + 100 + 110);
    let twice = json!([{ "name": "A", "countries": ["US", "US"], "methods": [
        { "name": "B", "price": 1, "minimumDays": 1, "maximumDays": 2 },
    ] }]);
    let twice = json!({ "zones": twice });
    assert_eq!(bad(&host, "update_shipping_settings", twice).await, "invalid_arguments");
}

/// A section moves among those of its template only.
#[tokio::test]
async fn sections_and_blocks_are_moved_hidden_and_changed() {
    let host = store().await;
    let order = async || {
        let page = good(&host, "list_theme_sections", json!({ "template": "home" })).await;
        let sections = page["sections"].as_array().unwrap().iter();
        sections.map(|section| section["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(order().await, ["sec_hero", "sec_featured", "sec_newsletter"]);
    let moved = json!({ "section": "sec_newsletter", "position": 1, "enabled": false });
    let moved = good(&host, "update_theme_section", moved).await["section"].clone();
    assert_eq!((&moved["position"], &moved["enabled"]), (&json!(1), &json!(false)));
    assert_eq!(order().await, ["sec_newsletter", "sec_hero", "sec_featured"]);
    let last = json!({ "section": "sec_newsletter", "position": 99 });
    good(&host, "update_theme_section", last).await;
    assert_eq!(order().await, ["sec_hero", "sec_featured", "sec_newsletter"]);
    let block = json!({ "block": "blk_hero_button", "position": 1, "settings": { "label": "Go" } });
    let block = good(&host, "update_theme_block", block).await["block"].clone();
    assert_eq!((&block["position"], &block["settings"]["label"]), (&json!(1), &json!("Go")));
    let wrong = json!({ "block": "blk_hero_button", "settings": { "label": 5 } });
    assert_eq!(bad(&host, "update_theme_block", wrong).await, "invalid_arguments");
}
