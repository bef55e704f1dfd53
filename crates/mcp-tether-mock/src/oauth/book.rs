//! What the authorization server remembers: registrations, codes, grants and their tokens. Every
//! operation on tokens happens under one lock, so two renewals cannot both win.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use serde_json::Value;

use super::answer::OAuthError;
use super::clock::{Moment, milliseconds};
use super::issuer_options::{ClientAuthentication, IssuerOptions, RefreshTokens, Reuse};

/// A client that the server knows.
#[derive(Clone, Debug)]
pub(super) struct Registration {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) secret: Option<String>,
    /// When the secret ends; never if left out.
    pub(super) secret_ends: Option<Moment>,
    pub(super) authentication: ClientAuthentication,
    pub(super) redirect_uris: Vec<String>,
    pub(super) any_loopback_redirect: bool,
    pub(super) grant_types: Vec<String>,
    pub(super) key: Option<Value>,
}

impl Registration {
    pub(super) fn may(&self, grant_type: &str) -> bool {
        self.grant_types.iter().any(|known| known == grant_type)
    }
}

/// An authorization request that was found correct.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) client_id: String,
    pub(super) client_name: String,
    pub(super) redirect_uri: String,
    pub(super) state: String,
    pub(super) challenge: String,
    pub(super) scope: String,
    pub(super) resource: Option<String>,
}

/// What a user permitted a client.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) client_id: String,
    pub(super) scope: String,
    pub(super) resource: Option<String>,
    pub(super) account: String,
}

/// A code that waits to be exchanged.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) request: Request,
    pub(super) account: String,
    ends: Moment,
    /// The grant that it was exchanged for.
    spent_on: Option<u64>,
}

/// A device code.
#[derive(Clone, Debug)]
pub(super) struct DeviceCode {
    pub(super) grant: Grant,
    pub(super) client_name: String,
    pub(super) user_code: String,
    pub(super) ends: Moment,
    pub(super) polls: u32,
    pub(super) polled: Option<Moment>,
    /// Approved with an account, or denied.
    pub(super) decision: Option<Option<String>>,
}

#[derive(Clone, Debug)]
struct GrantEntry {
    grant: Grant,
    /// How often tokens were issued for it.
    issues: u32,
    /// The newest issue of which a token was seen.
    seen: u32,
}

#[derive(Clone, Debug)]
struct Token {
    grant: u64,
    issue: u32,
    ends: Moment,
    /// When a refresh token was used up.
    spent: Option<Moment>,
}

/// Tokens as they are handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Issued {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    pub(super) scope: String,
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) refresh_reuse: usize,
    pub(super) code_reuse: usize,
    pub(super) issued: usize,
    pub(super) renewed: usize,
}

#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) registrations: BTreeMap<String, Registration>,
    /// Requests that wait for a person, by the id in the form.
    pub(super) waiting: HashMap<String, Request>,
    pub(super) devices: HashMap<String, DeviceCode>,
    /// `jti` of assertions.
    pub(super) assertions: HashMap<String, Moment>,
    pub(super) counts: Counts,
    codes: HashMap<String, Code>,
    grants: BTreeMap<u64, GrantEntry>,
    access: HashMap<String, Token>,
    refresh: HashMap<String, Token>,
    serial: u64,
}

impl Book {
    /// A code for a request that was approved.
    pub(super) fn add_code(&mut self, request: Request, account: String, ends: Moment) -> String {
        let code = random("code");
        self.codes.insert(code.clone(), Code { request, account, ends, spent_on: None });
        code
    }

