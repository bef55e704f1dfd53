//! Moves every record from one place to another. A record counts as moved once it has been read
//! back from its new place; until then the old copy is valid, so a kill loses nothing.

use super::CredentialStore;
use super::error::StoreError;
use super::index::IndexEntry;
use super::place::StorageLocation;

/// The result for each record, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moves {
    /// Records that are now in the new place and nowhere else.
    pub moved: Vec<String>,
    /// Records that were already there.
    pub unmoved: Vec<String>,
    /// Records that stay where they were, and why.
    pub failed: Vec<(String, StoreError)>,
    /// Records that are now in the new place, but whose older copy could not be removed from this
    /// place.
    pub left_behind: Vec<(String, StorageLocation, StoreError)>,
}

enum Move {
    Done,
    NotNeeded,
    CopyLeft(StorageLocation, StoreError),
}

impl CredentialStore {
    /// Moves every record to the keyring or into files, one after another. A record that cannot be
    /// moved does not stop the others: it is in [`Moves::failed`].
    ///
    /// # Errors
    /// The store is in memory, `to` is memory, or the records cannot be listed.
    pub async fn move_all(&self, to: StorageLocation) -> Result<Moves, StoreError> {
        if self.in_memory() || to == StorageLocation::Memory {
            let message = "the memory store takes no part in a move";
            return Err(StoreError::other(message));
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
        if to == StorageLocation::Keyring && moves.failed.is_empty() {
            self.disk(|folders| {
                folders.reset_fallback_notice();
                Ok(())
            })
            .await?;
        }
        Ok(moves)
    }

    async fn move_one(&self, name: &str, to: StorageLocation) -> Result<Move, StoreError> {
        let _lock = self.record_lock(name).await?;
        // Read again: it may have moved or gone while we waited for the lock.
        let Some(from) = self.known(name).await?.location().filter(|from| *from != to) else {
            return Ok(Move::NotNeeded);
        };
        let Some(value) = self.load_from(from, name).await? else { return Ok(Move::NotNeeded) };
        self.copy(name, &value, to).await?;
        self.note(IndexEntry::stored_in(name, to).left_in(from)).await?;
        match self.delete_from(from, name).await {
            Ok(_) => {
                self.note(IndexEntry::stored_in(name, to)).await?;
                Ok(Move::Done)
            }
            Err(error) => Ok(Move::CopyLeft(from, error)),
        }
    }

    async fn copy(&self, name: &str, value: &[u8], to: StorageLocation) -> Result<(), StoreError> {
        match to {
            StorageLocation::Keyring => self.inner.keyring.save(name, value.to_vec()).await?,
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

    async fn note(&self, entry: IndexEntry) -> Result<(), StoreError> {
        self.disk(move |folders| folders.index.put(&entry)).await
    }
}
