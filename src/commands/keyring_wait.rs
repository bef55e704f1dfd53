//! How long a command waits for a keyring that may ask the user for a password.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::environment::stderr_is_terminal;
use crate::store;

/// Long enough for a person to type a password.
const INTERACTIVE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a command waits for each call of the keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum KeyringWait {
    /// The store's own deadline: a host is waiting.
    Short,
    /// Until the user has unlocked the keyring.
    Interactive,
}

impl KeyringWait {
    /// How long a command other than the bridge waits: longer if a person reads its messages.
    pub(super) fn of_command() -> Self {
        if stderr_is_terminal() { Self::Interactive } else { Self::Short }
    }

    /// The deadline of each call.
    pub(super) fn deadline(self) -> Duration {
        match self {
            Self::Short => store::DEADLINE,
            Self::Interactive => INTERACTIVE_TIMEOUT,
        }
    }
}
