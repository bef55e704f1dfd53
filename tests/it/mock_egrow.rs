//! The order desk of the mock: every tool works on the data, and answers in the product's format.

use mcp_tether_mock::{Auth, MockOptions, Mode, ProductName};
use serde_json::{Value, json};

use crate::raw_host::{Events, RawHost, call, initialize, json_of, request};

fn options() -> MockOptions {
    MockOptions {
        product: ProductName::Egrow,
        mode: Mode::Stateless,
        today: Some("2026-11-21".parse().unwrap()),
        ..MockOptions::default()
    }
}

pub async fn desk() -> RawHost {
    let mut host = RawHost::new(options());
    host.open("2025-06-18").await;
    host
}

/// Calls a tool, which must succeed, and returns its result.
pub async fn good(host: &RawHost, tool: &str, arguments: Value) -> Value {
    let result = host.call(tool, arguments.clone()).await;
    assert_eq!(result.get("isError"), None, "{tool} {arguments}: {result}");
    let text = result["content"][0]["text"].as_str().unwrap();
    let structured = result["structuredContent"].clone();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), structured, "both say the same");
    structured
}

/// Returns the error that a tool gives, in the product's shape.
pub async fn bad(host: &RawHost, tool: &str, arguments: Value) -> Value {
    let result = host.call(tool, arguments.clone()).await;
    assert_eq!(result["isError"], true, "{tool} {arguments}: {result}");
    let error = result["structuredContent"]["error"].clone();
    assert!(error["code"].is_string() && error["message"].is_string(), "{result}");
    assert!(error["hint"].is_string() && error["retry_safe"].is_boolean(), "{result}");
    error
}

/// Calls a tool that needs a confirmation, with it.
pub async fn confirmed(host: &RawHost, tool: &str, mut arguments: Value) -> Value {
    let demand = good(host, tool, arguments.clone()).await;
    arguments["confirmToken"] = demand["confirmation"]["token"].clone();
    good(host, tool, arguments).await
}

async fn tools(host: &RawHost) -> Vec<Value> {
    let listed = host.ask(&request(1, "tools/list", json!({}))).await;
    listed["result"]["tools"].as_array().unwrap().clone()
}

#[tokio::test]
async fn every_tool_says_when_to_use_it_and_takes_nothing_else() {
    let host = desk().await;
    for tool in tools(&host).await {
        assert_eq!(tool["inputSchema"]["additionalProperties"], false);
        let text = tool["description"].as_str().unwrap();
        for part in ["When to use: ", "When not to use: ", "Example: {"] {
            assert!(text.contains(part), "{text}");
        }
    }
    let merge = tools(&host).await.into_iter().find(|tool| tool["name"] == "merge_orders").unwrap();
    assert!(merge["inputSchema"]["properties"]["confirmToken"].is_object());
}

#[tokio::test]
async fn an_api_key_is_required_and_accepted_in_three_forms() {
    let mut host = RawHost::new(MockOptions { auth: Auth::ApiKey, ..options() });
    let opening = initialize("2025-06-18");
    let response = host.post(&opening).await;
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    host.set("x-api-key", "egrow_wrong");
    assert_eq!(host.post(&opening).await.status(), 401);
    host.headers.remove("x-api-key");
    for (name, value) in [
        ("x-api-key", "egrow_demo_key"),
        ("x-egrow-api-key", "egrow_demo_key"),
        ("authorization", "Bearer egrow_demo_key"),
    ] {
        host.set(name, value);
        host.open("2025-06-18").await;
        let me = good(&host, "whoami", json!({})).await;
        assert_eq!(
            (&me["credential"], &me["account"]["currency"]),
            (&json!("api_key"), &json!("MAD"))
        );
        host.headers.remove(name);
    }
}

