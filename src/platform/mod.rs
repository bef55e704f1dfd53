//! The machine: the program's own folders and files, and, behind narrow traits that tests can
//! implement, the browser and the clock.

mod browser;
mod clock;
mod descriptors;
mod own_program;
mod paths;
pub mod private_file;
mod shutdown;

pub use browser::{Browser, BrowserError, NoBrowser, SystemBrowser};
pub use clock::{Clock, SystemClock};
pub use descriptors::raise_descriptor_limit;
pub use own_program::own_program;
pub use paths::{NoFolder, Paths, STATE_VARIABLE};
pub use shutdown::{Reason, Shutdown};
