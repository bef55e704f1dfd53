//! The format of lists, errors and long answers, and the health check.

use mcp_tether_mock::{MockOptions, ProductName};
use reqwest::Method;
use serde_json::{Value, json};

use super::{bad, good, here, not_here, options, pelcro};
use crate::raw_host::{RawHost, json_of};

#[tokio::test]
async fn lists_have_pages_and_totals() {
    let host = pelcro().await;
    let all = here(&host, "list_customers", json!({ "limit": 100 })).await;
    let total = all["meta"]["total"].as_u64().unwrap();
    assert_eq!(total, 38, "36 by the table, Priya and Elena");
    let mut seen = Vec::new();
    for page in 1..=4 {
        let list = here(&host, "list_customers", json!({ "page": page, "limit": 11 })).await;
        let meta = json!({ "current_page": page, "per_page": 11, "total": total, "last_page": 4 });
        assert_eq!(list["meta"], meta);
        seen.extend(list["data"].as_array().unwrap().iter().map(|entry| entry["id"].clone()));
    }
    let ids: Vec<_> = seen.iter().filter_map(Value::as_u64).collect();
    assert!(ids.is_sorted_by(|a, b| a > b), "newest first: {ids:?}");
    assert_eq!(ids.len(), 38);
    let beyond = here(&host, "list_customers", json!({ "page": 99 })).await;
    assert_eq!(beyond["data"], json!([]));
}

#[tokio::test]
async fn lists_are_narrowed_by_filters_words_and_days() {
    let host = pelcro().await;
    let open = here(&host, "list_invoices", json!({ "status": "open", "limit": 50 })).await;
    let entries = open["data"].as_array().unwrap();
    assert!(!entries.is_empty() && entries.iter().all(|entry| entry["status"] == "open"));
    let priya = here(&host, "list_customers", json!({ "query": "RAMAN priya" })).await;
    assert_eq!(priya["meta"]["total"], 1);
    assert_eq!(priya["data"][0]["name"], "Priya Raman");
    let today = json!({ "created_from": "2026-11-21", "created_to": "2026-11-21" });
    let today = here(&host, "list_customers", today).await;
    assert_eq!(today["meta"]["total"], 2);
    let body = not_here(&host, "list_customers", json!({ "created_from": "2026-02-31" })).await;
    assert!(body["errors"]["created_from"].is_array(), "{body}");
}

#[tokio::test]
async fn long_answers_are_truncated_and_say_so() {
    let host = pelcro().await;
    let long = here(&host, "list_invoices", json!({ "limit": 100 })).await;
    assert_eq!(long["truncated"], true);
    assert!(long["notice"].as_str().unwrap().contains("`limit`"));
    let total = long["meta"]["total"].as_u64().unwrap();
    assert!((long["data"].as_array().unwrap().len() as u64) < total);
    let short = here(&host, "list_invoices", json!({ "limit": 5 })).await;
    assert_eq!(short.get("truncated"), None);
    assert_eq!(short["data"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn errors_have_the_body_of_the_api() {
    let host = pelcro().await;
    let unknown = not_here(&host, "get_customer", json!({ "customer_id": 999_999 })).await;
    let expected = json!({ "status": 404, "message": "There is no customer with the id 999999." });
    assert_eq!(unknown, expected);
    let site = bad(&host, "list_plans", json!({ "site_id": 2310 })).await;
    assert_eq!(site["status"], 404, "a site of another account: {site}");
    let taken = json!({ "email": "PRIYA.RAMAN.1205@mail.example" });
    let taken = not_here(&host, "create_customer", taken).await;
    assert_eq!(taken["status"], 400);
    assert!(taken["errors"]["email"][0].as_str().unwrap().contains("taken"));
    let nothing = not_here(&host, "update_plan", json!({ "plan_id": 301 })).await;
    assert!(nothing["message"].as_str().unwrap().contains("`nickname`"), "{nothing}");
    let line = json!({
        "customer_id": 4001, "line_items": [{ "quantity": 1, "unit_price": 5 }, { "quantity": 1 }],
    });
    let line = not_here(&host, "create_invoice", line).await;
    assert!(line["errors"]["line_items.1.unit_price"].is_array(), "{line}");
}

/// Everything is behind a sign-in but this.
#[tokio::test]
async fn health_names_the_environment() {
    for (product, environment, title) in [
        (ProductName::Pelcro, "prd", "Pelcro"),
        (ProductName::PelcroStaging, "stg", "Pelcro (staging)"),
    ] {
        let mut host = RawHost::new(MockOptions { product, ..options() });
        let url = host.mock.url().join("/health").unwrap();
        let answer = host.builder(Method::GET, url.as_str()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let health = json!({ "status": "ok", "version": "1.2.1", "environment": environment });
        assert_eq!(json_of(answer).await, health);
        let opened = host.open("2025-11-25").await;
        assert_eq!(opened["serverInfo"]["title"], title);
        assert_eq!(host.mock.url().path(), "/");
        let account = good(&host, "get_account", json!({})).await;
        assert_eq!(account["environment"], environment);
    }
}
