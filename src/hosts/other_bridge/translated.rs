//! The arguments of other bridges as arguments of this program.

use crate::redact::shown_words;

/// The arguments of `mcp-proxy` (the one of PyPI) as ours. It joins a host to a URL, or offers a
/// program to others.
pub(super) fn of_mcp_proxy(
    words: &[String],
    variables: &[(String, String)],
) -> Result<Vec<String>, String> {
    let (mut url, mut arguments, mut is_sse) = (None, Vec::new(), true);
    let words = with_separate_values(words);
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let mut value = || rest.next().cloned().unwrap_or_default();
        match word.as_str() {
            "-H" | "--headers" => {
                let (name, text) = (value(), value());
                arguments.extend(["--header".to_owned(), format!("{name}:{text}")]);
            }
            "--transport" => is_sse = value() == "sse",
            "--debug" => arguments.push("--debug".to_owned()),
            "--log-level" => drop(value()),
            _ if word.contains("://") && url.is_none() => url = Some(word.clone()),
            _ if word.starts_with('-') => {
                return Err(format!("it has `{}`, which has no counterpart", shown_words(word)));
            }
            _ => return Err("it offers a program of this machine to others".to_owned()),
        }
    }
    if is_sse {
        arguments.extend(["--transport".to_owned(), "sse-first".to_owned()]);
    }
    if variables.iter().any(|(name, _)| name == "API_ACCESS_TOKEN") {
        let header = "Authorization:Bearer ${API_ACCESS_TOKEN}".to_owned();
        arguments.extend(["--header".to_owned(), header]);
    }
    Ok(url.into_iter().chain(arguments).collect())
}

/// The arguments of `supergateway` as ours.
pub(super) fn of_supergateway(words: &[String]) -> Result<Vec<String>, String> {
    let (mut url, mut arguments) = (None, Vec::new());
    let words = with_separate_values(words);
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let mut value = || rest.next().cloned().unwrap_or_default();
        match word.as_str() {
            "--sse" | "--streamableHttp" => {
                url = Some(value());
                let mode = if word == "--sse" { "sse-first" } else { "http-first" };
                arguments.extend(["--transport".to_owned(), mode.to_owned()]);
            }
            "--header" => arguments.extend(["--header".to_owned(), value()]),
            "--oauth2Bearer" => {
                let header = format!("Authorization:Bearer {}", value());
                arguments.extend(["--header".to_owned(), header]);
            }
            "--logLevel" => drop(value()),
            "--outputTransport" if value() == "stdio" => {}
            "--stdio" | "--outputTransport" => {
                return Err("it offers a program of this machine to others".to_owned());
            }
            other => {
                return Err(format!("it has `{}`, which has no counterpart", shown_words(other)));
            }
        }
    }
    Ok(url.into_iter().chain(arguments).collect())
}

/// `--name=value` is `--name value`.
fn with_separate_values(words: &[String]) -> Vec<String> {
    let split = |word: &String| match word.split_once('=').filter(|_| word.starts_with("--")) {
        Some((name, value)) => vec![name.to_owned(), value.to_owned()],
        None => vec![word.clone()],
    };
    words.iter().flat_map(split).collect()
}
