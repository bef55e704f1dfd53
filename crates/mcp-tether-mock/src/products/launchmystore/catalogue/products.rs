//! Tools for whole products.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::categories::CATEGORIES;
use super::super::entry::{AdminArea, DELETED, Does, Entry, PAGE, ResultShape};
use super::super::model::Product;
use super::super::record::text;
use super::super::resource::{free_name, page, slug};
use super::super::shop::Shop;
use super::super::shop_error::{ShopError, ShopResult};
use super::shown::{nobody_waits_for, product_in_full, product_line};
use super::variants::{NEW, New};
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, ToolInput, may, need};
use crate::product::query::Query;

const STATUS: Shape = Shape::OneOf(&["active", "draft", "archived"]);

const LIST: &[Field] = &[
    may("query", Shape::Text, "words to look for in titles, descriptions, tags and SKUs"),
    may("category", Shape::Text, "id or slug of a category"),
    may("status", STATUS, "only products of this status"),
    may("stockBelow", Shape::Whole(0, 1_000_000), "only products of which fewer are in stock"),
];

const ID: Field = need("id", Shape::Text, "id, slug or title of the product");

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

pub(crate) const TOOLS: &[Entry] = &[
    Entry {
        name: "list_products",
        title: "List products",
        domain: AdminArea::Products,
        kind: ToolKind::Read,
        about: "Lists or searches products with prices and stock; `stockBelow` finds what runs low",
        example: r#"{"stockBelow":10}"#,
        does: Does::Look(&[LIST, PAGE], ResultShape::List("products"), list),
    },
    Entry {
        name: "get_product",
        title: "Get a product",
        domain: AdminArea::Products,
        kind: ToolKind::Read,
        about: "Gets a product with all its variants",
        example: r#"{"id":"classic-t-shirt"}"#,
        does: Does::Look(&[&[ID]], ResultShape::One("product"), get),
    },
    Entry {
        name: "create_product",
        title: "Create a product",
        domain: AdminArea::Products,
        kind: ToolKind::Write,
        about: "Creates a product, either with one price or with variants",
        example: r#"{"title":"Enamel bowl","price":1450,"sku":"BOW-STD","stock":40}"#,
        does: Does::Change(&[CREATE], ResultShape::One("product"), create),
    },
    Entry {
        name: "update_product",
        title: "Update a product",
        domain: AdminArea::Products,
        kind: ToolKind::Write,
        about: "Changes texts, status, categories or the price of a product; single variants have \
            `update_variant`",
        example: r#"{"id":"Classic T-Shirt","price":2999}"#,
        does: Does::Change(&[UPDATE], ResultShape::One("product"), update),
    },
    Entry {
        name: "delete_product",
        title: "Delete a product",
        domain: AdminArea::Products,
        kind: ToolKind::Destructive,
        about: "Deletes a product and its variants for good; refused while an order waits for it",
        example: r#"{"id":"linen-apron"}"#,
        does: Does::Change(&[&[ID]], ResultShape::Members(DELETED), delete),
    },
];

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

fn get(shop: &Shop, input: ToolInput<'_>) -> ShopResult {
    shown(shop, input.needed("id"))
}

fn shown(shop: &Shop, name: &str) -> ShopResult {
    Ok(json!({ "product": product_in_full(shop, shop.product(name)?) }))
}

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

fn delete(shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    let product = shop.product(input.needed("id"))?;
    let (id, title) = (product.id.clone(), product.title.clone());
    let variants: Vec<&str> = product.variants.iter().map(|variant| variant.id.as_str()).collect();
    nobody_waits_for(shop, &variants)?;
    shop.tick();
    shop.products.retain(|product| product.id != id);
    Ok(json!({ "deleted": true, "id": id, "title": title }))
}

fn category_ids(shop: &Shop, input: ToolInput<'_>) -> Result<Vec<String>, ShopError> {
    let names = input.texts("categories").into_iter();
    let ids = names.map(|name| CATEGORIES.find(shop, name).map(|found| text(found, "id")));
    // Two names for one category count once.
    let ids: Result<BTreeMap<&str, ()>, ShopError> = ids.map(|id| id.map(|id| (id, ()))).collect();
    Ok(ids?.into_keys().map(str::to_owned).collect())
}

fn unused_slug(shop: &Shop, slug: &str, own: Option<&str>) -> Result<(), ShopError> {
    let taken = |product: &Product| product.slug == slug && own != Some(product.id.as_str());
    if slug.is_empty() {
        return Err(ShopError::invalid("slug", "a slug needs a letter or a digit"));
    }
    if shop.products.iter().any(taken) {
        Err(ShopError::conflict("slug", format!("another product has the slug `{slug}`")))
    } else {
        Ok(())
    }
}
