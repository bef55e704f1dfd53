//! How a diagnosis is shown: as text, as JSON, or as text that may be pasted into a public report,
//! where the home folder has lost its name. No check is made or judged here.

use std::path::Path;

use serde_json::{Value, json};

use super::check::{Check, Diagnosis, Verdict};

/// The column in which sentences begin.
const NAMES: usize = 16;

/// For a person at a terminal.
pub fn text(diagnosis: &Diagnosis) -> String {
    let mut out = String::new();
    for (subject, checks) in &diagnosis.subjects {
        out += &format!("{subject}\n");
        checks.iter().for_each(|check| out += &lines(check));
        out.push('\n');
    }
    out + &summary(diagnosis)
}

/// For a public report: the text in a fence, without the name of the home folder.
pub fn report(diagnosis: &Diagnosis, home: Option<&Path>) -> String {
    let text = text(diagnosis);
    let home = home.and_then(Path::to_str).filter(|home| home.len() > 1);
    let text = home.map_or(text.clone(), |home| text.replace(home, "~"));
    format!("```text\n{text}```\n")
}

/// For programs.
pub fn as_value(diagnosis: &Diagnosis) -> Value {
    let checks = diagnosis.subjects.iter().flat_map(|(subject, checks)| {
        checks.iter().map(move |check| {
            json!({
                "subject": subject,
                "check": check.name,
                "verdict": check.verdict.word(),
                "says": check.says,
                "next": check.next,
                "milliseconds": check.took.map(|took| took.as_millis()),
            })
        })
    });
    json!({
        "healthy": diagnosis.count(Verdict::Fail) == 0,
        "checks": checks.collect::<Vec<_>>(),
    })
}

fn lines(check: &Check) -> String {
    let Check { name, verdict, says, next, took } = check;
    let took = took.map_or(String::new(), |took| format!(" ({} ms)", took.as_millis()));
    let mut out = format!("  {:<7} {name:<NAMES$} {says}{took}\n", verdict.word());
    if let Some(next) = next {
        out += &format!("  {:<7} {:<NAMES$} next: {next}\n", "", "");
    }
    out
}

fn summary(diagnosis: &Diagnosis) -> String {
    let counted = |verdict, one: &str| match diagnosis.count(verdict) {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {one}s")),
    };
    let skipped = match diagnosis.count(Verdict::Skipped) {
        0 => None,
        count => Some(format!("{count} skipped")),
    };
    let problems = counted(Verdict::Fail, "problem").unwrap_or_else(|| "no problems".to_owned());
    let parts = [Some(problems), counted(Verdict::Warn, "warning"), skipped];
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
        diagnosis.add("environment", vec![check]);
        let report = report(&diagnosis, Some(Path::new("/home/sara")));
        assert!(!report.contains("sara"), "{report}");
        assert!(report.contains("`~/.state` is old") && report.contains("next: look at ~"));
        assert!(report.ends_with("no problems, 1 warning\n```\n"), "{report}");
    }
}
