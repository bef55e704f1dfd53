//! Schemas that makers of hosts publish, as far as they are about an entry that starts a program:
//! the golden files keep to them, and so does what `install` writes.

use mcp_tether::hosts::{Evidence, HOSTS, KnownHost};

use super::golden::{documented, members};
use super::{Home, URL};

/// An entry by a published schema.
struct Published {
    hosts: &'static [&'static str],
    /// Each member with the kinds that its value may have.
    members: &'static [(&'static str, &'static [&'static str])],
    required: &'static [&'static str],
    /// Whether the schema forbids other members.
    is_closed: bool,
}

const TEXT: &[&str] = &["string"];
const LIST: &[&str] = &["array"];
const OBJECT: &[&str] = &["object"];
const SWITCH: &[&str] = &["boolean"];
const NUMBER: &[&str] = &["number"];

const PUBLISHED: &[Published] = &[
    // schemas/agent-v1.json of Amazon Q Developer CLI, `CustomToolConfig`.
    Published {
        hosts: &["amazon-q"],
        members: &[
            ("type", TEXT),
            ("command", TEXT),
            ("args", LIST),
            ("env", OBJECT),
            ("timeout", NUMBER),
            ("disabled", SWITCH),
        ],
        required: &[],
        is_closed: false,
    },
    // `MCPServerSchema` of the package @sourcegraph/amp-sdk, for entries that start a program.
    Published {
        hosts: &["amp"],
        members: &[("command", TEXT), ("args", LIST), ("env", OBJECT), ("disabled", SWITCH)],
        required: &["command"],
        is_closed: true,
    },
    // codex-rs/core/config.schema.json, `RawMcpServerConfig`.
    Published {
        hosts: &["codex"],
        members: &[
            ("command", TEXT),
            ("args", LIST),
            ("env", OBJECT),
            ("env_vars", LIST),
            ("cwd", TEXT),
            ("startup_timeout_sec", NUMBER),
            ("tool_timeout_sec", NUMBER),
            ("enabled", SWITCH),
            ("required", SWITCH),
            ("enabled_tools", LIST),
            ("disabled_tools", LIST),
        ],
        required: &[],
        is_closed: true,
    },
    // schema.json of Crush, `MCPConfig`.
    Published {
        hosts: &["crush"],
        members: &[
            ("type", TEXT),
            ("command", TEXT),
            ("args", LIST),
            ("env", OBJECT),
            ("timeout", NUMBER),
            ("disabled", SWITCH),
            ("disabled_tools", LIST),
            ("enabled_tools", LIST),
        ],
        required: &["type"],
        is_closed: true,
    },
    // schemas/settings.schema.json of Gemini CLI, `MCPServerConfig`.
    Published {
        hosts: &["gemini"],
        members: &[
            ("type", TEXT),
            ("command", TEXT),
            ("args", LIST),
            ("env", OBJECT),
            ("cwd", TEXT),
            ("timeout", NUMBER),
            ("trust", SWITCH),
            ("description", TEXT),
            ("includeTools", LIST),
            ("excludeTools", LIST),
        ],
        required: &[],
        is_closed: true,
    },
    // `McpLocalConfig` of Kilo Code: packages/core/src/v1/config/mcp.ts and @kilocode/sdk.
    Published {
        hosts: &["kilo"],
        members: &[
            ("type", TEXT),
            ("command", LIST),
            ("environment", OBJECT),
            ("env", OBJECT),
            ("enabled", SWITCH),
            ("timeout", NUMBER),
        ],
        required: &["type", "command"],
        is_closed: true,
    },
    // opencode.ai/config.json, `McpLocalConfig`.
    Published {
        hosts: &["opencode"],
        members: &[
            ("type", TEXT),
            ("command", LIST),
            ("cwd", TEXT),
            ("environment", OBJECT),
            ("enabled", SWITCH),
            ("timeout", NUMBER),
        ],
        required: &["type", "command"],
        is_closed: true,
    },
    // `mcpStdioServerSchema` of VS Code.
    Published {
        hosts: &["vscode", "vscode-insiders"],
        members: &[
            ("type", TEXT),
            ("command", TEXT),
            ("args", LIST),
            ("env", OBJECT),
            ("envFile", TEXT),
            ("cwd", TEXT),
            ("dev", OBJECT),
        ],
        required: &[],
        is_closed: true,
    },
];

impl Published {
    fn check(&self, host: &KnownHost, text: &str, name: &str) {
        let entry = members(host, text, name);
        for (key, kind) in &entry {
            match self.members.iter().find(|(other, _)| other == key) {
                Some((_, kinds)) => assert!(kinds.contains(kind), "{}: `{key}`: {kind}", host.id),
                None => assert!(!self.is_closed, "{}: `{key}` is not in the schema", host.id),
            }
        }
        for key in self.required {
            assert!(entry.contains_key(*key), "{}: `{key}` is required", host.id);
        }
    }
}

#[test]
fn entries_keep_to_the_schemas_that_makers_publish() {
    let home = Home::new();
    for published in PUBLISHED {
        for id in published.hosts {
            let host = KnownHost::from_id(id).unwrap();
            published.check(host, &documented(host), "documented");
            let words = ["install", URL, "--host", id, "--name", "shop", "--print"];
            published.check(host, &home.ok(&words).stdout, "shop");
        }
    }
}

/// A row that names a schema has one here, and the other way round.
#[test]
fn each_published_schema_of_a_row_is_held_against_its_entries() {
    let named = HOSTS.iter().filter(|host| {
        host.evidence.iter().any(|evidence| matches!(evidence, Evidence::Schema(_)))
    });
    let named: Vec<&str> = named.map(|host| host.id).collect();
    let held: Vec<&str> = PUBLISHED.iter().flat_map(|published| published.hosts).copied().collect();
    assert_eq!(named, held);
}
