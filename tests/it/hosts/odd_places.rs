//! Folders that are not where a host would look, or that this user cannot look into.

use super::{Home, URL};

/// S-81
#[test]
fn a_path_that_no_shell_has_completed_is_refused_before_anything_is_written() {
    for (name, value, host) in [
        ("CLAUDE_CONFIG_DIR", "~/.claude-work", "claude-code"),
        ("CODEX_HOME", "codex", "codex"),
        ("OPENCODE_CONFIG", "~/opencode.json", "opencode"),
        ("OPENCODE_CONFIG", "opencode.json", "opencode"),
        ("KIRO_HOME", "./kiro", "kiro"),
    ] {
        let home = Home::new();
        let done = home.program(["install", URL, "--host", host]).env(name, value).run();
        assert_eq!(done.code, Some(2), "{name}={value}: {}", done.shown());
        assert!(done.stderr.contains(&format!("`{name}` is `{value}")), "{}", done.stderr);
        assert!(home.all().is_empty(), "{name}={value}");
        // Spaces alone name nothing.
        let done = home.program(["install", URL, "--host", host]).env(name, " ").run();
        assert_eq!(done.code, Some(0), "{name}: {}", done.shown());
    }
}

/// S-81
#[cfg(unix)]
#[test]
fn a_home_that_is_no_full_path_is_refused() {
    for value in ["~", "relative"] {
        let home = Home::new();
        let done = home.program(["install", URL, "--host", "cursor"]).env("HOME", value).run();
        assert_eq!(done.code, Some(2), "{value}: {}", done.shown());
        assert!(done.stderr.contains(&format!("`HOME` is `{value}`")), "{}", done.stderr);
    }
}

/// A host reads the file of the folder that it is opened in.
#[test]
fn a_project_below_the_root_of_a_work_tree_is_told_so() {
    let home = Home::new();
    let root = home.path().join("repository");
    let below = root.join("packages/shop");
    std::fs::create_dir_all(root.join(".git")).unwrap();
    std::fs::create_dir_all(&below).unwrap();
    let words = ["install", URL, "--host", "cursor", "--scope", "project"];
    let told = home.program(words).in_folder(&below).run();
    assert!(told.stdout.contains("the root of this work tree"), "{}", told.shown());
    assert!(below.join(".cursor/mcp.json").is_file());
    let silent = home.program(words).in_folder(&root).run();
    assert!(!silent.stdout.contains("work tree"), "{}", silent.shown());
}

/// A host on Windows has a home of its own.
#[test]
fn in_wsl_a_host_that_is_not_here_may_be_on_windows() {
    let home = Home::new();
    let words = ["install", URL, "--host", "cursor"];
    let told = home.program(words).env("WSL_DISTRO_NAME", "Debian").run();
    assert!(told.stdout.contains("this is WSL"), "{}", told.shown());
    std::fs::create_dir_all(home.path().join(".junie/mcp")).unwrap();
    let words = ["install", URL, "--host", "junie"];
    let silent = home.program(words).env("WSL_DISTRO_NAME", "Debian").run();
    assert!(!silent.stdout.contains("WSL"), "{}", silent.shown());
}

/// A user whom no database of the system knows, as in some containers.
#[cfg(target_os = "linux")]
#[test]
fn without_a_home_it_is_said_that_nothing_of_the_user_was_looked_at() {
    use std::os::unix::process::CommandExt;

    if !rustix::process::geteuid().is_root() {
        return;
    }
    const UNKNOWN: u32 = 54_321;
    let folder = tempfile::tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).unwrap();
    for (words, code, says) in [
        (&["hosts"][..], 0, "there is no home folder"),
        (&["migrate", "--dry-run"], 0, "there is no home folder"),
        (&["uninstall", "shop"], 1, "there is no home folder"),
        (&["install", URL, "--host", "cursor"], 1, "there is no home folder"),
        (&["install", URL, "--all"], 1, "no known host was found"),
        (&["import"], 1, "there is no home folder"),
    ] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_mcp-tether"));
        command.args(words).env_clear().uid(UNKNOWN).current_dir(folder.path());
        // Another user may not be allowed to run what was built here.
        let Ok(ended) = command.output() else { return };
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(code), "{words:?}: {said}");
        assert!(said.contains(says) && said.contains("hint: "), "{words:?}: {said}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// S-32: a folder that belongs to someone else.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_into_is_named_and_its_file_stays() {
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::os::unix::process::CommandExt;

    let entry = |program: &str| {
        let entry = serde_json::json!({ "command": program, "args": ["mcp-remote", URL] });
        serde_json::json!({ "mcpServers": { "old": entry } }).to_string()
    };
    for (words, text) in [
        (&["install", URL, "--host", "cursor", "--name", "shop"][..], entry("npx")),
        (&["migrate", "--yes", "--no-import"], entry("npx")),
        (&["uninstall", "old"], entry("mcp-tether")),
    ] {
        let home = Home::new();
        let file = home.write(".cursor/mcp.json", &text);
        let folder = file.parent().unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_mcp-tether"));
        command.args(words).env_clear().env("HOME", home.path()).current_dir("/");
        command.env("MCP_TETHER_CREDENTIAL_STORE", "file");
        if rustix::process::geteuid().is_root() {
            const NOBODY: u32 = 65_534;
            let open = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(home.path(), open).unwrap();
            chown(&file, Some(NOBODY), None).unwrap();
            command.uid(NOBODY);
        }
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o555)).unwrap();
        let ended = command.output();
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        // Another user may not be allowed to run what was built here.
        let Ok(ended) = ended else { return };
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{words:?}: {said}");
        let written = said.contains(&format!("cannot write into `{}`", folder.display()));
        let removed = said.contains(&format!("cannot remove `{}`", file.display()));
        assert!((written || removed) && said.contains("hint: "), "{words:?}: {said}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1);
    }
}

/// S-32: what cannot be read may hold an entry.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_looked_into_is_named() {
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::os::unix::process::CommandExt;

    let home = Home::new();
    let file = home.write(".cursor/mcp.json", "{}");
    let folder = file.parent().unwrap();
    let open = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for words in [&["hosts"][..], &["migrate", "--yes", "--no-import"], &["uninstall", "shop"]] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_mcp-tether"));
        command.args(words).env_clear().env("HOME", home.path()).current_dir("/");
        command.env("MCP_TETHER_CREDENTIAL_STORE", "file");
        if rustix::process::geteuid().is_root() {
            // Nothing is closed to root.
            const NOBODY: u32 = 65_534;
            open(home.path(), 0o755);
            chown(folder, Some(NOBODY), None).unwrap();
            command.uid(NOBODY);
        }
        open(folder, 0o000);
        let ended = command.output();
        open(folder, 0o755);
        // Another user may not be allowed to run what was built here.
        let Ok(ended) = ended else { return };
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{words:?}: {said}");
        let expected = format!("cannot access `{}`", file.display());
        assert!(said.contains(&expected), "{words:?}: {said}");
    }
}
