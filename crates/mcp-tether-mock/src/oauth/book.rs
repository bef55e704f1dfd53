//! The authorization server's records: registrations, codes, grants and their tokens. Every
//! operation on tokens happens under one lock, so two refreshes cannot both succeed.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use serde_json::Value;

use super::answer::OAuthError;
use super::clock::{EpochMillis, milliseconds};
use super::issuer_options::{ClientAuthentication, IssuerOptions, RefreshTokens, Reuse};

/// The grant type of the device grant (RFC 8628 §3.4).
pub(super) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A registered or known client.
#[derive(Clone, Debug)]
pub(super) struct ClientRecord {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) secret: Option<String>,
    /// When the secret expires; never if left out.
    pub(super) secret_ends: Option<EpochMillis>,
    pub(super) authentication: ClientAuthentication,
    pub(super) redirect_uris: Vec<String>,
    pub(super) any_loopback_redirect: bool,
    pub(super) grant_types: Vec<String>,
    pub(super) key: Option<Value>,
}

impl ClientRecord {
    pub(super) fn may(&self, grant_type: &str) -> bool {
        self.grant_types.iter().any(|known| known == grant_type)
    }
}

/// A validated authorization request.
#[derive(Clone, Debug)]
pub(super) struct AuthorizationRequest {
    pub(super) client_id: String,
    pub(super) client_name: String,
    pub(super) redirect_uri: String,
    pub(super) state: String,
    pub(super) challenge: String,
    pub(super) scope: String,
    pub(super) resource: Option<String>,
    /// `dpop_jkt`: the thumbprint of the key that the code is bound to.
    pub(super) key: Option<String>,
}

/// An authorization request that was pushed.
#[derive(Clone, Debug)]
pub(super) struct PushedAuthorization {
    pub(super) fields: BTreeMap<String, String>,
    pub(super) ends: EpochMillis,
}

/// The grant of a user to a client.
#[derive(Clone, Debug)]
pub(super) struct GrantRecord {
    pub(super) client_id: String,
    pub(super) scope: String,
    pub(super) resource: Option<String>,
    pub(super) account: String,
    /// The thumbprint of the key that the tokens are bound to.
    pub(super) key: Option<String>,
}

/// An authorization code that can be exchanged.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) request: AuthorizationRequest,
    pub(super) account: String,
    ends: EpochMillis,
    /// The grant that it was exchanged for, if it was.
    spent_on: Option<u64>,
}

/// A device code.
#[derive(Clone, Debug)]
pub(super) struct DeviceGrant {
    pub(super) grant: GrantRecord,
    pub(super) client_name: String,
    pub(super) user_code: String,
    pub(super) ends: EpochMillis,
    pub(super) polls: u32,
    pub(super) polled: Option<EpochMillis>,
    /// The account that approved it, or `None` if it was denied.
    pub(super) decision: Option<Option<String>>,
}

#[derive(Clone, Debug)]
struct GrantEntry {
    grant: GrantRecord,
    /// How often tokens were issued for it.
    issues: u32,
    /// The newest issue of which a token was presented.
    seen: u32,
}

#[derive(Clone, Debug)]
struct IssuedToken {
    grant: u64,
    issue: u32,
    ends: EpochMillis,
    /// When a refresh token was spent.
    spent: Option<EpochMillis>,
}

/// Tokens as they are sent to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IssuedTokens {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    pub(super) scope: String,
    /// Whether they are bound to a key.
    pub(super) is_bound: bool,
}

/// Counters of the events so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct IssuerCounts {
    pub(super) refresh_reuse: usize,
    pub(super) code_reuse: usize,
    pub(super) issued: usize,
    pub(super) refreshed: usize,
}

