//! `mcp-tether migrate`: finds the entries of hosts that run another bridge, shows the changes, and
//! if the user agrees, rewrites the entries and imports their sign-ins. Changes no file of
//! `mcp-remote`.

use std::collections::HashSet;

use super::chosen_hosts::by_name;
use super::consent::ask;
use super::displayed_change::display_change;
use super::entry_account::add_account;
use super::host_entries::{
    PROGRAM, folders, note_without_home, own_program, position, proposed_change, refuse_sudo,
    url_of, with_saved,
};
use super::import::McpRemoteEntry;
use super::literal_secrets::is_secret_header;
use super::prepare::store;
use super::readable::counted;
use super::untrusted::ReadCommand;
use crate::environment::{
    CommandOutcome, Environment, print_error, stdin_is_terminal, to_stderr, to_stdout, wants_json,
};
use crate::error::{Error, ExitCode, Result};
use crate::hosts::{
    EntryPlace, HostEntry, HostFile, HostFolders, KnownHost, OtherBridge, Scope, found,
    other_bridge,
};
use crate::settings::{Flags, Key};

/// The options of a migration, as typed.
#[derive(Clone, Debug)]
pub(crate) struct MigrateOptions {
    /// Only these hosts; all if empty.
    pub(crate) hosts: Vec<String>,
    /// Which configurations to rewrite. With [`Scope::User`], those of a project are only listed.
    pub(crate) scope: Scope,
    /// Rewrite without asking.
    pub(crate) yes: bool,
    /// Only show the changes.
    pub(crate) dry_run: bool,
    /// Do not import sign-ins.
    pub(crate) no_import: bool,
}

/// A configuration with entries to rewrite.
struct Planned {
    host: &'static KnownHost,
    file: HostFile,
    entries: Vec<Candidate>,
}

/// An entry that can be rewritten.
struct Candidate {
    place: EntryPlace,
    /// The new command line.
    words: Vec<String>,
    /// Whether there may be a sign-in to import.
    is_mcp_remote: bool,
    entry: McpRemoteEntry,
}

/// Shows the changes, asks, rewrites the entries and imports their sign-ins.
///
/// # Errors
/// A host is unknown, nobody can be asked, or sign-ins are to be imported and the settings are
/// invalid. A file that cannot be read or written is reported, and the others are migrated.
pub(crate) fn run(
    options: &MigrateOptions,
    read: ReadCommand<'_>,
    environment: &Environment,
) -> Result<ExitCode> {
    if !options.no_import && !options.dry_run {
        // This starts logging with the settings of this command, before any entry is read.
        store(&Flags::default(), environment)?;
    }
    let program = own_program(environment)?;
    let folders = folders(environment);
    note_without_home(&folders);
    let mut survey = survey(options, &program, read, &folders)?;
    if !options.dry_run && !survey.planned.is_empty() {
        refuse_sudo(environment)?;
        if options.scope == Scope::Project && !options.yes {
            survey.keep_permitted()?;
        }
    }
    survey.edit();
    survey.print();
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
                let sentence = format!("rewrote the configuration of {}", planned.host.title);
                let rewritten = CommandOutcome::new("rewritten", sentence);
                let path = planned.file.path();
                let mut rewritten = with_saved(rewritten, planned.host, path, &saved);
                let mut imported = Vec::new();
                if !options.no_import {
                    for entry in planned.entries.iter().filter(|entry| entry.is_mcp_remote) {
                        match entry.entry.import(&Flags::default(), environment) {
                            Ok(outcome) => imported.push(outcome),
                            Err(notes) => {
                                rewritten = notes.iter().fold(rewritten, CommandOutcome::note)
                            }
                        }
                    }
                }
                rewritten.fact("next", planned.host.afterwards).print();
                imported.iter().for_each(CommandOutcome::print);
            }
            Err(error) => {
                let error = Error::from(error);
                code = error.exit_code();
                print_error(&error);
            }
        }
    }
    Ok(code)
}