#[tokio::test]
async fn questions_of_the_product_page_are_answered() {
    let host = desk().await;
    let low = good(&host, "find_products", json!({ "stockBelow": 10 })).await;
    assert!(low["total"].as_u64().unwrap() >= 5);
    for product in low["items"].as_array().unwrap() {
        let variants = product["lowVariants"].as_array().unwrap();
        assert!(variants.iter().all(|variant| variant["stock"].as_i64().unwrap() < 10));
    }
    let week = json!({ "from": "2026-11-15", "to": "2026-11-21" });
    let stats = good(&host, "get_order_stats", week.clone()).await;
    let found = good(&host, "find_orders", week).await;
    assert_eq!(stats["orders"], found["total"]);
    let order = good(&host, "get_order", json!({ "order": "#egw100" })).await;
    assert_eq!(order["number"], "EGW100");
    assert_eq!(order["deliveryAttempts"][1]["reason"], "parcel refused: box was damaged");
    let best = json!({ "sort": "spent", "from": "2026-11-01", "perPage": 5 });
    let best = good(&host, "find_customers", best).await;
    let spent: Vec<_> =
        best["items"].as_array().unwrap().iter().map(|c| c["totalSpent"].as_i64()).collect();
    assert!(spent.len() == 5 && spent.is_sorted_by(|a, b| a >= b), "{spent:?}");
    let rate = good(&host, "get_confirmation_stats", json!({ "from": "2026-11-01" })).await;
    let sum: u64 =
        ["pending", "confirmed", "cancelled"].map(|k| rate[k].as_u64().unwrap()).iter().sum();
    assert_eq!(rate["total"], sum);
    assert!(rate["confirmationRate"].as_str().unwrap().ends_with('%'));
}

#[tokio::test]
async fn a_refund_needs_a_token_that_only_the_first_call_gives() {
    let host = desk().await;
    let refund = json!({
        "order": "EGW100", "operation": "refund", "reason": "broken",
        "lines": [{ "line": "SPE-BLA" }],
    });
    let demand = good(&host, "modify_line_items", refund.clone()).await;
    let summary = demand["confirmation"]["summary"].as_str().unwrap();
    assert_eq!(summary, "Refund 499.00 MAD for 1 × Portable speaker, Black on order EGW100");
    let before = good(&host, "get_order", json!({ "order": "EGW100" })).await;
    assert_eq!(before["refundedAmount"], 0, "nothing happened yet");

    let mut other = refund.clone();
    other["confirmToken"] = "confirm_0000000000000000".into();
    assert_eq!(bad(&host, "modify_line_items", other).await["code"], "invalid_confirmation");
    let mut changed = refund.clone();
    changed["reason"] = "just so".into();
    changed["confirmToken"] = demand["confirmation"]["token"].clone();
    assert_eq!(bad(&host, "modify_line_items", changed).await["code"], "invalid_confirmation");

    let done = confirmed(&host, "modify_line_items", refund.clone()).await;
    assert_eq!(
        (&done["amount"], &done["order"]["financialStatus"]),
        (&json!(49_900), &json!("partially_refunded"))
    );
    assert_eq!(bad(&host, "modify_line_items", refund).await["code"], "invalid_state", "again");
}

#[tokio::test]
async fn a_host_that_can_ask_its_user_cannot_skip_the_question() {
    let mut host = RawHost::new(MockOptions { mode: Mode::Sessions, ..options() });
    host.open("2025-06-18").await;
    let merge = json!({ "primary": "EGW240", "duplicates": ["EGW241"], "confirmToken": "any" });
    for (answer, works) in [
        (json!({ "action": "decline" }), false),
        (json!({ "action": "accept", "content": { "confirm": false } }), false),
        (json!({ "action": "accept", "content": { "confirm": true } }), true),
    ] {
        let mut events = Events::of(host.post(&call(1, "merge_orders", merge.clone())).await);
        let question = events.next().await.unwrap().json();
        assert_eq!(question["method"], "elicitation/create");
        let message = question["params"]["message"].as_str().unwrap();
        assert!(message.starts_with("Merge EGW241 (193.00 MAD) into EGW240"), "{message}");
        let body = json!({ "jsonrpc": "2.0", "id": question["id"], "result": answer });
        assert_eq!(host.post(&body).await.status(), 202);
        let result = events.next().await.unwrap().json()["result"].clone();
        if works {
            assert_eq!(result["structuredContent"]["merged"], json!(["EGW241"]));
        } else {
            assert_eq!(result["structuredContent"]["error"]["code"], "not_confirmed");
        }
    }
    let gone = good(&host, "get_order", json!({ "order": "EGW241" })).await;
    assert_eq!((&gone["stage"], &gone["mergedInto"]), (&json!("Cancelled"), &json!("EGW240")));
}

#[tokio::test]
async fn yesterdays_pending_orders_move_and_a_dry_run_moves_nothing() {
    let host = desk().await;
    let pending = json!({ "stage": "Pending", "from": "yesterday", "to": "yesterday" });
    let before = good(&host, "find_orders", pending.clone()).await["total"].as_u64().unwrap();
    assert!(before > 0);
    let mut moving = json!({
        "fromStage": "pending", "toStage": "Processing",
        "from": "yesterday", "to": "yesterday", "dryRun": true,
    });
    assert_eq!(good(&host, "bulk_move_stage", moving.clone()).await["count"], before);
    assert_eq!(good(&host, "find_orders", pending.clone()).await["total"], before);
    moving["dryRun"] = false.into();
    assert_eq!(good(&host, "bulk_move_stage", moving).await["count"], before);
    assert_eq!(good(&host, "find_orders", pending).await["total"], 0);
}

