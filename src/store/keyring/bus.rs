//! Checks whether there is a session bus before using the D-Bus library, which is slower and
//! reports less. Hosts often pass no `DBUS_SESSION_BUS_ADDRESS`; the library (zbus) then uses
//! `$XDG_RUNTIME_DIR/bus`, and without that variable `/run/user/UID/bus`, so no variable has to be
//! set, which a program with threads could not do safely. This follows the same rules.

use std::ffi::OsString;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use crate::store::error::{StoreError, StoreErrorKind};

const VARIABLE: &str = "DBUS_SESSION_BUS_ADDRESS";

/// The address of the session bus.
#[derive(Debug, PartialEq, Eq)]
enum Address {
    /// A socket that can be tried; `named` if the variable names it.
    Socket { path: PathBuf, named: bool },
    /// Another kind of address, which the D-Bus library understands.
    Other,
    /// The variable is set, but empty.
    Empty,
}

/// Checks that a session bus can be reached.
///
/// # Errors
/// There is none; the hint names one that the variable hides.
pub(super) fn check_session_bus() -> Result<(), StoreError> {
    let address = address(|name| std::env::var_os(name));
    check(&address, &default_socket(rustix::process::getuid().as_raw()), is_open)
}

fn address(variable: impl Fn(&str) -> Option<OsString>) -> Address {
    let named = variable(VARIABLE).and_then(|value| value.into_string().ok());
    match named.as_deref() {
        Some("") => Address::Empty,
        Some(address) => match socket_of(address) {
            Some(path) => Address::Socket { path, named: true },
            None => Address::Other,
        },
        None => {
            let folder = match variable("XDG_RUNTIME_DIR") {
                Some(folder) => PathBuf::from(folder),
                None => PathBuf::from(format!("/run/user/{}", rustix::process::geteuid().as_raw())),
            };
            Address::Socket { path: folder.join("bus"), named: false }
        }
    }
}

/// The path of an address such as `unix:path=/run/user/1000/bus,guid=…`.
fn socket_of(address: &str) -> Option<PathBuf> {
    let first = address.split(';').next()?.strip_prefix("unix:")?;
    let path = first.split(',').find_map(|pair| pair.strip_prefix("path="))?;
    // The library decodes escaped bytes.
    (!path.contains('%')).then(|| PathBuf::from(path))
}

fn default_socket(user: u32) -> PathBuf {
    PathBuf::from(format!("/run/user/{user}/bus"))
}

fn is_open(path: &Path) -> std::io::Result<()> {
    UnixStream::connect(path).map(drop)
}

fn check(
    address: &Address,
    well_known: &Path,
    open: impl Fn(&Path) -> std::io::Result<()>,
) -> Result<(), StoreError> {
    let (message, path) = match address {
        Address::Other => return Ok(()),
        Address::Empty => (format!("`{VARIABLE}` is empty"), None),
        Address::Socket { path, named } => match open(path) {
            Ok(()) => return Ok(()),
            Err(e) if *named => {
                (format!("`{VARIABLE}` names `{}`: {e}", path.display()), Some(path))
            }
            Err(e) => (format!("no session bus at `{}`: {e}", path.display()), Some(path)),
        },
    };
    let error =
        StoreError::new(StoreErrorKind::NoKeyring, format!("no keyring answers: {message}"));
    if path.is_none_or(|path| path != well_known) && open(well_known).is_ok() {
        let there = well_known.display();
        return Err(error.hint(format!(
            "a session bus answers at `{there}`: set `{VARIABLE}=unix:path={there}` for the host"
        )));
    }
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Address {
        address(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into()))
    }

    fn socket(path: &str, named: bool) -> Address {
        Address::Socket { path: path.into(), named }
    }

    #[test]
    fn the_well_known_paths_stand_in_for_a_missing_variable() {
        let user = rustix::process::geteuid().as_raw();
        assert_eq!(of(&[]), socket(&format!("/run/user/{user}/bus"), false));
        assert_eq!(of(&[("XDG_RUNTIME_DIR", "/run/me")]), socket("/run/me/bus", false));
    }

    #[test]
    fn an_address_is_read_as_far_as_a_socket_can_be_tried() {
        assert_eq!(of(&[(VARIABLE, "unix:path=/tmp/b,guid=1")]), socket("/tmp/b", true));
        assert_eq!(of(&[(VARIABLE, "unix:abstract=/tmp/x")]), Address::Other);
        assert_eq!(of(&[(VARIABLE, "unix:path=/a%20b")]), Address::Other);
        assert_eq!(of(&[(VARIABLE, "")]), Address::Empty);
    }

    /// A stale or empty variable hides a bus that is there; the variable cannot be changed from
    /// inside, so the message says what to set.
    #[test]
    fn a_variable_that_hides_a_bus_gets_a_hint_with_the_right_one() {
        let bus = Path::new("/run/user/7/bus");
        let open = |path: &Path| {
            if path == bus { Ok(()) } else { Err(std::io::ErrorKind::ConnectionRefused.into()) }
        };
        for address in [socket("/tmp/stale", true), Address::Empty] {
            let error = check(&address, bus, open).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::NoKeyring);
            let hint = error.next_step();
            assert!(hint.contains("DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/7/bus"), "{hint}");
        }
        check(&socket("/run/user/7/bus", false), bus, open).unwrap();
        let nowhere = check(&socket("/tmp/stale", true), Path::new("/none"), open).unwrap_err();
        assert_eq!(nowhere.next_step(), "use `--credential-store file`");
    }
}
