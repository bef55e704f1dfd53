//! The types that tools return, as tables: the output schemas that hosts see and the types
//! of the GraphQL escape hatch come from one place. The tables are in `shapes`.

use serde_json::{Map, Value, json};

use super::desk::Desk;

/// A type of object.
pub(super) struct Type {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// Its members in lists.
    pub(super) brief: &'static [Member],
    /// Its additional members when it is shown alone.
    pub(super) more: &'static [Member],
    /// Finds its full form by id, if it has an identity: within other objects only a part of it is
    /// shown.
    pub(super) find: Option<fn(&Desk, &str) -> Option<Value>>,
}

/// A member of a type.
#[derive(Clone, Copy)]
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) is: Is,
    presence: Presence,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Always,
    /// Null if absent.
    OrNull,
    /// Only when it was asked for.
    Sometimes,
    /// In GraphQL only: a link to another object, by the id in this member.
    Link(&'static str),
}

/// The type of a member.
#[derive(Clone, Copy)]
pub(super) enum Is {
    Text,
    Whole,
    Flag,
    Texts,
    /// Any JSON, where names are data.
    Data,
    One(&'static Type),
    Many(&'static Type),
}

pub(super) const fn has(name: &'static str, is: Is) -> Member {
    Member { name, is, presence: Presence::Always }
}

pub(super) const fn or_null(name: &'static str, is: Is) -> Member {
    Member { name, is, presence: Presence::OrNull }
}

pub(super) const fn sometimes(name: &'static str, is: Is) -> Member {
    Member { name, is, presence: Presence::Sometimes }
}

/// What `by` is the id of.
pub(super) const fn link(name: &'static str, to: &'static Type, by: &'static str) -> Member {
    Member { name, is: Is::One(to), presence: Presence::Link(by) }
}

impl Type {
    /// Everything it has, in GraphQL.
    pub(super) fn members(&self) -> impl Iterator<Item = &'static Member> {
        self.brief.iter().chain(self.more)
    }

    /// Returns the schema of the object alone.
    pub(super) fn in_full(&self) -> Value {
        object(self.members(), true)
    }

    /// The schema of it as an entry of a list.
    pub(super) fn in_list(&self) -> Value {
        object(self.brief.iter(), true)
    }

    /// The schema within another object: an object with an identity is only referenced there.
    fn within(&self) -> Value {
        if self.find.is_none() {
            return self.in_full();
        }
        let plain = |member: &&Member| !matches!(member.is, Is::One(_) | Is::Many(_));
        let mut schema = object(self.members().filter(plain), false);
        schema["required"] = json!(["id"]);
        schema
    }
}

fn object<'a>(members: impl Iterator<Item = &'a Member>, demanding: bool) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for member in members.filter(|member| !matches!(member.presence, Presence::Link(_))) {
        let mut schema = member.is.schema();
        if member.presence == Presence::OrNull {
            schema = json!({ "anyOf": [schema, { "type": "null" }] });
        }
        properties.insert(member.name.to_owned(), schema);
        if member.presence != Presence::Sometimes {
            required.push(member.name);
        }
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if demanding {
        schema["required"] = required.into();
    }
    schema
}

impl Member {
    /// Returns whether GraphQL may rely on it.
    pub(super) fn is_certain(&self) -> bool {
        self.presence == Presence::Always
    }

    /// The member that holds the id this one leads to.
    pub(super) fn link(&self) -> Option<&'static str> {
        match self.presence {
            Presence::Link(by) => Some(by),
            _ => None,
        }
    }
}

impl Is {
    fn schema(self) -> Value {
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::Whole => json!({ "type": "integer" }),
            Self::Flag => json!({ "type": "boolean" }),
            Self::Texts => json!({ "type": "array", "items": { "type": "string" } }),
            Self::Data => json!({}),
            Self::One(of) => of.within(),
            Self::Many(of) => json!({ "type": "array", "items": of.within() }),
        }
    }
}
