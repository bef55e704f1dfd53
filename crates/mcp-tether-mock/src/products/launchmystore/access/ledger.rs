//! Accounts and the tokens they issued. Only digests of passwords and tokens are kept, so that a
//! data file holds no usable secret.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::role::Role;
use crate::product::Moment;

/// The lifetime of a token: a year.
const TOKEN_LIFETIME_DAYS: i64 = 365;
/// The minimum length of a password.
const MIN_PASSWORD_LENGTH: usize = 8;
/// The password of every account of a new store.
pub(crate) const FIRST_PASSWORD: &str = "mock-password";

/// The people of a new store.
const PEOPLE: [(&str, &str, Role); 4] = [
    ("owner@harborpine.example", "Maya Lindqvist", Role::Owner),
    ("manager@harborpine.example", "Tom Okafor", Role::Manager),
    ("editor@harborpine.example", "Inès Moreau", Role::Editor),
    ("viewer@harborpine.example", "Sam Whitfield", Role::Viewer),
];

/// Every account, and every valid token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ledger {
    accounts: Vec<Account>,
    tokens: Vec<Token>,
    issued: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Account {
    email: String,
    name: String,
    role: Role,
    salt: String,
    password: String,
}

/// A token as its owner sees it: never the token itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) id: u64,
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) label: String,
    /// Its first letters, for recognition.
    pub(crate) starts: String,
    pub(crate) created: Moment,
    pub(crate) expires: Moment,
    digest: String,
}

/// A signed-in member, or the owner of a presented token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StaffMember {
    pub(crate) email: String,
    pub(crate) role: Role,
}

impl Ledger {
    /// Creates the accounts of a new store, and the owner's token `demo` for trials.
    pub(crate) fn new(demo: &str, now: Moment) -> Self {
        let account = |(email, name, role): (&str, &str, Role)| {
            let salt = random("salt");
            let password = digest(&[&salt, FIRST_PASSWORD]);
            Account { email: email.to_owned(), name: name.to_owned(), role, salt, password }
        };
        let accounts = PEOPLE.map(account).to_vec();
        let mut ledger = Self { accounts, tokens: Vec::new(), issued: 0 };
        ledger.keep(demo, &ledger.owner(), "demo", now);
        ledger
    }

    /// Returns the owner, who may do everything.
    pub(crate) fn owner(&self) -> StaffMember {
        StaffMember { email: PEOPLE[0].0.to_owned(), role: Role::Owner }
    }

    /// Signs a member in with a role, their own if none is named. A role above their own is
    /// refused.
    pub(crate) fn sign_in(
        &self,
        email: &str,
        password: &str,
        role: Option<Role>,
    ) -> Result<StaffMember, String> {
        let known = self.accounts.iter().find(|account| account.email.eq_ignore_ascii_case(email));
        let account = known
            .filter(|account| account.password == digest(&[&account.salt, password]))
            .ok_or("the e-mail address or the password is wrong")?;
        let role = role.unwrap_or(account.role);
        if role > account.role {
            let (has, wants) = (account.role.name(), role.name());
            return Err(format!("this account is {has} and cannot act as {wants}"));
        }
        Ok(StaffMember { email: account.email.clone(), role })
    }

    /// Issues a token; only its digest is stored, so it can be shown only once.
    pub(crate) fn mint(
        &mut self,
        member: &StaffMember,
        label: &str,
        now: Moment,
    ) -> (String, Token) {
        let token = random("lms");
        let kept = self.keep(&token, member, label, now);
        (token, kept)
    }

    fn keep(&mut self, token: &str, member: &StaffMember, label: &str, now: Moment) -> Token {
        self.issued += 1;
        let kept = Token {
            id: self.issued,
            email: member.email.clone(),
            role: member.role,
            label: label.chars().take(60).collect(),
            starts: token.chars().take(8).collect(),
            created: now,
            expires: now.plus_hours(TOKEN_LIFETIME_DAYS * 24),
            digest: digest(&[token]),
        };
        self.tokens.push(kept.clone());
        kept
    }

    /// Returns the member of a token, if it is valid.
    pub(crate) fn admit(&self, token: &str, now: Moment) -> Option<StaffMember> {
        let wanted = digest(&[token]);
        let token = self.tokens.iter().find(|known| known.digest == wanted)?;
        let member = StaffMember { email: token.email.clone(), role: token.role };
        (token.expires > now).then_some(member)
    }

