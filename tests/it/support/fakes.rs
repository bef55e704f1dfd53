//! A fake browser, clock and input that a test controls, and a recording that it can read.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use mcp_tether::auth::LineSource;
use mcp_tether::platform::{Browser, BrowserError, Clock};
use mcp_tether::recording::RecordingFile;
use tokio::sync::watch;
use url::Url;

use crate::support::waiting::until;

/// A clock that stands still unless it is told to go on.
#[derive(Clone, Debug)]
pub struct FakeClock(Arc<AtomicU64>);

impl Default for FakeClock {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(1_800_000_000)))
    }
}

impl FakeClock {
    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A browser for tests.
#[derive(Clone, Debug)]
pub struct FakeBrowser {
    way: Way,
    /// Whether the next page ends in a panic.
    panics: Arc<AtomicBool>,
    opened: Arc<Mutex<Vec<Url>>>,
    ended: Arc<watch::Sender<Vec<LandingPage>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Follows,
    Ignores,
    Missing,
}

/// The page on which the browser ended.
#[derive(Clone, Debug)]
pub struct LandingPage {
    pub url: Url,
    pub status: u16,
    pub text: String,
}

impl FakeBrowser {
    /// Does the GETs, redirect by redirect, as a person who approves everything.
    pub fn follows() -> Self {
        Self::new(Way::Follows)
    }

    /// Opens the page, and nobody looks at it.
    pub fn ignores() -> Self {
        Self::new(Way::Ignores)
    }

    /// There is no browser on this machine.
    pub fn missing() -> Self {
        Self::new(Way::Missing)
    }

    /// Panics once, as only a bug can make it, and then follows.
    pub fn panics_once() -> Self {
        Self { panics: Arc::new(AtomicBool::new(true)), ..Self::follows() }
    }

    /// Fails the test on drop if it was opened.
    pub fn must_not_open() -> Unopened {
        Unopened(Self::ignores())
    }

    fn new(way: Way) -> Self {
        Self { way, panics: Arc::default(), opened: Arc::default(), ended: Arc::default() }
    }

    /// Returns the pages that it was asked to open.
    pub fn opened(&self) -> Vec<Url> {
        self.opened.lock().unwrap().clone()
    }

    /// Waits for the first page that it ends up at.
    pub async fn ended_at(&self) -> LandingPage {
        let mut ended = self.ended.subscribe();
        let pages = until("the browser to end up somewhere", ended.wait_for(|all| !all.is_empty()));
        pages.await.expect("the browser is there")[0].clone()
    }
}

impl Browser for FakeBrowser {
    fn open(&self, url: &Url) -> BoxFuture<'_, Result<(), BrowserError>> {
        self.opened.lock().unwrap().push(url.clone());
        assert!(!self.panics.swap(false, Ordering::SeqCst), "the first page");
        let (url, ended, way) = (url.clone(), self.ended.clone(), self.way);
        Box::pin(async move {
            match way {
                Way::Ignores => {}
                Way::Missing => return Err(BrowserError("no browser".to_owned())),
                Way::Follows => {
                    tokio::spawn(async move {
                        let page = visit(url).await;
                        ended.send_modify(|pages| pages.push(page));
                    });
                }
            }
            Ok(())
        })
    }
}

/// Sends requests without redirects and proxies.
pub fn outbound() -> reqwest::Client {
    client(reqwest::redirect::Policy::none())
}

fn client(redirects: reqwest::redirect::Policy) -> reqwest::Client {
    // Fails only when a provider is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().redirect(redirects).build().unwrap()
}

/// Goes where a browser would go.
pub async fn visit(url: Url) -> LandingPage {
    let outbound = client(reqwest::redirect::Policy::limited(10));
    match outbound.get(url.clone()).send().await {
        Ok(response) => LandingPage {
            url: response.url().clone(),
            status: response.status().as_u16(),
            text: response.text().await.unwrap_or_default(),
        },
        Err(error) => LandingPage { url, status: 0, text: error.to_string() },
    }
}

/// See [`FakeBrowser::must_not_open`].
pub struct Unopened(FakeBrowser);

impl Unopened {
    pub fn browser(&self) -> FakeBrowser {
        self.0.clone()
    }
}

impl Drop for Unopened {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.0.opened(), [], "no browser was to be opened");
        }
    }
}

/// Lines typed at once.
pub struct Typed(pub VecDeque<String>);

impl Typed {
    pub fn lines(lines: &[&str]) -> Self {
        Self(lines.iter().map(|line| (*line).to_owned()).collect())
    }
}

impl LineSource for Typed {
    fn line(&mut self) -> BoxFuture<'_, Option<String>> {
        let line = self.0.pop_front();
        Box::pin(async move { line })
    }
}

/// A recording in memory.
#[derive(Clone, Default)]
pub struct Tape(Arc<Mutex<Vec<u8>>>);

impl Tape {
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl RecordingFile for Tape {
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.0.lock().unwrap().extend_from_slice(lines);
        Ok(())
    }
}
