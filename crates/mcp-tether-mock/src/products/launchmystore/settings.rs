//! Settings of store, shipping and checkout: three groups of named values, and the shipping costs
//! and taxes that orders derive from them.

use serde_json::{Value, json};

use super::address::ADDRESS;
use super::entry::{AdminArea, Does, Entry, ResultShape};
use super::record::Record;
use super::shop::Shop;
use super::shop_error::{ShopError, ShopResult};
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, ToolInput, may, need};

const STORE: &[Field] = &[
    may("name", Shape::Short(80), "what customers call it"),
    may("legalName", Shape::Short(120), "what invoices call it"),
    may("email", Shape::Email, "where customers write to"),
    may("phone", Shape::Like(r"^\+?[0-9 ()-]{6,20}$"), "where they call"),
    may("address", Shape::Object(ADDRESS), "where it is"),
    may("timezone", Shape::Like(r"^[A-Za-z_]+(/[A-Za-z_+-]+)*$"), "such as `America/New_York`"),
    may("weightUnit", Shape::OneOf(&["g", "kg", "oz", "lb"]), "what weights are shown in"),
    may("description", Shape::Short(320), "what search engines show"),
];

const METHOD: &[Field] = &[
    need("name", Shape::Short(60), "what customers choose"),
    need("price", Shape::Money, "in cents"),
    may("freeFrom", Shape::Money, "cents of goods from which it is free"),
    need("minimumDays", Shape::Whole(0, 90), "days it takes at least"),
    need("maximumDays", Shape::Whole(0, 90), "days it takes at most"),
];

const ZONE: &[Field] = &[
    need("name", Shape::Short(60), "what the team calls it"),
    need("countries", Shape::Texts, "countries as two capital letters, or `*` for all others"),
    need("methods", Shape::Objects(METHOD), "ways to send there"),
];

const SHIPPING: &[Field] = &[
    may("handlingDays", Shape::Whole(0, 30), "working days until a parcel leaves"),
    may("pickup", Shape::Flag, "whether customers can fetch orders"),
    may("zones", Shape::Objects(ZONE), "where to and how, all zones at once"),
];

const RATE: &[Field] = &[
    need("country", Shape::Like("^([A-Z]{2}|[*])$"), "two capital letters, or `*` for all others"),
    need("basisPoints", Shape::Whole(0, 5_000), "hundredths of a percent"),
];

const CHECKOUT: &[Field] = &[
    may("guestCheckout", Shape::Flag, "whether one can order without an account"),
    may("phoneRequired", Shape::Flag, "whether a phone number must be given"),
    may("termsRequired", Shape::Flag, "whether the terms must be agreed to"),
    may("orderNotes", Shape::Flag, "whether customers can leave a note"),
    may("tipping", Shape::Flag, "whether a tip can be given"),
    may("abandonedCartHours", Shape::Whole(1, 168), "hours until a reminder is sent"),
    may(
        "paymentMethods",
        Shape::SomeOf(&["card", "paypal", "bank_transfer", "cash_on_delivery"]),
        "ways to pay, all of them at once",
    ),
    may("taxRates", Shape::Objects(RATE), "taxes on goods, all of them at once"),
];

const SETTINGS: ResultShape = ResultShape::Members(&["settings"]);

pub(super) const TOOLS: &[Entry] = &[
    Entry {
        name: "get_store_settings",
        title: "Get store settings",
        domain: AdminArea::StoreSettings,
        kind: ToolKind::Read,
        about: "Gets name, contact, address, currency and time zone of the store",
        example: "{}",
        does: Does::Look(&[], SETTINGS, |shop, _| Ok(shown(shop, "store"))),
    },
    Entry {
        name: "update_store_settings",
        title: "Update store settings",
        domain: AdminArea::StoreSettings,
        kind: ToolKind::Write,
        about: "Changes name, contact, address or time zone; the currency is fixed",
        example: r#"{"email":"hello@harborpine.example"}"#,
        does: Does::Change(&[STORE], SETTINGS, |shop, input| update(shop, input, "store", STORE)),
    },
    Entry {
        name: "get_shipping_settings",
        title: "Get shipping settings",
        domain: AdminArea::StoreSettings,
        kind: ToolKind::Read,
        about: "Gets the zones, and for each the ways to send, their prices and times",
        example: "{}",
        does: Does::Look(&[], SETTINGS, |shop, _| Ok(shown(shop, "shipping"))),
    },
    Entry {
        name: "update_shipping_settings",
        title: "Update shipping settings",
        domain: AdminArea::StoreSettings,
        kind: ToolKind::Write,
        about: "Changes handling time, pickup or the zones; orders from now on cost accordingly",
        example: r#"{"handlingDays":2}"#,
        does: Does::Change(&[SHIPPING], SETTINGS, |shop, input| {
            check_zones(&input.objects("zones"))?;
            update(shop, input, "shipping", SHIPPING)
        }),
    },
    Entry {
        name: "get_checkout_settings",
        title: "Get checkout settings",
        domain: AdminArea::StoreSettings,
        kind: ToolKind::Read,
        about: "Gets what customers must give at the checkout, ways to pay, and taxes",
        example: "{}",
        does: Does::Look(&[], SETTINGS, |shop, _| Ok(shown(shop, "checkout"))),
    },
    Entry {
        name: "update_checkout_settings",
        title: "Update checkout settings",
        domain: AdminArea::StoreSettings,
        kind: ToolKind::Write,
        about: "Changes what customers must give at the checkout, ways to pay, or taxes",
        example: r#"{"phoneRequired":true}"#,
        does: Does::Change(&[CHECKOUT], SETTINGS, |shop, input| {
            update(shop, input, "checkout", CHECKOUT)
        }),
    },
];

