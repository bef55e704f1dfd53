//! Finds, from a refused request, an authorization server that may be used and the scopes to
//! request. Registers nothing and opens nothing.

pub(crate) mod challenge;
pub(crate) mod issuer;
pub(crate) mod metadata;
pub(crate) mod requirements;
pub(crate) mod resource_identifier;
pub(crate) mod scopes;
pub(crate) mod search;
pub(crate) mod well_known;
