//! Many processes at one store, and processes that are killed.

use std::path::Path;
use std::time::Duration;

use crate::store_driver::{Driver, RunningDriver, padded};

fn start(home: &Path, act: &str) -> RunningDriver {
    Driver::new(home, act).choice("file").start()
}

/// A-54, T-10: 200 rounds of `kill -9` at random instants lose nothing and damage nothing.
#[test]
fn no_kill_during_saving_loses_or_damages_a_value() {
    let home = tempfile::tempdir().unwrap();
    kill_rounds(200, |act| Driver::new(home.path(), act).choice("file"));
    assert_eq!(Driver::new(home.path(), "save a last").choice("file").says(), "saved file");
    let left = std::fs::read_dir(home.path().join("state/credentials")).unwrap().count();
    assert_eq!(left, 1, "what killed processes left is swept by the next one");
}

/// Lets a process store rotating values and kills it, again and again. After each kill the value is
/// whole, and is the last one that the process said was stored, or the next.
pub fn kill_rounds(rounds: u32, driver: impl Fn(&str) -> Driver) {
    let mut last = 0;
    let mut reached = 0;
    for round in 0..rounds {
        let mut process = driver("rotate a").start();
        // The first value proves that it is at work; then it has between nothing and some more.
        let first: u64 = process.next().unwrap().parse().unwrap();
        assert!(first > last || round == 0, "round {round}: {first} after {last}");
        std::thread::sleep(Duration::from_micros(random_below(6000)));
        process.kill();
        let said = process.rest().last().map_or(first, |line| line.parse().unwrap());
        let found = driver("load a").says();
        let value =
            found.strip_prefix("value ").unwrap_or_else(|| panic!("round {round}: {found}"));
        let value = padded(value).unwrap_or_else(|| panic!("round {round}: a damaged value"));
        assert!(value == said || value == said + 1, "round {round}: {value} after {said}");
        last = value;
        reached += u32::from(value > said);
    }
    assert!(reached > 0, "no kill came between storing a value and saying so");
}

fn random_below(limit: u64) -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish() % limit
}

/// S-04
#[test]
fn additions_of_eight_processes_under_the_lock_all_count() {
    let home = tempfile::tempdir().unwrap();
    let processes: Vec<_> = (0..8).map(|_| start(home.path(), "count a 12")).collect();
    for mut process in processes {
        assert!(process.child.wait().unwrap().success());
    }
    let total = Driver::new(home.path(), "load a").choice("file").says();
    assert_eq!(total, "value 96");
}

/// S-04: a killed owner is taken over at once; a living one is named.
#[test]
fn a_lock_names_its_owner_and_ends_with_it_however_it_ends() {
    let home = tempfile::tempdir().unwrap();
    let attempt = || Driver::new(home.path(), "try-lock a").choice("file").says();
    let mut owner = start(home.path(), "hold a");
    assert_eq!(owner.next().as_deref(), Some("held"));
    let refused = attempt();
    let pid = owner.child.id();
    assert!(refused.contains(&format!("is held by process {pid}")), "{refused}");
    owner.kill();
    assert_eq!(attempt(), "locked");

    let mut owner = start(home.path(), "hold a");
    assert_eq!(owner.next().as_deref(), Some("held"));
    let mut waiting = start(home.path(), "hold a");
    owner.release();
    assert_eq!(waiting.next().as_deref(), Some("held"), "who waits gets it");
}

#[test]
fn twelve_processes_that_store_at_once_leave_one_whole_value() {
    let home = tempfile::tempdir().unwrap();
    let processes: Vec<_> =
        (0..12).map(|i| start(home.path(), &format!("save a value-{i}"))).collect();
    for mut process in processes {
        assert_eq!(process.next().as_deref(), Some("saved file"));
    }
    let found = Driver::new(home.path(), "load a").choice("file").says();
    assert!(found.starts_with("value value-"), "{found}");
    let left = std::fs::read_dir(home.path().join("state/credentials")).unwrap().count();
    assert_eq!(left, 1, "no temporary file stays behind");
}
