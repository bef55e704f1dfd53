//! Purchases of the seeded customers, and hand-written records that people ask for: an open
//! invoice, a draft, an unredeemed gift, a pending refund.

use serde_json::{Value, json};

use super::seed_tables::SiteRow;
use super::seeding::Seeding;

const CARDS: [&str; 3] = ["tok_visa", "tok_mastercard", "tok_amex"];

/// Makes the purchase of a new customer, by their position.
pub(super) fn purchase(
    seeding: &mut Seeding,
    site: &'static SiteRow,
    customer: &Value,
    days: i64,
    position: usize,
) {
    match position % 10 {
        1 => by_card(seeding, site, customer, "Annual", json!({})),
        2 => {
            let address = own_address(seeding, customer);
            by_card(seeding, site, customer, "Print monthly", json!({ "address_id": address }));
        }
        3 => by_invoice(seeding, site, customer, days < -30 && position != 13),
        4 => {}
        5 => {
            let code = coupon(seeding, site, "STUDENT50");
            by_card(seeding, site, customer, "Student", json!({ "coupon_code": code }));
        }
        6 => gift(seeding, site, customer),
        7 => order(seeding, site, customer, days),
        8 => group(seeding, site, customer, position),
        9 => {
            // Every second trial ends with a card that fails.
            if position % 20 == 19 {
                card(seeding, site, customer, "tok_declined");
            }
            by_card(seeding, site, customer, "Premium", json!({}));
            order(seeding, site, customer, days);
        }
        _ => {
            let code = coupon(seeding, site, "WELCOME20");
            by_card(seeding, site, customer, "Monthly", json!({ "coupon_code": code }));
        }
    }
}

fn coupon(seeding: &Seeding, site: &SiteRow, code: &str) -> String {
    match seeding.row.sites.first() {
        Some(first) if first.id == site.id => code.to_owned(),
        _ => format!("{code}{}", site.id),
    }
}

fn own_address(seeding: &Seeding, customer: &Value) -> Value {
    let own = seeding.records.with(&super::addresses::ADDRESSES, "customer_id", customer).next();
    own.map(|address| address["id"].clone()).unwrap_or_default()
}

fn card(seeding: &mut Seeding, site: &'static SiteRow, customer: &Value, token: &str) -> Value {
    let method = json!({ "customer_id": customer, "gateway_token": token });
    seeding.call(site, "create_payment_method", method)["id"].clone()
}

fn by_card(
    seeding: &mut Seeding,
    site: &'static SiteRow,
    customer: &Value,
    plan: &str,
    mut extra: Value,
) {
    let token = CARDS[seeding.draw.below(CARDS.len())];
    card(seeding, site, customer, token);
    extra["customer_id"] = customer.clone();
    extra["plan_id"] = seeding.id(site, "plans", "nickname", plan);
    extra["collection_method"] = "charge_automatically".into();
    seeding.call(site, "create_subscription", extra);
}

fn by_invoice(seeding: &mut Seeding, site: &'static SiteRow, customer: &Value, paid: bool) {
    let plan = seeding.id(site, "plans", "nickname", "Annual");
    let made = json!({ "customer_id": customer, "plan_id": plan, "source": "phone" });
    let invoice = seeding.call(site, "create_subscription", made)["latest_invoice_id"].clone();
    if paid {
        let reference = format!("check for {invoice}");
        let payment = json!({ "invoice_id": invoice, "reference": reference });
        seeding.call(site, "pay_invoice_offline", payment);
    }
}

fn gift(seeding: &mut Seeding, site: &'static SiteRow, customer: &Value) {
    let recipient = format!("friend.of.{customer}@mail.example");
    let extra = json!({ "is_gift": true, "gift_recipient_email": recipient });
    by_card(seeding, site, customer, "Annual", extra);
}

fn order(seeding: &mut Seeding, site: &'static SiteRow, customer: &Value, days: i64) {
    let skus = &super::goods::SKUS;
    // The last items of the stock are never ordered.
    let sold = |sku: &&Value| {
        let stock = sku["inventory_quantity"].as_i64().unwrap_or_default();
        sku["site_id"] == site.id && (stock >= 10 || sku["inventory_type"] == "infinite")
    };
    let ids: Vec<Value> =
        seeding.records.all(skus).iter().filter(sold).map(|sku| sku["id"].clone()).collect();
    let sku = ids[seeding.draw.below(ids.len())].clone();
    let method = card(seeding, site, customer, "tok_visa");
    let made = json!({
        "customer_id": customer,
        "items": [{ "sku_id": sku, "quantity": 1 + seeding.draw.below(2) }],
        "payment_method_id": method,
    });
    let id = seeding.call(site, "create_order", made)["id"].clone();
    if days < -60 {
        let sent = json!({
            "order_id": id, "status": "fulfilled", "tracking_number": format!("1Z{id}"),
        });
        seeding.call(site, "update_order", sent);
    }
    if days < -60 && seeding.draw.percent(20) {
        seeding.call(site, "update_order", json!({ "order_id": id, "status": "returned" }));
    }
}

