//! Signing in to a remote. [`Authorizer`] gives the `Authorization` header for the next request and deals
//! with refusals; everything else here serves it. Where records rest is behind [`Vault`].

mod addresses;
mod authorization_code;
mod callback;
mod challenge;
mod client_authentication;
mod discovery;
mod metadata;
mod options;
mod outside;
mod page;
mod pre_registered;
mod record;
mod redirect;
mod registration;
mod scopes;
mod secret_text;
mod token;
mod token_endpoint;
mod vault;
mod well_known;

pub use options::{AuthOptions, Grant, Login, ResourceIndicator};
pub use vault::{MemoryVault, Vault, VaultError, VaultLock};
