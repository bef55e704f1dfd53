//! Every kind of file in every bad state, for each command that reads it: it is named with what is
//! wrong, keeps every byte, and the files of other hosts are not held up by it.

use std::fs;
use std::path::Path;

use super::{Home, URL};

/// A host for each format: its file, and an entry of another bridge in it.
const KINDS: [(&str, &str, &str); 5] = [
    (
        "cursor",
        ".cursor/mcp.json",
        r#"{"mcpServers": {"old": {"command": "npx", "args": ["mcp-remote", "https://a.example/"]}}}"#,
    ),
    (
        "vscode",
        "config/Code/User/mcp.json",
        "{\n  // of the shop\n  \"servers\": {\n    \"old\": { \"command\": \"npx\", \
         \"args\": [\"mcp-remote\", \"https://a.example/\"], },\n  },\n}\n",
    ),
    (
        "opencode",
        "config/opencode/opencode.json",
        r#"{"mcp": {"old": {"type": "local", "command": ["npx", "mcp-remote", "https://a.example/"]}}}"#,
    ),
    (
        "codex",
        ".codex/config.toml",
        "[mcp_servers.old]\ncommand = \"npx\"\nargs = [\"mcp-remote\", \"https://a.example/\"]\n",
    ),
    (
        "goose",
        "config/goose/config.yaml",
        "extensions:\n  old:\n    type: stdio\n    cmd: npx\n    args:\n      - mcp-remote\n\
         \x20     - https://a.example/\n",
    ),
];

/// A bad state: its name, the way to get a file into it, and the expected message.
struct Bad {
    name: &'static str,
    put: fn(&Path, &str),
    says: &'static str,
    /// Whether reading fails too, and not only writing.
    is_unreadable: bool,
}

const fn unreadable(name: &'static str, put: fn(&Path, &str), says: &'static str) -> Bad {
    Bad { name, put, says, is_unreadable: true }
}

const fn unwritable(name: &'static str, put: fn(&Path, &str), says: &'static str) -> Bad {
    Bad { name, put, says, is_unreadable: false }
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::write(path, bytes).unwrap();
}

fn utf16(path: &Path, text: &str, mark: [u8; 2], bytes_of: fn(u16) -> [u8; 2]) {
    let units = text.encode_utf16().flat_map(bytes_of);
    write(path, mark.into_iter().chain(units).collect::<Vec<u8>>());
}

static BAD: [Bad; 7] = [
    unreadable("damaged", |path, text| write(path, [text, "["].concat()), "line "),
    unreadable(
        "huge",
        |path, text| write(path, [text, &" \n".repeat(4 * 1024 * 1024)].concat()),
        "is larger than 8 MiB",
    ),
    unreadable(
        "UTF-16, little end first",
        |path, text| utf16(path, text, [0xff, 0xfe], u16::to_le_bytes),
        "it is UTF-16",
    ),
    unreadable(
        "UTF-16, big end first",
        |path, text| utf16(path, text, [0xfe, 0xff], u16::to_be_bytes),
        "it is UTF-16",
    ),
    unreadable(
        "Latin-1",
        |path, text| write(path, [&b"# \xe9\n"[..], text.as_bytes()].concat()),
        "line 1: it is not UTF-8",
    ),
    unreadable("a folder", |path, _| fs::create_dir(path).unwrap(), "is not a file"),
    unwritable(
        "read-only",
        |path, text| {
            write(path, text);
            let mut permissions = fs::metadata(path).unwrap().permissions();
            permissions.set_readonly(true);
            fs::set_permissions(path, permissions).unwrap();
        },
        "is read-only",
    ),
];

