//! Protects this process's memory, which holds tokens: it is never written to a file, and with
//! `--harden` the user's other programs cannot read it (S-43).

use crate::error::{Error, Result};

/// Disables core dumps of this process, which would contain every token. To get one anyway, raise
/// the soft limit again (`prlimit --core=unlimited`).
#[cfg(unix)]
pub fn forbid_core_dumps() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Core);
    if current != Some(0) {
        // If this fails, the system's own limit applies.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
    }
}

/// This platform writes no core dumps to the user's files.
#[cfg(not(unix))]
pub fn forbid_core_dumps() {}

/// Forbids the user's other programs to read this process's memory or to trace it.
///
/// # Errors
/// The system cannot do this.
#[cfg(target_os = "linux")]
pub fn forbid_reading() -> Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|error| {
        Error::failed(format!("`--harden` is not possible here: {error}"))
            .hint("leave `--harden` out")
    })
}

/// Lets no other program of the user read the memory of this process or trace it.
///
/// # Errors
/// Always: the system has no such switch.
#[cfg(not(target_os = "linux"))]
pub fn forbid_reading() -> Result<()> {
    Err(Error::usage("`--harden` is for Linux only").hint("leave `--harden` out"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// S-43
    #[test]
    fn a_hardened_process_cannot_be_read() {
        use rustix::process::{DumpableBehavior, dumpable_behavior};
        assert_ne!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        forbid_reading().unwrap();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}
