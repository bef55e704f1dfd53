//! Lays the program out for a release: what runs at start and while the bridge idles lies together,
//! so that a sleeping bridge keeps one megabyte of its own code in memory and not seven. The names
//! stand in `packaging/symbols.txt`, which `packaging/symbols.sh` makes for the very build that is
//! released; without it, and where the linker does not know these flags, they are left out.
//!
//! Nothing else happens here, and nothing is required: each flag is first tried on an empty
//! program.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

const SYMBOLS: &str = "packaging/symbols.txt";

fn main() {
    // The folder, since the file may appear later. A path that does not exist would make each
    // build run this again.
    if Path::new("packaging").exists() {
        println!("cargo::rerun-if-changed=packaging");
    }
    println!("cargo::rerun-if-changed=build.rs");
    let linux = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux");
    let release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let Some(folder) = env::var_os("CARGO_MANIFEST_DIR").filter(|_| linux && release) else {
        return;
    };
    let symbols = Path::new(&folder).join(SYMBOLS);
    // An order that does not exist fails the trial below.
    let ordered = [
        format!("-Wl,--symbol-ordering-file={}", symbols.display()),
        // A name that is gone is no reason to talk: the list is a hint.
        "-Wl,--no-warn-symbol-ordering".to_owned(),
    ];
    // Relative relocations as a bitmap: three quarters of a megabyte less to read at every start.
    // LLD knows the first name; it may ignore the second, which is that of GNU ld.
    let packed_by_lld = ["-Wl,--pack-dyn-relocs=relr".to_owned()];
    let packed_by_gnu = ["-Wl,-z,pack-relative-relocs".to_owned()];
    // Functions that came out the same are kept once: generic code has many.
    let folded = ["-Wl,--icf=all".to_owned()];
    let choices =
        [vec![&ordered[..]], vec![&packed_by_lld[..], &packed_by_gnu[..]], vec![&folded[..]]];
    for choice in choices {
        if let Some(flags) = choice.into_iter().find(|flags| is_possible(flags)) {
            flags.iter().for_each(|flag| println!("cargo::rustc-link-arg-bins={flag}"));
        }
    }
}

/// Whether an empty program links with these flags, and runs: an old C library starts no program
/// with packed relocations.
#[expect(clippy::disallowed_methods, reason = "writes to the folder of the build")]
fn is_possible(flags: &[String]) -> bool {
    let (Some(out), Some(compiler), Some(target)) =
        (env::var_os("OUT_DIR"), env::var_os("RUSTC"), env::var_os("TARGET"))
    else {
        return false;
    };
    let source = PathBuf::from(&out).join("empty.rs");
    let program = PathBuf::from(&out).join("empty");
    if std::fs::write(&source, "fn main() {}").is_err() {
        return false;
    }
    let mut compile = Command::new(compiler);
    compile.arg(&source).arg("-o").arg(&program).arg("--target").arg(target);
    compile.args(flags.iter().map(|flag| format!("-Clink-arg={flag}")));
    let own = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    compile.args(own.split('\x1f').filter(|flag| !flag.is_empty()));
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        let mut setting = std::ffi::OsString::from("-Clinker=");
        setting.push(linker);
        compile.arg(setting);
    }
    let linked = compile.output().is_ok_and(|output| output.status.success());
    linked && Command::new(&program).status().is_ok_and(|status| status.success())
}
