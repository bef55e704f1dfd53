//! One integration binary; a module per topic.

mod cli_help;
mod commands;
mod layering;
mod settings;
mod support;
