//! A property test with random sequences of calls: afterwards the store is consistent, and money is
//! exact to the cent.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::model::Product;
use super::record::text;
use super::shop::Shop;
use super::*;

/// Asserts the invariants of a store.
pub(super) fn consistent(shop: &Shop) {
    for (_, variant) in shop.variants() {
        let moved = shop.movements.iter().filter(|movement| movement.variant_id == variant.id);
        assert_eq!(variant.stock, moved.map(|movement| movement.change).sum::<i64>());
        assert!(variant.stock >= 0, "{} has {}", variant.sku, variant.stock);
    }
    let customers = shop.records("customers");
    for order in &shop.orders {
        assert!(order.created_at.day() <= shop.today && order.total() >= 0);
        assert!(order.refunded() <= order.total(), "{}", order.number);
        assert!(order.paid_at.is_some() || order.refunds.is_empty());
        let paid = order.paid_for_lines().iter().sum::<i64>() + order.shipping_fee;
        assert_eq!(paid, order.total(), "{}", order.number);
        for line in &order.lines {
            let sent = order.fulfillments.iter().flat_map(|parcel| &parcel.lines);
            let sent = sent.filter(|sent| sent.line_id == line.id);
            assert_eq!(sent.map(|sent| sent.quantity).sum::<i64>(), line.fulfilled);
            assert!(line.refunded <= line.quantity && line.fulfilled <= line.quantity);
        }
        assert!(customers.iter().any(|customer| text(customer, "id") == order.customer_id));
    }
    for coupon in shop.records("coupons") {
        let code = Some(text(coupon, "code"));
        let uses = shop.orders.iter().filter(|order| order.counts());
        let uses = uses.filter(|order| order.coupon_code.as_deref() == code).count();
        assert_eq!(coupon["usedCount"], uses, "{code:?}");
    }
    let categories = shop.records("categories");
    let exists = |id: &str| categories.iter().any(|category| text(category, "id") == id);
    assert!(shop.products.iter().flat_map(|product| &product.category_ids).all(|id| exists(id)));
    let above = categories.iter().map(|category| text(category, "parentId"));
    assert!(above.filter(|id| !id.is_empty()).all(exists));
    assert!(shop.products.iter().all(|product: &Product| !product.variants.is_empty()));
}

fn new_shop(seed: u64) -> Shop {
    seed::shop(seed, "2026-11-25".parse().unwrap())
}

fn call(shop: &mut Shop, tool: &str, arguments: &Value) -> ShopResult {
    let entry = entries().find(|entry| entry.name == tool).unwrap();
    let misfits = entry.to_tool().misfits(arguments);
    assert!(misfits.is_empty(), "{tool} {arguments}: {}", Misfit::all(&misfits));
    run(entry.does, shop, ToolInput(arguments))
}

const SKUS: [&str; 6] = ["TSH-M", "TSH-XL", "MUG-WHI", "KET-COP", "COF-1KG", "APR-SAN"];
const PRODUCTS: [&str; 4] = ["classic-t-shirt", "stoneware-mug", "linen-apron", "winter-tea"];
const CATEGORIES: [&str; 4] = ["apparel", "accessories", "pantry", "candles"];
const COUPONS: [&str; 4] = ["WELCOME10", "KITCHEN5", "SHIPFREE", "HELLO20"];
const PEOPLE: [&str; 3] =
    ["hannah.berg@mail.example", "otto.keller@mail.example", "jonas.weber@mail.example"];

fn order() -> impl Strategy<Value = String> {
    // Old orders, new orders, and those that the sequence itself creates.
    prop_oneof![1_001_u32..1_010, 1_105_u32..1_126].prop_map(|number| format!("LMS{number}"))
}

fn one_of(names: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(names)
}

