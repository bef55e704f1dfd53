//! The program's version, completions and man pages.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::process::Program;

#[test]
fn the_version_tells_one_build_from_another() {
    let plain = Program::new(["-V"]).run();
    assert_eq!(plain.stdout, format!("mcp-tether {}\n", env!("CARGO_PKG_VERSION")));
    for words in [["--version", "--json"], ["--json", "--version"]] {
        let about = Program::new(words).run();
        assert_eq!(about.code, Some(0), "{}", about.shown());
        let about: Value = serde_json::from_str(&about.stdout).unwrap();
        assert_eq!(about["version"], env!("CARGO_PKG_VERSION"));
        assert!(about["target"].as_str().unwrap().starts_with(std::env::consts::ARCH), "{about}");
        let features = about["features"].as_array().unwrap();
        assert!(features.iter().any(|feature| feature == "tls-ring"), "{about}");
        let revisions = about["revisions"].as_array().unwrap();
        assert!(revisions.iter().any(|revision| revision == "2025-11-25"), "{about}");
        assert!(about["commit"].is_null() || about["commit"].is_string(), "{about}");
    }
    let alone = Program::new(["--json", "https://mcp.example.com/mcp"]).run();
    assert_eq!((alone.code, alone.stdout.as_str()), (Some(2), ""));
}

#[test]
fn every_shell_gets_completions_that_know_verbs_and_flags() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = Program::new(["completions", shell]).run();
        assert_eq!((script.code, script.stderr.as_str()), (Some(0), ""), "{shell}");
        for word in ["install", "request-timeout", "dry-run"] {
            assert!(script.stdout.contains(word), "{shell}: {word}");
        }
    }
}

/// A page for each verb that `--help` lists, with its examples line by line.
#[test]
fn packages_get_a_man_page_for_each_verb() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("out");
    let done = Program::new(["generate", folder.to_str().unwrap()]).run();
    assert_eq!(done.code, Some(0), "{}", done.shown());
    let names = |folder: &str| -> BTreeSet<String> {
        let entries = std::fs::read_dir(home.path().join("out").join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let help = Program::new(["--help"]).run().stdout;
    let verbs = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let verbs: Vec<&str> =
        verbs.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(verbs.len() >= 15, "{verbs:?}");
    for verb in verbs {
        assert!(names("man").contains(&format!("mcp-tether-{verb}.1")), "{verb}");
    }
    assert_eq!(names("completions").len(), 5);
    let page = std::fs::read_to_string(folder.join("man/mcp-tether-install.1")).unwrap();
    assert!(page.contains(".nf\n") && page.contains("\nExamples:\n"), "{page}");
    assert!(page.contains("dry") && page.contains(".SH OPTIONS"), "{page}");
    let refused = Program::new(["generate", "/dev/null/x"]).run();
    assert_eq!(refused.code, Some(1), "{}", refused.shown());
}
