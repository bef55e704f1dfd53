//! Every tool of every product of the mock, called through the bridge: with arguments that work,
//! with each argument missing, with each of a wrong type, with ids of nothing. What comes back is
//! held against the tool's own output schema and the product's own error shape, and the list of
//! tools against a snapshot. Where a product has roles, every tool is called in each of them too.
//!
//! A product is a file here with one [`Tested`], named in [`TESTED`]. A new tool needs nothing
//! here: arguments that work are in its description, and what must exist follows from its schema.
//! A [`Row`] is for a tool of which that is not true. The tools of `lab` have no schemas of their
//! results: they are called by a host that answers their questions.

mod checks;
mod egrow;
mod lab;
mod launchmystore;
mod pelcro;
mod roles;

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use insta::assert_snapshot;
use mcp_tether_mock::MockOptions;
use serde_json::Value;
use url::Url;

use crate::support::pages::assert_counts;

/// The products whose tools are tested.
const TESTED: [&Tested; 4] =
    [&egrow::TESTED, &lab::TESTED, &launchmystore::TESTED, &pelcro::TESTED];

/// How the tools of one product are tested.
pub struct Tested {
    /// The product's name.
    pub product: &'static str,
    pub options: fn() -> MockOptions,
    /// Additional headers of the bridge.
    pub headers: &'static [(&'static str, &'static str)],
    /// The code of a failed result, if it has the product's own shape.
    pub error: fn(&Value) -> Option<String>,
    /// The code for arguments that do not fit their schema.
    pub invalid: &'static str,
    /// The code for what does not exist.
    pub unknown: &'static str,
    /// Whether a result only asks to call again, with something added to the arguments.
    pub again: fn(&Value, &mut Value) -> bool,
    /// The tools that are not what their descriptions say.
    pub rows: &'static [Row],
    /// The roles of callers with limited rights.
    pub roles: &'static [Role],
}

/// Somebody who may not use every tool.
pub struct Role {
    pub name: &'static str,
    /// Whether the tool of this name and kind is forbidden.
    pub forbids: fn(&str, &str) -> bool,
    /// Gets the credential of this role from the running mock.
    pub credential: fn(Url, &'static str) -> BoxFuture<'static, (&'static str, String)>,
    /// The code for what is forbidden.
    pub forbidden: &'static str,
}

/// A tool of which the test would derive something else.
pub struct Row {
    pub tool: &'static str,
    /// Arguments that work on the seeded data; those of `Example:` in the description if empty.
    pub valid: &'static str,
    /// All places in the arguments that name something that must exist, such as `lines.0.variant`.
    pub ids: &'static [&'static str],
}

/// Returns a tool whose description shows arguments that work.
pub const fn row(tool: &'static str, ids: &'static [&'static str]) -> Row {
    Row { tool, valid: "", ids }
}

/// Returns a tool with arguments of its own for the test.
pub const fn with(tool: &'static str, valid: &'static str, ids: &'static [&'static str]) -> Row {
    Row { tool, valid, ids }
}

#[tokio::test]
async fn the_tools_of_every_product_are_listed_and_counted() {
    let mut counts = BTreeMap::new();
    for tested in TESTED {
        let tools = checks::tools(tested).await;
        let line = |tool: &Value| {
            let name = tool["name"].as_str().unwrap();
            format!("{name}: {}\n", checks::kind(tool))
        };
        assert_snapshot!(tested.product, tools.values().map(line).collect::<String>());
        counts.insert(tested.product, tools.len());
    }
    for page in ["docs/mock.md", "CHANGELOG.md"] {
        assert_counts(page, "tools", |before| {
            let place = |product: &&str| before.rfind(&format!("`{product}`"));
            let nearest = counts.keys().copied().max_by_key(place)?;
            place(&nearest).map(|_| counts[nearest])
        });
    }
}
