//! The tool `get_workflow`: gives a playbook: the steps of a task that takes several tools.

use crate::product::field::{Field, Shape, ToolInput, need};
use crate::products::egrow::desk_error::{DeskError, DeskResult};
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::shapes::WORKFLOW;
use crate::products::egrow::workflows::WORKFLOWS;

const PLAYBOOK: &[Field] = &[need(
    "name",
    Shape::OneOf(&[
        "order_confirmation",
        "order_refund",
        "order_cancel",
        "exchange",
        "customer_merge",
        "customer_onboard",
        "diagnose_failed_delivery",
    ]),
    "which playbook",
)];

pub(super) const TOOL: Entry = Entry {
    name: "get_workflow",
    title: "Get a workflow",
    domain: Domain::Discovery,
    class: Class::Discovery,
    about: "Gives a playbook: the steps of a task that takes several tools",
    when_to_use: "the task is a refund, a cancellation, an exchange, a merge, an onboarding, a \
        round of confirmations or a delivery that failed",
    when_not_to_use: "one tool does it",
    example: r#"{"name":"order_refund"}"#,
    fields: &[PLAYBOOK],
    gives: OutputShape::One(&WORKFLOW),
    run: Run::About(|_, input| workflow(input)),
};

fn workflow(input: ToolInput<'_>) -> DeskResult {
    let name = input.needed("name");
    let Some(workflow) = WORKFLOWS.iter().find(|workflow| workflow.name == name) else {
        return Err(DeskError::not_found("workflow", name, "the schema of `name` lists them all"));
    };
    Ok(workflow.to_json())
}
