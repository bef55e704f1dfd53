//! Access to the machine: the program's own folders and files, programs that are run for their
//! output, and, behind narrow traits that tests can implement, the browser and the clock.

mod browser;
mod clock;
mod command_line;
mod descriptors;
mod memory_privacy;
mod own_program;
mod paths;
pub mod private_file;
mod program_output;
mod shutdown;
mod socket_owner;

pub use browser::{Browser, BrowserError, NoBrowser, SystemBrowser};
pub use clock::{Clock, SystemClock};
pub use command_line::CommandLine;
pub use descriptors::raise_descriptor_limit;
pub use memory_privacy::{forbid_core_dumps, forbid_reading};
pub use own_program::own_program;
pub use paths::{NoFolder, Paths, STATE_VARIABLE};
pub use program_output::program_output;
pub use shutdown::{Reason, Shutdown};
pub use socket_owner::{SocketOwner, owner_of_peer};
