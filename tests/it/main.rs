//! One integration binary; a module per topic.

#![expect(clippy::unwrap_used, reason = "helpers fail the test that uses them")]

mod mock_egrow;
mod mock_faults;
mod mock_http_sse;
mod mock_streamable_http;
mod raw_host;
