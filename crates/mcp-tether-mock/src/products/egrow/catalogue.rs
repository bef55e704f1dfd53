//! The tools for products, variants and categories.

use std::collections::BTreeMap;

use super::desk::{Desk, same_text};
use super::desk_error::{DeskError, DeskResult};
use super::entry::{Class, Domain, Entry, OutputShape, Run};
use super::model::{Product, ProductOption, Variant};
use super::search::{PAGE, Query, page};
use super::shapes::{CATEGORY, PRODUCT, VARIANT};
use super::views::{category_in_full, product_in_full, product_line, variant_in_full};
use crate::product::field::{Field, Shape, ToolInput, may, need};

const STATUS: Shape = Shape::OneOf(&["active", "draft", "archived"]);
const STOCK: Shape = Shape::Whole(0, 1_000_000);

const FIND: &[Field] = &[
    may("query", Shape::Text, "words to look for in titles, descriptions and SKUs"),
    may("category", Shape::Text, "id or name of a category"),
    may("status", STATUS, "only products of this status"),
    may("stockBelow", STOCK, "only products with a variant of which fewer than this are in stock"),
];

const FIND_VARIANTS: &[Field] = &[
    may("query", Shape::Text, "words to look for in titles, option values and SKUs"),
    may("product", Shape::Text, "only variants of this product: id, SKU or title"),
    may("stockBelow", STOCK, "only variants of which fewer than this are in stock"),
];

const NEW_OPTION: &[Field] = &[
    need("name", Shape::Text, "what variants differ in, such as Color"),
    need("values", Shape::Texts, "the values it can have"),
];

const NEW_VARIANT: &[Field] = &[
    need("sku", Shape::Text, "a SKU that no other variant has"),
    need("price", Shape::Money, "price in minor units"),
    may("stock", STOCK, "how many there are, 0 if left out"),
    may("options", Shape::Words, "a value for each option of the product"),
];

const CREATE: &[Field] = &[
    need("title", Shape::Text, "what it is called"),
    may("description", Shape::Text, "what it is"),
    need("category", Shape::Text, "id or name of a category"),
    may("status", STATUS, "`draft` if left out"),
    may("options", Shape::Objects(NEW_OPTION), "what variants differ in"),
    need("variants", Shape::Objects(NEW_VARIANT), "at least one"),
];

const CHANGED_VARIANT: &[Field] = &[
    need("variant", Shape::Text, "id or SKU"),
    may("price", Shape::Money, "new price in minor units"),
    may("stock", STOCK, "new stock"),
];

const UPDATE: &[Field] = &[
    need("product", Shape::Text, "id, SKU or title"),
    may("title", Shape::Text, "new title"),
    may("description", Shape::Text, "new description"),
    may("category", Shape::Text, "id or name of the new category"),
    may("status", STATUS, "new status"),
    may("variants", Shape::Objects(CHANGED_VARIANT), "new prices and stock"),
];

