//! The tool `update_shipping_settings`: changes handling time, pickup or the zones; orders from
//! now on cost accordingly.

use super::{SETTINGS, update};
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, ToolInput, may, need};
use crate::products::launchmystore::entry::{AdminArea, Does, Entry};
use crate::products::launchmystore::shop_error::ShopError;

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

pub(super) const TOOL: Entry = Entry {
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
};

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
