//! The tool `get_pipeline`: gives a pipeline with every stage in order, and counts and amounts
//! of each.

use crate::product::field::{Shape, ToolInput, need};
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::shapes::PIPELINE;
use crate::products::egrow::views::pipeline_in_full;

pub(super) const TOOL: Entry = Entry {
    name: "get_pipeline",
    title: "Get a pipeline",
    domain: Domain::Pipelines,
    class: Class::Read,
    about: "Gives a pipeline with every stage in order, and counts and amounts of each",
    when_to_use: "you want one pipeline in detail",
    when_not_to_use: "you need the orders of a stage: use `find_orders`",
    example: r#"{"pipeline":"Sales"}"#,
    fields: &[&[need("pipeline", Shape::Text, "id or name")]],
    gives: OutputShape::One(&PIPELINE),
    run: Run::Read(get),
};

fn get(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    Ok(pipeline_in_full(desk, desk.pipeline(input.needed("pipeline"))?))
}
