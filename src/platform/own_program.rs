//! Starts this program once more, as another process. Input and output are up to the caller.

use std::io;
use std::process::Command;

/// A command that runs this program in a process group of its own, so that a kill of the host's
/// group does not end it.
///
/// # Errors
/// The program's file is unknown, for example after an update on a system other than Linux.
pub fn own_program() -> io::Result<Command> {
    let mut command = command()?;
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    #[cfg(windows)]
    std::os::windows::process::CommandExt::creation_flags(&mut command, windows_flags());
    Ok(command)
}

/// A command that runs the kernel's link, which leads to the running file even if an update has
/// replaced or removed it.
#[cfg(target_os = "linux")]
fn command() -> io::Result<Command> {
    let mut command = Command::new("/proc/self/exe");
    std::os::unix::process::CommandExt::arg0(&mut command, "mcp-tether");
    Ok(command)
}

#[cfg(not(target_os = "linux"))]
fn command() -> io::Result<Command> {
    Ok(Command::new(std::env::current_exe()?))
}

/// The flags `CREATE_NEW_PROCESS_GROUP` and `CREATE_NO_WINDOW`.
#[cfg(windows)]
fn windows_flags() -> u32 {
    0x0000_0200 | 0x0800_0000
}
