//! Serializes secrets for stored records, and is the only place that does so.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::redact::Secret;

/// Writes a secret into a record.
pub(crate) fn serialize<S: Serializer>(
    secret: &Secret<String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    secret.expose_to_store().serialize(serializer)
}

/// Reads a secret from a record.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Secret<String>, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

/// The same for secrets that may be absent.
pub(crate) mod option {
    use super::{Deserialize, Deserializer, Secret, Serialize, Serializer};

    /// Writes a secret into a record.
    pub(crate) fn serialize<S: Serializer>(
        secret: &Option<Secret<String>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(Secret::expose_to_store).serialize(serializer)
    }

    /// Reads a secret from a record.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Secret<String>>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
    }
}

/// The same for URLs.
pub(crate) mod url {
    use serde::de::Error;
    use url::Url;

    use super::{Deserialize, Deserializer, Secret, Serializer};

    /// Writes a secret into a record.
    pub(crate) fn serialize<S: Serializer>(
        secret: &Secret<Url>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.expose_to_store().as_str())
    }

    /// Reads a secret from a record.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Secret<Url>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Url::parse(&text).map(Secret::new).map_err(|_| D::Error::custom("not a URL"))
    }
}
