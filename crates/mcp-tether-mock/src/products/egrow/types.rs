//! The result types of tools, as tables from which both the output schemas and the GraphQL types
//! are derived. The tables are in `shapes`.

use serde_json::{Map, Value, json};

use super::desk::Desk;

/// A type of object.
pub(super) struct Type {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// Its members in lists.
    pub(super) brief: &'static [TypeMember],
    /// Its additional members when it is shown alone.
    pub(super) more: &'static [TypeMember],
    /// Finds the full object by id, if it has one: within other objects only a part of it is shown.
    pub(super) find: Option<fn(&Desk, &str) -> Option<Value>>,
}

/// A member of a type.
#[derive(Clone, Copy)]
pub(super) struct TypeMember {
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
    /// Any JSON, for objects whose member names are data.
    Data,
    One(&'static Type),
    Many(&'static Type),
}

pub(super) const fn has(name: &'static str, is: Is) -> TypeMember {
    TypeMember { name, is, presence: Presence::Always }
}

pub(super) const fn or_null(name: &'static str, is: Is) -> TypeMember {
    TypeMember { name, is, presence: Presence::OrNull }
}

pub(super) const fn sometimes(name: &'static str, is: Is) -> TypeMember {
    TypeMember { name, is, presence: Presence::Sometimes }
}

/// Returns a link to the object whose id is in the member `by`.
pub(super) const fn link(name: &'static str, to: &'static Type, by: &'static str) -> TypeMember {
    TypeMember { name, is: Is::One(to), presence: Presence::Link(by) }
}

impl Type {
    /// Returns all members, for GraphQL.
    pub(super) fn members(&self) -> impl Iterator<Item = &'static TypeMember> {
        self.brief.iter().chain(self.more)
    }

    /// Returns the schema of the object alone.
    pub(super) fn in_full(&self) -> Value {
        object(self.members(), true)
    }

    /// Returns the schema of the object as an entry of a list.
    pub(super) fn in_list(&self) -> Value {
        object(self.brief.iter(), true)
    }

    /// Returns the schema within another object, where an object with an id is only referenced.
    fn within(&self) -> Value {
        if self.find.is_none() {
            return self.in_full();
        }
        let plain = |member: &&TypeMember| !matches!(member.is, Is::One(_) | Is::Many(_));
        let mut schema = object(self.members().filter(plain), false);
        schema["required"] = json!(["id"]);
        schema
    }
}

fn object<'a>(members: impl Iterator<Item = &'a TypeMember>, demanding: bool) -> Value {
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

impl TypeMember {
    /// Returns whether GraphQL may rely on it.
    pub(super) fn is_certain(&self) -> bool {
        self.presence == Presence::Always
    }

    /// Returns the member with the id that this one links to.
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
