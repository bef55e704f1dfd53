//! What the store answers over plain HTTP: the endpoints around its MCP server, and the page of the
//! admin on which tokens are made.

mod endpoints;
mod page;
mod seats;
mod snippets;

pub(super) use seats::Seats;

use self::seats::COOKIE;
use super::access::{Member, Role};
use super::{LaunchMyStore, now};
use crate::product::{WebAnswer, WebRequest};

/// Where tokens are made by hand.
pub(super) const PAGE: &str = "/admin/ai-connector";

impl LaunchMyStore {
    /// The answer to a request beside MCP; `None` where nothing is.
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

    /// Who asks: by token, by e-mail and password, or from a page they signed in at.
    fn asking(&self, asked: &WebRequest<'_>) -> Result<Member, String> {
        let ledger = &self.store.look().ledger;
        if let Some(token) = asked.bearer() {
            let member = ledger.admit(token, now());
            return member.ok_or_else(|| "the token is not valid".to_owned());
        }
        if let Some((email, password)) = asked.basic() {
            return ledger.sign_in(&email, &password, None);
        }
        let seat = asked.cookie(COOKIE).and_then(|id| self.seats.find(id));
        let none = "send a token, or e-mail and password with HTTP Basic";
        seat.map(|seat| seat.member).ok_or_else(|| none.to_owned())
    }
}

/// The role of this name; an error names those there are.
fn role(name: Option<&str>) -> Result<Option<Role>, String> {
    match name.filter(|name| !name.is_empty()) {
        None => Ok(None),
        Some(name) => Role::from_name(name).map(Some).ok_or_else(|| {
            let names = Role::ALL.map(|role| format!("`{}`", role.name())).join(", ");
            format!("no role is called `{name}`, there are {names}")
        }),
    }
}