#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) registrations: BTreeMap<String, ClientRecord>,
    /// Requests that wait for consent, by the id in the form.
    pub(super) waiting: HashMap<String, AuthorizationRequest>,
    /// Requests that were pushed, by `request_uri`.
    pub(super) pushed: HashMap<String, PushedAuthorization>,
    pub(super) devices: HashMap<String, DeviceGrant>,
    /// The `jti` claims of accepted assertions.
    pub(super) assertions: HashMap<String, EpochMillis>,
    pub(super) counts: IssuerCounts,
    codes: HashMap<String, Code>,
    grants: BTreeMap<u64, GrantEntry>,
    access: HashMap<String, IssuedToken>,
    refresh: HashMap<String, IssuedToken>,
    serial: u64,
}

impl Book {
    /// Issues a code for an approved request.
    pub(super) fn add_code(
        &mut self,
        request: AuthorizationRequest,
        account: String,
        ends: EpochMillis,
    ) -> String {
        let code = random("code");
        self.codes.insert(code.clone(), Code { request, account, ends, spent_on: None });
        code
    }

    /// Returns the code if it can still be exchanged. One that was exchanged before revokes its
    /// tokens (OAuth 2.1 §4.1.3).
    pub(super) fn code(&mut self, code: &str, now: EpochMillis) -> Result<Code, OAuthError> {
        let Some(found) = self.codes.get(code).cloned() else {
            return Err(OAuthError::invalid_grant("the code is not known"));
        };
        if let Some(grant) = found.spent_on {
            self.counts.code_reuse += 1;
            self.end_grant(grant);
            return Err(OAuthError::invalid_grant("the code was used before"));
        }
        if found.ends <= now {
            return Err(OAuthError::invalid_grant("the code has expired"));
        }
        Ok(found)
    }

    /// Marks a code as exchanged.
    pub(super) fn spend_code(&mut self, code: &str, grant: u64) {
        if let Some(code) = self.codes.get_mut(code) {
            code.spent_on = Some(grant);
        }
    }

    pub(super) fn add_grant(&mut self, grant: GrantRecord) -> u64 {
        self.serial += 1;
        self.grants.insert(self.serial, GrantEntry { grant, issues: 0, seen: 0 });
        self.serial
    }

    /// Issues tokens for a user's grant, with a refresh token if the client registered for one.
    pub(super) fn issue_to(
        &mut self,
        registration: &ClientRecord,
        grant: u64,
        options: &IssuerOptions,
        now: EpochMillis,
    ) -> IssuedTokens {
        self.issue(grant, options, registration.may("refresh_token"), now)
    }

    /// Issues tokens for a grant.
    pub(super) fn issue(
        &mut self,
        number: u64,
        options: &IssuerOptions,
        with_refresh: bool,
        now: EpochMillis,
    ) -> IssuedTokens {
        let Some(entry) = self.grants.get_mut(&number) else {
            unreachable!("tokens are issued for grants that exist")
        };
        entry.issues += 1;
        let (issue, scope) = (entry.issues, entry.grant.scope.clone());
        let is_bound = entry.grant.key.is_some();
        let token = |lifetime| IssuedToken {
            grant: number,
            issue,
            ends: now.saturating_add(milliseconds(lifetime)),
            spent: None,
        };
        let access = random("access");
        self.access.insert(access.clone(), token(options.access_lifetime));
        let wanted = with_refresh
            && match options.refresh {
                RefreshTokens::Absent => false,
                RefreshTokens::Fixed => issue == 1,
                RefreshTokens::Rotating => true,
                RefreshTokens::RotatingIfOffline => has_scopes(&scope, "offline_access"),
            };
        let refresh = wanted.then(|| random("refresh"));
        if let Some(refresh) = &refresh {
            self.refresh.insert(refresh.clone(), token(options.refresh_lifetime));
        }
        self.counts.issued += 1;
        IssuedTokens { access, refresh, scope, is_bound }
    }