/// A survey of all configurations.
struct Survey {
    scope: Scope,
    planned: Vec<Planned>,
    notes: Vec<String>,
    /// The number of files of this scope.
    files: usize,
    /// The number of entries of a project that are ignored.
    ignored: usize,
    code: ExitCode,
}

fn survey(
    options: &MigrateOptions,
    program: &str,
    read: ReadCommand<'_>,
    folders: &HostFolders,
) -> Result<Survey> {
    let chosen = if options.hosts.is_empty() { Vec::new() } else { by_name(&options.hosts)? };
    let mut survey = Survey {
        scope: options.scope,
        planned: Vec::new(),
        notes: Vec::new(),
        files: 0,
        ignored: 0,
        code: ExitCode::Ok,
    };
    for (host, scope, path) in found(folders) {
        let wanted = chosen.is_empty() || chosen.iter().any(|chosen| chosen.id == host.id);
        let is_seen = scope == options.scope || scope == Scope::Project;
        if !wanted || !is_seen {
            continue;
        }
        match HostFile::open(host, scope, &path) {
            Ok(file) => survey.examine_file(host, scope, file, program, read),
            Err(_) if host.is_older_file(&path) => {}
            Err(error) if scope == options.scope => {
                survey.files += 1;
                survey.code = ExitCode::Failed;
                print_error(&Error::from(error));
            }
            // The files of a project must not make the command fail.
            Err(_) => {}
        }
    }
    Ok(survey)
}

impl Survey {
    fn examine_file(
        &mut self,
        host: &'static KnownHost,
        scope: Scope,
        file: HostFile,
        program: &str,
        read: ReadCommand<'_>,
    ) {
        let mut entries = Vec::new();
        for entry in file.document.entries() {
            entries.extend(self.examine_entry(host, scope, entry, program, read));
        }
        give_accounts(&mut entries);
        if scope != self.scope {
            let note = |candidate: &Candidate| candidate.entry.describe();
            self.notes.extend(entries.iter().map(note));
            self.ignored += entries.len();
            return;
        }
        self.files += 1;
        if !entries.is_empty() {
            self.planned.push(Planned { host, file, entries });
        }
    }

    /// Returns the entry if it can be rewritten, or adds a note if it runs `mcp-remote` and cannot.
    fn examine_entry(
        &mut self,
        host: &KnownHost,
        scope: Scope,
        entry: &HostEntry,
        program: &str,
        read: ReadCommand<'_>,
    ) -> Option<Candidate> {
        let place = format!("{} ({}), {}", host.title, scope.name(), position(entry));
        let other = other_bridge(&entry.words, &entry.variables)?;
        let is_mcp_remote = other.arguments_of_mcp_remote().is_some();
        let given = match other {
            OtherBridge::Kept { program, reason } => {
                let note =
                    format!("{place} mentions `{program}` and cannot be rewritten: {reason}");
                self.notes.push(note);
                return None;
            }
            OtherBridge::Started { arguments, .. } => arguments,
        };
        let command = match read(&given) {
            Ok(command) => command,
            Err(error) => {
                self.notes.push(format!("{place} cannot be rewritten: {error}"));
                return None;
            }
        };
        let by_variable = Key::Record.setting().variable();
        let records =
            command.records() || entry.variables.iter().any(|(name, _)| *name == by_variable);
        if scope == Scope::Project && records {
            // The other users of a project have not agreed to be recorded (O-30).
            self.notes.push(format!(
                "{place} cannot be rewritten: `--record` is not allowed in a project file"
            ));
            return None;
        }
        if given.iter().any(|word| is_secret_header(word) && !word.contains("://")) {
            self.notes.push(format!(
                "{place} contains a secret in plain text; `mcp-tether secret set NAME` stores it \
                 in the keyring"
            ));
        }
        let program = if scope == Scope::Project { PROGRAM } else { program };
        let words = [program.to_owned()].into_iter().chain(given.iter().cloned()).collect();
        let place = entry.place.clone();
        let entry = McpRemoteEntry::new(host, scope, entry, given, command);
        Some(Candidate { place, words, is_mcp_remote, entry })
    }

