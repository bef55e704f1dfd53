//! `mcp-tether mock --data`: the data of a mock survives its end, whatever the cause.

use std::path::{Path, PathBuf};

use mcp_tether_mock::{DataFile, MockOptions, ProductName};
use serde_json::{Value, json};

use crate::raw_host::{RawHost, call};
use crate::support::process::{Program, Running};

/// A mock as a program of its own, and who talks to it.
struct Shop {
    program: Running,
    url: String,
    http: reqwest::Client,
}

impl Shop {
    fn start(product: &str, data: &Path) -> Self {
        let mut program =
            Program::new(["mock", product, "--open", "--stateless", "--data", shown(data)]).spawn();
        let first = program.next_line().unwrap();
        let url = first.strip_prefix("listening on ").unwrap().to_owned();
        // Only the first of several tests in one process can install it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
        Self { program, url, http }
    }

    async fn call(&self, tool: &str, arguments: Value) -> Option<Value> {
        send(&self.http, &self.url, tool, arguments).await
    }

    async fn count(&self, query: &str) -> u64 {
        let found = self.call("find_customers", json!({ "query": query })).await.unwrap();
        found["total"].as_u64().unwrap()
    }
}

/// Returns the structured result of a tool, unless the mock has gone.
async fn send(http: &reqwest::Client, url: &str, tool: &str, arguments: Value) -> Option<Value> {
    let request = http
        .post(url)
        .body(call(1, tool, arguments).to_string())
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-06-18");
    let answer = request.send().await.ok()?.bytes().await.ok()?;
    let answer: Value = serde_json::from_slice(&answer).ok()?;
    Some(answer["result"]["structuredContent"].clone())
}

fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.redb");
    (folder, path)
}

fn newcomer(number: u64) -> Value {
    json!({ "name": format!("Newcomer {number}"), "phone": format!("+2127000{number:05}") })
}

/// A kill -9 in the midst of writing: whatever was answered is there, and nothing is half there.
#[tokio::test]
async fn answered_changes_survive_a_kill_and_others_are_complete_or_absent() {
    let (_folder, path) = place();
    let (mut answered, mut unanswered) = (0, 0);
    for round in 1..=3_u64 {
        let shop = Shop::start("egrow", &path);
        let there = shop.count("newcomer").await;
        assert!((answered..=answered + unanswered).contains(&there), "{there} of {answered}");
        for number in 0..5 {
            let made = shop.call("create_customer", newcomer(round * 100 + number)).await;
            assert_eq!(made.unwrap()["name"], format!("Newcomer {}", round * 100 + number));
            answered += 1;
        }
        // One more is on its way while the mock dies.
        let Shop { mut program, url, http } = shop;
        let last = send(&http, &url, "create_customer", newcomer(round * 100 + 99));
        let kill = async { program.kill() };
        let (made, ()) = tokio::join!(last, kill);
        answered += u64::from(made.is_some());
        unanswered += u64::from(made.is_none());
        program.end();
    }
    let shop = Shop::start("egrow", &path);
    let there = shop.count("newcomer").await;
    assert!((answered..=answered + unanswered).contains(&there), "{there} of {answered}");
    let ids = shop.call("find_customers", json!({ "query": "newcomer", "perPage": 100 })).await;
    let mut ids: Vec<_> =
        ids.unwrap()["items"].as_array().unwrap().iter().map(|c| c["id"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), usize::try_from(there).unwrap(), "no id was given twice");
}

/// The same of a product whose every record is a row of the table engine: an invoice, what was paid
/// of it and the customer, each found again by its id.
#[tokio::test]
async fn the_records_of_a_publisher_survive_a_kill() {
    let (_folder, path) = place();
    let on_site = |mut arguments: Value| {
        arguments["site_id"] = 1205.into();
        arguments
    };
    let shop = Shop::start("pelcro", &path);
    let reader = on_site(json!({ "email": "kept@mail.example", "first_name": "Kept" }));
    let reader = shop.call("create_customer", reader).await.unwrap();
    let line = json!({ "description": "year book", "quantity": 2, "unit_price": 1_250 });
    let invoice = on_site(json!({ "customer_id": reader["id"], "line_items": [line] }));
    let invoice = shop.call("create_invoice", invoice).await.unwrap();
    let paid = on_site(json!({ "invoice_id": invoice["id"], "reference": "check 7" }));
    let paid = shop.call("pay_invoice_offline", paid).await.unwrap();
    assert_eq!((&paid["status"], &paid["amount_paid"]), (&json!("paid"), &json!(2_500)));
    let Shop { mut program, .. } = shop;
    program.kill();
    program.end();

    let shop = Shop::start("pelcro", &path);
    let asked = on_site(json!({ "invoice_id": invoice["id"] }));
    assert_eq!(shop.call("get_invoice", asked).await.unwrap(), paid);
    let asked = on_site(json!({ "customer_id": reader["id"] }));
    assert_eq!(shop.call("get_customer", asked).await.unwrap()["first_name"], "Kept");
    let charges = on_site(json!({ "customer_id": reader["id"] }));
    let charges = shop.call("list_charges", charges).await.unwrap();
    assert_eq!(charges["data"][0]["amount"], 2_500, "{charges}");
    let next = on_site(json!({ "email": "next@mail.example", "first_name": "Next" }));
    let next = shop.call("create_customer", next).await.unwrap();
    assert!(next["id"].as_u64() > reader["id"].as_u64(), "no id is given twice: {next}");
}

/// Kept data is looked at on another day: what was today is yesterday then.
#[tokio::test]
async fn the_day_advances_while_the_data_stays() {
    let (_folder, path) = place();
    let on = |day: &str| MockOptions {
        product: ProductName::Egrow,
        today: Some(day.parse().unwrap()),
        data: Some(DataFile::open(&path, ProductName::Egrow).unwrap()),
        ..MockOptions::default()
    };
    let count = |host: RawHost, day: &'static str| async move {
        let days = json!({ "from": day, "to": day });
        host.call("get_order_stats", days).await["structuredContent"]["orders"].as_u64().unwrap()
    };
    let mut host = RawHost::new(on("2026-11-21"));
    host.open("2025-06-18").await;
    let today = count(host, "today").await;
    let mut host = RawHost::new(on("2026-11-22"));
    host.open("2025-06-18").await;
    assert!(today > 0);
    assert_eq!(count(host, "yesterday").await, today);
}

#[test]
fn an_unusable_file_is_reported_with_a_way_out() {
    let (folder, path) = place();
    let run = |product: &str| Program::new(["mock", product, "--data", shown(&path)]).run();
    std::fs::write(&path, "no store").unwrap();
    let finished = run("egrow");
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains("is damaged, or not a data file"), "{}", finished.stderr);
    assert!(finished.stderr.contains("hint: move it away"), "{}", finished.stderr);
    assert_eq!(std::fs::read(&path).unwrap(), b"no store", "it was left alone");

    let finished = run("lab");
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("has no data to store"), "{}", finished.stderr);

    let missing = folder.path().join("none/shop.redb");
    let finished = Program::new(["mock", "egrow", "--data", shown(&missing)]).run();
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains("hint: give a file in a folder that exists"));
}

#[test]
fn two_mocks_do_not_share_a_file() {
    let (_folder, path) = place();
    let shop = Shop::start("egrow", &path);
    let second = Program::new(["mock", "egrow", "--data", shown(&path)]).run();
    assert_eq!(second.code, Some(1));
    assert!(second.stderr.contains("is in use by another mock"), "{}", second.stderr);
    drop(shop);
}
