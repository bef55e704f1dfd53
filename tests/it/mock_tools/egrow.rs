//! The tools of `egrow`.

use mcp_tether_mock::{MockOptions, Mode, ProductName};
use serde_json::Value;

use super::{Row, Tested, checks, row, with};

pub const TESTED: Tested = Tested {
    product: "egrow",
    options: || MockOptions {
        product: ProductName::Egrow,
        mode: Mode::Stateless,
        today: Some("2026-11-21".parse().unwrap()),
        ..MockOptions::default()
    },
    headers: &[],
    error,
    invalid: "invalid_arguments",
    unknown: "not_found",
    again: confirm,
    rows: ROWS,
    roles: &[],
};

#[tokio::test]
async fn every_tool_of_egrow_works_and_fails_as_the_product_says() {
    checks::play(&TESTED).await;
}

fn error(result: &Value) -> Option<String> {
    let error = &result["structuredContent"]["error"];
    let complete = error["message"].is_string()
        && error["hint"].is_string()
        && error["retry_safe"].is_boolean();
    error["code"].as_str().filter(|_| complete).map(str::to_owned)
}

/// A call that cannot be undone has no effect until it repeats the token that the first one gives.
fn confirm(result: &Value, arguments: &mut Value) -> bool {
    let token = &result["structuredContent"]["confirmation"]["token"];
    if token.is_string() {
        arguments["confirmToken"] = token.clone();
    }
    token.is_string()
}

const ROWS: &[Row] = &[
    with("get_confirmation_stats", r#"{"customer":"+212661000101"}"#, &["customer"]),
    with("get_order_stats", r#"{"stage":"Pending","groupBy":"city"}"#, &["stage"]),
    row("merge_orders", &["primary", "duplicates.0"]),
    with("find_customers", r#"{"group":"VIP"}"#, &["group"]),
    with("find_products", r#"{"category":"Kitchen","stockBelow":10}"#, &["category"]),
    with("find_variants", r#"{"product":"Portable speaker"}"#, &["product"]),
    row("graphql_schema", &["type"]),
];
