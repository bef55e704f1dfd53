//! Connects the loop with the eras: detects the remote's, and passes messages to and from the
//! adapters. The translation rules are in `crate::eras`.

pub(super) mod detection_start;
pub(super) mod era_detection;
pub(super) mod era_doubt;
pub(super) mod known_era;
pub(super) mod modern_host;
pub(super) mod modern_remote;
pub(super) mod ongoing_detection;
pub(super) mod translation;
