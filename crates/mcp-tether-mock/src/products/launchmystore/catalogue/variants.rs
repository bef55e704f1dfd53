//! Tools for single variants and their stock.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::entry::{AdminArea, DELETED, Does, Entry, PAGE, ResultShape};
use super::super::model::{Movement, Product, Variant};
use super::super::resource::page;
use super::super::shop::Shop;
use super::super::shop_error::{ShopError, ShopResult};
use super::shown::{free_sku, nobody_waits_for, variant_line};
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, ToolInput, may, need};
use crate::product::query::Query;

const STOCK: Shape = Shape::Whole(0, 1_000_000);

/// A variant to create.
pub(super) const NEW: &[Field] = &[
    need("sku", Shape::Short(40), "a SKU that no other variant has"),
    need("price", Shape::Money, "price in cents"),
    may("compareAtPrice", Shape::Money, "price in cents before a sale"),
    may("stock", STOCK, "how many there are, 0 if left out"),
    may("options", Shape::Words, "a value for each thing that the variants differ in"),
];

const LIST: &[Field] = &[
    may("product", Shape::Text, "only variants of this product: id, slug or title"),
    may("query", Shape::Text, "words to look for in titles, option values and SKUs"),
    may("stockBelow", STOCK, "only variants of which fewer than this are in stock"),
];

const PRODUCT: &[Field] = &[need("product", Shape::Text, "id, slug or title of the product")];

const ID: Field = need("id", Shape::Text, "id or SKU of the variant");

const UPDATE: &[Field] = &[
    ID,
    may("sku", Shape::Short(40), "new SKU"),
    may("price", Shape::Money, "new price in cents"),
    may("compareAtPrice", Shape::Money, "price in cents before a sale; 0 ends the sale"),
];

const ADJUST: &[Field] = &[
    ID,
    may("change", Shape::Whole(-100_000, 100_000), "how many more, or fewer when negative"),
    may("setTo", STOCK, "how many there are now, in the place of `change`"),
    may(
        "reason",
        Shape::OneOf(&["received", "counted", "damaged", "returned", "other"]),
        "why, `other` if left out",
    ),
];

pub(crate) const TOOLS: &[Entry] = &[
    Entry {
        name: "list_variants",
        title: "List variants",
        domain: AdminArea::Products,
        kind: ToolKind::Read,
        about: "Lists or searches variants of one product or of all, with price and stock",
        example: r#"{"product":"classic-t-shirt"}"#,
        does: Does::Look(&[LIST, PAGE], ResultShape::List("variants"), list),
    },
    Entry {
        name: "create_variant",
        title: "Create a variant",
        domain: AdminArea::Products,
        kind: ToolKind::Write,
        about: "Adds a variant to a product",
        example: concat!(
            r#"{"product":"classic-t-shirt","sku":"TSH-XXL","price":2599,"stock":25,"#,
            r#""options":{"Size":"XXL"}}"#,
        ),
        does: Does::Change(&[PRODUCT, NEW], ResultShape::One("variant"), create),
    },
    Entry {
        name: "update_variant",
        title: "Update a variant",
        domain: AdminArea::Products,
        kind: ToolKind::Write,
        about: "Changes the price or SKU of a variant; its stock has `adjust_inventory`",
        example: r#"{"id":"TSH-M","price":2299,"compareAtPrice":2499}"#,
        does: Does::Change(&[UPDATE], ResultShape::One("variant"), update),
    },
    Entry {
        name: "delete_variant",
        title: "Delete a variant",
        domain: AdminArea::Products,
        kind: ToolKind::Destructive,
        about: "Deletes a variant for good; refused for the last one of a product and while an \
            order waits for it",
        example: r#"{"id":"APR-SAN"}"#,
        does: Does::Change(&[&[ID]], ResultShape::Members(DELETED), delete),
    },
    Entry {
        name: "adjust_inventory",
        title: "Adjust the inventory",
        domain: AdminArea::Products,
        kind: ToolKind::Write,
        about: "Changes the stock of a variant by a number or to a number, and keeps the reason",
        example: r#"{"id":"TSH-M","change":12,"reason":"received"}"#,
        does: Does::Change(&[ADJUST], ResultShape::Members(&["variant", "movement"]), adjust),
    },
];

/// The arguments of a new variant.
pub(super) struct New<'a> {
    sku: String,
    input: ToolInput<'a>,
}

impl<'a> New<'a> {
    pub(super) fn of(input: ToolInput<'a>) -> Self {
        Self { sku: input.needed("sku").to_owned(), input }
    }

    /// Returns the variant of a product that comes in one form only.
    pub(super) fn single(input: ToolInput<'a>, slug: &str) -> Self {
        Self { sku: input.owned("sku").unwrap_or_else(|| slug.to_uppercase()), input }
    }

