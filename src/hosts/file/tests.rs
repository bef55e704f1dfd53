//! What is read, what is written, and when a file is left alone.

use super::*;
use crate::hosts::NewEntry;

const CURSOR: &str = "cursor";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("mcp.json")
    }

    fn write(&self, content: impl AsRef<[u8]>) {
        fs::write(self.path(), content).unwrap();
    }

    fn read(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    fn open(&self, scope: Scope) -> Result<HostFile> {
        let host = KnownHost::from_id(CURSOR).unwrap();
        HostFile::open(host, scope, &self.path()).map_err(Error::from)
    }

    /// Opens the file and adds an entry in memory.
    fn edited(&self) -> HostFile {
        let mut file = self.open(Scope::User).unwrap();
        file.document.add(&NewEntry {
            name: "shop".to_owned(),
            command: "mcp-tether".to_owned(),
            arguments: vec!["https://mcp.example.com".to_owned()],
            variables: Vec::new(),
        });
        file
    }

    /// Opens the file and removes the entry in memory.
    fn without_entry(&self) -> HostFile {
        let mut file = self.open(Scope::User).unwrap();
        let place = file.document.entry("shop").unwrap().place.clone();
        file.document.remove(&place);
        file
    }

    fn undo(&self) -> SavedFile {
        let undone = self.without_entry().save_undone(true, &HostFolders::default());
        undone.map_err(Error::from).unwrap()
    }
}

fn said<T>(result: Result<T>) -> String {
    result.err().expect("it is refused").message().to_owned()
}

#[test]
fn text_is_utf_8_with_or_without_its_mark() {
    let read = |bytes: &'static [u8]| text(Path::new("/a.json"), bytes).map(str::to_owned);
    assert_eq!(read(b"{}").unwrap(), "{}");
    assert_eq!(read(b"\xef\xbb\xbf{}").unwrap(), "{}");
    assert_eq!(read(b"").unwrap(), "");
    for utf16 in [&b"\xff\xfe{\0"[..], b"\xfe\xff\0{"] {
        assert_eq!(said(read(utf16)), "cannot read `/a.json`: it is UTF-16");
    }
    let latin = said(read(b"{\n\n\"a\": \"\xe9\"}"));
    assert_eq!(latin, "cannot read `/a.json`, line 3: it is not UTF-8");
    assert!(said(read(b"\xe9")).contains("line 1"));
}

#[test]
fn a_file_of_a_project_may_be_smaller_than_the_users_own() {
    let folder = Folder::new();
    let content = |bytes: u64| format!("{{}}{}", " ".repeat(usize::try_from(bytes).unwrap() - 2));
    folder.write(content(MAX_PROJECT_FILE));
    assert!(folder.open(Scope::Project).is_ok());
    folder.write(content(MAX_PROJECT_FILE + 1));
    assert!(said(folder.open(Scope::Project)).contains("is larger than 1 MiB"));
    assert!(folder.open(Scope::User).is_ok());
    folder.write(content(MAX_USER_FILE + 1));
    assert!(said(folder.open(Scope::User)).contains("is larger than 8 MiB"));
}

/// S-32
#[test]
fn a_file_that_changed_since_it_was_read_is_left_alone() {
    let folder = Folder::new();
    for (before, after) in [
        (Some("{}"), Some("{ }")),
        (Some("{}"), Some("[]")),
        (Some("{}"), None),
        (None, Some("{}")),
    ] {
        let _ = fs::remove_file(folder.path());
        before.into_iter().for_each(|text| folder.write(text));
        let file = folder.edited();
        let _ = fs::remove_file(folder.path());
        after.into_iter().for_each(|text| folder.write(text));
        assert!(matches!(file.save(true), Err(FileError::Changed(_))), "{before:?} {after:?}");
        assert_eq!(fs::read_to_string(folder.path()).ok().as_deref(), after);
    }
}

