//! Every tool of every product of the mock, called through the bridge: with arguments that work,
//! with each argument missing, with each of a wrong type, with ids of nothing. What comes back is
//! held against the tool's own output schema and the product's own error shape, and the list of
//! tools against `tools.tsv`. Where a product has roles, every tool is called in each of them too.
//!
//! A product is a file here with one [`Tested`] and a test that plays it; nothing else is to be
//! written down but what cannot be derived from the tools themselves.

mod checks;
mod egrow;
mod launchmystore;
mod pelcro;
mod roles;

use futures_util::future::BoxFuture;
use mcp_tether_mock::MockOptions;
use serde_json::Value;
use url::Url;

/// The tools as the products list them: product, domain, name, kind.
const LIST: &str = include_str!("tools.tsv");

/// How the tools of one product are tested.
pub struct Tested {
    /// The product's name in `tools.tsv`.
    pub product: &'static str,
    pub options: fn() -> MockOptions,
    /// What the bridge sends along, beside what it sends anyway.
    pub headers: &'static [(&'static str, &'static str)],
    /// The code of a failed result, if it has the product's own shape.
    pub error: fn(&Value) -> Option<String>,
    /// The code for arguments that do not fit their schema.
    pub invalid: &'static str,
    /// The code for what does not exist.
    pub unknown: &'static str,
    /// Whether a result only asks to call again, with something added to the arguments.
    pub again: fn(&Value, &mut Value) -> bool,
    /// A row for each tool.
    pub rows: &'static [Row],
    /// What callers can be who may not do everything.
    pub roles: &'static [Role],
}

/// Somebody who may not use every tool.
pub struct Role {
    pub name: &'static str,
    /// Whether tools of this domain and kind, as `tools.tsv` has them, are forbidden.
    pub forbids: fn(&str, &str) -> bool,
    /// What to send along to be that, from the running mock.
    pub credential: fn(Url, &'static str) -> BoxFuture<'static, (&'static str, String)>,
    /// The code for what is forbidden.
    pub forbidden: &'static str,
}

/// What is peculiar to one tool.
pub struct Row {
    pub tool: &'static str,
    /// Arguments that work on the seeded data; those of `Example:` in the description if empty.
    pub valid: &'static str,
    /// Places in the arguments that name something that must exist, such as `lines.0.variant`.
    pub ids: &'static [&'static str],
}

/// A tool whose description shows arguments that work.
pub const fn row(tool: &'static str, ids: &'static [&'static str]) -> Row {
    Row { tool, valid: "", ids }
}

/// A tool with arguments of its own for the test.
pub const fn with(tool: &'static str, valid: &'static str, ids: &'static [&'static str]) -> Row {
    Row { tool, valid, ids }
}

#[test]
fn the_pages_say_how_many_tools_a_product_has() {
    let pages = [include_str!("../../../docs/mock.md"), include_str!("../../../CHANGELOG.md")];
    for product in ["egrow", "launchmystore", "pelcro"] {
        let lines = LIST.lines().filter(|line| line.split('\t').next() == Some(product));
        let count = format!("{} tools", lines.count());
        assert!(pages.iter().all(|page| page.contains(&count)), "`{product}` has {count}");
    }
}
