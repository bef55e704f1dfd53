//! Values that rows of the table share.

use super::super::entry_shape::{Expansion, Field, Format};
use super::super::known_host::{KnownHost, OlderFile, Others};
use super::super::places::{Place, Places, Scope};

pub(super) const MCP_SERVERS: &[&[&str]] = &[&["mcpServers"]];
pub(super) const SERVERS: &[&[&str]] = &[&["servers"]];
pub(super) const PLAIN: Format = Format::Json(&[]);
pub(super) const STDIO: Format = Format::Json(&[("type", "stdio")]);
/// Ten minutes in milliseconds: what the bridge itself grants a call.
pub(super) const CALL_LIMIT_MS: (&str, Field) = ("timeout", Field::Number(600_000));

/// The row from which most hosts differ only in parts.
pub(super) const USUAL: KnownHost = KnownHost {
    id: "",
    title: "",
    format: PLAIN,
    fields: &[],
    other_fields: &[],
    sections: MCP_SERVERS,
    accepts_comments: false,
    expansion: Expansion::Known,
    afterwards: "restart it",
    user: Places::NOWHERE,
    project: &[],
    older: &[],
    others: Others::None,
    programs: &[],
    link: None,
    also: None,
    evidence: &[],
};

/// A former file of the user.
pub(super) const fn older(
    place: Place,
    format: Format,
    sections: &'static [&'static [&'static str]],
) -> OlderFile {
    OlderFile { scope: Scope::User, place, format, sections }
}

/// A former file of a project; the place is below its folder.
pub(super) const fn older_of_project(
    place: Place,
    sections: &'static [&'static [&'static str]],
) -> OlderFile {
    OlderFile { scope: Scope::Project, place, format: PLAIN, sections }
}
