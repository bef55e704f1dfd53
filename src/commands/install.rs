//! `mcp-tether install`: adds the entry for a server to the configurations of hosts. Checks every
//! file before it writes the first one. Starts nothing and contacts no server.

use std::path::{Path, PathBuf};

use super::chosen_hosts::{HostChoice, chosen, with_shared_files};
use super::displayed_change::{display_change, display_words};
use super::entry_account::{ask, first_for_its_url, give_account, may_have_account};
use super::host_entries::{
    are_for_one_server, files_of, folders, is_ours, of_host, proposed_change, refuse_sudo,
    retry_if_changed, url_of, with_saved,
};
use super::new_entry::new_entry;
use super::no_file::HOSTS_WITHOUT_FILE;
use super::registry::{self, RegistryOptions};
use crate::environment::{CommandOutcome, Environment, print_error, to_stderr};
use crate::error::{Error, ExitCode, Result};
use crate::hosts::{
    CLAUDE_DESKTOP, FileError, HostEntry, HostFile, HostFolders, KnownHost, NewEntry, OtherBridge,
    Scope, other_bridge, snippet,
};
use crate::redact::plain;
use crate::settings::Flags;
use crate::shell_words::shell_word;

/// The options of an installation, as typed.
#[derive(Clone, Debug)]
pub struct InstallOptions {
    /// The URL of the server, or its name in a registry.
    pub server: String,
    /// The hosts.
    pub hosts: HostChoice,
    /// The name of the entry; derived from the URL if `None`.
    pub name: Option<String>,
    /// Which configuration to change.
    pub scope: Scope,
    /// Only print the entry.
    pub print: bool,
    /// Only print the URL that makes the host add it.
    pub link: bool,
    /// Only show the change.
    pub dry_run: bool,
    /// The options for resolving a name.
    pub registry: RegistryOptions,
}

/// A change of one file.
struct Plan {
    host: &'static KnownHost,
    path: PathBuf,
}

/// The change that an entry makes to a file.
enum Edit {
    Added(Vec<String>),
    Changed(Vec<String>),
    /// The file already has the entry.
    Present,
}

/// Adds the entry to the files of the hosts.
///
/// # Errors
/// A host, URL, name or setting is invalid, a secret would be written in plain text, or a file
/// cannot be changed; then no file is.
pub fn run(options: &InstallOptions, flags: &Flags, environment: &Environment) -> Result<ExitCode> {
    let folders = folders(environment);
    let is_shown = options.print || options.link;
    if is_shown && options.hosts.is_shown_without_file() {
        return show_without_file(options, flags, environment);
    }
    let hosts = chosen(&options.hosts, &folders, environment)?;
    if hosts.is_empty() {
        to_stderr("nothing was changed\n");
        return Ok(ExitCode::Ok);
    }
    let Some(server) = registry::resolve(&options.server, &options.registry, flags, environment)?
    else {
        to_stderr("nothing was changed\n");
        return Ok(ExitCode::Ok);
    };
    let name = options.name.as_deref().or(server.name.as_deref());
    let (entry, mut notes) =
        new_entry(&server.url, name, options.scope, &server.flags, environment)?;
    if options.print {
        for host in &hosts {
            if hosts.len() > 1 {
                to_stderr(&format!("for {}:\n", host.title));
            }
            print_entry(host, &entry);
        }
        return Ok(ExitCode::Ok);
    }
    if options.link {
        return print_links(&hosts, &entry, options.hosts.all);
    }
    if !options.dry_run {
        refuse_sudo(environment)?;
    }
    let mut plans = Vec::new();
    for host in with_shared_files(&hosts) {
        let files = files_of(host, options.scope, &folders)?;
        plans.extend(files.into_iter().map(|path| Plan { host, path }));
    }
    notes.extend(note_on_work_tree(options.scope, &folders));
    let may_have_account = may_have_account(&server.flags);
    let account = may_have_account.then(|| entry.name.clone());
    let is_wsl = environment.non_empty("WSL_DISTRO_NAME").is_some();
    let mut work = Work { options, entry: &entry, folders: &folders, account, is_wsl };
    work.check(&mut plans)?;
    if !options.dry_run {
        work.ask_for_account(&plans)?;
    }
    Ok(work.carry_out(&plans, &notes))
}

/// Prints the entry in the form that most hosts have, for a host that has no file.
fn show_without_file(
    options: &InstallOptions,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    let place = options.hosts.names.first().and_then(|name| {
        HOSTS_WITHOUT_FILE.iter().find(|host| host.id == name.trim().to_lowercase())
    });
    if options.link {
        return Err(Error::usage("no host was given").hint("name one: `--host cursor --link`"));
    }
    let Some(server) = registry::resolve(&options.server, &options.registry, flags, environment)?
    else {
        return Ok(ExitCode::Ok);
    };
    let name = options.name.as_deref().or(server.name.as_deref());
    let (entry, _) = new_entry(&server.url, name, Scope::User, &server.flags, environment)?;
    print_entry(&CLAUDE_DESKTOP, &entry);
    if let Some(host) = place {
        to_stderr(&format!("hint: paste it into {}: {}\n", host.title, host.place));
    }
    Ok(ExitCode::Ok)
}

