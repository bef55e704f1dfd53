//! Subscriptions: a customer, a plan, and phases that follow each other. Opening one, ending it,
//! renewing it and redeeming a gift each have a file.

mod changing;
mod ending;
mod gifts;
mod opening;
mod phases;

use serde_json::Value;

pub(super) use opening::{first_due, next_period};

use super::addresses::ADDRESSES;
use super::api_format::{SITE, metadata};
use super::coupons::COUPONS;
use super::customers::CUSTOMERS;
use super::invoices::INVOICES;
use super::memberships::MEMBERSHIPS;
use super::payment_methods::PAYMENT_METHODS;
use super::plans::PLANS;
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, may, need};
use crate::product::records::{
    RecordOutput, RecordRules, RecordTable, col, create, get, list, number, update, writes,
};

const STATUS: Shape = Shape::OneOf(&["trialing", "active", "past_due", "canceled"]);
const COLLECTION: Shape = Shape::OneOf(&["charge_automatically", "send_invoice"]);
const SOURCE: Shape = Shape::OneOf(&["web", "phone", "email", "import"]);
const RANGE: &str = "IPv4 addresses or CIDR ranges that are let in; only for groups";

const PHASE: &[Field] = &[
    need("id", Shape::Id, "which one"),
    need("plan_id", Shape::Id, "its plan"),
    need("quantity", Shape::Whole(1, 1000), "how many of it"),
    need("coupon_id", Shape::IdOrNull, "its coupon"),
    need("is_gift", Shape::Flag, "whether somebody else has paid for it"),
    need("start", Shape::Time, "when it begins"),
    need("end", Shape::Time, "when it ends"),
    need("status", Shape::OneOf(&["current", "upcoming"]), "whether it has begun"),
];

const WHICH: &[Field] = &[need("subscription_id", Shape::Id, "which one")];

const CANCEL: &[Field] = &[
    need("mode", Shape::OneOf(&["period_end", "now"]), "when; `now` refunds what is left"),
    may("reason", Shape::Short(255), "why"),
];

const RENEW: &[Field] = &[
    need("plan_id", Shape::Id, "the plan of the new phase"),
    may("quantity", Shape::Whole(1, 1000), "how many of it, 1 if left out"),
    may("coupon_code", Shape::Short(64), "a coupon for the new phase"),
    may("auto_renew", Shape::Flag, "whether it goes on after its last phase"),
    may("source", SOURCE, "where the wish came from"),
    may("replace_upcoming_phases", Shape::Flag, "whether the phases to come are dropped first"),
];

const PHASE_OF: &[Field] =
    &[need("phase_id", Shape::Id, "which of its phases, one that is upcoming")];

const REDEEM: &[Field] = &[
    need("gift_code", Shape::Short(64), "the code that came with the gift"),
    need("customer_id", Shape::Id, "who gets it"),
    may("subscription_id", Shape::Id, "a subscription of theirs that it prolongs"),
    may("address_id", Shape::Id, "where print is sent to"),
];

