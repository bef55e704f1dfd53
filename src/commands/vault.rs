//! Adapts the credential store to `auth`'s vault. Tells the user once if credentials are stored in
//! files, and writes a note beside each sign-in. Does not decide where anything is stored.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;

use super::notes::Notes;
use crate::auth::{SignIn, StoredRecord, UserNotice, Vault, VaultError, VaultLock};
use crate::redact::Secret;
use crate::store::{CredentialStore, StorageLocation, StoreError, StoreErrorKind};

/// The prefix of the names of sign-ins.
pub(super) const SIGN_IN: &str = "sign-in.";

/// A [`Vault`] over a [`CredentialStore`].
pub(super) struct StoreVault {
    store: CredentialStore,
    notes: Notes,
    notice: UserNotice,
    aliases: Vec<(String, String)>,
    removed: Removed,
}

/// The names of removed records, and where each was stored.
pub(super) type Removed = Arc<Mutex<Vec<(String, StorageLocation)>>>;

impl StoreVault {
    /// A vault for this store; `notice` shows messages to the user.
    pub(super) fn new(store: CredentialStore, notes: Notes, notice: UserNotice) -> Self {
        Self { store, notes, notice, aliases: Vec::new(), removed: Removed::default() }
    }

    /// Makes `from` another name for the record `to` of the store.
    #[must_use]
    pub(super) fn alias(mut self, from: String, to: String) -> Self {
        self.aliases.push((from, to));
        self
    }

    /// A list that receives the records that are removed from now on.
    pub(super) fn removed(&self) -> Removed {
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
        Box::pin(async move { self.store.load(&name).await.map_err(vault_error) })
    }

    fn save(&self, name: &str, value: Secret<Vec<u8>>) -> BoxFuture<'_, Result<(), VaultError>> {
        let name = self.real(name);
        Box::pin(async move {
            let saved = self.store.save(&name, &value).await.map_err(vault_error)?;
            if let Some(notice) = saved.notice {
                (self.notice)(&notice.to_string());
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
            let removal = self.store.delete(&name).await.map_err(vault_error)?;
            let mut removed = self.removed.lock().unwrap_or_else(PoisonError::into_inner);
            removed.extend(removal.removed_from.iter().map(|place| (name.clone(), *place)));
            if let Some((place, error)) = removal.failed.first() {
                let place = self.store.describe(*place, &name);
                let message = format!("it may still be in {place}: {error}");
                return Err(VaultError { message, ..vault_error(error.clone()) });
            }
            self.notes.remove(&name);
            Ok(removal.existed())
        })
    }

    fn lock(&self, name: &str) -> BoxFuture<'_, Result<VaultLock, VaultError>> {
        let name = self.real(name);
        Box::pin(
            async move { self.store.lock(&name).await.map(VaultLock::new).map_err(vault_error) },
        )
    }

    fn knows(&self, name: &str) -> bool {
        self.store.knows(&self.real(name))
    }

    fn names_beginning(&self, prefix: &str) -> BoxFuture<'_, Result<Vec<String>, VaultError>> {
        let prefix = prefix.to_owned();
        Box::pin(async move {
            let listed = self.store.list().await.map_err(vault_error)?.into_iter();
            Ok(listed.map(|one| one.name).filter(|name| name.starts_with(&prefix)).collect())
        })
    }
}

fn vault_error(error: StoreError) -> VaultError {
    VaultError {
        message: error.message().to_owned(),
        hint: Some(error.next_step().to_owned()),
        damaged: error.kind() == StoreErrorKind::Damaged,
    }
}
