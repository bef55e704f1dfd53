//! Parses extra headers from flags, settings and header files: `Name: value` lines with `${NAME}`
//! in values. Refuses what would break a request or the protocol (S-08, T-27). Messages never
//! contain a value.

use std::cell::RefCell;

use http::{HeaderName, HeaderValue};

use crate::error::{Error, Result};
use crate::protocol::headers::is_reserved;
use crate::redact::{Secret, plain};

/// Looks up the name between `${` and `}`: a variable, or `keyring:` and a name.
pub type VariableLookup<'a> = &'a dyn Fn(&str) -> Result<Option<Secret<String>>>;

/// Looks up the secret for `${keyring:NAME}`, by the name without `keyring:`.
pub type KeyringLookup<'a> = &'a dyn Fn(&str) -> Result<Secret<String>>;

/// The prefix of a name that refers to a secret in the keyring.
pub const KEYRING: &str = "keyring:";

/// Parses `Name: value` or `Name:value`. `place` says where the line is, for messages.
///
/// # Errors
/// The colon is missing, the name or value is not valid in a header, only the bridge may set this
/// header, or a `${…}` cannot be expanded.
pub fn parse_line(
    line: &str,
    place: &str,
    lookup: VariableLookup<'_>,
) -> Result<(HeaderName, HeaderValue)> {
    let (name, value) = line
        .split_once(':')
        .ok_or_else(|| Error::usage(format!("{place} has no colon")).hint("write `Name: value`"))?;
    let name = header_name(name.trim_matches([' ', '\t']), place)?;
    let value = expand(value.trim_matches([' ', '\t']), lookup)
        .map_err(|problem| problem.into_error(&format!("the header `{name}`"), place))?;
    let value = header_value(&name, value.expose_to_wire().trim_matches([' ', '\t']), place)?;
    Ok((name, value))
}

/// The names in the `${…}` of a header that was given as a flag. They need not be set.
///
/// # Errors
/// As for `parse_line`, except that variables may be unset.
pub fn named_variables(line: &str) -> Result<Vec<String>> {
    let names = RefCell::new(Vec::new());
    let lookup = |name: &str| {
        names.borrow_mut().push(name.to_owned());
        Ok(Some(Secret::new("x".to_owned())))
    };
    parse_line(line, "the value of `--header`", &lookup)?;
    Ok(names.into_inner())
}

/// Parses a header file: one header per line. Blank lines and lines that start with `#` are
/// skipped.
///
/// # Errors
/// As for [`parse_line`]; the message contains the number of the line.
pub fn parse_file(
    path: &str,
    text: &str,
    lookup: VariableLookup<'_>,
) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_header = |(_, line): &(usize, &str)| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#')
    };
    let parse = |(number, line): (usize, &str)| {
        let place = format!("line {} of the header file `{}`", number + 1, plain(path));
        parse_line(line, &place, lookup)
    };
    text.lines().enumerate().filter(is_header).map(parse).collect()
}

/// Parses the name of a header (RFC 9110 section 5.1) that the bridge does not set itself.
pub(super) fn header_name(name: &str, place: &str) -> Result<HeaderName> {
    if is_reserved(name) {
        let message = format!("{place} sets `{}`, which only the bridge may set", plain(name));
        return Err(
            Error::usage(message).hint("remove it: another value there would break the protocol")
        );
    }
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
        Error::usage(format!("`{}` is not a valid header name (in {place})", plain(name)))
            .hint("a header name consists of letters, digits and hyphens: `Name: value`")
    })
}

fn header_value(name: &HeaderName, value: &str, place: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
        let what =
            if value.contains(['\r', '\n']) { "a line break" } else { "a control character" };
        Error::usage(format!("{place} has {what} in the value of `{name}`"))
            .hint("the value of a header is a single line of text")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// The reason why a `${…}` cannot be expanded.
#[derive(Debug)]
pub(super) enum ExpansionProblem {
    Unset(String),
    Refused(Error),
    Unclosed,
    NotAName,
}

impl ExpansionProblem {
    /// The error for the user; `subject` says what the value is for.
    pub(super) fn into_error(self, subject: &str, place: &str) -> Error {
        let escape = "write `$${` for a literal `${`";
        match self {
            Self::Unset(name) => Error::usage(format!(
                "the variable `{name}` for {subject} is not set (in {place})"
            ))
            .hint(format!(
                "set it in the host's `env`, or in the settings file: `[defaults.env]` and `{name} \
                 = \"…\"`"
            ))
            .hint(escape),
            Self::Refused(error) => error,
            Self::Unclosed => Error::usage(format!(
                "`${{` without a closing `}}` in the value of {subject} (in {place})"
            ))
            .hint(escape),
            Self::NotAName => Error::usage(format!(
                "`${{…}}` in the value of {subject} does not contain the name of a variable (in \
                 {place})"
            ))
            .hint(escape),
        }
    }
}

/// Expands `${NAME}`. `$${` stands for a literal `${`; any other `$` is left alone.
pub(super) fn expand(
    value: &str,
    lookup: VariableLookup<'_>,
) -> std::result::Result<Secret<String>, ExpansionProblem> {
    let mut parts = Vec::new();
    let mut part = |text: &str| parts.push(Secret::new(text.to_owned()));
    let mut rest = value;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            part(&rest[..at - 1]);
            part("${");
            rest = &rest[at + 2..];
            continue;
        }
        part(&rest[..at]);
        let (name, after) = rest[at + 2..].split_once('}').ok_or(ExpansionProblem::Unclosed)?;
        if !name.starts_with(KEYRING) && !is_variable_name(name) {
            return Err(ExpansionProblem::NotAName);
        }
        let found = lookup(name).map_err(ExpansionProblem::Refused)?;
        part(found.ok_or_else(|| ExpansionProblem::Unset(name.to_owned()))?.expose());
        rest = after;
    }
    part(rest);
    // Allocated once, so that reallocation leaves no copy behind (S-43).
    let texts: Vec<&str> = parts.iter().map(|part| part.expose().as_str()).collect();
    Ok(Secret::new(texts.concat()))
}

