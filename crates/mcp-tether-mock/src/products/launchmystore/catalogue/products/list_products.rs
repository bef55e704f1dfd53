//! The tool `list_products`: lists or searches products with prices and stock; `stockBelow`
//! finds what runs low.

use super::STATUS;
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, ToolInput, may};
use crate::product::query::Query;
use crate::products::launchmystore::catalogue::shown::product_line;
use crate::products::launchmystore::categories::CATEGORIES;
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, PAGE, ResultShape};
use crate::products::launchmystore::model::Product;
use crate::products::launchmystore::record::text;
use crate::products::launchmystore::resource::page;
use crate::products::launchmystore::shop::Shop;
use crate::products::launchmystore::shop_error::ShopResult;

const LIST: &[Field] = &[
    may("query", Shape::Text, "words to look for in titles, descriptions, tags and SKUs"),
    may("category", Shape::Text, "id or slug of a category"),
    may("status", STATUS, "only products of this status"),
    may("stockBelow", Shape::Whole(0, 1_000_000), "only products of which fewer are in stock"),
];

pub(super) const TOOL: Entry = Entry {
    name: "list_products",
    title: "List products",
    domain: AdminArea::Products,
    kind: ToolKind::Read,
    about: "Lists or searches products with prices and stock; `stockBelow` finds what runs low",
    example: r#"{"stockBelow":10}"#,
    does: Does::Look(&[LIST, PAGE], ResultShape::List("products"), list),
};

fn list(shop: &Shop, input: ToolInput<'_>) -> ShopResult {
    let words = Query::of(input);
    let category = input.text("category").map(|name| CATEGORIES.find(shop, name)).transpose()?;
    let category = category.map(|category| text(category, "id"));
    let wanted = |product: &&Product| {
        let skus = product.variants.iter().map(|variant| variant.sku.as_str());
        let tags = product.tags.iter().map(String::as_str);
        let texts: Vec<_> =
            skus.chain(tags).chain([product.title.as_str(), &product.description]).collect();
        words.matches(&texts)
            && category.is_none_or(|id| product.category_ids.iter().any(|own| own == id))
            && input.text("status").is_none_or(|status| status == product.status)
            && input.whole("stockBelow").is_none_or(|limit| product.stock() < limit)
    };
    let found: Vec<_> = shop.products.iter().filter(wanted).collect();
    Ok(page(input, "products", &found, |product| product_line(shop, product)))
}
