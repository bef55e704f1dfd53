//! Prints a diagnosis as text, as JSON, or as text for a public report, where `~` replaces the home
//! folder.

use std::path::Path;

use serde_json::{Value, json};

use super::check::{Check, CheckVerdict, Diagnosis, SubjectKind};
use crate::commands::readable::counted;
use crate::environment::{Paint, paint, stdout_columns, to_stdout};

/// The width of the column of names.
const NAME_WIDTH: usize = 15;

/// The minimum width of a terminal, in columns, for sentences beside the names.
const COLUMNS_FOR_NAMES: usize = 60;

/// Further content for a report.
const RECORDING: &str = "
If it is about what was said, add a recording: run it once with `--record FILE`, and read the
file before you attach it. `mcp-tether mock replay FILE` plays it.
";

/// Text for a public report.
fn text(diagnosis: &Diagnosis) -> String {
    let mut out = String::new();
    for (subject, checks) in &diagnosis.subjects {
        out += &format!("{}\n", subject.word());
        checks.iter().for_each(|check| out += &lines(check, false, None));
        out.push('\n');
    }
    out + &summary(diagnosis)
}

/// Prints a check as soon as it has ended.
pub(super) fn print_check(subject: SubjectKind, check: &Check, is_first: bool) {
    let heading = if is_first {
        format!("\n{}\n", paint(Paint::Heading, subject.word()))
    } else {
        String::new()
    };
    // Nothing is above the first heading.
    let is_top = matches!(subject, SubjectKind::Program);
    let heading = if is_top { heading.trim_start() } else { &heading };
    to_stdout(&(heading.to_owned() + &lines(check, true, stdout_columns())));
}

/// Prints how the checks ended.
pub(super) fn print_summary(diagnosis: &Diagnosis) {
    let kind = match diagnosis.count(CheckVerdict::Fail) {
        0 => Paint::Good,
        _ => Paint::Bad,
    };
    to_stdout(&format!("\n{}\n", paint(kind, summary(diagnosis).trim_end())));
}

/// Markdown for a public report, without the name of the home folder.
pub(super) fn report(diagnosis: &Diagnosis, home: Option<&Path>) -> String {
    let text = text(diagnosis);
    // A trailing slash would leave the folder itself in the text.
    let home = home.and_then(Path::to_str).map(|home| home.trim_end_matches(['/', '\\']));
    let home = home.filter(|home| home.len() > 1);
    let text = home.map_or(text.clone(), |home| text.replace(home, "~"));
    format!("```text\n{text}```\n{RECORDING}")
}

/// JSON for programs.
pub(super) fn as_value(diagnosis: &Diagnosis) -> Value {
    let checks = diagnosis.subjects.iter().flat_map(|(subject, checks)| {
        checks.iter().map(move |check| {
            json!({
                "subject": subject.word(),
                "check": check.name,
                "verdict": check.verdict.word(),
                "says": check.says,
                "next": check.next,
                "milliseconds": check.took.map(|took| took.as_millis()),
            })
        })
    });
    json!({
        "healthy": diagnosis.count(CheckVerdict::Fail) == 0,
        "checks": checks.collect::<Vec<_>>(),
    })
}

fn lines(check: &Check, painted: bool, columns: Option<usize>) -> String {
    let Check { name, verdict, says, next, took } = check;
    let took = took.map_or(String::new(), |took| format!(" ({} ms)", took.as_millis()));
    let word = format!("{:<7}", verdict.word());
    let word = match verdict {
        _ if !painted => word,
        CheckVerdict::Ok => paint(Paint::Good, &word),
        CheckVerdict::Warn => paint(Paint::Warning, &word),
        CheckVerdict::Fail => paint(Paint::Bad, &word),
        CheckVerdict::Skipped => paint(Paint::Faint, &word),
    };
    let label = if painted { paint(Paint::Next, "next:") } else { "next:".to_owned() };
    let next = next.as_ref().map(|next| format!("{label} {next}\n"));
    if columns.is_some_and(|columns| columns < COLUMNS_FOR_NAMES) {
        let next = next.map_or_else(String::new, |next| format!("    {next}"));
        return format!("  {word} {name}\n    {says}{took}\n{next}");
    }
    // Two spaces, so that wrapped text continues below this column.
    let next =
        next.map_or_else(String::new, |next| format!("  {:<7} {:<NAME_WIDTH$}  {next}", "", ""));
    format!("  {word} {name:<NAME_WIDTH$}  {says}{took}\n{next}")
}

