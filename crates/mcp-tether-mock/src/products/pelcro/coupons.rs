//! Coupons: their discount, and whether they can still be used.

use serde_json::Value;

use super::api_format::{CURRENCY, SITE, metadata};
use super::exports;
use super::plans::PLANS;
use super::totals::Discount;
use crate::product::field::{Shape, ToolInput};
use crate::product::records::{
    RecordError, RecordRules, RecordTable, Records, col, create, delete, get, list, number, update,
};

pub(super) static COUPONS: RecordTable = RecordTable {
    table: "coupons",
    one: "coupon",
    id: "coupon_id",
    prefix: None,
    within: SITE,
    first: 401,
    columns: &[
        col("code", Shape::Like("^[A-Za-z0-9]{1,64}$"), "what customers type: letters and digits")
            .needed()
            .fixed()
            .filter()
            .searched()
            .unique(),
        col("name", Shape::Short(255), "what invoices call it; the code if left out").searched(),
        col("percent_off", Shape::Whole(1, 100), "percent it takes off; this or `amount_off`")
            .fixed(),
        col("amount_off", Shape::Whole(1, 100_000_000), "minor units it takes off").fixed(),
        col("currency", CURRENCY, "currency of `amount_off`").fixed(),
        col("duration", Shape::OneOf(&["once", "forever"]), "for the first period or for all")
            .fixed()
            .filter()
            .or("\"once\""),
        col("redeem_by", Shape::Date, "last day on which it can be used"),
        col("max_redemptions", Shape::Whole(1, 1_000_000), "how often it can be used"),
        col("plan_ids", Shape::Ids, "plans it is for; all if left out").forgets(&PLANS).or("[]"),
        metadata(),
        col("times_redeemed", Shape::Whole(0, i64::MAX), "how often it was used").given().or("0"),
        col("valid", Shape::Flag, "whether it can be used now").given().or("true"),
    ],
    rules: RecordRules {
        creating: Some(creating),
        changing: Some(|records, _, after, _| in_future(records, after)),
        showing: Some(|records, coupon| {
            coupon["valid"] = refusal(records, coupon).is_none().into()
        }),
        deleting: None,
    },
    tools: &[
        list([
            "list_coupons",
            "List coupons",
            "Lists coupons with how often they were used",
            r#"{"site_id":1205}"#,
        ]),
        get([
            "get_coupon",
            "Get coupon",
            "Gives one coupon",
            r#"{"site_id":1205,"coupon_id":$coupons}"#,
        ]),
        create([
            "create_coupon",
            "Create coupon",
            "Makes a discount code: percent or an amount off, for some plans or for all, until a \
             day or a number of uses",
            r#"{"site_id":1205,"code":"SPRING20","percent_off":20,"max_redemptions":100}"#,
        ]),
        update([
            "update_coupon",
            "Update coupon",
            "Changes until when, how often and for which plans a coupon can be used; what it takes \
             off stays",
            r#"{"site_id":1205,"coupon_id":$coupons,"max_redemptions":500}"#,
        ]),
        delete([
            "delete_coupon",
            "Delete coupon",
            "Deletes a coupon; what it took off so far stays off",
            r#"{"site_id":1205,"coupon_id":$coupons}"#,
        ]),
    ],
};

fn creating(records: &mut Records, draft: &mut Value, _: ToolInput<'_>) -> Result<(), RecordError> {
    let has = |member: &str| !draft[member].is_null();
    if has("percent_off") == has("amount_off") {
        let message = "Either percent_off or amount_off is required, and not both.";
        return Err(RecordError::invalid("percent_off", message));
    }
    if has("amount_off") != has("currency") {
        let message = "The currency field belongs to amount_off and is required with it.";
        return Err(RecordError::invalid("currency", message));
    }
    if draft["name"].is_null() {
        draft["name"] = draft["code"].clone();
    }
    in_future(records, draft)
}

fn in_future(records: &mut Records, coupon: &Value) -> Result<(), RecordError> {
    match exports::day(coupon, "redeem_by")? {
        Some(day) if day < records.today() => {
            Err(RecordError::invalid("redeem_by", "The redeem_by must be a date in the future."))
        }
        _ => Ok(()),
    }
}

/// Returns why a coupon cannot be used now.
fn refusal(records: &Records, coupon: &Value) -> Option<&'static str> {
    let today = records.today().to_string();
    if coupon["redeem_by"].as_str().is_some_and(|last| last < today.as_str()) {
        return Some("the coupon has expired");
    }
    let most = coupon["max_redemptions"].as_i64();
    if most.is_some_and(|most| number(coupon, "times_redeemed") >= most) {
        return Some("the coupon was used as often as it can be");
    }
    None
}

/// The discount of a redeemed coupon.
#[derive(Clone, Debug)]
pub(super) struct Rebate {
    pub(super) coupon: Value,
    pub(super) discount: Discount,
}

/// The purchase that a coupon is used for: the site, the plan if it is a subscription, and the
/// currency.
#[derive(Clone, Copy)]
pub(super) struct Purchase<'a> {
    pub(super) site: &'a Value,
    pub(super) plan: Option<&'a Value>,
    pub(super) currency: &'a str,
}

/// Uses the coupon of the argument `coupon_code`, if there is one.
pub(super) fn redeem(
    records: &mut Records,
    input: ToolInput<'_>,
    purchase: Purchase<'_>,
) -> Result<Option<Rebate>, RecordError> {
    let Some(code) = input.text("coupon_code") else { return Ok(None) };
    let same = |coupon: &&Value| {
        coupon["site_id"] == *purchase.site
            && coupon["code"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(code))
    };
    let found = records.all(&COUPONS).iter().find(same).cloned();
    let coupon = found.ok_or_else(|| RecordError::not_found("coupon", &code.into()))?;
    if let Some(reason) = refusal(records, &coupon) {
        return Err(RecordError::state(reason));
    }
    let plans = coupon["plan_ids"].as_array().filter(|plans| !plans.is_empty());
    if plans.is_some_and(|plans| !purchase.plan.is_some_and(|plan| plans.contains(plan))) {
        return Err(RecordError::state("the coupon is for other plans"));
    }
    let discount = discount_of(&coupon, purchase.currency)?;
    records.change(&COUPONS, &coupon["id"], |coupon| {
        coupon["times_redeemed"] = (number(coupon, "times_redeemed") + 1).into();
    })?;
    Ok(Some(Rebate { coupon, discount }))
}

/// Returns the discount of a coupon on an invoice in this currency.
pub(super) fn discount_of(coupon: &Value, currency: &str) -> Result<Discount, RecordError> {
    match (coupon["percent_off"].as_i64(), coupon["amount_off"].as_i64()) {
        (Some(percent), _) => Ok(Discount::Percent(percent)),
        (None, Some(_)) if coupon["currency"] != currency => {
            Err(RecordError::State(format!("the coupon is not for prices in {currency}")))
        }
        (None, Some(amount)) => Ok(Discount::Amount(amount)),
        (None, None) => Ok(Discount::None),
    }
}
