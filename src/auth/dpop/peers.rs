//! Remembers what servers require of proofs: the nonce for each origin's next one (RFC 9449 §8,
//! §9), and the difference of its clock from ours. Kept in memory only: a nonce is valid for
//! minutes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, header};
use url::{Origin, Url};

/// The header that carries a nonce.
const NONCE: &str = "dpop-nonce";
/// The longest accepted nonce, in bytes: it goes into every proof.
const MAX_NONCE_BYTES: usize = 1024;
/// A smaller difference between clocks, in seconds, is not why a proof was refused.
const TOLERATED_SKEW_SECONDS: u64 = 3;
/// How many origins are remembered: one sign-in knows two or three.
const MAX_ORIGINS: usize = 32;

/// The nonces and clocks of one remote's servers.
#[derive(Debug, Default)]
pub(crate) struct DpopPeers {
    peers: Mutex<HashMap<Origin, Peer>>,
}

#[derive(Clone, Debug, Default)]
struct Peer {
    nonce: Option<String>,
    /// The difference of their clock from ours, in seconds.
    offset: i64,
}

/// The parts of a response that concern proofs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DpopAnswer {
    nonce: Option<String>,
    /// The time there, in seconds since 1970.
    date: Option<u64>,
}

impl DpopAnswer {
    /// Reads the headers of a response. An invalid nonce is ignored.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut nonces = headers.get_all(NONCE).into_iter();
        let nonce = nonces.next().filter(|_| nonces.next().is_none());
        let nonce = nonce.and_then(|nonce| nonce.to_str().ok()).filter(|nonce| is_nonce(nonce));
        let date = headers.get(header::DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
        let since = |date: std::time::SystemTime| date.duration_since(std::time::UNIX_EPOCH).ok();
        Self {
            nonce: nonce.map(str::to_owned),
            date: date.and_then(since).map(|since| since.as_secs()),
        }
    }
}

/// Whether a text is a valid nonce: printable characters except quotation mark and backslash (RFC
/// 9449 §8.1).
fn is_nonce(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    !text.is_empty() && text.len() <= MAX_NONCE_BYTES && text.bytes().all(fits)
}

impl DpopPeers {
    /// The nonce for the next proof to this server, and the time by its clock when it is `now` by
    /// ours.
    pub(crate) fn next(&self, url: &Url, now: u64) -> (Option<String>, u64) {
        match self.peers().get(&url.origin()) {
            Some(peer) => (peer.nonce.clone(), now.saturating_add_signed(peer.offset)),
            None => (None, now),
        }
    }

    /// Records the nonce of a response; returns whether it is a new one.
    pub(crate) fn note_nonce(&self, url: &Url, answer: &DpopAnswer) -> bool {
        let Some(nonce) = &answer.nonce else { return false };
        let mut peers = self.peers();
        if peers.len() >= MAX_ORIGINS && !peers.contains_key(&url.origin()) {
            peers.clear();
        }
        let peer = peers.entry(url.origin()).or_default();
        let is_new = peer.nonce.as_ref() != Some(nonce);
        if is_new {
            peer.nonce = Some(nonce.clone());
        }
        is_new
    }

    /// Records the clock of a server that refused a proof; returns whether the proof had another
    /// time.
    pub(crate) fn note_clock(&self, url: &Url, answer: &DpopAnswer, now: u64) -> bool {
        let Some(date) = answer.date else { return false };
        let (_, assumed) = self.next(url, now);
        if date.abs_diff(assumed) <= TOLERATED_SKEW_SECONDS {
            return false;
        }
        let offset = i64::try_from(i128::from(date) - i128::from(now)).unwrap_or_default();
        tracing::info!(seconds = offset, "the server's clock differs: DPoP proofs follow it");
        self.peers().entry(url.origin()).or_default().offset = offset;
        true
    }

    fn peers(&self) -> MutexGuard<'_, HashMap<Origin, Peer>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(pairs: &[(&'static str, &str)]) -> DpopAnswer {
        let pair = |(name, value): &(&'static str, &str)| {
            (http::HeaderName::from_static(name), value.parse().unwrap())
        };
        DpopAnswer::of(&pairs.iter().map(pair).collect())
    }

    ///
    #[test]
    fn the_newest_nonce_of_an_origin_is_used_there_and_nowhere_else() {
        let peers = DpopPeers::default();
        let [here, there] = ["https://a/x", "https://b/x"].map(|url| Url::parse(url).unwrap());
        assert!(peers.note_nonce(&here, &answer(&[("dpop-nonce", "one")])));
        assert!(!peers.note_nonce(&here, &answer(&[("dpop-nonce", "one")])));
        assert!(peers.note_nonce(&here, &answer(&[("dpop-nonce", "two")])));
        assert!(!peers.note_nonce(&here, &answer(&[])));
        assert_eq!(peers.next(&here, 5), (Some("two".to_owned()), 5));
        assert_eq!(peers.next(&there, 5), (None, 5));
    }

    ///
    #[test]
    fn what_cannot_be_a_nonce_is_ignored() {
        for wrong in ["", "a b", "a\"b", "a\\b", &"x".repeat(2000)] {
            assert_eq!(answer(&[("dpop-nonce", wrong)]).nonce, None, "{wrong}");
        }
        let mut twice = HeaderMap::new();
        twice.append(NONCE, "a".parse().unwrap());
        twice.append(NONCE, "b".parse().unwrap());
        assert_eq!(DpopAnswer::of(&twice).nonce, None);
    }

    ///
    #[test]
    fn a_clock_that_differs_is_followed() {
        let peers = DpopPeers::default();
        let url = Url::parse("https://a/x").unwrap();
        let date = |text: &str| answer(&[("date", text)]);
        let noon = 1_800_014_400; // 2027-01-15 12:00:00
        let said =
            httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_secs(noon));
        assert!(!peers.note_clock(&url, &date(&said), noon + 2), "near enough");
        assert!(peers.note_clock(&url, &date(&said), noon + 600));
        assert_eq!(peers.next(&url, noon + 601), (None, noon + 1));
        assert!(!peers.note_clock(&url, &date(&said), noon + 600), "it is followed already");
        assert!(!peers.note_clock(&url, &date("soon"), 5));
    }
}
