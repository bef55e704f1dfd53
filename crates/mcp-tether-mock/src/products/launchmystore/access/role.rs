//! Roles of the admin: what somebody may not do there, their assistant may not do here.

use serde::{Deserialize, Serialize};

use super::super::entry::Domain;
use crate::product::Kind;

/// What somebody is in the store, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Looks.
    Viewer,
    /// Looks, and writes texts: blog, pages, themes, menus.
    Editor,
    /// Does everything but delete and refund.
    Manager,
    /// Does everything.
    Owner,
}

impl Role {
    pub(crate) const ALL: [Self; 4] = [Self::Owner, Self::Manager, Self::Editor, Self::Viewer];

    /// Its name in forms and answers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Manager => "manager",
            Self::Editor => "editor",
            Self::Viewer => "viewer",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether it may do this kind of thing in that part of the admin.
    pub(crate) fn permits(self, domain: Domain, kind: Kind) -> bool {
        match (self, kind) {
            (Self::Owner, _) | (_, Kind::Read) | (Self::Manager, Kind::Write) => true,
            (Self::Editor, Kind::Write) => domain.is_content(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_deletes_and_an_editor_writes_only_texts() {
        for role in Role::ALL {
            assert_eq!(Role::from_name(role.name()), Some(role));
            for domain in Domain::ALL {
                assert!(role.permits(domain, Kind::Read));
                assert_eq!(role.permits(domain, Kind::Destructive), role == Role::Owner);
            }
        }
        assert!(Role::Editor.permits(Domain::Menus, Kind::Write));
        assert!(!Role::Editor.permits(Domain::Products, Kind::Write));
        assert!(Role::Manager.permits(Domain::Products, Kind::Write));
        assert!(!Role::Viewer.permits(Domain::Themes, Kind::Write));
    }
}
