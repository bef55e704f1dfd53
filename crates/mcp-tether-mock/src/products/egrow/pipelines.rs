//! The tools for pipelines: the stages of orders, and the orders in each stage.

use super::desk::Desk;
use super::desk_error::DeskResult;
use super::entry::{Class, Domain, Entry, OutputShape, Run};
use super::search::{PAGE, page};
use super::shapes::PIPELINE;
use super::views::pipeline_in_full;
use crate::product::field::{Shape, ToolInput, need};

pub(super) const TOOLS: &[Entry] = &[
    Entry {
        name: "list_pipelines",
        title: "List pipelines",
        domain: Domain::Pipelines,
        class: Class::Read,
        about: "Lists all pipelines with their stages and how many orders stand in each",
        when_to_use: "you need the name of a stage, or want to see where orders pile up",
        when_not_to_use: "you know the pipeline: use `get_pipeline`",
        example: "{}",
        fields: &[PAGE],
        gives: OutputShape::List(&PIPELINE),
        run: Run::Read(list),
    },
    Entry {
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
    },
];

fn list(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    Ok(page(input, &desk.pipelines, |pipeline| pipeline_in_full(desk, pipeline)))
}

fn get(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    Ok(pipeline_in_full(desk, desk.pipeline(input.needed("pipeline"))?))
}
