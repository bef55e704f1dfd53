//! The tools of `egrow`.

use mcp_tether_mock::{MockOptions, Mode, ProductName};
use serde_json::Value;

use super::{Row, Tested, checks, row, with};

const TESTED: Tested = Tested {
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

/// What cannot be undone is only done with the token that the first call gives.
fn confirm(result: &Value, arguments: &mut Value) -> bool {
    let token = &result["structuredContent"]["confirmation"]["token"];
    if token.is_string() {
        arguments["confirmToken"] = token.clone();
    }
    token.is_string()
}

const ROWS: &[Row] = &[
    row("bulk_move_stage", &["fromStage", "toStage"]),
    row("create_order", &["customerId", "lines.0.variant"]),
    row("find_duplicate_orders", &[]),
    row("find_orders", &["stage"]),
    with("get_confirmation_stats", r#"{"customer":"+212661000101"}"#, &["customer"]),
    row("get_order", &["order"]),
    with("get_order_stats", r#"{"stage":"Pending","groupBy":"city"}"#, &["stage"]),
    row("merge_orders", &["primary", "duplicates.0"]),
    row("modify_line_items", &["order", "lines.0.line"]),
    row("modify_order", &["order", "line", "variant"]),
    row("update_order", &["order", "stage"]),
    row("add_customers_to_group", &["customers.0", "group"]),
    row("bulk_blacklist_customers", &["customers.0"]),
    row("create_customer", &[]),
    with("find_customers", r#"{"group":"VIP"}"#, &["group"]),
    row("find_duplicate_customers", &[]),
    row("flag_customers_as_duplicate", &["customers.0"]),
    row("get_customer", &["customer"]),
    row("merge_customers", &["primary", "duplicates.0"]),
    row("modify_customer_address", &["customer"]),
    row("update_customer", &["customer"]),
    row("create_product", &["category"]),
    row("find_categories", &[]),
    with("find_products", r#"{"category":"Kitchen","stockBelow":10}"#, &["category"]),
    with("find_variants", r#"{"product":"Portable speaker"}"#, &["product"]),
    row("get_product", &["product"]),
    row("get_variant", &["variant"]),
    row("update_product", &["product", "variants.0.variant"]),
    row("describe_capabilities", &[]),
    row("get_workflow", &[]),
    row("health_check", &[]),
    row("whoami", &[]),
    row("get_analytics", &[]),
    row("get_dashboard", &[]),
    row("get_utm_analytics", &[]),
    row("graphql_mutation", &[]),
    row("graphql_query", &[]),
    row("graphql_schema", &["type"]),
    row("get_pipeline", &["pipeline"]),
    row("list_pipelines", &[]),
];
