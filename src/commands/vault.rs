//! The credential store as signing in needs it: the same names and bytes, the one notice about
//! where they rest said to the person, and a note beside each sign-in of what may be shown of it.
//! Decides nothing about places.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;

use super::notes::Notes;
use crate::auth::{SignIn, StoredRecord, UserNotice, Vault, VaultError, VaultLock};
use crate::redact::Secret;
use crate::store::{CredentialStore, StorageLocation, StoreError, StoreErrorKind};

/// What the names of sign-ins begin with.
pub const SIGN_IN: &str = "sign-in.";

/// A [`Vault`] over a [`CredentialStore`].
pub struct StoreVault {
    store: CredentialStore,
    notes: Notes,
    say: UserNotice,
    aliases: Vec<(String, String)>,
    removed: Removed,
}

/// What was removed, and from where; shared with whoever reports it.
pub type Removed = Arc<Mutex<Vec<(String, StorageLocation)>>>;

impl StoreVault {
    /// This store; `say` tells a person something once.
    pub fn new(store: CredentialStore, notes: Notes, say: UserNotice) -> Self {
        Self { store, notes, say, aliases: Vec::new(), removed: Removed::default() }
    }

    /// Another name for a record: what is asked for as `from` is `to` in the store.
    #[must_use]
    pub fn alias(mut self, from: String, to: String) -> Self {
        self.aliases.push((from, to));
        self
    }

    /// What will have been removed.
    pub fn removed(&self) -> Removed {
        self.removed.clone()
    }

    fn real(&self, name: &str) -> String {
        let alias = self.aliases.iter().find(|(from, _)| from == name);
        alias.map_or(name, |(_, to)| to).to_owned()
    }
}

impl Vault for StoreVault {
    fn load(&self, name: &str) -> BoxFuture<'_, Result<Option<Secret<Vec<u8>>>, VaultError>> {
        let name = self.real(name);
        Box::pin(async move { self.store.load(&name).await.map_err(refused) })
    }

    fn save(&self, name: &str, value: Secret<Vec<u8>>) -> BoxFuture<'_, Result<(), VaultError>> {
        let name = self.real(name);
        Box::pin(async move {
            let saved = self.store.save(&name, &value).await.map_err(refused)?;
            if let Some(notice) = saved.notice {
                (self.say)(&notice.to_string());
            }
            if name.starts_with(SIGN_IN)
                && saved.place != StorageLocation::Memory
                && let Some(sign_in) = SignIn::from_bytes(&value)
            {
                self.notes.write(&name, &(&sign_in).into());
            }
            Ok(())
        })
    }

    fn delete(&self, name: &str) -> BoxFuture<'_, Result<bool, VaultError>> {
        let name = self.real(name);
        Box::pin(async move {
            let removal = self.store.delete(&name).await.map_err(refused)?;
            let mut removed = self.removed.lock().unwrap_or_else(PoisonError::into_inner);
            removed.extend(removal.removed_from.iter().map(|place| (name.clone(), *place)));
            if let Some((place, error)) = removal.failed.first() {
                let place = self.store.describe(*place, &name);
                let message = format!("something may be left in {place}: {error}");
                return Err(VaultError { message, ..refused(error.clone()) });
            }
            self.notes.remove(&name);
            Ok(removal.existed())
        })
    }

    fn lock(&self, name: &str) -> BoxFuture<'_, Result<VaultLock, VaultError>> {
        let name = self.real(name);
        Box::pin(async move { self.store.lock(&name).await.map(VaultLock::new).map_err(refused) })
    }

    fn knows(&self, name: &str) -> bool {
        self.store.knows(&self.real(name))
    }
}

fn refused(error: StoreError) -> VaultError {
    VaultError {
        message: error.message().to_owned(),
        hint: error.next_step().map(str::to_owned),
        damaged: error.kind() == StoreErrorKind::Damaged,
    }
}
