//! The tool `list_variants`: lists or searches variants of one product or of all, with price and
//! stock.

use super::STOCK;
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, ToolInput, may};
use crate::product::query::Query;
use crate::products::launchmystore::catalogue::shown::variant_line;
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, PAGE, ResultShape};
use crate::products::launchmystore::model::{Product, Variant};
use crate::products::launchmystore::resource::page;
use crate::products::launchmystore::shop::Shop;
use crate::products::launchmystore::shop_error::ShopResult;

const LIST: &[Field] = &[
    may("product", Shape::Text, "only variants of this product: id, slug or title"),
    may("query", Shape::Text, "words to look for in titles, option values and SKUs"),
    may("stockBelow", STOCK, "only variants of which fewer than this are in stock"),
];

pub(super) const TOOL: Entry = Entry {
    name: "list_variants",
    title: "List variants",
    domain: AdminArea::Products,
    kind: ToolKind::Read,
    about: "Lists or searches variants of one product or of all, with price and stock",
    example: r#"{"product":"classic-t-shirt"}"#,
    does: Does::Look(&[LIST, PAGE], ResultShape::List("variants"), list),
};

fn list(shop: &Shop, input: ToolInput<'_>) -> ShopResult {
    let words = Query::of(input);
    let product = input.text("product").map(|name| shop.product(name)).transpose()?;
    let wanted = |(of, variant): &(&Product, &Variant)| {
        words.matches(&[&of.title, &variant.title, &variant.sku])
            && product.is_none_or(|product| product.id == of.id)
            && input.whole("stockBelow").is_none_or(|limit| variant.stock < limit)
    };
    let found: Vec<_> = shop.variants().filter(wanted).collect();
    Ok(page(input, "variants", &found, |(product, variant)| variant_line(shop, product, variant)))
}
