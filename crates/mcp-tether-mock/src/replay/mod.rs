//! Plays the server of a recorded conversation (`mcp-tether --record FILE`): requests are matched
//! by method and parameters, or else by their order, and mismatches are reported.

mod playing;
mod recording;
mod script;
mod server;
mod stream;

pub use recording::{Recording, RecordingError};
pub use script::{ReplayNote, ReplayTally};
pub use server::serve_replay;
