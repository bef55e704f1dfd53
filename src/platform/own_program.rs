//! This very program, to be started once more beside this process. What it is told and what it
//! answers is the business of whoever starts it.

use std::io;
use std::process::Command;

/// This program, prepared to run in a process group of its own, so that what ends the host's group
/// does not end it.
///
/// # Errors
/// Nobody knows where the program is, such as after an update on a system other than Linux.
pub fn own_program() -> io::Result<Command> {
    let mut command = found()?;
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    #[cfg(windows)]
    std::os::windows::process::CommandExt::creation_flags(&mut command, windows_flags());
    Ok(command)
}

/// The kernel's link leads to the file that runs here, also when an update has put another one in
/// its place or taken it away.
#[cfg(target_os = "linux")]
fn found() -> io::Result<Command> {
    let mut command = Command::new("/proc/self/exe");
    std::os::unix::process::CommandExt::arg0(&mut command, "mcp-tether");
    Ok(command)
}

#[cfg(not(target_os = "linux"))]
fn found() -> io::Result<Command> {
    Ok(Command::new(std::env::current_exe()?))
}

/// `CREATE_NEW_PROCESS_GROUP` and `CREATE_NO_WINDOW`.
#[cfg(windows)]
fn windows_flags() -> u32 {
    0x0000_0200 | 0x0800_0000
}
