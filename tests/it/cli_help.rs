//! The help is the documentation: its words are reviewed here, and docs/reference.md repeats them.

use std::path::Path;

use insta::assert_snapshot;

use crate::support::pages::assert_page;
use crate::support::process::Program;

/// Returns the words of every command, which the tests need until they end.
pub fn commands() -> Vec<Vec<&'static str>> {
    let leaked = |words: Vec<String>| words.into_iter().map(|word| &*word.leak()).collect();
    mcp_tether::cli::commands().into_iter().map(leaked).collect()
}

const URL: &str = "https://mcp.example.com/mcp";

/// Command lines that are wrong.
pub const USAGE_ERRORS: &[&[&str]] = &[
    &["lgoin", URL],
    &["signin", URL],
    &["Login", URL],
    &["log-in", URL, "3334", "--no-browser"],
    &["frobnicate"],
    &["npx", "-y", "mcp-remote", URL, "3334"],
    &["mcp-remote", URL],
    &["call", URL],
    &["help", "lgoin"],
    &[URL, "login"],
    &["login"],
    &["login", URL, "--no-brwoser"],
    &["install", "--list"],
    &["config"],
    &["config", "shw"],
    &["completions", "bsh"],
    &["tools", URL, "--transport", "sse"],
    &["tools", URL, "--transport"],
    &["tools", URL, "a", "b"],
    &["mock", "--port", "many"],
    &["mock", "--hostile", "--open"],
    &["logout", URL, "--all"],
    &["install", URL, "--host", "vscod"],
    &["doctor", "--json", "--report"],
    &["logout"],
    &["forget"],
    &["uninstall"],
    &["read", URL],
    &["install"],
    &["secret", "set"],
    &["credentials", "move"],
    &["completions"],
    &["generate"],
    &["mock", "replay"],
    &["mock", "nothing"],
    &["mock", "--auth", "open"],
    &["mock", "--fault", "explode"],
    &["demo", "--product", "nothing"],
];

fn help(command: &[&str]) -> String {
    let finished = Program::new(command.iter().copied().chain(["--help"])).run();
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    finished.stdout
}

#[test]
fn the_help_of_every_command_is_reviewed() {
    for command in commands() {
        assert_snapshot!(
            ["help", &command.join("_")].join("_").trim_end_matches('_'),
            help(&command)
        );
    }
}

#[test]
fn every_help_keeps_the_house_rules() {
    for command in commands() {
        let help = help(&command);
        let first = help.lines().next().unwrap();
        assert!(first.chars().count() <= 72 && !first.ends_with('.'), "{first}");
        assert!(help.contains("\nExamples:\n"), "{command:?}");
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{command:?}");
        for name in help.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
            assert!(!name.contains(char::is_lowercase), "{command:?}: `{name}`");
        }
    }
}

/// `-h` of a command fits a small terminal: what it takes, and three examples at most.
#[test]
fn the_short_help_is_short_and_reviewed() {
    for command in commands() {
        let short = Program::new(command.iter().copied().chain(["-h"])).run();
        assert_eq!((short.code, short.stderr.as_str()), (Some(0), ""));
        let lines = short.stdout.lines().count();
        let most = if command.is_empty() { 60 } else { 24 };
        assert!(lines <= most, "{command:?}: {lines}\n{}", short.stdout);
        let examples = short.stdout.matches("\n  mcp-tether ").count();
        assert!((1..=3).contains(&examples), "{command:?}: {examples}");
    }
    let all = commands().into_iter().filter(|command| command.len() < 2);
    let all: String = all
        .map(|command| Program::new(command.iter().copied().chain(["-h"])).run().stdout + "\n")
        .collect();
    assert_snapshot!("short_help", all);
}

/// Help leaves out flags that cannot matter to a command, and takes them all the same.
#[test]
fn a_flag_that_cannot_matter_is_taken_and_not_shown() {
    let logout = help(&["logout"]);
    for flag in ["--ping-interval", "--keep-alive", "--device-code", "--ignore-tool"] {
        assert!(!logout.contains(flag), "{flag}");
    }
    let url = "https://mcp.example.com/mcp";
    let done = Program::new(["logout", url, "--keep-alive", "--ping-interval", "9"]).run();
    assert_eq!(done.code, Some(0), "{}", done.shown());
}

