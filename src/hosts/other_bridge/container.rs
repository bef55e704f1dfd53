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

#[cfg(test)]
mod tests {
    use super::*;

    /// Describes the program of a command line after `docker`.
    fn found(line: &str) -> String {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        match find_program(&words) {
            Ok(ContainerProgram::Bridge(Started { program, arguments })) => {
                format!("bridge {program}: {}", arguments.join(" "))
            }
            Ok(ContainerProgram::Line(line)) => format!("line: {}", line.join(" ")),
            Ok(ContainerProgram::Nothing) => "nothing".to_owned(),
            Err(reason) => format!("error: {reason}"),
        }
    }

    #[test]
    fn the_program_of_a_container_is_its_image_or_what_follows_it() {
        for (line, expected) in [
            ("run node npx -y x", "line: npx -y x"),
            ("container run --rm -i node npx x", "line: npx x"),
            ("run --name x -p 1:2 --rm=true --user=a node npx", "line: npx"),
            ("run --entrypoint npx node -y x", "line: npx -y x"),
            ("run --entrypoint=npx node", "line: npx"),
            ("run a/mcp-remote:1.2 https://a", "bridge mcp-remote: https://a"),
            ("run a/mcp-remote@sha256:ab mcp-remote https://a", "bridge mcp-remote: https://a"),
            ("run localhost:5000/mcp-proxy https://a", "bridge mcp-proxy: https://a"),
            ("run mcp-remote", "bridge mcp-remote: "),
            ("run node", "line: "),
            ("ps", "nothing"),
            ("exec x npx mcp-remote", "nothing"),
            ("container", "nothing"),
            ("run", "nothing"),
            ("run -i --rm", "nothing"),
            ("run --name", "nothing"),
            ("", "nothing"),
        ] {
            assert_eq!(found(line), expected, "{line}");
        }
    }

    #[test]
    fn an_option_that_the_entry_would_lose_is_named() {
        for (line, option) in [
            ("run -e A=b node npx", Some("-e")),
            ("run --env=A=b node npx", Some("--env")),
            ("run -e", Some("-e")),
            ("run --env-file x node npx", Some("--env-file")),
            ("run -v /a:/b node npx", Some("-v")),
            ("run --mount=type=bind,source=/a node npx", Some("--mount")),
            ("run --gpus all node npx", Some("--gpus")),
            ("run -d node npx", Some("-d")),
            ("run -e TOKEN node npx", None),
            ("run --env=TOKEN node npx", None),
            ("run -v /h/.mcp-auth:/root/.mcp-auth node npx", None),
            ("run --mount=source=/h/.mcp-auth node npx", None),
        ] {
            let expected = match option {
                Some(option) => format!("error: its container has `{option}`"),
                None => "line: npx".to_owned(),
            };
            assert_eq!(found(line), expected, "{line}");
        }
        let only_there = "error: its URL is a name that only containers know";
        assert_eq!(found("run node npx x http://host.docker.internal:80/mcp"), only_there);
    }
}
