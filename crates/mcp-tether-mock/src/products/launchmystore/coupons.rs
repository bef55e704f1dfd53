//! Coupons: codes, their discounts, and the conditions of use. Amounts are in cents.

use serde_json::{Value, json};

use super::categories::CATEGORIES;
use super::entry::{AdminArea, Does, Entry};
use super::model::LineItem;
use super::record::{Record, text, whole};
use super::resource::Resource;
use super::shop::Shop;
use super::shop_error::ShopError;
use crate::date::Date;
use crate::product::field::{Field, Shape, may, need};
use crate::product::money::{decimal, portion};
use crate::product::{Moment, ToolKind};

const COUNT: Shape = Shape::Whole(1, 1_000_000);

const FIELDS: &[Field] = &[
    need("code", Shape::Like("^[A-Za-z0-9_-]{3,30}$"), "what customers type"),
    need("kind", Shape::OneOf(&["percentage", "fixed", "free_shipping"]), "what it gives"),
    may("value", Shape::Whole(1, 10_000_000), "percent, or cents for `fixed`"),
    may("description", Shape::Text, "what it is for"),
    may("minimumSubtotal", Shape::Money, "cents that an order must come to"),
    may("categoryId", Shape::Text, "id of the only category that it is for"),
    may("newCustomersOnly", Shape::Flag, "only for customers without an order, no if left out"),
    may("usageLimit", COUNT, "how often it can be used altogether"),
    may("usagePerCustomer", COUNT, "how often each customer can use it"),
    may("startsOn", Shape::Date, "first day"),
    may("endsOn", Shape::Date, "last day"),
    may("active", Shape::Flag, "whether it can be used at all, yes if left out"),
];

pub(super) const COUPONS: Resource = Resource {
    word: "coupon",
    plural: "coupons",
    prefix: "cpn",
    key: "code",
    title: "code",
    fields: FIELDS,
    defaults: concat!(
        r#"{"value":null,"description":"","minimumSubtotal":0,"categoryId":null,"#,
        r#""newCustomersOnly":false,"usageLimit":null,"usagePerCustomer":null,"startsOn":null,"#,
        r#""endsOn":null,"active":true,"usedCount":0}"#,
    ),
    searched: &["code", "description"],
    filters: &[may(
        "status",
        Shape::OneOf(&["active", "scheduled", "expired", "used_up", "disabled"]),
        "only coupons of this status",
    )],
    check,
    add,
    leave: |_, coupon| match whole(coupon, "usedCount") {
        None | Some(0) => Ok(()),
        Some(count) => {
            let message = format!("orders used it {count} times: set `active` to false instead");
            Err(ShopError::state(message))
        }
    },
};

static CODES: &Resource = &COUPONS;

pub(super) const TOOLS: &[Entry] = &[
    Entry {
        name: "list_coupons",
        title: "List coupons",
        domain: AdminArea::Coupons,
        kind: ToolKind::Read,
        about: "Lists or searches coupons with their status and how often each was used",
        example: r#"{"status":"active"}"#,
        does: Does::List(CODES),
    },
    Entry {
        name: "get_coupon",
        title: "Get a coupon",
        domain: AdminArea::Coupons,
        kind: ToolKind::Read,
        about: "Gets one coupon by id or code",
        example: r#"{"id":"WELCOME10"}"#,
        does: Does::Get(CODES),
    },
    Entry {
        name: "create_coupon",
        title: "Create a coupon",
        domain: AdminArea::Coupons,
        kind: ToolKind::Write,
        about: "Creates a discount code: a percentage, an amount or free shipping, with limits",
        example: r#"{"code":"HELLO20","kind":"percentage","value":20,"newCustomersOnly":true}"#,
        does: Does::Create(CODES),
    },
    Entry {
        name: "update_coupon",
        title: "Update a coupon",
        domain: AdminArea::Coupons,
        kind: ToolKind::Write,
        about: "Changes what a coupon gives, its limits or its days, or switches it off",
        example: r#"{"id":"WELCOME10","value":12}"#,
        does: Does::Update(CODES),
    },
    Entry {
        name: "delete_coupon",
        title: "Delete a coupon",
        domain: AdminArea::Coupons,
        kind: ToolKind::Destructive,
        about: "Deletes a coupon for good; refused once an order has used it",
        example: r#"{"id":"TESTCODE"}"#,
        does: Does::Delete(CODES),
    },
];

