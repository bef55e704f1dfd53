//! The OAuth side of the mock, judged by its HTTP traffic: a client written here talks to a correct
//! and strict authorization server, then to a broken and a hostile one.

mod consent;
mod discovery;
mod faults;
mod grants;
mod other_grants;
pub mod signing;
