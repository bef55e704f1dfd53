//! `mcp-tether migrate`: finds the entries that run `mcp-remote`, shows what would become of them,
//! and on consent rewrites them and takes their sign-ins over. The files of `mcp-remote` stay.

use super::consent::ask;
use super::host_entries::{folders, named, own_program, position, refuse_sudo, saved_lines};
use super::import::Started;
use super::literal_secrets::{hidden, is_secret_header};
use super::prepare::store;
use super::untrusted::ReadCommand;
use crate::environment::{Environment, stdin_is_terminal, to_stderr, to_stdout};
use crate::error::{Error, ExitCode, Result};
use crate::hosts::{Entry, Folders, Host, HostFile, McpRemote, Place, Scope, found, mcp_remote};
use crate::settings::Flags;

/// How to go about it, as it was typed.
#[derive(Clone, Debug)]
pub struct MigrateOptions {
    /// Only these hosts; all when empty.
    pub hosts: Vec<String>,
    /// Whose configurations are rewritten; those of a project are only named otherwise.
    pub scope: Scope,
    /// The consent, given beforehand.
    pub yes: bool,
    /// Only show the changes.
    pub dry_run: bool,
    /// Leave the sign-ins where they are.
    pub no_import: bool,
}

/// A configuration with entries to rewrite.
struct Planned {
    host: &'static Host,
    file: HostFile,
    entries: Vec<Candidate>,
}

/// An entry that can be rewritten.
struct Candidate {
    place: Place,
    /// What it is to start.
    words: Vec<String>,
    started: Started,
}

