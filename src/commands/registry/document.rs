//! A registry's `server.json`: its remotes, with the variables in their URLs and headers. Others
//! have written it, so it is restricted: no credentials in URLs, no references to variables or
//! secrets, no line breaks, and a variable cannot change the host of a URL.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use std::collections::BTreeMap;
use url::Url;

use super::ask::Answers;
use super::input::Input;
use crate::error::{Error, Result};
use crate::http::is_loopback;
use crate::redact::{is_deceptive, plain};
use crate::settings::{Flags, Key};

/// The characters of a value to escape in a path or query (RFC 3986, 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// How many variables and headers a document may have.
const MAX_INPUTS: usize = 64;
/// The longest description that is shown, in characters.
const MAX_DESCRIPTION: usize = 200;

/// A checked document.
#[derive(Debug)]
pub(super) struct RegistryDocument {
    pub(super) description: String,
    pub(super) is_deprecated: bool,
    remote: Remote,
    /// Whether its URL may be plain HTTP on this machine.
    is_local: bool,
}

#[derive(Debug, Deserialize)]
struct Answer {
    server: ServerJson,
    #[serde(default, rename = "_meta")]
    meta: serde_json::Value,
}

#[derive(Debug, Deserialize)]
struct ServerJson {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    remotes: Vec<Remote>,
    #[serde(default)]
    packages: Vec<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Remote {
    #[serde(rename = "type")]
    transport: String,
    url: String,
    #[serde(default)]
    variables: BTreeMap<String, Input>,
    #[serde(default)]
    headers: Vec<Header>,
}

#[derive(Debug, Deserialize)]
struct Header {
    name: String,
    #[serde(default)]
    variables: BTreeMap<String, Input>,
    #[serde(flatten)]
    input: Input,
}

impl RegistryDocument {
    /// Reads a response of the registry. `is_local` says whether the registry is on this machine.
    ///
    /// # Errors
    /// The response is not a document of this server, or the server has no remote or was removed.
    pub(super) fn parse(name: &str, body: &[u8], is_local: bool) -> Result<Self> {
        let answer: Answer = serde_json::from_slice(body).map_err(|error| {
            let at = format!("line {}, column {}", error.line(), error.column());
            unacceptable(name, &format!("it is not a `server.json` ({at})"))
        })?;
        let official = &answer.meta["io.modelcontextprotocol.registry/official"]["status"];
        let server = answer.server;
        if server.name != name {
            return Err(unacceptable(name, "it is about another server"));
        }
        if official == "deleted" {
            return Err(unacceptable(name, "its maker has removed it"));
        }
        let description: String = server.description.chars().take(MAX_DESCRIPTION).collect();
        let is_deprecated = official == "deprecated";
        let mut remotes = server.remotes;
        let preferred = ["streamable-http", "sse"]
            .iter()
            .find_map(|kind| remotes.iter().position(|remote| remote.transport == *kind));
        let Some(position) = preferred else {
            return Err(error_without_remote(name, &server.packages));
        };
        let remote = remotes.swap_remove(position);
        let inputs = remote.headers.iter().map(|header| 1 + header.variables.len());
        if remote.variables.len() + inputs.sum::<usize>() > MAX_INPUTS {
            return Err(unacceptable(name, "it has too many variables"));
        }
        let document = Self { description: plain(&description), is_deprecated, remote, is_local };
        document.check_texts(name)?;
        Ok(document)
    }

    /// Checks that no text refers to the user's variables or secrets, which the bridge would
    /// expand.
    fn check_texts(&self, name: &str) -> Result<()> {
        let of_input = |input: &Input| {
            let texts = input.value.iter().chain(&input.default).chain(&input.choices);
            texts.cloned().collect::<Vec<_>>()
        };
        let mut texts = vec![self.remote.url.clone()];
        texts.extend(self.remote.variables.values().flat_map(of_input));
        for header in &self.remote.headers {
            texts.push(header.name.clone());
            texts.extend(of_input(&header.input));
            texts.extend(header.variables.values().flat_map(of_input));
        }
        // Two variables side by side could make a reference that neither of them has.
        let inner = self.remote.headers.iter().flat_map(|header| header.variables.values());
        let makes_reference = inner.flat_map(of_input).any(|text| text.contains('$'));
        if makes_reference || texts.iter().any(|text| text.contains("${")) {
            return Err(unacceptable(name, "it refers to a variable or secret of yours"));
        }
        if texts.iter().any(|text| text.chars().any(is_deceptive)) {
            return Err(unacceptable(name, "it contains control or invisible characters"));
        }
        Ok(())
    }