/// Returns a call that may change something; about half of them are refused.
fn step() -> impl Strategy<Value = (&'static str, Value)> {
    let line = (one_of(&SKUS), 1_i64..5);
    let lines = proptest::collection::vec(line, 1..3).prop_map(|lines| {
        lines
            .into_iter()
            .map(|(sku, quantity)| json!({ "variant": sku, "quantity": quantity }))
            .collect::<Value>()
    });
    let bought = (one_of(&PEOPLE), lines, proptest::option::of(one_of(&COUPONS)), any::<bool>());
    let status = one_of(&["pending", "processing", "shipped", "delivered", "cancelled"]);
    prop_oneof![
        4 => bought.prop_map(|(customer, lines, coupon, paid)| {
            let mut order = json!({ "customer": customer, "lines": lines, "paid": paid });
            if let Some(coupon) = coupon {
                order["couponCode"] = coupon.into();
            }
            ("create_order", order)
        }),
        2 => (order(), any::<bool>()).prop_map(|(id, restock)| {
            ("refund_order", json!({ "id": id, "restock": restock }))
        }),
        2 => (order(), one_of(&SKUS), 1_i64..3, any::<bool>()).prop_map(|(id, sku, n, restock)| {
            let lines = json!([{ "line": sku, "quantity": n }]);
            ("refund_order", json!({ "id": id, "lines": lines, "restock": restock }))
        }),
        1 => (order(), 1_i64..4_000).prop_map(|(id, amount)| {
            ("refund_order", json!({ "id": id, "amount": amount }))
        }),
        3 => (order(), status, any::<bool>()).prop_map(|(id, status, paid)| {
            let mut change = json!({ "id": id, "status": status });
            if paid {
                change["paid"] = true.into();
            }
            ("update_order_status", change)
        }),
        2 => order().prop_map(|id| ("create_fulfillment", json!({ "id": id }))),
        1 => (one_of(&SKUS), -20_i64..20).prop_map(|(sku, change)| {
            ("adjust_inventory", json!({ "id": sku, "change": change }))
        }),
        1 => one_of(&SKUS).prop_map(|sku| ("delete_variant", json!({ "id": sku }))),
        1 => one_of(&PRODUCTS).prop_map(|id| ("delete_product", json!({ "id": id }))),
        1 => (one_of(&PRODUCTS), one_of(&CATEGORIES)).prop_map(|(id, category)| {
            ("update_product", json!({ "id": id, "categories": [category], "status": "active" }))
        }),
        1 => Just(("create_category", json!({ "name": "Candles" }))),
        1 => one_of(&CATEGORIES).prop_map(|id| ("delete_category", json!({ "id": id }))),
        1 => one_of(&COUPONS).prop_map(|code| {
            ("create_coupon", json!({ "code": code, "kind": "percentage", "value": 20 }))
        }),
        1 => one_of(&COUPONS).prop_map(|code| ("delete_coupon", json!({ "id": code }))),
        1 => one_of(&PEOPLE).prop_map(|id| ("delete_customer", json!({ "id": id }))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn any_sequence_of_calls_leaves_the_store_consistent(
        steps in proptest::collection::vec(step(), 1..25),
    ) {
        let mut shop = new_shop(1);
        for (tool, arguments) in &steps {
            let before = shop.clone();
            if call(&mut shop, tool, arguments).is_err() {
                // A refused call changed nothing except the clock and the counter of ids.
                let same = Shop { clock: before.clock, next_id: before.next_id, ..shop.clone() };
                prop_assert_eq!(json!(same), json!(before), "{} {}", tool, arguments);
            }
            consistent(&shop);
        }
        let kept = serde_json::to_vec(&shop).unwrap();
        let mut read: Shop = serde_json::from_slice(&kept).unwrap();
        read.today = shop.today;
        prop_assert_eq!(json!(read), json!(shop));
    }

    /// Refunding an order piece by piece returns exactly the amount paid.
    #[test]
    fn refunds_of_all_pieces_add_up_to_the_amount_paid(
        quantities in proptest::collection::vec(1_i64..4, 3),
        prices in proptest::collection::vec(1_i64..10_000, 3),
        percent in 1_i64..100,
    ) {
        let mut shop = new_shop(2);
        let coupon = json!({ "code": "ODD", "kind": "percentage", "value": percent });
        call(&mut shop, "create_coupon", &coupon).unwrap();
        let lines: Vec<Value> = ["TSH-M", "MUG-WHI", "CAN-SMA"]
            .iter()
            .zip(&quantities)
            .zip(&prices)
            .map(|((sku, quantity), price)| {
                json!({ "variant": sku, "quantity": quantity, "unitPrice": price })
            })
            .collect();
        let wanted = json!({
            "customer": PEOPLE[0], "lines": lines, "couponCode": "ODD", "paid": true,
        });
        let order = call(&mut shop, "create_order", &wanted).unwrap()["order"].clone();
        let (id, total) = (order["number"].clone(), order["total"].as_i64().unwrap());
        let mut back = 0;
        for (sku, quantity) in ["TSH-M", "MUG-WHI", "CAN-SMA"].iter().zip(quantities) {
            for _ in 0..quantity {
                let piece = json!({ "id": id, "lines": [{ "line": sku, "quantity": 1 }] });
                // A piece that was free after the discount cannot be refunded.
                if let Ok(given) = call(&mut shop, "refund_order", &piece) {
                    back += given["refund"]["amount"].as_i64().unwrap();
                }
            }
        }
        if order["shippingFee"] != 0 {
            let shipping = json!({ "id": id, "shipping": true });
            let given = call(&mut shop, "refund_order", &shipping).unwrap();
            back += given["refund"]["amount"].as_i64().unwrap();
        }
        let left = total - back;
        prop_assert!(left >= 0);
        let kept = shop.order(id.as_str().unwrap()).unwrap().kept();
        prop_assert_eq!(kept, left);
        if prices.iter().all(|price| *price >= 200) && percent <= 90 {
            prop_assert_eq!(left, 0);
        }
    }
}

#[test]
fn every_example_works_on_a_new_store_and_fits_its_own_output_schema() {
    for entry in entries() {
        let arguments: Value = serde_json::from_str(entry.example).unwrap();
        let reply = call(&mut new_shop(1), entry.name, &arguments)
            .unwrap_or_else(|problem| panic!("{}: {}", entry.name, problem.to_json()));
        let schema = entry.to_tool().output.unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let error = validator.iter_errors(&reply).next().map(|error| error.to_string());
        assert_eq!(error, None, "{}: {reply}", entry.name);
        let error = ShopError::state("no").to_json();
        assert!(validator.is_valid(&error), "{}: errors fit too", entry.name);
    }
}

#[test]
fn names_are_unique_and_match_their_kinds() {
    let mut names: Vec<_> = entries().map(|entry| entry.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 63);
    for entry in entries() {
        let verb = entry.name.split('_').next().unwrap();
        let kind = match verb {
            "list" | "get" => ToolKind::Read,
            "delete" | "refund" => ToolKind::Destructive,
            _ => ToolKind::Write,
        };
        assert_eq!(entry.kind, kind, "{}", entry.name);
    }
}
