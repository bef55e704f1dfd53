//! What is printed: the machine, one Markdown table, and what was answered wrongly.

use std::fmt::Write as _;
use std::fs;

use crate::bench::Bench;
use crate::contenders::Contender;
use crate::row::{Row, Target, Verdict};

/// Returns the load of the machine in the last minute, as text.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").into()
}

pub(crate) fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model.trim());
    let count = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{model}, {count} cores, Linux {}", kernel.trim())
}

/// Name and version of every bridge that tells one.
pub(crate) fn versions(bench: &Bench) -> String {
    let told = |one: &Contender| Some(format!("{} {}", one.name(), one.version()?));
    let told: Vec<_> = bench.contenders().iter().filter_map(told).collect();
    told.join(", ")
}

/// Returns the table; the first contender that is not the floor is ours.
pub(crate) fn table(bench: &Bench, rows: &[Row]) -> String {
    let names: Vec<_> = bench.contenders().iter().map(Contender::name).collect();
    let (floor, ours) = roles(bench);
    let others: Vec<_> =
        (0..names.len()).filter(|index| Some(*index) != floor && *index != ours).collect();
    let floor_name = if floor.is_some() { "floor | " } else { "" };
    let ratio_name = if floor.is_some() { "ratio | " } else { "" };
    let other_names: String = others.iter().map(|index| format!("{} | ", names[*index])).collect();
    let columns = 4 + 2 * usize::from(floor.is_some()) + others.len();
    let mut table = format!(
        "| figure | {floor_name}{} | {ratio_name}{other_names}target | |\n|---{}|\n",
        names[ours],
        "|---:".repeat(columns - 3) + "|---|---"
    );
    for row in rows {
        let value = |index: usize| {
            row.value(index).map_or("–".into(), |value| number(value, row.decimals))
        };
        let _ = write!(table, "| {} | ", row.title);
        if let Some(floor) = floor {
            let _ = write!(table, "{} | ", value(floor));
        }
        let _ = write!(table, "{} | ", value(ours));
        if let Some(floor) = floor {
            let ratio = row.ratio(ours, floor).map_or("–".into(), |ratio| format!("{ratio:.2}"));
            let _ = write!(table, "{ratio} | ");
        }
        for other in &others {
            let _ = write!(table, "{} | ", value(*other));
        }
        let verdict = row.verdict(ours, floor).word();
        let _ = writeln!(table, "{} | {verdict} |", target(row.target));
    }
    table
}

/// Returns the indices of the floor, if it takes part, and of ours.
pub(crate) fn roles(bench: &Bench) -> (Option<usize>, usize) {
    let floor = bench.contenders().iter().position(|one| one.name() == "floor");
    let ours = bench.contenders().iter().position(|one| one.name() != "floor");
    (floor, ours.unwrap_or(0))
}

/// Returns whether ours missed a target of a figure that is counted and not timed, or has no such
/// figure.
pub(crate) fn missed(bench: &Bench, rows: &[Row]) -> bool {
    let (floor, ours) = roles(bench);
    let bad = |row: &Row| !matches!(row.verdict(ours, floor), Verdict::Met);
    !rows.iter().any(|row| row.exact) || rows.iter().any(|row| row.exact && bad(row))
}

pub(crate) fn faults(bench: &Bench) -> String {
    let mut text = String::new();
    for noted in bench.faults() {
        let name = bench.contenders()[noted.contender].name();
        let _ = writeln!(text, "- {name}, {}: {}", noted.figure, noted.fault);
    }
    text
}

fn target(target: Target) -> String {
    match target {
        Target::None => String::new(),
        Target::Floor => "≤ floor".into(),
        Target::FloorTimes(times) => format!("≤ {times} × floor"),
        Target::FloorShare(share) => format!("≥ {share} × floor"),
        Target::AtMost(limit) => format!("≤ {limit}"),
    }
}

/// With commas from ten thousand on.
fn number(value: f64, decimals: usize) -> String {
    if value.abs() < 10_000.0 {
        return format!("{value:.decimals$}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns every sample as JSON, for further analysis.
pub(crate) fn json(bench: &Bench, rows: &[Row]) -> String {
    let (floor, ours) = roles(bench);
    let entry = |row: &Row| {
        let columns: Vec<_> = bench
            .contenders()
            .iter()
            .zip(&row.samples)
            .map(|(one, samples)| format!("{}: {samples:?}", quoted(one.name())))
            .collect();
        let ratio = floor.and_then(|floor| row.ratio(ours, floor));
        format!(
            "    {{\"key\": {}, \"title\": {}, \"ratio\": {}, \"verdict\": {}, \"samples\": \
             {{{}}}}}",
            quoted(&row.key),
            quoted(&row.title),
            ratio.map_or("null".into(), |ratio| ratio.to_string()),
            quoted(row.verdict(ours, floor).word().trim_matches('*')),
            columns.join(", ")
        )
    };
    let rows: Vec<_> = rows.iter().map(entry).collect();
    let faults: Vec<_> = faults(bench).lines().map(|line| quoted(&line[2..])).collect();
    format!(
        "{{\n  \"machine\": {},\n  \"faults\": [{}],\n  \"figures\": [\n{}\n  ]\n}}\n",
        quoted(&machine()),
        faults.join(", "),
        rows.join(",\n")
    )
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter < ' ' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}