fn check(shop: &Shop, coupon: &Record) -> Result<(), ShopError> {
    match (text(coupon, "kind"), whole(coupon, "value")) {
        ("free_shipping", None) => {}
        ("free_shipping", Some(_)) => {
            return Err(ShopError::invalid("value", "free shipping has no `value`"));
        }
        (_, None) => return Err(ShopError::invalid("value", "say how much it gives")),
        ("percentage", Some(percent)) if percent > 100 => {
            return Err(ShopError::invalid("value", format!("{percent} percent is more than all")));
        }
        _ => {}
    }
    let (starts, ends) = (day(coupon, "startsOn")?, day(coupon, "endsOn")?);
    if let (Some(starts), Some(ends)) = (starts, ends)
        && ends < starts
    {
        return Err(ShopError::invalid("endsOn", "it ends before it starts"));
    }
    match text(coupon, "categoryId") {
        "" => Ok(()),
        id if text(CATEGORIES.find(shop, id)?, "id") == id => Ok(()),
        id => Err(ShopError::invalid("categoryId", format!("`{id}` is not the id of a category"))),
    }
}

fn day(coupon: &Record, name: &str) -> Result<Option<Date>, ShopError> {
    match text(coupon, name) {
        "" => Ok(None),
        day => day.parse().map(Some).map_err(|reason: String| ShopError::invalid(name, reason)),
    }
}

fn add(shop: &Shop, coupon: &Record) -> Record {
    Record::from_iter([("status".to_owned(), status(coupon, shop.today).into())])
}

/// Returns the status on a day: usable, or the reason why not.
fn status(coupon: &Record, on: Date) -> &'static str {
    let at = |name| day(coupon, name).ok().flatten();
    let used_up = whole(coupon, "usageLimit")
        .is_some_and(|limit| whole(coupon, "usedCount").unwrap_or(0) >= limit);
    if coupon.get("active") != Some(&Value::Bool(true)) {
        "disabled"
    } else if at("endsOn").is_some_and(|ends| ends < on) {
        "expired"
    } else if used_up {
        "used_up"
    } else if at("startsOn").is_some_and(|starts| starts > on) {
        "scheduled"
    } else {
        "active"
    }
}

/// The purchase that a coupon is used for.
pub(super) struct Basket<'a> {
    pub(super) lines: &'a [LineItem],
    pub(super) subtotal: i64,
    pub(super) customer: &'a str,
    pub(super) at: Moment,
}

/// The discount of a coupon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) code: String,
    pub(super) discount: i64,
    pub(super) free_shipping: bool,
}

/// Applies a code to a basket, or returns the rule that forbids it.
pub(super) fn apply(shop: &Shop, code: &str, basket: &Basket<'_>) -> Result<Given, ShopError> {
    let coupon = COUPONS.find(shop, code)?;
    let code = text(coupon, "code").to_owned();
    let refused = |why: String| Err(ShopError::state(format!("coupon `{code}` {why}")));
    match status(coupon, basket.at.day()) {
        "active" => {}
        other => return refused(format!("is {}", other.replace('_', " "))),
    }
    let before = || shop.orders_of(basket.customer).filter(|order| order.counts());
    if coupon["newCustomersOnly"] == true && before().next().is_some() {
        return refused("is for new customers only".to_owned());
    }
    let uses = before().filter(|order| order.coupon_code.as_deref() == Some(code.as_str()));
    let uses = i64::try_from(uses.count()).unwrap_or(i64::MAX);
    if whole(coupon, "usagePerCustomer").is_some_and(|limit| uses >= limit) {
        return refused(format!("was used {uses} times by this customer"));
    }
    let least = whole(coupon, "minimumSubtotal").unwrap_or(0);
    if basket.subtotal < least {
        return refused(format!("needs goods for {} or more", decimal(least)));
    }
    let covered: i64 = match text(coupon, "categoryId") {
        "" => basket.subtotal,
        id => {
            let of = |line: &&LineItem| {
                let product = shop.product(&line.product_id);
                product.is_ok_and(|product| product.category_ids.iter().any(|own| own == id))
            };
            basket.lines.iter().filter(of).map(LineItem::total).sum()
        }
    };
    if covered == 0 {
        return refused("is for other goods".to_owned());
    }
    let value = whole(coupon, "value").unwrap_or(0);
    let discount = match text(coupon, "kind") {
        "percentage" => portion(covered, value, 100),
        "fixed" => value.min(covered),
        _ => 0,
    };
    Ok(Given { free_shipping: text(coupon, "kind") == "free_shipping", code, discount })
}

/// Counts uses of a code; a negative number undoes them.
pub(super) fn used(shop: &mut Shop, code: &str, by: i64) {
    let all = shop.records_mut("coupons").iter_mut();
    for coupon in all.filter(|coupon| text(coupon, "code") == code) {
        let count = whole(coupon, "usedCount").unwrap_or(0) + by;
        coupon.insert("usedCount".to_owned(), json!(count.max(0)));
    }
}
