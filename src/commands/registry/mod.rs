//! Resolves the name of a server in the official MCP registry to a URL and headers. Nothing else
//! contacts the registry. A document is shown before it is used; programs in a document are never
//! run, and nothing in it may refer to the user's variables or secrets (S-50).

mod ask;
mod document;
mod fetch;
mod input;

use url::Url;

use self::ask::Answers;
use self::document::RegistryDocument;
use super::consent::ask;
use super::displayed_change::display_words;
use crate::environment::{Environment, stdin_is_terminal, to_stderr};
use crate::error::{Error, Result};
use crate::http::is_loopback;
use crate::redact::plain;
use crate::settings::{Flags, Key};
use crate::shell_words::shell_word;

/// The official registry.
const REGISTRY: &str = "https://registry.modelcontextprotocol.io";
/// The variable that names another registry.
const REGISTRY_VARIABLE: &str = "MCP_TETHER_REGISTRY";
/// Top-level domains, with which names in the registry begin: they are reversed domain names. Two
/// letters are a country.
const TOP_LEVEL_DOMAINS: [&str; 14] = [
    "ai", "app", "biz", "cloud", "co", "com", "dev", "edu", "gov", "info", "io", "net", "org",
    "tech",
];

/// The options for resolving a name, as typed.
#[derive(Clone, Debug, Default)]
pub struct RegistryOptions {
    /// The address of the registry, if it is not the official one.
    pub address: Option<String>,
    /// Values for the variables of a document, as `NAME=VALUE`.
    pub values: Vec<String>,
    /// Use the document without asking.
    pub yes: bool,
    /// Whether nothing is changed afterwards, so that no consent is needed.
    pub only_shown: bool,
}

/// A server to install.
pub(super) struct ResolvedServer {
    pub(super) url: String,
    /// A name for its entry.
    pub(super) name: Option<String>,
    /// The user's flags, and the headers that the document requires.
    pub(super) flags: Flags,
}

/// Resolves the server that the user typed. `None` if the user does not agree to the registry's
/// document.
///
/// # Errors
/// The registry cannot be reached or has no such server, its document is not acceptable, a value is
/// missing and nobody can be asked, or nobody can agree.
pub(super) fn resolve(
    server: &str,
    options: &RegistryOptions,
    flags: &Flags,
    environment: &Environment,
) -> Result<Option<ResolvedServer>> {
    let server = server.trim();
    if !is_name(server) {
        if let Some(value) = options.values.first() {
            let message = format!("`--set {}` is for a server of a registry", plain(value));
            return Err(Error::usage(message).hint("leave it out with a URL"));
        }
        let flags = flags.clone();
        return Ok(Some(ResolvedServer { url: server.to_owned(), name: None, flags }));
    }
    let registry = address(options, environment)?;
    let body = fetch::document(&registry, server, flags, environment)?;
    let document = RegistryDocument::parse(server, &body, is_loopback(&registry))?;
    let entry_name = entry_name(server);
    let answers = Answers::new(&options.values, &entry_name, flags, environment)?;
    let url = document.url(&answers)?;
    let headers = document.headers(flags, &answers)?;
    let mut flags = flags.clone();
    match flags.values.iter_mut().find(|(key, _)| *key == Key::Header) {
        Some((_, lines)) => lines.extend(headers),
        None if headers.is_empty() => {}
        None => flags.values.push((Key::Header, headers)),
    }
    let resolved = ResolvedServer { url, name: Some(entry_name), flags };
    to_stderr(&describe(server, &document, &resolved));
    if options.yes || options.only_shown {
        return Ok(Some(resolved));
    }
    if !stdin_is_terminal() {
        return Err(Error::usage("not a terminal, so nobody can confirm; nothing was changed")
            .hint(format!(
                "add it without asking: `mcp-tether install {} --yes`",
                shell_word(server)
            ))
            .hint("or only show the entry: `--dry-run`, `--print`"));
    }
    Ok(ask("add it?")?.then_some(resolved))
}

