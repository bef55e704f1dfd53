//! The thread that writes a recording. A failed write ends the recording and nothing else.

use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender};

use super::line::{line, line_of_gap};
use super::secrets::KnownSecrets;
use super::{Counts, Entry, EntryContent};

/// How many bytes of waiting lines are collected for one write.
const CHUNK: usize = 256 * 1024;

/// The most bytes that a recording may have: a server must not fill the disk.
const MAX_FILE: u64 = 1 << 30;

/// The file of a recording.
pub trait RecordingFile: Send + 'static {
    /// Appends whole lines.
    ///
    /// # Errors
    /// They cannot be written. The part that was written ends with a whole line.
    fn append(&mut self, lines: &[u8]) -> io::Result<()>;
}

impl RecordingFile for File {
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let before = self.metadata()?.len();
        if before + lines.len() as u64 > MAX_FILE {
            return Err(io::Error::other("it would have more than 1 GiB"));
        }
        self.write_all(lines).inspect_err(|_| {
            let after = self.metadata().map_or(before, |found| found.len());
            let _ = self.set_len(before + whole_lines(lines, after.saturating_sub(before)));
        })
    }
}

/// How many of the written bytes are whole lines.
fn whole_lines(lines: &[u8], written: u64) -> u64 {
    let written = usize::try_from(written).unwrap_or(usize::MAX).min(lines.len());
    memchr::memrchr(b'\n', &lines[..written]).map_or(0, |end| end as u64 + 1)
}

/// Writes reports until all reporters are gone or the file cannot be written.
pub(super) fn write(entries: &Receiver<Entry>, mut file: impl RecordingFile, counts: &Counts) {
    let mut known = KnownSecrets::default();
    let mut lines = Vec::new();
    while let Ok(first) = entries.recv() {
        let mut done = Vec::new();
        let mut next = Some(first);
        while let Some(entry) = next {
            take(entry, &mut lines, &mut done, &mut known, counts);
            next = if lines.len() < CHUNK { entries.try_recv().ok() } else { None };
        }
        let written = file.append(&lines);
        lines.clear();
        // If the thread ends here, those who wait for it see a closed channel.
        if let Err(error) = written {
            return tracing::warn!("the recording ends here: it cannot be written: {error}");
        }
        for done in done {
            // Fails only if nobody waits any more.
            let _ = done.send(());
        }
    }
}

fn take(
    entry: Entry,
    lines: &mut Vec<u8>,
    done: &mut Vec<Sender<()>>,
    known: &mut KnownSecrets,
    counts: &Counts,
) {
    let Entry { at, content, weight } = entry;
    let left_out = counts.left_out.swap(0, Ordering::Relaxed);
    if left_out > 0 {
        lines.extend_from_slice(&line_of_gap(at, left_out));
        lines.push(b'\n');
    }
    let content = match content {
        EntryContent::End(ended) => return done.push(ended),
        EntryContent::Known(headers) => return known.learn(&headers),
        content => content,
    };
    lines.extend_from_slice(&line(at, content, known));
    lines.push(b'\n');
    drop(weight);
}

#[cfg(test)]
mod tests {
    use std::io::Seek;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;
    use crate::recording::Recorder;

    /// Takes this many bytes, as a disk does.
    #[derive(Clone)]
    struct Disk {
        room: usize,
        text: Arc<Mutex<Vec<u8>>>,
    }

    impl RecordingFile for Disk {
        fn append(&mut self, lines: &[u8]) -> io::Result<()> {
            let mut text = self.text.lock().unwrap();
            if text.len() + lines.len() > self.room {
                return Err(io::ErrorKind::StorageFull.into());
            }
            text.extend_from_slice(lines);
            Ok(())
        }
    }

    fn recorded(room: usize, report: impl Fn(&Recorder)) -> String {
        let disk = Disk { room, text: Arc::default() };
        let recorder = Recorder::start(disk.clone()).unwrap();
        report(&recorder);
        recorder.finish(Duration::from_secs(10));
        let text = disk.text.lock().unwrap().clone();
        String::from_utf8(text).unwrap()
    }

    /// O-30
    #[test]
    fn everything_that_was_reported_is_written_in_order() {
        let text = recorded(usize::MAX, |recorder| {
            (0..1000).for_each(|n| recorder.from_host(&Bytes::from(format!("{{\"id\":{n}}}"))));
        });
        assert_eq!(text.lines().count(), 1000);
        for (n, line) in text.lines().enumerate() {
            assert!(
                line.ends_with(&format!(r#""from":"host","message":{{"id":{n}}}}}"#)),
                "{line}"
            );
        }
    }

    /// O-30
    #[test]
    fn a_recording_does_not_grow_without_end() {
        let mut file = tempfile::tempfile().unwrap();
        file.set_len(MAX_FILE - 6).unwrap();
        file.seek(io::SeekFrom::End(0)).unwrap();
        file.append(b"[1,2]\n").unwrap();
        assert!(file.append(b"\n").is_err());
        assert_eq!(file.metadata().unwrap().len(), MAX_FILE);
    }

    /// O-30: a full disk ends the recording, and nobody waits for it.
    #[test]
    fn a_full_disk_ends_the_recording_and_nothing_else() {
        let text = recorded(200, |recorder| {
            for _ in 0..3 {
                (0..100).for_each(|_| recorder.from_host(&Bytes::from_static(b"{}")));
                recorder.finish(Duration::from_secs(10));
            }
        });
        assert!(text.len() <= 200 && (text.is_empty() || text.ends_with("}\n")), "{text}");
    }

    /// O-30, S-42: what has no room is left out, and the recording says so.
    #[test]
    fn a_flood_is_left_out_and_counted() {
        let large = Bytes::from(format!("\"{}\"", "x".repeat(6 * 1024 * 1024)));
        let text = recorded(usize::MAX, |recorder| {
            (0..40).for_each(|_| recorder.from_host(&large));
            recorder.finish(Duration::from_secs(60));
            recorder.from_host(&Bytes::from_static(b"{}"));
        });
        let lines = text.lines().filter(|line| line.contains("xxx")).count();
        let gaps = text.lines().filter_map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["left_out"].as_u64()
        });
        let left_out: u64 = gaps.sum();
        assert_eq!(lines as u64 + left_out, 40);
        assert!(left_out > 0 && text.trim_end().ends_with(r#""message":{}}"#));
    }

    #[test]
    fn what_was_written_in_part_is_cut_to_whole_lines() {
        for (written, whole) in [(0, 0), (2, 0), (3, 3), (5, 3), (99, 6)] {
            assert_eq!(whole_lines(b"aa\nbb\n", written), whole, "{written}");
        }
    }
}