#[tokio::test]
async fn a_customer_is_onboarded_once() {
    let host = desk().await;
    let sara = json!({ "name": "Sara Bensaid", "phone": "06 00 11 22 33", "city": "Casablanca" });
    let made = good(&host, "create_customer", sara.clone()).await;
    assert_eq!(made["phone"], "+212600112233");
    let id = made["id"].clone();
    assert_eq!(
        good(&host, "get_customer", json!({ "customer": id })).await["name"],
        "Sara Bensaid"
    );
    let found = good(&host, "find_customers", json!({ "query": "sara bensaid" })).await;
    assert_eq!(found["total"], 1);
    assert_eq!(bad(&host, "create_customer", sara).await["code"], "conflict");
    let wrong = json!({ "name": "X", "phone": "12" });
    assert_eq!(bad(&host, "create_customer", wrong).await["code"], "invalid_arguments");
}

#[tokio::test]
async fn merged_customers_are_one_with_all_their_orders() {
    let host = desk().await;
    let groups = good(&host, "find_duplicate_customers", json!({})).await;
    assert_eq!(groups["total"], 3);
    let customers = groups["items"][0]["customers"].as_array().unwrap().clone();
    let primary = groups["items"][0]["suggestedPrimary"].clone();
    let other = customers.iter().find(|c| c["id"] != primary).unwrap()["id"].clone();
    let count = |id: &Value| {
        let all = json!({ "customer": id });
        let host = &host;
        async move { good(host, "find_orders", all).await["total"].as_u64().unwrap() }
    };
    let sum = count(&primary).await + count(&other).await;
    let merge = json!({ "primary": primary, "duplicates": [other] });
    confirmed(&host, "merge_customers", merge).await;
    assert_eq!(count(&primary).await, sum);
    let gone = bad(&host, "get_customer", json!({ "customer": other })).await;
    assert_eq!(gone["code"], "not_found");
    assert!(gone["hint"].as_str().unwrap().contains(primary.as_str().unwrap()));
    assert_eq!(good(&host, "find_duplicate_customers", json!({})).await["total"], 2);
}

#[tokio::test]
async fn orders_are_made_from_stock_and_cancelling_gives_it_back() {
    let host = desk().await;
    let stock = || async {
        good(&host, "get_variant", json!({ "variant": "MUG-TEA" })).await["stock"].as_i64().unwrap()
    };
    let before = stock().await;
    let order = json!({
        "customer": { "name": "Karim Alami", "phone": "+212612345678", "city": "Rabat" },
        "lines": [{ "variant": "MUG-TEA", "quantity": 3 }], "shippingFee": 3500,
    });
    let made = good(&host, "create_order", order).await;
    assert_eq!((&made["number"], &made["total"]), (&json!("EGW244"), &json!(3 * 7_900 + 3_500)));
    assert_eq!(stock().await, before - 3);
    let cancel = json!({ "order": "EGW244", "stage": "Cancelled" });
    assert_eq!(good(&host, "update_order", cancel).await["confirmation"], "cancelled");
    assert_eq!(stock().await, before);

    let customer = json!({ "customerId": "0612345678" });
    let mut too_many = customer.clone();
    too_many["lines"] = json!([{ "variant": "MUG-TEA", "quantity": 900 }]);
    assert_eq!(bad(&host, "create_order", too_many).await["code"], "invalid_state");
    let mut both = customer;
    both["lines"] = json!([{ "variant": "MUG-TEA", "quantity": 1 }]);
    both["customer"] = json!({ "name": "X", "phone": "+212699999999" });
    assert_eq!(bad(&host, "create_order", both).await["code"], "invalid_arguments");
}

#[tokio::test]
async fn a_line_can_be_swapped_unless_it_was_sent() {
    let host = desk().await;
    let swap = json!({
        "order": "EGW88", "action": "swap_variant", "line": "SHI-RED", "variant": "SHI-BLU",
    });
    let swapped = good(&host, "modify_order", swap).await;
    assert_eq!(swapped["lines"][0]["sku"], "SHI-BLU");
    let blue = good(&host, "get_variant", json!({ "variant": "SHI-BLU" })).await;
    assert_eq!(blue["stock"], 30);
    let sent = json!({
        "order": "EGW100", "action": "swap_variant", "line": "SPE-BLA", "variant": "SPE-SAN",
    });
    assert_eq!(bad(&host, "modify_order", sent).await["code"], "invalid_state");
    let back = json!({ "order": "EGW100", "stage": "Pending" });
    assert_eq!(bad(&host, "update_order", back).await["code"], "invalid_state");
    let paid = json!({ "order": "EGW88", "stage": "Cancelled" });
    assert!(bad(&host, "update_order", paid).await["hint"].as_str().unwrap().contains("refund"));
}

