//! Remembers the targets of redirects for as long as the session in which they were followed
//! (T-25). Following them again would cost every message a round trip.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::http::Target;

/// How many targets are remembered; the oldest is forgotten first.
const MAX_MOVES: usize = 8;

/// The redirects that were followed.
#[derive(Debug, Default)]
pub(super) struct FollowedRedirects {
    any: AtomicBool,
    known: Mutex<Vec<FollowedRedirect>>,
}

#[derive(Debug)]
struct FollowedRedirect {
    generation: u32,
    from: Target,
    to: Target,
}

impl FollowedRedirects {
    /// The current target of requests to this target, in the session of this generation.
    pub(super) fn current(&self, generation: u32, target: &Target) -> Target {
        if !self.any.load(Ordering::Acquire) {
            return target.clone();
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().find(|one| one.is_for(generation, target));
        found.map_or(target, |one| &one.to).clone()
    }

    /// Remembers that `from` leads to `to`.
    pub(super) fn remember(&self, generation: u32, from: &Target, to: &Target) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|one| !one.is_for(generation, from));
        if known.len() >= MAX_MOVES {
            known.remove(0);
        }
        known.push(FollowedRedirect { generation, from: from.clone(), to: to.clone() });
        self.any.store(true, Ordering::Release);
    }

    /// Forgets the redirect of `from`, because its target no longer answers. Returns whether there
    /// was one.
    pub(super) fn forget(&self, generation: u32, from: &Target) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.len();
        known.retain(|one| !one.is_for(generation, from));
        known.len() < before
    }
}

impl FollowedRedirect {
    fn is_for(&self, generation: u32, target: &Target) -> bool {
        self.generation == generation && self.from.url() == target.url()
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    /// T-25
    #[test]
    fn a_target_is_remembered_within_its_session_only() {
        let target = |path: &str| {
            Target::new(Url::parse("https://host.example").unwrap().join(path).unwrap()).unwrap()
        };
        let moves = FollowedRedirects::default();
        let place =
            |generation, path| moves.current(generation, &target(path)).url().path().to_owned();
        moves.remember(1, &target("/mcp"), &target("/mcp/"));
        assert_eq!(place(1, "/mcp"), "/mcp/");
        assert_eq!(place(2, "/mcp"), "/mcp");
        assert_eq!(place(1, "/other"), "/other");
        assert!(moves.forget(1, &target("/mcp")));
        assert_eq!(place(1, "/mcp"), "/mcp");
        for number in 0..20 {
            moves.remember(number, &target("/a"), &target("/b"));
        }
        assert_eq!(moves.known.lock().unwrap().len(), MAX_MOVES);
    }
}