fn describe(name: &str, document: &RegistryDocument, resolved: &ResolvedServer) -> String {
    let mut words = vec!["mcp-tether".to_owned(), resolved.url.clone()];
    for (_, lines) in resolved.flags.values.iter().filter(|(key, _)| *key == Key::Header) {
        words.extend(lines.iter().flat_map(|line| ["--header".to_owned(), line.clone()]));
    }
    let mut out = format!("`{}` in the registry: {}\n", plain(name), document.description);
    if document.is_deprecated {
        out += "  note    its maker has marked it as deprecated\n";
    }
    out + &format!("  starts  {}\n", display_words(&words))
}

/// Whether this is a name in a registry, such as `io.github.user/server`, rather than a URL without
/// scheme.
fn is_name(text: &str) -> bool {
    let Some((domain, name)) = text.split_once('/') else { return false };
    let is_part = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    let Some((first, rest)) = domain.split_once('.') else { return false };
    let is_country = first.len() == 2 && first.bytes().all(|b| b.is_ascii_lowercase());
    is_part(rest)
        && is_part(name)
        && text.len() <= 200
        && (is_country || TOP_LEVEL_DOMAINS.contains(&first))
}

fn address(options: &RegistryOptions, environment: &Environment) -> Result<Url> {
    let variable = environment.non_empty(REGISTRY_VARIABLE);
    let text = options.address.clone().or(variable).unwrap_or_else(|| REGISTRY.to_owned());
    let shown = plain(&text);
    let url =
        Url::parse(text.trim()).ok().filter(|url| url.has_host() && url.username().is_empty());
    let url = url.ok_or_else(|| {
        Error::usage(format!("`{shown}` is not the address of a registry"))
            .hint(format!("it looks like `{REGISTRY}`"))
    })?;
    if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)) {
        return Ok(url);
    }
    Err(Error::usage(format!("the registry `{shown}` is not encrypted")).hint("use `https://`"))
}

/// A name for the entry: the last part of `io.github.user/server`.
fn entry_name(server: &str) -> String {
    let own = server.rsplit('/').next().unwrap_or(server);
    let name: String =
        own.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let name = name.trim_matches('-').chars().take(64).collect::<String>();
    if name.is_empty() { "server".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_urls_without_a_scheme() {
        for name in
            ["io.github.user/server", "com.example/mcp", "de.example.shop/mcp_2", "dev.a/b.c"]
        {
            assert!(is_name(name), "{name}");
        }
        for other in [
            "mcp.example.com/mcp",
            "https://mcp.example.com/mcp",
            "localhost:8080/mcp",
            "shop",
            "com.example/a/b",
            "com.example/",
            "/a",
            "com/a",
            "com.example/a?b",
            "com.example/a b",
            "",
        ] {
            assert!(!is_name(other), "{other}");
        }
    }

    #[test]
    fn an_entry_is_called_by_what_is_the_servers_own() {
        assert_eq!(entry_name("io.github.user/my.server"), "my-server");
        assert_eq!(entry_name("com.example/..."), "server");
    }

    #[test]
    fn a_registry_is_asked_over_an_encrypted_connection_or_on_this_machine() {
        let of = |text: &str| {
            let options = RegistryOptions { address: Some(text.to_owned()), ..Default::default() };
            address(&options, &Environment::fixed([]))
        };
        assert!(of("https://r.example").is_ok() && of("http://127.0.0.1:1").is_ok());
        for refused in ["http://r.example", "r.example", "file:///x", "https://a:b@r.example"] {
            assert!(of(refused).is_err(), "{refused}");
        }
        let none = Environment::fixed([("MCP_TETHER_REGISTRY", "https://mine.example")]);
        let found = address(&RegistryOptions::default(), &none).unwrap();
        assert_eq!(found.as_str(), "https://mine.example/");
    }
}
