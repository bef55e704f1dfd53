//! The tools of `launchmystore`, in every role.

use futures_util::future::BoxFuture;
use serde_json::Value;
use url::Url;

use super::{Role, Row, Tested, checks, row, with};
use crate::mock_launchmystore::roles::token_of;

const TESTED: Tested = Tested {
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

/// An editor writes texts and deletes nothing.
fn beyond_texts(domain: &str, kind: &str) -> bool {
    let texts = ["Blogs & Pages", "Themes", "Menus"].contains(&domain);
    kind == "destructive" || kind == "write" && !texts
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
    row("get_product", &["id"]),
    with(
        "create_product",
        r#"{"title":"Bowl","price":1450,"categories":["kitchen"]}"#,
        &["categories.0"],
    ),
    row("update_product", &["id"]),
    row("delete_product", &["id"]),
    row("list_variants", &["product"]),
    row("create_variant", &["product"]),
    row("update_variant", &["id"]),
    row("delete_variant", &["id"]),
    row("adjust_inventory", &["id"]),
    with("list_orders", r#"{"customer":"hannah.berg@mail.example"}"#, &["customer"]),
    row("get_order", &["id"]),
    row("create_order", &["customer", "lines.0.variant", "couponCode"]),
    row("update_order_status", &["id"]),
    row("create_fulfillment", &["id"]),
    row("refund_order", &["id"]),
    row("list_categories", &[]),
    row("get_category", &["id"]),
    row("create_category", &[]),
    row("update_category", &["id"]),
    row("delete_category", &["id"]),
    row("list_customers", &[]),
    row("get_customer", &["id"]),
    row("create_customer", &[]),
    row("update_customer", &["id"]),
    row("delete_customer", &["id"]),
    row("get_sales_report", &[]),
    row("get_traffic_report", &[]),
    with("get_product_analytics", r#"{"product":"classic-t-shirt"}"#, &["product"]),
    row("get_dashboard", &[]),
    row("list_coupons", &[]),
    row("get_coupon", &["id"]),
    row("create_coupon", &[]),
    row("update_coupon", &["id"]),
    row("delete_coupon", &["id"]),
    row("list_blog_posts", &[]),
    row("get_blog_post", &["id"]),
    row("create_blog_post", &[]),
    row("update_blog_post", &["id"]),
    row("delete_blog_post", &["id"]),
    row("list_pages", &[]),
    row("get_page", &["id"]),
    row("create_page", &[]),
    row("update_page", &["id"]),
    row("delete_page", &["id"]),
    row("list_themes", &[]),
    with("get_theme_settings", r#"{"theme":"Mono"}"#, &["theme"]),
    with(
        "update_theme_settings",
        r#"{"theme":"Mono","settings":{"productsPerRow":2}}"#,
        &["theme"],
    ),
    with("list_theme_sections", r#"{"theme":"Tide","template":"home"}"#, &["theme"]),
    row("update_theme_section", &["section"]),
    row("list_theme_blocks", &["section"]),
    row("update_theme_block", &["block"]),
    row("list_menus", &[]),
    row("get_menu", &["id"]),
    row("create_menu", &[]),
    row("update_menu", &["id"]),
    row("delete_menu", &["id"]),
    row("get_store_settings", &[]),
    row("update_store_settings", &[]),
    row("get_shipping_settings", &[]),
    row("update_shipping_settings", &[]),
    row("get_checkout_settings", &[]),
    row("update_checkout_settings", &[]),
];
