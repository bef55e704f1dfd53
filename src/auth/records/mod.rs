//! The stored records of sign-ins, and the interface to the store.

pub(crate) mod client_pin;
pub(crate) mod names;
pub(crate) mod record;
pub(crate) mod registration;
pub(crate) mod secret_text;
pub(crate) mod vault;
