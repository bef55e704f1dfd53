//! Plays the server of a recorded conversation (`mcp-tether --record FILE`): requests are matched
//! by method and parameters, or else by their order, and what does not match is told.

mod playing;
mod recording;
mod script;
mod server;
mod stream;

pub use recording::{Recording, RecordingFault};
pub use script::{ReplayNote, ReplayTally};
pub use server::serve_replay;
