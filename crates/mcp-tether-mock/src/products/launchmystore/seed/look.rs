//! The seeded settings and themes.

use serde_json::{Value, json};

use super::super::model::{Part, Theme, ThemeSection};
use super::super::record::Record;
use super::super::shop::Shop;
use super::making::address;

pub(super) fn settings(shop: &mut Shop) {
    let method = |name: &str, price: i64, free_from: Option<i64>, days: (i64, i64)| {
        let mut method = json!({
            "name": name, "price": price, "minimumDays": days.0, "maximumDays": days.1,
        });
        if let Some(least) = free_from {
            method["freeFrom"] = least.into();
        }
        method
    };
    let store = json!({
        "name": "Harbor & Pine", "legalName": "Harbor & Pine Goods LLC",
        "email": "shop@harborpine.example", "phone": "+1 207 555 0199", "currency": "USD",
        "address": address("3 Wharf Street", "Portland", "04101", "US"),
        "timezone": "America/New_York", "weightUnit": "oz",
        "description": "Useful things, made slowly",
    });
    let shipping = json!({
        "handlingDays": 1, "pickup": true, "zones": [
            { "name": "United States", "countries": ["US"], "methods": [
                method("Standard", 599, Some(7_500), (3, 5)),
                method("Express", 1_499, None, (1, 2)),
            ] },
            { "name": "Canada", "countries": ["CA"], "methods": [
                method("Standard", 1_299, Some(15_000), (5, 9)),
            ] },
            { "name": "Everywhere else", "countries": ["*"], "methods": [
                method("International", 1_999, None, (7, 14)),
            ] },
        ],
    });
    let checkout = json!({
        "guestCheckout": true, "phoneRequired": false, "termsRequired": true, "orderNotes": true,
        "tipping": false, "abandonedCartHours": 24, "paymentMethods": ["card", "paypal"],
        "taxRates": [
            { "country": "US", "basisPoints": 550 },
            { "country": "CA", "basisPoints": 1_300 },
            { "country": "*", "basisPoints": 0 },
        ],
    });
    for (name, group) in [("store", store), ("shipping", shipping), ("checkout", checkout)] {
        shop.settings.insert(name.to_owned(), record(group));
    }
}

pub(super) fn themes(shop: &mut Shop) {
    let settings = json!({
        "colorPrimary": "#2F4F4F", "colorAccent": "#C8553D", "colorBackground": "#FAF7F2",
        "headingFont": "Fraunces", "bodyFont": "Inter", "productsPerRow": 4, "roundCorners": true,
        "mainMenu": "main-menu", "footerMenu": "footer-menu",
    });
    let draft = json!({
        "colorPrimary": "#1B1B1B", "colorAccent": "#E0B84C", "colorBackground": "#FFFFFF",
        "headingFont": "Archivo", "bodyFont": "Archivo", "productsPerRow": 3, "roundCorners": false,
        "mainMenu": "main-menu", "footerMenu": "footer-menu",
    });
    let rows = [
        ("thm_tide", "Tide", "3.2.0", "live", settings, "sec"),
        ("thm_mono", "Mono", "1.0.4", "draft", draft, "mono"),
    ];
    for (id, name, version, role, settings, prefix) in rows {
        let updated_at = shop.tick();
        shop.themes.push(Theme {
            id: id.to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
            role: role.to_owned(),
            settings: record(settings),
            sections: sections(prefix),
            updated_at,
        });
    }
}

/// Returns the sections of a theme. Their ids start with `prefix`.
fn sections(prefix: &str) -> Vec<ThemeSection> {
    let blocks = if prefix == "sec" { "blk" } else { "mono_blk" };
    let part = |prefix: &str, id: &str, kind: &str, settings: Value| Part {
        id: format!("{prefix}_{id}"),
        kind: kind.to_owned(),
        enabled: true,
        settings: record(settings),
    };
    let section = |template: &str, id: &str, kind: &str, settings: Value, inner: Vec<Part>| {
        let (template, part) = (template.to_owned(), part(prefix, id, kind, settings));
        ThemeSection { template, part, blocks: inner }
    };
    let block = |id: &str, kind: &str, settings: Value| part(blocks, id, kind, settings);
    vec![
        section(
            "home",
            "hero",
            "hero",
            json!({ "heading": "Useful things, made slowly", "height": "tall", "overlay": 40 }),
            vec![
                block("hero_text", "text", json!({ "text": "From our harbor to your shelf" })),
                block("hero_button", "button", json!({ "label": "Shop now", "url": "/products" })),
            ],
        ),
        section(
            "home",
            "featured",
            "featured_products",
            json!({ "heading": "Favourites", "category": "apparel", "count": 4 }),
            Vec::new(),
        ),
        section(
            "home",
            "newsletter",
            "newsletter",
            json!({ "heading": "Letters from the harbor", "showName": false }),
            vec![block("newsletter_note", "text", json!({ "text": "Once a month, no more" }))],
        ),
        section(
            "product",
            "product_main",
            "product",
            json!({ "showVendor": true, "gallery": "thumbnails" }),
            vec![
                block("product_title", "title", json!({ "size": "large" })),
                block("product_price", "price", json!({ "showTax": false })),
                block("product_buy", "buy_button", json!({ "label": "Add to cart" })),
            ],
        ),
        section(
            "category",
            "category_grid",
            "product_grid",
            json!({ "columns": 4, "sort": "newest", "filters": true }),
            Vec::new(),
        ),
        section(
            "footer",
            "footer_main",
            "footer",
            json!({ "showPayment": true }),
            vec![block("footer_menu", "menu", json!({ "menu": "footer-menu" }))],
        ),
    ]
}

fn record(value: Value) -> Record {
    match value {
        Value::Object(record) => record,
        _ => Record::new(),
    }
}
