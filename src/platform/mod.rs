//! The machine we run on: which folders are ours.

mod paths;

pub use paths::{NoFolder, Paths, STATE_VARIABLE};
