//! Rows of the fault tables: a [`FaultRow`] for each fault that can be chosen, the requests it
//! applies to, and what it writes into the plan of one.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::oauth_plan::MemberFault;
use super::plan::Plan;
use super::words::{InvalidFault, Words};
use mcp_tether_wire::protocol::methods;

/// Writes a fault into the plan of a request that it applies to.
pub(super) type PlanEdit = Arc<dyn Fn(&mut Plan) + Send + Sync>;

/// One fault that can be chosen.
pub(super) struct FaultRow {
    pub(super) name: &'static str,
    pub(super) syntax: &'static str,
    pub(super) about: &'static str,
    pub(super) example: &'static str,
    /// Further keys that it takes, besides the selectors.
    pub(super) keys: &'static [&'static str],
    pub(super) scope: FaultScope,
    pub(super) read: fn(&mut Words) -> Result<PlanEdit, InvalidFault>,
}

/// Which requests a fault without a selector applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultScope {
    /// Every HTTP request.
    Any,
    /// A POST that holds a JSON-RPC request.
    Request,
    /// A GET.
    Get,
    /// A request that is answered with messages: both of the above.
    Answered,
    /// A POST that holds `initialize`.
    Initialize,
}

impl FaultScope {
    pub(super) fn includes(self, asked: &FaultTarget<'_>) -> bool {
        let request = asked.http == "POST" && asked.is_request;
        match self {
            Self::Any => true,
            Self::Request => request,
            Self::Get => asked.http == "GET",
            Self::Answered => request || asked.http == "GET",
            Self::Initialize => asked.method == methods::INITIALIZE,
        }
    }
}

pub(super) fn effect(
    change: impl Fn(&mut Plan) + Send + Sync + 'static,
) -> Result<PlanEdit, InvalidFault> {
    Ok(Arc::new(change))
}

pub(super) fn milliseconds(words: &mut Words) -> Result<Duration, InvalidFault> {
    words.main_number().map(Duration::from_millis)
}

/// A fault without arguments.
macro_rules! plain {
    ($name:literal, $scope:ident, $about:literal, $change:expr) => {
        FaultRow {
            name: $name,
            syntax: $name,
            about: $about,
            example: $name,
            keys: &[],
            scope: FaultScope::$scope,
            read: |_| effect($change),
        }
    };
}

/// A fault with arguments.
macro_rules! worded {
    (
        $name:literal, $syntax:literal, $example:literal, $keys:expr, $scope:ident,
        $about:literal, $read:expr
    ) => {
        FaultRow {
            name: $name,
            syntax: $syntax,
            about: $about,
            example: $example,
            keys: $keys,
            scope: FaultScope::$scope,
            read: $read,
        }
    };
}

/// The parts of a request that select the faults that apply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FaultTarget<'a> {
    pub(crate) http: &'a str,
    pub(crate) path: &'a str,
    /// The JSON-RPC method of the first message, or empty.
    pub(crate) method: &'a str,
    /// Whether the body holds a JSON-RPC request.
    pub(crate) is_request: bool,
    /// `params.name`, or empty.
    pub(crate) tool: &'a str,
}

/// Reads `NAME[:value=JSON-OR-TEXT]`: a member to set, or to remove if there is no value.
pub(super) fn read_member(words: &mut Words) -> Result<MemberFault, InvalidFault> {
    let read = |text: String| serde_json::from_str::<Value>(&text).unwrap_or_else(|_| json!(text));
    let value = words.take("value").map(read);
    let name = words.main().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| words.wrong(format!("`{}` needs a name", words.name())))?;
    Ok(MemberFault { name, value })
}

pub(super) use {plain, worded};
