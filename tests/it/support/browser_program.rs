//! Puts a [`BrowsingPerson`] where a spawned program finds its browser: a program `xdg-open` that
//! writes what it is given into a pipe, and a thread that opens what comes out of it.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use url::Url;

use super::browsing_person::{BrowsingPerson, Page};

/// See the module.
pub struct BrowserProgram {
    folder: tempfile::TempDir,
    pages: Arc<Mutex<Vec<Page>>>,
    thread: Option<JoinHandle<()>>,
}

impl BrowserProgram {
    pub fn of(browser: BrowsingPerson) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pages");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let program = folder.path().join("xdg-open");
        let script = format!("#!/bin/sh\nprintf '%s\\n' \"$1\" > '{}'\n", pipe.display());
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        // Open for both, so that the end of one writer is not the end of the pipe.
        let pipe = OpenOptions::new().read(true).write(true).open(pipe).unwrap();
        let pages = Arc::<Mutex<Vec<Page>>>::default();
        let seen = Arc::clone(&pages);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.unwrap();
            for line in BufReader::new(pipe).lines() {
                match line.unwrap().as_str() {
                    "" => return,
                    url => {
                        let page = runtime.block_on(browser.open(&Url::parse(url).unwrap()));
                        seen.lock().unwrap().push(page);
                    }
                }
            }
        });
        Self { folder, pages, thread: Some(thread) }
    }

    /// Returns the value for `PATH` of a program that is to find it.
    pub fn path(&self) -> std::ffi::OsString {
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&rest).collect::<Vec<PathBuf>>();
        let all = [self.folder.path().to_owned()].into_iter().chain(folders);
        std::env::join_paths(all).unwrap()
    }

    /// Waits for what it was asked to open and gives the pages that it ended up at.
    pub fn finish(self) -> Vec<Page> {
        let pages = Arc::clone(&self.pages);
        drop(self);
        pages.lock().unwrap().clone()
    }
}

impl Drop for BrowserProgram {
    fn drop(&mut self) {
        let pipe = OpenOptions::new().write(true).open(self.folder.path().join("pages"));
        // An empty line is the sign to stop.
        let told = pipe.and_then(|mut pipe| pipe.write_all(b"\n"));
        if let (Ok(()), Some(thread)) = (told, self.thread.take())
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the browser failed");
        }
    }
}
