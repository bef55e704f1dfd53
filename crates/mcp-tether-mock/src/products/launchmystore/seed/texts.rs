//! The seeded coupons, posts, pages and menus.

use serde_json::{Value, json};

use super::super::categories::CATEGORIES;
use super::super::coupons::COUPONS;
use super::super::menus::MENUS;
use super::super::record::text;
use super::super::shop::Shop;
use super::super::writing::{PAGES, POSTS};
use super::making::make;
use crate::date::Date;

pub(super) fn coupons(shop: &mut Shop, today: Date) {
    let day = |by: i64| today.plus_days(by).to_string();
    let kitchen = CATEGORIES.find(shop, "kitchen").expect("there is a kitchen");
    let kitchen = text(kitchen, "id").to_owned();
    let all = [
        json!({ "code": "WELCOME10", "kind": "percentage", "value": 10, "usagePerCustomer": 1,
            "description": "For the newsletter" }),
        json!({ "code": "KITCHEN5", "kind": "fixed", "value": 500, "categoryId": kitchen,
            "minimumSubtotal": 3000, "description": "Five off in the kitchen" }),
        json!({ "code": "SHIPFREE", "kind": "free_shipping", "usageLimit": 200,
            "description": "Makes up for late parcels" }),
        json!({ "code": "SUMMER15", "kind": "percentage", "value": 15, "startsOn": day(-140),
            "endsOn": day(-90), "description": "The summer sale" }),
        json!({ "code": "NEWYEAR20", "kind": "percentage", "value": 20, "startsOn": day(20),
            "endsOn": day(40), "description": "Not before its day" }),
        json!({ "code": "TESTCODE", "kind": "fixed", "value": 100, "active": false,
            "description": "Left over from trying things" }),
    ];
    all.iter().for_each(|values| make(&COUPONS, shop, values));
}

pub(super) fn posts_and_pages(shop: &mut Shop, today: Date) {
    let day = |by: i64| today.plus_days(by).to_string();
    let posts = [
        json!({ "title": "How we print our shirts", "status": "published", "tags": ["workshop"],
            "body": "<p>Two screens, one squeegee, and a radio that only gets one station.</p>",
            "excerpt": "A walk through the back room", "publishOn": day(-60) }),
        json!({ "title": "Five ways to brew the house beans", "status": "published",
            "tags": ["coffee"], "body": "<ol><li>Pour-over</li><li>French press</li></ol>",
            "author": "Tom Okafor", "publishOn": day(-21) }),
        json!({ "title": "Caring for wool", "status": "published", "tags": ["care", "workshop"],
            "body": "<p>Air it. Then air it again.</p>", "publishOn": day(-9) }),
        json!({ "title": "A look at next season", "status": "published", "tags": ["news"],
            "body": "<p>Patience.</p>", "publishOn": day(14) }),
        json!({ "title": "Spring colours", "tags": ["news"],
            "body": "<p>Moss, rust, and a blue without a name.</p>", "author": "Inès Moreau" }),
    ];
    posts.iter().for_each(|values| make(&POSTS, shop, values));
    let pages = [
        ("About us", "<p>Two friends, one harbor, many shirts.</p>", "default", "published"),
        ("Contact", "<p>We answer within a day.</p>", "contact", "published"),
        ("Shipping and returns", "<p>30 days, no questions.</p>", "default", "published"),
        ("Holiday hours", "<p>Closed on the first.</p>", "default", "draft"),
    ];
    for (title, body, template, status) in pages {
        let values =
            json!({ "title": title, "body": body, "template": template, "status": status });
        make(&PAGES, shop, &values);
    }
}

pub(super) fn menus(shop: &mut Shop) {
    let link = |title: &str, url: &str| json!({ "title": title, "url": url });
    let with = |mut item: Value, items: Value| {
        item["items"] = items;
        item
    };
    let shop_items = json!([
        with(
            link("Apparel", "/categories/apparel"),
            json!([link("Accessories", "/categories/accessories")])
        ),
        link("Kitchen", "/categories/kitchen"),
        link("Home", "/categories/home"),
    ]);
    let all = [
        json!({ "name": "Main menu", "items": [
            with(link("Shop", "/products"), shop_items),
            link("Journal", "/blog"),
            link("About", "/pages/about-us"),
        ] }),
        json!({ "name": "Footer menu", "items": [
            link("Shipping and returns", "/pages/shipping-and-returns"),
            link("Contact", "/pages/contact"),
            link("Photos", "https://pictures.example/harborpine"),
        ] }),
        json!({ "name": "Seasonal menu", "items": [link("Gifts", "/categories/home")] }),
    ];
    all.iter().for_each(|values| make(&MENUS, shop, values));
}
