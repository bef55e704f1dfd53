//! The address of a customer, an order or the store, as an argument.

use crate::product::field::{Field, Shape, may, need};

pub(super) const ADDRESS: &[Field] = &[
    need("line1", Shape::Text, "street and number"),
    may("line2", Shape::Text, "flat, floor"),
    need("city", Shape::Text, "city"),
    may("state", Shape::Text, "state or region"),
    need("postalCode", Shape::Text, "postal code"),
    need("country", Shape::Like("^[A-Z]{2}$"), "country as two capital letters"),
];