    /// The code, if it can still be exchanged. One that was exchanged before takes its tokens with
    /// it (OAuth 2.1 §4.1.3).
    pub(super) fn code(&mut self, code: &str, now: Moment) -> Result<Code, OAuthError> {
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

    /// Exchanges a code whose request was checked.
    pub(super) fn spend_code(&mut self, code: &str, grant: u64) {
        if let Some(code) = self.codes.get_mut(code) {
            code.spent_on = Some(grant);
        }
    }

    pub(super) fn add_grant(&mut self, grant: Grant) -> u64 {
        self.serial += 1;
        self.grants.insert(self.serial, GrantEntry { grant, issues: 0, seen: 0 });
        self.serial
    }

    /// New tokens for a grant.
    pub(super) fn issue(
        &mut self,
        number: u64,
        options: &IssuerOptions,
        with_refresh: bool,
        now: Moment,
    ) -> Issued {
        let Some(entry) = self.grants.get_mut(&number) else {
            unreachable!("tokens are issued for grants that exist")
        };
        entry.issues += 1;
        let (issue, scope) = (entry.issues, entry.grant.scope.clone());
        let token = |lifetime| Token {
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
        Issued { access, refresh, scope }
    }

    /// The grant of a refresh token. A spent one takes the whole grant with it, unless the options
    /// are kinder.
    pub(super) fn refreshable(
        &mut self,
        token: &str,
        options: &IssuerOptions,
        now: Moment,
    ) -> Result<(u64, Grant), OAuthError> {
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

    /// Renews a grant by a refresh token that [`Book::refreshable`] approved of.
    pub(super) fn renew(
        &mut self,
        token: &str,
        number: u64,
        options: &IssuerOptions,
        now: Moment,
    ) -> Issued {
        let rotates = options.refresh != RefreshTokens::Fixed;
        if let Some(found) = self.refresh.get_mut(token) {
            let issue = found.issue;
            found.spent = rotates.then_some(found.spent.unwrap_or(now));
            self.saw(number, issue);
            // What a lost answer carried is good for nobody.
            let newer = |other: &Token| other.grant == number && other.issue > issue;
            self.refresh.retain(|_, other| !newer(other));
            self.access.retain(|_, other| !newer(other));
        }
        self.counts.renewed += 1;
        self.issue(number, options, true, now)
    }

    /// The grant of an access token that is good now.
    pub(super) fn admitted(&mut self, token: &str, now: Moment) -> Option<Grant> {
        let found = self.access.get(token)?;
        if found.ends <= now {
            return None;
        }
        let (number, issue) = (found.grant, found.issue);
        let grant = self.grants.get(&number)?.grant.clone();
        self.saw(number, issue);
        Some(grant)
    }

    /// The grant of any token that was ever issued and whose grant still stands.
    pub(super) fn grant_of(&self, token: &str) -> Option<(u64, &Grant)> {
        let found = self.access.get(token).or_else(|| self.refresh.get(token))?;
        self.grants.get(&found.grant).map(|entry| (found.grant, &entry.grant))
    }

    /// Revokes a grant; codes and tokens stay known, so that showing them again is recognised.
    pub(super) fn end_grant(&mut self, number: u64) {
        self.grants.remove(&number);
    }

    /// Ends one access token.
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

/// Whether all of `wanted` is in `held`; both are separated by spaces.
pub(super) fn has_scopes(held: &str, wanted: &str) -> bool {
    wanted.split_whitespace().all(|scope| held.split_whitespace().any(|other| other == scope))
}

/// An identifier that cannot be guessed. Its first word says what it is, so that a leak is found by
/// looking for it.
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
        let grant = Grant {
            client_id: "id".to_owned(),
            scope: "a".to_owned(),
            resource: None,
            account: "x".to_owned(),
        };
        let number = book.add_grant(grant);
        (book, number)
    }

    fn renew(book: &mut Book, token: &str, options: &IssuerOptions, now: Moment) -> Option<Issued> {
        let (number, _) = book.refreshable(token, options, now).ok()?;
        Some(book.renew(token, number, options, now))
    }

    fn refresh_of(issued: Option<Issued>) -> String {
        issued.unwrap().refresh.unwrap()
    }

    #[test]
    fn a_spent_refresh_token_revokes_the_grant_and_its_newest_tokens() {
        let (mut book, number) = book();
        let options = IssuerOptions::default();
        let first = book.issue(number, &options, true, 0).refresh.unwrap();
        let second = renew(&mut book, &first, &options, 1).unwrap();
        assert!(book.admitted(&second.access, 2).is_some());
        assert_eq!(renew(&mut book, &first, &options, 2), None);
        assert_eq!(book.counts.refresh_reuse, 1);
        assert!(book.admitted(&second.access, 2).is_none());
        assert_eq!(renew(&mut book, &second.refresh.unwrap(), &options, 2), None);
        assert_eq!(book.counts.refresh_reuse, 1, "revoked, but never used before");
    }

    #[test]
    fn grace_ends_and_a_successor_that_was_seen_ends_it() {
        let (mut book, number) = book();
        let grace = Reuse::Grace(Duration::from_millis(10));
        let options = IssuerOptions { reuse: grace, ..IssuerOptions::default() };
        let first = book.issue(number, &options, true, 0).refresh.unwrap();
        renew(&mut book, &first, &options, 1).unwrap();
        renew(&mut book, &first, &options, 10).unwrap();
        assert_eq!(renew(&mut book, &first, &options, 11), None, "counted from the first use");

        let (mut book, number) = self::book();
        let options =
            IssuerOptions { reuse: Reuse::UntilSuccessorSeen, ..IssuerOptions::default() };
        let first = book.issue(number, &options, true, 0).refresh.unwrap();
        let lost = renew(&mut book, &first, &options, 1).unwrap();
        let second = refresh_of(renew(&mut book, &first, &options, 2));
        assert!(book.admitted(&lost.access, 3).is_none(), "the lost answer is good for nobody");
        renew(&mut book, &second, &options, 3).unwrap();
        assert_eq!(renew(&mut book, &first, &options, 4), None);
        assert_eq!(book.counts.refresh_reuse, 1);
    }

    #[test]
    fn tokens_end_in_time_and_a_fixed_refresh_token_stays() {
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
        let refresh = first.refresh.unwrap();
        assert_eq!(renew(&mut book, &refresh, &options, 6).unwrap().refresh, None);
        assert!(renew(&mut book, &refresh, &options, 7).is_some());
        assert_eq!(renew(&mut book, &refresh, &options, 50), None);
        assert_eq!(book.counts.refresh_reuse, 0);
    }

    #[test]
    fn scopes_are_compared_word_by_word() {
        assert!(has_scopes("a b:c d", "d a") && has_scopes("", ""));
        assert!(!has_scopes("ab", "a") && !has_scopes("", "a"));
    }
}
