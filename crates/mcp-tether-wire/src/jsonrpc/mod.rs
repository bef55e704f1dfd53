//! JSON-RPC 2.0 as MCP uses it: messages whose bytes stay untouched, their ids, messages of our
//! own, and line framing. Knows nothing about MCP methods and does no I/O.

mod batch;
mod compose;
mod frame;
mod id;
mod invalid;
mod kind;
mod line_breaks;
mod lines;
mod message;
mod object;
mod slice_range;
mod special_bytes;
mod tokens;
mod top_level;

pub use batch::MAX_BATCH_MEMBERS;
pub use compose::{
    error_object, error_response, error_response_without_id, notification, request, result_response,
};
pub use frame::{Frame, Overlap};
pub use id::RequestId;
pub use invalid::Invalid;
pub use kind::MessageKind;
pub use lines::{Line, LineDecoder};
pub use message::{Message, Received};
pub use object::{Change, Edit, Member, Object, apply, cut_ranges};
pub use slice_range::range_in;
