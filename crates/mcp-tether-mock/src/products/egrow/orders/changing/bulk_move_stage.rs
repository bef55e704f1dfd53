//! The tool `bulk_move_stage`: moves all orders of one stage to another, of chosen days if
//! wanted.

use serde_json::json;

use super::{enter, may_enter};
use crate::product::field::{DAYS, Field, Shape, ToolInput, may, need};
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::{DeskError, DeskResult};
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::model::Order;
use crate::products::egrow::orders::matching;
use crate::products::egrow::shapes::MOVED;

const MOVE: &[Field] = &[
    need("fromStage", Shape::Text, "id or name of the stage they are in"),
    need("toStage", Shape::Text, "id or name of the stage they go to"),
    may("query", Shape::Text, "only orders that match these words"),
    may("dryRun", Shape::Flag, "only tells what would move"),
];

pub(super) const TOOL: Entry = Entry {
    name: "bulk_move_stage",
    title: "Move orders to another stage",
    domain: Domain::Orders,
    class: Class::Write,
    about: "Moves all orders of one stage to another, of chosen days if wanted",
    when_to_use: "many orders take the same step",
    when_not_to_use: "it is one order: use `update_order`",
    example: concat!(
        r#"{"fromStage":"Pending","toStage":"Processing","from":"yesterday","#,
        r#""to":"yesterday","dryRun":true}"#,
    ),
    fields: &[MOVE, DAYS],
    gives: OutputShape::One(&MOVED),
    run: Run::Write(move_stage),
};

fn move_stage(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let from = desk.stage(input.needed("fromStage"), None)?.1.clone();
    let (pipeline, to) = desk.stage(input.needed("toStage"), None)?;
    let (pipeline, to) = (pipeline.id.clone(), to.clone());
    if from.id == to.id {
        let message = "`fromStage` and `toStage` are the same";
        return Err(DeskError::invalid(message, "choose another stage"));
    }
    let orders: Vec<Order> = matching(desk, input)?
        .into_iter()
        .filter(|order| order.stage_id == from.id && order.pipeline_id == pipeline)
        .cloned()
        .collect();
    let dry = input.flag("dryRun") == Some(true);
    let (mut moved, mut skipped) = (Vec::new(), Vec::new());
    for order in orders {
        let done = if dry { may_enter(desk, &order, &to) } else { enter(desk, &order, &to.id) };
        match done {
            Ok(()) => moved.push(order.number),
            Err(problem) => skipped.push(json!({
                "order": order.number,
                "error": problem.to_json()["error"],
            })),
        }
    }
    Ok(json!({
        "fromStage": from.name,
        "toStage": to.name,
        "dryRun": dry,
        "count": moved.len(),
        "orders": moved,
        "skipped": skipped,
    }))
}