    /// Asks about each entry, and drops those that the user does not agree to.
    fn keep_permitted(&mut self) -> Result<()> {
        if !stdin_is_terminal() {
            return Err(error_without_terminal(self.scope));
        }
        for planned in &mut self.planned {
            let mut permitted = Vec::new();
            for candidate in std::mem::take(&mut planned.entries) {
                to_stderr(&format!("{}\n", candidate.entry.describe()));
                if ask("rewrite it?")? {
                    permitted.push(candidate);
                }
            }
            planned.entries = permitted;
        }
        self.planned.retain(|planned| !planned.entries.is_empty());
        Ok(())
    }

    /// Changes the files in memory.
    fn edit(&mut self) {
        for planned in &mut self.planned {
            let commands = planned.entries.iter().map(|entry| (&entry.place, &entry.words[..]));
            planned.file.document.set_commands(commands);
        }
    }

    fn count(&self) -> usize {
        self.planned.iter().map(|planned| planned.entries.len()).sum()
    }

    /// Prints the changes, the notes, and whether there is anything to do.
    fn print(&self) {
        for planned in &self.planned {
            let difference = display_change(&planned.file.difference()) + "\n";
            proposed_change(planned.host, planned.file.path(), &difference).print();
        }
        let mut notes = self.notes.clone();
        if self.ignored > 0 {
            notes.push(
                "entries of a project are ignored; `mcp-tether migrate --scope project` asks about \
                 each of them"
                    .to_owned(),
            );
        }
        for note in &notes {
            if !wants_json() {
                to_stdout(&format!("note: {note}\n"));
            }
        }
        if self.planned.is_empty() {
            let outcome = CommandOutcome::new("nothing_to_rewrite", self.nothing_to_rewrite());
            outcome.member("notes", notes).print();
        } else if !notes.is_empty() && wants_json() {
            CommandOutcome::shown("noticed", "").member("notes", notes).print();
        }
    }

    fn nothing_to_rewrite(&self) -> String {
        let files = counted(self.files, "configuration");
        match (self.scope, self.ignored) {
            (Scope::User, 0) if !self.notes.is_empty() => {
                format!("no entry can be rewritten (checked {files})")
            }
            (Scope::User, 0) => format!("no entry runs another bridge (checked {files})"),
            (Scope::User, _) => {
                format!("no entry of yours runs another bridge (checked {files})")
            }
            (Scope::Project, _) => "no entry of this project is rewritten".to_owned(),
        }
    }
}

/// Gives each further entry for one URL and the same headers an account of its own, which has the
/// entry's name: `mcp-remote` had one sign-in for all of them.
fn give_accounts(entries: &mut [Candidate]) {
    let mut seen = HashSet::new();
    for candidate in entries {
        let words = &candidate.words[1..];
        let names_user = |word: &String| {
            let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
            matches!(name, "--account" | "--header")
        };
        let says_who = words.iter().any(names_user);
        if !seen.insert(url_of(words).map(str::to_owned)) && !says_who {
            add_account(&mut candidate.words, &candidate.place.name);
        }
    }
}

fn consent(count: usize) -> Result<bool> {
    if !stdin_is_terminal() {
        return Err(error_without_terminal(Scope::User));
    }
    let what = if count == 1 { "this entry".to_owned() } else { format!("these {count} entries") };
    ask(&format!("rewrite {what}?"))
}

fn error_without_terminal(scope: Scope) -> Error {
    let scope = scope.flag();
    Error::usage("not a terminal, so nobody can confirm; nothing was changed")
        .hint(format!("rewrite without asking: `mcp-tether migrate{scope} --yes`"))
        .hint(format!("or only show the changes: `mcp-tether migrate{scope} --dry-run`"))
}

#[cfg(test)]
mod tests;
