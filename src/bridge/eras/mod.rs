//! What the eras of host and remote mean to the loop: detecting them, and carrying out
//! what the adapters between them want. The rules of each translation are in `crate::eras`.

pub(super) mod era_detection;
pub(super) mod era_doubt;
pub(super) mod known_era;
pub(super) mod modern_host;
pub(super) mod modern_remote;
pub(super) mod translation;
