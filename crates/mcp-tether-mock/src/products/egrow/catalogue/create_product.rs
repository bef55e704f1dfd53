//! The tool `create_product`: creates a product with its options and variants.

use std::collections::BTreeMap;

use super::{STATUS, STOCK};
use crate::product::field::{Field, Shape, ToolInput, may, need};
use crate::products::egrow::desk::{Desk, same_text};
use crate::products::egrow::desk_error::{DeskError, DeskResult};
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::model::{Product, ProductOption, Variant};
use crate::products::egrow::shapes::PRODUCT;
use crate::products::egrow::views::product_in_full;

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

pub(super) const TOOL: Entry = Entry {
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
};

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
