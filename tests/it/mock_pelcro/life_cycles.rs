//! Subscriptions, invoices, bills, orders, memberships and exports go through their states.

use serde_json::{Value, json};

use super::{first, here, not_here, pelcro};
use crate::raw_host::RawHost;

/// Returns the id of a plan on the site.
async fn plan(host: &RawHost, nickname: &str) -> Value {
    let plans = here(host, "list_plans", json!({ "query": nickname })).await["data"].clone();
    let mut plans = plans.as_array().unwrap().iter();
    plans.find(|plan| plan["nickname"] == nickname).unwrap()["id"].clone()
}

/// Returns a customer with a card.
async fn customer(host: &RawHost, token: &str) -> Value {
    let name = token.replace('_', ".");
    let made = json!({ "email": format!("{name}@life.example"), "first_name": "Life" });
    let id = here(host, "create_customer", made).await["id"].clone();
    let card = json!({ "customer_id": id, "gateway_token": token });
    here(host, "create_payment_method", card).await;
    id
}

async fn get(host: &RawHost, one: &str, id: &Value) -> Value {
    let field = format!("{one}_id");
    here(host, &format!("get_{one}"), json!({ field: id })).await
}

#[tokio::test]
async fn a_subscription_is_charged_with_coupon_and_tax_to_the_cent() {
    let host = pelcro().await;
    let customer = customer(&host, "tok_visa").await;
    let address = json!({
        "customer_id": customer, "type": "billing", "line1": "1 Elm Street", "city": "Albany",
        "state": "NY", "postal_code": "12207", "country": "US",
    });
    here(&host, "create_address", address).await;
    let made = json!({
        "customer_id": customer, "plan_id": plan(&host, "Monthly").await, "quantity": 3,
        "coupon_code": "welcome20", "collection_method": "charge_automatically",
    });
    let made = here(&host, "create_subscription", made).await;
    assert_eq!((&made["status"], &made["phase_count"]), (&json!("active"), &json!(1)));
    let invoice = get(&host, "invoice", &made["latest_invoice_id"]).await;
    // 3 × 9.99 = 29.97, 20 % is 5.99, 8.88 % of 23.98 is 2.13.
    for (member, amount) in [("subtotal", 2_997), ("discount", 599), ("tax", 213), ("total", 2_611)]
    {
        assert_eq!(invoice[member], amount, "{member} of {invoice}");
    }
    assert_eq!((&invoice["status"], &invoice["amount_remaining"]), (&json!("paid"), &json!(0)));
    let charge = first(&host, "list_charges", json!({ "invoice_id": invoice["id"] })).await;
    assert_eq!((&charge["amount"], &charge["offline"]), (&json!(2_611), &json!(false)));
    let coupon = first(&host, "list_coupons", json!({ "code": "WELCOME20" })).await;
    assert!(coupon["times_redeemed"].as_u64().unwrap() > 1);
}

#[tokio::test]
async fn a_declined_card_opens_no_subscription() {
    let host = pelcro().await;
    let customer = customer(&host, "tok_declined").await;
    let before = here(&host, "list_invoices", json!({})).await["meta"]["total"].clone();
    let made = json!({
        "customer_id": customer, "plan_id": plan(&host, "Monthly").await,
        "coupon_code": "LOYAL10", "collection_method": "charge_automatically",
    });
    let body = not_here(&host, "create_subscription", made).await;
    assert_eq!(body["message"], "The card was declined.");
    let after = here(&host, "list_invoices", json!({})).await["meta"]["total"].clone();
    assert_eq!(before, after, "nothing is left of it");
    let coupon = first(&host, "list_coupons", json!({ "code": "LOYAL10" })).await;
    assert_eq!(coupon["times_redeemed"], 0);
    let owner = get(&host, "customer", &customer).await;
    assert_eq!((&owner["currency"], &owner["subscription_ids"]), (&Value::Null, &json!([])));
}

#[tokio::test]
async fn a_trial_costs_nothing() {
    let host = pelcro().await;
    let customer = customer(&host, "tok_mastercard").await;
    let made = json!({ "customer_id": customer, "plan_id": plan(&host, "Premium").await });
    let made = here(&host, "create_subscription", made).await;
    assert_eq!((&made["status"], &made["latest_invoice_id"]), (&json!("trialing"), &Value::Null));
    let days = (made["trial_end"].as_i64().unwrap()
        - made["current_period_start"].as_i64().unwrap())
        / 86_400;
    assert_eq!(days, 14);
}

