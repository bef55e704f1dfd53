//! The tool `url_first`, which fails until the user has been at a URL, `times` times for each
//! `key`.

use serde_json::json;

use super::{ask_url, visit_params};
use crate::product::entry::NO_ARGUMENTS;
use crate::product::{Arguments, CallContext, ToolKind, ToolOutcome, ToolResult};
use crate::products::lab::state::{Entry, Lab};
use crate::rpc_error::RpcError;
use crate::tasks::TaskSupport;
use mcp_tether_wire::protocol::{Era, ProtocolVersion, codes};

const VISIT: &str = r#"{"type":"object","properties":{
    "times":{"type":"integer","minimum":0,"maximum":1000},"key":{"type":"string"}}}"#;

pub(super) const TOOL: Entry = Entry {
    name: "url_first",
    description: "fails until the user has been at a URL, `times` times for each `key`",
    kind: ToolKind::Read,
    input: VISIT,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Forbidden,
    run: |lab, call, arguments| Box::pin(url_first(lab, call, arguments)),
};

/// Demands a visit of a URL first: with an error in 2025-11-25, with a question in 2026-07-28.
async fn url_first(lab: &Lab, call: &CallContext, arguments: Arguments<'_>) -> ToolOutcome {
    let key = arguments.text_of("key").unwrap_or("default");
    let params = visit_params(call, key);
    match call.session.version() {
        ProtocolVersion::V2025_11_25 => {
            if lab.visit(key) < arguments.number_of("times").unwrap_or(1) {
                call.tell_completed(&params);
                return Err(RpcError {
                    code: codes::URL_ELICITATION_REQUIRED,
                    message: "a URL has to be visited first".to_owned(),
                    data: json!({ "elicitations": [params] }),
                });
            }
            Ok(ToolResult::text("the URL was visited"))
        }
        version if version.era() == Era::Modern => ask_url(call, arguments).await,
        _ => Ok(ToolResult::error("this revision knows no visits of URLs")),
    }
}
