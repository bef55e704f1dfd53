//! Bridges in containers. An entry is kept if the container adds something that would be lost.

use super::names::{Started, bridge};
use crate::redact::shown_words;

/// Options that change nothing that matters to a bridge, and whether they have a value.
const HARMLESS: [(&str, bool); 41] = [
    ("-i", false),
    ("--interactive", false),
    ("--rm", false),
    ("-t", false),
    ("--tty", false),
    ("-it", false),
    ("-ti", false),
    ("--init", false),
    ("--read-only", false),
    ("--privileged", false),
    ("-q", false),
    ("--quiet", false),
    ("--no-healthcheck", false),
    ("--name", true),
    ("--pull", true),
    ("--platform", true),
    ("--user", true),
    ("-u", true),
    ("--workdir", true),
    ("-w", true),
    ("--hostname", true),
    ("-h", true),
    ("--memory", true),
    ("-m", true),
    ("--cpus", true),
    ("--label", true),
    ("-l", true),
    ("--log-driver", true),
    ("--log-opt", true),
    ("--security-opt", true),
    ("--cap-drop", true),
    ("--cap-add", true),
    ("--pids-limit", true),
    ("--ulimit", true),
    ("--stop-timeout", true),
    ("--restart", true),
    // The port that a sign-in of `mcp-remote` returns to.
    ("--publish", true),
    ("-p", true),
    ("--network", true),
    ("--net", true),
    ("--userns", true),
];
/// Options with a value that is examined.
const VOLUMES: [&str; 3] = ["-v", "--volume", "--mount"];

/// The program that a container starts.
pub(super) enum ContainerProgram {
    /// The image is the bridge itself.
    Bridge(Started),
    /// The image has a program that this command line starts.
    Line(Vec<String>),
    /// No container is started.
    Nothing,
}

/// Finds the program that `docker run … IMAGE …` starts; the words are those after `docker`.
///
/// # Errors
/// The container adds something that would be lost; the error is the reason.
pub(super) fn find_program(words: &[String]) -> Result<ContainerProgram, String> {
    let words = words.strip_prefix(&["container".to_owned()]).unwrap_or(words);
    let Some(mut words) = words.strip_prefix(&["run".to_owned()]) else {
        return Ok(ContainerProgram::Nothing);
    };
    let mut entrypoint = None;
    while let Some(option) = words.first().filter(|word| word.starts_with('-')) {
        let (name, attached) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (option.as_str(), None),
        };
        let value = attached.or_else(|| words.get(1).map(String::as_str)).unwrap_or_default();
        let has_value = match HARMLESS.iter().find(|(known, _)| *known == name) {
            Some((_, has_value)) => *has_value,
            None if name == "--entrypoint" => {
                entrypoint = Some(value.to_owned());
                true
            }
            None if is_harmless_with(name, value) => true,
            None => return Err(format!("its container has `{}`", shown_words(name))),
        };
        let count = if has_value && attached.is_none() { 2 } else { 1 };
        words = words.get(count..).unwrap_or_default();
    }
    let Some((image, rest)) = words.split_first() else { return Ok(ContainerProgram::Nothing) };
    if rest.iter().any(|word| word.contains("host.docker.internal")) {
        return Err("its URL is a name that only containers know".to_owned());
    }
    if let Some(entrypoint) = entrypoint {
        return Ok(ContainerProgram::Line(
            [entrypoint].into_iter().chain(rest.iter().cloned()).collect(),
        ));
    }
    let name = image.rsplit('/').next().unwrap_or(image).split([':', '@']).next().unwrap_or(image);
    Ok(match bridge(name) {
        // The command of the image may be repeated.
        Some(program) => {
            let is_repeated = rest.first().is_some_and(|word| bridge(word).is_some());
            let arguments = rest[usize::from(is_repeated)..].to_vec();
            ContainerProgram::Bridge(Started { program, arguments })
        }
        None => ContainerProgram::Line(rest.to_vec()),
    })
}

/// `-e NAME` passes a variable on; with a value the entry would lose it. Sign-ins of `mcp-remote`
/// are imported from its own folder.
fn is_harmless_with(name: &str, value: &str) -> bool {
    match name {
        "-e" | "--env" => !value.is_empty() && !value.contains('='),
        _ => VOLUMES.contains(&name) && value.contains(".mcp-auth"),
    }
}