    /// Returns the valid tokens of an account, the newest first.
    pub(crate) fn tokens(&self, email: &str, now: Moment) -> Vec<&Token> {
        let good = |token: &&Token| token.email == email && token.expires > now;
        self.tokens.iter().rev().filter(good).collect()
    }

    /// Revokes a token of this account; returns false if it has none with that number.
    pub(crate) fn revoke(&mut self, email: &str, id: u64) -> bool {
        let before = self.tokens.len();
        self.tokens.retain(|token| token.email != email || token.id != id);
        self.tokens.len() < before
    }

    /// Changes a password and revokes every token of the account. Returns how many that were.
    pub(crate) fn change_password(
        &mut self,
        email: &str,
        old: &str,
        new: &str,
    ) -> Result<usize, String> {
        self.sign_in(email, old, None).map_err(|_| "the old password is wrong")?;
        if new.chars().count() < MIN_PASSWORD_LENGTH {
            return Err(format!("the new password needs {MIN_PASSWORD_LENGTH} characters or more"));
        }
        for account in self.accounts.iter_mut().filter(|account| account.email == email) {
            account.salt = random("salt");
            account.password = digest(&[&account.salt, new]);
        }
        let before = self.tokens.len();
        self.tokens.retain(|token| token.email != email);
        Ok(before - self.tokens.len())
    }
}

/// Returns an unguessable value that starts with `prefix`.
pub(crate) fn random(kind: &str) -> String {
    let mut bytes = [0; 32];
    OsRng.try_fill_bytes(&mut bytes).expect("the system has randomness");
    format!("{kind}_{}", URL_SAFE_NO_PAD.encode(bytes))
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: &str = "owner@harborpine.example";

    fn ledger() -> (Ledger, Moment) {
        let now = Moment(1_000_000_000);
        (Ledger::new("lms_demo", now), now)
    }

    #[test]
    fn a_token_is_valid_for_a_year_and_has_its_role() {
        let (mut ledger, now) = ledger();
        let member = ledger.sign_in("OWNER@harborpine.example", FIRST_PASSWORD, Some(Role::Viewer));
        let (token, kept) = ledger.mint(&member.unwrap(), "laptop", now);
        assert!(token.len() > 40 && kept.digest != token);
        assert_eq!(ledger.admit(&token, now).unwrap().role, Role::Viewer);
        assert!(ledger.admit(&token, now.plus_hours(365 * 24 - 1)).is_some());
        assert!(ledger.admit(&token, now.plus_hours(365 * 24)).is_none());
        assert!(ledger.admit("lms_other", now).is_none());
        assert_eq!(ledger.tokens(OWNER, now).len(), 2, "with the demo token");
        assert!(ledger.revoke(OWNER, kept.id) && !ledger.revoke(OWNER, kept.id));
        assert!(ledger.admit(&token, now).is_none());
    }

    #[test]
    fn a_new_password_revokes_the_tokens_of_that_account_only() {
        let (mut ledger, now) = ledger();
        let editor = ledger.sign_in("editor@harborpine.example", FIRST_PASSWORD, None).unwrap();
        let (of_editor, _) = ledger.mint(&editor, "", now);
        assert!(ledger.change_password(OWNER, "wrong", "long enough").is_err());
        assert!(ledger.change_password(OWNER, FIRST_PASSWORD, "short").is_err());
        assert!(ledger.admit("lms_demo", now).is_some(), "nothing was changed");
        assert_eq!(ledger.change_password(OWNER, FIRST_PASSWORD, "long enough"), Ok(1));
        assert!(ledger.admit("lms_demo", now).is_none());
        assert!(ledger.admit(&of_editor, now).is_some());
        assert!(ledger.sign_in(OWNER, FIRST_PASSWORD, None).is_err());
        assert!(ledger.sign_in(OWNER, "long enough", None).is_ok());
    }

    #[test]
    fn a_role_above_ones_own_is_refused() {
        let (ledger, _) = ledger();
        let wants = |role| ledger.sign_in("manager@harborpine.example", FIRST_PASSWORD, Some(role));
        assert!(wants(Role::Owner).is_err());
        assert_eq!(wants(Role::Editor).unwrap().role, Role::Editor);
    }

    #[test]
    fn a_data_file_holds_neither_password_nor_token() {
        let (mut ledger, now) = ledger();
        let (token, _) = ledger.mint(&ledger.owner(), "", now);
        let text = serde_json::to_string(&ledger).unwrap();
        assert!(!text.contains(&token) && !text.contains(FIRST_PASSWORD), "{text}");
    }
}
