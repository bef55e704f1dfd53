//! `mcp-tether mock --hostile`: serves every attack at once, each at its own URL, and reports at
//! the end what each obtained from clients.

use std::fmt::Write;

use super::logging;
use super::prepare::block_on;
use super::readable::counted;
use super::serve_mock::error_for_mock;
use crate::environment::to_stdout;
use crate::error::{ExitCode, Result};
use crate::platform::Shutdown;
use crate::settings::LogOptions;
use mcp_tether_mock::{ConsentPolicy, Finding, Hostile};

/// Serves until a signal ends it. The exit code is 1 if an attack obtained something.
///
/// # Errors
/// A port cannot be opened, or the runtime cannot be started.
pub(crate) fn run() -> Result<ExitCode> {
    logging::start(&LogOptions::default())?;
    // Nobody wants to approve fifty sign-ins by hand.
    let hostile =
        Hostile::start(ConsentPolicy::Approve).map_err(|error| error_for_mock(&error, 0))?;
    to_stdout(&announcement(&hostile));
    block_on(async {
        Shutdown::by_signals().requested().await;
        Ok(())
    })?;
    let findings = hostile.findings();
    to_stdout(&report(&findings));
    let obtained = findings.iter().any(|finding| finding.obtained.is_some());
    Ok(if obtained { ExitCode::Failed } else { ExitCode::Ok })
}

fn announcement(hostile: &Hostile) -> String {
    let mut out = format!("{} attacks, each a server of its own\n\n", hostile.attackers().len());
    for attacker in hostile.attackers() {
        let attack = attacker.attack;
        let url = attacker.url().to_string();
        let _ = writeln!(out, "  {:<24} {url:<28} {}", attack.name, attack.about);
    }
    out += "\ntry one with `mcp-tether tools URL`; press Ctrl-C to see what they obtained\n";
    out
}

/// A line for each attack that received a request, the successful ones first.
fn report(findings: &[Finding]) -> String {
    let (mut won, mut held) = (String::new(), String::new());
    let tried: Vec<&Finding> = findings.iter().filter(|finding| finding.requests > 0).collect();
    for finding in &tried {
        let Finding { attack, requests, obtained } = finding;
        let name = attack.name;
        let _ = match obtained {
            Some(what) => writeln!(won, "  {name:<24} obtained {what}"),
            None => writeln!(held, "  {name:<24} nothing, in {}", counted(requests, "request")),
        };
    }
    let (tried, all) = (tried.len(), findings.len());
    format!("\n{tried} of {all} attacks were tried\n{won}{held}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_tells_what_was_tried_and_what_it_brought() {
        let hostile = Hostile::start(ConsentPolicy::Approve).unwrap();
        let mut findings = hostile.findings();
        assert!(report(&findings).contains("\n0 of "), "{}", report(&findings));
        findings[1].requests = 3;
        findings[2].requests = 4;
        findings[2].obtained = Some("a code".to_owned());
        let said = report(&findings);
        let lines: Vec<&str> = said.lines().skip(2).collect();
        assert!(lines[0].contains(findings[2].attack.name) && lines[0].contains("obtained a code"));
        assert!(lines[1].contains(findings[1].attack.name) && lines[1].contains("3 requests"));
        assert_eq!(lines.len(), 2);
    }
}
