//! One integration binary; a module per topic.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod cli_help;
mod commands;
mod http_sse;
mod layering;
mod life_cycle;
mod mock_egrow;
mod mock_faults;
mod mock_http_sse;
mod mock_oauth;
mod mock_streamable_http;
mod raw_host;
mod settings;
mod stdio_side;
mod streamable_http;
mod support;
mod try_it;