#[tokio::test]
async fn a_subscription_ends_with_its_period_or_now_with_a_refund() {
    let host = pelcro().await;
    let customer = customer(&host, "tok_visa").await;
    let made = json!({
        "customer_id": customer, "plan_id": plan(&host, "Annual").await,
        "collection_method": "charge_automatically",
    });
    let id = here(&host, "create_subscription", made).await["id"].clone();
    let end = json!({ "subscription_id": id, "mode": "period_end", "reason": "moving" });
    let ending = here(&host, "cancel_subscription", end.clone()).await;
    assert_eq!(
        (&ending["status"], &ending["cancel_at_period_end"]),
        (&json!("active"), &json!(true))
    );
    assert_eq!(ending["cancel_at"], ending["current_period_end"]);
    not_here(&host, "cancel_subscription", end).await;

    let annual = plan(&host, "Annual").await;
    let renewed = json!({ "subscription_id": id, "plan_id": annual });
    let renewed = here(&host, "renew_subscription", renewed).await;
    assert_eq!(
        (&renewed["cancel_at_period_end"], &renewed["phase_count"]),
        (&json!(false), &json!(2))
    );
    assert_eq!(renewed["phases"][1]["start"], renewed["phases"][0]["end"]);

    let now = json!({ "subscription_id": id, "mode": "now" });
    let ended = here(&host, "cancel_subscription", now.clone()).await;
    assert_eq!((&ended["status"], &ended["phase_count"]), (&json!("canceled"), &json!(1)));
    let refund = first(&host, "list_refunds", json!({ "customer_id": customer })).await;
    let amount = refund["amount"].as_i64().unwrap();
    assert!((9_898..=9_900).contains(&amount), "nearly all of the year is left: {amount}");
    assert_eq!(refund["status"], "pending");
    assert_eq!(not_here(&host, "cancel_subscription", now).await["status"], 400);

    let charge = get(&host, "charge", &refund["charge_id"]).await;
    assert_eq!(charge["amount_refunded"], amount);
    let cancel = json!({ "refund_ids": [refund["id"]] });
    assert_eq!(here(&host, "cancel_refunds", cancel.clone()).await["amount"], amount);
    assert_eq!(get(&host, "charge", &refund["charge_id"]).await["amount_refunded"], 0);
    not_here(&host, "cancel_refunds", cancel).await;
}

#[tokio::test]
async fn phases_to_come_move_up_when_one_is_deleted() {
    let host = pelcro().await;
    let customer = customer(&host, "tok_visa").await;
    let monthly = plan(&host, "Monthly").await;
    let made = json!({ "customer_id": customer, "plan_id": monthly });
    let id = here(&host, "create_subscription", made).await["id"].clone();
    let renewal = json!({ "subscription_id": id, "plan_id": plan(&host, "Annual").await });
    here(&host, "renew_subscription", renewal).await;
    let renewal = json!({ "subscription_id": id, "plan_id": monthly });
    let phases = here(&host, "renew_subscription", renewal.clone()).await["phases"].clone();
    let current = json!({ "subscription_id": id, "phase_id": phases[0]["id"] });
    not_here(&host, "delete_subscription_phase", current).await;
    let annual = json!({ "subscription_id": id, "phase_id": phases[1]["id"] });
    let left = here(&host, "delete_subscription_phase", annual).await;
    assert_eq!(left["phase_count"], 2);
    assert_eq!(left["phases"][1]["id"], phases[2]["id"]);
    assert_eq!(left["phases"][1]["start"], left["phases"][0]["end"]);
    for _ in 0..9 {
        here(&host, "renew_subscription", renewal.clone()).await;
    }
    not_here(&host, "renew_subscription", renewal.clone()).await;
    let mut replacing = renewal;
    replacing["replace_upcoming_phases"] = true.into();
    assert_eq!(here(&host, "renew_subscription", replacing).await["phase_count"], 2);
}

