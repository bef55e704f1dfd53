//! Roles of the admin. An assistant has the rights of its member's role.

use serde::{Deserialize, Serialize};

use super::super::entry::AdminArea;
use crate::product::ToolKind;

/// The role of a member, in ascending order of rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// May read.
    Viewer,
    /// May read, and write texts: blog, pages, themes, menus.
    Editor,
    /// May do everything but delete and refund.
    Manager,
    /// May do everything.
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

    /// Returns whether it may use this kind of tool in that part of the admin.
    pub(crate) fn permits(self, domain: AdminArea, kind: ToolKind) -> bool {
        match (self, kind) {
            (Self::Owner, _) | (_, ToolKind::Read) | (Self::Manager, ToolKind::Write) => true,
            (Self::Editor, ToolKind::Write) => domain.is_content(),
            _ => false,
        }
    }
}

/// Returns the role with this name, if one is given; the error names the valid ones.
pub(crate) fn read_role(name: Option<&str>) -> Result<Option<Role>, String> {
    match name.filter(|name| !name.is_empty()) {
        None => Ok(None),
        Some(name) => Role::from_name(name).map(Some).ok_or_else(|| {
            let names = Role::ALL.map(|role| format!("`{}`", role.name())).join(", ");
            format!("no role is called `{name}`, there are {names}")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_owner_deletes_and_an_editor_writes_only_texts() {
        for role in Role::ALL {
            assert_eq!(Role::from_name(role.name()), Some(role));
            for domain in AdminArea::ALL {
                assert!(role.permits(domain, ToolKind::Read));
                assert_eq!(role.permits(domain, ToolKind::Destructive), role == Role::Owner);
            }
        }
        assert!(Role::Editor.permits(AdminArea::Menus, ToolKind::Write));
        assert!(!Role::Editor.permits(AdminArea::Products, ToolKind::Write));
        assert!(Role::Manager.permits(AdminArea::Products, ToolKind::Write));
        assert!(!Role::Viewer.permits(AdminArea::Themes, ToolKind::Write));
    }
}
