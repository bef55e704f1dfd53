//! The tools of `launchmystore`, in every role.

use futures_util::future::BoxFuture;
use serde_json::Value;
use url::Url;

use super::{Role, Row, Tested, checks, row, with};
use crate::mock_launchmystore::roles::token_of;

pub const TESTED: Tested = Tested {
    product: "launchmystore",
    options: crate::mock_launchmystore::options,
    headers: &[("authorization", "Bearer lms_demo_token")],
    error,
    invalid: "invalid_arguments",
    unknown: "not_found",
    again: |_, _| false,
    rows: ROWS,
    roles: &[
        Role { name: "viewer", forbids: |_, kind| kind != "read", ..ROLE },
        Role { name: "editor", forbids: beyond_texts, ..ROLE },
        Role { name: "manager", forbids: |_, kind| kind == "destructive", ..ROLE },
    ],
};

const ROLE: Role =
    Role { name: "", forbids: |_, _| true, credential: bearer, forbidden: "forbidden" };

/// Returns whether a tool is forbidden to editors, who write texts and delete nothing.
fn beyond_texts(tool: &str, kind: &str) -> bool {
    let is_text = ["blog_post", "page", "theme", "menu"].iter().any(|text| tool.contains(text));
    kind == "destructive" || kind == "write" && !is_text
}

fn bearer(mock: Url, role: &'static str) -> BoxFuture<'static, (&'static str, String)> {
    Box::pin(async move { ("authorization", format!("Bearer {}", token_of(&mock, role).await)) })
}

#[tokio::test]
async fn every_tool_of_launchmystore_works_and_fails_as_the_product_says() {
    checks::play(&TESTED).await;
}

fn error(result: &Value) -> Option<String> {
    let error = &result["structuredContent"]["error"];
    error["code"].as_str().filter(|_| error["message"].is_string()).map(str::to_owned)
}

const ROWS: &[Row] = &[
    with("list_products", r#"{"category":"kitchen","stockBelow":100}"#, &["category"]),
    with(
        "create_product",
        r#"{"title":"Bowl","price":1450,"categories":["kitchen"]}"#,
        &["categories.0"],
    ),
    with("list_orders", r#"{"customer":"hannah.berg@mail.example"}"#, &["customer"]),
    row("create_order", &["customer", "lines.0.variant", "couponCode"]),
    row("refund_order", &["id"]),
    with("get_product_analytics", r#"{"product":"classic-t-shirt"}"#, &["product"]),
    with("get_theme_settings", r#"{"theme":"Mono"}"#, &["theme"]),
    with(
        "update_theme_settings",
        r#"{"theme":"Mono","settings":{"productsPerRow":2}}"#,
        &["theme"],
    ),
    with("list_theme_sections", r#"{"theme":"Tide","template":"home"}"#, &["theme"]),
];
