//! The tool `update_store_settings`: changes name, contact, address or time zone; the currency
//! is fixed.

use super::{SETTINGS, update};
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, may};
use crate::products::launchmystore::address::ADDRESS;
use crate::products::launchmystore::entry::{AdminArea, Does, Entry};

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

pub(super) const TOOL: Entry = Entry {
    name: "update_store_settings",
    title: "Update store settings",
    domain: AdminArea::StoreSettings,
    kind: ToolKind::Write,
    about: "Changes name, contact, address or time zone; the currency is fixed",
    example: r#"{"email":"hello@harborpine.example"}"#,
    does: Does::Change(&[STORE], SETTINGS, |shop, input| update(shop, input, "store", STORE)),
};
