//! How secrets enter and leave the records of the vault: the only place where one is serialised.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::redact::Secret;

/// Writes a secret into a record.
pub(super) fn serialize<S: Serializer>(
    secret: &Secret<String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    secret.expose().serialize(serializer)
}

/// Reads a secret from a record.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Secret<String>, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

/// The same for secrets that may be absent.
pub(super) mod option {
    use super::{Deserialize, Deserializer, Secret, Serialize, Serializer};

    /// Writes a secret into a record.
    pub(in super::super) fn serialize<S: Serializer>(
        secret: &Option<Secret<String>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(Secret::expose).serialize(serializer)
    }

    /// Reads a secret from a record.
    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Secret<String>>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
    }
}
