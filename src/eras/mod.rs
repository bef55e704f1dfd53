//! Translation between the eras, as pure state machines: messages and the time in, effects out.
//! Each rule is a row of a table or a small function with its requirement number beside it.
//!
//! The loop speaks one language, that of the legacy era. [`ModernRemote`] stands between the loop
//! and a remote of 2026-07-28 and behaves towards the loop like a legacy remote; [`modern_host`]
//! stands between a host of 2026-07-28 and the loop and behaves like a legacy host. No I/O, no
//! runtime.

mod doubled;
mod finding;
mod headers;
mod host;
pub mod modern_host;
mod modern_remote;
mod turn;

pub use finding::{Finding, Heard, Next, Pin, Place, Step, Steps};
pub use headers::encoded as header_value;
pub use host::{is_removed, named_version, speaks_modern};
pub use modern_remote::{ModernRemote, RemoteEffect, RemoteOptions};
pub use turn::{Exchange, Numbers, Turn};
