#![expect(clippy::disallowed_methods, reason = "a test damages a file of its own")]

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::*;
use crate::product_name::ProductName;

fn open(path: &Path) -> Result<DataFile, DataFileError> {
    DataFile::open(path, ProductName::Egrow)
}

fn kept(path: &Path) -> StoredData<Vec<u64>> {
    StoredData::open(Some(&open(path).unwrap()), || vec![1]).unwrap()
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.redb");
    (folder, path)
}

#[test]
fn changes_survive_a_restart_and_the_seed_is_used_once() {
    let (folder, path) = place();
    let first = kept(&path);
    first.change(|data| data.push(2)).unwrap();
    drop(first);
    let second = kept(&path);
    assert_eq!(*second.look(), [1, 2]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
}

#[test]
fn without_a_file_everything_stays_in_memory() {
    let kept = StoredData::open(None, || vec![1_u64]).unwrap();
    assert_eq!(kept.change(|data| data.pop()).unwrap(), Some(1));
    assert!(kept.look().is_empty());
}

#[test]
fn a_file_is_used_by_one_mock_at_a_time() {
    let (_folder, path) = place();
    let _first = kept(&path);
    let problem = open(&path).unwrap_err();
    assert!(problem.to_string().ends_with("is in use by another mock"), "{problem}");
}

#[test]
fn the_file_of_another_product_or_format_is_refused_with_the_way_out() {
    let (_folder, path) = place();
    drop(DataFile::open(&path, ProductName::Lab).unwrap());
    let problem = open(&path).unwrap_err();
    assert!(problem.to_string().contains("holds the data of `lab`, not of `egrow`"), "{problem}");
    assert!(problem.hint().contains("mcp-tether mock lab --data "), "{}", problem.hint());

    let database = redb::Database::open(&path).unwrap();
    data_file::write(&database, &[("format", b"2")]).unwrap();
    drop(database);
    let problem = open(&path).unwrap_err();
    assert!(problem.to_string().contains("is of format `2`, this version reads"), "{problem}");
}

#[test]
fn damage_of_any_kind_is_an_error_and_never_other_data() {
    let (folder, path) = place();
    kept(&path).change(|data| data.extend(0..2000)).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let told = |bytes: &[u8]| {
        let path = folder.path().join("damaged");
        std::fs::File::create(&path).unwrap().write_all(bytes).unwrap();
        let opened =
            open(&path).and_then(|file| StoredData::<Vec<u64>>::open(Some(&file), || vec![0]));
        opened.map(|kept| kept.look().len())
    };
    assert_eq!(told(&whole).unwrap(), 2001);
    for length in [0, 1, 100, 4096, whole.len() / 2, whole.len() - 1] {
        let problem = told(&whole[..length]).unwrap_err();
        assert!(problem.hint().starts_with("move it away"), "{length}: {problem}");
    }
    assert!(told(b"a letter, not a store").unwrap_err().to_string().contains("not a data file"));
    // A flipped bit is found, or lies in unused space, or damages only the newer of two headers:
    // then the state before it is read.
    for at in (0..whole.len()).step_by(whole.len() / 97) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        if let Ok(length) = told(&bytes) {
            assert!(length == 2001 || length == 1, "byte {at}: {length}");
        }
    }
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let (_folder, path) = place();
    let problem = open(&path.join("deeper/shop.redb")).unwrap_err();
    assert!(problem.to_string().starts_with("cannot use `"), "{problem}");
    assert!(!problem.hint().is_empty());
}
