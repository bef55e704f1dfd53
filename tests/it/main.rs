//! One integration binary; a module per topic.

mod mock_streamable_http;
mod raw_host;