pub(super) static SUBSCRIPTIONS: RecordTable = RecordTable {
    table: "subscriptions",
    one: "subscription",
    id: "subscription_id",
    prefix: None,
    within: SITE,
    first: 7001,
    columns: &[
        col("customer_id", Shape::Id, "whose it is").needed().fixed().filter().refers(&CUSTOMERS),
        col("plan_id", Shape::Id, "its plan").needed().fixed().filter().refers(&PLANS),
        col("quantity", Shape::Whole(1, 1000), "how many of it").fixed().or("1"),
        col("coupon_code", Shape::Short(64), "a coupon").fixed().asked(),
        col("collection_method", COLLECTION, "whether a card is charged or an invoice sent")
            .filter()
            .or("\"send_invoice\""),
        col("payment_method_id", Shape::Id, "what is charged; the customer's default if left out")
            .forgets(&PAYMENT_METHODS),
        col("address_id", Shape::Id, "where print is sent to; needed if the product says so")
            .forgets(&ADDRESSES),
        col(
            "trial_period_days",
            Shape::Whole(0, 730),
            "days that cost nothing, instead of the plan's",
        )
        .fixed()
        .asked(),
        col("is_gift", Shape::Flag, "whether it is bought to give away").fixed().asked(),
        col("gift_recipient_email", Shape::Email, "who is going to get the gift").fixed(),
        col("auto_renew", Shape::Flag, "whether it goes on; as the plan says if left out"),
        col("source", SOURCE, "where it was sold").fixed().filter().or("\"web\""),
        col("ip_addresses", Shape::Texts, RANGE).or("[]"),
        col("domains", Shape::Texts, "mail domains that are let in; only for groups").or("[]"),
        col("end_date", Shape::Time, "prolongs the current period to the end of this day")
            .later()
            .asked(),
        metadata(),
        col("status", STATUS, "how it is").given().filter().or("\"active\""),
        col(
            "type",
            Shape::OneOf(&["regular", "membership", "gift_donor", "gift_recipient"]),
            "what kind it is",
        )
        .given()
        .filter()
        .or("\"regular\""),
        col("cancel_at_period_end", Shape::Flag, "whether it ends with the period")
            .given()
            .filter()
            .or("false"),
        col("cancel_at", Shape::Time, "when it is going to end").given(),
        col("canceled_at", Shape::Time, "when it was canceled").given(),
        col("cancel_reason", Shape::Text, "why it was canceled").given(),
        col("current_period_start", Shape::Time, "start of what was paid last").given(),
        col("current_period_end", Shape::Time, "end of what was paid last").given(),
        col("trial_end", Shape::Time, "when it begins to cost something").given(),
        col("coupon_id", Shape::Id, "the coupon in force").given().filter().forgets(&COUPONS),
        col("latest_invoice_id", Shape::Id, "its last invoice").given(),
        col("phases", Shape::Objects(PHASE), "what it is now and what it is going to be")
            .given()
            .or("[]"),
        col("phase_count", Shape::Whole(0, 11), "how many phases there are").given().or("0"),
        col("gift_code", Shape::Text, "what the one who gets the gift has to type").given(),
        col("is_redeemed", Shape::Flag, "whether the gift was redeemed").given().or("false"),
        col("invoice_count", Shape::Whole(0, i64::MAX), "invoices so far").given().or("0"),
        col("member_count", Shape::Whole(0, i64::MAX), "seats that are taken").given().or("0"),
        col("last_ip_authorization_at", Shape::Time, "when an address was last let in").given(),
    ],
    rules: RecordRules {
        creating: Some(opening::creating),
        changing: Some(changing::changing),
        showing: Some(|records, subscription| {
            let id = subscription["id"].clone();
            let count = |of| records.with(of, "subscription_id", &id).count();
            let (invoices, members) = (count(&INVOICES), count(&MEMBERSHIPS));
            subscription["invoice_count"] = invoices.into();
            subscription["member_count"] = members.into();
        }),
        deleting: None,
    },
    tools: &[
        list([
            "list_subscriptions",
            "List subscriptions",
            "Lists subscriptions, newest first; narrow it to a status, a plan or a customer",
            r#"{"site_id":1205,"status":"active"}"#,
        ]),
        get([
            "get_subscription",
            "Get subscription",
            "Gives one subscription with its phases",
            r#"{"site_id":1205,"subscription_id":$subscriptions}"#,
        ]),
        create([
            "create_subscription",
            "Create subscription",
            "Subscribes a customer to a plan: with a trial, a coupon, as a gift, for a group; the \
             first invoice is sent, or charged at once with `charge_automatically`",
            r#"{"site_id":1205,"customer_id":$customers.first_name=Priya,"plan_id":$plans.nickname=Monthly}"#,
        ]),
        update([
            "update_subscription",
            "Update subscription",
            "Changes how a subscription is paid, where it is sent, whether it goes on, or who is \
             let in; `end_date` prolongs the current period",
            r#"{"site_id":1205,"subscription_id":$subscriptions.status=active,"auto_renew":false}"#,
        ]),
        writes(
            [
                "cancel_subscription",
                "Cancel subscription",
                "Cancels a subscription at the end of its period, or now with a refund of what is \
                 left",
                r#"{"site_id":1205,"subscription_id":$subscriptions.status=active,"mode":"period_end","reason":"moved abroad"}"#,
            ],
            ToolKind::Destructive,
            &[WHICH, CANCEL],
            RecordOutput::One,
            ending::cancel,
        ),
        writes(
            [
                "renew_subscription",
                "Renew subscription",
                "Adds a phase after the last one, of the same plan or another; undoes a \
                 cancellation at the end of the period",
                r#"{"site_id":1205,"subscription_id":$subscriptions.phase_count=2,"plan_id":$plans.nickname=Annual}"#,
            ],
            ToolKind::Write,
            &[WHICH, RENEW],
            RecordOutput::One,
            phases::renew,
        ),
        writes(
            [
                "delete_subscription_phase",
                "Delete phase",
                "Drops a phase that has not begun; later ones move up",
                r#"{"site_id":1205,"subscription_id":$subscriptions.phase_count=2,"phase_id":$subscriptions.phase_count=2:/phases/1/id}"#,
            ],
            ToolKind::Destructive,
            &[WHICH, PHASE_OF],
            RecordOutput::One,
            phases::delete,
        ),
        writes(
            [
                "redeem_subscription",
                "Redeem gift",
                "Redeems a gift once: as a subscription of its own, or as a phase of one that runs",
                r#"{"site_id":1205,"customer_id":$customers.first_name=Priya,"gift_code":$subscriptions.type=gift_donor:/gift_code}"#,
            ],
            ToolKind::Write,
            &[REDEEM],
            RecordOutput::One,
            gifts::redeem,
        ),
    ],
};

/// Returns whether the subscription is active now.
pub(super) fn is_running(subscription: &Value) -> bool {
    matches!(subscription["status"].as_str(), Some("trialing" | "active" | "past_due"))
}

/// Returns the seconds of the current period that are left at `now`, and the length of the period.
fn left(subscription: &Value, now: i64) -> (i64, i64) {
    let (start, end) =
        (number(subscription, "current_period_start"), number(subscription, "current_period_end"));
    ((end - now.max(start)).max(0), (end - start).max(1))
}
