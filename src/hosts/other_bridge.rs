//! Finds another bridge in the command line of an entry, however the entry starts it: `mcp-remote`,
//! `mcp-proxy` or `supergateway`, by itself, through a package runner, `cmd /c` or a container. The
//! result has arguments of this program, or says why there are none.

use std::path::Path;

/// The bridges, as the names of their packages and programs.
const BRIDGES: [&str; 3] = [MCP_REMOTE, MCP_PROXY, SUPERGATEWAY];
const MCP_REMOTE: &str = "mcp-remote";
const MCP_PROXY: &str = "mcp-proxy";
const SUPERGATEWAY: &str = "supergateway";

/// Words that start the program of a package and may come before its name.
const RUNNERS: [&str; 20] = [
    "npx", "npm", "pnpm", "pnpx", "yarn", "bun", "bunx", "node", "cmd", "exec", "dlx", "x", "/c",
    "/d", "/s", "tool", "uvx", "uv", "pipx", "run",
];
/// Options of runners that have a value of their own.
const RUNNER_OPTIONS: [&str; 5] = ["-p", "--package", "--from", "--with", "--python"];
/// Options of containers that change nothing that matters to a bridge, with their number of words.
const CONTAINER_OPTIONS: [(&str, usize); 9] = [
    ("-i", 1),
    ("--interactive", 1),
    ("--rm", 1),
    ("-t", 1),
    ("-it", 1),
    ("--init", 1),
    ("--name", 2),
    ("--pull", 2),
    ("--platform", 2),
];

/// What another bridge is started as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OtherBridge {
    /// The entry starts it with what these arguments mean here; they contain a URL.
    Started {
        /// Its name.
        program: &'static str,
        /// Arguments of this program.
        arguments: Vec<String>,
    },
    /// The entry mentions it, but it cannot be replaced for this reason.
    Kept {
        /// Its name.
        program: &'static str,
        /// Completes "… cannot be rewritten: ".
        reason: String,
    },
}

impl OtherBridge {
    /// Its name.
    pub(crate) fn program(&self) -> &'static str {
        match self {
            Self::Started { program, .. } | Self::Kept { program, .. } => program,
        }
    }

    /// The arguments of `mcp-remote`, whose sign-ins can be imported.
    pub(crate) fn arguments_of_mcp_remote(&self) -> Option<&[String]> {
        match self {
            Self::Started { program: MCP_REMOTE, arguments } => Some(arguments),
            _ => None,
        }
    }
}

/// Finds another bridge in the command, arguments and variables of an entry.
pub(crate) fn other_bridge(
    words: &[String],
    variables: &[(String, String)],
) -> Option<OtherBridge> {
    let mentioned = BRIDGES.into_iter().find(|name| {
        words.iter().any(|word| word.contains(name) || word.contains(&name.replace('-', "_")))
    })?;
    let kept = |program, reason: &str| OtherBridge::Kept { program, reason: reason.to_owned() };
    let unknown = "it is not started as a command of its own";
    let words = split_command_line(words);
    let (program, given) = match program_and_arguments(&words) {
        Ok(Some(found)) => found,
        Ok(None) => return Some(kept(mentioned, unknown)),
        Err(reason) => return Some(OtherBridge::Kept { program: mentioned, reason }),
    };
    let arguments = match program {
        MCP_PROXY => of_mcp_proxy(&given, variables),
        SUPERGATEWAY => of_supergateway(&given),
        _ => Ok(given),
    };
    Some(match arguments {
        Ok(arguments) if arguments.iter().any(|word| word.contains("://")) => {
            OtherBridge::Started { program, arguments }
        }
        Ok(_) => kept(program, "there is no URL in its arguments"),
        Err(reason) => OtherBridge::Kept { program, reason },
    })
}

/// `cmd /c "npx -y mcp-remote URL"` is one word, which `cmd` splits at spaces.
fn split_command_line(words: &[String]) -> Vec<String> {
    let is_cmd = words.first().is_some_and(|word| program(word).eq_ignore_ascii_case("cmd"));
    let line = words.last().filter(|line| is_cmd && line.contains(' ') && words.len() <= 3);
    match line.filter(|line| !line.contains(['"', '^', '%', '&', '|', '<', '>'])) {
        Some(line) => {
            let before = words[..words.len() - 1].iter().cloned();
            before.chain(line.split_whitespace().map(str::to_owned)).collect()
        }
        None => words.to_vec(),
    }
}

/// The bridge that a command line starts, and its arguments. `None` if it starts something else.
fn program_and_arguments(words: &[String]) -> Result<Option<(&'static str, Vec<String>)>, String> {
    let mut position = 0;
    while let Some(word) = words.get(position) {
        if let Some(program) = bridge(word) {
            let given = &words[position + 1..];
            let given = given.strip_prefix(&["--".to_owned()]).unwrap_or(given);
            return Ok(Some((program, given.to_vec())));
        }
        let name = program(word).to_ascii_lowercase();
        match name.as_str() {
            "docker" | "podman" => return in_container(&words[position + 1..]),
            "python" | "python3" if words.get(position + 1).is_some_and(|word| word == "-m") => {
                position += 2;
            }
            _ if RUNNER_OPTIONS.contains(&word.as_str()) => position += 2,
            _ if word.starts_with('-') || is_runner(word) => position += 1,
            _ => return Ok(None),
        }
    }
    Ok(None)
}

