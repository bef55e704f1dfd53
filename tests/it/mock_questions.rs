//! The questions on the product's page, answered like an assistant does: by a chain of tool calls
//! through the bridge, each with values from the one before. On any day.

use mcp_tether_mock::{MockOptions, Mode, ProductName};
use serde_json::{Value, json};

use crate::support::harness::Harness;

/// A Saturday, a Monday, the first day of a year, a leap day.
const DAYS: [&str; 4] = ["2026-11-21", "2026-11-16", "2027-01-01", "2028-02-29"];

struct Assistant(Harness);

impl Assistant {
    async fn on(day: &str) -> Self {
        let mock = MockOptions {
            product: ProductName::Egrow,
            mode: Mode::Stateless,
            today: Some(day.parse().unwrap()),
            ..MockOptions::default()
        };
        Self(Harness::new(mock).open().await)
    }

    async fn ask(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.0.call(tool, arguments.clone()).await["result"].clone();
        assert_ne!(result["isError"], true, "{tool} {arguments}: {result}");
        result["structuredContent"].clone()
    }

    /// Asks for something that cannot be undone, and says yes to what is shown.
    async fn agreed(&mut self, tool: &str, mut arguments: Value, shown: &str) -> Value {
        let demand = self.ask(tool, arguments.clone()).await["confirmation"].clone();
        let summary = demand["summary"].as_str().unwrap_or_default();
        assert!(summary.contains(shown), "{summary}");
        arguments["confirmToken"] = demand["token"].clone();
        self.ask(tool, arguments).await
    }

    /// Returns the tools of a playbook, in its order.
    async fn playbook(&mut self, name: &str) -> Vec<String> {
        let steps = self.ask("get_workflow", json!({ "name": name })).await["steps"].clone();
        let tools = steps.as_array().unwrap().iter();
        tools.filter_map(|step| step["tool"].as_str().map(str::to_owned)).collect()
    }
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("no number: {value}"))
}

