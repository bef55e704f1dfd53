//! The audit log, the shape of errors, and tokens that are taken back. What each role may do is
//! tested in `mock_tools`, tool by tool.

use mcp_tether_mock::{DataFile, MockOptions, ProductName};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::{OWNER, PASSWORD, audit, bad, good, options, store, web};
use crate::raw_host::{RawHost, initialize, json_of};

/// Returns a token that the shop gives its owner for somebody in this role.
pub async fn token_of(mock: &Url, role: &str) -> String {
    // Only the first of several tests in one process can install it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
    let asked = http
        .post(mock.join("/mcp/token").unwrap())
        .header("content-type", "application/json")
        .body(json!({ "email": OWNER, "password": PASSWORD, "role": role }).to_string());
    let token = json_of(asked.send().await.unwrap()).await["token"].clone();
    token.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_call_is_in_the_audit_log() {
    let host = store().await;
    good(&host, "get_dashboard", json!({})).await;
    good(&host, "delete_page", json!({ "id": "holiday-hours" })).await;
    assert_eq!(bad(&host, "get_page", json!({ "id": "holiday-hours" })).await, "not_found");
    assert_eq!(bad(&host, "get_page", json!({ "id": 7 })).await, "invalid_arguments");
    let log = audit(&host).await;
    let told: Vec<_> = log.iter().map(|note| [&note["tool"], &note["outcome"]]).collect();
    let expected = [
        ["get_page", "invalid_arguments"],
        ["get_page", "not_found"],
        ["delete_page", "done"],
        ["get_dashboard", "done"],
    ];
    assert_eq!(told, expected.map(|pair| pair.map(Value::from)).each_ref().map(|p| p.each_ref()));
    for note in &log {
        assert_eq!((&note["source"], &note["account"]), (&json!("mcp"), &json!(OWNER)));
        assert_eq!(note["role"], "owner");
    }
}

#[tokio::test]
async fn errors_have_one_format() {
    let host = store().await;
    for (tool, arguments, code, argument) in [
        ("get_product", json!({}), "invalid_arguments", json!("id")),
        ("get_product", json!({ "id": 1 }), "invalid_arguments", json!("id")),
        ("get_product", json!({ "id": "x", "y": 1 }), "invalid_arguments", json!("y")),
        ("list_products", json!({ "status": "gone" }), "invalid_arguments", json!("status")),
        ("get_product", json!({ "id": "nothing" }), "not_found", Value::Null),
        (
            "create_coupon",
            json!({ "code": "WELCOME10", "kind": "fixed", "value": 1 }),
            "conflict",
            json!("code"),
        ),
        (
            "create_coupon",
            json!({ "code": "MUCH", "kind": "percentage", "value": 101 }),
            "invalid_arguments",
            json!("value"),
        ),
        (
            "create_order",
            json!({ "customer": "lily.park@mail.example",
            "lines": [{ "variant": "KET-COP", "quantity": 900 }] }),
            "invalid_state",
            Value::Null,
        ),
        (
            "update_order_status",
            json!({ "id": "LMS1118", "status": "cancelled" }),
            "invalid_state",
            Value::Null,
        ),
        (
            "delete_customer",
            json!({ "id": "hannah.berg@mail.example" }),
            "invalid_state",
            Value::Null,
        ),
        ("delete_menu", json!({ "id": "main-menu" }), "invalid_state", Value::Null),
        (
            "create_menu",
            json!({ "name": "Lost", "items": [{ "title": "x", "url": "/pages/no" }] }),
            "invalid_arguments",
            json!("items"),
        ),
        (
            "update_theme_settings",
            json!({ "settings": { "colorPrimary": "red" } }),
            "invalid_arguments",
            json!("settings"),
        ),
        (
            "update_theme_settings",
            json!({ "settings": { "glitter": true } }),
            "invalid_arguments",
            json!("settings"),
        ),
        ("get_sales_report", json!({ "from": "2026-02-30" }), "invalid_arguments", json!("from")),
    ] {
        let result = host.call(tool, arguments.clone()).await;
        let error = &result["structuredContent"]["error"];
        assert_eq!((&result["isError"], &error["code"]), (&json!(true), &json!(code)), "{result}");
        assert_eq!(error["argument"], argument, "{tool} {arguments}: {error}");
    }
}

#[tokio::test]
async fn a_revoked_token_is_refused() {
    let mut host = RawHost::new(options());
    let token = token_of(&host.mock.url(), "owner").await;
    host.set("authorization", &format!("Bearer {token}"));
    host.open("2025-06-18").await;
    assert_eq!(host.post(&initialize("2025-06-18")).await.status(), 200);
    super::admin::change_password(&host, "a new password").await;
    assert_eq!(host.post(&initialize("2025-06-18")).await.status(), 401);
    let old = web(&host, Method::POST, "/mcp/token").basic_auth(OWNER, Some(PASSWORD));
    assert_eq!(old.send().await.unwrap().status(), 401);
    let new = web(&host, Method::POST, "/mcp/token").basic_auth(OWNER, Some("a new password"));
    assert_eq!(new.send().await.unwrap().status(), 200);
}

/// With `--data` the store goes on where it was: goods, tokens, passwords, the log.
#[tokio::test]
async fn changes_outlive_the_mock() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let start = async |token: &str| {
        let data = DataFile::open(&path, ProductName::LaunchMyStore).unwrap();
        let mut host = RawHost::new(MockOptions { data: Some(data), ..options() });
        host.set("authorization", &format!("Bearer {token}"));
        host.open("2025-06-18").await;
        host
    };
    let host = start("lms_demo_token").await;
    let coupon = json!({ "code": "KEPT", "kind": "free_shipping" });
    good(&host, "create_coupon", coupon).await;
    super::admin::change_password(&host, "a new password").await;
    let new = web(&host, Method::POST, "/mcp/token").basic_auth(OWNER, Some("a new password"));
    let token = json_of(new.send().await.unwrap()).await["token"].clone();
    drop(host);
    let file = std::fs::read(&path).unwrap();
    let holds = |text: &str| file.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("KEPT") && !holds("a new password") && !holds(token.as_str().unwrap()));

    let host = start(token.as_str().unwrap()).await;
    let found = good(&host, "get_coupon", json!({ "id": "KEPT" })).await;
    assert_eq!(found["coupon"]["status"], "active");
    assert_eq!(audit(&host).await.last().unwrap()["tool"], "create_coupon");
    let response = web(&host, Method::GET, "/mcp/tools").bearer_auth("lms_demo_token").send().await;
    assert_eq!(response.unwrap().status(), 401, "it was taken back, and stays so");
}