/// A runner, or a word that it is told with: `/c` has no folder to take off.
fn is_runner(word: &str) -> bool {
    [program(word), word].iter().any(|name| RUNNERS.contains(&name.to_ascii_lowercase().as_str()))
}

/// `docker run … IMAGE …`. The image is the bridge itself, or has a runner that starts one.
fn in_container(words: &[String]) -> Result<Option<(&'static str, Vec<String>)>, String> {
    let Some((first, mut words)) = words.split_first() else { return Ok(None) };
    if first != "run" {
        return Ok(None);
    }
    while let Some(option) = words.first().filter(|word| word.starts_with('-')) {
        let name = option.split('=').next().unwrap_or(option);
        let known = CONTAINER_OPTIONS.iter().find(|(known, _)| *known == name);
        // `-e NAME` passes a variable on; with a value the entry would lose it.
        let passes_on =
            matches!(name, "-e" | "--env") && words.get(1).is_some_and(|v| !v.contains('='));
        let count = match known {
            Some((_, count)) => {
                if option.contains('=') {
                    1
                } else {
                    *count
                }
            }
            None if passes_on => 2,
            None => {
                return Err(format!("its container has `{}`", crate::redact::shown_words(name)));
            }
        };
        words = words.get(count..).unwrap_or_default();
    }
    let Some((image, rest)) = words.split_first() else { return Ok(None) };
    if rest.iter().any(|word| word.contains("host.docker.internal")) {
        return Err("its URL is a name that only containers know".to_owned());
    }
    let name = image.rsplit('/').next().unwrap_or(image).split([':', '@']).next().unwrap_or(image);
    match bridge(name) {
        // The command of the image may be repeated.
        Some(program) => match rest.first().and_then(|word| bridge(word)) {
            Some(_) => Ok(Some((program, rest[1..].to_vec()))),
            None => Ok(Some((program, rest.to_vec()))),
        },
        None => program_and_arguments(rest),
    }
}

/// The arguments of `mcp-proxy` (the one of PyPI) as ours. It joins a host to a URL, or offers a
/// program to others.
fn of_mcp_proxy(words: &[String], variables: &[(String, String)]) -> Result<Vec<String>, String> {
    let (mut url, mut arguments, mut is_sse) = (None, Vec::new(), true);
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
                return Err(format!(
                    "it has `{}`, which has no counterpart",
                    crate::redact::shown_words(word)
                ));
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
fn of_supergateway(words: &[String]) -> Result<Vec<String>, String> {
    let (mut url, mut arguments) = (None, Vec::new());
    // `--name=value` is `--name value`.
    let split = |word: &String| match word.split_once('=').filter(|_| word.starts_with("--")) {
        Some((name, value)) => vec![name.to_owned(), value.to_owned()],
        None => vec![word.clone()],
    };
    let words: Vec<String> = words.iter().flat_map(split).collect();
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
                return Err(format!(
                    "it has `{}`, which has no counterpart",
                    crate::redact::shown_words(other)
                ));
            }
        }
    }
    Ok(url.into_iter().chain(arguments).collect())
}

/// The bridge that a word names: `mcp-remote`, `mcp-remote@0.1.29`, `/usr/bin/mcp-remote`, `mcp_proxy`
/// or `…/mcp-remote/dist/proxy.js`.
fn bridge(word: &str) -> Option<&'static str> {
    let slashes = word.replace('\\', "/");
    if slashes.contains("/mcp-remote/") && slashes.ends_with("/proxy.js") {
        return Some(MCP_REMOTE);
    }
    let versionless = word.split_once('@').map_or(word, |(name, _)| name);
    let names = [versionless.split_once("==").map_or(versionless, |(name, _)| name), program(word)];
    BRIDGES
        .into_iter()
        .find(|bridge| names.iter().any(|name| name == bridge || name.replace('_', "-") == *bridge))
}