#[test]
fn help_and_version_are_there_in_every_form() {
    let version = format!("mcp-tether {}\n", env!("CARGO_PKG_VERSION"));
    for words in [&["--version"][..], &["-V"], &["version"]] {
        assert_eq!(Program::new(words).run().stdout, version, "{words:?}");
    }
    for words in [&[][..], &["help"]] {
        let overview = Program::new(words).run();
        assert_eq!((overview.code, overview.stderr.as_str()), (Some(0), ""), "{words:?}");
        assert!(overview.stdout.lines().count() <= 24, "{}", overview.stdout);
        assert!(overview.stdout.contains("mcp-tether install URL"), "{}", overview.stdout);
    }
    let of_login = Program::new(["help", "login"]).run();
    assert_eq!(of_login.stdout, help(&["login"]));
    assert_eq!(Program::new(["help", "config", "show"]).run().stdout, help(&["config", "show"]));
}

/// A wrong word is answered in the program's own words: what is wrong, and what helps.
#[test]
fn every_usage_error_is_reviewed() {
    let mut all = String::new();
    for words in USAGE_ERRORS {
        let refused = Program::new(*words).run();
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{words:?}");
        all += &format!("$ mcp-tether {}\n{}\n", words.join(" "), refused.stderr);
    }
    assert_snapshot!("usage_errors", all);
}

/// `docs/reference.md` has the help of the bridge and of each command.
#[test]
fn the_reference_is_the_help() {
    let mut page = include_str!("reference_head.md").to_owned();
    for command in commands() {
        let name = [&["mcp-tether"], &command[..]].concat().join(" ");
        page += &format!("\n## {name}\n\n```text\n{}```\n", help(&command));
    }
    assert_page("docs/reference.md", &page);
}

/// docs/from-mcp-remote.md#command-line: every flag of `mcp-remote` 0.15.1 parses.
#[test]
fn every_flag_of_mcp_remote_is_known() {
    let flags = [
        "--header",
        "--header-file",
        "--allow-http",
        "--transport",
        "--protocol",
        "--host",
        "--callback-path",
        "--auth-success-url",
        "--auth-timeout",
        "--resource",
        "--disable-resource-parameter",
        "--authorize-param",
        "--static-oauth-client-metadata",
        "--static-oauth-client-info",
        "--client-metadata-url",
        "--use-id-token",
        "--device-code",
        "--client-credentials",
        "--token-endpoint",
        "--ignore-tool",
        "--keep-alive",
        "--ping-interval",
        "--connect-timeout",
        "--headers-timeout",
        "--body-timeout",
        "--enable-proxy",
        "--ipv4",
        "--disable-cookies",
        "--debug",
        "--silent",
        "--help",
        "--version",
    ];
    let help = help(&[]);
    let words: Vec<&str> = help.split([' ', ',', '\n']).collect();
    for flag in flags {
        assert!(words.contains(&flag), "{flag}");
    }
}

/// Snippets that people copy can at least be parsed, and ours by our own parser.
#[test]
fn the_snippets_of_readme_are_well_formed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let blocks = |language: &str| {
        let start = format!("```{language}\n");
        let blocks = readme.split(&start).skip(1).map(|rest| rest.split("```").next().unwrap());
        blocks.map(str::to_owned).collect::<Vec<_>>()
    };
    let json = blocks("json");
    assert!(json.len() >= 3);
    for block in json {
        serde_json::from_str::<serde_json::Value>(&block).unwrap();
    }
    let settings = blocks("toml").into_iter().find(|block| block.contains("[defaults]")).unwrap();
    let url = "https://mcp.example.com/mcp/deeper";
    let shown = Program::new(["config", "show", url]).settings(&settings).run();
    assert_eq!(shown.code, Some(0), "{}", shown.shown());
    assert!(shown.stdout.contains("600 s"), "{}", shown.stdout);
}
