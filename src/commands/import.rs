//! `mcp-tether import`: imports the sign-ins that `mcp-remote` keeps in `~/.mcp-auth`. Changes
//! nothing there.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::consent::ask;
use super::displayed_change::display_words;
use super::host_entries::{folders, position};
use super::prepare::{CommandContext, block_on, for_import, store};
use super::sign_in::{describe_place, describe_subject};
use super::untrusted::{EntryCommand, ReadCommand, Untrusted, folder_of_entry, folder_of_process};
use crate::auth::{
    AuthMethod, AuthOptions, ImportedClient, ImportedSignIn, Names, SignedIn, TokenSet,
    import_sign_in,
};
use crate::environment::{CommandOutcome, Environment, print_error, stdin_is_terminal, to_stderr};
use crate::error::{Error, ExitCode, Result};
use crate::hosts::{HostEntry, HostFile, KnownHost, Scope, found, other_bridge};
use crate::platform::NoBrowser;
use crate::redact::{display_identifier, plain};
use crate::settings::{Flags, Key, Settings};
use crate::store::StoreChoice;
use crate::store::import::{
    ForeignRegistration, ForeignSignIn, ForeignTokens, Parameters, known_keys, read,
};

/// The options of an import, as typed.
#[derive(Clone, Debug)]
pub(crate) struct ImportOptions {
    /// The URLs of the servers. If empty, they are read from the configurations of hosts.
    pub(crate) urls: Vec<String>,
    /// Which configurations to read.
    pub(crate) scope: Scope,
}

/// Imports the sign-ins of these servers, or of every server that a host starts `mcp-remote` for.
///
/// # Errors
/// The settings are invalid, a log file or folder cannot be used, or the sign-in of the only server
/// cannot be imported.
pub(crate) fn run(
    options: &ImportOptions,
    read: ReadCommand<'_>,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    // This starts logging with the flags of this command, before any entry is read.
    store(flags, environment)?;
    let folder = usual_folder(environment)?;
    if !options.urls.is_empty() {
        return of_urls(&options.urls, &folder, flags, environment);
    }
    let entries = entries_of_hosts(read, environment);
    let (chosen, left): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|started| started.scope == options.scope);
    let chosen = match options.scope {
        Scope::User => {
            to_stderr(&describe_ignored(&left));
            chosen
        }
        Scope::Project => permitted(chosen)?,
    };
    if chosen.is_empty() && options.scope == Scope::Project {
        CommandOutcome::new("nothing_imported", "nothing was imported from this project").print();
        return Ok(ExitCode::Ok);
    }
    let known = |entry: &McpRemoteEntry| entry.folder.is_some() || !known_keys(&folder).is_empty();
    if chosen.iter().any(known) {
        Ok(all_of(&chosen, flags, environment))
    } else {
        report_unnamed(&folder)
    }
}

fn of_urls(
    urls: &[String],
    folder: &Path,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    let mut failed = false;
    for url in urls {
        match of_url(url, folder, flags, environment) {
            Ok(outcome) => outcome.print(),
            Err(error) if urls.len() == 1 => return Err(error),
            Err(error) => {
                failed = true;
                print_error(&error);
            }
        }
    }
    Ok(if failed { ExitCode::Failed } else { ExitCode::Ok })
}

/// An entry of a host that starts `mcp-remote`.
pub(super) struct McpRemoteEntry {
    /// Which configuration it is in.
    scope: Scope,
    /// Its position, for messages.
    place: String,
    name: String,
    /// The arguments of `mcp-remote`, as written.
    words: Vec<String>,
    command: Untrusted<EntryCommand>,
    /// The folder of `mcp-remote` that the entry sets, or the reason why it cannot be used.
    folder: Option<std::result::Result<PathBuf, String>>,
}

impl McpRemoteEntry {
    /// Reads an entry of this host.
    pub(super) fn new(
        host: &KnownHost,
        scope: Scope,
        entry: &HostEntry,
        given: Vec<String>,
        command: Untrusted<EntryCommand>,
    ) -> Self {
        let place = format!("{} ({}), {}", host.title, scope.name(), position(entry));
        let folder = folder_of_entry(&entry.variables, scope).transpose();
        Self { scope, place, name: entry.place.name.clone(), words: given, command, folder }
    }

    /// Describes the entry in one line: its position, its server and its arguments.
    pub(super) fn describe(&self) -> String {
        let url = self.command.display_url();
        format!("{} starts `mcp-remote` for `{url}`: {}", self.place, display_words(&self.words))
    }

    /// Imports the sign-in of this entry.
    ///
    /// # Errors
    /// There is nothing to import, or it cannot be imported; the notes say why.
    pub(super) fn import(
        &self,
        flags: &Flags,
        environment: &Environment,
    ) -> std::result::Result<CommandOutcome, Vec<String>> {
        self.try_import(flags, environment).map_err(|reason| {
            let reason = reason.lines().next().unwrap_or_default();
            let reason = reason.trim_start_matches("error: ");
            let name = plain(&self.name);
            let mut notes = vec![format!("no sign-in was imported for `{name}`: {reason}")];
            let ignored = self.command.ignored_flags();
            if !ignored.is_empty() {
                notes.push(format!(
                    "{} of the entry had no effect here; you can give them to `mcp-tether import \
                     URL`",
                    ignored.join(", ")
                ));
            }
            notes
        })
    }

