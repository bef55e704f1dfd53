//! Token jobs: work whose interruption would cost a person a sign-in. What they are (`job`), who
//! does them (`dispatch`), and where (`runner`).

pub(crate) mod dispatch;
pub(crate) mod job;
pub(crate) mod runner;
