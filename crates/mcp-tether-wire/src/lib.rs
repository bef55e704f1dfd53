//! The protocol code that both ends of the wire share: JSON-RPC messages whose bytes stay
//! untouched, and facts of the Model Context Protocol as tables. No I/O, and no knowledge of the
//! bridge or the mock.

pub mod jsonrpc;
pub mod protocol;