fn print_entry(host: &KnownHost, entry: &NewEntry) {
    let text = snippet(host, entry);
    of_host(CommandOutcome::copied("entry", text.clone()), host).member("entry", text).print();
}

/// Prints the addresses for these hosts. Of all that are installed here, some may have none.
fn print_links(
    hosts: &[&'static KnownHost],
    entry: &NewEntry,
    are_all_here: bool,
) -> Result<ExitCode> {
    let has_some = hosts.iter().any(|host| host.link.is_some());
    for host in hosts {
        let Some(link) = host.link else {
            if are_all_here && has_some {
                to_stderr(&format!("note: {} has no addresses for entries\n", host.title));
                continue;
            }
            return Err(Error::usage(format!("{} has no addresses for entries", host.title))
                .hint(format!("write its file: `--host {}` without `--link`", host.id)));
        };
        if hosts.len() > 1 {
            to_stderr(&format!("for {}:\n", host.title));
        }
        let address = link.address(entry);
        let outcome = CommandOutcome::copied("link", format!("{address}\n"));
        of_host(outcome, host).member("link", address).print();
    }
    Ok(ExitCode::Ok)
}

/// One entry for several files.
struct Work<'a> {
    options: &'a InstallOptions,
    entry: &'a NewEntry,
    folders: &'a HostFolders,
    /// The name of the account for a further entry with the same URL; `None` if it cannot have one.
    account: Option<String>,
    /// Whether this is Linux on Windows (WSL).
    is_wsl: bool,
}

impl Work<'_> {
    /// Checks that every file can be changed. If a project's file belongs to another host, another
    /// file of this host is used.
    fn check(&self, plans: &mut [Plan]) -> Result<()> {
        let mut failed = Vec::new();
        for plan in plans.iter_mut() {
            if let Err(error) = self.check_one(plan) {
                failed.push(Error::from(error));
            }
        }
        let Some(last) = failed.pop() else { return Ok(()) };
        for error in &failed {
            print_error(error);
        }
        Err(if plans.len() > 1 {
            last.hint(
                "no file was changed, because of this one: repair it, or name the other hosts",
            )
        } else {
            last
        })
    }

    fn check_one(&self, plan: &mut Plan) -> std::result::Result<(), FileError> {
        let file = HostFile::open(plan.host, self.options.scope, &plan.path)?;
        if let Some(key) = key_of_another_kind(&file, &plan.path) {
            let others = plan.host.other_project_files(&plan.path, self.folders);
            let Some(other) = others.into_iter().next() else {
                return Err(error_for_another_kind(plan, key).into());
            };
            plan.path = other;
            return self.check_one(plan);
        }
        let mut file = file;
        if !matches!(self.edit(plan, &mut file)?, Edit::Present) && !self.options.dry_run {
            file.check_writable()?;
        }
        Ok(())
    }

    /// Asks once for the name of this entry's account, if a file has another entry for its URL.
    fn ask_for_account(&mut self, plans: &[Plan]) -> Result<()> {
        if self.account.is_none() {
            return Ok(());
        }
        for plan in plans {
            let Ok(file) = HostFile::open(plan.host, self.options.scope, &plan.path) else {
                continue;
            };
            if let Some(first) = first_for_its_url(&file, self.entry) {
                self.account = Some(ask(plan.host.title, &first, self.entry)?);
                break;
            }
        }
        Ok(())
    }

    /// Edits the file in memory.
    fn edit(&self, plan: &Plan, file: &mut HostFile) -> Result<Edit> {
        let mut entry = self.entry.clone();
        if let Some(account) = &self.account {
            give_account(file, &mut entry, account);
        }
        let words = entry.words();
        match file.document.entry(&entry.name) {
            None => {
                file.document.add(&entry);
                Ok(Edit::Added(words))
            }
            Some(there) if there.words == words => Ok(Edit::Present),
            Some(there) if are_for_one_server(&there.words, &words) => {
                let place = there.place.clone();
                file.document.set_commands([(&place, &words[..])]);
                Ok(Edit::Changed(words))
            }
            Some(there) => Err(name_is_taken(plan.host, there, &plan.path)),
        }
    }

    fn carry_out(&self, plans: &[Plan], notes: &[String]) -> ExitCode {
        let mut code = ExitCode::Ok;
        for plan in plans {
            match retry_if_changed(|| self.write(plan, notes)) {
                Ok(outcome) => outcome.print(),
                Err(error) => {
                    code = error.exit_code();
                    print_error(&error);
                }
            }
        }
        code
    }

    fn write(
        &self,
        plan: &Plan,
        notes: &[String],
    ) -> std::result::Result<CommandOutcome, FileError> {
        let Plan { host, path } = plan;
        let mut file = HostFile::open(host, self.options.scope, path)?;
        let name = plain(&self.entry.name);
        let (done, words) = match self.edit(plan, &mut file)? {
            Edit::Present => {
                let sentence = format!("{} already has `{name}`", host.title);
                return Ok(of_host(CommandOutcome::new("present", sentence), host));
            }
            Edit::Added(words) => ("added", words),
            Edit::Changed(words) => ("changed", words),
        };
        if self.options.dry_run {
            return Ok(proposed_change(host, path, &display_change(&file.difference())));
        }
        // A missing file in a project, or beside other folders of the host, does not mean that the
        // host is not installed.
        let is_known = self.options.scope == Scope::Project || host.is_here(self.folders, &[]);
        let other = other_for_its_server(&file, self.entry);
        let mut saved = file.save(self.options.scope == Scope::User)?;
        saved.created_folder = saved.created_folder.filter(|_| !is_known);
        let preposition = if done == "added" { "to" } else { "in" };
        let sentence = format!("{done} `{name}` {preposition} {}", host.title);
        let outcome = CommandOutcome::new(done, sentence).member("name", self.entry.name.clone());
        let mut outcome =
            with_saved(outcome, host, path, &saved).fact("starts", display_words(&words));
        if let Some(account) = words.last().filter(|_| words.len() > self.entry.words().len()) {
            let account = plain(account.strip_prefix("--account=").unwrap_or(account));
            let note = format!("it signs in with an account of its own, `{account}`");
            outcome = outcome
                .note(note)
                .note("the other entry for this URL keeps the sign-in that it has");
        }
        if !host.accepts_comments && file.has_comments() {
            let note = format!("the file has comments, which {} may not accept", host.title);
            outcome = outcome.note(note);
        }
        if self.is_wsl && saved.created_folder.is_some() {
            outcome = outcome.note(
                "this is WSL: a host on Windows reads its own file; `mcp-tether.exe` writes that",
            );
        }
        outcome = other.into_iter().fold(outcome, CommandOutcome::note);
        let outcome = notes.iter().fold(outcome, |outcome, note| outcome.note(note));
        let undo = format!("mcp-tether uninstall {name} --host {}", host.id);
        let undo = format!("{undo}{}", self.options.scope.flag());
        Ok(outcome.fact("next", host.afterwards).fact("undo", undo))
    }
}