    /// The URL with the values of its variables.
    ///
    /// # Errors
    /// A value is missing or not acceptable, or the URL is not that of a remote server.
    pub(super) fn url(&self, answers: &Answers<'_>) -> Result<String> {
        let template = &self.remote.url;
        let (scheme, rest) = template.split_once("://").unwrap_or(("", template));
        let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let authority = filled(&rest[..authority_end], |name| {
            let value = answers.value(name, self.variable(name))?;
            let is_host = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
            if value.is_empty() || !value.chars().all(is_host) {
                let shown = plain(&value);
                return Err(Error::usage(format!(
                    "`{}={shown}` cannot be part of a host name",
                    plain(name)
                ))
                .hint("use letters, digits, hyphens and dots"));
            }
            Ok(value)
        })?;
        let path = filled(&rest[authority_end..], |name| {
            let value = answers.value(name, self.variable(name))?;
            Ok(utf8_percent_encode(&value, ESCAPED).to_string())
        })?;
        let text = format!("{scheme}://{authority}{path}");
        let shown = plain(&text);
        let refuse = |why: &str| {
            Err(Error::failed(format!("the registry names `{shown}`, {why}"))
                .hint("if you trust it, give the URL instead of the name"))
        };
        let Ok(url) = Url::parse(&text) else { return refuse("which is not a URL") };
        match url.scheme() {
            _ if !url.username().is_empty() || url.password().is_some() => {
                refuse("which contains credentials")
            }
            "https" => Ok(text),
            "http" if self.is_local && is_loopback(&url) => Ok(text),
            _ => refuse("which is not `https:`"),
        }
    }

    fn variable(&self, name: &str) -> Option<&Input> {
        self.remote.variables.get(name)
    }

    /// The headers that the document requires and the user has not given, as `Name:value`. Secrets
    /// are references to the keyring.
    ///
    /// # Errors
    /// A value is missing or not acceptable.
    pub(super) fn headers(&self, flags: &Flags, answers: &Answers<'_>) -> Result<Vec<String>> {
        let given: Vec<&str> = flags
            .values
            .iter()
            .filter(|(key, _)| *key == Key::Header)
            .flat_map(|(_, lines)| {
                lines.iter().filter_map(|line| Some(line.split_once(':')?.0.trim()))
            })
            .collect();
        let mut lines = Vec::new();
        for header in &self.remote.headers {
            let name = header.name.trim();
            if given.iter().any(|given| given.eq_ignore_ascii_case(name)) {
                continue;
            }
            let value = match &header.input.value {
                Some(template) => Some(filled(template, |variable| {
                    answers.header_value(name, variable, header.variables.get(variable))
                })?),
                None => answers.optional_header_value(name, &header.input)?,
            };
            lines.extend(value.map(|value| format!("{name}:{value}")));
        }
        Ok(lines)
    }
}

/// Replaces `{name}` in a template.
fn filled(template: &str, value: impl Fn(&str) -> Result<String>) -> Result<String> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, inner)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = inner.split_once('}') else {
            out.push('{');
            rest = inner;
            continue;
        };
        out.push_str(&value(name)?);
        rest = after;
    }
    Ok(out + rest)
}

fn error_without_remote(name: &str, packages: &[serde::de::IgnoredAny]) -> Error {
    let name = plain(name);
    let error = Error::failed(format!("the registry names no URL for `{name}`"));
    if packages.is_empty() {
        return error.hint("ask its maker where it is");
    }
    error.hint("it is a program for your own machine; its page says how a host starts it")
}

