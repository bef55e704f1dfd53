//! Plain HTTP of the store: the endpoints around its MCP server, and the page of the
//! admin on which tokens are created.

mod asking;
mod browser_sessions;
mod copy_button;
mod endpoints;
mod page;
mod snippets;

pub(super) use asking::PAGE;
pub(super) use browser_sessions::BrowserSessions;

use super::state::LaunchMyStore;
use crate::product::{WebAnswer, WebRequest};

impl LaunchMyStore {
    /// Answers a request beside MCP; `None` if nothing is there.
    pub(super) fn answer(&self, asked: &WebRequest<'_>) -> Option<WebAnswer> {
        let rest = asked.path.strip_prefix(PAGE);
        Some(match (asked.method, asked.path) {
            ("GET", "/mcp/info") => self.info(asked),
            ("POST", "/mcp/token") => self.token(asked),
            ("GET", "/mcp/config") => self.config(asked),
            ("GET", "/mcp/tools") => self.known(asked, LaunchMyStore::tool_list),
            ("GET", "/mcp/resources") => self.known(asked, |_| endpoints::resource_list()),
            ("GET", "/mcp/docs") => self.known(asked, |_| endpoints::catalogue()),
            ("GET", PAGE) => self.show(asked),
            ("POST", _) if rest.is_some_and(|rest| rest.starts_with('/')) => {
                self.submitted(asked, rest.unwrap_or_default())?
            }
            (_, "/mcp/token") => WebAnswer::not_allowed("POST"),
            (_, "/mcp/info" | "/mcp/config" | "/mcp/tools" | "/mcp/resources" | "/mcp/docs")
            | (_, PAGE) => WebAnswer::not_allowed("GET"),
            _ => return None,
        })
    }
}
