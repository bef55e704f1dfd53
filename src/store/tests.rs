//! The store as a whole, over keyrings that work, fail or lie.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::keyring::Entries;
use super::*;

/// A keyring in memory that can be told how to behave.
#[derive(Clone, Default)]
struct FakeKeyring {
    state: Arc<Mutex<FakeState>>,
}

#[derive(Default)]
struct FakeState {
    entries: BTreeMap<String, String>,
    failure: Option<StoreErrorKind>,
    keeps_everything: bool,
    calls: usize,
}

impl FakeKeyring {
    fn fails_with(&self, failure: Option<StoreErrorKind>) {
        self.state.lock().unwrap().failure = failure;
    }

    fn holds(&self, name: &str) -> bool {
        self.state.lock().unwrap().entries.contains_key(name)
    }

    fn calls(&self) -> usize {
        self.state.lock().unwrap().calls
    }

    fn with<T>(&self, act: impl FnOnce(&mut FakeState) -> T) -> Result<T, StoreError> {
        let mut state = self.state.lock().unwrap();
        state.calls += 1;
        match state.failure {
            Some(kind) => Err(StoreError::new(kind, "the fake keyring refuses")),
            None => Ok(act(&mut state)),
        }
    }
}

impl Entries for FakeKeyring {
    fn read(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.with(|state| state.entries.get(name).cloned())
    }
    fn write(&self, name: &str, text: &str) -> Result<(), StoreError> {
        self.with(|state| drop(state.entries.insert(name.into(), text.into())))
    }
    fn remove(&self, name: &str) -> Result<bool, StoreError> {
        if self.state.lock().unwrap().keeps_everything {
            return Err(StoreError::other("the fake keyring keeps it"));
        }
        self.with(|state| state.entries.remove(name).is_some())
    }
    fn names(&self) -> Result<Vec<String>, StoreError> {
        self.with(|state| state.entries.keys().cloned().collect())
    }
    fn limit(&self) -> Option<usize> {
        None
    }
}

struct Machine {
    outer: tempfile::TempDir,
    keyring: FakeKeyring,
}

impl Machine {
    fn new() -> Self {
        Self { outer: tempfile::tempdir().unwrap(), keyring: FakeKeyring::default() }
    }

    /// A new process that shares folder and keyring with the others.
    fn store(&self, choice: StoreChoice) -> CredentialStore {
        let fake = self.keyring.clone();
        let open = move || Ok(Box::new(fake.clone()) as Box<dyn Entries>);
        let keyring = Keyring::with(Arc::new(open), Duration::from_secs(20));
        let folders = StateFolders::below(self.outer.path().join("state"));
        CredentialStore::build(choice, Ok(folders), keyring)
    }

    fn file(&self, name: &str) -> PathBuf {
        StateFolders::below(self.outer.path().join("state")).files.path(name)
    }
}

fn secret(text: &str) -> Secret<Vec<u8>> {
    Secret::new(text.as_bytes().to_vec())
}

async fn text(store: &CredentialStore, name: &str) -> Option<String> {
    let value = store.load(name).await.unwrap()?;
    Some(String::from_utf8(value.expose().clone()).unwrap())
}

///
#[tokio::test]
async fn the_keyring_comes_first_and_nothing_goes_into_a_file() {
    let machine = Machine::new();
    let store = machine.store(StoreChoice::Auto);
    let saved = store.save("a", &secret("one")).await.unwrap();
    assert_eq!(saved, SaveOutcome { place: StorageLocation::Keyring, notice: None });
    assert_eq!(text(&store, "a").await.as_deref(), Some("one"));
    assert!(store.knows("a") && !machine.file("a").exists());
    let other_process = machine.store(StoreChoice::Auto);
    assert_eq!(text(&other_process, "a").await.as_deref(), Some("one"));
}

#[tokio::test]
async fn what_is_known_without_a_keyring_is_told_without_a_keyring() {
    let machine = Machine::new();
    let store = machine.store(StoreChoice::Auto);
    assert!(!store.knows("a") && store.list().await.unwrap().is_empty());
    assert!(!machine.outer.path().join("state").exists(), "asking creates nothing");
    machine.store(StoreChoice::File).save("a", &secret("one")).await.unwrap();
    assert!(store.knows("a"));
    assert_eq!(text(&store, "a").await.as_deref(), Some("one"));
    store.save("a", &secret("two")).await.unwrap();
    assert_eq!(machine.keyring.calls(), 0, "a sign-in that is stored in a file needs no keyring");
}

