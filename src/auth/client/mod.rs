//! Our OAuth client at an authorization server: its registration, redirect URI and authentication.
//! Requests no tokens.

pub(crate) mod assertion_source;
pub(crate) mod auth_method;
pub(crate) mod authenticated_client;
pub(crate) mod authentication;
pub(crate) mod pre_registered;
pub(crate) mod redirect_uri;
pub(crate) mod registration;
mod registration_variant;
pub(crate) mod signing_key;
