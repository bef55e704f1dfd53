//! One integration binary; a module per topic.

mod mock_faults;
mod mock_http_sse;
mod mock_streamable_http;
mod raw_host;