fn summary(diagnosis: &Diagnosis) -> String {
    let found = |verdict, noun: &str| match diagnosis.count(verdict) {
        0 => None,
        count => Some(counted(count, noun)),
    };
    let skipped = match diagnosis.count(CheckVerdict::Skipped) {
        0 => None,
        count => Some(format!("{count} skipped")),
    };
    let problems = found(CheckVerdict::Fail, "problem").unwrap_or_else(|| "no problems".to_owned());
    let parts = [Some(problems), found(CheckVerdict::Warn, "warning"), skipped];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-09
    #[test]
    fn a_report_to_paste_does_not_name_the_home_folder() {
        let mut diagnosis = Diagnosis::default();
        let check = Check::warn("state", "`/home/sara/.state` is old").next("look at /home/sara");
        diagnosis.add(SubjectKind::Environment, vec![check]);
        let report = report(&diagnosis, Some(Path::new("/home/sara")));
        assert!(!report.contains("sara"), "{report}");
        assert!(report.contains("`~/.state` is old") && report.contains("next: look at ~"));
        assert!(report.contains("no problems, 1 warning\n```\n"), "{report}");
        assert!(report.ends_with("plays it.\n"), "{report}");
    }

    /// S-09
    #[test]
    fn a_home_folder_is_hidden_however_it_is_written_and_the_root_is_not_one() {
        let mut diagnosis = Diagnosis::default();
        diagnosis.add(SubjectKind::Environment, [Check::ok("home", "`/home/sara`, /home/sara/x")]);
        for home in ["/home/sara", "/home/sara/", "/home/sara//"] {
            let report = report(&diagnosis, Some(Path::new(home)));
            assert!(report.contains("`~`, ~/x"), "{report}");
        }
        for home in [None, Some(Path::new("/")), Some(Path::new(""))] {
            assert!(report(&diagnosis, home).contains("`/home/sara`, /home/sara/x"), "{home:?}");
        }
    }

    fn diagnosis() -> Diagnosis {
        let mut diagnosis = Diagnosis::default();
        let took = std::time::Duration::from_millis(7);
        diagnosis.add(SubjectKind::Program, [Check::ok("version", "0.1").took(took)]);
        let network = [Check::fail("HTTP", "no answer").next("wait"), Check::skipped("TLS", "why")];
        diagnosis.add(SubjectKind::Network, network);
        diagnosis
    }

    #[test]
    fn a_diagnosis_is_text_in_columns_or_narrow_lines() {
        let expected = "program\n  ok      version          0.1 (7 ms)\n\n\
                        network\n  fail    HTTP             no answer\n\
                        \x20                          next: wait\n  \
                        skipped TLS              why\n\n1 problem, 1 skipped\n";
        assert_eq!(text(&diagnosis()), expected);
        let check = &diagnosis().subjects[1].1[0];
        let narrow = "  fail    HTTP\n    no answer\n    next: wait\n";
        assert_eq!(lines(check, false, Some(COLUMNS_FOR_NAMES - 1)), narrow);
        let wide = lines(check, false, Some(COLUMNS_FOR_NAMES));
        assert_eq!(wide, lines(check, false, None));
        assert_ne!(wide, narrow);
    }

    #[test]
    fn a_program_reads_every_check_and_whether_all_is_well() {
        let value = as_value(&diagnosis());
        assert_eq!(value["healthy"], false);
        assert_eq!(
            value["checks"],
            json!([
                { "subject": "program", "check": "version", "verdict": "ok", "says": "0.1",
                  "next": null, "milliseconds": 7 },
                { "subject": "network", "check": "HTTP", "verdict": "fail", "says": "no answer",
                  "next": "wait", "milliseconds": null },
                { "subject": "network", "check": "TLS", "verdict": "skipped", "says": "why",
                  "next": null, "milliseconds": null },
            ])
        );
        assert_eq!(as_value(&Diagnosis::default())["healthy"], true);
    }
}
