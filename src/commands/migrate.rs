//! `mcp-tether migrate`: finds the entries that run `mcp-remote`, shows what would become of them,
//! and on consent rewrites them and takes their sign-ins over. The files of `mcp-remote` stay.

use std::collections::HashSet;

use super::host_entries::{folders, named, own_program, position, refuse_sudo, saved_lines};
use super::import::Started;
use super::literal_secrets::{hidden, is_secret_header};
use crate::environment::{Environment, stdin_is_terminal, to_stderr, to_stdout};
use crate::error::{Error, ExitCode, Result};
use crate::hosts::{Folders, Host, HostFile, McpRemote, Scope, found, mcp_remote};
use crate::settings::Flags;

/// How to go about it, as it was typed.
#[derive(Clone, Debug)]
pub struct MigrateOptions {
    /// Only these hosts; all when empty.
    pub hosts: Vec<String>,
    /// The consent, given beforehand.
    pub yes: bool,
    /// Only show the changes.
    pub dry_run: bool,
    /// Leave the sign-ins where they are.
    pub no_import: bool,
}

/// Reads a command line of the bridge: the URL and the flags.
pub type Reading<'a> = &'a dyn Fn(&[String]) -> Result<(String, Flags)>;

/// A configuration with entries to rewrite.
struct Planned {
    host: &'static Host,
    file: HostFile,
    entries: Vec<Started>,
}

/// Finds, shows, asks, rewrites and takes over.
pub fn run(
    options: &MigrateOptions,
    read: Reading<'_>,
    environment: &Environment,
) -> Result<ExitCode> {
    let program = own_program(environment)?;
    let survey = survey(options, &program, read, &folders(environment))?;
    to_stdout(&survey.report());
    if survey.planned.is_empty() {
        return Ok(survey.code);
    }
    if options.dry_run {
        return Ok(survey.code);
    }
    refuse_sudo(environment)?;
    if !options.yes && !consent(survey.count())? {
        to_stderr("nothing was changed\n");
        return Ok(ExitCode::Ok);
    }
    let mut code = survey.code;
    for planned in &survey.planned {
        match planned.file.save(true) {
            Ok(saved) => {
                let report = format!("rewrote the configuration of {}\n", planned.host.title);
                let path = planned.file.path();
                to_stdout(&(report + &saved_lines(planned.host, path, &saved)));
                if !options.no_import {
                    to_stdout(&sign_ins(&planned.entries, environment));
                }
                to_stdout(&format!("  next    {}\n", planned.host.afterwards));
            }
            Err(error) => {
                code = error.exit_code();
                to_stderr(&format!("{error}\n"));
            }
        }
    }
    Ok(code)
}

/// What was found in all configurations.
struct Survey {
    planned: Vec<Planned>,
    notes: Vec<String>,
    looked_at: usize,
    code: ExitCode,
}

impl Survey {
    fn count(&self) -> usize {
        self.planned.iter().map(|planned| planned.entries.len()).sum()
    }

    fn report(&self) -> String {
        let mut out = String::new();
        for planned in &self.planned {
            out += &hidden(&planned.file.difference());
            out.push('\n');
        }
        for note in &self.notes {
            out += &format!("note: {note}\n");
        }
        if self.planned.is_empty() {
            let files = self.looked_at;
            out += &format!("no entry runs `mcp-remote` ({files} configurations looked at)\n");
        }
        out
    }
}

fn survey(
    options: &MigrateOptions,
    program: &str,
    read: Reading<'_>,
    folders: &Folders,
) -> Result<Survey> {
    let chosen = match options.hosts.is_empty() {
        true => Vec::new(),
        false => named(&options.hosts, folders)?,
    };
    let mut survey =
        Survey { planned: Vec::new(), notes: Vec::new(), looked_at: 0, code: ExitCode::Ok };
    let mut seen = HashSet::new();
    for (host, scope, path) in found(folders) {
        let wanted = chosen.is_empty() || chosen.iter().any(|chosen| chosen.id == host.id);
        // Two flavours of one host may share the file of a project.
        if !wanted || !seen.insert(path.clone()) {
            continue;
        }
        survey.looked_at += 1;
        match HostFile::open(host, &path) {
            Ok(file) => survey.look_into(host, scope, file, program, read),
            Err(error) => {
                survey.code = ExitCode::Failed;
                to_stderr(&format!("{}\n", Error::from(error)));
            }
        }
    }
    Ok(survey)
}

impl Survey {
    fn look_into(
        &mut self,
        host: &'static Host,
        scope: Scope,
        mut file: HostFile,
        program: &str,
        read: Reading<'_>,
    ) {
        let mut entries = Vec::new();
        for entry in file.document.entries().to_vec() {
            let place = format!("{} ({}), {}", host.title, scope.word(), position(&entry));
            let given = match mcp_remote(&entry.words) {
                None => continue,
                Some(McpRemote::Mentioned) => {
                    self.notes.push(format!(
                        "{place} mentions `mcp-remote` in a way that is not understood: \
                         rewrite it by hand"
                    ));
                    continue;
                }
                Some(McpRemote::Started(given)) => given,
            };
            match read(&given) {
                Ok((url, flags)) => {
                    if given.iter().any(|word| is_secret_header(word) && !word.contains("://")) {
                        self.notes.push(format!(
                            "{place} holds a secret in plain text: `mcp-tether secret set NAME` \
                             keeps it in the keyring"
                        ));
                    }
                    let words: Vec<String> =
                        [program.to_owned()].into_iter().chain(given).collect();
                    file.document.start(&entry.place, &words);
                    entries.push(Started { entry, url, flags });
                }
                Err(error) => self.notes.push(format!("{place} stays as it is: {error}")),
            }
        }
        if !entries.is_empty() {
            self.planned.push(Planned { host, file, entries });
        }
    }
}

fn consent(count: usize) -> Result<bool> {
    if !stdin_is_terminal() {
        return Err(Error::usage("nothing was changed: there is nobody to ask")
            .hint("say yes beforehand: `mcp-tether migrate --yes`")
            .hint("or only look: `mcp-tether migrate --dry-run`"));
    }
    let what = if count == 1 { "this entry".to_owned() } else { format!("these {count} entries") };
    to_stderr(&format!("rewrite {what}? [y/N] "));
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(|error| Error::failed(format!("cannot read the answer: {error}")))?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// What became of the sign-ins.
fn sign_ins(entries: &[Started], environment: &Environment) -> String {
    let of_entry = |started: &Started| {
        started.take_over(&Flags::default(), environment).unwrap_or_else(|note| note)
    };
    entries.iter().map(of_entry).collect()
}