#[tokio::test]
async fn a_gift_is_redeemed_once() {
    let host = pelcro().await;
    let gift = first(&host, "list_subscriptions", json!({ "type": "gift_donor" })).await;
    let priya = first(&host, "list_customers", json!({ "query": "Priya" })).await["id"].clone();
    let redeem = json!({ "gift_code": gift["gift_code"], "customer_id": priya });
    let redeemed = here(&host, "redeem_subscription", redeem.clone()).await;
    assert_eq!((&redeemed["type"], &redeemed["customer_id"]), (&json!("gift_recipient"), &priya));
    assert_eq!(redeemed["cancel_at_period_end"], true);
    assert_eq!(get(&host, "subscription", &gift["id"]).await["is_redeemed"], true);
    let again = not_here(&host, "redeem_subscription", redeem).await;
    assert_eq!(again["message"], "This gift was redeemed before.");
    let unknown = json!({ "gift_code": "GIFT0", "customer_id": priya });
    assert_eq!(not_here(&host, "redeem_subscription", unknown).await["status"], 404);
    let end = json!({ "subscription_id": redeemed["id"], "mode": "now" });
    not_here(&host, "cancel_subscription", end).await;
}

#[tokio::test]
async fn an_invoice_is_drafted_opened_and_paid_in_parts() {
    let host = pelcro().await;
    let customer = customer(&host, "tok_visa").await;
    let lines = json!([{
        "description": "banner", "quantity": 2, "unit_price": 1_000, "tax_rate": 1_000,
        "tax_name": "tax",
    }]);
    let made = json!({ "customer_id": customer, "line_items": lines, "status": "draft" });
    let id = here(&host, "create_invoice", made).await["id"].clone();
    let payment = json!({ "invoice_id": id, "reference": "check 1" });
    not_here(&host, "pay_invoice_offline", payment.clone()).await;
    let more = json!([{ "description": "banner", "quantity": 3, "unit_price": 1_000 }]);
    let changed = json!({ "invoice_id": id, "line_items": more, "status": "open" });
    let opened = here(&host, "update_invoice", changed.clone()).await;
    assert_eq!((&opened["status"], &opened["amount_remaining"]), (&json!("open"), &json!(3_000)));
    not_here(&host, "update_invoice", changed).await;

    let part = json!({
        "customer_id": customer, "invoice_id": id, "amount": 1_200, "currency": "usd",
        "reference": "wire 7", "payment_category": "wire",
    });
    here(&host, "create_offline_charge", part.clone()).await;
    let credit = json!({ "customer_id": customer, "amount": 500 });
    assert_eq!(here(&host, "credit_from_payment_method", credit).await["balance"], 500);
    let applied = here(&host, "apply_balance_to_invoice", json!({ "invoice_id": id })).await;
    assert_eq!(
        (&applied["balance_applied"], &applied["amount_remaining"]),
        (&json!(500), &json!(1_300))
    );
    assert_eq!(get(&host, "customer", &customer).await["balance"], 0);
    not_here(&host, "apply_balance_to_invoice", json!({ "invoice_id": id })).await;
    let mut too_much = part;
    too_much["amount"] = 1_301.into();
    not_here(&host, "create_offline_charge", too_much).await;
    not_here(&host, "void_invoice", json!({ "invoice_id": id })).await;
    let paid = here(&host, "pay_invoice_offline", payment).await;
    assert_eq!((&paid["status"], &paid["amount_paid"]), (&json!("paid"), &json!(3_000)));
}

#[tokio::test]
async fn an_unpaid_invoice_is_written_off_or_voided() {
    let host = pelcro().await;
    let customer = customer(&host, "tok_visa").await;
    for total in [700, 800] {
        let made = json!({ "customer_id": customer, "total": total });
        let id = here(&host, "create_invoice", made).await["id"].clone();
        let which = json!({ "invoice_id": id });
        if total == 700 {
            let given_up = here(&host, "mark_invoice_uncollectible", which.clone()).await;
            assert_eq!(given_up["status"], "uncollectible");
            not_here(&host, "mark_invoice_uncollectible", which.clone()).await;
        }
        let voided = here(&host, "void_invoice", which.clone()).await;
        assert_eq!((&voided["status"], &voided["amount_remaining"]), (&json!("void"), &json!(0)));
        not_here(&host, "void_invoice", which).await;
    }
}