pub(super) const TOOLS: &[Entry] = &[
    Entry {
        name: "find_products",
        title: "Find products",
        domain: Domain::Products,
        class: Class::Read,
        about: "Searches products by words, category, status or low stock",
        when_to_use: "you need products by a description, or want to know which run low",
        when_not_to_use: "you know the product: use `get_product`",
        example: r#"{"stockBelow":10}"#,
        fields: &[FIND, PAGE],
        gives: OutputShape::List(&PRODUCT),
        run: Run::Read(find_products),
    },
    Entry {
        name: "get_product",
        title: "Get a product",
        domain: Domain::Products,
        class: Class::Read,
        about: "Gives a product with its variants, options, pictures and category",
        when_to_use: "you know which product you want",
        when_not_to_use: "you only have a vague description: use `find_products`",
        example: r#"{"product":"Portable speaker"}"#,
        fields: &[&[need("product", Shape::Text, "id, SKU or title")]],
        gives: OutputShape::One(&PRODUCT),
        run: Run::Read(get_product),
    },
    Entry {
        name: "find_variants",
        title: "Find variants",
        domain: Domain::Products,
        class: Class::Read,
        about: "Searches variants by words, product or low stock",
        when_to_use: "you need a colour or size, its SKU, price or stock",
        when_not_to_use: "you want whole products: use `find_products`",
        example: r#"{"query":"shirt blue"}"#,
        fields: &[FIND_VARIANTS, PAGE],
        gives: OutputShape::List(&VARIANT),
        run: Run::Read(find_variants),
    },
    Entry {
        name: "get_variant",
        title: "Get a variant",
        domain: Domain::Products,
        class: Class::Read,
        about: "Gives one variant with its product",
        when_to_use: "you know the id or SKU",
        when_not_to_use: "you do not: use `find_variants`",
        example: r#"{"variant":"SHI-BLU"}"#,
        fields: &[&[need("variant", Shape::Text, "id or SKU")]],
        gives: OutputShape::One(&VARIANT),
        run: Run::Read(get_variant),
    },
    Entry {
        name: "find_categories",
        title: "Find categories",
        domain: Domain::Products,
        class: Class::Read,
        about: "Lists or searches the categories of products",
        when_to_use: "you need a category for a new product or a search",
        when_not_to_use: "you look for products: use `find_products`",
        example: r#"{"query":"kitchen"}"#,
        fields: &[&[may("query", Shape::Text, "words to look for")], PAGE],
        gives: OutputShape::List(&CATEGORY),
        run: Run::Read(find_categories),
    },
    Entry {
        name: "create_product",
        title: "Create a product",
        domain: Domain::Products,
        class: Class::Write,
        about: "Creates a product with its options and variants",
        when_to_use: "something new is to be sold",
        when_not_to_use: "the product exists: use `update_product`",
        example: concat!(
            r#"{"title":"Linen apron","category":"Kitchen","options":[{"name":"Color","#,
            r#""values":["Grey"]}],"variants":[{"sku":"APR-GRE","price":18900,"stock":20,"#,
            r#""options":{"Color":"Grey"}}]}"#,
        ),
        fields: &[CREATE],
        gives: OutputShape::One(&PRODUCT),
        run: Run::Write(create_product),
    },
    Entry {
        name: "update_product",
        title: "Update a product",
        domain: Domain::Products,
        class: Class::Write,
        about: "Changes a product, or prices and stock of its variants",
        when_to_use: "a title, text, category, status, price or stock is wrong",
        when_not_to_use: "there is no such product yet: use `create_product`",
        example: r#"{"product":"Portable speaker","variants":[{"variant":"SPE-SAN","stock":25}]}"#,
        fields: &[UPDATE],
        gives: OutputShape::One(&PRODUCT),
        run: Run::Write(update_product),
    },
];

fn find_products(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let query = Query::of(input);
    let category = input.text("category").map(|name| desk.category(name)).transpose()?;
    let below = input.whole("stockBelow");
    let wanted = |product: &&Product| {
        let skus = product.variants.iter().map(|variant| variant.sku.as_str());
        let texts: Vec<_> = skus.chain([product.title.as_str(), &product.description]).collect();
        query.matches(&texts)
            && category.is_none_or(|category| category.id == product.category_id)
            && input.text("status").is_none_or(|status| status == product.status)
            && below.is_none_or(|limit| product.variants.iter().any(|v| v.stock < limit))
    };
    let found: Vec<_> = desk.products.iter().filter(wanted).collect();
    Ok(page(input, &found, |product| product_line(desk, product, below)))
}

fn get_product(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let product = named(desk, input.needed("product"))?;
    Ok(product_in_full(desk, product))
}

fn find_variants(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let query = Query::of(input);
    let product = input.text("product").map(|name| named(desk, name)).transpose()?;
    let wanted = |(of, variant): &(&Product, &Variant)| {
        query.matches(&[&of.title, &variant.title, &variant.sku])
            && product.is_none_or(|product| product.id == of.id)
            && input.whole("stockBelow").is_none_or(|limit| variant.stock < limit)
    };
    let found: Vec<_> = desk.variants().filter(wanted).collect();
    Ok(page(input, &found, |(product, variant)| variant_in_full(product, variant)))
}

fn get_variant(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let (product, variant) = desk.variant(input.needed("variant"))?;
    Ok(variant_in_full(product, variant))
}

fn find_categories(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    let query = Query::of(input);
    let found: Vec<_> = desk.categories.iter().filter(|c| query.matches(&[&c.name])).collect();
    Ok(page(input, &found, |category| category_in_full(desk, category)))
}

