//! The OAuth side of the mock, judged by what is on the wire: a client written here, in plain HTTP,
//! meets a correct and strict authorization server, then a broken and a hostile one.

mod consent;
mod discovery;
mod faults;
mod grants;
mod other_grants;
pub mod signing;
