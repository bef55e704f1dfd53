//! The tool `adjust_inventory`: changes the stock of a variant by a number or to a number, and
//! keeps the reason.

use serde_json::json;

use super::{ID, STOCK, shown};
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, ToolInput, may};
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, ResultShape};
use crate::products::launchmystore::model::Movement;
use crate::products::launchmystore::shop::Shop;
use crate::products::launchmystore::shop_error::{ShopError, ShopResult};

const ADJUST: &[Field] = &[
    ID,
    may("change", Shape::Whole(-100_000, 100_000), "how many more, or fewer when negative"),
    may("setTo", STOCK, "how many there are now, in the place of `change`"),
    may(
        "reason",
        Shape::OneOf(&["received", "counted", "damaged", "returned", "other"]),
        "why, `other` if left out",
    ),
];

pub(super) const TOOL: Entry = Entry {
    name: "adjust_inventory",
    title: "Adjust the inventory",
    domain: AdminArea::Products,
    kind: ToolKind::Write,
    about: "Changes the stock of a variant by a number or to a number, and keeps the reason",
    example: r#"{"id":"TSH-M","change":12,"reason":"received"}"#,
    does: Does::Change(&[ADJUST], ResultShape::Members(&["variant", "movement"]), adjust),
};

fn adjust(shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    let (_, variant) = shop.variant(input.needed("id"))?;
    let (id, stock) = (variant.id.clone(), variant.stock);
    let change = match (input.whole("change"), input.whole("setTo")) {
        (Some(change), None) => change,
        (None, Some(target)) => target - stock,
        _ => return Err(ShopError::invalid("change", "give either `change` or `setTo`")),
    };
    if stock + change < 0 {
        let message = format!("only {stock} are in stock: {change} would leave fewer than none");
        return Err(ShopError::state(message));
    }
    shop.move_stock(&id, change, input.text("reason").unwrap_or("other"));
    let movement: &Movement = shop.movements.last().expect("a stock was just moved");
    Ok(json!({ "variant": shown(shop, &id)?, "movement": movement }))
}
