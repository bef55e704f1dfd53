//! A question to the person at the terminal. Whoever asks makes sure first that there is one.

use crate::environment::to_stderr;
use crate::error::{Error, Result};

/// Whether the answer on stdin is yes; anything else, and no answer at all, is no.
///
/// # Errors
/// Stdin cannot be read.
pub fn ask(question: &str) -> Result<bool> {
    to_stderr(&format!("{question} [y/N] "));
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(|error| Error::failed(format!("cannot read the answer: {error}")))?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
