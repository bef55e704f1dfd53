//! One integration binary; a module per topic.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod auth_discovery;
mod auth_flow;
mod auth_hostile;
mod auth_shared;
mod support;
