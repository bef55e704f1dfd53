//! Blog posts and pages: texts with an address that are drafts, scheduled or published.

use serde_json::{Value, json};

use super::entry::{AdminArea, Does, Entry};
use super::record::{Record, text};
use super::resource::{Resource, free};
use super::shop::Shop;
use super::shop_error::ShopError;
use crate::date::Date;
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, may, need};

const STATUS: Shape = Shape::OneOf(&["draft", "published"]);

const POST: &[Field] = &[
    need("title", Shape::Short(160), "its headline"),
    need("body", Shape::Text, "its text as HTML"),
    may("slug", Shape::Short(160), "its part of the address, made of the title if left out"),
    may("excerpt", Shape::Short(400), "what lists show of it"),
    may("author", Shape::Text, "who wrote it"),
    may("tags", Shape::Texts, "what it is about"),
    may("status", STATUS, "`draft` if left out"),
    may("publishOn", Shape::Date, "first day on which it can be seen, at once if left out"),
    may("seoTitle", Shape::Short(70), "title for search engines"),
    may("seoDescription", Shape::Short(320), "description for search engines"),
];

pub(super) const POSTS: Resource = Resource {
    word: "blogPost",
    plural: "blogPosts",
    prefix: "post",
    key: "slug",
    title: "title",
    fields: POST,
    defaults: concat!(
        r#"{"excerpt":"","author":"Maya Lindqvist","tags":[],"status":"draft","publishOn":null,"#,
        r#""seoTitle":"","seoDescription":""}"#,
    ),
    searched: &["title", "body", "excerpt", "author"],
    filters: &[
        may("status", STATUS, "only drafts or only what is published"),
        may("tags", Shape::Text, "only posts with this tag"),
    ],
    check,
    add: |shop, post| seen(shop, post, "blog"),
    leave: free,
};

const PAGE: &[Field] = &[
    need("title", Shape::Short(160), "its headline"),
    need("body", Shape::Text, "its text as HTML"),
    may("slug", Shape::Short(160), "its part of the address, made of the title if left out"),
    may("template", Shape::OneOf(&["default", "contact", "wide"]), "`default` if left out"),
    may("status", STATUS, "`draft` if left out"),
    may("seoTitle", Shape::Short(70), "title for search engines"),
    may("seoDescription", Shape::Short(320), "description for search engines"),
];

pub(super) const PAGES: Resource = Resource {
    word: "page",
    plural: "pages",
    prefix: "page",
    key: "slug",
    title: "title",
    fields: PAGE,
    defaults: concat!(
        r#"{"template":"default","status":"draft","publishOn":null,"seoTitle":"","#,
        r#""seoDescription":""}"#,
    ),
    searched: &["title", "body"],
    filters: &[may("status", STATUS, "only drafts or only what is published")],
    check,
    add: |shop, page| seen(shop, page, "pages"),
    leave: |shop, page| {
        let target = format!("/pages/{}", text(page, "slug"));
        match super::menu_links::linking_to(shop, &target) {
            Some(menu) => {
                Err(ShopError::state(format!("the menu `{menu}` links to it: change that first")))
            }
            None => Ok(()),
        }
    },
};

static BLOG: &Resource = &POSTS;
static SITE: &Resource = &PAGES;

pub(super) const TOOLS: &[Entry] = &[
    Entry {
        name: "list_blog_posts",
        title: "List blog posts",
        domain: AdminArea::BlogsAndPages,
        kind: ToolKind::Read,
        about: "Lists or searches posts of the blog, drafts included",
        example: r#"{"status":"published"}"#,
        does: Does::List(BLOG),
    },
    Entry {
        name: "get_blog_post",
        title: "Get a blog post",
        domain: AdminArea::BlogsAndPages,
        kind: ToolKind::Read,
        about: "Gets one post by id or slug",
        example: r#"{"id":"how-we-print-our-shirts"}"#,
        does: Does::Get(BLOG),
    },
    Entry {
        name: "create_blog_post",
        title: "Create a blog post",
        domain: AdminArea::BlogsAndPages,
        kind: ToolKind::Write,
        about: "Writes a post, a draft unless it is published at once",
        example: r#"{"title":"Winter opening hours","body":"<p>We open at ten.</p>"}"#,
        does: Does::Create(BLOG),
    },
    Entry {
        name: "update_blog_post",
        title: "Update a blog post",
        domain: AdminArea::BlogsAndPages,
        kind: ToolKind::Write,
        about: "Changes a post, or publishes it",
        example: r#"{"id":"spring-colours","status":"published"}"#,
        does: Does::Update(BLOG),
    },
    Entry {
        name: "delete_blog_post",
        title: "Delete a blog post",
        domain: AdminArea::BlogsAndPages,
        kind: ToolKind::Destructive,
        about: "Deletes a post for good; to hide it, make it a draft",
        example: r#"{"id":"spring-colours"}"#,
        does: Does::Delete(BLOG),
    },
    Entry {
        name: "list_pages",
        title: "List pages",
        domain: AdminArea::BlogsAndPages,
        kind: ToolKind::Read,
        about: "Lists or searches the pages of the shop that are neither products nor posts",
        example: r#"{"query":"returns"}"#,
        does: Does::List(SITE),
    },
    Entry {
        name: "get_page",
        title: "Get a page",
        domain: AdminArea::BlogsAndPages,
        kind: ToolKind::Read,
        about: "Gets one page by id or slug",
        example: r#"{"id":"about-us"}"#,
        does: Does::Get(SITE),
    },
    Entry {
        name: "create_page",
        title: "Create a page",
        domain: AdminArea::BlogsAndPages,
        kind: ToolKind::Write,
        about: "Writes a page; menus can link to it afterwards",
        example: r#"{"title":"Size guide","body":"<p>Measure twice.</p>","status":"published"}"#,
        does: Does::Create(SITE),
    },
    Entry {
        name: "update_page",
        title: "Update a page",
        domain: AdminArea::BlogsAndPages,
        kind: ToolKind::Write,
        about: "Changes the text, address, template or status of a page",
        example: r#"{"id":"about-us","template":"wide"}"#,
        does: Does::Update(SITE),
    },
    Entry {
        name: "delete_page",
        title: "Delete a page",
        domain: AdminArea::BlogsAndPages,
        kind: ToolKind::Destructive,
        about: "Deletes a page for good; refused while a menu links to it",
        example: r#"{"id":"holiday-hours"}"#,
        does: Does::Delete(SITE),
    },
];

fn check(_: &Shop, record: &Record) -> Result<(), ShopError> {
    let slug = text(record, "slug");
    if slug.is_empty() || slug != super::resource::slug(slug) {
        let message = format!("`{slug}` cannot be part of an address: use letters, digits and `-`");
        return Err(ShopError::invalid("slug", message));
    }
    match text(record, "publishOn") {
        "" => Ok(()),
        day => day.parse::<Date>().map(|_| ()).map_err(|why| ShopError::invalid("publishOn", why)),
    }
}

/// Returns members that say whether it is visible today, and where.
fn seen(shop: &Shop, record: &Record, folder: &str) -> Record {
    let starts = text(record, "publishOn").parse::<Date>().ok();
    let published = text(record, "status") == "published";
    let visible = published && starts.is_none_or(|day| day <= shop.today);
    let path: Value =
        if visible { format!("/{folder}/{}", text(record, "slug")).into() } else { Value::Null };
    Record::from_iter([
        ("visible".to_owned(), json!(visible)),
        ("scheduled".to_owned(), json!(published && !visible)),
        ("path".to_owned(), path),
    ])
}
