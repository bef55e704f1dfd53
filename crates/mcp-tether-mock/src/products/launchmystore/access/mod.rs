//! Access: accounts, passwords, roles and tokens. Knows nothing of HTTP.

mod ledger;
mod role;

pub(super) use ledger::{FIRST_PASSWORD, Ledger, StaffMember, Token, random};
pub(super) use role::{Role, read_role};