/// A note if this is not the root of a work tree: a host reads the file in the folder that is
/// opened.
fn note_on_work_tree(scope: Scope, folders: &HostFolders) -> Option<String> {
    let here = folders.project.as_deref().filter(|_| scope == Scope::Project)?;
    let root = here.ancestors().find(|folder| folder.join(".git").exists())?;
    let is_home = folders.home.as_deref() == Some(root);
    (root != here && !is_home).then(|| {
        let root = plain(&root.display().to_string());
        format!("a host that is opened in `{root}`, the root of this work tree, may not read it")
    })
}

/// A note if another bridge has an entry for the same URL, because the host would have its tools
/// twice.
fn other_for_its_server(file: &HostFile, entry: &NewEntry) -> Option<String> {
    file.document.entries().iter().find_map(|other| {
        let OtherBridge::Started { program, arguments } =
            other_bridge(&other.words, &other.variables)?
        else {
            return None;
        };
        let is_same = url_of(&arguments) == url_of(&entry.arguments);
        let name = plain(&other.place.name);
        is_same.then(|| {
            format!("`{name}` starts `{program}` for this URL too: remove it, or run `migrate`")
        })
    })
}

/// The key of another host's entries in the file: hosts with different keys share the name
/// `.mcp.json`.
fn key_of_another_kind(file: &HostFile, path: &Path) -> Option<&'static str> {
    let is_shared = path.file_name().is_some_and(|name| name == ".mcp.json");
    file.document.key_of_another_kind().filter(|_| is_shared)
}

fn error_for_another_kind(plan: &Plan, key: &str) -> Error {
    let path = plain(&plan.path.display().to_string());
    let (title, own) = (plan.host.title, plan.host.sections[0][0]);
    let message = format!("`{path}` has entries under `{key}`, but {title} reads `{own}`");
    let other = if key == "servers" { "`.vs/mcp.json`" } else { "a file of its own" };
    Error::failed(message).hint(format!(
        "move what is in it to {other}, or install for yourself: leave out `--scope`"
    ))
}

fn name_is_taken(host: &KnownHost, there: &HostEntry, path: &Path) -> Error {
    let (name, line) = (plain(&there.place.name), there.line);
    let path = plain(&path.display().to_string());
    Error::failed(format!("{} has another entry `{name}`: `{path}`, line {line}", host.title))
        .hint("choose another name: `--name NAME`")
        .hint(if is_ours(&there.words) {
            let name = shell_word(&there.place.name);
            format!("or remove that entry: `mcp-tether uninstall {name} --host {}`", host.id)
        } else {
            "or remove that entry by hand".to_owned()
        })
}

#[cfg(test)]
mod tests;
