//! Helpers shared by the parts of the seed.

use serde_json::{Value, json};

use super::super::resource::Resource;
use super::super::shop::Shop;
use crate::product::field::ToolInput;

/// The age of the oldest orders and visits, in days.
pub(super) const DAYS: i64 = 75;

/// Creates a record like its tool does.
pub(super) fn make(resource: &Resource, shop: &mut Shop, values: &Value) {
    resource
        .create(shop, ToolInput(values))
        .unwrap_or_else(|problem| panic!("the seed obeys the rules: {}", problem.to_json()));
}

/// Returns an address in the format of customers and orders.
pub(super) fn address(line1: &str, city: &str, postal_code: &str, country: &str) -> Value {
    json!({ "line1": line1, "city": city, "postalCode": postal_code, "country": country })
}
