//! Stores values in keyring entries. A value that is too long for one entry (2,560 bytes on
//! Windows) is split: its parts are written before the entry that lists them, and removed after it.
//! A new value goes into the other of two sets of parts, so the old value stays complete until the
//! new one replaces it.

use super::Entries;
use crate::store::error::StoreError;
use crate::store::record::{Body, EncodedRecord, Parts, RecordFlaw, Slot};

/// How often a reader tries in all: parts may be missing while another process writes.
const READ_ATTEMPTS: usize = 4;

/// Returns whether an entry of this name is a part of another.
pub(in crate::store) fn is_part(name: &str) -> bool {
    let Some((_, tail)) = name.rsplit_once('#') else { return false };
    let Some((slot, position)) = tail.split_once('.') else { return false };
    matches!(slot, "a" | "b") && position.parse::<usize>().is_ok()
}

/// Loads the value with this name; `None` if there is none.
///
/// # Errors
/// The keyring refuses, or the value is damaged.
pub(super) fn load(entries: &dyn Entries, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let mut flaw = RecordFlaw::WrongSum;
    for _ in 0..READ_ATTEMPTS {
        let Some(text) = entries.read(name)? else { return Ok(None) };
        let record = EncodedRecord::parse(name, &text).map_err(|flaw| error_for(name, flaw))?;
        let read = match record.body() {
            Body::Value(text) => record.decode(text),
            Body::Parts(parts) => match collect(entries, name, *parts)? {
                Some(text) => record.decode(&text),
                None => Err(RecordFlaw::WrongSum),
            },
        };
        match read {
            Ok(value) => return Ok(Some(value)),
            Err(found) => flaw = found,
        }
    }
    Err(error_for(name, flaw))
}

/// Stores a value. A kill at any moment leaves the old value or the new one.
///
/// # Errors
/// The keyring refuses.
pub(super) fn save(entries: &dyn Entries, name: &str, value: &[u8]) -> Result<(), StoreError> {
    let record = EncodedRecord::new(name, value);
    let text = record.text();
    let Some(limit) = entries.limit() else { return entries.write(name, &text) };
    if text.len() <= limit {
        entries.write(name, &text)?;
        return clear_all(entries, name);
    }
    let slot = Parts::other_slot(parts_of(entries, name)?);
    let (record, text) = record.split(|text| Parts { slot, count: text.len().div_ceil(limit) });
    // Base64 text may be cut anywhere.
    let mut count = 0;
    for (position, part) in text.as_bytes().chunks(limit).enumerate() {
        let part = std::str::from_utf8(part).expect("base64 is ASCII");
        entries.write(&part_name(name, slot, position), part)?;
        count = position + 1;
    }
    entries.write(name, &record.text())?;
    clear(entries, name, slot, count)?;
    clear(entries, name, other_slot(slot), 0)
}

/// Removes a value and any remains of older ones; returns whether there was one.
///
/// # Errors
/// The keyring refuses.
pub(super) fn delete(entries: &dyn Entries, name: &str) -> Result<bool, StoreError> {
    let existed = entries.remove(name)?;
    if entries.limit().is_some() {
        clear_all(entries, name)?;
    }
    Ok(existed)
}

/// The parts that the entry of this name lists. A damaged entry lists none.
fn parts_of(entries: &dyn Entries, name: &str) -> Result<Option<Parts>, StoreError> {
    let Some(text) = entries.read(name)? else { return Ok(None) };
    Ok(EncodedRecord::parse(name, &text).ok().and_then(|record| match record.body() {
        Body::Parts(parts) => Some(*parts),
        Body::Value(_) => None,
    }))
}

fn collect(entries: &dyn Entries, name: &str, parts: Parts) -> Result<Option<String>, StoreError> {
    let mut text = String::new();
    for position in 0..parts.count {
        match entries.read(&part_name(name, parts.slot, position))? {
            Some(part) => text.push_str(&part),
            None => return Ok(None),
        }
    }
    Ok(Some(text))
}

fn clear_all(entries: &dyn Entries, name: &str) -> Result<(), StoreError> {
    clear(entries, name, Slot::A, 0)?;
    clear(entries, name, Slot::B, 0)
}

/// Removes the parts of a slot from position `from` on. They are written in ascending order and
/// removed in descending order, so what a killed process left has no gaps and the first missing
/// part is the end.
fn clear(entries: &dyn Entries, name: &str, slot: Slot, from: usize) -> Result<(), StoreError> {
    let mut end = from;
    while entries.read(&part_name(name, slot, end))?.is_some() {
        end += 1;
    }
    for position in (from..end).rev() {
        entries.remove(&part_name(name, slot, position))?;
    }
    Ok(())
}

fn part_name(name: &str, slot: Slot, position: usize) -> String {
    format!("{name}#{slot}.{position}")
}

fn other_slot(slot: Slot) -> Slot {
    match slot {
        Slot::A => Slot::B,
        Slot::B => Slot::A,
    }
}

