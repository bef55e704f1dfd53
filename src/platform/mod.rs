//! The machine: the program's own folders and files, and, behind narrow traits that tests can
//! implement, the browser and the clock. Also other programs that are run for their output.

mod browser;
mod clock;
mod command_line;
mod descriptors;
mod own_program;
mod paths;
pub mod private_file;
mod program_output;
mod shutdown;

pub use browser::{Browser, BrowserError, NoBrowser, SystemBrowser};
pub use clock::{Clock, SystemClock};
pub use command_line::CommandLine;
pub use descriptors::raise_descriptor_limit;
pub use own_program::own_program;
pub use paths::{NoFolder, Paths, STATE_VARIABLE};
pub use program_output::{MAX_PRINTED, ProgramFailure, program_output};
pub use shutdown::{Reason, Shutdown};
