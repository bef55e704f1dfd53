//! Configurations of a cloned project, which someone else wrote: whatever is in them, what commands
//! show of an entry is one line without secrets, and nothing of it becomes a command.

use mcp_tether::hosts::{Document, HOSTS};
use mcp_tether::redact::{is_deceptive, plain};
use mcp_tether::shell_words::name_argument;

const SECRET: &str = "hunter2-of-a-project";
/// In a command, which is shown to whoever agrees to it, only what looks like a key is hidden.
const KEY: &str = "k3yOfAProject0123456789";

/// The first byte chooses the host. Each entry gets secrets where people have them.
pub fn project_files(input: &[u8]) {
    let Some((choice, text)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let host = &HOSTS[usize::from(*choice) % HOSTS.len()];
    let Ok(document) = Document::parse(text.trim_start_matches('\u{feff}'), host) else { return };
    for entry in document.entries() {
        let name = plain(&entry.place.name);
        assert!(!name.contains(is_deceptive_here), "{name:?}");
        let argument = name_argument(&entry.place.name, "NAME");
        assert!(!argument.starts_with('-'), "{argument:?} would be a flag");
        assert!(argument == "NAME" || is_one_word(&argument), "{argument:?}");
        shown(&entry.words);
        for secrets in [
            vec!["--header".to_owned(), format!("X-Key: {SECRET}")],
            vec![format!("--header=X-Key:{SECRET}"), "--api-key".to_owned(), SECRET.to_owned()],
            vec![format!("https://u:{SECRET}@h.example/mcp?key={SECRET}")],
            vec!["--token-command".to_owned(), format!("sh -c 'echo {KEY}'")],
        ] {
            // What stands before it may be a flag that takes the first of them as its value.
            let before = entry.words.iter().cloned().chain(["--".to_owned()]);
            shown(&before.chain(secrets).collect::<Vec<_>>());
        }
    }
}

fn shown(words: &[String]) {
    let text = mcp_tether::cli::describe_entry(words);
    assert!(!text.contains(SECRET) && !text.contains(KEY), "{text}");
    assert!(!text.contains(is_deceptive_here), "{text:?}");
}

fn is_deceptive_here(c: char) -> bool {
    // A selector of colour behind a symbol is shown as it is.
    is_deceptive(c) && c != '\u{fe0f}'
}

/// Whether a shell reads this as one word that it does not interpret.
fn is_one_word(word: &str) -> bool {
    let is_literal = |c: char| c.is_alphanumeric() || "-_./:@%+,=".contains(c);
    let mut quoted = false;
    let mut characters = word.chars();
    while let Some(c) = characters.next() {
        match c {
            '\'' => quoted = !quoted,
            // Outside of quotation marks, only an escaped quotation mark.
            '\\' if !quoted => assert_eq!(characters.next(), Some('\''), "{word}"),
            c if !quoted && !is_literal(c) => return false,
            _ => {}
        }
    }
    !quoted && !word.is_empty()
}
