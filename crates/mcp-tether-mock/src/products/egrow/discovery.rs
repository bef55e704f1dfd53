//! The tools that describe the product itself.

use serde_json::json;

use super::desk::Desk;
use super::desk_error::{DeskError, DeskResult};
use super::entry::{Caller, Class, Domain, Entry, OutputShape, Run};
use super::intent::Intent;
use super::model::CURRENCY;
use super::shapes::{CAPABILITIES, HEALTH, IDENTITY, WORKFLOW};
use super::workflows::WORKFLOWS;
use super::{analytics, catalogue, customers, graphql, orders, pipelines};
use crate::product::field::{Field, Shape, ToolInput, may, need};

const DOMAINS: Shape = Shape::OneOf(&[
    "Orders",
    "Customers",
    "Products",
    "Discovery",
    "Analytics",
    "Escape hatch",
    "Pipelines",
]);

const DESCRIBE: &[Field] = &[
    may("domain", DOMAINS, "only tools of this domain"),
    may("intent", Shape::Text, "what you want to do, in a few words: the best fits come first"),
];

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

const TOOLS: &[Entry] = &[
    Entry {
        name: "describe_capabilities",
        title: "Describe capabilities",
        domain: Domain::Discovery,
        class: Class::Discovery,
        about: "Lists the tools with their guides, or finds those that fit an intent",
        when_to_use: "you do not know which tool fits",
        when_not_to_use: "you know the tool already: call it",
        example: r#"{"intent":"refund a broken item"}"#,
        fields: &[DESCRIBE],
        gives: OutputShape::One(&CAPABILITIES),
        run: Run::About(|_, input| describe(input)),
    },
    Entry {
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
    },
    Entry {
        name: "health_check",
        title: "Health check",
        domain: Domain::Discovery,
        class: Class::Discovery,
        about: "Tells the version, whether the data can be reached and how many tools there are",
        when_to_use: "calls fail and you want to know whether the service is well",
        when_not_to_use: "everything works",
        example: "{}",
        fields: &[],
        gives: OutputShape::One(&HEALTH),
        run: Run::Read(|desk, _| health(desk)),
    },
    Entry {
        name: "whoami",
        title: "Who am I",
        domain: Domain::Discovery,
        class: Class::Discovery,
        about: "Tells the user, the account, its currency and what this credential may do",
        when_to_use: "you need the currency, the day it is here, or the permissions",
        when_not_to_use: "you look for a customer: use `find_customers`",
        example: "{}",
        fields: &[],
        gives: OutputShape::One(&IDENTITY),
        run: Run::About(|caller, _| Ok(whoami(caller))),
    },
];

/// Returns every tool, in the order of `tools/list`.
pub(super) fn entries() -> impl Iterator<Item = &'static Entry> {
    [orders::TOOLS, orders::CHANGING, customers::TOOLS, customers::CHANGING, catalogue::TOOLS]
        .into_iter()
        .flatten()
        .chain(TOOLS)
        .chain(analytics::TOOLS)
        .chain(graphql::TOOLS)
        .chain(pipelines::TOOLS)
}

fn describe(input: ToolInput<'_>) -> DeskResult {
    let domain = input.text("domain");
    let intent = Intent::of(input.text("intent").unwrap_or_default());
    let mut found: Vec<(usize, &Entry)> = entries()
        .filter(|entry| domain.is_none_or(|domain| entry.domain.name() == domain))
        .map(|entry| (intent.fit(entry), entry))
        .filter(|(fit, _)| intent.is_empty() || *fit > 0)
        .collect();
    found.sort_by_key(|(fit, _)| std::cmp::Reverse(*fit));
    let tools: Vec<_> = found.iter().map(|(_, entry)| entry.described()).collect();
    let count = |domain: Domain| {
        let tools = entries().filter(|entry| entry.domain == domain).count();
        json!({ "name": domain.name(), "tools": tools })
    };
    let domains = Domain::ALL.map(count);
    Ok(json!({ "domains": domains, "total": tools.len(), "tools": tools }))
}

fn workflow(input: ToolInput<'_>) -> DeskResult {
    let name = input.needed("name");
    let Some(workflow) = WORKFLOWS.iter().find(|workflow| workflow.name == name) else {
        return Err(DeskError::not_found("workflow", name, "the schema of `name` lists them all"));
    };
    Ok(workflow.to_json())
}

fn health(desk: &Desk) -> DeskResult {
    Ok(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "data": { "reachable": true },
        "graphql": graphql::health(desk),
        "toolCount": entries().count(),
    }))
}

fn whoami(caller: &Caller<'_>) -> serde_json::Value {
    json!({
        "user": {
            "id": "usr_1",
            "name": "Demo Owner",
            "email": "owner@egrow.example",
            "role": "owner",
        },
        "account": {
            "id": "acc_1",
            "name": "Demo Shop",
            "currency": CURRENCY,
            "minorUnits": 2,
            "timezone": "UTC",
            "today": caller.today.to_string(),
        },
        "permissions": ["read", "write", "destructive", "escape"],
        "credential": caller.kind(),
    })
}