fn is_variable_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Result<Option<Secret<String>>> {
        if name == "keyring:absent" {
            return Err(Error::failed("there is no secret `absent`").hint("set it"));
        }
        let text = match name {
            "keyring:shop" => Some("from the keyring".to_owned()),
            "TOKEN" => Some("hunter2".to_owned()),
            "EMPTY" => Some(String::new()),
            "LINES" => Some("a\nb".to_owned()),
            "NESTED" => Some("${TOKEN}".to_owned()),
            _ => None,
        };
        Ok(text.map(Secret::new))
    }

    fn parse(line: &str) -> Result<(HeaderName, HeaderValue)> {
        parse_line(line, "the value of `--header`", &lookup)
    }

    fn refusal(line: &str) -> String {
        parse(line).map(|_| ()).expect_err(line).to_string()
    }

    #[test]
    fn both_spellings_and_variables_are_read() {
        for (line, name, value) in [
            ("X-Key: abc", "x-key", "abc"),
            ("X-Key:abc", "x-key", "abc"),
            ("X-Key :\tabc ", "x-key", "abc"),
            ("X-Key:", "x-key", ""),
            ("X-Url: https://a:1/b", "x-url", "https://a:1/b"),
            ("Authorization: Bearer ${TOKEN}", "authorization", "Bearer hunter2"),
            ("X: ${TOKEN}${EMPTY}-${TOKEN}", "x", "hunter2-hunter2"),
            ("X: a$${TOKEN}", "x", "a${TOKEN}"),
            ("X: k ${keyring:shop}", "x", "k from the keyring"),
            ("X: $5 $$ $x {y}", "x", "$5 $$ $x {y}"),
            ("X: ${NESTED}", "x", "${TOKEN}"),
            ("X: grün", "x", "grün"),
        ] {
            let (actual_name, actual) = parse(line).unwrap();
            assert_eq!((actual_name.as_str(), actual.as_bytes()), (name, value.as_bytes()));
            assert!(actual.is_sensitive(), "{line}");
        }
    }

    /// S-08
    #[test]
    fn what_could_inject_a_header_is_refused_without_showing_the_value() {
        for (line, expected) in [
            ("no-colon-secret", "has no colon"),
            ("X Y: secret", "`X Y` is not a valid header name"),
            (": secret", "`` is not a valid header name"),
            ("X\r\nY: secret", "`X\\r\\nY` is not a valid header name"),
            ("X: a\r\nY: secret", "a line break in the value of `x`"),
            ("X: secret\0", "a control character in the value of `x`"),
            ("X: secret ${LINES}", "a line break in the value of `x`"),
        ] {
            let message = refusal(line);
            assert!(message.contains(expected), "{message}");
            assert!(!message.contains("secret") && message.contains("hint: "), "{message}");
        }
    }

    /// T-27
    #[test]
    fn protocol_headers_are_refused_with_an_explanation() {
        for name in ["Accept", "content-type", "Mcp-Session-Id", "MCP-Protocol-Version", "Host"] {
            let message = refusal(&format!("{name}: secret"));
            assert!(message.contains(&format!("sets `{name}`, which only the bridge may set")));
        }
        assert!(parse("Authorization: x").is_ok());
    }

    #[test]
    fn a_variable_that_cannot_be_filled_in_is_an_error_naming_it() {
        let message = refusal("Authorization: Bearer ${NOT_THERE}");
        assert!(
            message.contains("the variable `NOT_THERE` for the header `authorization` is not set")
        );
        assert!(refusal("X: ${keyring:absent}").contains("no secret `absent`"));
        assert!(refusal("X: ${TOKEN").contains("`${` without a closing `}`"));
        for line in ["X: ${}", "X: ${1A}", "X: ${a b}", "X: ${A:-b}"] {
            assert!(refusal(line).contains("does not contain the name of a variable"), "{line}");
        }
    }

    #[test]
    fn a_header_file_has_comments_blank_lines_and_line_numbers() {
        let text = "\u{feff}# ours\r\nX-A: 1\r\n\r\n   # more\nX-B: ${TOKEN} # kept\n";
        let headers = parse_file("h.txt", text, &lookup).unwrap();
        let headers: Vec<_> =
            headers.iter().map(|(n, v)| (n.as_str(), v.to_str().unwrap())).collect();
        assert_eq!(headers, [("x-a", "1"), ("x-b", "hunter2 # kept")]);
        let error = parse_file("h.txt", "X: 1\noops\n", &lookup).unwrap_err().to_string();
        assert!(
            error.starts_with("error: line 2 of the header file `h.txt` has no colon"),
            "{error}"
        );
    }
}
