//! Categories: a tree that products are sorted into.

use serde_json::json;

use super::entry::{AdminArea, Does, Entry};
use super::record::{Record, text, whole};
use super::resource::Resource;
use super::shop::Shop;
use super::shop_error::ShopError;
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, may, need};

const FIELDS: &[Field] = &[
    need("name", Shape::Short(80), "what it is called"),
    may("slug", Shape::Short(80), "its part of the address, made of the name if left out"),
    may("description", Shape::Text, "what is in it"),
    may("parentId", Shape::Text, "id of the category above it"),
    may("position", Shape::Whole(0, 10_000), "its place among its neighbours, 0 if left out"),
];

pub(super) const CATEGORIES: Resource = Resource {
    word: "category",
    plural: "categories",
    prefix: "cat",
    key: "slug",
    title: "name",
    fields: FIELDS,
    defaults: r#"{"description":"","parentId":null,"position":0}"#,
    searched: &["name", "slug", "description"],
    filters: &[may("parentId", Shape::Text, "only those below this category")],
    check,
    add,
    leave,
};

static TREE: &Resource = &CATEGORIES;

pub(super) const TOOLS: &[Entry] = &[
    Entry {
        name: "list_categories",
        title: "List categories",
        domain: AdminArea::Categories,
        kind: ToolKind::Read,
        about: "Lists or searches categories with the number of products in each",
        example: r#"{"query":"kitchen"}"#,
        does: Does::List(TREE),
    },
    Entry {
        name: "get_category",
        title: "Get a category",
        domain: AdminArea::Categories,
        kind: ToolKind::Read,
        about: "Gets one category by id or slug",
        example: r#"{"id":"apparel"}"#,
        does: Does::Get(TREE),
    },
    Entry {
        name: "create_category",
        title: "Create a category",
        domain: AdminArea::Categories,
        kind: ToolKind::Write,
        about: "Creates a category, below another one if wanted",
        example: r#"{"name":"Candles","description":"Beeswax and soy"}"#,
        does: Does::Create(TREE),
    },
    Entry {
        name: "update_category",
        title: "Update a category",
        domain: AdminArea::Categories,
        kind: ToolKind::Write,
        about: "Renames, moves or describes a category; products are sorted in with \
            `update_product`",
        example: r#"{"id":"apparel","description":"Shirts, caps and more"}"#,
        does: Does::Update(TREE),
    },
    Entry {
        name: "delete_category",
        title: "Delete a category",
        domain: AdminArea::Categories,
        kind: ToolKind::Destructive,
        about: "Deletes a category for good; its products stay, categories below it must go first",
        example: r#"{"id":"kitchen"}"#,
        does: Does::Delete(TREE),
    },
];

/// Checks that the parent category exists and is not one of its own descendants.
fn check(shop: &Shop, category: &Record) -> Result<(), ShopError> {
    let mut above = text(category, "parentId").to_owned();
    let mut seen = 0;
    while !above.is_empty() {
        let parent = shop.records("categories").iter().find(|other| text(other, "id") == above);
        let Some(parent) = parent else {
            let message = format!("there is no category with the id `{above}`");
            return Err(ShopError::invalid("parentId", message));
        };
        seen += 1;
        if text(parent, "id") == text(category, "id") || seen > shop.records("categories").len() {
            return Err(ShopError::invalid("parentId", "a category cannot lie below itself"));
        }
        text(parent, "parentId").clone_into(&mut above);
    }
    Ok(())
}

fn add(shop: &Shop, category: &Record) -> Record {
    let products = category.get("id").map_or(0, |id| shop.count_in(id));
    let below = shop.records("categories").iter();
    let below = below.filter(|other| text(other, "parentId") == text(category, "id")).count();
    Record::from_iter([
        ("productCount".to_owned(), json!(products)),
        ("childCount".to_owned(), json!(below)),
        ("position".to_owned(), json!(whole(category, "position").unwrap_or(0))),
    ])
}

fn leave(shop: &mut Shop, category: &Record) -> Result<(), ShopError> {
    let id = text(category, "id").to_owned();
    let below = shop.records("categories").iter().find(|other| text(other, "parentId") == id);
    if let Some(below) = below {
        let message = format!("`{}` lies below it: move or delete that first", text(below, "name"));
        return Err(ShopError::state(message));
    }
    for product in &mut shop.products {
        product.category_ids.retain(|own| *own != id);
    }
    let rules = shop.records_mut("coupons").iter_mut();
    for coupon in rules.filter(|coupon| coupon["categoryId"] == id.as_str()) {
        // A coupon for this category alone now applies to nothing.
        coupon.insert("active".to_owned(), false.into());
        coupon.insert("categoryId".to_owned(), serde_json::Value::Null);
    }
    Ok(())
}