fn unacceptable(name: &str, why: &str) -> Error {
    Error::failed(format!("the registry's document of `{}` is not acceptable: {why}", plain(name)))
        .hint("give the server's URL instead of its name")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::environment::Environment;

    fn parsed(remote: Value) -> Result<RegistryDocument> {
        let document = json!({ "server": { "name": "com.example/shop", "description": "a\u{1b}b",
            "remotes": [remote] } });
        RegistryDocument::parse("com.example/shop", document.to_string().as_bytes(), false)
    }

    fn url(remote: Value, values: &[&str]) -> Result<String> {
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        let (flags, environment) = (Flags::default(), Environment::fixed([]));
        let answers = Answers::new(&values, "shop", &flags, &environment)?;
        parsed(remote)?.url(&answers)
    }

    #[test]
    fn variables_of_a_url_are_filled_and_cannot_leave_their_place() {
        let remote = json!({ "type": "streamable-http",
            "url": "https://{tenant}.example.com/{path}/mcp?r={region}",
            "variables": { "tenant": { "isRequired": true }, "path": { "default": "v1" },
                "region": { "choices": ["eu", "us"] } } });
        let filled = url(remote.clone(), &["tenant=acme", "region=eu"]).unwrap();
        assert_eq!(filled, "https://acme.example.com/v1/mcp?r=eu");
        let filled = url(remote.clone(), &["tenant=acme", "region=us", "path=../a?b#c/d"]).unwrap();
        assert_eq!(filled, "https://acme.example.com/..%2Fa%3Fb%23c%2Fd/mcp?r=us");
        for values in [
            &["tenant=evil.com/", "region=eu"][..],
            &["tenant=a@b", "region=eu"],
            &["tenant=", "region=eu"],
            &["tenant=a", "region=mars"],
            &["tenant=a"],
            &["region=eu"],
            &["tenant"],
        ] {
            assert!(url(remote.clone(), values).is_err(), "{values:?}");
        }
    }

    /// S-50
    #[test]
    fn a_hostile_document_is_refused() {
        let plain = |url: &str| json!({ "type": "streamable-http", "url": url });
        for text in [
            "http://mcp.example.com/mcp",
            "http://127.0.0.1/mcp",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://a:b@mcp.example.com/",
            "https://",
            "mcp.example.com",
            "https://x.example/${AWS_SECRET_ACCESS_KEY}",
            "https://x.example/\u{1b}[2J",
            "",
            "--header",
        ] {
            assert!(url(plain(text), &[]).is_err(), "{text}");
        }
        for header in [
            json!({ "name": "X", "value": "${keyring:other}" }),
            json!({ "name": "X", "value": "a\r\nHost: b" }),
            json!({ "name": "X\nY", "value": "a" }),
            json!({ "name": "X", "value": "{a}", "variables": { "a": { "default": "${HOME}" } } }),
        ] {
            let remote = json!({ "type": "sse", "url": "https://x.example", "headers": [header] });
            assert!(parsed(remote.clone()).is_err(), "{remote}");
        }
        let many: Vec<Value> = (0..100).map(|n| json!({ "name": format!("x{n}") })).collect();
        let remote = json!({ "type": "sse", "url": "https://x.example", "headers": many });
        assert!(parsed(remote).is_err());
        assert!(parsed(json!({ "type": "stdio", "url": "x" })).is_err(), "no remote");
        for body in
            ["", "[]", "{}", "{\"server\":{}}", "{\"server\":{\"name\":\"com.example/other\"}}"]
        {
            assert!(RegistryDocument::parse("com.example/shop", body.as_bytes(), false).is_err());
        }
    }

    #[test]
    fn a_server_that_was_removed_is_not_installed() {
        let document = json!({
            "server": { "name": "a", "remotes": [{ "type": "sse", "url": "https://x.example" }] },
            "_meta": { "io.modelcontextprotocol.registry/official": { "status": "deleted" } } });
        assert!(RegistryDocument::parse("a", document.to_string().as_bytes(), false).is_err());
    }
}
