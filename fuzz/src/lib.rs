//! What the fuzz targets check, as plain functions: `fuzz_targets` hands them to libFuzzer, and the
//! test below hands them the corpus with an ordinary compiler. A broken rule is a panic.

mod budget;
mod callback;
mod envelope;
mod framing;
mod headers;
mod hosts;
mod projects;
mod redaction;
mod remotes;
mod sessions;
mod sign_in;

pub use budget::budget;
pub use callback::callback;
pub use envelope::json_rpc;
pub use framing::{events, lines};
pub use headers::{challenge, header_values};
pub use hosts::host_configuration;
pub use projects::project_files;
pub use redaction::redaction;
pub use remotes::modern_remote;
pub use sessions::modern_host;
pub use sign_in::{metadata, sign_in_files};

/// Cuts what follows the first byte into chunks whose sizes that byte determines.
fn chunks(input: &[u8]) -> Option<(Vec<&[u8]>, &[u8])> {
    let (seed, whole) = input.split_first()?;
    let mut sizes = [usize::from(seed % 7) + 1, usize::from(seed / 16) + 1].into_iter().cycle();
    let (mut rest, mut cut) = (whole, Vec::new());
    while !rest.is_empty() {
        let size = sizes.next().unwrap_or(1).min(rest.len());
        cut.push(&rest[..size]);
        rest = &rest[size..];
    }
    Some((cut, whole))
}

#[cfg(test)]
mod tests;
