//! The machine we run on, behind narrow traits so that tests can put something else in its place:
//! the browser and the clock.

mod browser;
mod clock;

pub use browser::{Browser, BrowserError, NoBrowser, SystemBrowser};
pub use clock::{Clock, SystemClock};
