//! Confirmation of irreversible changes: the first call returns a token that only the same call can
//! use, once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::desk_error::DeskError;
use crate::splitmix::splitmix64;

/// How long a token is valid.
const TOKEN_LIFETIME: Duration = Duration::from_secs(600);

/// The argument that carries the token.
pub(super) const ARGUMENT: &str = "confirmToken";

/// Tokens that were issued and not used yet.
#[derive(Debug)]
pub(super) struct Confirmations {
    seed: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    issued: u64,
    open: HashMap<String, Pending>,
}

#[derive(Debug)]
struct Pending {
    what: Value,
    until: Instant,
}

impl Confirmations {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, state: Mutex::default() }
    }

    /// Issues a token for this call; returns the answer that contains it.
    pub(super) fn issue(&self, what: Value, summary: &str, now: Instant) -> Value {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.open.retain(|_, pending| pending.until > now);
        state.issued += 1;
        let token = format!("confirm_{:016x}", splitmix64(self.seed ^ 0x636f_6e66, state.issued));
        state.open.insert(token.clone(), Pending { what, until: now + TOKEN_LIFETIME });
        json!({ "confirmation": {
            "required": true,
            "summary": summary,
            "token": token,
            "expiresInSeconds": TOKEN_LIFETIME.as_secs(),
            "next": format!("show the summary to the user; if they agree, call again with the same \
                arguments and `{ARGUMENT}`"),
        } })
    }

    /// Redeems a token. It must have been issued for exactly this call.
    pub(super) fn redeem(&self, token: &str, what: &Value, now: Instant) -> Result<(), DeskError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.open.remove(token) {
            None => Err(DeskError::token("this confirm token is unknown or was used before")),
            Some(pending) if pending.until <= now => {
                Err(DeskError::token("this confirm token has expired"))
            }
            Some(pending) if pending.what != *what => {
                Err(DeskError::token("this confirm token was given for another call"))
            }
            Some(_) => Ok(()),
        }
    }
}

/// Returns the schema of what [`Confirmations::issue`] returns.
pub(super) fn schema() -> Value {
    json!({
        "type": "object",
        "required": ["confirmation"],
        "properties": { "confirmation": {
            "type": "object",
            "required": ["required", "summary", "token", "expiresInSeconds", "next"],
            "properties": {
                "required": { "const": true },
                "summary": { "type": "string" },
                "token": { "type": "string" },
                "expiresInSeconds": { "type": "integer" },
                "next": { "type": "string" },
            },
        } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_confirms_its_own_call_once_within_its_lifetime() {
        let confirmations = Confirmations::new(1);
        let now = Instant::now();
        let issue = |what: &Value| {
            let told = confirmations.issue(what.clone(), "sure?", now);
            told["confirmation"]["token"].as_str().unwrap().to_owned()
        };
        let (merge, refund) = (json!("merge"), json!("refund"));
        let token = issue(&merge);
        confirmations.redeem(&token, &merge, now).unwrap();
        assert!(confirmations.redeem(&token, &merge, now).is_err());
        assert!(confirmations.redeem(&issue(&merge), &refund, now).is_err());
        assert!(confirmations.redeem(&issue(&merge), &merge, now + TOKEN_LIFETIME).is_err());
    }
}
