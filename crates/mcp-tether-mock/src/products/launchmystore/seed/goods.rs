//! The seeded categories and products.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::categories::CATEGORIES;
use super::super::model::{Product, Variant};
use super::super::record::text;
use super::super::resource::slug;
use super::super::shop::Shop;
use super::making::make;

/// A product whose variants differ in one thing. The code is the prefix of its SKUs; `stock` is the
/// stock after all seeded orders.
pub(super) struct Row {
    code: &'static str,
    title: &'static str,
    vendor: &'static str,
    categories: &'static [&'static str],
    about: &'static str,
    price: i64,
    option: &'static str,
    variants: &'static [(&'static str, i64)],
    draft: bool,
}

const fn row(
    code: &'static str,
    title: &'static str,
    categories: &'static [&'static str],
    about: &'static str,
    price: i64,
    option: &'static str,
    variants: &'static [(&'static str, i64)],
) -> Row {
    let vendor = "Harbor & Pine";
    Row { code, title, vendor, categories, about, price, option, variants, draft: false }
}

pub(super) const ROWS: &[Row] = &[
    row(
        "TSH",
        "Classic T-Shirt",
        &["apparel"],
        "Heavy organic cotton, printed by hand in the back of the shop.",
        2499,
        "Size",
        &[("S", 34), ("M", 58), ("L", 41), ("XL", 7)],
    ),
    row(
        "HOO",
        "Harbor Hoodie",
        &["apparel"],
        "Brushed fleece with a lined hood and a pocket that holds a book.",
        5900,
        "Size",
        &[("S", 12), ("M", 19), ("L", 4), ("XL", 11)],
    ),
    row(
        "CAP",
        "Corduroy Cap",
        &["apparel", "accessories"],
        "Wide corduroy, brass buckle, one size.",
        2800,
        "Color",
        &[("Rust", 22), ("Moss", 16), ("Navy", 27)],
    ),
    row(
        "TOT",
        "Canvas Tote",
        &["accessories"],
        "Carries a week of groceries without complaint.",
        1900,
        "Color",
        &[("Natural", 64), ("Black", 48)],
    ),
    row(
        "SOC",
        "Wool Socks",
        &["apparel"],
        "Merino, knitted on machines older than the knitters.",
        1400,
        "Size",
        &[("36-40", 73), ("41-46", 66)],
    ),
    row(
        "MUG",
        "Stoneware Mug",
        &["kitchen"],
        "Glazed inside, rough outside, holds 350 ml.",
        1650,
        "Color",
        &[("White", 45), ("Slate", 31), ("Sage", 9)],
    ),
    row(
        "PLA",
        "Stoneware Plate",
        &["kitchen"],
        "22 cm, made by the same hands as the mug.",
        2200,
        "Color",
        &[("White", 38), ("Slate", 24)],
    ),
    row(
        "KET",
        "Pour-over Kettle",
        &["kitchen"],
        "A thin spout for slow coffee, 0.9 l.",
        6400,
        "Finish",
        &[("Steel", 14), ("Copper", 3)],
    ),
    row(
        "COF",
        "House Coffee Beans",
        &["kitchen", "pantry"],
        "Chocolate and hazelnut, roasted on Tuesdays.",
        1550,
        "Weight",
        &[("250 g", 85), ("1 kg", 40)],
    ),
    row(
        "TEA",
        "Winter Tea",
        &["pantry"],
        "Black tea with orange peel and clove.",
        1100,
        "Weight",
        &[("100 g", 52)],
    ),
    row(
        "CAN",
        "Beeswax Candle",
        &["home"],
        "Burns for forty hours and smells of very little.",
        1800,
        "Size",
        &[("Small", 47), ("Large", 29)],
    ),
    row(
        "BLA",
        "Wool Blanket",
        &["home"],
        "Woven in one piece, 140 by 200 cm.",
        12900,
        "Color",
        &[("Oat", 8), ("Charcoal", 13)],
    ),
    row(
        "NOT",
        "Dot Grid Notebook",
        &["accessories", "home"],
        "192 pages that take ink well.",
        1250,
        "Color",
        &[("Kraft", 90), ("Black", 77)],
    ),
    Row {
        draft: true,
        ..row(
            "APR",
            "Linen Apron",
            &["kitchen"],
            "Washed linen with a deep pocket. Coming in spring.",
            4200,
            "Color",
            &[("Sand", 0), ("Indigo", 0)],
        )
    },
];

impl Row {
    fn sku(&self, value: &str) -> String {
        let short: String = value.chars().filter(char::is_ascii_alphanumeric).take(3).collect();
        format!("{}-{}", self.code, short.to_uppercase())
    }
}

/// Returns every SKU that can be ordered, with its final stock.
pub(super) fn for_sale() -> Vec<(String, i64)> {
    let rows = ROWS.iter().filter(|row| !row.draft);
    rows.flat_map(|row| row.variants.iter().map(|(value, left)| (row.sku(value), *left))).collect()
}

pub(super) fn categories(shop: &mut Shop) {
    let rows = [
        ("Apparel", "What to wear", None),
        ("Accessories", "What goes with it", Some("apparel")),
        ("Kitchen", "For cooking, coffee and tea", None),
        ("Pantry", "What is eaten and drunk", None),
        ("Home", "What makes a room warmer", None),
    ];
    for (position, (name, about, parent)) in rows.into_iter().enumerate() {
        let mut values = json!({ "name": name, "description": about, "position": position });
        if let Some(parent) = parent {
            let parent = CATEGORIES.find(shop, parent).expect("it stands further up");
            values["parentId"] = text(parent, "id").into();
        }
        make(&CATEGORIES, shop, &values);
    }
}

/// Adds all products, with enough stock for the quantities in `sold`.
pub(super) fn products(shop: &mut Shop, sold: &BTreeMap<String, i64>) {
    for row in ROWS {
        let ids = row.categories.iter().map(|name| {
            let category = CATEGORIES.find(shop, name).expect("the table names its categories");
            text(category, "id").to_owned()
        });
        let category_ids = ids.collect();
        let now = shop.tick();
        let id = shop.new_id("prod");
        shop.products.push(Product {
            id: id.clone(),
            title: row.title.to_owned(),
            slug: slug(row.title),
            description: row.about.to_owned(),
            status: if row.draft { "draft" } else { "active" }.to_owned(),
            vendor: row.vendor.to_owned(),
            category_ids,
            tags: row.categories.iter().map(|name| (*name).to_owned()).collect(),
            options: vec![row.option.to_owned()],
            variants: Vec::new(),
            created_at: now,
            updated_at: now,
        });
        for (value, left) in row.variants {
            let sku = row.sku(value);
            let variant = Variant {
                id: String::new(),
                title: (*value).to_owned(),
                options: BTreeMap::from([(row.option.to_owned(), (*value).to_owned())]),
                price: row.price,
                compare_at_price: None,
                stock: left + sold.get(&sku).copied().unwrap_or(0),
                sku,
            };
            shop.add_variant(&id, variant).expect("the product was just made");
        }
    }
}
