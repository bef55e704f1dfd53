//! The audit log: which tool was called, by which account, in which role, and with what outcome.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::access::StaffMember;
use super::shop_error::ShopError;
use crate::product::Moment;

/// How many entries are kept; older ones are dropped.
const MAX_ENTRIES: usize = 1000;

/// The recorded calls, oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Audit(VecDeque<LoggedCall>);

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LoggedCall {
    pub(super) at: Moment,
    /// The interface of the call: always `mcp`.
    pub(super) source: String,
    pub(super) tool: String,
    pub(super) account: String,
    pub(super) role: String,
    /// `done`, or the code of the error.
    pub(super) outcome: String,
}

impl Audit {
    pub(super) fn note(
        &mut self,
        at: Moment,
        tool: &str,
        member: &StaffMember,
        problem: Option<&ShopError>,
    ) {
        if self.0.len() == MAX_ENTRIES {
            self.0.pop_front();
        }
        self.0.push_back(LoggedCall {
            at,
            source: "mcp".to_owned(),
            tool: tool.to_owned(),
            account: member.email.clone(),
            role: member.role.name().to_owned(),
            outcome: problem.map_or("done", ShopError::code).to_owned(),
        });
    }

    /// Returns the last entries, the newest first.
    pub(super) fn last(&self, count: usize) -> Vec<&LoggedCall> {
        self.0.iter().rev().take(count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::access::Role;
    use super::*;

    #[test]
    fn the_log_is_bounded_and_keeps_the_newest() {
        let member = StaffMember { email: "a@b.example".to_owned(), role: Role::Viewer };
        let mut audit = Audit::default();
        for at in 0..1_500 {
            audit.note(Moment(at), "list_orders", &member, Some(&ShopError::forbidden("no")));
        }
        assert_eq!(audit.0.len(), MAX_ENTRIES);
        assert_eq!(audit.last(1)[0].at, Moment(1_499));
        assert_eq!(audit.last(1)[0].outcome, "forbidden");
    }
}
