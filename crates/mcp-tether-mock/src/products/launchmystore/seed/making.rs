//! What the parts of the seed have in common.

use serde_json::{Value, json};

use super::super::resource::Resource;
use super::super::shop::Shop;
use crate::product::field::ToolInput;

/// Days that orders and visits go back.
pub(super) const DAYS: i64 = 75;

/// Makes a record as its tool would.
pub(super) fn make(resource: &Resource, shop: &mut Shop, values: &Value) {
    resource
        .create(shop, ToolInput(values))
        .unwrap_or_else(|problem| panic!("the seed obeys the rules: {}", problem.to_json()));
}

/// An address as customers and orders keep it.
pub(super) fn address(line1: &str, city: &str, postal_code: &str, country: &str) -> Value {
    json!({ "line1": line1, "city": city, "postalCode": postal_code, "country": country })
}