#[tokio::test]
async fn duplicate_orders_are_found_and_merged_away() {
    let host = desk().await;
    let pair = |groups: &Value| {
        groups["items"].as_array().unwrap().iter().any(|group| {
            let numbers: Vec<_> =
                group["orders"].as_array().unwrap().iter().map(|o| o["number"].clone()).collect();
            numbers == ["EGW240", "EGW241"]
        })
    };
    assert!(pair(&good(&host, "find_duplicate_orders", json!({})).await));
    let merge = json!({ "primary": "EGW240", "duplicates": ["EGW241"], "addLines": true });
    let merged = confirmed(&host, "merge_orders", merge).await;
    assert_eq!(merged["order"]["lines"][0]["quantity"], 4);
    assert!(!pair(&good(&host, "find_duplicate_orders", json!({})).await));
    let foreign = json!({ "primary": "EGW240", "duplicates": ["EGW242"] });
    assert_eq!(bad(&host, "merge_orders", foreign).await["code"], "invalid_state");
}

#[tokio::test]
async fn lines_go_only_from_orders_that_were_neither_sent_nor_paid_and_never_all() {
    let host = desk().await;
    let remove = |order: &str, line: &str, quantity: u64| {
        let lines = json!([{ "line": line, "quantity": quantity }]);
        json!({ "order": order, "operation": "remove", "lines": lines })
    };
    let done = confirmed(&host, "modify_line_items", remove("EGW240", "MUG-WHI", 1)).await;
    assert_eq!(done["order"]["lines"][0]["quantity"], 1);
    for (order, line) in [("EGW240", "MUG-WHI"), ("EGW100", "SPE-BLA"), ("EGW88", "SHI-RED")] {
        let error = bad(&host, "modify_line_items", remove(order, line, 1)).await;
        assert_eq!(error["code"], "invalid_state", "{order}");
    }
    let unknown = bad(&host, "modify_line_items", remove("EGW240", "XXX", 1)).await;
    assert_eq!(unknown["code"], "not_found");
}

#[tokio::test]
async fn products_are_made_found_and_changed() {
    let host = desk().await;
    let apron = json!({
        "title": "Linen apron", "category": "Kitchen",
        "options": [{ "name": "Color", "values": ["Grey", "Rust"] }],
        "variants": [
            { "sku": "APR-1", "price": 18_900, "stock": 4, "options": { "Color": "Grey" } },
            { "sku": "APR-2", "price": 19_900, "options": { "Color": "Rust" } },
        ],
    });
    let made = good(&host, "create_product", apron.clone()).await;
    assert_eq!((&made["status"], &made["priceFrom"]), (&json!("draft"), &json!(18_900)));
    assert_eq!(bad(&host, "create_product", apron).await["code"], "conflict");
    let change = json!({
        "product": "Linen apron", "status": "active",
        "variants": [{ "variant": "APR-2", "stock": 7 }],
    });
    assert_eq!(good(&host, "update_product", change).await["totalStock"], 11);
    let found = good(&host, "find_variants", json!({ "query": "apron rust" })).await;
    assert_eq!((&found["total"], &found["items"][0]["stock"]), (&json!(1), &json!(7)));
    let foreign =
        json!({ "product": "Linen apron", "variants": [{ "variant": "SPE-BLA", "stock": 1 }] });
    assert_eq!(bad(&host, "update_product", foreign).await["code"], "invalid_arguments");
    let wrong = json!({ "product": "Linen apron", "status": "sold" });
    assert_eq!(bad(&host, "update_product", wrong).await["code"], "invalid_arguments");
}