#[tokio::test]
async fn without_a_keyring_a_file_is_used_and_the_user_is_told_once() {
    let machine = Machine::new();
    machine.keyring.fails_with(Some(StoreErrorKind::NoKeyring));
    let first = machine.store(StoreChoice::Auto).save("a", &secret("one")).await.unwrap();
    assert_eq!(first.place, StorageLocation::File);
    let notice = first.notice.expect("the first time is told");
    let folder = machine.file("a").parent().unwrap().display().to_string();
    assert!(notice.message.contains(&folder), "{notice}");
    assert!(notice.message.contains("the fake keyring refuses"), "{notice}");
    assert!(notice.hint.contains("--credential-store file"));
    let second = machine.store(StoreChoice::Auto).save("b", &secret("two")).await.unwrap();
    assert_eq!(second, SaveOutcome { place: StorageLocation::File, notice: None });
    assert_eq!(text(&machine.store(StoreChoice::Auto), "a").await.as_deref(), Some("one"));
}

#[tokio::test]
async fn who_insists_on_a_keyring_gets_an_error_and_no_file() {
    let machine = Machine::new();
    machine.keyring.fails_with(Some(StoreErrorKind::NoKeyring));
    let store = machine.store(StoreChoice::Keyring);
    let error = store.save("a", &secret("one")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::NoKeyring);
    assert!(!machine.file("a").exists() && !store.knows("a"));
}

/// losing the rotated token would lose the sign-in.
#[tokio::test]
async fn a_rotated_value_that_the_keyring_no_longer_takes_goes_into_a_file_and_wins() {
    for failure in [StoreErrorKind::Other, StoreErrorKind::KeyringFailed, StoreErrorKind::NoKeyring]
    {
        let machine = Machine::new();
        let store = machine.store(StoreChoice::Auto);
        store.save("a", &secret("old")).await.unwrap();
        machine.keyring.fails_with(Some(failure));
        assert_eq!(store.save("a", &secret("new")).await.unwrap().place, StorageLocation::File);
        assert_eq!(text(&store, "a").await.as_deref(), Some("new"));
        machine.keyring.fails_with(None);
        assert!(machine.keyring.holds("a"), "the old value is still there");
        assert_eq!(text(&machine.store(StoreChoice::Auto), "a").await.as_deref(), Some("new"));
        let removal = store.delete("a").await.unwrap();
        assert_eq!(removal.removed_from, [StorageLocation::File, StorageLocation::Keyring]);
        assert!(!machine.keyring.holds("a"), "and goes with the record");
    }
}

/// Never a silent new sign-in.
#[tokio::test]
async fn a_value_in_a_keyring_that_does_not_answer_is_an_error_not_absent() {
    let machine = Machine::new();
    let store = machine.store(StoreChoice::Auto);
    store.save("a", &secret("one")).await.unwrap();
    for failure in [StoreErrorKind::Other, StoreErrorKind::KeyringFailed, StoreErrorKind::NoKeyring]
    {
        machine.keyring.fails_with(Some(failure));
        assert_eq!(store.load("a").await.unwrap_err().kind(), failure);
        assert!(store.knows("a"));
    }
}

#[tokio::test]
async fn a_lost_index_loses_no_sign_in() {
    let machine = Machine::new();
    let store = machine.store(StoreChoice::Auto);
    store.save("in-keyring", &secret("one")).await.unwrap();
    machine.store(StoreChoice::File).save("in-file", &secret("two")).await.unwrap();
    std::fs::remove_dir_all(machine.outer.path().join("state/index")).unwrap();
    assert!(!store.knows("in-keyring"));
    assert_eq!(text(&store, "in-keyring").await.as_deref(), Some("one"));
    assert!(store.knows("in-keyring"), "and it is known again");
    assert_eq!(text(&store, "in-file").await.as_deref(), Some("two"));

    std::fs::remove_dir_all(machine.outer.path().join("state/index")).unwrap();
    let listed = |name: &str, place| ListedRecord { name: name.into(), place };
    assert_eq!(
        store.rebuild_index().await.unwrap(),
        [listed("in-file", StorageLocation::File), listed("in-keyring", StorageLocation::Keyring)]
    );
}