    fn try_import(
        &self,
        flags: &Flags,
        environment: &Environment,
    ) -> std::result::Result<CommandOutcome, String> {
        let named = self.command.named_sign_in(self.scope)?;
        let text = |error: Error| error.to_string();
        let folder = match &self.folder {
            Some(folder) => folder.clone()?,
            None => usual_folder(environment).map_err(text)?,
        };
        let (context, mut auth) =
            for_import(self.command.url(), flags, environment).map_err(text)?;
        named.apply_to(&mut auth);
        import(&context, auth, &folder, &named.parameters).map_err(text)
    }
}

/// The entries of all hosts that start `mcp-remote`, without duplicates. Skips files and entries
/// that cannot be read; `migrate` reports them.
fn entries_of_hosts(read: ReadCommand<'_>, environment: &Environment) -> Vec<McpRemoteEntry> {
    let mut started: Vec<McpRemoteEntry> = Vec::new();
    let mut seen = HashSet::new();
    for (host, scope, path) in found(&folders(environment)) {
        let Ok(file) = HostFile::open(host, scope, &path) else { continue };
        for entry in file.document.entries() {
            let other = other_bridge(&entry.words, &entry.variables);
            let given = other.as_ref().and_then(|other| other.arguments_of_mcp_remote());
            let Some(given) = given else { continue };
            if let Ok(command) = read(given)
                && seen.insert((scope, given.to_vec(), entry.variables.clone()))
            {
                started.push(McpRemoteEntry::new(host, scope, entry, given.to_vec(), command));
            }
        }
    }
    started
}

/// Describes the entries of a project, which are ignored unless the user asks for them.
fn describe_ignored(entries: &[McpRemoteEntry]) -> String {
    let line = |entry: &McpRemoteEntry| format!("note: {}\n", entry.describe());
    let mut out: String = entries.iter().map(line).collect();
    if !entries.is_empty() {
        out += "note: entries of a project are ignored\n\n";
        out += "hint: `mcp-tether import --scope project` asks about each of them\n";
    }
    out
}

/// Asks the user about each entry of a project; returns those that may be imported.
fn permitted(entries: Vec<McpRemoteEntry>) -> Result<Vec<McpRemoteEntry>> {
    if !entries.is_empty() && !stdin_is_terminal() {
        to_stderr(
            &entries
                .iter()
                .map(|entry| format!("note: {}\n", entry.describe()))
                .collect::<String>(),
        );
        return Err(Error::usage("not a terminal, so nobody can confirm; nothing was imported")
            .hint("run it in a terminal")
            .hint("or name the servers yourself: `mcp-tether import URL …`"));
    }
    let mut permitted = Vec::new();
    for entry in entries {
        to_stderr(&format!("{}\n", entry.describe()));
        if ask("import its sign-in?")? {
            permitted.push(entry);
        }
    }
    Ok(permitted)
}

fn all_of(entries: &[McpRemoteEntry], flags: &Flags, environment: &Environment) -> ExitCode {
    let mut code = ExitCode::Failed;
    for entry in entries {
        match entry.import(flags, environment) {
            Ok(outcome) => {
                code = ExitCode::Ok;
                outcome.print();
            }
            Err(notes) => notes.iter().for_each(|note| to_stderr(&format!("note: {note}\n"))),
        }
    }
    code
}

fn usual_folder(environment: &Environment) -> Result<PathBuf> {
    folder_of_process(environment).ok_or_else(|| {
        Error::failed("there is no home folder to look for `.mcp-auth` in")
            .hint("name the folder with `MCP_REMOTE_CONFIG_DIR`")
    })
}

/// Asks for URLs if there are sign-ins: their files do not contain the URL, and no host names one.
fn report_unnamed(folder: &Path) -> Result<ExitCode> {
    let (count, shown) = (known_keys(folder).len(), plain(&folder.display().to_string()));
    let message = match count {
        1 => format!("`{shown}` contains 1 sign-in, but not the URL of its server"),
        _ => format!("`{shown}` contains {count} sign-ins, but not the URLs of their servers"),
    };
    if count == 0 {
        let sentence = format!("there are no sign-ins of `mcp-remote` in `{shown}`");
        CommandOutcome::new("nothing_imported", sentence).print();
        return Ok(ExitCode::Ok);
    }
    Err(Error::usage(message)
        .hint("give the URL as in the host's configuration: `mcp-tether import URL …`"))
}

fn of_url(
    url: &str,
    folder: &Path,
    flags: &Flags,
    environment: &Environment,
) -> Result<CommandOutcome> {
    let (context, auth) = for_import(url, flags, environment)?;
    let parameters = parameters(url, &context.settings);
    import(&context, auth, folder, &parameters)
}

