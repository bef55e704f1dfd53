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

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    fn joined(result: Result<Vec<String>, String>) -> String {
        result.map_or_else(|reason| format!("error: {reason}"), |words| words.join(" "))
    }

    const OFFERS: &str = "error: it offers a program of this machine to others";

    #[test]
    fn arguments_of_mcp_proxy_are_translated_or_the_reason_is_given() {
        for (given, ours) in [
            ("https://a.example/sse", "https://a.example/sse --transport sse-first"),
            ("--transport sse https://a.example", "https://a.example --transport sse-first"),
            ("--transport=streamablehttp https://a.example", "https://a.example"),
            ("https://a.example --transport streamablehttp --debug", "https://a.example --debug"),
            (
                "-H X-Key abc --headers X-B=1 2 --transport streamablehttp https://a.example",
                "https://a.example --header X-Key:abc --header X-B=1:2",
            ),
            ("--log-level DEBUG --transport x https://a.example", "https://a.example"),
            ("--transport x", ""),
            ("--port 80 https://a.example", "error: it has `--port`, which has no counterpart"),
            ("--port=80 https://a.example", "error: it has `--port`, which has no counterpart"),
            ("uvx mcp-server-fetch", OFFERS),
            ("https://a.example https://b.example", OFFERS),
        ] {
            assert_eq!(joined(of_mcp_proxy(&split(given), &[])), ours, "{given}");
        }
    }

    #[test]
    fn the_variable_of_mcp_proxy_becomes_a_header_that_names_it() {
        let variable = |name: &str| [(name.to_owned(), "secret".to_owned())];
        let given = split("https://a.example --transport x");
        let with = joined(of_mcp_proxy(&given, &variable("API_ACCESS_TOKEN")));
        let expected = "https://a.example --header Authorization:Bearer ${API_ACCESS_TOKEN}";
        assert_eq!(with, expected, "the value stays where it is");
        assert_eq!(joined(of_mcp_proxy(&given, &variable("OTHER"))), "https://a.example");
    }

    #[test]
    fn arguments_of_supergateway_are_translated_or_the_reason_is_given() {
        let none = |flag: &str| format!("error: it has `{flag}`, which has no counterpart");
        for (given, ours) in [
            ("--sse https://a.example", "https://a.example --transport sse-first".to_owned()),
            (
                "--streamableHttp=https://a.example/?a=b",
                "https://a.example/?a=b --transport http-first".to_owned(),
            ),
            (
                "--header A:b --oauth2Bearer t --logLevel none --sse https://a.example",
                "https://a.example --header A:b --header Authorization:Bearer t \
                 --transport sse-first"
                    .to_owned(),
            ),
            ("--outputTransport stdio", String::new()),
            ("--outputTransport=stdio", String::new()),
            ("--outputTransport sse --sse https://a.example", OFFERS.to_owned()),
            ("--stdio npx", OFFERS.to_owned()),
            ("--sse https://a.example --cors", none("--cors")),
            ("https://a.example", none("https://a.example")),
        ] {
            assert_eq!(joined(of_supergateway(&split(given))), ours, "{given}");
        }
        // A flag whose value is missing has no address, and the caller refuses that.
        assert_eq!(joined(of_supergateway(&split("--sse"))), " --transport sse-first");
    }

    #[test]
    fn a_value_may_be_attached_to_a_long_flag_only() {
        let given = ["--a=b=c", "-a=b", "a=b", "--a", "--a="].map(str::to_owned);
        let expected = ["--a", "b=c", "-a=b", "a=b", "--a", "--a", ""];
        assert_eq!(with_separate_values(&given), expected);
    }
}
