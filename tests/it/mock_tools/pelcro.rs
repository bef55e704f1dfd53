//! The tools of `pelcro`: each shows arguments that work, ids in them are those of the seeded data.

use mcp_tether_mock::{MockOptions, Mode, ProductName};
use serde_json::Value;

use super::{Row, Tested, checks, row};

pub const TESTED: Tested = Tested {
    product: "pelcro",
    options: || MockOptions {
        product: ProductName::Pelcro,
        mode: Mode::Stateless,
        today: Some("2026-11-21".parse().unwrap()),
        ..MockOptions::default()
    },
    headers: &[],
    error,
    invalid: "400",
    unknown: "404",
    again: |_, _| false,
    rows: ROWS,
    roles: &[],
};

#[tokio::test]
async fn every_tool_of_pelcro_works_and_fails_as_the_product_says() {
    checks::play(&TESTED).await;
}

/// Returns the status of the body of an API error, which is all that a failed result has.
fn error(result: &Value) -> Option<String> {
    let body: Value = serde_json::from_str(result["content"][0]["text"].as_str()?).ok()?;
    let whole = body["message"].is_string() && result.get("structuredContent").is_none();
    body["status"].as_u64().filter(|_| whole).map(|status| status.to_string())
}

const ROWS: &[Row] = &[
    // A filter by a customer that does not exist finds nothing.
    row("list_addresses", &["site_id"]),
    row("list_payment_methods", &["site_id"]),
    row("delete_customer_metadata", &["site_id", "customer_id", "keys.0"]),
    row("redeem_subscription", &["site_id", "customer_id", "gift_code"]),
];
