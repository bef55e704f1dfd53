//! What the tests of this binary share: servers, a browser and a clock that obey.

pub mod authorization_server;
pub mod fakes;
pub mod sign_in;
