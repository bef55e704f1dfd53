//! JSON-RPC 2.0 as MCP uses it: messages whose bytes stay untouched, their ids, error answers and
//! line framing. Knows nothing about MCP methods and does no I/O.

mod answer;
mod frame;
mod id;
mod lines;
mod message;
mod object;

pub use answer::{error_response, error_response_without_id, result_response};
pub use frame::{Frame, Overlap};
pub use id::RequestId;
pub use lines::{Line, LineDecoder};
pub use message::{Invalid, Kind, Message, Received};
pub use object::{Change, Edit, Member, Object, apply, cut_ranges};
