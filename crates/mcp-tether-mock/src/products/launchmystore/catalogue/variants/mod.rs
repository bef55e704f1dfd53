//! Tools for single variants and their stock.

mod adjust_inventory;
mod create_variant;
mod delete_variant;
mod list_variants;
mod update_variant;

use std::collections::BTreeMap;

use serde_json::Value;

use super::shown::{free_sku, variant_line};
use crate::product::field::{Field, Shape, ToolInput, may, need};
use crate::products::launchmystore::entry::Entry;
use crate::products::launchmystore::model::Variant;
use crate::products::launchmystore::shop::Shop;
use crate::products::launchmystore::shop_error::ShopError;

const STOCK: Shape = Shape::Whole(0, 1_000_000);

/// A variant to create.
pub(super) const NEW: &[Field] = &[
    need("sku", Shape::Short(40), "a SKU that no other variant has"),
    need("price", Shape::Money, "price in cents"),
    may("compareAtPrice", Shape::Money, "price in cents before a sale"),
    may("stock", STOCK, "how many there are, 0 if left out"),
    may("options", Shape::Words, "a value for each thing that the variants differ in"),
];

const ID: Field = need("id", Shape::Text, "id or SKU of the variant");

pub(crate) const TOOLS: &[Entry] = &[
    list_variants::TOOL,
    create_variant::TOOL,
    update_variant::TOOL,
    delete_variant::TOOL,
    adjust_inventory::TOOL,
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

fn shown(shop: &Shop, id: &str) -> Result<Value, ShopError> {
    shop.variant(id).map(|(product, variant)| variant_line(shop, product, variant))
}