#[cfg(unix)]
static BAD_ON_UNIX: [Bad; 5] = [
    unreadable(
        "a broken link",
        |path, _| std::os::unix::fs::symlink("nowhere", path).unwrap(),
        "is a broken symlink",
    ),
    unreadable(
        "a link to itself",
        |path, _| std::os::unix::fs::symlink(path, path).unwrap(),
        "is a broken symlink",
    ),
    unreadable(
        "a pipe",
        |path, _| {
            let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
            assert!(made.success());
        },
        "is not a file",
    ),
    unwritable(
        "of another user",
        |path, text| {
            write(path, text);
            if rustix::process::geteuid().is_root() {
                std::os::unix::fs::chown(path, Some(12_345), None).unwrap();
            }
        },
        "belongs to user 12345",
    ),
    unwritable(
        "a link to a file of another user",
        |path, text| {
            let target = path.parent().unwrap().with_file_name("linked");
            write(&target, text);
            std::os::unix::fs::symlink(&target, path).unwrap();
            if rustix::process::geteuid().is_root() {
                std::os::unix::fs::chown(&target, Some(12_345), None).unwrap();
            }
        },
        "belongs to user 12345",
    ),
];

fn bad_states() -> Vec<&'static Bad> {
    let all = BAD.iter();
    #[cfg(unix)]
    let all = all.chain(&BAD_ON_UNIX);
    #[cfg(unix)]
    let is_root = rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    let is_root = false;
    all.filter(|bad| is_root || !bad.says.contains("12345")).collect()
}

/// Returns the state of a path: its kind and its content, if there is any to read.
fn state(path: &Path) -> String {
    let kind = path.symlink_metadata().unwrap().file_type();
    let has_content = path.metadata().is_ok_and(|found| found.is_file());
    let content = if has_content { fs::read(path).unwrap() } else { Vec::new() };
    format!("{kind:?} {}", content.iter().map(|byte| u64::from(*byte)).sum::<u64>())
}

/// S-32
#[test]
fn a_bad_file_is_named_keeps_its_bytes_and_holds_up_no_other_host() {
    std::thread::scope(|scope| {
        for kind in &KINDS {
            scope.spawn(|| bad_states().into_iter().for_each(|bad| check_each_command(kind, bad)));
        }
    });
}

fn check_each_command((host, name, text): &(&str, &str, &str), bad: &Bad) {
    let home = Home::new();
    let path = home.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    (bad.put)(&path, text);
    let good = home.write(".junie/mcp/mcp.json", KINDS[0].2);
    let before = state(&path);
    let what = format!("{host}, {}", bad.name);
    let beside = || fs::read_dir(path.parent().unwrap()).unwrap().count();

    let both = ["install", URL, "--host", "junie", "--host", host, "--name", "shop"];
    let refused = home.refused(&both, 1);
    assert!(refused.contains(bad.says), "{what}: {refused}");
    assert!(refused.contains(name) || refused.contains("linked"), "{what}: {refused}");
    let other = fs::read_to_string(&good).unwrap();
    assert_eq!(other, KINDS[0].2, "{what}: the other host was not written");

    let listed = home.run(&["hosts"]);
    assert_eq!(listed.code, Some(i32::from(bad.is_unreadable)), "{what}: {}", listed.shown());
    assert!(listed.stdout.contains("junie"), "{what}: {}", listed.shown());
    let checked = home.run(&["doctor"]);
    let is_told = checked.stdout.contains(bad.says);
    assert_eq!(is_told, bad.is_unreadable, "{what}: {}", checked.shown());
    assert!(checked.stdout.contains("JetBrains Junie"), "{what}: {}", checked.shown());

    let migrated = home.run(&["migrate", "--yes", "--no-import"]);
    assert_eq!(migrated.code, Some(1), "{what}: {}", migrated.shown());
    assert!(migrated.stderr.contains(bad.says), "{what}: {}", migrated.shown());
    assert!(migrated.stderr.contains("hint: "), "{what}: {}", migrated.shown());
    let other = fs::read_to_string(&good).unwrap();
    assert!(!other.contains("mcp-remote"), "{what}: the other host is migrated: {other}");

    let removed = home.run(&["uninstall", "old"]);
    assert_eq!(removed.code, Some(1), "{what}: {}", removed.shown());
    assert!(removed.stderr.contains("hint: "), "{what}: {}", removed.shown());
    assert!(removed.stdout.contains("from JetBrains Junie"), "{what}: {}", removed.shown());

    assert_eq!(state(&path), before, "{what}");
    assert_eq!(beside(), 1, "{what}: nothing is left beside it");
}