fn names(rows: &Value, member: &str) -> Vec<String> {
    rows.as_array().unwrap().iter().map(|row| row[member].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn lookups_are_answered_on_any_day() {
    for day in DAYS {
        let mut assistant = Assistant::on(day).await;
        let me = assistant.ask("whoami", json!({})).await;
        assert_eq!(me["account"]["today"], day);

        let week = json!({ "report": "orders", "period": "this_week" });
        let week = assistant.ask("get_analytics", week).await;
        let days = json!({ "from": week["from"], "to": week["to"] });
        let found = assistant.ask("find_orders", days).await;
        assert_eq!(week["totals"]["orders"], found["total"], "how many orders this week? {day}");
        let by_day: i64 =
            week["rows"].as_array().unwrap().iter().map(|r| number(&r["orders"])).sum();
        assert_eq!(by_day, number(&found["total"]));

        let order = assistant.ask("get_order", json!({ "order": "EGW100" })).await;
        assert_eq!(order["number"], "EGW100");

        let best = json!({ "widget": "top_customers", "period": "this_month", "limit": 5 });
        let best = assistant.ask("get_dashboard", best).await;
        let days = json!({ "sort": "spent", "from": best["from"], "to": best["to"], "perPage": 5 });
        let ranked = assistant.ask("find_customers", days).await;
        let spent = |rows: &Value| -> Vec<i64> {
            let rows = rows.as_array().unwrap().iter().map(|row| number(&row["totalSpent"]));
            rows.filter(|spent| *spent > 0).collect()
        };
        assert_eq!(spent(&best["data"]), spent(&ranked["items"]), "my top customers, {day}");

        let low = assistant.ask("find_products", json!({ "stockBelow": 10, "perPage": 100 })).await;
        let low: usize = low["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|product| product["lowVariants"].as_array().unwrap().len())
            .sum();
        let widget = json!({ "widget": "low_stock", "limit": 50 });
        let shown = assistant.ask("get_dashboard", widget).await["data"].clone();
        assert_eq!(shown.as_array().unwrap().len(), low, "stock under 10");
    }
}

#[tokio::test]
async fn insights_are_answered_on_any_day() {
    for day in DAYS {
        let mut assistant = Assistant::on(day).await;
        let rate = json!({
            "report": "confirmations", "period": "this_week", "comparePrevious": true,
        });
        let rate = assistant.ask("get_analytics", rate).await;
        for (span, totals) in
            [(&rate, &rate["totals"]), (&rate["previous"], &rate["previous"]["totals"])]
        {
            let days = json!({ "from": span["from"], "to": span["to"] });
            let counted = assistant.ask("get_confirmation_stats", days).await;
            assert_eq!(*totals, counted, "this week against last week, {day}");
        }

        let month = json!({ "report": "shipping", "period": "last_30_days" });
        let month = assistant.ask("get_analytics", month).await;
        let rows = month["rows"].as_array().unwrap();
        let rates: Vec<f64> = rows
            .iter()
            .filter_map(|row| {
                row["deliveryRate"].as_str().map(|rate| rate.trim_end_matches('%').parse().unwrap())
            })
            .collect();
        assert!(rates.len() > 1 && rates.is_sorted(), "the worst courier comes first: {rates:?}");
        let worst = rows[0]["courier"].as_str().unwrap();
        let sent = json!({
            "query": worst, "from": month["from"], "to": month["to"], "perPage": 100,
        });
        let sent = assistant.ask("find_orders", sent).await;
        let stages = names(&sent["items"], "fulfillment");
        let count = |wanted: &str| stages.iter().filter(|stage| *stage == wanted).count();
        assert_eq!(rows[0]["delivered"], count("delivered"), "{worst}, {day}");
        assert_eq!(rows[0]["returned"], count("returned"));

        let utm = json!({ "breakdown": "source", "period": "last_30_days" });
        let utm = assistant.ask("get_utm_analytics", utm).await;
        let parts: i64 =
            utm["rows"].as_array().unwrap().iter().map(|row| number(&row["totalAmount"])).sum();
        assert_eq!(parts, number(&utm["totals"]["totalAmount"]), "the parts make the whole");
    }
}

#[tokio::test]
async fn the_broken_speaker_is_refunded_by_its_playbook() {
    let mut assistant = Assistant::on(DAYS[0]).await;
    let steps = assistant.playbook("order_refund").await;
    assert_eq!(steps, ["get_order", "modify_line_items", "get_order"]);
    let order = assistant.ask("get_order", json!({ "order": "EGW100" })).await;
    let lines = order["lines"].as_array().unwrap();
    let speaker = lines.iter().find(|line| line["title"].as_str().unwrap().contains("speaker"));
    let refund = json!({
        "order": "EGW100", "operation": "refund", "reason": "broken",
        "lines": [{ "line": speaker.unwrap()["id"] }],
    });
    let done = assistant.agreed("modify_line_items", refund, "Refund 499.00 MAD").await;
    assert_eq!(number(&done["amount"]), number(&speaker.unwrap()["unitPrice"]));
    let after = assistant.ask("get_order", json!({ "order": "EGW100" })).await;
    assert_eq!(after["financialStatus"], "partially_refunded");
    assert_eq!(number(&after["refundedAmount"]), 49_900);
    let by_day = json!({ "widget": "revenue", "period": "today" });
    let by_day = assistant.ask("get_dashboard", by_day).await;
    assert_eq!(by_day["data"]["refunded"], 49_900, "the dashboard follows");
}

#[tokio::test]
async fn yesterdays_pending_orders_go_to_processing() {
    for day in DAYS {
        let mut assistant = Assistant::on(day).await;
        let pending = json!({ "stage": "Pending", "from": "yesterday", "to": "yesterday" });
        let before = number(&assistant.ask("find_orders", pending.clone()).await["total"]);
        let stage = |pipeline: &Value, name: &str| -> i64 {
            let stages = pipeline["stages"].as_array().unwrap();
            number(&stages.iter().find(|stage| stage["name"] == name).unwrap()["orderCount"])
        };
        let sales = json!({ "pipeline": "Sales" });
        let then = assistant.ask("get_pipeline", sales.clone()).await;
        let moving = json!({
            "fromStage": "Pending", "toStage": "Processing", "from": "yesterday", "to": "yesterday",
        });
        assert!(before > 0, "{day}");
        assert_eq!(assistant.ask("bulk_move_stage", moving).await["count"], before);
        assert_eq!(assistant.ask("find_orders", pending).await["total"], 0);
        let now = assistant.ask("get_pipeline", sales).await;
        assert_eq!(stage(&now, "Processing"), stage(&then, "Processing") + before);
        assert_eq!(stage(&now, "Pending"), stage(&then, "Pending") - before);
    }
}

#[tokio::test]
async fn customers_are_onboarded_by_their_playbook() {
    let mut assistant = Assistant::on(DAYS[0]).await;
    let steps = assistant.playbook("customer_onboard").await;
    assert_eq!(steps[..2], ["find_customers", "create_customer"]);
    for (name, phone, city) in
        [("Sara Bensaid", "+212600112233", "Casablanca"), ("Karim", "+212612345678", "Rabat")]
    {
        let known = assistant.ask("find_customers", json!({ "query": phone })).await;
        assert_eq!(known["total"], 0);
        let made = json!({ "name": name, "phone": phone, "city": city, "marketingOptIn": true });
        let made = assistant.ask("create_customer", made).await;
        let found = assistant.ask("get_customer", json!({ "customer": phone })).await;
        assert_eq!((&found["id"], &found["city"]), (&made["id"], &json!(city)));
        assert_eq!(found["marketingOptIn"], true);
    }
}

#[tokio::test]
async fn orders_are_confirmed_cancelled_and_exchanged() {
    let mut assistant = Assistant::on(DAYS[0]).await;
    let pending = json!({ "stage": "Pending", "from": "today", "to": "today", "perPage": 100 });
    let pending = assistant.ask("find_orders", pending).await;
    for number in names(&pending["items"], "number") {
        let confirm = json!({ "order": number, "stage": "Confirmed" });
        assert_eq!(assistant.ask("update_order", confirm).await["confirmation"], "confirmed");
    }
    let today = json!({ "from": "today", "to": "today" });
    assert_eq!(assistant.ask("get_confirmation_stats", today).await["pending"], 0);

    let cancel = json!({ "order": "EGW242", "stage": "Cancelled", "notes": "changed her mind" });
    assert_eq!(assistant.ask("update_order", cancel).await["confirmation"], "cancelled");

    let blue = assistant.ask("find_variants", json!({ "query": "shirt blue" })).await;
    let swap = json!({
        "order": "EGW88", "action": "swap_variant", "line": "SHI-RED",
        "variant": blue["items"][0]["id"],
    });
    let swapped = assistant.ask("modify_order", swap).await;
    assert!(names(&swapped["lines"], "title").iter().any(|title| title == "Cotton shirt, Blue"));
}

#[tokio::test]
async fn a_failed_delivery_is_explained_and_a_duplicate_merged() {
    let mut assistant = Assistant::on(DAYS[0]).await;
    let order = assistant.ask("get_order", json!({ "order": "EGW100" })).await;
    let reasons: Vec<_> = order["deliveryAttempts"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|attempt| attempt["reason"].as_str())
        .collect();
    assert_eq!(
        reasons,
        ["customer could not be reached by phone", "parcel refused: box was damaged"]
    );

    let groups = assistant.ask("find_duplicate_customers", json!({})).await;
    let group = &groups["items"][0];
    let ids = names(&group["customers"], "id");
    let primary = group["suggestedPrimary"].as_str().unwrap();
    let other = ids.iter().find(|id| *id != primary).unwrap();
    let merge = json!({ "primary": primary, "duplicates": [other] });
    let merged = assistant.agreed("merge_customers", merge, "Merge ").await;
    assert_eq!(merged["merged"], json!([other]));
}

/// The page also asks for a reply in a conversation, for which there is no tool: better nothing
/// than a wrong one.
#[tokio::test]
async fn no_tool_claims_a_task_that_none_can_do() {
    let mut assistant = Assistant::on(DAYS[0]).await;
    let intent = json!({ "intent": "send a quick reply to the conversation with Karim" });
    let found = assistant.ask("describe_capabilities", intent).await;
    assert_eq!(found["total"], 0, "{found}");
}
