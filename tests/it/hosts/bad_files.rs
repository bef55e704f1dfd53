//! Every kind of file in every bad state, for each command that reads it: it is named with what is
//! wrong, keeps every byte, and the files of other hosts are not held up by it.

use std::fs;
use std::path::Path;

use super::{Home, URL};

/// A host for each format: its file, and an entry of another bridge in it.
const KINDS: [(&str, &str, &str); 3] = [
    (
        "cursor",
        ".cursor/mcp.json",
        r#"{"mcpServers": {"old": {"command": "npx", "args": ["mcp-remote", "https://a.example/"]}}}"#,
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
static BAD_ON_UNIX: [Bad; 4] = [
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
];

fn bad_states() -> Vec<&'static Bad> {
    let all = BAD.iter();
    #[cfg(unix)]
    let all = all.chain(&BAD_ON_UNIX);
    #[cfg(unix)]
    let is_root = rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    let is_root = false;
    all.filter(|bad| is_root || bad.name != "of another user").collect()
}

/// Returns the state of a path: its kind and its content, if there is any to read.
fn state(path: &Path) -> String {
    let kind = path.symlink_metadata().unwrap().file_type();
    let content = if kind.is_file() { fs::read(path).unwrap() } else { Vec::new() };
    format!("{kind:?} {}", content.iter().map(|byte| u64::from(*byte)).sum::<u64>())
}

/// S-32
#[test]
fn a_bad_file_is_named_keeps_its_bytes_and_holds_up_no_other_host() {
    for (host, name, text) in KINDS {
        for bad in bad_states() {
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
            assert!(refused.contains(name), "{what}: {refused}");
            let other = fs::read_to_string(&good).unwrap();
            assert_eq!(other, KINDS[0].2, "{what}: the other host was not written");
            let listed = home.run(&["hosts"]);
            assert_eq!(
                listed.code,
                Some(i32::from(bad.is_unreadable)),
                "{what}: {}",
                listed.shown()
            );
            assert!(listed.stdout.contains("junie"), "{what}: {}", listed.shown());

            let migrated = home.run(&["migrate", "--yes", "--no-import"]);
            assert_eq!(migrated.code, Some(1), "{what}: {}", migrated.shown());
            assert!(migrated.stderr.contains(bad.says), "{what}: {}", migrated.shown());
            let other = fs::read_to_string(&good).unwrap();
            assert!(!other.contains("mcp-remote"), "{what}: the other host is migrated: {other}");

            let removed = home.run(&["uninstall", "old"]);
            assert_eq!(removed.code, Some(1), "{what}: {}", removed.shown());
            assert!(removed.stdout.contains("from JetBrains Junie"), "{what}: {}", removed.shown());

            assert_eq!(state(&path), before, "{what}");
            assert_eq!(beside(), 1, "{what}: nothing is left beside it");
        }
    }
}

/// A mark of the encoding is no fault.
#[test]
fn a_byte_order_mark_is_read_over_and_kept() {
    for (host, name, text) in KINDS {
        let home = Home::new();
        home.write(name, ["\u{feff}", text].concat());
        home.ok(&["install", URL, "--host", host, "--name", "shop"]);
        home.ok(&["migrate", "--yes", "--no-import"]);
        let after = home.read(name);
        assert!(after.starts_with('\u{feff}') && after.contains(URL), "{host}: {after}");
        assert!(!after.contains("mcp-remote"), "{host}: {after}");
        home.ok(&["uninstall", "shop"]);
        assert!(!home.read(name).contains(URL), "{host}");
    }
}
