//! Helpers shared by several topics: processes, servers, a fake browser and a fake clock.

pub mod authorization_server;
pub mod browser_program;
pub mod browsing_person;
pub mod fakes;
pub mod harness;
pub mod home;
pub mod imports;
pub mod pages;
pub mod ports;
pub mod process;
pub mod rust_code;
pub mod scripted;
pub mod sign_in;
pub mod sources;
pub mod tls;
pub mod waiting;