/// The name of a program without its folder and the extension that it has on Windows.
fn program(path: &str) -> &str {
    let path = path.rsplit('\\').next().unwrap_or(path);
    let name = Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path);
    let endings = [".exe", ".cmd", ".bat", ".ps1"];
    endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &[&str]) -> Option<OtherBridge> {
        other_bridge(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>(), &[])
    }

    fn started(program: &'static str, arguments: &[&str]) -> Option<OtherBridge> {
        let arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
        Some(OtherBridge::Started { program, arguments })
    }

    const URL: &str = "https://mcp.example.com/mcp";

    /// docs/from-mcp-remote.md: the ways in which configurations start it.
    #[test]
    fn every_usual_way_to_start_it_is_seen_and_what_follows_is_kept() {
        for start in [
            &["npx", "mcp-remote"][..],
            &["npx", "-y", "mcp-remote@latest"],
            &["npx", "--yes", "mcp-remote@0.1.29"],
            &["/usr/local/bin/npx", "-y", "mcp-remote"],
            &["C:\\Program Files\\nodejs\\npx.cmd", "-y", "mcp-remote"],
            &["cmd", "/c", "npx", "-y", "mcp-remote"],
            &["cmd.exe", "/C", "npx", "mcp-remote"],
            &["npx", "-p", "mcp-remote@latest", "mcp-remote"],
            &["npm", "exec", "--yes", "mcp-remote", "--"],
            &["pnpm", "dlx", "mcp-remote"],
            &["bunx", "mcp-remote"],
            &["bun", "x", "mcp-remote"],
            &["mcp-remote"],
            &["/opt/bin/mcp-remote"],
            &["node", "/usr/lib/node_modules/mcp-remote/dist/proxy.js"],
            &["docker", "run", "-i", "--rm", "node:24", "npx", "-y", "mcp-remote"],
            &["podman", "run", "--rm", "-i", "--pull=always", "-e", "TOKEN", "x/mcp-remote:1"],
        ] {
            let words = [start, &[URL, "--header", "X: a b"]].concat();
            let expected = started(MCP_REMOTE, &[URL, "--header", "X: a b"]);
            assert_eq!(found(&words), expected, "{start:?}");
        }
        let line = format!("npx -y mcp-remote {URL}");
        assert_eq!(found(&["cmd", "/c", &line]), started(MCP_REMOTE, &[URL]));
    }

    #[test]
    fn other_bridges_are_translated() {
        for start in [
            &["uvx", "mcp-proxy"][..],
            &["uvx", "--from", "mcp-proxy==0.8", "mcp-proxy"],
            &["pipx", "run", "mcp-proxy"],
            &["uv", "tool", "run", "mcp-proxy@latest"],
            &["python3", "-m", "mcp_proxy"],
            &["docker", "run", "-i", "--rm", "ghcr.io/sparfenyuk/mcp-proxy:latest"],
        ] {
            let words =
                [start, &["--transport", "streamablehttp", "-H", "X-Key", "a b", URL]].concat();
            assert_eq!(
                found(&words),
                started(MCP_PROXY, &[URL, "--header", "X-Key:a b"]),
                "{start:?}"
            );
        }
        let expected = started(MCP_PROXY, &[URL, "--transport", "sse-first"]);
        assert_eq!(found(&["mcp-proxy", URL]), expected);
        let token = [("API_ACCESS_TOKEN".to_owned(), "x".to_owned())];
        let words = ["mcp-proxy".to_owned(), URL.to_owned()];
        let Some(OtherBridge::Started { arguments, .. }) = other_bridge(&words, &token) else {
            panic!("it is started");
        };
        assert_eq!(arguments.last().unwrap(), "Authorization:Bearer ${API_ACCESS_TOKEN}");
        let words = [
            "npx",
            "-y",
            "supergateway",
            "--streamableHttp",
            URL,
            "--header",
            "A: b",
            "--oauth2Bearer=t",
            "--logLevel",
            "none",
            "--outputTransport",
            "stdio",
        ];
        let expected = [
            URL,
            "--transport",
            "http-first",
            "--header",
            "A: b",
            "--header",
            "Authorization:Bearer t",
        ];
        assert_eq!(found(&words), started(SUPERGATEWAY, &expected));
    }

    #[test]
    fn what_cannot_be_replaced_says_why() {
        for (words, reason) in [
            (&["sh", "-c", "npx mcp-remote https://mcp.example.com/mcp"][..], "of its own"),
            (&["npx", "-y", "mcp-remote"], "no URL"),
            (&["npx", "-y mcp-remote https://mcp.example.com/mcp"], "of its own"),
            (&["docker", "run", "-v", "/a:/b", "node", "npx", "mcp-remote", URL], "has `-v`"),
            (&["docker", "run", "-e", "A=b", "node", "npx", "mcp-remote", URL], "has `-e`"),
            (
                &["docker", "run", "node", "npx", "mcp-remote", "http://host.docker.internal/"],
                "containers",
            ),
            (&["docker", "exec", "x", "npx", "mcp-remote", URL], "of its own"),
            (&["cmd", "/c", "npx mcp-remote \"https://a.example/\""], "of its own"),
            (&["mcp-proxy", "--port", "8080", "uvx", "mcp-server-fetch"], "`--port`"),
            (&["mcp-proxy", "uvx"], "to others"),
            (&["npx", "supergateway", "--stdio", "npx x", "--port", "8000"], "to others"),
            (&["npx", "supergateway", "--sse", URL, "--cors"], "`--cors`"),
        ] {
            let Some(OtherBridge::Kept { reason: said, .. }) = found(words) else {
                panic!("{words:?}");
            };
            assert!(said.contains(reason), "{words:?}: {said}");
        }
    }

    #[test]
    fn other_programs_are_left_alone() {
        for words in [
            &["npx", "-y", "other-package", URL][..],
            &["mcp-tether", URL],
            &["docker", "run", "x", URL],
            &[],
        ] {
            assert_eq!(found(words), None, "{words:?}");
        }
    }
}
