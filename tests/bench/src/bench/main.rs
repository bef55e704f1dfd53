//! The bench: bridges side by side in one run, so that ratios hold on any machine.
//!
//! It starts a remote in this process, drives each bridge over its pipes and checks every answer.
//! Timing never fails it; a bridge that answers wrongly or not at all does.

mod arguments;
mod bench;
mod bridge;
mod contenders;
mod cores;
mod direct;
mod envelope;
mod fault;
mod figures;
mod payload;
mod process;
mod report;
mod row;
mod turns;
mod upstream;

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use arguments::Arguments;
use bench::Bench;
use cores::Place;
use fault::{Fault, Outcome};
use payload::{MEGABYTE, Payload};
use row::Row;
use upstream::Upstream;

/// The longest text that any figure asks for.
const LONGEST: usize = 50 * MEGABYTE;

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            print(arguments::HELP);
            return ExitCode::SUCCESS;
        }
        Err(fault) => return complain(&fault, 2),
    };
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => complain(&fault, 1),
    }
}

fn complain(fault: &Fault, code: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "bench: {fault}");
    ExitCode::from(code)
}

fn print(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

/// Returns whether every bridge answered as it must.
fn run(arguments: &Arguments) -> Outcome<bool> {
    let homes = Homes::new()?;
    let payload = Payload::new(LONGEST);
    let upstream = Upstream::start(payload.clone())?;
    let contenders = arguments.contenders(&homes.0);
    let mut bench = Bench::new(upstream, payload, contenders, arguments.plan.clone());
    let load = report::load();
    let mut rows: Vec<Row> = Vec::new();
    for figure in figures::FIGURES.iter().filter(|figure| arguments.wants(figure.name)) {
        if let Some(lacking) = (figure.lacks)() {
            // Asked for by name, it must not be missing in silence.
            if arguments.names(figure.name) {
                return Err(Fault::new(format!("`{}` needs {lacking}", figure.name)));
            }
            continue;
        }
        let _ = writeln!(io::stderr(), "bench: {} (load {})", figure.name, report::load());
        rows.extend((figure.measure)(&mut bench)?);
        bench.settle(Place::Anywhere);
    }
    print(&format!("{}; load {load} before, {} after\n", report::machine(), report::load()));
    print(&format!("{}\n\n", report::versions(&bench)));
    print(&report::table(&bench, &rows));
    if !bench.faults().is_empty() {
        print(&format!("\nanswered wrongly or not at all:\n{}", report::faults(&bench)));
    }
    if let Some(file) = &arguments.json {
        let what = format!("write `{}`", file.display());
        fs::write(file, report::json(&bench, &rows)).map_err(Fault::from_io(&what))?;
    }
    let missed = arguments.strict && report::missed(&bench, &rows);
    Ok(!bench.failed() && !missed)
}

/// A folder for the homes of the bridges, removed at the end.
struct Homes(PathBuf);

impl Homes {
    fn new() -> Outcome<Self> {
        let folder = std::env::temp_dir().join(format!("mcp-tether-bench-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(Fault::from_io("make a folder for the bridges"))?;
        Ok(Self(folder))
    }
}

impl Drop for Homes {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
