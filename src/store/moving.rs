//! Moving every record from one place to another. A record counts as moved when it was read back
//! from its new place; until then the old one is the valid one, so a kill loses nothing.

use super::CredentialStore;
use super::error::{StoreError, StoreErrorKind};
use super::index::Entry;
use super::place::Place;

/// What became of each record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moves {
    /// Names that rest in the new place now and nowhere else.
    pub moved: Vec<String>,
    /// Names that rested there before.
    pub unmoved: Vec<String>,
    /// Names that stay where they were, and why.
    pub failed: Vec<(String, StoreError)>,
    /// Names that rest in the new place now while an older copy could not be removed.
    pub left_behind: Vec<(String, Place, StoreError)>,
}

enum Move {
    Done,
    NotNeeded,
    CopyLeft(Place, StoreError),
}

impl CredentialStore {
    /// Moves every record to the keyring or into files, one after another; one that fails stops
    /// none of the others.
    pub async fn move_all(&self, to: Place) -> Result<Moves, StoreError> {
        if self.in_memory() || to == Place::Memory {
            let message = "what rests in memory cannot be moved, and nothing can be moved there";
            return Err(StoreError::new(StoreErrorKind::Invalid, message));
        }
        let mut moves = Moves::default();
        for listed in self.list().await? {
            match self.move_one(&listed.name, to).await {
                Ok(Move::Done) => moves.moved.push(listed.name),
                Ok(Move::NotNeeded) => moves.unmoved.push(listed.name),
                Ok(Move::CopyLeft(place, error)) => {
                    moves.left_behind.push((listed.name, place, error));
                }
                Err(error) => moves.failed.push((listed.name, error)),
            }
        }
        if to == Place::Keyring && moves.failed.is_empty() {
            self.disk(|folders| {
                folders.forget_fallback();
                Ok(())
            })
            .await?;
        }
        Ok(moves)
    }

    async fn move_one(&self, name: &str, to: Place) -> Result<Move, StoreError> {
        let _lock = self.record_lock(name).await?;
        // Read again: it may have moved or gone while we waited for the lock.
        let Some(from) = self.known(name).await?.rests().filter(|from| *from != to) else {
            return Ok(Move::NotNeeded);
        };
        let Some(value) = self.load_from(from, name).await? else { return Ok(Move::NotNeeded) };
        self.copy(name, &value, to).await?;
        self.note(Entry::resting(name, to).left_in(from)).await?;
        match self.delete_from(from, name).await {
            Ok(_) => {
                self.note(Entry::resting(name, to)).await?;
                Ok(Move::Done)
            }
            Err(error) => Ok(Move::CopyLeft(from, error)),
        }
    }

    async fn copy(&self, name: &str, value: &[u8], to: Place) -> Result<(), StoreError> {
        match to {
            Place::Keyring => self.inner.keyring.save(name, value.to_vec()).await?,
            _ => {
                let (name, value) = (name.to_owned(), value.to_vec());
                self.disk(move |folders| folders.files.save(&name, &value)).await?;
            }
        }
        match self.load_from(to, name).await? {
            Some(copy) if copy == value => Ok(()),
            _ => Err(StoreError::damaged(self.describe(to, name), "what was written differs")),
        }
    }

    async fn note(&self, entry: Entry) -> Result<(), StoreError> {
        self.disk(move |folders| folders.index.put(&entry)).await
    }
}