#[tokio::test]
async fn a_bill_is_drafted_finalized_and_paid() {
    let host = pelcro().await;
    let vendor = first(&host, "list_vendors", json!({ "query": "Fathom" })).await;
    let owed = vendor["amount_owed"].as_i64().unwrap();
    let made = json!({
        "vendor_id": vendor["id"],
        "line_items": [{ "description": "data", "quantity": 3, "unit_price": 333 }],
    });
    let made = here(&host, "create_bill", made).await;
    assert_eq!((&made["status"], &made["total"]), (&json!("draft"), &json!(999)));
    assert_eq!(made["due_date"], "2026-12-21", "30 days, as the vendor says");
    let which = json!({ "bill_id": made["id"] });
    not_here(&host, "mark_bill_as_paid", which.clone()).await;
    assert_eq!(here(&host, "finalize_bill", which.clone()).await["status"], "open");
    not_here(&host, "finalize_bill", which.clone()).await;
    not_here(&host, "delete_bill", which.clone()).await;
    let change = json!({ "bill_id": made["id"], "purchase_order": "PO-1" });
    not_here(&host, "update_bill", change).await;
    assert_eq!(get(&host, "vendor", &vendor["id"]).await["amount_owed"], owed + 999);
    let paid = here(&host, "mark_bill_as_paid", which).await;
    assert_eq!((&paid["paid"], &paid["amount_remaining"]), (&json!(true), &json!(0)));
    assert_eq!(get(&host, "vendor", &vendor["id"]).await["amount_owed"], owed);
    let used = not_here(&host, "delete_vendor", json!({ "vendor_id": vendor["id"] })).await;
    assert!(used["message"].as_str().unwrap().contains("still used"), "{used}");
}

#[tokio::test]
async fn goods_leave_the_stock_and_come_back() {
    let host = pelcro().await;
    let customer = first(&host, "list_orders", json!({})).await["customer_id"].clone();
    let card = json!({ "customer_id": customer, "gateway_token": "tok_visa" });
    let card = here(&host, "create_payment_method", card).await["id"].clone();
    let sku = first(&host, "list_ecommerce_skus", json!({ "query": "TOTE-NAVY" })).await;
    let stock = sku["inventory_quantity"].as_i64().unwrap();
    let stock_now = async || {
        get(&host, "ecommerce_sku", &sku["id"]).await["inventory_quantity"].as_i64().unwrap()
    };
    let mut made = json!({
        "customer_id": customer, "payment_method_id": card,
        "items": [{ "sku_id": sku["id"], "quantity": stock + 1 }],
    });
    not_here(&host, "create_order", made.clone()).await;
    assert_eq!(stock_now().await, stock);
    made["items"][0]["quantity"] = 2.into();
    let order = here(&host, "create_order", made.clone()).await;
    assert_eq!((&order["status"], &order["subtotal"]), (&json!("paid"), &json!(4_400)));
    assert_eq!(stock_now().await, stock - 2);
    let cancel = json!({ "order_id": order["id"], "status": "canceled" });
    let canceled = here(&host, "update_order", cancel).await;
    assert_eq!(canceled["amount_refunded"], order["total"]);
    assert_eq!(stock_now().await, stock);
    let sent = json!({ "order_id": order["id"], "status": "fulfilled" });
    let body = not_here(&host, "update_order", sent).await;
    assert_eq!(body["message"], "An order that is canceled cannot become fulfilled.");

    let order = here(&host, "create_order", made).await["id"].clone();
    for status in ["fulfilled", "returned"] {
        here(&host, "update_order", json!({ "order_id": order, "status": status })).await;
    }
    assert_eq!(stock_now().await, stock);
}

#[tokio::test]
async fn seats_of_a_group_are_counted_and_its_network_is_authorized() {
    let host = pelcro().await;
    let group = first(&host, "list_subscriptions", json!({ "type": "membership" })).await;
    let group = group["id"].clone();
    let taken = get(&host, "subscription", &group).await["member_count"].as_u64().unwrap();
    for seat in taken..10 {
        let email = format!("seat{seat}@group.example");
        let invited = json!({ "subscription_id": group, "email": email });
        let invited = here(&host, "invite_member", invited.clone()).await;
        assert_eq!(invited["status"], "pending");
    }
    let full = json!({ "subscription_id": group, "email": "late@group.example" });
    assert_eq!(not_here(&host, "invite_member", full).await["message"], "All 10 seats are taken.");
    let member = json!({ "email": "seat9@group.example" });
    let member = here(&host, "create_customer", member).await["id"].clone();
    let joins = json!({ "subscription_id": group, "customer_id": member });
    let joined = here(&host, "create_membership", joins.clone()).await;
    assert_eq!(joined["status"], "active", "the seat that was held is taken");
    assert!(not_here(&host, "create_membership", joins).await["errors"]["customer_id"].is_array());

    let inside = json!({ "ip_address": "203.0.113.200" });
    let let_in = here(&host, "membership_ip_authorization", inside).await;
    assert_eq!(let_in["matched_range"], "203.0.113.0/24");
    for (address, status) in [("203.0.114.1", 404), ("203.0.113.999", 400)] {
        let outside = json!({ "ip_address": address });
        let body = not_here(&host, "membership_ip_authorization", outside).await;
        assert_eq!(body["status"], status, "{address}");
    }
}

