//! A property test with random sequences of calls: afterwards the accounts are consistent.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{SITE, good, pelcro};
use crate::raw_host::RawHost;

/// One thing that a caller does; numbers choose among what there is.
#[derive(Clone, Debug)]
enum Step {
    Subscribe(usize, usize, bool),
    Cancel(usize, bool),
    Renew(usize, usize),
    Invoice(usize, i64, i64),
    PayPart(usize, i64),
    Pay(usize),
    Void(usize),
    ApplyBalance(usize),
    Credit(usize, i64),
    Order(usize, usize, i64),
    MoveOrder(usize, &'static str),
    CancelRefund(usize),
    Delete(&'static str, usize),
}

fn step() -> impl Strategy<Value = Step> {
    use Step::*;
    let which = 0..40_usize;
    prop_oneof![
        (which.clone(), which.clone(), any::<bool>())
            .prop_map(|(c, p, auto)| Subscribe(c, p, auto)),
        (which.clone(), any::<bool>()).prop_map(|(s, now)| Cancel(s, now)),
        (which.clone(), which.clone()).prop_map(|(s, p)| Renew(s, p)),
        (which.clone(), 1..9_i64, 1..5_000_i64).prop_map(|(c, q, p)| Invoice(c, q, p)),
        (which.clone(), 1..3_000_i64).prop_map(|(i, amount)| PayPart(i, amount)),
        which.clone().prop_map(Pay),
        which.clone().prop_map(Void),
        which.clone().prop_map(ApplyBalance),
        (which.clone(), 1..4_000_i64).prop_map(|(c, amount)| Credit(c, amount)),
        (which.clone(), which.clone(), 1..4_i64).prop_map(|(c, s, q)| Order(c, s, q)),
        (which.clone(), prop::sample::select(vec!["paid", "fulfilled", "canceled", "returned"]))
            .prop_map(|(o, status)| MoveOrder(o, status)),
        which.clone().prop_map(CancelRefund),
        (
            prop::sample::select(vec!["customer", "plan", "coupon", "address", "ecommerce_sku"]),
            which
        )
            .prop_map(|(kind, which)| Delete(kind, which)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_books_stay_consistent(steps in prop::collection::vec(step(), 5..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let host = pelcro().await;
            let before = Books::of(&host).await;
            before.are_right();
            for step in steps {
                take(&host, &step).await;
            }
            let after = Books::of(&host).await;
            after.are_right();
            after.follow_from(&before);
        });
    }
}

async fn everything(host: &RawHost, kind: &str) -> Vec<Value> {
    let (mut all, mut page) = (Vec::new(), 1);
    loop {
        // Small pages: none of them is cut.
        let arguments = json!({ "site_id": SITE, "page": page, "limit": 10 });
        let list = good(host, &format!("list_{kind}"), arguments).await;
        assert_eq!(list.get("truncated"), None, "{kind}");
        all.extend(list["data"].as_array().unwrap().clone());
        if list["meta"]["last_page"] == page {
            return all;
        }
        page += 1;
    }
}

async fn some(host: &RawHost, kind: &str, which: usize) -> Value {
    let list = json!({ "site_id": SITE, "limit": 10, "page": 1 });
    let list = good(host, &format!("list_{kind}"), list).await["data"].clone();
    let all = list.as_array().unwrap();
    all.get(which % all.len().max(1)).map(|entry| entry["id"].clone()).unwrap_or_default()
}

/// Does it, whether that is permitted or not.
async fn take(host: &RawHost, step: &Step) {
    let (tool, mut arguments) = match step {
        Step::Subscribe(customer, plan, automatic) => {
            let method = if *automatic { "charge_automatically" } else { "send_invoice" };
            let made = json!({
                "customer_id": some(host, "customers", *customer).await,
                "plan_id": some(host, "plans", *plan).await,
                "collection_method": method,
            });
            ("create_subscription", made)
        }
        Step::Cancel(which, now) => {
            let mode = if *now { "now" } else { "period_end" };
            let id = some(host, "subscriptions", *which).await;
            ("cancel_subscription", json!({ "subscription_id": id, "mode": mode }))
        }
        Step::Renew(which, plan) => {
            let id = some(host, "subscriptions", *which).await;
            let plan = some(host, "plans", *plan).await;
            ("renew_subscription", json!({ "subscription_id": id, "plan_id": plan }))
        }
        Step::Invoice(customer, quantity, price) => {
            let line = json!({
                "description": "x", "quantity": quantity, "unit_price": price, "tax_rate": 888,
                "tax_name": "tax",
            });
            let customer = some(host, "customers", *customer).await;
            let made = json!({
                "customer_id": customer, "line_items": [line], "coupon_code": "LOYAL10",
            });
            ("create_invoice", made)
        }
        Step::PayPart(which, amount) => {
            let id = some(host, "invoices", *which).await;
            let invoice = json!({ "site_id": SITE, "invoice_id": id });
            let invoice = good(host, "get_invoice", invoice).await;
            let part = json!({
                "customer_id": invoice["customer_id"], "invoice_id": id, "amount": amount,
                "currency": invoice["currency"], "reference": "part",
            });
            ("create_offline_charge", part)
        }
        Step::Pay(which) => {
            let id = some(host, "invoices", *which).await;
            ("pay_invoice_offline", json!({ "invoice_id": id, "reference": "check" }))
        }
        Step::Void(which) => {
            ("void_invoice", json!({ "invoice_id": some(host, "invoices", *which).await }))
        }
        Step::ApplyBalance(which) => {
            let id = some(host, "invoices", *which).await;
            ("apply_balance_to_invoice", json!({ "invoice_id": id }))
        }
        Step::Credit(which, amount) => {
            let id = some(host, "customers", *which).await;
            ("credit_from_payment_method", json!({ "customer_id": id, "amount": amount }))
        }
        Step::Order(customer, sku, quantity) => {
            let sku = some(host, "ecommerce_skus", *sku).await;
            let made = json!({
                "customer_id": some(host, "customers", *customer).await,
                "items": [{ "sku_id": sku, "quantity": quantity }],
            });
            ("create_order", made)
        }
        Step::MoveOrder(which, status) => {
            let id = some(host, "orders", *which).await;
            ("update_order", json!({ "order_id": id, "status": status }))
        }
        Step::CancelRefund(which) => {
            let id = some(host, "refunds", *which).await;
            ("cancel_refunds", json!({ "refund_ids": [id] }))
        }
        Step::Delete(kind, which) => {
            let many = match *kind {
                "address" => "addresses".to_owned(),
                kind => format!("{kind}s"),
            };
            let id = some(host, &many, *which).await;
            arguments_of_delete(host, kind, id).await;
            return;
        }
    };
    arguments["site_id"] = SITE.into();
    host.call(tool, arguments).await;
}

async fn arguments_of_delete(host: &RawHost, kind: &str, id: Value) {
    let field = format!("{kind}_id");
    let arguments = json!({ "site_id": SITE, field: id });
    host.call(&format!("delete_{kind}"), arguments).await;
}

/// Everything that has to do with money and goods.
struct Books {
    invoices: Vec<Value>,
    charges: Vec<Value>,
    refunds: Vec<Value>,
    orders: Vec<Value>,
    skus: Vec<Value>,
    customers: Vec<Value>,
    subscriptions: Vec<Value>,
}

fn number(record: &Value, member: &str) -> i64 {
    record[member].as_i64().unwrap_or_else(|| panic!("`{member}` of {record}"))
}

fn sum<'a>(records: impl IntoIterator<Item = &'a Value>, member: &str) -> i64 {
    records.into_iter().map(|record| number(record, member)).sum()
}

impl Books {
    async fn of(host: &RawHost) -> Self {
        Self {
            invoices: everything(host, "invoices").await,
            charges: everything(host, "charges").await,
            refunds: everything(host, "refunds").await,
            orders: everything(host, "orders").await,
            skus: everything(host, "ecommerce_skus").await,
            customers: everything(host, "customers").await,
            subscriptions: everything(host, "subscriptions").await,
        }
    }

    fn are_right(&self) {
        for invoice in &self.invoices {
            let lines = invoice["line_items"].as_array().unwrap();
            assert_eq!(sum(lines, "amount"), number(invoice, "subtotal"));
            assert_eq!(sum(lines, "discount"), number(invoice, "discount"));
            assert_eq!(sum(lines, "tax"), number(invoice, "tax"));
            let total =
                number(invoice, "subtotal") - number(invoice, "discount") + number(invoice, "tax");
            assert_eq!(number(invoice, "total"), total, "{invoice}");
            let paid = number(invoice, "amount_paid");
            if invoice["status"] != "void" {
                assert_eq!(paid + number(invoice, "amount_remaining"), total, "{invoice}");
            }
            assert_eq!(
                invoice["status"] == "paid",
                number(invoice, "amount_remaining") == 0 && invoice["status"] != "void",
                "{invoice}"
            );
            let charged = self.charges.iter().filter(|c| c["invoice_id"] == invoice["id"]);
            assert_eq!(
                sum(charged, "amount") + number(invoice, "balance_applied"),
                paid,
                "{invoice}"
            );
            assert!(self.customers.iter().any(|c| c["id"] == invoice["customer_id"]));
        }
        for charge in &self.charges {
            let back = self.refunds.iter().filter(|refund| {
                refund["charge_id"] == charge["id"] && refund["status"] != "canceled"
            });
            assert_eq!(sum(back, "amount"), number(charge, "amount_refunded"), "{charge}");
            assert!(number(charge, "amount_refunded") <= number(charge, "amount"));
        }
        for subscription in &self.subscriptions {
            let phases = subscription["phases"].as_array().unwrap();
            assert_eq!(phases.len() as i64, number(subscription, "phase_count"));
            for pair in phases.windows(2) {
                assert_eq!(pair[0]["end"], pair[1]["start"], "{subscription}");
            }
            assert!(self.customers.iter().any(|c| c["id"] == subscription["customer_id"]));
        }
        for customer in &self.customers {
            assert!(number(customer, "balance") >= 0);
        }
        assert!(self.skus.iter().all(|sku| number(sku, "inventory_quantity") >= 0));
    }

    /// Credit and stock changed by what happened in between, and by nothing else.
    fn follow_from(&self, before: &Self) {
        let credit = |books: &Self| {
            let bought = books.charges.iter().filter(|c| c["description"] == "credit");
            sum(bought, "amount")
                - sum(&books.invoices, "balance_applied")
                - sum(&books.customers, "balance")
        };
        assert_eq!(credit(self), credit(before));
        let on_the_way = |books: &Self| {
            let mut away: BTreeMap<u64, i64> = BTreeMap::new();
            let kept =
                |order: &&Value| !matches!(order["status"].as_str(), Some("canceled" | "returned"));
            for item in
                books.orders.iter().filter(kept).flat_map(|o| o["items"].as_array().unwrap())
            {
                *away.entry(item["sku_id"].as_u64().unwrap()).or_default() +=
                    number(item, "quantity");
            }
            away
        };
        let (now, then) = (on_the_way(self), on_the_way(before));
        for sku in self.skus.iter().filter(|sku| sku["inventory_type"] == "finite") {
            let id = sku["id"].as_u64().unwrap();
            let earlier = before.skus.iter().find(|other| other["id"] == sku["id"]).unwrap();
            let of = |away: &BTreeMap<u64, i64>| away.get(&id).copied().unwrap_or_default();
            let left = number(earlier, "inventory_quantity") - (of(&now) - of(&then));
            assert_eq!(number(sku, "inventory_quantity"), left, "{sku}");
        }
    }
}
