//! The embedded mock remote.