fn error_for(name: &str, flaw: RecordFlaw) -> StoreError {
    let place = format!("the keyring entry `{name}` of `mcp-tether`");
    match flaw {
        RecordFlaw::Newer(_) => StoreError::newer(format!("{place} was {flaw}")),
        _ => StoreError::damaged(place, flaw),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeMap;

    use super::*;
    use crate::store::error::StoreErrorKind;

    /// A keyring with short entries whose process is killed after a number of changes.
    #[derive(Default)]
    struct Short {
        entries: RefCell<BTreeMap<String, String>>,
        changes: Cell<usize>,
        killed_after: Cell<Option<usize>>,
    }

    const LIMIT: usize = 240;

    impl Short {
        fn change(&self) -> Result<(), StoreError> {
            self.changes.set(self.changes.get() + 1);
            match self.killed_after.get() {
                Some(last) if self.changes.get() > last => {
                    Err(StoreError::new(StoreErrorKind::KeyringFailed, "killed"))
                }
                _ => Ok(()),
            }
        }
    }

    impl Entries for Short {
        fn read(&self, name: &str) -> Result<Option<String>, StoreError> {
            Ok(self.entries.borrow().get(name).cloned())
        }
        fn write(&self, name: &str, text: &str) -> Result<(), StoreError> {
            assert!(text.len() <= LIMIT, "{} bytes do not fit", text.len());
            self.change()?;
            self.entries.borrow_mut().insert(name.into(), text.into());
            Ok(())
        }
        fn remove(&self, name: &str) -> Result<bool, StoreError> {
            self.change()?;
            Ok(self.entries.borrow_mut().remove(name).is_some())
        }
        fn names(&self) -> Result<Vec<String>, StoreError> {
            Ok(self.entries.borrow().keys().cloned().collect())
        }
        fn limit(&self) -> Option<usize> {
            Some(LIMIT)
        }
    }

    fn value(seed: u8, length: usize) -> Vec<u8> {
        (0..length).map(|i| seed.wrapping_add(i as u8)).collect()
    }

    #[test]
    fn values_of_every_length_around_the_limit_come_back_and_leave_no_orphans() {
        let keyring = Short::default();
        for length in (0..900).step_by(7).chain((0..900).step_by(13).rev()) {
            let value = value(length as u8, length);
            save(&keyring, "name", &value).unwrap();
            assert_eq!(load(&keyring, "name").unwrap().unwrap(), value);
            let parts = parts_of(&keyring, "name").unwrap().map_or(0, |parts| parts.count);
            assert_eq!(keyring.entries.borrow().len(), parts + 1, "length {length}");
        }
        assert!(delete(&keyring, "name").unwrap());
        assert!(keyring.entries.borrow().is_empty());
    }

    #[test]
    fn a_kill_after_any_change_leaves_the_old_or_the_new_value_whole() {
        for (old, new) in [(40, 900), (900, 40), (500, 900), (900, 500), (40, 50)] {
            let (old, new) = (value(1, old), value(2, new));
            for last in 0.. {
                let keyring = Short::default();
                save(&keyring, "name", &old).unwrap();
                keyring.changes.set(0);
                keyring.killed_after.set(Some(last));
                let finished = save(&keyring, "name", &new).is_ok();
                keyring.killed_after.set(None);
                let found = load(&keyring, "name").unwrap().unwrap();
                assert!(found == old || found == new, "neither value after {last} changes");
                // The next one who stores something cleans up.
                save(&keyring, "name", &old).unwrap();
                delete(&keyring, "name").unwrap();
                assert!(keyring.entries.borrow().is_empty(), "orphans after {last} changes");
                if finished {
                    break;
                }
            }
        }
    }

    #[test]
    fn a_kill_during_removal_never_leaves_half_a_value_to_be_read() {
        for last in 0..12 {
            let keyring = Short::default();
            save(&keyring, "name", &value(1, 900)).unwrap();
            keyring.changes.set(0);
            keyring.killed_after.set(Some(last));
            let _ = delete(&keyring, "name");
            keyring.killed_after.set(None);
            load(&keyring, "name").expect("all or nothing");
            delete(&keyring, "name").unwrap();
            assert!(keyring.entries.borrow().is_empty());
        }
    }

    #[test]
    fn a_missing_or_foreign_part_is_damage_with_a_way_out() {
        let keyring = Short::default();
        save(&keyring, "name", &value(1, 900)).unwrap();
        keyring.entries.borrow_mut().insert("name#a.1".into(), "AAAA".into());
        assert_eq!(load(&keyring, "name").unwrap_err().kind(), StoreErrorKind::Damaged);
        keyring.entries.borrow_mut().remove("name#a.1");
        let error = load(&keyring, "name").unwrap_err();
        assert!(error.next_step().contains("mcp-tether status"), "{error:?}");
        save(&keyring, "name", &value(2, 900)).unwrap();
        assert_eq!(load(&keyring, "name").unwrap().unwrap(), value(2, 900));
    }

    /// A reader that looked at the list of parts before a writer replaced them starts over.
    #[test]
    fn a_reader_that_meets_a_writer_gets_one_of_the_two_values() {
        struct Racing(Short, Cell<usize>);
        impl Entries for Racing {
            fn read(&self, name: &str) -> Result<Option<String>, StoreError> {
                let read = self.0.read(name);
                self.1.set(self.1.get() + 1);
                if self.1.get() == 3 {
                    save(&self.0, "name", &value(2, 800)).unwrap();
                }
                read
            }
            fn write(&self, name: &str, text: &str) -> Result<(), StoreError> {
                self.0.write(name, text)
            }
            fn remove(&self, name: &str) -> Result<bool, StoreError> {
                self.0.remove(name)
            }
            fn names(&self) -> Result<Vec<String>, StoreError> {
                self.0.names()
            }
            fn limit(&self) -> Option<usize> {
                self.0.limit()
            }
        }
        let racing = Racing(Short::default(), Cell::new(0));
        save(&racing.0, "name", &value(1, 900)).unwrap();
        assert_eq!(load(&racing, "name").unwrap().unwrap(), value(2, 800));
    }

    #[test]
    fn parts_are_told_from_records() {
        assert!(is_part("tokens/x#a.0") && is_part("x#b.17"));
        assert!(!is_part("x") && !is_part("x#work") && !is_part("x#a.") && !is_part("x#c.1"));
    }
}
