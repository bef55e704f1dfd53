//! The tool `describe_capabilities`: lists the tools with their guides, or finds those that fit
//! an intent.

use serde_json::json;

use super::entries;
use crate::product::field::{Field, Shape, ToolInput, may};
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::intent::Intent;
use crate::products::egrow::shapes::CAPABILITIES;

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

pub(super) const TOOL: Entry = Entry {
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
};

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