fn import(
    context: &CommandContext,
    auth: AuthOptions,
    folder: &Path,
    parameters: &Parameters,
) -> Result<CommandOutcome> {
    if context.store.choice() == StoreChoice::Memory {
        return Err(Error::usage("a sign-in in memory is lost when this command ends")
            .hint("use `--credential-store keyring` or `--credential-store file`"));
    }
    let findings = read(folder, parameters);
    for problem in &findings.problems {
        to_stderr(&format!("{}\n", plain(&problem.to_string())));
    }
    let who = describe_subject(&auth.display_server(), &auth.account);
    let login = auth.login_command();
    let missing =
        |what: &str| {
            let folder = plain(&folder.display().to_string());
            Error::failed(format!("`{folder}` contains no {what} for {who}"))
            .hint("give the URL and flags such as `--header` and `--resource` as `mcp-remote` had \
                   them")
            .hint(format!("or sign in again with {login}"))
        };
    let sign_in = findings.sign_in.ok_or_else(|| missing("sign-in"))?;
    let ForeignSignIn { tokens, registration, .. } = sign_in;
    let tokens = tokens.ok_or_else(|| missing("tokens"))?;
    let client = client(registration, &auth).ok_or_else(|| missing("registered client"))?;
    let foreign = foreign(tokens, client);
    store_as_ours(context, auth, foreign, &who)
}

fn store_as_ours(
    context: &CommandContext,
    auth: AuthOptions,
    foreign: ImportedSignIn,
    who: &str,
) -> Result<CommandOutcome> {
    let name = Names::new(&auth).sign_in;
    let services = context.auth_services(context.vault(), Arc::new(NoBrowser));
    let (imported, place) = block_on(async {
        let imported = import_sign_in(auth, &context.remote.http, services, foreign).await?;
        let listed = context.store.list().await?.into_iter().find(|listed| listed.name == name);
        let place = listed.map(|listed| describe_place(&context.store, &listed));
        Ok((imported, place.unwrap_or_default()))
    })?;
    Ok(match imported {
        Some(signed_in) => report(who, &signed_in, &place),
        None => CommandOutcome::new(
            "already_signed_in",
            format!("you are already signed in to {who}: nothing was imported"),
        ),
    })
}

fn report(who: &str, signed_in: &SignedIn, place: &str) -> CommandOutcome {
    let mut outcome =
        CommandOutcome::new("imported", format!("imported the `mcp-remote` sign-in for {who}"))
            .fact("issuer", display_identifier(&signed_in.issuer))
            .fact("stored in", place);
    if signed_in.refreshable {
        outcome = outcome.note("after the first refresh, `mcp-remote` may have to sign in again");
    }
    outcome.note("the files of `mcp-remote` were not changed")
}

/// The values on which the names of `mcp-remote`'s files depend, as typed.
fn parameters(url: &str, settings: &Settings) -> Parameters {
    let pairs = |key, separator| -> Vec<(String, String)> {
        let pair = |text: &str| {
            let (name, value) = text.split_once(separator)?;
            Some((name.trim().to_owned(), value.trim().to_owned()))
        };
        let mut pairs: Vec<_> = settings.texts(key).filter_map(pair).collect();
        // In our settings the first one wins, in `mcp-remote` the last one.
        pairs.reverse();
        pairs
    };
    let text = |key| settings.text(key).filter(|text| !text.is_empty()).map(str::to_owned);
    Parameters {
        url: url.trim().to_owned(),
        resource: text(Key::Resource),
        authorize_params: pairs(Key::AuthorizeParam, '='),
        headers: pairs(Key::Header, ':'),
        client_metadata_url: text(Key::ClientMetadataUrl),
        token_endpoint: text(Key::TokenEndpoint),
    }
}

fn foreign(
    tokens: ForeignTokens,
    (client, issuer): (ImportedClient, Option<String>),
) -> ImportedSignIn {
    ImportedSignIn {
        scopes_asked: tokens.requested_scope,
        issuer: tokens.issuer.or(issuer),
        client,
        tokens: TokenSet {
            access_token: tokens.access_token,
            obtained_at: tokens.saved_at.map_or(0, seconds),
            expires_at: tokens.expires_at.map(seconds),
            refresh_token: tokens.refresh_token,
            scope: tokens.scope,
            id_token: tokens.id_token,
            is_dpop: false,
        },
    }
}

/// The user's client, or the stored registration.
fn client(
    registration: Option<ForeignRegistration>,
    auth: &AuthOptions,
) -> Option<(ImportedClient, Option<String>)> {
    if let Some(given) = &auth.client_info {
        let client = ImportedClient {
            id: given.client_id.clone(),
            secret: given.client_secret.clone(),
            secret_expires_at: None,
            auth_method: given.auth_method,
            redirect_uris: given.redirect_uris.clone(),
        };
        return Some((client, given.issuer.clone()));
    }
    let found = registration?;
    let method = found.token_endpoint_auth_method.as_deref().and_then(AuthMethod::from_name);
    let client = ImportedClient {
        id: found.client_id,
        secret: found.client_secret,
        secret_expires_at: found.client_secret_expires_at.map(seconds),
        auth_method: method,
        redirect_uris: found.redirect_uris,
    };
    Some((client, found.issuer))
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