fn shown(shop: &Shop, group: &str) -> Value {
    json!({ "settings": shop.settings.get(group) })
}

fn update(shop: &mut Shop, input: ToolInput<'_>, group: &str, fields: &[Field]) -> ShopResult {
    let given = fields.iter().filter_map(|field| Some((field.name, input.0.get(field.name)?)));
    let changes: Record = given.map(|(name, value)| (name.to_owned(), value.clone())).collect();
    if changes.is_empty() {
        return Err(ShopError::invalid("", "say what is to change"));
    }
    shop.tick();
    shop.settings.entry(group.to_owned()).or_default().extend(changes);
    Ok(shown(shop, group))
}

/// Checks that each country belongs to one zone, and that method names are unique in each zone.
fn check_zones(zones: &[ToolInput<'_>]) -> Result<(), ShopError> {
    let invalid = |message: String| Err(ShopError::invalid("zones", message));
    let mut countries = Vec::new();
    for zone in zones {
        for country in zone.texts("countries") {
            let letters = country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
            if !letters && country != "*" {
                return invalid(format!(
                    "`{country}` is not a country code of two capital letters"
                ));
            }
            if countries.contains(&country) {
                return invalid(format!("`{country}` is in two zones"));
            }
            countries.push(country);
        }
        let mut names = Vec::new();
        for method in zone.objects("methods") {
            let name = method.needed("name");
            if names.contains(&name) {
                return invalid(format!("two methods of a zone are called `{name}`"));
            }
            if method.whole("minimumDays") > method.whole("maximumDays") {
                return invalid(format!("`{name}` takes longer at least than at most"));
            }
            names.push(name);
        }
    }
    Ok(())
}

/// Returns the shipping method to a country, by name or else the cheapest, and its price for goods
/// of this value.
pub(super) fn shipping(
    shop: &Shop,
    country: &str,
    method: Option<&str>,
    goods: i64,
) -> Result<(String, i64), ShopError> {
    let zones = shop.setting("shipping", "zones").as_array().into_iter().flatten();
    let zone = named_or_rest(zones, |zone| &zone["countries"], country);
    let Some(zone) = zone else {
        let message = format!("nothing is sent to `{country}`: see `get_shipping_settings`");
        return Err(ShopError::state(message));
    };
    let cost = |method: &Value| match method["freeFrom"].as_i64() {
        Some(least) if goods >= least => 0,
        _ => method["price"].as_i64().unwrap_or(0),
    };
    let methods = || zone["methods"].as_array().into_iter().flatten();
    let chosen = match method {
        Some(name) => methods().find(|method| {
            method["name"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(name))
        }),
        None => methods().min_by_key(|method| cost(method)),
    };
    match chosen {
        Some(method) => Ok((method["name"].as_str().unwrap_or_default().to_owned(), cost(method))),
        None => {
            let names: Vec<_> = methods().filter_map(|method| method["name"].as_str()).collect();
            let message = format!("to `{country}` there are: {}", names.join(", "));
            Err(ShopError::invalid("shippingMethod", message))
        }
    }
}

/// Returns the tax rate for a country, in hundredths of a percent.
pub(super) fn tax_rate(shop: &Shop, country: &str) -> i64 {
    let rates = shop.setting("checkout", "taxRates").as_array().into_iter().flatten();
    let rate = named_or_rest(rates, |rate| &rate["country"], country);
    rate.and_then(|rate| rate["basisPoints"].as_i64()).unwrap_or(0)
}

/// Returns the entry for a country, otherwise the one for all others.
fn named_or_rest<'a>(
    entries: impl Iterator<Item = &'a Value> + Clone,
    countries: impl Fn(&'a Value) -> &'a Value,
    country: &str,
) -> Option<&'a Value> {
    let is_for = |entry: &&'a Value, name: &str| match countries(entry) {
        Value::Array(names) => names.iter().any(|known| known == name),
        one => one == name,
    };
    let mut own = entries.clone();
    own.find(|entry| is_for(entry, country)).or_else(|| {
        let mut all = entries;
        all.find(|entry| is_for(entry, "*"))
    })
}
