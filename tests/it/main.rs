//! One integration binary; a module per topic.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]
#![expect(clippy::disallowed_methods, reason = "tests write files of their own")]

mod about;
mod amplification;
mod architecture;
mod auth_bad_endpoints;
mod auth_boundaries;
mod auth_client_authentication;
mod auth_discovery;
mod auth_dpop;
mod auth_enterprise;
mod auth_flow;
mod auth_hostile;
mod auth_moves;
mod auth_overruled;
mod auth_pushed;
mod auth_refusals;
mod auth_shared;
mod auth_token_jobs;
mod auth_workload;
mod bounds;
mod bridge_sign_in;
#[cfg(unix)]
mod canary;
mod chaos;
mod cli_help;
mod client_certificates;
mod client_document;
mod commands;
#[cfg(unix)]
mod credentials;
mod docs;
mod doctor;
mod documented_commands;
mod duplicate_members;
mod era_matrix;
mod eras;
mod error_texts;
mod event_stream_judge;
mod event_streams;
mod extensions;
mod failures;
mod host_clock;
// The corpus of the fuzz targets, without a fuzzer and without building everything once more for
// it.
#[path = "../../fuzz/src/lib.rs"]
mod fuzz;
#[cfg(unix)]
mod hostile;
mod hosts;
mod http2_peers;
mod http_sse;
mod json_output;
#[cfg(target_os = "linux")]
#[path = "../keyring/mod.rs"]
mod keyring;
mod known_hosts;
#[cfg(target_os = "linux")]
mod last_lines;
mod layering;
#[cfg(unix)]
mod leaving;
mod life_cycle;
mod log_lines;
mod login_pages;
mod mock_data;
mod mock_egrow;
mod mock_faults;
mod mock_graphql;
mod mock_http_sse;
mod mock_launchmystore;
mod mock_modern;
mod mock_oauth;
mod mock_pelcro;
mod mock_questions;
mod mock_streamable_http;
mod mock_tools;
mod modern_host;
mod modern_host_life;
mod network;
mod odd_peers;
mod odd_servers;
mod odd_streams;
mod odd_wire;
mod offer;
mod one_rule_for_all;
#[cfg(target_os = "linux")]
mod open_ports;
#[cfg(unix)]
mod pinned_tools;
mod promised_numbers;
mod providers;
mod raw_host;
#[cfg(unix)]
mod recording;
mod remembered;
mod rules;
mod running;
mod secrets;
mod settings;
mod shape;
mod sign_in_commands;
mod stdio_side;
mod store_driver;
mod store_files;
#[cfg(target_os = "linux")]
mod store_no_keyring;
mod store_processes;
mod streamable_http;
mod support;
#[cfg(target_os = "linux")]
mod terminal;
mod trace_context;
mod try_it;
mod workflows;
