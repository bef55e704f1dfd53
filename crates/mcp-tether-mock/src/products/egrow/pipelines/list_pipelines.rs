//! The tool `list_pipelines`: lists all pipelines with their stages and how many orders stand in
//! each.

use crate::product::field::ToolInput;
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::search::{PAGE, page};
use crate::products::egrow::shapes::PIPELINE;
use crate::products::egrow::views::pipeline_in_full;

pub(super) const TOOL: Entry = Entry {
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
};

fn list(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    Ok(page(input, &desk.pipelines, |pipeline| pipeline_in_full(desk, pipeline)))
}
