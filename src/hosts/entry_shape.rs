//! What an entry looks like in a host's file: its format, the members beside its command, and what
//! the host replaces in it.

/// What the entries of a file look like.
#[derive(Clone, Copy, Debug)]
pub(super) struct EntryShape {
    pub(super) format: Format,
    pub(super) fields: Fields,
    pub(super) expansion: Expansion,
}

/// The format of a host's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `{ command, args, env }` in JSON, after members with these constant values.
    Json(&'static [(&'static str, &'static str)]),
    /// `{ type: "local", command: [command, …args], environment }` in JSON.
    JsonWords,
    /// `command`, `args` and `env` in a TOML table.
    Toml,
    /// `name`, `type: stdio`, `cmd`, `args` and `envs` in a YAML mapping.
    Yaml,
}

/// The keys of a section, from the outermost.
pub(super) type SectionKeys = &'static [&'static str];
/// Constant members, in the order in which they are written.
pub(super) type Fields = &'static [(&'static str, Field)];

/// The value of a constant member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// A truth value.
    Switch(bool),
    /// A number, in the host's unit.
    Number(u32),
    /// A list of words.
    Words(&'static [&'static str]),
    /// Members with numbers.
    Numbers(&'static [(&'static str, u32)]),
}

/// What a host replaces in the words of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expansion {
    /// Nothing, or only names that it knows; `${keyring:NAME}` arrives as it is.
    Known,
    /// Everything that a shell would replace in a here-document; such text is escaped.
    Shell,
}
