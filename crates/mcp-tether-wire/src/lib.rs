//! What both ends of the wire must agree on: JSON-RPC messages whose bytes stay untouched, and
//! facts of the Model Context Protocol as tables. No I/O, and nothing of the bridge or the mock.

pub mod jsonrpc;
pub mod protocol;
