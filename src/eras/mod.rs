//! Translation between the eras, as pure state machines: messages and the time in, effects out. Each
//! rule is a row of a table or a small function with its requirement number beside it.
//!
//! The loop speaks one language, that of the legacy era. [`modern_host`] stands between a host of
//! 2026-07-28 and the loop and behaves towards the loop like a legacy host. No I/O, no runtime.

pub mod modern_host;
