//! `mcp-tether` joins an MCP *host* that speaks newline-delimited JSON-RPC on stdio with a *remote*
//! MCP server behind an HTTPS URL.
//!
//! The way of a message: `host` reads a line and finds its id and method, `bridge` notes who waits
//! for what, `remote` picks transport and headers, `http` sends, `remote` turns the answer back
//! into messages, `bridge` matches them, `host` writes one line. The bytes of a message stay as
//! they came unless a rule demands an edit.
//!
//! Which module may use which is a table in `ARCHITECTURE.md`, under "Who may import whom", which
//! `tests/it/layering.rs` holds against the sources.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "tests write files of their own, for others to read"
    )
)]

pub mod auth;
pub mod bridge;
pub mod budget;
pub mod cli;
pub mod commands;
pub mod environment;
pub mod eras;
pub mod error;
pub mod host;
pub mod hosts;
pub mod http;
pub mod pace;
pub mod platform;
pub mod random;
pub mod recording;
pub mod redact;
pub mod remote;
pub mod settings;
pub mod shell_words;
pub mod store;

pub use mcp_tether_wire::{jsonrpc, protocol};
