//! Asks the user a yes-or-no question. The caller checks first that stdin is a terminal.

use crate::environment::{Asking, stderr_is_terminal, stdin_is_terminal};
use crate::error::{Error, Result};

/// Asks the question if there is a terminal; otherwise, as with `yes`, the answer is yes, because a
/// script runs the command deliberately.
///
/// # Errors
/// As for [`ask`].
pub(super) fn agrees(question: &str, yes: bool) -> Result<bool> {
    let can_ask = stdin_is_terminal() && stderr_is_terminal();
    if yes || !can_ask { Ok(true) } else { ask(question) }
}

/// Asks the question and returns the answer, trimmed; `None` at the end of the input.
///
/// # Errors
/// Stdin cannot be read.
pub(super) fn ask_for_text(question: &str) -> Result<Option<String>> {
    let _asking = Asking::start(question);
    let mut answer = String::new();
    let length = std::io::stdin().read_line(&mut answer).map_err(|error| {
        Error::failed(format!("cannot read the answer: {error}"))
            .hint("give it on the command line")
    })?;
    Ok((length > 0).then(|| answer.trim().to_owned()))
}

/// Asks the question and returns whether the answer is yes. Any other answer, or none, means no.
///
/// # Errors
/// Stdin cannot be read.
pub(super) fn ask(question: &str) -> Result<bool> {
    let _asking = Asking::start(&format!("{question} [y/N] "));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|error| {
        Error::failed(format!("cannot read the answer: {error}"))
            .hint("agree beforehand with `--yes`")
    })?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
