//! The help is the documentation: its words are reviewed here, and README repeats them.

use std::path::Path;

use insta::assert_snapshot;

use crate::support::process::Program;

const COMMANDS: &[&[&str]] = &[
    &[],
    &["tools"],
    &["call"],
    &["login"],
    &["logout"],
    &["doctor"],
    &["status"],
    &["import"],
    &["install"],
    &["uninstall"],
    &["hosts"],
    &["migrate"],
    &["pack"],
    &["secret"],
    &["secret", "set"],
    &["secret", "list"],
    &["secret", "remove"],
    &["credentials"],
    &["credentials", "move"],
    &["config"],
    &["config", "show"],
    &["config", "path"],
    &["completions"],
    &["demo"],
    &["mock"],
];

fn help(command: &[&str]) -> String {
    let finished = Program::new(command.iter().copied().chain(["--help"])).run();
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    finished.stdout
}

#[test]
fn the_help_of_every_command_is_reviewed() {
    for command in COMMANDS {
        assert_snapshot!(
            ["help", &command.join("_")].join("_").trim_end_matches('_'),
            help(command)
        );
    }
}

#[test]
fn every_help_keeps_the_house_rules() {
    for command in COMMANDS {
        let help = help(command);
        let first = help.lines().next().unwrap();
        assert!(first.chars().count() <= 72 && !first.ends_with('.'), "{first}");
        assert!(help.contains("\nExamples:\n"), "{command:?}");
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{command:?}");
        for name in help.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
            assert!(!name.contains(char::is_lowercase), "{command:?}: `{name}`");
        }
    }
}

#[test]
fn version_and_short_help_go_to_stdout() {
    let version = Program::new(["--version"]).run();
    assert_eq!(version.stdout, format!("mcp-tether {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(Program::new(["-h"]).run().stdout, help(&[]));
}

/// README's block of flags is the help itself.
#[test]
fn readme_repeats_the_help() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let block = format!("```text\n{}```\n", help(&[]));
    assert!(readme.contains(&block), "put the output of `mcp-tether --help` into README.md");
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

/// What is there to be copied must at least be read by a parser, and by ours where it is ours.
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
