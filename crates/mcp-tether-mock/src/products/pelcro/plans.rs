//! Products for subscription, and their plans: the price and the interval.

use serde_json::Value;

use super::api_format::{CURRENCY, SITE, metadata};
use super::subscriptions::{self, SUBSCRIPTIONS};
use crate::product::field::{Shape, ToolInput};
use crate::product::records::{
    RecordError, RecordRules, RecordTable, Records, col, create, delete, get, list, update,
};

pub(super) static PRODUCTS: RecordTable = RecordTable {
    table: "products",
    one: "product",
    id: "product_id",
    prefix: None,
    within: SITE,
    first: 201,
    columns: &[
        col("name", Shape::Short(255), "what it is called").needed().searched(),
        col("description", Shape::Short(1000), "what it is").searched(),
        col("address_required", Shape::Flag, "whether something is sent by mail").or("false"),
        col("entitlements", Shape::Texts, "what it opens").or("[]"),
        col("image", Shape::Url, "a picture of it"),
        col("active", Shape::Flag, "whether it is sold").filter().or("true"),
        metadata(),
        col("plan_ids", Shape::Ids, "its plans").given().or("[]"),
    ],
    rules: RecordRules {
        showing: Some(|records, product| {
            let plans = records.with(&PLANS, "product_id", &product["id"]);
            let ids: Value = plans.map(|plan| plan["id"].clone()).collect();
            product["plan_ids"] = ids;
        }),
        ..RecordRules::NONE
    },
    tools: &[
        list([
            "list_products",
            "List products",
            "Lists what can be subscribed to",
            r#"{"site_id":1205,"active":true}"#,
        ]),
        get([
            "get_product",
            "Get product",
            "Gives one product and the ids of its plans",
            r#"{"site_id":1205,"product_id":$products}"#,
        ]),
        create([
            "create_product",
            "Create product",
            "Adds something that can be subscribed to; plans give it a price",
            r#"{"site_id":1205,"name":"Crossword club","entitlements":["crosswords"]}"#,
        ]),
        update([
            "update_product",
            "Update product",
            "Changes a product, or takes it off the shelf with `active`",
            r#"{"site_id":1205,"product_id":$products,"description":"Everything, on every screen"}"#,
        ]),
        delete([
            "delete_product",
            "Delete product",
            "Deletes a product that has no plans",
            r#"{"site_id":1205,"product_id":$products.active=false}"#,
        ]),
    ],
};

pub(super) static PLANS: RecordTable = RecordTable {
    table: "plans",
    one: "plan",
    id: "plan_id",
    prefix: None,
    within: SITE,
    first: 301,
    columns: &[
        col("product_id", Shape::Id, "what it is a plan of")
            .needed()
            .fixed()
            .filter()
            .refers(&PRODUCTS),
        col("nickname", Shape::Short(255), "what it is called").needed().searched(),
        col("amount", Shape::Money, "price of a period in minor units").needed().fixed(),
        col("currency", CURRENCY, "in which currency").needed().fixed().filter(),
        col("interval", Shape::OneOf(&["day", "week", "month", "year"]), "unit of a period")
            .needed()
            .fixed()
            .filter(),
        col("interval_count", Shape::Whole(1, 36), "units of a period").fixed().or("1"),
        col("trial_period_days", Shape::Whole(0, 730), "days that cost nothing").or("0"),
        col("type", Shape::OneOf(&["regular", "membership"]), "for one person, or for a group")
            .fixed()
            .filter()
            .or("\"regular\""),
        col("member_seat_capacity", Shape::Whole(1, 100_000), "members of a group"),
        col("auto_renew", Shape::Flag, "whether it goes on after a period").or("true"),
        col("entitlements", Shape::Texts, "what it opens beside the product's").or("[]"),
        col("active", Shape::Flag, "whether it is sold").filter().or("true"),
        metadata(),
        col("subscription_count", Shape::Whole(0, i64::MAX), "running subscriptions")
            .given()
            .or("0"),
    ],
    rules: RecordRules {
        creating: Some(|_, draft, _| has_seats(draft)),
        changing: Some(|_, _, after, _: ToolInput<'_>| has_seats(after)),
        showing: Some(showing),
        deleting: Some(deleting),
    },
    tools: &[
        list([
            "list_plans",
            "List plans",
            "Lists plans with their prices; narrow it to a product, an interval or a currency",
            r#"{"site_id":1205,"interval":"month"}"#,
        ]),
        get([
            "get_plan",
            "Get plan",
            "Gives one plan and how many subscriptions run on it",
            r#"{"site_id":1205,"plan_id":$plans}"#,
        ]),
        create([
            "create_plan",
            "Create plan",
            "Gives a product a price; a plan for groups needs to know how many members it has",
            r#"{"site_id":1205,"product_id":$products,"nickname":"Quarterly","amount":2700,"currency":"usd","interval":"month","interval_count":3}"#,
        ]),
        update([
            "update_plan",
            "Update plan",
            "Changes what a plan is called and opens; its price stays, for another one make a plan",
            r#"{"site_id":1205,"plan_id":$plans,"trial_period_days":14}"#,
        ]),
        delete([
            "delete_plan",
            "Delete plan",
            "Deletes a plan that nobody ever subscribed to",
            r#"{"site_id":1205,"plan_id":$plans.nickname=Weekly pass}"#,
        ]),
    ],
};

fn has_seats(plan: &Value) -> Result<(), RecordError> {
    let group = plan["type"] == "membership";
    match (group, plan["member_seat_capacity"].is_null()) {
        (true, true) => Err(RecordError::invalid(
            "member_seat_capacity",
            "The member_seat_capacity field is required when type is membership.",
        )),
        (false, false) => Err(RecordError::invalid(
            "member_seat_capacity",
            "The member_seat_capacity field is only for plans of type membership.",
        )),
        _ => Ok(()),
    }
}

/// Refuses to delete the plan of an upcoming phase.
fn deleting(records: &mut Records, plan: &Value) -> Result<(), RecordError> {
    let planned = |subscription: &&Value| {
        let phases = subscription["phases"].as_array();
        phases.is_some_and(|phases| phases.iter().any(|phase| phase["plan_id"] == plan["id"]))
    };
    match records.all(&SUBSCRIPTIONS).iter().find(planned) {
        Some(subscription) => Err(RecordError::State(format!(
            "the subscription {} has a phase of this plan",
            subscription["id"]
        ))),
        None => Ok(()),
    }
}

fn showing(records: &Records, plan: &mut Value) {
    let all = records.with(&SUBSCRIPTIONS, "plan_id", &plan["id"]);
    let running = all.filter(|subscription| subscriptions::is_running(subscription)).count();
    plan["subscription_count"] = running.into();
}