#[tokio::test]
async fn an_export_is_made_and_downloaded_page_by_page() {
    let host = pelcro().await;
    let asked = json!({ "type": "invoices", "only_status": "paid" });
    let export = here(&host, "request_export", asked.clone()).await;
    assert_eq!((&export["status"], &export["rows"]), (&json!("processing"), &json!(0)));
    let listed = first(&host, "list_exports", json!({ "type": "invoices" })).await;
    assert_eq!(listed["status"], "ready");
    let paid =
        here(&host, "list_invoices", json!({ "status": "paid" })).await["meta"]["total"].clone();
    assert_eq!(listed["rows"], paid);
    let page = json!({ "export_id": export["id"], "limit": 2, "page": 2 });
    let file = here(&host, "download_export", page).await;
    let lines: Vec<_> = file["content"].as_str().unwrap().lines().collect();
    assert!(lines[0].starts_with("id,site_id,customer_id,line_items,total"), "{}", lines[0]);
    assert_eq!(lines.len(), 3);
    assert_eq!(file["file_name"], "invoices-2026-11-21.csv");
    let too_long = json!({ "type": "orders", "date_from": "2026-01-01", "date_to": "2026-09-01" });
    assert!(not_here(&host, "request_export", too_long).await["errors"]["date_to"].is_array());
}

#[tokio::test]
async fn webhooks_count_the_events_they_would_receive() {
    let host = pelcro().await;
    let made = json!({ "url": "https://hooks.example/a", "events": ["customer_created"] });
    let hook = here(&host, "create_webhook", made).await["id"].clone();
    here(&host, "create_customer", json!({ "display_name": "somebody" })).await;
    let heard = get(&host, "webhook", &hook).await;
    assert_eq!(
        (&heard["deliveries"], &heard["last_event"]),
        (&json!(1), &json!("customer_created"))
    );
    let off = json!({ "webhook_id": hook, "status": "disabled" });
    here(&host, "update_webhook", off).await;
    here(&host, "create_customer", json!({ "display_name": "somebody else" })).await;
    assert_eq!(get(&host, "webhook", &hook).await["deliveries"], 1);
    // Two of each site are there already.
    for number in 5..10 {
        let url = format!("https://hooks.example/{number}");
        here(&host, "create_webhook", json!({ "url": url, "all_events_enabled": true })).await;
    }
    let many = json!({ "url": "https://hooks.example/11", "all_events_enabled": true });
    let body = not_here(&host, "create_webhook", many).await;
    assert_eq!(body["message"], "An account has at most 10 webhooks.");
}

#[tokio::test]
async fn deleting_removes_dependents_and_spares_records_in_use() {
    let host = pelcro().await;
    let customer = customer(&host, "tok_visa").await;
    let method = get(&host, "customer", &customer).await["default_source_id"].clone();
    here(&host, "delete_customer", json!({ "customer_id": customer })).await;
    let gone = not_here(&host, "get_payment_method", json!({ "payment_method_id": method })).await;
    assert_eq!(gone["status"], 404);
    let buyer = first(&host, "list_charges", json!({})).await["customer_id"].clone();
    not_here(&host, "delete_customer", json!({ "customer_id": buyer })).await;
    let coupon = first(&host, "list_coupons", json!({ "code": "WELCOME20" })).await["id"].clone();
    let used = json!({ "coupon_id": coupon });
    let used = first(&host, "list_subscriptions", used).await["id"].clone();
    here(&host, "delete_coupon", json!({ "coupon_id": coupon })).await;
    assert_eq!(get(&host, "subscription", &used).await["coupon_id"], Value::Null);
    let running = json!({ "status": "active" });
    let plan = first(&host, "list_subscriptions", running).await["plan_id"].clone();
    not_here(&host, "delete_plan", json!({ "plan_id": plan })).await;
}
