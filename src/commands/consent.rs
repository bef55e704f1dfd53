//! Asks the user a yes-or-no question. The caller checks first that stdin is a terminal.

use crate::environment::to_stderr;
use crate::error::{Error, Result};

/// Asks the question and returns whether the answer is yes. Any other answer, or none, means no.
///
/// # Errors
/// Stdin cannot be read.
pub(super) fn ask(question: &str) -> Result<bool> {
    to_stderr(&format!("{question} [y/N] "));
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(|error| Error::failed(format!("cannot read the answer: {error}")))?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