#[tokio::test]
async fn a_damaged_index_entry_hides_nothing() {
    let machine = Machine::new();
    let store = machine.store(StoreChoice::Auto);
    store.save("a", &secret("one")).await.unwrap();
    let folder = machine.outer.path().join("state/index");
    for file in std::fs::read_dir(folder).unwrap() {
        std::fs::write(file.unwrap().path(), "").unwrap();
    }
    assert!(store.knows("a"));
    machine.keyring.fails_with(Some(StoreErrorKind::Other));
    assert!(store.load("a").await.is_err());
    machine.keyring.fails_with(None);
    assert_eq!(text(&store, "a").await.as_deref(), Some("one"));
}

/// A kill between noting the new place and writing there: the old value is found.
#[tokio::test]
async fn a_note_without_its_value_leads_to_the_value_before() {
    let machine = Machine::new();
    let store = machine.store(StoreChoice::Auto);
    store.save("a", &secret("old")).await.unwrap();
    let folders = StateFolders::below(machine.outer.path().join("state"));
    folders
        .index
        .put(&IndexEntry::stored_in("a", StorageLocation::File).left_in(StorageLocation::Keyring))
        .unwrap();
    assert_eq!(text(&store, "a").await.as_deref(), Some("old"));
}

/// The same kill, with an even older value at the new place: it must not come back.
#[tokio::test]
async fn an_older_copy_is_removed_before_its_place_is_noted_again() {
    let machine = Machine::new();
    let store = machine.store(StoreChoice::Auto);
    let folders = StateFolders::below(machine.outer.path().join("state"));
    folders.files.save("a", b"oldest").unwrap();
    store.save("a", &secret("old")).await.unwrap();
    folders
        .index
        .put(&IndexEntry::stored_in("a", StorageLocation::Keyring).left_in(StorageLocation::File))
        .unwrap();
    let known = store.known("a").await.unwrap();
    store.note_target("a", StorageLocation::File, &known).await.unwrap();
    assert_eq!(text(&store, "a").await.as_deref(), Some("old"), "killed here");
}

#[tokio::test]
async fn a_removal_tells_what_went_from_where_and_what_did_not() {
    let machine = Machine::new();
    let store = machine.store(StoreChoice::Auto);
    store.save("a", &secret("one")).await.unwrap();
    machine.keyring.fails_with(Some(StoreErrorKind::Other));
    let removal = store.delete("a").await.unwrap();
    assert!(!removal.existed());
    assert_eq!(removal.failed.len(), 1);
    assert_eq!(removal.failed[0].0, StorageLocation::Keyring);
    assert_eq!(text(&store, "a").await, None, "what was removed by the user is not used again");
    assert!(!store.knows("a"));
    machine.keyring.fails_with(None);
    assert_eq!(text(&store, "a").await, None, "nor later");
    assert_eq!(store.delete("a").await.unwrap().removed_from, [StorageLocation::Keyring]);
    assert_eq!(store.delete("a").await.unwrap(), Removal::default());
    assert!(!machine.keyring.holds("a"));
}

#[tokio::test]
async fn records_move_between_keyring_and_files_and_back() {
    let machine = Machine::new();
    let store = machine.store(StoreChoice::Auto);
    for name in ["a", "b"] {
        store.save(name, &secret(name)).await.unwrap();
    }
    store.api_keys().set("key", &Secret::new("k".into())).await.unwrap();
    let moves = store.move_all(StorageLocation::File).await.unwrap();
    assert_eq!(moves.moved, ["a", "api-key:key", "b"]);
    assert!(!machine.keyring.holds("a") && machine.file("a").exists());
    assert_eq!(text(&store, "a").await.as_deref(), Some("a"));

    let again = store.move_all(StorageLocation::File).await.unwrap();
    assert_eq!((again.moved.len(), again.unmoved.len()), (0, 3));
    let back = store.move_all(StorageLocation::Keyring).await.unwrap();
    assert_eq!(back.moved.len(), 3);
    assert!(machine.keyring.holds("b") && !machine.file("b").exists());
    assert_eq!(store.api_keys().get("key").await.unwrap().expose(), "k");
}

#[tokio::test]
async fn a_move_that_fails_leaves_everything_where_it_was() {
    let machine = Machine::new();
    let store = machine.store(StoreChoice::File);
    store.save("a", &secret("one")).await.unwrap();
    machine.keyring.fails_with(Some(StoreErrorKind::Other));
    let moves = store.move_all(StorageLocation::Keyring).await.unwrap();
    assert_eq!((moves.moved.len(), moves.failed.len()), (0, 1));
    assert_eq!(text(&store, "a").await.as_deref(), Some("one"));
}

