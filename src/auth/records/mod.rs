//! What is stored of a sign-in, and the interface to where it is stored.

pub(crate) mod client_pin;
pub(crate) mod names;
pub(crate) mod record;
pub(crate) mod registration;
pub(crate) mod secret_text;
pub(crate) mod vault;