fn create_product(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let category_id = desk.category(input.needed("category"))?.id.clone();
    let title = input.needed("title");
    if desk.products.iter().any(|product| same_text(&product.title, title)) {
        let message = format!("there is a product `{title}` already");
        return Err(DeskError::conflict(message, "change it with `update_product`"));
    }
    let options: Vec<_> = input
        .objects("options")
        .into_iter()
        .map(|option| ProductOption {
            name: option.needed("name").to_owned(),
            values: option.texts("values").into_iter().map(str::to_owned).collect(),
        })
        .collect();
    let mut variants = Vec::new();
    for given in input.objects("variants") {
        let variant = new_variant(desk, &options, given, &variants)?;
        variants.push(variant);
    }
    let product = Product {
        id: desk.new_id("prd"),
        title: title.to_owned(),
        description: input.owned("description").unwrap_or_default(),
        status: input.owned("status").unwrap_or_else(|| "draft".to_owned()),
        category_id,
        options,
        variants,
        media: Vec::new(),
        created_at: desk.tick(),
    };
    let shown = product_in_full(desk, &product);
    desk.products.push(product);
    Ok(shown)
}

fn new_variant(
    desk: &mut Desk,
    options: &[ProductOption],
    given: ToolInput<'_>,
    before: &[Variant],
) -> Result<Variant, DeskError> {
    let sku = given.needed("sku");
    if desk.variant(sku).is_ok() || before.iter().any(|variant| same_text(&variant.sku, sku)) {
        return Err(DeskError::conflict(format!("the SKU `{sku}` is taken"), "choose another one"));
    }
    let mut chosen = BTreeMap::new();
    for option in options {
        let value = given.words("options").into_iter().find(|(name, _)| *name == option.name);
        match value {
            Some((_, value)) if option.values.iter().any(|known| known == value) => {
                chosen.insert(option.name.clone(), value.to_owned());
            }
            Some((_, value)) => {
                let message = format!("`{value}` is not a value of the option `{}`", option.name);
                return Err(DeskError::invalid(message, "add it to the option, or choose another"));
            }
            None => {
                let message = format!("variant `{sku}` has no value for `{}`", option.name);
                return Err(DeskError::invalid(message, "give every variant a value per option"));
            }
        }
    }
    let names: Vec<_> = chosen.values().cloned().collect();
    Ok(Variant {
        id: desk.new_id("var"),
        sku: sku.to_owned(),
        title: if names.is_empty() { "Standard".to_owned() } else { names.join(" / ") },
        options: chosen,
        price: given.whole("price").unwrap_or_default(),
        stock: given.whole("stock").unwrap_or_default(),
    })
}

fn update_product(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let id = named(desk, input.needed("product"))?.id.clone();
    let category = match input.text("category") {
        Some(name) => Some(desk.category(name)?.id.clone()),
        None => None,
    };
    let changes = input.objects("variants");
    let mut positions = Vec::new();
    for change in &changes {
        let name = change.needed("variant");
        let (of, variant) = desk.variant(name)?;
        if of.id != id {
            let message = format!("`{name}` is a variant of another product");
            return Err(DeskError::invalid(message, "find the right one with `find_variants`"));
        }
        positions.push(of.variants.iter().position(|known| known.id == variant.id));
    }
    desk.tick();
    let product = desk.product_mut(&id)?;
    let set = |place: &mut String, name: &str| {
        if let Some(value) = input.owned(name) {
            *place = value;
        }
    };
    set(&mut product.title, "title");
    set(&mut product.description, "description");
    set(&mut product.status, "status");
    product.category_id = category.unwrap_or_else(|| product.category_id.clone());
    for (change, position) in changes.iter().zip(positions) {
        if let Some(variant) = position.and_then(|at| product.variants.get_mut(at)) {
            variant.price = change.whole("price").unwrap_or(variant.price);
            variant.stock = change.whole("stock").unwrap_or(variant.stock);
        }
    }
    Ok(product_in_full(desk, desk.product(&id)?))
}

/// Finds a product by its id or title, or by the SKU or id of one of its variants.
fn named<'a>(desk: &'a Desk, name: &str) -> Result<&'a Product, DeskError> {
    let by_title = desk.products.iter().find(|product| same_text(&product.title, name));
    match by_title {
        Some(product) => Ok(product),
        None => desk
            .product(name)
            .or_else(|problem| desk.variant(name).map(|(product, _)| product).map_err(|_| problem)),
    }
}