#[tokio::test]
async fn groups_blacklist_addresses_and_flags_of_customers_work() {
    let host = desk().await;
    let who = "+212661000101";
    let group = json!({ "customers": [who], "group": "Autumn sale", "createIfMissing": true });
    assert_eq!(good(&host, "add_customers_to_group", group.clone()).await["members"], 1);
    assert_eq!(good(&host, "add_customers_to_group", group).await["alreadyIn"], 1);
    let members = good(&host, "find_customers", json!({ "group": "autumn sale" })).await;
    assert_eq!(members["items"][0]["phone"], who);
    let none = json!({ "customers": [who], "group": "Nobody" });
    assert_eq!(bad(&host, "add_customers_to_group", none).await["code"], "not_found");

    let block = json!({ "customers": [who], "blacklisted": true, "reason": "refuses parcels" });
    good(&host, "bulk_blacklist_customers", block).await;
    let risk = json!({ "customer": who, "includeRisk": true });
    assert_eq!(good(&host, "get_customer", risk).await["risk"]["level"], "blocked");
    let order = json!({ "customerId": who, "lines": [{ "variant": "MUG-TEA", "quantity": 1 }] });
    assert_eq!(bad(&host, "create_order", order).await["code"], "invalid_state");

    let address = json!({ "city": "Rabat", "line1": "1 rue A" });
    let add = json!({ "customer": who, "action": "add", "address": address });
    let after = good(&host, "modify_customer_address", add).await;
    assert_eq!(after["city"], "Casablanca");
    let id = after["addresses"][1]["id"].clone();
    let default = json!({ "customer": who, "action": "set_default", "addressId": id });
    assert_eq!(good(&host, "modify_customer_address", default).await["city"], "Rabat");

    let flagged = json!({ "customers": [who, "+212661000374"] });
    assert_eq!(
        good(&host, "flag_customers_as_duplicate", flagged).await["flagged"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let alone = json!({ "customers": [who] });
    assert_eq!(bad(&host, "flag_customers_as_duplicate", alone).await["code"], "invalid_arguments");
    let update = json!({ "customer": who, "phone": "+212661000374" });
    assert_eq!(bad(&host, "update_customer", update).await["code"], "conflict");
}

#[tokio::test]
async fn the_product_describes_itself() {
    let host = desk().await;
    let all = good(&host, "describe_capabilities", json!({})).await;
    assert_eq!(all["total"], 40);
    let refund =
        good(&host, "describe_capabilities", json!({ "intent": "refund line items" })).await;
    assert_eq!(refund["tools"][0]["name"], "modify_line_items");
    let orders = good(&host, "describe_capabilities", json!({ "domain": "Orders" })).await;
    assert_eq!(orders["total"], 11);
    assert_eq!(good(&host, "health_check", json!({})).await["toolCount"], 40);
    let names: Vec<_> =
        all["tools"].as_array().unwrap().iter().map(|t| t["name"].clone()).collect();
    for workflow in [
        "order_confirmation",
        "order_refund",
        "order_cancel",
        "exchange",
        "customer_merge",
        "customer_onboard",
        "diagnose_failed_delivery",
    ] {
        let steps = good(&host, "get_workflow", json!({ "name": workflow })).await["steps"].clone();
        for step in steps.as_array().unwrap() {
            let tool = &step["tool"];
            assert!(tool.is_null() || names.contains(tool), "{workflow}: {tool}");
        }
    }
}

#[tokio::test]
async fn lists_have_pages_and_days_are_checked() {
    let host = desk().await;
    let second = good(&host, "find_orders", json!({ "page": 2, "perPage": 7 })).await;
    assert_eq!(
        (&second["page"], &second["perPage"], &second["hasMore"]),
        (&json!(2), &json!(7), &json!(true))
    );
    assert_eq!(second["items"].as_array().unwrap().len(), 7);
    for wrong in [
        json!({ "from": "2026-02-30" }),
        json!({ "from": "today", "to": "yesterday" }),
        json!({ "from": "soon" }),
        json!({ "perPage": 0 }),
        json!({ "page": "1" }),
    ] {
        assert_eq!(bad(&host, "find_orders", wrong).await["code"], "invalid_arguments");
    }
    let error = bad(&host, "find_orders", json!({ "stage": "Lost" })).await;
    assert!(error["hint"].as_str().unwrap().contains("`Pending`"));
}

#[tokio::test]
async fn too_many_reads_are_refused_with_the_time_to_wait() {
    let host = desk().await;
    for _ in 0..300 {
        good(&host, "health_check", json!({})).await;
    }
    let error = bad(&host, "whoami", json!({})).await;
    assert_eq!((&error["code"], &error["retry_safe"]), (&json!("rate_limited"), &json!(true)));
    assert!(error["hint"].as_str().unwrap().starts_with("try again in "));
    let group = json!({ "customers": ["+212661000101"], "group": "VIP" });
    good(&host, "add_customers_to_group", group).await;
}

#[tokio::test]
async fn an_unknown_tool_is_a_protocol_error() {
    let host = desk().await;
    let answer = json_of(host.post(&call(1, "drop_database", json!({}))).await).await;
    assert_eq!(answer["error"]["code"], -32602);
}