/// S-32: what only looks odd is edited, and stays as it was otherwise.
#[test]
fn a_mark_of_the_encoding_line_ends_and_links_are_kept() {
    for (host, name, text) in KINDS {
        let home = Home::new();
        let path = home.path().join(name);
        let windows = ["\u{feff}", &text.replace('\n', "\r\n")].concat();
        home.write(name, &windows);
        #[cfg(unix)]
        {
            // As people do who keep their configurations in a repository.
            use std::os::unix::fs::PermissionsExt;
            let kept = home.path().join("kept");
            fs::rename(&path, &kept).unwrap();
            fs::set_permissions(&kept, fs::Permissions::from_mode(0o640)).unwrap();
            std::os::unix::fs::symlink(&kept, home.path().join("link")).unwrap();
            std::os::unix::fs::symlink(home.path().join("link"), &path).unwrap();
        }
        home.ok(&["install", URL, "--host", host, "--name", "shop"]);
        assert!(home.read(name).contains(URL), "{host}");
        home.ok(&["uninstall", "shop"]);
        assert_eq!(home.read(name), windows, "{host}");
        home.ok(&["migrate", "--yes", "--no-import"]);
        let after = home.read(name);
        assert!(after.starts_with('\u{feff}') && !after.contains("mcp-remote"), "{host}: {after}");
        assert!(after.contains("https://a.example/"), "{host}: {after}");
        let bare = after.replace("\r\n", "").contains('\n');
        assert!(!bare, "{host}: {after:?}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert!(path.is_symlink() && home.path().join("link").is_symlink(), "{host}");
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640, "{host}");
        }
    }
}

/// S-32: the disk is full at the moment of writing.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_every_file_whole() {
    for (host, name, text) in KINDS {
        let ours = text.replace("mcp-remote", "mcp-tether");
        for (words, text) in [
            (vec!["install", URL, "--host", host, "--name", "shop"], text),
            (vec!["migrate", "--yes", "--no-import"], text),
            (vec!["uninstall", "old"], ours.as_str()),
        ] {
            let home = Home::new();
            // Longer than what can be written below.
            let long = [text, &"\n".repeat(16 * 1024)].concat();
            let path = home.write(name, &long);
            // Or it would be removed, which needs no room.
            home.write(&format!("{name}.bak"), "x");
            let program = env!("CARGO_BIN_EXE_mcp-tether");
            // The signal would end the program before it can say anything.
            let script = format!("trap '' XFSZ; ulimit -f 8; exec {program} \"$@\"");
            let mut command = std::process::Command::new("bash");
            let command = command.args(["-c", &script, "sh"]).args(&words).env_clear();
            let ended = command
                .env("HOME", home.path())
                .env("PATH", std::env::var_os("PATH").unwrap())
                .env("XDG_CONFIG_HOME", home.path().join("config"))
                .env("MCP_TETHER_STATE_DIR", home.path().join("state"))
                .env("MCP_TETHER_CREDENTIAL_STORE", "file")
                .current_dir(home.path())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&ended.stderr);
            assert_eq!(ended.status.code(), Some(1), "{host}, {words:?}: {said}");
            assert!(said.contains("cannot write ") && said.contains("hint: "), "{host}: {said}");
            assert_eq!(fs::read_to_string(&path).unwrap(), long, "{host}, {words:?}");
            let beside = fs::read_dir(path.parent().unwrap()).unwrap().count();
            assert_eq!(beside, 2, "{host}, {words:?}: nothing is left beside it");
        }
    }
}

/// A host that is installed twice has two files: both are written, or none.
#[test]
fn of_a_host_that_is_installed_twice_no_file_is_written_if_one_is_damaged() {
    let home = Home::new();
    let newer = home.write("config/devin/mcp_config.json", "{}");
    let older = home.write(".codeium/windsurf/mcp_config.json", "{ \"mcpServers\": ");
    let refused = home.refused(&["install", URL, "--host", "windsurf"], 1);
    assert!(refused.contains(".codeium") && refused.contains("no file was changed"), "{refused}");
    assert_eq!(fs::read_to_string(&newer).unwrap(), "{}");
    write(&older, "{}");
    home.ok(&["install", URL, "--host", "windsurf"]);
    for path in [newer, older] {
        assert!(fs::read_to_string(&path).unwrap().contains(URL), "{}", path.display());
    }
}
