//! The tool `update_product`: changes texts, status, categories or the price of a product;
//! single variants have `update_variant`.

use super::{ID, STATUS, category_ids, shown, unused_slug};
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, ToolInput, may};
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, ResultShape};
use crate::products::launchmystore::resource::slug;
use crate::products::launchmystore::shop::Shop;
use crate::products::launchmystore::shop_error::ShopResult;

const UPDATE: &[Field] = &[
    ID,
    may("title", Shape::Short(120), "new title"),
    may("slug", Shape::Short(120), "new part of the address"),
    may("description", Shape::Text, "new text"),
    may("status", STATUS, "new status"),
    may("vendor", Shape::Text, "who makes it"),
    may("categories", Shape::Texts, "ids or slugs of all its categories"),
    may("tags", Shape::Texts, "all its tags"),
    may("price", Shape::Money, "new price in cents of every variant"),
];

pub(super) const TOOL: Entry = Entry {
    name: "update_product",
    title: "Update a product",
    domain: AdminArea::Products,
    kind: ToolKind::Write,
    about: "Changes texts, status, categories or the price of a product; single variants have \
        `update_variant`",
    example: r#"{"id":"Classic T-Shirt","price":2999}"#,
    does: Does::Change(&[UPDATE], ResultShape::One("product"), update),
};

fn update(shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    let id = shop.product(input.needed("id"))?.id.clone();
    let categories = category_ids(shop, input)?;
    let slug = input.text("slug").map(slug);
    if let Some(slug) = &slug {
        unused_slug(shop, slug, Some(&id))?;
    }
    let now = shop.tick();
    let product = shop.product_mut(&id)?;
    let places = [
        ("title", &mut product.title),
        ("description", &mut product.description),
        ("status", &mut product.status),
        ("vendor", &mut product.vendor),
    ];
    for (name, place) in places {
        if let Some(given) = input.owned(name) {
            *place = given;
        }
    }
    if let Some(slug) = slug {
        product.slug = slug;
    }
    if input.has("categories") {
        product.category_ids = categories;
    }
    if input.has("tags") {
        product.tags = input.texts("tags").into_iter().map(str::to_owned).collect();
    }
    if let Some(price) = input.whole("price") {
        product.variants.iter_mut().for_each(|variant| variant.price = price);
    }
    product.updated_at = now;
    shown(shop, &id)
}