#[tokio::test]
async fn a_copy_that_a_move_cannot_remove_is_reported_and_goes_with_the_record() {
    let machine = Machine::new();
    let store = machine.store(StoreChoice::Auto);
    store.save("a", &secret("one")).await.unwrap();
    machine.keyring.state.lock().unwrap().keeps_everything = true;
    let moves = store.move_all(StorageLocation::File).await.unwrap();
    assert_eq!(moves.left_behind.len(), 1);
    assert_eq!(store.list().await.unwrap()[0].place, StorageLocation::File);
    store.save("a", &secret("two")).await.unwrap();
    assert_eq!(text(&store, "a").await.as_deref(), Some("two"));
    machine.keyring.state.lock().unwrap().keeps_everything = false;
    assert_eq!(
        store.delete("a").await.unwrap().removed_from,
        [StorageLocation::File, StorageLocation::Keyring]
    );
}

#[tokio::test]
async fn after_a_move_to_the_keyring_the_next_fallback_is_told_again() {
    let machine = Machine::new();
    let store = machine.store(StoreChoice::Auto);
    machine.keyring.fails_with(Some(StoreErrorKind::NoKeyring));
    assert!(store.save("a", &secret("1")).await.unwrap().notice.is_some());
    machine.keyring.fails_with(None);
    store.move_all(StorageLocation::Keyring).await.unwrap();
    machine.keyring.fails_with(Some(StoreErrorKind::NoKeyring));
    assert!(store.save("a", &secret("2")).await.unwrap().notice.is_some());
}

#[tokio::test]
async fn memory_touches_neither_folder_nor_keyring() {
    let machine = Machine::new();
    let store = machine.store(StoreChoice::Memory);
    let saved = store.save("a", &secret("one")).await.unwrap();
    assert_eq!(saved.place, StorageLocation::Memory);
    assert!(store.knows("a") && store.clone().knows("a"));
    assert_eq!(text(&store, "a").await.as_deref(), Some("one"));
    let held = store.lock("a").await.unwrap();
    assert!(store.lock_within("a", Duration::from_millis(5)).await.is_err());
    drop(held);
    store.lock_within("a", Duration::from_millis(5)).await.unwrap();
    assert_eq!(store.delete("a").await.unwrap().removed_from, [StorageLocation::Memory]);
    assert!(!machine.outer.path().join("state").exists());
    assert_eq!(machine.keyring.calls(), 0);
}

#[tokio::test]
async fn without_a_folder_the_error_comes_with_the_first_use_and_says_what_to_set() {
    let missing = StoreError::other("no home folder").hint("set `HOME`");
    let keyring = Keyring::of_platform(DEADLINE);
    let store = CredentialStore::build(StoreChoice::Auto, Err(missing.clone()), keyring);
    assert!(!store.knows("a"));
    assert_eq!(store.load("a").await.unwrap_err(), missing);
    assert_eq!(store.save("a", &secret("x")).await.unwrap_err(), missing);
    assert_eq!(store.lock("a").await.unwrap_err(), missing);
}

/// A process that was stopped in the middle of a change must not cost another its token.
#[tokio::test(start_paused = true)]
async fn a_change_that_never_ends_holds_up_others_for_a_while_only() {
    let machine = Machine::new();
    let store = machine.store(StoreChoice::File);
    let _stopped = store.record_lock("a").await.unwrap();
    let started = tokio::time::Instant::now();
    store.save("a", &secret("one")).await.unwrap();
    assert!(started.elapsed() >= RECORD_LOCK_TIMEOUT, "it waits its turn");
    assert_eq!(text(&store, "a").await.as_deref(), Some("one"));
    assert_eq!(store.delete("a").await.unwrap_err().kind(), StoreErrorKind::Busy);
}

/// S-09
#[tokio::test]
async fn no_output_of_the_store_holds_a_value() {
    let machine = Machine::new();
    let store = machine.store(StoreChoice::Auto);
    store.save("a", &secret("canary")).await.unwrap();
    let mut shown = format!("{store:?} {:?} {:?}", store.load("a").await, store.list().await);
    machine.keyring.state.lock().unwrap().entries.insert("a".into(), "canary".into());
    shown.push_str(&format!("{:?}", store.load("a").await.unwrap_err()));
    store.save("b", &secret("canary")).await.unwrap();
    machine.keyring.fails_with(Some(StoreErrorKind::KeyringFailed));
    shown.push_str(&format!("{:?}", store.save("b", &secret("canary")).await.unwrap()));
    assert!(!shown.contains("canary"), "{shown}");
    assert!(!shown.contains("Y2FuYXJ5"), "nor its base64: {shown}");
}
