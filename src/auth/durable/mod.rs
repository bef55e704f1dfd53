//! Token jobs: work whose interruption would cost a person a sign-in. `job` defines them,
//! `dispatch` does them, `runner` decides in which process.

pub(crate) mod dispatch;
pub(crate) mod job;
pub(crate) mod runner;
