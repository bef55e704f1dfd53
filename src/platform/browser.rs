//! Opens a URL in the user's browser: never through a shell (S-06), never with the bridge's stdout,
//! and even if the host passed almost no environment. Which URLs may be opened is decided elsewhere
//! (S-05).

use std::fmt;

use futures_util::future::BoxFuture;
use url::Url;

/// Shows a page to the user.
pub trait Browser: Send + Sync {
    /// Asks the system to open this URL. Success does not prove that a page appeared.
    ///
    /// # Errors
    /// No program on this machine can open a page.
    fn open(&self, url: &Url) -> BoxFuture<'_, Result<(), BrowserError>>;
}

/// The reason why no program on this machine can open a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrowserError(pub String);

impl fmt::Display for BrowserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The desktop's browser.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemBrowser;

impl Browser for SystemBrowser {
    fn open(&self, url: &Url) -> BoxFuture<'_, Result<(), BrowserError>> {
        let url = url.clone();
        Box::pin(async move {
            let opened = tokio::task::spawn_blocking(move || system::open(&url)).await;
            match opened {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(BrowserError(error.to_string())),
                Err(_) => Err(BrowserError("the attempt to open it was interrupted".to_owned())),
            }
        })
    }
}

impl SystemBrowser {
    /// Returns the program that would open a page, if there is one. Starts nothing.
    pub fn launcher(&self) -> Option<String> {
        system::launcher()
    }

    /// Returns whether there is a screen on which a page could appear, as far as known.
    pub fn has_screen(&self) -> bool {
        system::has_screen()
    }
}

/// Opens nothing, because the user opens the page.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBrowser;

impl Browser for NoBrowser {
    fn open(&self, _: &Url) -> BoxFuture<'_, Result<(), BrowserError>> {
        Box::pin(async { Ok(()) })
    }
}