    /// Returns the grant of a refresh token. A spent one revokes the whole grant, unless the
    /// options allow it.
    pub(super) fn refreshable(
        &mut self,
        token: &str,
        options: &IssuerOptions,
        now: EpochMillis,
    ) -> Result<(u64, GrantRecord), OAuthError> {
        let Some(found) = self.refresh.get(token).cloned() else {
            return Err(OAuthError::invalid_grant("the refresh token is not known"));
        };
        let Some(entry) = self.grants.get(&found.grant).cloned() else {
            return Err(OAuthError::invalid_grant("the grant was revoked"));
        };
        if found.ends <= now {
            return Err(OAuthError::invalid_grant("the refresh token has expired"));
        }
        let Some(spent) = found.spent else {
            return Ok((found.grant, entry.grant));
        };
        let excused = match options.reuse {
            Reuse::Strict => false,
            Reuse::Grace(time) => now < spent.saturating_add(milliseconds(time)),
            Reuse::UntilSuccessorSeen => entry.seen <= found.issue,
        };
        if !excused {
            self.counts.refresh_reuse += 1;
            self.end_grant(found.grant);
            let words = "the refresh token was used before, the grant is revoked";
            return Err(OAuthError::invalid_grant(words));
        }
        Ok((found.grant, entry.grant))
    }

    /// Refreshes a grant with a token that [`Book::refreshable`] accepted.
    pub(super) fn refresh(
        &mut self,
        token: &str,
        number: u64,
        options: &IssuerOptions,
        now: EpochMillis,
    ) -> IssuedTokens {
        let rotates = options.refresh != RefreshTokens::Fixed;
        if let Some(found) = self.refresh.get_mut(token) {
            let issue = found.issue;
            found.spent = rotates.then_some(found.spent.unwrap_or(now));
            self.saw(number, issue);
            // The tokens of an answer that got lost are revoked.
            let newer = |other: &IssuedToken| other.grant == number && other.issue > issue;
            self.refresh.retain(|_, other| !newer(other));
            self.access.retain(|_, other| !newer(other));
        }
        self.counts.refreshed += 1;
        self.issue(number, options, true, now)
    }

    /// Returns the grant of an access token that is valid now.
    pub(super) fn admitted(&mut self, token: &str, now: EpochMillis) -> Option<GrantRecord> {
        let found = self.access.get(token)?;
        if found.ends <= now {
            return None;
        }
        let (number, issue) = (found.grant, found.issue);
        let grant = self.grants.get(&number)?.grant.clone();
        self.saw(number, issue);
        Some(grant)
    }

    /// Returns the grant of any token ever issued, unless the grant was revoked.
    pub(super) fn grant_of(&self, token: &str) -> Option<(u64, &GrantRecord)> {
        let found = self.access.get(token).or_else(|| self.refresh.get(token))?;
        self.grants.get(&found.grant).map(|entry| (found.grant, &entry.grant))
    }

    /// Revokes a grant. Its codes and tokens stay known, so that their reuse is detected.
    pub(super) fn end_grant(&mut self, number: u64) {
        self.grants.remove(&number);
    }

    /// Expires one access token.
    pub(super) fn end_access(&mut self, token: &str) {
        self.access.remove(token);
    }

    pub(super) fn end_all_access(&mut self) {
        self.access.clear();
    }

    pub(super) fn end_all_grants(&mut self) {
        self.grants.clear();
        self.codes.clear();
    }

    pub(super) fn grants(&self) -> usize {
        self.grants.len()
    }

    fn saw(&mut self, number: u64, issue: u32) {
        if let Some(entry) = self.grants.get_mut(&number) {
            entry.seen = entry.seen.max(issue);
        }
    }
}

/// Returns whether all of `wanted` is in `held`; both are separated by spaces.
pub(super) fn has_scopes(held: &str, wanted: &str) -> bool {
    wanted.split_whitespace().all(|scope| held.split_whitespace().any(|other| other == scope))
}

