//! Raises the limit of open files, which is 256 on macOS for programs started from the desktop.

/// The limit to request, more than the bridge ever needs. Larger limits slow down programs that
/// close every possible descriptor.
#[cfg(unix)]
const WANTED_DESCRIPTORS: u64 = 8192;

/// Raises the soft limit of this process to what the hard limit permits, as Node.js and Go do.
#[cfg(unix)]
pub fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(WANTED_DESCRIPTORS, |most| most.min(WANTED_DESCRIPTORS));
    if current.is_some_and(|current| current < wanted) {
        let raised = Rlimit { current: Some(wanted), maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::debug!(%error, "cannot raise the limit of open files");
        }
    }
}

/// This platform has no such limit.
#[cfg(not(unix))]
pub fn raise_descriptor_limit() {}