/// The URL as an argument for a launcher. Launchers are often shell scripts, and some pass the URL
/// on without quotes, so every character that a shell would interpret is percent-encoded, except
/// `&` between the parameters of a query (S-06).
fn launcher_text(url: &Url) -> String {
    let is_literal = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@&+,=%".contains(c);
    let mut text = String::with_capacity(url.as_str().len());
    for character in url.as_str().chars() {
        if is_literal(character) {
            text.push(character);
        } else {
            let bytes = character.encode_utf8(&mut [0; 4]).as_bytes().to_vec();
            text.extend(bytes.iter().map(|byte| format!("%{byte:02X}")));
        }
    }
    text
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
mod system {
    use std::io;

    use url::Url;

    /// Passes the URL to the system's default program, and does not wait for it.
    ///
    /// # Errors
    /// No such program could be started.
    pub(super) fn open(url: &Url) -> io::Result<()> {
        open::that_detached(super::launcher_text(url))
    }

    /// The launcher, which these systems always have.
    pub(super) fn launcher() -> Option<String> {
        let command = open::commands("https://host.invalid/").into_iter().next()?;
        Some(command.get_program().to_string_lossy().into_owned())
    }

    pub(super) fn has_screen() -> bool {
        true
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
mod system {
    use std::ffi::OsString;
    use std::io;
    use std::os::unix::process::CommandExt;
    use std::path::Path;
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use url::Url;

    use super::desktop;

    /// How long a launcher may take to report a failure.
    const LAUNCHER_TIMEOUT: Duration = Duration::from_millis(1500);

    /// Tries the launchers of the desktop one by one. Each gets a process group of its own, so that
    /// a host that kills our group leaves the browser alone, and none of our standard streams.
    pub(super) fn open(url: &Url) -> io::Result<()> {
        let found = variables_to_add();
        let mut failure = io::Error::from(io::ErrorKind::NotFound);
        for mut command in open::commands(super::launcher_text(url)) {
            let command = command
                .envs(found.iter().map(|(name, value)| (name, value)))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .process_group(0);
            match launch(command) {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    fn variables_to_add() -> Vec<(&'static str, OsString)> {
        desktop::find_variables(&desktop::System {
            variable: &|name| std::env::var_os(name),
            user: rustix::process::getuid().as_raw(),
            owner: &desktop::owner,
            root: Path::new("/"),
        })
    }

    /// Whether there is a display, or a program that shows pages elsewhere: editors set `BROWSER`
    /// on a remote machine, and WSL has the browser of Windows.
    pub(super) fn has_screen() -> bool {
        const SHOW: [&str; 5] =
            ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME", "WSL_INTEROP"];
        let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        SHOW.iter().any(is_set) || variables_to_add().iter().any(|(name, _)| SHOW.contains(name))
    }

    /// The first launcher that is found in `PATH`.
    pub(super) fn launcher() -> Option<String> {
        let path = std::env::var_os("PATH")?;
        open::commands("https://host.invalid/").into_iter().find_map(|command| {
            let program = command.get_program();
            let found = std::env::split_paths(&path).map(|folder| folder.join(program));
            let found = found.into_iter().find(|file| file.is_file())?;
            Some(found.to_string_lossy().into_owned())
        })
    }

    fn launch(command: &mut Command) -> io::Result<()> {
        let mut child = command.spawn()?;
        let start = Instant::now();
        while start.elapsed() < LAUNCHER_TIMEOUT {
            match child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => {
                    let program = command.get_program().to_string_lossy().into_owned();
                    return Err(io::Error::other(format!("`{program}` ended with {status}")));
                }
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
        reap(child);
        Ok(())
    }

    /// Waits for a launcher that still runs, so that no zombie process remains. By now it has
    /// passed the page on.
    fn reap(mut child: Child) {
        let waiting = std::thread::Builder::new().name("browser".to_owned());
        // Without a thread the zombie ends with this process.
        let _ = waiting.spawn(move || child.wait());
    }
}

/// Finds the desktop session if the host passed only HOME, PATH and USER, as half of the measured
/// hosts do. The paths are those of systemd, X11 and the display managers.
#[cfg(all(unix, not(target_os = "macos")))]
mod desktop {
    use std::ffi::OsString;
    use std::os::unix::fs::MetadataExt;
    use std::path::{Path, PathBuf};

    /// The system to search.
    pub(super) struct System<'a> {
        pub(super) variable: &'a dyn Fn(&str) -> Option<OsString>,
        pub(super) user: u32,
        /// Returns the user who owns a file.
        pub(super) owner: &'a dyn Fn(&Path) -> Option<u32>,
        pub(super) root: &'a Path,
    }

    /// The owner of a file; of a symlink, the owner of the link itself.
    pub(super) fn owner(path: &Path) -> Option<u32> {
        Some(path.symlink_metadata().ok()?.uid())
    }

    /// Finds the variables to add; variables that are set stay unchanged.
    pub(super) fn find_variables(system: &System) -> Vec<(&'static str, OsString)> {
        let mut found = Vec::new();
        let absent = |name: &str| (system.variable)(name).is_none_or(|value| value.is_empty());
        let mut add = |name: &'static str, value: Option<OsString>| {
            if let Some(value) = value.filter(|_| absent(name)) {
                found.push((name, value));
            }
        };
        let runtime = find_runtime_folder(system);
        if let Some(folder) = &runtime {
            add("XDG_RUNTIME_DIR", Some(folder.clone().into()));
            let bus = folder.join("bus");
            let address = bus.exists().then(|| prefix_path("unix:path=", &bus));
            add("DBUS_SESSION_BUS_ADDRESS", address);
            let is_ours = |socket: &Path| system.is_owner(system.user, socket);
            add("WAYLAND_DISPLAY", find_socket(folder, "wayland-", "", is_ours));
        }
        let sockets = system.root.join("tmp/.X11-unix");
        let authority = find_x_authority(system, runtime.as_deref());
        // Everyone can create a socket there, and its owner sees what the browser shows. A display
        // manager's socket belongs to root, and then only one of this user's files grants access to
        // it.
        let has_authority = !absent("XAUTHORITY") || authority.is_some();
        let may_use = |socket: &Path| {
            system.is_owner(system.user, socket) || (has_authority && system.is_owner(0, socket))
        };
        add("DISPLAY", find_socket(&sockets, "X", ":", may_use));
        add("XAUTHORITY", authority);
        found
    }

    fn find_runtime_folder(system: &System) -> Option<PathBuf> {
        let given = (system.variable)("XDG_RUNTIME_DIR").filter(|value| !value.is_empty());
        let usual = || system.root.join(format!("run/user/{}", system.user));
        let folder = given.map_or_else(usual, PathBuf::from);
        let target = folder.canonicalize().ok()?;
        system.is_owner(system.user, &target).then_some(folder)
    }

    impl System<'_> {
        fn is_owner(&self, user: u32, path: &Path) -> bool {
            (self.owner)(path) == Some(user)
        }
    }

    /// The name of the lowest-numbered socket with this prefix that may be used, with `shown` for
    /// the prefix if that is not empty.
    fn find_socket(
        folder: &Path,
        prefix: &str,
        shown: &str,
        may_use: impl Fn(&Path) -> bool,
    ) -> Option<OsString> {
        let mut numbers: Vec<u32> = std::fs::read_dir(folder)
            .ok()?
            .filter_map(Result::ok)
            .filter(|entry| may_use(&entry.path()))
            .filter_map(|entry| entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok())
            .collect();
        numbers.sort_unstable();
        let shown = if shown.is_empty() { prefix } else { shown };
        numbers.first().map(|number| format!("{shown}{number}").into())
    }

    fn find_x_authority(system: &System, runtime: Option<&Path>) -> Option<OsString> {
        let home = (system.variable)("HOME").map(|home| PathBuf::from(home).join(".Xauthority"));
        let display_manager = runtime.map(|folder| folder.join("gdm/Xauthority"));
        let is_ours = |file: &PathBuf| file.is_file() && system.is_owner(system.user, file);
        let usual = home.into_iter().chain(display_manager).find(is_ours);
        let usual = usual.or_else(|| {
            let entries = std::fs::read_dir(runtime?).ok()?;
            entries.filter_map(Result::ok).find_map(|entry| {
                let name = entry.file_name();
                let name = name.to_str()?;
                let known = name.starts_with(".mutter-Xwaylandauth") || name.starts_with("xauth_");
                known.then(|| entry.path()).filter(is_ours)
            })
        });
        usual.map(OsString::from)
    }

    fn prefix_path(prefix: &str, path: &Path) -> OsString {
        let mut value = OsString::from(prefix);
        value.push(path);
        value
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn user() -> u32 {
            rustix::process::getuid().as_raw()
        }

        fn desktop(root: &Path) {
            let runtime = root.join(format!("run/user/{}", user()));
            std::fs::create_dir_all(&runtime).unwrap();
            std::fs::create_dir_all(root.join("tmp/.X11-unix")).unwrap();
            for file in ["bus", "wayland-1", "wayland-1.lock", ".mutter-Xwaylandauth.AB12"] {
                std::fs::write(runtime.join(file), "").unwrap();
            }
            for socket in ["X10", "X2"] {
                std::fs::write(root.join("tmp/.X11-unix").join(socket), "").unwrap();
            }
        }

        fn found(root: &Path, set: &[(&str, &str)]) -> Vec<(String, String)> {
            found_with(root, set, &owner)
        }

        fn found_with(
            root: &Path,
            set: &[(&str, &str)],
            owner: &dyn Fn(&Path) -> Option<u32>,
        ) -> Vec<(String, String)> {
            let variable = |name: &str| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
            };
            let system = System { variable: &variable, user: user(), owner, root };
            let text = |value: OsString| value.into_string().unwrap();
            find_variables(&system)
                .into_iter()
                .map(|(name, value)| (name.to_owned(), text(value)))
                .collect()
        }

        /// docs/hosts/README.md#environment: seven hosts pass neither display nor bus.
        #[test]
        fn the_desktop_is_found_without_its_variables() {
            let root = tempfile::tempdir().unwrap();
            desktop(root.path());
            let runtime = format!("{}/run/user/{}", root.path().display(), user());
            let expected = [
                ("XDG_RUNTIME_DIR", runtime.clone()),
                ("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={runtime}/bus")),
                ("WAYLAND_DISPLAY", "wayland-1".to_owned()),
                ("DISPLAY", ":2".to_owned()),
                ("XAUTHORITY", format!("{runtime}/.mutter-Xwaylandauth.AB12")),
            ];
            let expected = expected.map(|(name, value)| (name.to_owned(), value));
            assert_eq!(found(root.path(), &[]), expected);
        }

        /// S-30: who owns the socket of a display sees and controls what is shown on it.
        #[test]
        fn the_display_of_another_user_is_not_used() {
            let root = tempfile::tempdir().unwrap();
            desktop(root.path());
            let sockets = root.path().join("tmp/.X11-unix");
            let (ours, other) = (user(), user() + 1);
            let display = |socket_owner: u32, authority_owner: u32, set: &[(&str, &str)]| {
                let owner = |path: &Path| {
                    let is_authority = path.to_string_lossy().contains("Xwaylandauth");
                    Some(if path.starts_with(&sockets) {
                        socket_owner
                    } else if is_authority {
                        authority_owner
                    } else {
                        ours
                    })
                };
                let found = found_with(root.path(), set, &owner);
                found.into_iter().any(|(name, _)| name == "DISPLAY")
            };
            assert!(display(ours, other, &[]));
            assert!(!display(other, ours, &[]));
            let wayland = |socket_owner: u32| {
                let is_socket = |path: &Path| path.to_string_lossy().contains("wayland-");
                let owner = |path: &Path| Some(if is_socket(path) { socket_owner } else { ours });
                let found = found_with(root.path(), &[], &owner);
                found.into_iter().any(|(name, _)| name == "WAYLAND_DISPLAY")
            };
            assert!(wayland(ours) && !wayland(other));
            if ours != 0 {
                assert!(display(0, ours, &[]), "a display manager's, with access to it");
                assert!(!display(0, other, &[]), "a display manager's, without access to it");
                assert!(display(0, other, &[("XAUTHORITY", "/run/authority")]));
            }
        }

        #[test]
        fn what_is_set_stays_and_what_is_absent_is_not_invented() {
            let root = tempfile::tempdir().unwrap();
            assert_eq!(found(root.path(), &[("HOME", "/nonexistent")]), []);
            desktop(root.path());
            let set = [("DISPLAY", ":7"), ("WAYLAND_DISPLAY", "wayland-9")];
            let names: Vec<_> =
                found(root.path(), &set).into_iter().map(|(name, _)| name).collect();
            assert_eq!(names, ["XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "XAUTHORITY"]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-06
    #[test]
    fn no_launcher_gets_what_a_shell_would_run() {
        let url = "https://as.example/$(touch$IFS'a')/`id`;id?a=1&b=$HOME|id&c=x%20y#(f)";
        let text = launcher_text(&Url::parse(url).unwrap());
        assert!(
            !text.contains(['$', '(', ')', '`', ';', '|', '\'', '"', '\\', '<', '>', '*']),
            "{text}"
        );
        assert!(text.starts_with("https://as.example/%24%28touch%24IFS%27a%27%29/"), "{text}");
        assert!(text.contains("?a=1&b=%24HOME%7Cid&c=x%20y#"), "{text}");
        let usual =
            "https://[::1]:8443/authorize?response_type=code&scope=a+b&redirect_uri=http%3A%2F%2Fl";
        assert_eq!(launcher_text(&Url::parse(usual).unwrap()), usual);
    }
}