/// Opens a group subscription with members.
fn group(seeding: &mut Seeding, site: &'static SiteRow, customer: &Value, number: usize) {
    let ranges = match number {
        8 => json!(["203.0.113.0/24", "198.51.100.7"]),
        _ => json!([format!("192.0.2.{}/30", number * 4)]),
    };
    let extra = json!({ "ip_addresses": ranges, "domains": [format!("group{number}.example")] });
    by_card(seeding, site, customer, "Team annual", extra);
    let subscriptions = &super::subscriptions::SUBSCRIPTIONS;
    let own = seeding.records.with(subscriptions, "customer_id", customer).next();
    let id = own.map(|own| own["id"].clone()).unwrap_or_default();
    let group = json!({ "customer_id": customer, "organization": format!("Group {number}") });
    seeding.call(site, "update_customer", group);
    seeding.call(
        site,
        "create_membership",
        json!({ "subscription_id": id, "customer_id": customer }),
    );
    for name in ["desk", "archive"] {
        let email = format!("{name}@group{number}.example");
        seeding.call(site, "invite_member", json!({ "subscription_id": id, "email": email }));
    }
}

/// Plays the events of the last day.
pub(super) fn last_day(seeding: &mut Seeding, site: &'static SiteRow) {
    let priya = json!({
        "email": format!("priya.raman.{}@mail.example", site.id),
        "first_name": "Priya",
        "last_name": "Raman",
        "metadata": { "segment": "trial", "source": "newsletter" },
    });
    let priya = seeding.call(site, "create_customer", priya)["id"].clone();
    seeding.address(site, &priya, "Priya", "Raman", "shipping");
    seeding.address(site, &priya, "Priya", "Raman", "billing");
    card(seeding, site, &priya, "tok_debit");
    invoices(seeding, site);
    subscriptions(seeding, site);
    let vendor = seeding.id(site, "vendors", "name", "Lantern Syndicate");
    let bill = json!({
        "vendor_id": vendor,
        "description": "crossword series",
        "line_items": [{ "description": "puzzles", "quantity": 4, "unit_price": 12_500 }],
    });
    seeding.call(site, "create_bill", bill);
    if seeding.row.enterprise {
        seeding.call(site, "request_export", json!({ "type": "customers" }));
        let done = super::exports::finish(&mut seeding.records);
        done.expect("exports are of tables that there are");
    }
}

/// Creates an invoice that credit can pay, and a draft.
fn invoices(seeding: &mut Seeding, site: &'static SiteRow) {
    let elena = json!({
        "email": format!("elena.marsh.{}@mail.example", site.id),
        "first_name": "Elena",
        "last_name": "Marsh",
    });
    let elena = seeding.call(site, "create_customer", elena)["id"].clone();
    card(seeding, site, &elena, "tok_visa");
    let credit = json!({ "customer_id": elena, "amount": 4_000 });
    seeding.call(site, "credit_from_payment_method", credit);
    for (description, price, status) in
        [("Reader trip", 12_500, "open"), ("Event tickets", 3_750, "draft")]
    {
        let invoice = json!({
            "customer_id": elena,
            "description": description,
            "line_items": [{ "description": description, "quantity": 1, "unit_price": price }],
            "status": status,
        });
        seeding.call(site, "create_invoice", invoice);
    }
}

/// Renews one subscription, and cancels another, whose refund is pending.
fn subscriptions(seeding: &mut Seeding, site: &'static SiteRow) {
    let annual = seeding.id(site, "plans", "nickname", "Annual");
    let monthly = seeding.id(site, "plans", "nickname", "Monthly");
    let running = |seeding: &Seeding, plan: &Value| {
        let all = seeding.records.with(&super::subscriptions::SUBSCRIPTIONS, "plan_id", plan);
        let mut fitting = all.filter(|s| s["type"] == "regular" && s["status"] == "active");
        fitting.next().map(|subscription| subscription["id"].clone())
    };
    if let Some(id) = running(seeding, &monthly) {
        let renewal = json!({ "subscription_id": id, "plan_id": annual, "source": "phone" });
        seeding.call(site, "renew_subscription", renewal);
    }
    if let Some(id) = running(seeding, &annual) {
        let end = json!({ "subscription_id": id, "mode": "now", "reason": "moved abroad" });
        seeding.call(site, "cancel_subscription", end);
    }
}
