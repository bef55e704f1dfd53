//! The HTTP endpoints beside the MCP server: description, capabilities, tokens, snippets.

use std::fmt::Write;

use serde_json::{Value, json};

use super::super::access::{StaffMember, read_role};
use super::super::entry::AdminArea;
use super::super::resources;
use super::super::state::{LaunchMyStore, now};
use super::super::tools::entries;
use super::asking::PAGE;
use super::snippets::Host;
use crate::product::{MockProduct, WebAnswer, WebRequest};

/// The maximum length of a token in a snippet.
const MAX_TOKEN_LENGTH: usize = 200;

impl LaunchMyStore {
    /// Describes the server and its endpoints; needs no credential.
    pub(super) fn info(&self, asked: &WebRequest<'_>) -> WebAnswer {
        let profile = self.profile();
        let at = |path: &str| format!("{}{path}", asked.origin);
        WebAnswer::json(
            200,
            &json!({
                "name": profile.name,
                "title": profile.title,
                "version": profile.version,
                "capabilities": { "tools": {}, "resources": {} },
                "protocolVersions": ["2024-11-05", "2025-03-26", "2025-06-18"],
                "authentication": { "type": "bearer", "lifetimeDays": 365 },
                "transports": {
                    "streamableHttp": at(profile.paths.mcp),
                    "sse": at(profile.paths.sse),
                    "messages": at(profile.paths.message),
                },
                "endpoints": {
                    "token": at("/mcp/token"),
                    "config": at("/mcp/config"),
                    "tools": at("/mcp/tools"),
                    "resources": at("/mcp/resources"),
                    "docs": at("/mcp/docs"),
                    "admin": at(PAGE),
                },
            }),
        )
    }

    /// Issues a token for e-mail and password, in the body or with HTTP Basic.
    pub(super) fn token(&self, asked: &WebRequest<'_>) -> WebAnswer {
        let empty = asked.body.is_empty().then(|| json!({}));
        let Some(body) = asked.json().or(empty).filter(Value::is_object) else {
            return problem(400, "send a JSON object as `application/json`");
        };
        let text = |name: &str| match &body[name] {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            _ => Err(format!("`{name}` must be a text")),
        };
        let read = || -> Result<_, String> {
            let role = read_role(text("role")?.as_deref())?;
            Ok((text("email")?.zip(text("password")?), role, text("label")?))
        };
        let (given, role, label) = match read() {
            Ok(read) => read,
            Err(reason) => return problem(400, &reason),
        };
        let Some((email, password)) = given.or_else(|| asked.basic()) else {
            return unknown("send `email` and `password`");
        };
        let minted = self.store.change(|store| {
            let member = store.ledger.sign_in(&email, &password, role)?;
            let label = label.as_deref().unwrap_or("API");
            Ok::<_, String>(store.ledger.mint(&member, label, now()))
        });
        match minted {
            Ok(Ok((token, kept))) => WebAnswer::json(
                200,
                &json!({
                    "token": token,
                    "tokenType": "Bearer",
                    "id": kept.id,
                    "email": kept.email,
                    "role": kept.role,
                    "createdAt": kept.created,
                    "expiresAt": kept.expires,
                }),
            ),
            Ok(Err(reason)) => unknown(&reason),
            Err(reason) => problem(500, &reason.to_string()),
        }
    }

    /// Returns a snippet for a host, with the given token or with a new one.
    pub(super) fn config(&self, asked: &WebRequest<'_>) -> WebAnswer {
        let query = asked.query();
        let wanted = query.get("client").map_or("claude", String::as_str);
        let Some(host) = Host::ALL.into_iter().find(|host| host.name() == wanted) else {
            let names = Host::ALL.map(|host| format!("`{}`", host.name())).join(", ");
            return problem(400, &format!("no client is called `{wanted}`, there are {names}"));
        };
        let token = match (query.get("token"), asked.bearer()) {
            (Some(token), _) if !is_token(token) => {
                return problem(400, "that is not a token: letters, digits, `_` and `-` make one");
            }
            (Some(token), _) => token.clone(),
            // A caller with a token does not need another one.
            (None, Some(token)) if self.admits(token) => token.to_owned(),
            (None, _) => match self.asking(asked) {
                Ok(member) => match self.minted(&member, host.name()) {
                    Ok(token) => token,
                    Err(reason) => return problem(500, &reason),
                },
                Err(reason) => return unknown(&reason),
            },
        };
        WebAnswer::new(200, host.media_type(), host.snippet(asked.origin, &token))
    }

    /// Issues a new token.
    pub(super) fn minted(&self, member: &StaffMember, label: &str) -> Result<String, String> {
        let minted = self.store.change(|store| store.ledger.mint(member, label, now()));
        minted.map(|(token, _)| token).map_err(|reason| reason.to_string())
    }

    /// Answers any known member.
    pub(super) fn known(
        &self,
        asked: &WebRequest<'_>,
        show: impl FnOnce(&Self) -> WebAnswer,
    ) -> WebAnswer {
        match self.asking(asked) {
            Ok(_) => show(self),
            Err(reason) => unknown(&reason),
        }
    }

    pub(super) fn tool_list(&self) -> WebAnswer {
        let tools: Vec<Value> = entries()
            .zip(self.tools())
            .map(|(entry, tool)| {
                json!({
                    "name": tool.name,
                    "title": tool.title,
                    "category": entry.domain.name(),
                    "description": tool.description,
                    "inputSchema": tool.input,
                })
            })
            .collect();
        WebAnswer::json(200, &json!({ "total": tools.len(), "tools": tools }))
    }
}

pub(super) fn resource_list() -> WebAnswer {
    let resources: Vec<Value> = resources::list().iter().map(|one| one.to_json()).collect();
    WebAnswer::json(200, &json!({ "total": resources.len(), "resources": resources }))
}

/// Returns the list of tools as Markdown, by category.
pub(super) fn catalogue() -> WebAnswer {
    let mut out = format!("# Tools of LaunchMyStore\n\n{} tools.\n", entries().count());
    for domain in AdminArea::ALL {
        // Writing to a text does not fail.
        let _ = write!(out, "\n## {}\n\n", domain.name());
        for entry in entries().filter(|entry| entry.domain == domain) {
            let _ =
                writeln!(out, "- `{}`: {}. Example: `{}`", entry.name, entry.about, entry.example);
        }
    }
    WebAnswer::new(200, "text/markdown; charset=utf-8", out)
}

fn is_token(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=MAX_TOKEN_LENGTH).contains(&text.len()) && text.bytes().all(letter)
}

fn unknown(reason: &str) -> WebAnswer {
    problem(401, reason).with("www-authenticate", "Basic realm=\"LaunchMyStore\"")
}

fn problem(status: u16, reason: &str) -> WebAnswer {
    WebAnswer::json(status, &json!({ "error": reason }))
}
