//! Settings of store, shipping and checkout: three groups of named values, and the shipping costs
//! and taxes that orders derive from them.

mod get_checkout_settings;
mod get_shipping_settings;
mod get_store_settings;
mod update_checkout_settings;
mod update_shipping_settings;
mod update_store_settings;

use serde_json::{Value, json};

use super::entry::{Entry, ResultShape};
use super::record::Record;
use super::shop::Shop;
use super::shop_error::{ShopError, ShopResult};
use crate::product::field::{Field, ToolInput};

const SETTINGS: ResultShape = ResultShape::Members(&["settings"]);

pub(super) const TOOLS: &[Entry] = &[
    get_store_settings::TOOL,
    update_store_settings::TOOL,
    get_shipping_settings::TOOL,
    update_shipping_settings::TOOL,
    get_checkout_settings::TOOL,
    update_checkout_settings::TOOL,
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
