//! Removes a value from every place where it may be, and reports where it was and where it may
//! still be.

use super::error::{StoreError, StoreErrorKind};
use super::index::{IndexEntry, IndexLookup};
use super::place::{StorageLocation, StoreChoice};
use super::{CredentialStore, check_name};

/// The result of a removal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removal {
    /// The places where a value was removed.
    pub removed_from: Vec<StorageLocation>,
    /// The places where a value may still be, and why.
    pub failed: Vec<(StorageLocation, StoreError)>,
}

impl CredentialStore {
    /// Removes a value, damaged or not, from every place where it or an older one may be. A value
    /// that cannot be removed is in [`Removal::failed`] and recorded in the index: the next removal
    /// tries again, and no load finds it.
    ///
    /// # Errors
    /// `name` cannot be stored, another process is changing the record, or the index cannot be
    /// written.
    pub async fn delete(&self, name: &str) -> Result<Removal, StoreError> {
        check_name(name)?;
        if self.in_memory() {
            let removed = self.inner.memory.delete(name);
            let removed_from = removed.then_some(StorageLocation::Memory).into_iter().collect();
            return Ok(Removal { removed_from, failed: Vec::new() });
        }
        let _lock = self.record_lock(name).await?;
        let known = self.known(name).await?;
        let mut removal = Removal::default();
        for place in self.places_of(&known) {
            match self.delete_from(place, name).await {
                Ok(true) => removal.removed_from.push(place),
                Ok(false) => {}
                Err(error) if leaves_nothing(&known, &error) => {}
                Err(error) => removal.failed.push((place, error)),
            }
        }
        self.note_removal(name, &removal).await?;
        Ok(removal)
    }

    fn places_of(&self, known: &IndexLookup) -> Vec<StorageLocation> {
        let mut places = known.locations();
        if self.inner.choice == StoreChoice::File && *known == IndexLookup::Nothing {
            places.clear();
        }
        // Checking for a file is cheap, and the index may be wrong about it.
        if !places.contains(&StorageLocation::File) {
            places.push(StorageLocation::File);
        }
        places
    }

    async fn note_removal(&self, name: &str, removal: &Removal) -> Result<(), StoreError> {
        let left_in: Vec<_> = removal.failed.iter().map(|(place, _)| *place).collect();
        let entry = IndexEntry { name: name.to_owned(), stored_in: None, left_in };
        self.disk(move |folders| {
            if entry.left_in.is_empty() {
                folders.index.remove(&entry.name)
            } else {
                folders.index.put(&entry)
            }
        })
        .await
    }
}

impl Removal {
    /// Returns whether there was a value.
    pub fn existed(&self) -> bool {
        !self.removed_from.is_empty()
    }
}

/// Returns whether this error leaves nothing behind: there is no keyring, and the index does not
/// say that one held the value.
fn leaves_nothing(known: &IndexLookup, error: &StoreError) -> bool {
    !matches!(known, IndexLookup::Entry(_)) && error.kind() == StoreErrorKind::NoKeyring
}