    /// Returns the variant, if it is consistent with the product and all others. Its stock is added
    /// later.
    pub(super) fn check(
        &self,
        shop: &Shop,
        options: &[String],
        before: &[Variant],
    ) -> Result<Variant, ShopError> {
        free_sku(shop, &self.sku, None)?;
        if before.iter().any(|variant| variant.sku.eq_ignore_ascii_case(&self.sku)) {
            let message = format!("two variants have the SKU `{}`", self.sku);
            return Err(ShopError::conflict("sku", message));
        }
        let given: BTreeMap<String, String> = self
            .input
            .words("options")
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        if !given.keys().eq(options.iter().collect::<std::collections::BTreeSet<_>>()) {
            let message = format!("variants of this product differ in: {}", options.join(", "));
            return Err(ShopError::invalid("options", message));
        }
        if !given.is_empty() && before.iter().any(|variant| variant.options == given) {
            return Err(ShopError::conflict("options", "there is a variant with these options"));
        }
        let names: Vec<&str> = options.iter().map(|name| given[name].as_str()).collect();
        Ok(Variant {
            id: String::new(),
            sku: self.sku.clone(),
            title: if names.is_empty() { "Standard".to_owned() } else { names.join(" / ") },
            options: given,
            price: self.input.whole("price").unwrap_or_default(),
            compare_at_price: self.input.whole("compareAtPrice").filter(|price| *price > 0),
            stock: self.input.whole("stock").unwrap_or_default(),
        })
    }
}

impl Shop {
    /// Adds a variant to the product, and then its stock as the first movement.
    pub(crate) fn add_variant(
        &mut self,
        product: &str,
        variant: Variant,
    ) -> Result<String, ShopError> {
        let id = self.new_id("var");
        let stock = variant.stock;
        let variant = Variant { id: id.clone(), stock: 0, ..variant };
        self.product_mut(product)?.variants.push(variant);
        self.move_stock(&id, stock, "received");
        Ok(id)
    }
}

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

fn shown(shop: &Shop, id: &str) -> Result<Value, ShopError> {
    shop.variant(id).map(|(product, variant)| variant_line(shop, product, variant))
}

fn create(shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    let product = shop.product(input.needed("product"))?;
    let product_id = product.id.clone();
    let variant = New::of(input).check(shop, &product.options, &product.variants)?;
    let id = shop.add_variant(&product_id, variant)?;
    Ok(json!({ "variant": shown(shop, &id)? }))
}

fn update(shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    let (product, variant) = shop.variant(input.needed("id"))?;
    let (product, id) = (product.id.clone(), variant.id.clone());
    if let Some(sku) = input.text("sku") {
        free_sku(shop, sku, Some(&id))?;
    }
    let now = shop.tick();
    shop.product_mut(&product)?.updated_at = now;
    let variant = shop.variant_mut(&id)?;
    variant.sku = input.owned("sku").unwrap_or_else(|| variant.sku.clone());
    variant.price = input.whole("price").unwrap_or(variant.price);
    if let Some(price) = input.whole("compareAtPrice") {
        variant.compare_at_price = Some(price).filter(|price| *price > 0);
    }
    Ok(json!({ "variant": shown(shop, &id)? }))
}

fn delete(shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    let (product, variant) = shop.variant(input.needed("id"))?;
    let (product_id, id, sku) = (product.id.clone(), variant.id.clone(), variant.sku.clone());
    if product.variants.len() == 1 {
        return Err(ShopError::state("it is the only variant: delete or archive the product"));
    }
    nobody_waits_for(shop, &[id.as_str()])?;
    shop.tick();
    shop.product_mut(&product_id)?.variants.retain(|variant| variant.id != id);
    Ok(json!({ "deleted": true, "id": id, "sku": sku }))
}

fn adjust(shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    let (_, variant) = shop.variant(input.needed("id"))?;
    let (id, stock) = (variant.id.clone(), variant.stock);
    let change = match (input.whole("change"), input.whole("setTo")) {
        (Some(change), None) => change,
        (None, Some(target)) => target - stock,
        _ => return Err(ShopError::invalid("change", "give either `change` or `setTo`")),
    };
    if stock + change < 0 {
        let message = format!("only {stock} are in stock: {change} would leave fewer than none");
        return Err(ShopError::state(message));
    }
    shop.move_stock(&id, change, input.text("reason").unwrap_or("other"));
    let movement: &Movement = shop.movements.last().expect("a stock was just moved");
    Ok(json!({ "variant": shown(shop, &id)?, "movement": movement }))
}
