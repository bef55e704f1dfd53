//! Opening subscriptions, and advancing them from period to period.

use serde_json::{Value, json};

use super::super::addresses;
use super::super::charges::{self, CardCharge};
use super::super::coupons::{self, COUPONS, Purchase, Rebate};
use super::super::customers::{self, CUSTOMERS};
use super::super::events::announce;
use super::super::invoices::{self, Demand};
use super::super::payment_methods::{self, PAYMENT_METHODS};
use super::super::plans::{PLANS, PRODUCTS};
use super::super::taxes;
use super::super::totals::Discount;
use super::{SUBSCRIPTIONS, changing};
use crate::product::Moment;
use crate::product::field::ToolInput;
use crate::product::records::{RecordError, Records, number};
use crate::splitmix::splitmix64;

const DAY_SECONDS: i64 = 86_400;
/// The reason of an invoice for a following period.
const CYCLE: &str = "subscription_cycle";

pub(super) fn creating(
    records: &mut Records,
    draft: &mut Value,
    input: ToolInput<'_>,
) -> Result<(), RecordError> {
    let customer = records.find(&CUSTOMERS, &draft["customer_id"])?.clone();
    let plan = records.find(&PLANS, &draft["plan_id"])?.clone();
    if plan["active"] != true {
        return Err(RecordError::state("this plan is not sold any more"));
    }
    let currency = plan["currency"].as_str().unwrap_or_default().to_owned();
    customers::settle_on(records, &customer["id"], &currency)?;
    say_what_it_is(draft, &plan, input)?;
    changing::only_for_groups(draft)?;
    goes_somewhere(records, draft, &plan)?;
    pays_somehow(records, draft, &customer, input)?;
    if draft["auto_renew"].is_null() {
        draft["auto_renew"] = plan["auto_renew"].clone();
    }
    let purchase =
        Purchase { site: &draft["site_id"], plan: Some(&draft["plan_id"]), currency: &currency };
    let rebate = coupons::redeem(records, input, purchase)?;
    draft["coupon_id"] = rebate.as_ref().map(|r| r.coupon["id"].clone()).unwrap_or_default();
    begin(records, draft, &plan, input);
    if draft["status"] != "trialing" {
        invoice(records, draft, &plan, rebate.as_ref(), "subscription_create")?;
    }
    announce(records, draft, "subscription_created");
    Ok(())
}

/// Sets whether it is for one person, for a group, or a gift.
fn say_what_it_is(
    draft: &mut Value,
    plan: &Value,
    input: ToolInput<'_>,
) -> Result<(), RecordError> {
    let gift = input.flag("is_gift") == Some(true);
    let group = plan["type"] == "membership";
    if gift && group {
        return Err(RecordError::invalid("is_gift", "A plan for groups cannot be given away."));
    }
    if gift == draft["gift_recipient_email"].is_null() {
        let message = "The gift_recipient_email field belongs to a gift and is required with it.";
        return Err(RecordError::invalid("gift_recipient_email", message));
    }
    draft["type"] = match (gift, group) {
        (true, _) => "gift_donor",
        (_, true) => "membership",
        _ => "regular",
    }
    .into();
    if gift {
        let number = draft["id"].as_u64().unwrap_or_default();
        draft["gift_code"] = format!("GIFT{:08X}", splitmix64(0x6769_6674, number) >> 32).into();
    }
    Ok(())
}

/// Checks that a printed product has an address of the customer.
pub(super) fn goes_somewhere(
    records: &Records,
    draft: &Value,
    plan: &Value,
) -> Result<(), RecordError> {
    let product = records.find(&PRODUCTS, &plan["product_id"])?;
    if product["address_required"] == true && draft["address_id"].is_null() {
        let message = "The address_id field is required: this product is sent by mail.";
        return Err(RecordError::invalid("address_id", message));
    }
    addresses::of_customer(records, &draft["address_id"], &draft["customer_id"])
}

fn pays_somehow(
    records: &Records,
    draft: &mut Value,
    customer: &Value,
    input: ToolInput<'_>,
) -> Result<(), RecordError> {
    let automatic = draft["collection_method"] == "charge_automatically";
    if automatic || input.has("payment_method_id") {
        let method = payment_methods::chosen(records, input, customer)?;
        draft["payment_method_id"] = method["id"].clone();
    }
    Ok(())
}

/// Begins the first period: a trial if there is one, otherwise the first paid period.
fn begin(records: &Records, draft: &mut Value, plan: &Value, input: ToolInput<'_>) {
    let now = records.now().0;
    let gift = draft["type"] == "gift_donor";
    let own = input.whole("trial_period_days");
    let trial = own.unwrap_or_else(|| number(plan, "trial_period_days"));
    let end = if trial > 0 && !gift {
        draft["status"] = "trialing".into();
        draft["trial_end"] = (now + trial * DAY_SECONDS).into();
        now + trial * DAY_SECONDS
    } else {
        later(now, plan)
    };
    draft["current_period_start"] = now.into();
    draft["current_period_end"] = end.into();
    let id = draft["id"].as_i64().unwrap_or_default() * 100 + 1;
    draft["phases"] = json!([{
        "id": id,
        "plan_id": draft["plan_id"],
        "quantity": draft["quantity"],
        "coupon_id": draft["coupon_id"],
        "is_gift": false,
        "start": now,
        "end": end,
        "status": "current",
    }]);
    draft["phase_count"] = 1.into();
}

