//! Who may see the memory of this process, which holds tokens: nobody in a file, and with
//! `--harden` no other program of the user (S-43).

use crate::error::{Error, Result};

/// Writes no core dump of this process: it would hold every token. A person who wants one raises
/// the soft limit again (`prlimit --core=unlimited`).
#[cfg(unix)]
pub fn forbid_core_dumps() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Core);
    if current != Some(0) {
        // A refusal leaves what the system allows anyway.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
    }
}

/// This platform writes no core dumps into files of the user.
#[cfg(not(unix))]
pub fn forbid_core_dumps() {}

/// Lets no other program of the user read the memory of this process or trace it.
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
