//! What Linux tells about a running process: processor time, memory, wake-ups.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::fault::{Fault, Outcome};

/// Resident memory in MB.
#[derive(Clone, Copy, Default)]
pub(crate) struct Memory {
    pub(crate) rss: f64,
    /// Shared pages counted by how many share them.
    pub(crate) pss: f64,
}

/// Processor time of all threads, to the nanosecond where the kernel keeps it.
pub(crate) fn cpu(pid: u32) -> Outcome<Duration> {
    let mut total = 0;
    each_thread(pid, |thread| {
        let text = read(&thread.join("schedstat"))?;
        total +=
            text.split_whitespace().next().and_then(|time| time.parse::<u64>().ok()).unwrap_or(0);
        Ok(())
    })?;
    Ok(Duration::from_nanos(total))
}

/// Returns the number of voluntary context switches of a thread, which is how often something woke
/// it.
pub(crate) fn wake_ups(pid: u32) -> Outcome<u64> {
    let mut total = 0;
    each_thread(pid, |thread| {
        total += number(&read(&thread.join("status"))?, "voluntary_ctxt_switches:");
        Ok(())
    })?;
    Ok(total)
}

pub(crate) fn memory(pid: u32) -> Outcome<Memory> {
    let text = read(Path::new(&format!("/proc/{pid}/smaps_rollup")))?;
    Ok(Memory { rss: megabytes(number(&text, "Rss:")), pss: megabytes(number(&text, "Pss:")) })
}

/// Returns the peak resident memory, in MB.
pub(crate) fn peak(pid: u32) -> Outcome<f64> {
    let text = read(Path::new(&format!("/proc/{pid}/status")))?;
    Ok(megabytes(number(&text, "VmHWM:")))
}

fn each_thread(pid: u32, mut look: impl FnMut(&Path) -> Outcome<()>) -> Outcome<()> {
    let folder = format!("/proc/{pid}/task");
    let threads = fs::read_dir(&folder).map_err(Fault::from_io(&format!("list `{folder}`")))?;
    for thread in threads.flatten() {
        look(&thread.path())?;
    }
    Ok(())
}

fn read(path: &Path) -> Outcome<String> {
    fs::read_to_string(path).map_err(Fault::from_io(&format!("read `{}`", path.display())))
}

fn number(text: &str, label: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(label));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn megabytes(kilobytes: u64) -> f64 {
    kilobytes as f64 / 1024.0
}
