//! Translation between the eras, as pure state machines: messages and the time in, effects out.
//! Each rule is a row of a table or a small function that cites its id in `docs/rules.md`.
//!
//! The loop knows the legacy era only. [`ModernRemote`] stands between the loop and a remote of
//! 2026-07-28 and behaves like a legacy remote towards the loop; [`modern_host`] stands between a
//! host of 2026-07-28 and the loop and behaves like a legacy host. No I/O, no async runtime.

mod adapter_context;
mod duplicate_members;
mod era_detection;
mod headers;
mod host;
mod merge_pages;
pub mod modern_host;
mod modern_remote;
mod tool_pinning;
mod trace_context;
mod waiting_queue;

pub use adapter_context::{AdapterContext, Exchange, Numbers};
pub use era_detection::{
    Detection, NextAction, Pin, Probe, ProbeOrder, ProbeOutcome, SsePosition, era_by_discover,
};
pub use headers::encode as encode_header_value;
pub use host::{is_removed, named_version, speaks_modern};
pub use merge_pages::MergePages;
pub use modern_remote::{AdapterOptions, ModernRemote, RemoteEffect};
pub use tool_pinning::ToolPinning;
pub use trace_context::trace_headers;
pub use waiting_queue::{HasMessage, WaitingQueue};
