//! Runs one operation: checks its kind and size, and returns errors in the product's format.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{OperationType, Selection};
use async_graphql::{Request, ServerError, Variables};
use serde_json::{Value, json};

use super::super::desk::Desk;
use super::super::desk_error::DeskError;
use super::resolve::Sitting;
use super::schema::schema;
use crate::product::field::ToolInput;

/// The kind of operation that a tool runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OperationKind {
    Query,
    Mutation,
}

/// An operation that may run.
pub(super) struct Operation {
    request: Request,
    /// The fields it begins with.
    fields: Vec<String>,
}

/// How much of a document a summary shows.
const MAX_SUMMARY_CHARS: usize = 300;

impl Operation {
    /// Reads an operation. A query must not change anything, and a mutation must not pass as a
    /// query: every operation of the document must be of the kind that the tool is for.
    pub(super) fn read(input: ToolInput<'_>, wanted: OperationKind) -> Result<Self, DeskError> {
        let text = input.needed("query");
        let document = parse_query(text).map_err(|error| failed(&[error.into()]))?;
        let mut fields = Vec::new();
        for (_, operation) in document.operations.iter() {
            let kind = match operation.node.ty {
                OperationType::Query => Some(OperationKind::Query),
                OperationType::Mutation => Some(OperationKind::Mutation),
                OperationType::Subscription => None,
            };
            if kind != Some(wanted) {
                return Err(wrong_tool(wanted, operation.node.ty));
            }
            let items = &operation.node.selection_set.node.items;
            fields.extend(items.iter().filter_map(|selection| match &selection.node {
                Selection::Field(field) => Some(field.node.name.node.to_string()),
                _ => None,
            }));
        }
        let mut request = Request::new(text);
        if let Some(variables) = input.object("variables") {
            request = request.variables(Variables::from_json(variables.0.clone()));
        }
        if let Some(name) = input.text("operationName") {
            request = request.operation_name(name);
        }
        Ok(Self { request, fields })
    }

    /// Returns the description that a person sees before it runs.
    pub(super) fn summary(&self, document: &str) -> String {
        let mut document = document.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = document.char_indices().nth(MAX_SUMMARY_CHARS) {
            document.truncate(end);
            document.push('…');
        }
        format!("Run the GraphQL mutation {}: {document}", self.fields.join(", "))
    }

    /// Runs it on these data; returns the answer and the data afterwards. If any field fails, there
    /// is no answer, and the changed data are dropped.
    pub(super) fn execute(self, desk: Desk) -> Result<(Value, Desk), DeskError> {
        let sitting = Arc::new(Sitting::new(desk));
        let response = finish(schema().execute(self.request.data(Arc::clone(&sitting))));
        if !response.errors.is_empty() {
            return Err(failed(&response.errors));
        }
        let data = response.data.into_json().unwrap_or_default();
        Ok((json!({ "data": data }), sitting.into_desk()))
    }
}

/// Polls a future to its end. Resolvers never wait; the library only yields now and then to be
/// fair to others.
fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

fn wrong_tool(wanted: OperationKind, found: OperationType) -> DeskError {
    let (tool, other) = match wanted {
        OperationKind::Query => {
            ("graphql_query", "`graphql_mutation` runs mutations, after a confirmation")
        }
        OperationKind::Mutation => ("graphql_mutation", "`graphql_query` runs queries"),
    };
    DeskError::invalid(format!("`{tool}` does not run a {found}"), other)
}

/// Converts GraphQL's errors to the product's format, with the hint of the tool that failed.
fn failed(errors: &[ServerError]) -> DeskError {
    let told = |error: &ServerError| {
        let place = error.locations.first();
        let place = place.map(|at| format!("{}:{}: ", at.line, at.column)).unwrap_or_default();
        format!("{place}{}", error.message)
    };
    let told: Vec<_> = errors.iter().map(told).collect();
    let hint = errors
        .iter()
        .find_map(|error| match error.extensions.as_ref()?.get("hint")? {
            async_graphql::Value::String(hint) => Some(hint.clone()),
            _ => None,
        })
        .unwrap_or_else(|| "look up the exact names with `graphql_schema`".to_owned());
    DeskError::graphql(told.join("; "), hint)
}
