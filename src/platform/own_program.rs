//! Starts this program once more beside this process. Its input and output are the caller's
//! business.

use std::io;
use std::process::Command;

/// Prepares this program to run in a process group of its own, so that what ends the host's group
/// does not end it.
///
/// # Errors
/// The program's file is unknown, such as after an update on a system other than Linux.
pub fn own_program() -> io::Result<Command> {
    let mut command = command()?;
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    #[cfg(windows)]
    std::os::windows::process::CommandExt::creation_flags(&mut command, windows_flags());
    Ok(command)
}

/// The kernel's link leads to the file that runs here, even if an update has replaced or removed
/// it.
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

/// `CREATE_NEW_PROCESS_GROUP` and `CREATE_NO_WINDOW`.
#[cfg(windows)]
fn windows_flags() -> u32 {
    0x0000_0200 | 0x0800_0000
}