/// Finds, shows, asks, rewrites and takes over.
///
/// # Errors
/// A host that is not known, nobody to ask, and settings that do not fit where sign-ins are to be
/// taken over. A file that cannot be read or written is reported, and the others go on.
pub fn run(
    options: &MigrateOptions,
    read: ReadCommand<'_>,
    environment: &Environment,
) -> Result<ExitCode> {
    if !options.no_import && !options.dry_run {
        // Logging starts here, by this command's own settings, before any entry is read.
        store(&Flags::default(), environment)?;
    }
    let program = own_program(environment)?;
    let mut survey = survey(options, &program, read, &folders(environment))?;
    if !options.dry_run && !survey.planned.is_empty() {
        refuse_sudo(environment)?;
        if options.scope == Scope::Project && !options.yes {
            survey.keep_permitted()?;
        }
    }
    survey.edit();
    to_stdout(&survey.report());
    if survey.planned.is_empty() || options.dry_run {
        return Ok(survey.code);
    }
    if options.scope == Scope::User && !options.yes && !consent(survey.count())? {
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
    scope: Scope,
    planned: Vec<Planned>,
    notes: Vec<String>,
    looked_at: usize,
    /// How many entries of the current folder were left alone.
    left_alone: usize,
    code: ExitCode,
}

fn survey(
    options: &MigrateOptions,
    program: &str,
    read: ReadCommand<'_>,
    folders: &Folders,
) -> Result<Survey> {
    let chosen = match options.hosts.is_empty() {
        true => Vec::new(),
        false => named(&options.hosts, folders)?,
    };
    let mut survey = Survey {
        scope: options.scope,
        planned: Vec::new(),
        notes: Vec::new(),
        looked_at: 0,
        left_alone: 0,
        code: ExitCode::Ok,
    };
    for (host, scope, path) in found(folders) {
        let wanted = chosen.is_empty() || chosen.iter().any(|chosen| chosen.id == host.id);
        let is_seen = scope == options.scope || scope == Scope::Project;
        if !wanted || !is_seen {
            continue;
        }
        match HostFile::open(host, scope, &path) {
            Ok(file) => survey.look_into(host, scope, file, program, read),
            Err(error) if scope == options.scope => {
                survey.looked_at += 1;
                survey.code = ExitCode::Failed;
                to_stderr(&format!("{}\n", Error::from(error)));
            }
            // What a project brings is no reason to fail.
            Err(_) => {}
        }
    }
    Ok(survey)
}

impl Survey {
    fn look_into(
        &mut self,
        host: &'static Host,
        scope: Scope,
        file: HostFile,
        program: &str,
        read: ReadCommand<'_>,
    ) {
        let mut entries = Vec::new();
        for entry in file.document.entries() {
            entries.extend(self.judge(host, scope, entry, program, read));
        }
        if scope != self.scope {
            let note = |entry: &Candidate| entry.started.displayed();
            self.notes.extend(entries.iter().map(note));
            self.left_alone += entries.len();
            return;
        }
        self.looked_at += 1;
        if !entries.is_empty() {
            self.planned.push(Planned { host, file, entries });
        }
    }

    /// The entry, if it starts `mcp-remote` in a way that is understood.
    fn judge(
        &mut self,
        host: &Host,
        scope: Scope,
        entry: &Entry,
        program: &str,
        read: ReadCommand<'_>,
    ) -> Option<Candidate> {
        let place = format!("{} ({}), {}", host.title, scope.word(), position(entry));
        let given = match mcp_remote(&entry.words)? {
            McpRemote::Mentioned => {
                self.notes.push(format!(
                    "{place} mentions `mcp-remote` in a way that is not understood: \
                     rewrite it by hand"
                ));
                return None;
            }
            McpRemote::Started(given) => given,
        };
        let command = match read(&given) {
            Ok(command) => command,
            Err(error) => {
                self.notes.push(format!("{place} stays as it is: {error}"));
                return None;
            }
        };
        if given.iter().any(|word| is_secret_header(word) && !word.contains("://")) {
            self.notes.push(format!(
                "{place} holds a secret in plain text: `mcp-tether secret set NAME` keeps it in \
                 the keyring"
            ));
        }
        let words = [program.to_owned()].into_iter().chain(given.iter().cloned()).collect();
        let started = Started::new(host, scope, entry, given, command);
        Some(Candidate { place: entry.place.clone(), words, started })
    }

    /// Asks about each entry on its own, and drops those that nobody says yes to.
    fn keep_permitted(&mut self) -> Result<()> {
        if !stdin_is_terminal() {
            return Err(nobody_to_ask(self.scope));
        }
        for planned in &mut self.planned {
            let mut permitted = Vec::new();
            for entry in std::mem::take(&mut planned.entries) {
                to_stderr(&format!("{}\n", entry.started.displayed()));
                if ask("rewrite it?")? {
                    permitted.push(entry);
                }
            }
            planned.entries = permitted;
        }
        self.planned.retain(|planned| !planned.entries.is_empty());
        Ok(())
    }

    /// Makes the changes, in memory.
    fn edit(&mut self) {
        for planned in &mut self.planned {
            for entry in &planned.entries {
                planned.file.document.start(&entry.place, &entry.words);
            }
        }
    }

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
        if self.left_alone > 0 {
            out += "note: entries of a project are left alone; ";
            out += "`mcp-tether migrate --scope project` asks about each of them\n";
        }
        if self.planned.is_empty() {
            let files = self.looked_at;
            out += &match (self.scope, self.left_alone) {
                (Scope::User, 0) => {
                    format!("no entry runs `mcp-remote` ({files} configurations looked at)\n")
                }
                (Scope::User, _) => format!(
                    "no entry of yours runs `mcp-remote` ({files} configurations looked at)\n"
                ),
                (Scope::Project, _) => "no entry of this project is rewritten\n".to_owned(),
            };
        }
        out
    }
}

fn consent(count: usize) -> Result<bool> {
    if !stdin_is_terminal() {
        return Err(nobody_to_ask(Scope::User));
    }
    let what = if count == 1 { "this entry".to_owned() } else { format!("these {count} entries") };
    ask(&format!("rewrite {what}?"))
}

fn nobody_to_ask(scope: Scope) -> Error {
    let scope = scope.flag();
    Error::usage("nothing was changed: there is nobody to ask")
        .hint(format!("say yes beforehand: `mcp-tether migrate{scope} --yes`"))
        .hint(format!("or only look: `mcp-tether migrate{scope} --dry-run`"))
}

/// What became of the sign-ins.
fn sign_ins(entries: &[Candidate], environment: &Environment) -> String {
    let of_entry = |entry: &Candidate| {
        entry.started.take_over(&Flags::default(), environment).unwrap_or_else(|note| note)
    };
    entries.iter().map(of_entry).collect()
}
