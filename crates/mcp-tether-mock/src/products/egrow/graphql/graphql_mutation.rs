//! The tool `graphql_mutation`: runs a GraphQL mutation after a confirmation, as a whole or not
//! at all; it is noted in the audit log.

use super::DOCUMENT;
use crate::product::field::ToolInput;
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::{DeskError, DeskResult};
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::graphql::execute::{Operation, OperationKind};
use crate::products::egrow::shapes::GRAPHQL_RESULT;

pub(super) const TOOL: Entry = Entry {
    name: "graphql_mutation",
    title: "Run a GraphQL mutation",
    domain: Domain::EscapeHatch,
    class: Class::Escape,
    about: "Runs a GraphQL mutation after a confirmation, as a whole or not at all; it is \
        noted in the audit log",
    when_to_use: "several changes belong together and no tool makes them at once",
    when_not_to_use: "one tool does it: use that",
    example: concat!(
        r#"{"query":"mutation { updateCustomer(customer: \"+212661000101\", "#,
        r#"marketingOptIn: true) { id marketingOptIn } }"}"#,
    ),
    fields: &[DOCUMENT],
    gives: OutputShape::One(&GRAPHQL_RESULT),
    run: Run::Confirmed { preview, apply },
};

/// Runs the operation on a copy first, so that a person only confirms one that works.
fn preview(desk: &Desk, input: ToolInput<'_>) -> Result<String, DeskError> {
    let operation = Operation::read(input, OperationKind::Mutation)?;
    let summary = operation.summary(input.needed("query"));
    operation.execute(desk.clone())?;
    Ok(summary)
}

fn apply(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let operation = Operation::read(input, OperationKind::Mutation)?;
    let (given, changed) = operation.execute(desk.clone())?;
    *desk = changed;
    Ok(given)
}