/// S-32
#[test]
fn a_backup_keeps_what_was_there_and_a_new_file_has_none() {
    let folder = Folder::new();
    let saved = folder.edited().save(true).map_err(Error::from).unwrap();
    assert_eq!((saved.backup, saved.created_folder), (None, None));
    folder.write("\u{feff}{ \"a\": 1 }\n");
    let saved = folder.edited().save(true).map_err(Error::from).unwrap();
    let backup = saved.backup.unwrap();
    assert_eq!(fs::read_to_string(&backup).unwrap(), "\u{feff}{ \"a\": 1 }\n");
    assert!(folder.read().starts_with('\u{feff}'), "the mark stays: {}", folder.read());
    let left = fs::read_dir(folder.0.path()).unwrap().count();
    assert_eq!(left, 2, "no temporary file is left");
}

/// S-32
#[test]
fn undoing_restores_the_former_file_unless_something_else_has_changed() {
    let former = "{ \"a\":  \"x y\" }\n";
    for (change, is_restored) in [
        (("", ""), true),
        // Another program writes the file in its own layout.
        (("\"a\":  ", "\n\n\"a\":\t"), true),
        (("x y", "x  y"), false),
        (("x y", "xy"), false),
        (("x y", "z"), false),
    ] {
        let folder = Folder::new();
        folder.write(former);
        folder.edited().save(true).map_err(Error::from).unwrap();
        let changed = folder.read().replacen(change.0, change.1, 1);
        folder.write(&changed);
        folder.undo();
        assert_eq!(folder.read() == former, is_restored, "{change:?}: {}", folder.read());
        assert!(folder.read().contains(change.1.trim()), "{change:?}: {}", folder.read());
        assert!(!folder.read().contains("shop"), "{change:?}");
    }
}

#[test]
fn a_file_that_was_made_for_the_entry_goes_with_it() {
    let folder = Folder::new();
    folder.edited().save(true).map_err(Error::from).unwrap();
    let (difference, is_removed) =
        folder.without_entry().difference_undone().map_err(Error::from).unwrap();
    assert!(is_removed && difference.contains("-"), "{difference}");
    assert!(folder.undo().removed && !folder.path().exists());
    // Something else was added to it in the meantime.
    folder.edited().save(true).map_err(Error::from).unwrap();
    folder.write(folder.read().replacen('{', "{\"a\": 1,", 1));
    assert!(!folder.undo().removed);
    assert!(folder.read().contains("\"a\": 1"), "{}", folder.read());
}

#[test]
fn a_difference_shows_only_lines_near_the_change() {
    let folder = Folder::new();
    let lines: String = (0..9).map(|number| format!("  \"a{number}\": 1,\n")).collect();
    folder.write(format!("{{\n{lines}  \"mcpServers\": {{}}\n}}\n"));
    let difference = folder.edited().difference();
    assert!(difference.contains("shop") && !difference.contains("\"a1\""), "{difference}");
    assert_eq!(folder.open(Scope::User).unwrap().difference(), "", "nothing was edited");
}

#[test]
fn comments_and_foreign_keys_are_noticed() {
    let folder = Folder::new();
    for (content, has_comments, is_irrelevant) in [
        ("{}", false, false),
        ("", false, false),
        ("// mine\n{}", true, false),
        ("{\"a\": [1,]}", true, false),
        ("{\"servers\": {}}", false, true),
        ("{\"servers\": {}, \"mcpServers\": {}}", false, false),
    ] {
        folder.write(content);
        let file = folder.open(Scope::User).unwrap();
        assert_eq!(file.has_comments(), has_comments, "{content}");
        assert_eq!(file.is_irrelevant(), is_irrelevant, "{content}");
    }
    folder.write("{");
    assert!(said(folder.open(Scope::User)).starts_with("cannot read `"));
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_a_read_only_file_is_left_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let target = folder.0.path().join("real.json");
    fs::write(&target, "{}").unwrap();
    std::os::unix::fs::symlink("real.json", folder.path()).unwrap();
    folder.edited().save(true).map_err(Error::from).unwrap();
    assert!(folder.path().symlink_metadata().unwrap().is_symlink());
    assert!(fs::read_to_string(&target).unwrap().contains("shop"));
    fs::set_permissions(&target, fs::Permissions::from_mode(0o444)).unwrap();
    let file = folder.without_entry();
    assert!(said(file.check_writable()).ends_with("is read-only"));
    assert!(said(file.save(true).map_err(Error::from)).ends_with("is read-only"));
}
