//! Who we are at an authorization server: how a client gets its id, where its browser comes back
//! to, and how it proves itself. Asks for no tokens.

pub(crate) mod assertion_source;
pub(crate) mod auth_method;
pub(crate) mod authenticated_client;
pub(crate) mod authentication;
pub(crate) mod pre_registered;
pub(crate) mod redirect_uri;
pub(crate) mod registration;
mod registration_wishes;
pub(crate) mod signing_key;
