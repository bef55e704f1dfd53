//! The tool `create_product`: creates a product, either with one price or with variants.

use super::{STATUS, category_ids, shown, unused_slug};
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, ToolInput, may, need};
use crate::products::launchmystore::catalogue::variants::{NEW, New};
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, ResultShape};
use crate::products::launchmystore::model::Product;
use crate::products::launchmystore::resource::{free_name, slug};
use crate::products::launchmystore::shop::Shop;
use crate::products::launchmystore::shop_error::{ShopError, ShopResult};

const CREATE: &[Field] = &[
    need("title", Shape::Short(120), "what it is called"),
    may("slug", Shape::Short(120), "its part of the address, made of the title if left out"),
    may("description", Shape::Text, "what it is"),
    may("status", STATUS, "`draft` if left out"),
    may("vendor", Shape::Text, "who makes it"),
    may("categories", Shape::Texts, "ids or slugs of categories"),
    may("tags", Shape::Texts, "words to find it by"),
    may("price", Shape::Money, "price in cents of a product without variants"),
    may("sku", Shape::Text, "SKU of a product without variants"),
    may("stock", Shape::Whole(0, 1_000_000), "stock of a product without variants"),
    may("variants", Shape::Objects(NEW), "its forms, in the place of `price`, `sku` and `stock`"),
];

pub(super) const TOOL: Entry = Entry {
    name: "create_product",
    title: "Create a product",
    domain: AdminArea::Products,
    kind: ToolKind::Write,
    about: "Creates a product, either with one price or with variants",
    example: r#"{"title":"Enamel bowl","price":1450,"sku":"BOW-STD","stock":40}"#,
    does: Does::Change(&[CREATE], ResultShape::One("product"), create),
};

fn create(shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    let title = input.needed("title");
    let category_ids = category_ids(shop, input)?;
    let wanted = input.owned("slug").map_or_else(|| slug(title), |given| slug(&given));
    if wanted.is_empty() {
        return Err(ShopError::invalid("title", "a title needs a letter or a digit"));
    }
    if input.has("slug") {
        unused_slug(shop, &wanted, None)?;
    }
    let slug = free_name(&wanted, |name| shop.products.iter().any(|p| p.slug == name));
    let (options, variants) = forms(input, &slug)?;
    let mut made = Vec::new();
    for variant in &variants {
        made.push(variant.check(shop, &options, &made)?);
    }
    let now = shop.tick();
    let id = shop.new_id("prod");
    let product = Product {
        id: id.clone(),
        title: title.to_owned(),
        slug,
        description: input.owned("description").unwrap_or_default(),
        status: input.owned("status").unwrap_or_else(|| "draft".to_owned()),
        vendor: input.owned("vendor").unwrap_or_default(),
        category_ids,
        tags: input.texts("tags").into_iter().map(str::to_owned).collect(),
        options,
        variants: Vec::new(),
        created_at: now,
        updated_at: now,
    };
    shop.products.push(product);
    for variant in made {
        shop.add_variant(&id, variant)?;
    }
    shown(shop, &id)
}

/// Returns the options of a new product, and its variants.
fn forms<'a>(input: ToolInput<'a>, slug: &str) -> Result<(Vec<String>, Vec<New<'a>>), ShopError> {
    let given = input.objects("variants");
    let single = ["price", "sku", "stock"].into_iter().find(|name| input.has(name));
    match (given.first(), single) {
        (Some(_), Some(name)) => {
            let message = format!("give `{name}` with each variant, or no `variants`");
            Err(ShopError::invalid(name, message))
        }
        (Some(first), None) => {
            let options = first.words("options").into_iter().map(|(name, _)| name.to_owned());
            Ok((options.collect(), given.into_iter().map(New::of).collect()))
        }
        (None, _) if !input.has("price") => {
            Err(ShopError::invalid("price", "a product needs a `price` or `variants`"))
        }
        (None, _) => Ok((Vec::new(), vec![New::single(input, slug)])),
    }
}