/// Returns an identifier that cannot be guessed. It starts with `prefix`, so that a leak is found
/// by searching for it.
pub(super) fn random(kind: &str) -> String {
    let mut bytes = [0; 24];
    OsRng.try_fill_bytes(&mut bytes).expect("the system has randomness");
    format!("{kind}_{}", URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn book() -> (Book, u64) {
        let mut book = Book::default();
        let grant = GrantRecord {
            client_id: "id".to_owned(),
            scope: "a".to_owned(),
            resource: None,
            account: "x".to_owned(),
            key: None,
        };
        let number = book.add_grant(grant);
        (book, number)
    }

    fn refresh(
        book: &mut Book,
        token: &str,
        options: &IssuerOptions,
        now: EpochMillis,
    ) -> Option<IssuedTokens> {
        let (number, _) = book.refreshable(token, options, now).ok()?;
        Some(book.refresh(token, number, options, now))
    }

    fn refresh_of(issued: Option<IssuedTokens>) -> String {
        issued.unwrap().refresh.unwrap()
    }

    #[test]
    fn a_spent_refresh_token_revokes_the_grant_and_its_newest_tokens() {
        let (mut book, number) = book();
        let options = IssuerOptions::default();
        let first = book.issue(number, &options, true, 0).refresh.unwrap();
        let second = refresh(&mut book, &first, &options, 1).unwrap();
        assert!(book.admitted(&second.access, 2).is_some());
        assert_eq!(refresh(&mut book, &first, &options, 2), None);
        assert_eq!(book.counts.refresh_reuse, 1);
        assert!(book.admitted(&second.access, 2).is_none());
        assert_eq!(refresh(&mut book, &second.refresh.unwrap(), &options, 2), None);
        assert_eq!(book.counts.refresh_reuse, 1, "revoked, but never used before");
    }

    #[test]
    fn the_grace_period_ends_in_time_or_when_the_successor_is_seen() {
        let (mut book, number) = book();
        let grace = Reuse::Grace(Duration::from_millis(10));
        let options = IssuerOptions { reuse: grace, ..IssuerOptions::default() };
        let first = book.issue(number, &options, true, 0).refresh.unwrap();
        refresh(&mut book, &first, &options, 1).unwrap();
        refresh(&mut book, &first, &options, 10).unwrap();
        assert_eq!(refresh(&mut book, &first, &options, 11), None, "counted from the first use");

        let (mut book, number) = self::book();
        let options =
            IssuerOptions { reuse: Reuse::UntilSuccessorSeen, ..IssuerOptions::default() };
        let first = book.issue(number, &options, true, 0).refresh.unwrap();
        let lost = refresh(&mut book, &first, &options, 1).unwrap();
        let second = refresh_of(refresh(&mut book, &first, &options, 2));
        assert!(book.admitted(&lost.access, 3).is_none(), "the lost answer is good for nobody");
        refresh(&mut book, &second, &options, 3).unwrap();
        assert_eq!(refresh(&mut book, &first, &options, 4), None);
        assert_eq!(book.counts.refresh_reuse, 1);
    }

    #[test]
    fn tokens_expire_and_a_fixed_refresh_token_stays() {
        let (mut book, number) = book();
        let options = IssuerOptions {
            refresh: RefreshTokens::Fixed,
            access_lifetime: Duration::from_millis(5),
            refresh_lifetime: Duration::from_millis(50),
            ..IssuerOptions::default()
        };
        let first = book.issue(number, &options, true, 0);
        assert!(book.admitted(&first.access, 4).is_some());
        assert!(book.admitted(&first.access, 5).is_none());
        let token = first.refresh.unwrap();
        assert_eq!(refresh(&mut book, &token, &options, 6).unwrap().refresh, None);
        assert!(refresh(&mut book, &token, &options, 7).is_some());
        assert_eq!(refresh(&mut book, &token, &options, 50), None);
        assert_eq!(book.counts.refresh_reuse, 0);
    }

    #[test]
    fn scopes_are_compared_word_by_word() {
        assert!(has_scopes("a b:c d", "d a") && has_scopes("", ""));
        assert!(!has_scopes("ab", "a") && !has_scopes("", "a"));
    }
}
