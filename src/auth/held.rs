//! What one process remembers of a sign-in: the tokens in memory, what is under way, what went
//! wrong.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, Shared};
use http::HeaderValue;
use tokio::time::Instant;

use super::challenge::Challenge;
use super::record::SignIn;
use super::scopes::covers;
use crate::error::{Failure, FailureKind};

/// Work that everyone who needs it waits for together.
pub(super) type Flight = Shared<BoxFuture<'static, Result<(), Failure>>>;

/// How long after a failure nothing is tried again.
const COOL_DOWN: Duration = Duration::from_secs(5);
/// How often the store is looked into while it has nothing.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long after a person's refusal no tab is opened again, not even on demand.
const PERSON_COOL_DOWN: Duration = Duration::from_secs(30);
/// How long a token that an incident brought is on probation, unless a request succeeded with it.
const PROBATION: Duration = Duration::from_secs(60);
/// How long a consent counts as proof that asking for the same scopes again is of no use.
const CONSENT: Duration = Duration::from_secs(600);

/// Where the tokens in memory came from, in the order in which an incident goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// From the store, before any trouble.
    Loaded,
    /// From the store, after the server refused what we had.
    LoadedAgain,
    /// Renewed after a refusal.
    Renewed,
    /// From a sign-in of this process.
    SignedIn,
}

/// The tokens in memory.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) record: Arc<SignIn>,
    pub(super) header: HeaderValue,
    pub(super) serial: u64,
    pub(super) source: Source,
    pub(super) renewable: bool,
    since: Instant,
}

/// What this process remembers.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) held: Option<Held>,
    pub(super) renewal: Option<Flight>,
    pub(super) incident: Option<Flight>,
    /// The last challenge, for a sign-in that somebody starts by hand.
    pub(super) challenge: Option<Challenge>,
    renewal_failure: Option<(Failure, Instant)>,
    vain_look: Option<Instant>,
    /// The server has refused a request, so a sign-in is worth looking for each time.
    refused: bool,
    failure: Option<LastFailure>,
    demanded: Option<Instant>,
    /// What a person last agreed to, and when.
    consent: Option<(Option<String>, Instant)>,
    serials: u64,
    accepted: u64,
}

#[derive(Debug)]
struct LastFailure {
    failure: Failure,
    at: Instant,
    by_person: bool,
}

impl Memory {
    /// Takes tokens over.
    ///
    /// # Errors
    /// The token is no header text.
    pub(super) fn hold(
        &mut self,
        record: Arc<SignIn>,
        use_id_token: bool,
        source: Source,
        renewable: bool,
    ) -> Result<(), Failure> {
        let tokens = &record.tokens;
        let token = match (use_id_token, &tokens.id_token) {
            (true, Some(token)) => token,
            (true, None) => {
                return Err(unusable("the authorization server gave no ID token")
                    .hint("leave `--use-id-token` out, or ask for the scope `openid`"));
            }
            (false, _) => &tokens.access_token,
        };
        let mut header = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
            .map_err(|_| unusable("the token holds characters that no header may carry"))?;
        header.set_sensitive(true);
        self.serials += 1;
        let (serial, since) = (self.serials, Instant::now());
        if source == Source::SignedIn {
            self.consent = Some((record.scopes_asked.clone(), since));
        }
        self.held = Some(Held { record, header, serial, source, renewable, since });
        self.renewal_failure = None;
        self.failure = None;
        Ok(())
    }

    /// The tokens cannot be renewed any more; they are used as long as the server takes them.
    pub(super) fn exhaust(&mut self) {
        if let Some(held) = &mut self.held {
            held.renewable = false;
        }
    }

    /// A request succeeded with this token.
    pub(super) fn accept(&mut self, serial: u64) {
        self.accepted = self.accepted.max(serial);
    }

    /// The stage that the trouble with this token has reached. A token that an incident brought and
    /// that never worked continues that incident; any other begins a new one.
    pub(super) fn stage(&self, now: u64) -> Source {
        let Some(held) = &self.held else { return Source::Loaded };
        let unproven = held.serial > self.accepted && held.since.elapsed() < PROBATION;
        match unproven && !held.record.tokens.is_expired(now) {
            true => held.source,
            false => Source::Loaded,
        }
    }

    /// Whether a person agreed to these scopes a while ago: then asking again changes nothing.
    pub(super) fn was_agreed_to(&self, needed: Option<&str>) -> bool {
        self.consent
            .as_ref()
            .is_some_and(|(scopes, at)| at.elapsed() < CONSENT && covers(scopes.as_deref(), needed))
    }

    /// The server refuses what a fresh sign-in brought: another one would not help.
    pub(super) fn is_fresh_sign_in(&self, now: u64) -> bool {
        self.held.is_some() && self.stage(now) == Source::SignedIn
    }

    pub(super) fn note_renewal_failure(&mut self, failure: Failure) {
        self.renewal_failure = Some((failure, Instant::now()));
    }

    /// Why renewing failed a moment ago; then it is not tried again yet.
    pub(super) fn recent_renewal_failure(&self) -> Option<Failure> {
        let (failure, at) = self.renewal_failure.as_ref()?;
        (at.elapsed() < COOL_DOWN).then(|| failure.clone())
    }

    /// Whether nothing was stored a moment ago, and the server has not asked for it either. A
    /// sign-in of another process that is overlooked for this long costs one refusal.
    pub(super) fn looked_in_vain(&self) -> bool {
        !self.refused && self.vain_look.is_some_and(|at| at.elapsed() < LOOK_AGAIN)
    }

    pub(super) fn note_refusal(&mut self) {
        self.refused = true;
    }

    pub(super) fn note_vain_look(&mut self) {
        self.vain_look = Some(Instant::now());
    }

    /// Remembers why a sign-in failed. Where a person was involved, no second tab opens by itself.
    pub(super) fn note_failure(&mut self, failure: Failure, by_person: bool) {
        self.failure = Some(LastFailure { failure, at: Instant::now(), by_person });
    }

    /// Somebody waits for an answer right now.
    pub(super) fn demand(&mut self) {
        self.demanded = Some(Instant::now());
    }

    /// Whether somebody waited for an answer since the last failure.
    pub(super) fn is_demanded(&self) -> bool {
        match (&self.failure, self.demanded) {
            (Some(failure), Some(demanded)) => demanded > failure.at,
            (None, demanded) => demanded.is_some(),
            (Some(_), None) => false,
        }
    }

    /// Why no sign-in may begin now.
    pub(super) fn hindrance(&self) -> Option<Failure> {
        let last = self.failure.as_ref()?;
        let over = match last.by_person {
            true => last.at.elapsed() >= PERSON_COOL_DOWN && self.is_demanded(),
            false => last.at.elapsed() >= COOL_DOWN,
        };
        (!over).then(|| last.failure.clone())
    }

    /// Forgets failures: somebody starts a sign-in by hand.
    pub(super) fn forgive(&mut self) {
        self.failure = None;
        self.renewal_failure = None;
    }
}

fn unusable(message: &str) -> Failure {
    Failure::new(FailureKind::AuthFailed, message)
}
