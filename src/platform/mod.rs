//! The machine we run on: which folders are ours, and behind narrow traits, so that tests can put
//! something else in their place, the browser and the clock.

mod browser;
mod clock;
mod own_program;
mod paths;

pub use browser::{Browser, BrowserError, NoBrowser, SystemBrowser};
pub use clock::{Clock, SystemClock};
pub use own_program::own_program;
pub use paths::{NoFolder, Paths, STATE_VARIABLE};