/// Returns the end of a period of this plan that begins at `start`.
pub(super) fn later(start: i64, plan: &Value) -> i64 {
    let count = number(plan, "interval_count").max(1);
    let day = Moment(start).day();
    let time = start - day.epoch_seconds();
    let end = match plan["interval"].as_str() {
        Some("day") => day.plus_days(count),
        Some("week") => day.plus_days(7 * count),
        Some("year") => day.plus_months(12 * count),
        _ => day.plus_months(count),
    };
    end.epoch_seconds() + time
}

/// Creates the invoice of the current period, and charges it if that was agreed.
fn invoice(
    records: &mut Records,
    subscription: &mut Value,
    plan: &Value,
    rebate: Option<&Rebate>,
    reason: &'static str,
) -> Result<(), RecordError> {
    let customer = records.find(&CUSTOMERS, &subscription["customer_id"])?.clone();
    let product = records.find(&PRODUCTS, &plan["product_id"])?;
    let name = |record: &Value, member: &str| record[member].as_str().unwrap_or("?").to_owned();
    let line = json!({
        "description": format!("{}, {}", name(product, "name"), name(plan, "nickname")),
        "quantity": subscription["quantity"],
        "unit_price": plan["amount"],
    });
    let tax = taxes::of_customer(records, &customer["id"]);
    let currency = name(plan, "currency");
    let method = name(subscription, "collection_method");
    let invoice = invoices::issue(
        records,
        &Demand {
            customer: &customer,
            currency: &currency,
            lines: vec![tax.added_to(line)],
            rebate,
            subscription: &subscription["id"],
            reason,
            collection_method: &method,
            period: (
                number(subscription, "current_period_start"),
                number(subscription, "current_period_end"),
            ),
        },
    )?;
    subscription["latest_invoice_id"] = invoice["id"].clone();
    let amount = number(&invoice, "amount_remaining");
    if method == "charge_automatically" && amount > 0 {
        let source = records.find(&PAYMENT_METHODS, &subscription["payment_method_id"])?.clone();
        let payment = CardCharge {
            customer: &customer,
            method: &source,
            amount,
            currency: &currency,
            description: "subscription",
            links: json!({ "invoice_id": invoice["id"] }),
        };
        match charges::by_card(records, &payment) {
            // An existing subscriber keeps the subscription, and the invoice stays open.
            Err(RecordError::State(_)) if reason == CYCLE => {
                subscription["status"] = "past_due".into()
            }
            charged => {
                charged?;
                invoices::settle(records, &invoice["id"], amount)?;
            }
        }
    }
    Ok(())
}

/// Returns the running subscription whose period ends first, if that is before `now`.
pub(crate) fn first_due(records: &Records, now: i64) -> Option<(i64, Value)> {
    let running = records.all(&SUBSCRIPTIONS).iter().filter(|s| super::is_running(s));
    let ends = running.map(|s| (number(s, "current_period_end"), s["id"].clone()));
    ends.filter(|(end, _)| *end <= now).min_by_key(|(end, _)| *end)
}

/// Ends the current period: the next phase begins, or the subscription ends.
pub(crate) fn next_period(records: &mut Records, id: &Value) -> Result<(), RecordError> {
    let mut subscription = records.find(&SUBSCRIPTIONS, id)?.clone();
    let start = number(&subscription, "current_period_end");
    let mut phases = subscription["phases"].as_array().cloned().unwrap_or_default();
    let upcoming = phases.len() > 1;
    let goes_on = subscription["auto_renew"] == true && subscription["type"] != "gift_donor";
    if subscription["cancel_at_period_end"] == true || !(upcoming || goes_on) {
        subscription["status"] = "canceled".into();
        subscription["canceled_at"] = start.into();
        announce(records, &subscription, "subscription_expired");
        return records.change(&SUBSCRIPTIONS, id, |record| *record = subscription);
    }
    if upcoming {
        phases.remove(0);
        for member in ["plan_id", "quantity", "coupon_id"] {
            subscription[member] = phases[0][member].clone();
        }
    }
    let plan = records.find(&PLANS, &subscription["plan_id"])?.clone();
    let coupon = records.get(&COUPONS, &subscription["coupon_id"]).cloned();
    let coupon = coupon.filter(|coupon| upcoming || coupon["duration"] == "forever");
    let currency = plan["currency"].as_str().unwrap_or_default();
    let mut rebate = coupon
        .map(|coupon| {
            coupons::discount_of(&coupon, currency).map(|discount| Rebate { coupon, discount })
        })
        .transpose()?;
    if phases[0]["is_gift"] == true && upcoming {
        rebate = Some(Rebate { coupon: Value::Null, discount: Discount::Percent(100) });
    }
    let end = if upcoming { number(&phases[0], "end") } else { later(start, &plan) };
    phases[0]["status"] = "current".into();
    phases[0]["start"] = start.into();
    phases[0]["end"] = end.into();
    subscription["phase_count"] = phases.len().into();
    subscription["phases"] = phases.into();
    subscription["status"] = "active".into();
    subscription["current_period_start"] = start.into();
    subscription["current_period_end"] = end.into();
    invoice(records, &mut subscription, &plan, rebate.as_ref(), CYCLE)?;
    records.change(&SUBSCRIPTIONS, id, |record| *record = subscription)
}
