//! Machines without a keyring, or with one that does not answer. Needs no keyring itself.

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::store_driver::Driver;

/// Far below what a call may take in use, and far above what a machine under load needs.
const SHORT: Duration = Duration::from_millis(400);

/// How long a process may need that must not wait for a call that hangs.
const SAFETY: Duration = Duration::from_secs(20);

fn driver(home: &Path, act: &str) -> Driver {
    // No DBUS_SESSION_BUS_ADDRESS, as seven of fifteen hosts start us.
    Driver::new(home, act).env("XDG_RUNTIME_DIR", home).deadline(SHORT)
}

#[test]
fn without_a_bus_a_file_is_used_at_once_and_the_user_is_told_once_where_and_why() {
    let home = tempfile::tempdir().unwrap();
    let said = driver(home.path(), "save a canary").deadline(SAFETY).run();
    let bus = home.path().join("bus");
    let folder = home.path().join("state/credentials");
    let expected = format!(
        "saved file, notice: no keyring answers: no session bus at `{}`: No such file or directory \
         (os error 2); sign-ins are stored in `{}`, which only you can read hint: pass \
         `--credential-store file` to make this explicit",
        bus.display(),
        folder.display()
    );
    assert_eq!(said.line, expected);
    assert!(!said.everything.replace(&said.line, "").contains("canary"));
    assert_eq!(driver(home.path(), "save b two").says(), "saved file");
    assert_eq!(driver(home.path(), "load a").says(), "value canary");
}

#[test]
fn a_stale_bus_address_is_named() {
    let home = tempfile::tempdir().unwrap();
    let stale = home.path().join("stale");
    drop(UnixListener::bind(&stale).unwrap());
    let said = driver(home.path(), "save a one")
        .choice("keyring")
        .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", stale.display()))
        .says();
    let expected = format!(
        "error NoKeyring: no keyring answers: `DBUS_SESSION_BUS_ADDRESS` names `{}`: Connection \
         refused (os error 111)",
        stale.display()
    );
    assert!(said.starts_with(&expected), "{said}");
}

/// The bus accepts and never answers: no call of ours waits longer than its deadline, and the
/// process ends although the call never does.
#[test]
fn a_bus_that_hangs_costs_one_deadline_and_keeps_no_process_alive() {
    let home = tempfile::tempdir().unwrap();
    let _bus = UnixListener::bind(home.path().join("bus")).unwrap();
    let started = Instant::now();
    let said = driver(home.path(), "save a one").says();
    assert!(said.starts_with("saved file, notice: "), "{said}");
    assert!(said.contains("the keyring did not answer within 400ms"), "{said}");
    assert!(started.elapsed() >= SHORT, "it was asked");
    assert!(started.elapsed() < SAFETY, "{:?}", started.elapsed());
    assert_eq!(driver(home.path(), "load a").says(), "value one");

    let removal = driver(home.path(), "delete a").says();
    assert_eq!(
        removal, "removed [File] failed [keyring: the keyring did not answer within 400ms]",
        "it may have got there"
    );
}

/// Sparse environments: the bus is found at its well-known path.
#[test]
fn the_bus_of_the_runtime_folder_is_found_without_an_address() {
    let home = tempfile::tempdir().unwrap();
    let bus = UnixListener::bind(home.path().join("bus")).unwrap();
    let accepted = std::thread::spawn(move || {
        let (mut connection, _) = bus.accept().unwrap();
        let mut byte = [1];
        // The first connection looks whether anybody listens; what follows is the library's.
        while std::io::Read::read(&mut connection, &mut byte).unwrap() == 0 {
            connection = bus.accept().unwrap().0;
        }
        byte[0]
    });
    let _process = driver(home.path(), "save a one").deadline(SAFETY).start();
    assert_eq!(accepted.join().unwrap(), 0, "the D-Bus handshake begins with a zero byte");
}

#[test]
fn commands_without_a_keyring_touch_no_bus() {
    let home = tempfile::tempdir().unwrap();
    let bus = UnixListener::bind(home.path().join("bus")).unwrap();
    bus.set_nonblocking(true).unwrap();
    assert_eq!(driver(home.path(), "knows a").says(), "false");
    assert_eq!(driver(home.path(), "load a").choice("file").says(), "absent");
    assert_eq!(driver(home.path(), "save a one").choice("file").says(), "saved file");
    assert_eq!(driver(home.path(), "load a").says(), "value one");
    assert_eq!(driver(home.path(), "save a two").says(), "saved file");
    assert_eq!(driver(home.path(), "save a two").choice("memory").says(), "saved memory");
    let touched = bus.accept().map(drop).map_err(|e| e.kind());
    assert_eq!(touched, Err(std::io::ErrorKind::WouldBlock));
}
