//! Removing a value from everywhere it may be, and telling where it was and where it may still be.

use super::error::{StoreError, StoreErrorKind};
use super::index::{Entry, Known};
use super::place::{Place, StoreChoice};
use super::{CredentialStore, check_name};

/// What became of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removal {
    /// Where something was removed.
    pub removed_from: Vec<Place>,
    /// Where something may still be, and why.
    pub failed: Vec<(Place, StoreError)>,
}

impl CredentialStore {
    /// Removes a value from every place where it or an older one may be. A damaged one goes too.
    /// What could not be removed is remembered: the next removal tries again, and no load finds it.
    pub async fn delete(&self, name: &str) -> Result<Removal, StoreError> {
        check_name(name)?;
        if self.in_memory() {
            let removed = self.inner.memory.delete(name);
            let removed_from = removed.then_some(Place::Memory).into_iter().collect();
            return Ok(Removal { removed_from, failed: Vec::new() });
        }
        let _lock = self.record_lock(name).await?;
        let known = self.known(name).await?;
        let mut removal = Removal::default();
        for place in self.places_of(&known) {
            match self.delete_from(place, name).await {
                Ok(true) => removal.removed_from.push(place),
                Ok(false) => {}
                Err(error) if hides_nothing(&known, &error) => {}
                Err(error) => removal.failed.push((place, error)),
            }
        }
        self.note_removal(name, &removal).await?;
        Ok(removal)
    }

    fn places_of(&self, known: &Known) -> Vec<Place> {
        let mut places = known.places();
        if self.inner.choice == StoreChoice::File && *known == Known::Nothing {
            places.clear();
        }
        // Files cost nothing to ask, and the index may be wrong about them.
        if !places.contains(&Place::File) {
            places.push(Place::File);
        }
        places
    }

    async fn note_removal(&self, name: &str, removal: &Removal) -> Result<(), StoreError> {
        let left_in: Vec<_> = removal.failed.iter().map(|(place, _)| *place).collect();
        let entry = Entry { name: name.to_owned(), rests: None, left_in };
        self.disk(move |folders| match entry.left_in.is_empty() {
            true => folders.index.remove(&entry.name),
            false => folders.index.put(&entry),
        })
        .await
    }
}

impl Removal {
    /// Whether there was anything.
    pub fn existed(&self) -> bool {
        !self.removed_from.is_empty()
    }
}

/// Where there is no keyring, and nothing says that one had this, nothing is left behind in it.
fn hides_nothing(known: &Known, error: &StoreError) -> bool {
    !matches!(known, Known::Entry(_)) && *error.kind() == StoreErrorKind::NoKeyring
}
