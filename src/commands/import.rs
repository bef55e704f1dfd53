//! `mcp-tether import`: takes the sign-ins over that `mcp-remote` keeps in `~/.mcp-auth`. Changes
//! nothing there.

use std::collections::HashSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::consent::ask;
use super::host_entries::{folders, position};
use super::prepare::{Ground, block_on, for_import, store};
use super::sign_in::{place, subject, to_error};
use super::untrusted::{
    ReadCommand, UntrustedCommand, displayed_words, folder_of_entry, folder_of_process,
};
use crate::auth::{
    AuthMethod, AuthOptions, ImportedClient, ImportedSignIn, Names, SignedIn, TokenSet,
    import_sign_in,
};
use crate::environment::{Environment, stdin_is_terminal, to_stderr, to_stdout};
use crate::error::{Error, ExitCode, Result};
use crate::hosts::{Entry, Host, HostFile, McpRemote, Scope, found, mcp_remote};
use crate::platform::NoBrowser;
use crate::redact::plain;
use crate::settings::{Flags, Key, Settings};
use crate::store::StoreChoice;
use crate::store::import::{
    ForeignRegistration, ForeignSignIn, ForeignTokens, Parameters, known_keys, read,
};

/// What to take over, as it was typed.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The servers' URLs; without any, the configurations of hosts name them.
    pub urls: Vec<String>,
    /// Whose configurations count.
    pub scope: Scope,
}

/// Takes the sign-ins of these servers over; without any, of those that hosts start `mcp-remote`
/// for.
///
/// # Errors
/// Settings that do not fit, a log file or folder that cannot be used, and a single server whose
/// sign-in cannot be taken over.
pub fn run(
    options: &ImportOptions,
    read: ReadCommand<'_>,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    // Logging starts here, by this command's own flags, before any entry is read.
    store(flags, environment)?;
    let folder = usual_folder(environment)?;
    if !options.urls.is_empty() {
        return of_urls(&options.urls, &folder, flags, environment);
    }
    let entries = started_by_hosts(read, environment);
    let (chosen, left): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|started| started.scope == options.scope);
    let chosen = match options.scope {
        Scope::User => {
            to_stderr(&left_alone(&left));
            chosen
        }
        Scope::Project => permitted(chosen)?,
    };
    if chosen.is_empty() && options.scope == Scope::Project {
        to_stdout("nothing was taken over from this project\n");
        return Ok(ExitCode::Ok);
    }
    let known = |started: &Started| started.folder.is_some() || !known_keys(&folder).is_empty();
    match chosen.iter().any(known) {
        true => Ok(all_of(&chosen, flags, environment)),
        false => what_there_is(&folder),
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
            Ok(report) => to_stdout(&report),
            Err(error) if urls.len() == 1 => return Err(error),
            Err(error) => {
                failed = true;
                to_stderr(&format!("{error}\n"));
            }
        }
    }
    Ok(if failed { ExitCode::Failed } else { ExitCode::Ok })
}

/// A server that a host starts `mcp-remote` for.
pub(super) struct Started {
    /// Whose configuration says so.
    scope: Scope,
    /// Where the entry stands, for a person.
    place: String,
    /// The entry's name.
    name: String,
    /// What it starts, as it stands there.
    words: Vec<String>,
    command: UntrustedCommand,
    /// The folder of `mcp-remote` that the entry names; a sentence if it cannot be used.
    folder: Option<std::result::Result<PathBuf, String>>,
}

impl Started {
    /// What this entry of this host says.
    pub(super) fn new(
        host: &Host,
        scope: Scope,
        entry: &Entry,
        given: Vec<String>,
        command: UntrustedCommand,
    ) -> Self {
        let place = format!("{} ({}), {}", host.title, scope.word(), position(entry));
        let folder = folder_of_entry(&entry.variables, scope).transpose();
        Self { scope, place, name: entry.place.name.clone(), words: given, command, folder }
    }

    /// One line for a person: where it stands, which server it names, and with which words.
    pub(super) fn displayed(&self) -> String {
        let url = self.command.displayed_url();
        format!("{} starts `mcp-remote` for `{url}`: {}", self.place, displayed_words(&self.words))
    }

    /// Takes its sign-in over; the report, or a note why not. A server without one is nothing to
    /// worry about.
    pub(super) fn take_over(
        &self,
        flags: &Flags,
        environment: &Environment,
    ) -> std::result::Result<String, String> {
        self.try_take_over(flags, environment).map_err(|reason| {
            let reason = reason.lines().next().unwrap_or_default();
            let reason = reason.trim_start_matches("error: ");
            let name = plain(&self.name);
            let mut note = format!("  note    no sign-in was taken over for `{name}`: {reason}\n");
            let disregarded = self.command.disregarded_flags();
            if !disregarded.is_empty() {
                let flags = disregarded.join(", ");
                note += &format!("  note    {flags} of the entry did not count here; ");
                note += "`mcp-tether import URL` takes them from you\n";
            }
            note
        })
    }

    fn try_take_over(
        &self,
        flags: &Flags,
        environment: &Environment,
    ) -> std::result::Result<String, String> {
        let named = self.command.named_sign_in(self.scope)?;
        let text = |error: Error| error.to_string();
        let folder = match &self.folder {
            Some(folder) => folder.clone()?,
            None => usual_folder(environment).map_err(text)?,
        };
        let (ground, mut auth) =
            for_import(self.command.url(), flags, environment).map_err(text)?;
        named.apply_to(&mut auth);
        import(&ground, auth, &folder, &named.parameters).map_err(text)
    }
}

/// The entries of all hosts that start `mcp-remote`, each server once. Files and entries that
/// cannot be read are passed over: `migrate` tells about them.
fn started_by_hosts(read: ReadCommand<'_>, environment: &Environment) -> Vec<Started> {
    let mut started: Vec<Started> = Vec::new();
    let mut seen = HashSet::new();
    for (host, scope, path) in found(&folders(environment)) {
        let Ok(file) = HostFile::open(host, scope, &path) else { continue };
        for entry in file.document.entries() {
            let Some(McpRemote::Started(given)) = mcp_remote(&entry.words) else { continue };
            if let Ok(command) = read(&given)
                && seen.insert((scope, given.clone(), entry.variables.clone()))
            {
                started.push(Started::new(host, scope, entry, given, command));
            }
        }
    }
    started
}

/// What is said of entries that the current folder brings.
fn left_alone(entries: &[Started]) -> String {
    let line = |started: &Started| format!("note: {}\n", started.displayed());
    let mut out: String = entries.iter().map(line).collect();
    if !entries.is_empty() {
        out += "note: entries of a project are left alone\n\n";
        out += "hint: `mcp-tether import --scope project` asks about each of them\n";
    }
    out
}

/// The entries of a project to which the person at the terminal says yes, one by one.
fn permitted(entries: Vec<Started>) -> Result<Vec<Started>> {
    if !entries.is_empty() && !stdin_is_terminal() {
        to_stderr(
            &entries
                .iter()
                .map(|entry| format!("note: {}\n", entry.displayed()))
                .collect::<String>(),
        );
        return Err(Error::usage("nothing was taken over: there is nobody to ask")
            .hint("run it in a terminal")
            .hint("or name the servers yourself: `mcp-tether import URL …`"));
    }
    let mut permitted = Vec::new();
    for started in entries {
        to_stderr(&format!("{}\n", started.displayed()));
        if ask("take its sign-in over?")? {
            permitted.push(started);
        }
    }
    Ok(permitted)
}

fn all_of(entries: &[Started], flags: &Flags, environment: &Environment) -> ExitCode {
    let mut code = ExitCode::Failed;
    for started in entries {
        match started.take_over(flags, environment) {
            Ok(report) => {
                code = ExitCode::Ok;
                to_stdout(&report);
            }
            Err(note) => to_stderr(&note),
        }
    }
    code
}

fn usual_folder(environment: &Environment) -> Result<PathBuf> {
    folder_of_process(environment).ok_or_else(|| {
        Error::failed("no home folder to look for `.mcp-auth` in")
            .hint("name the folder with `MCP_REMOTE_CONFIG_DIR`")
    })
}

/// The files tell no URL, so where no host does either the user has to.
fn what_there_is(folder: &Path) -> Result<ExitCode> {
    let (count, shown) = (known_keys(folder).len(), plain(&folder.display().to_string()));
    if count == 0 {
        to_stdout(&format!("there are no sign-ins of `mcp-remote` in `{shown}`\n"));
        return Ok(ExitCode::Ok);
    }
    let message = format!("`{shown}` holds {count} sign-ins, and does not say of which servers");
    Err(Error::usage(message)
        .hint("name them as in the host's configuration: `mcp-tether import URL …`"))
}

fn of_url(url: &str, folder: &Path, flags: &Flags, environment: &Environment) -> Result<String> {
    let (ground, auth) = for_import(url, flags, environment)?;
    let parameters = parameters(url, &ground.settings);
    import(&ground, auth, folder, &parameters)
}

fn import(
    ground: &Ground,
    auth: AuthOptions,
    folder: &Path,
    parameters: &Parameters,
) -> Result<String> {
    if ground.store.choice() == StoreChoice::Memory {
        return Err(Error::usage("what is imported into memory ends with this command")
            .hint("choose `--credential-store keyring` or `--credential-store file`"));
    }
    let findings = read(folder, parameters);
    for problem in &findings.problems {
        to_stderr(&format!("{}\n", plain(&problem.to_string())));
    }
    let who = subject(&auth.display_server(), &auth.account);
    let login = auth.login_command();
    let missing = |what: &str| {
        let folder = plain(&folder.display().to_string());
        Error::failed(format!("`{folder}` holds no {what} for {who}"))
            .hint("give the URL, and flags such as `--header` and `--resource`, as they were there")
            .hint(format!("or sign in anew with {login}"))
    };
    let sign_in = findings.sign_in.ok_or_else(|| missing("sign-in"))?;
    let ForeignSignIn { tokens, registration, .. } = sign_in;
    let tokens = tokens.ok_or_else(|| missing("tokens"))?;
    let client = client(registration, &auth).ok_or_else(|| missing("registered client"))?;
    let foreign = foreign(tokens, client);
    store_as_ours(ground, auth, foreign, &who)
}

fn store_as_ours(
    ground: &Ground,
    auth: AuthOptions,
    foreign: ImportedSignIn,
    who: &str,
) -> Result<String> {
    let name = Names::new(&auth).sign_in;
    let world = ground.world(ground.vault(), Arc::new(NoBrowser));
    let (adopted, rests) = block_on(async {
        let adopted =
            import_sign_in(auth, &ground.remote.http, world, foreign).await.map_err(to_error)?;
        let listed = ground.store.list().await?.into_iter().find(|listed| listed.name == name);
        Ok((adopted, listed.map(|listed| place(&ground.store, &listed)).unwrap_or_default()))
    })?;
    Ok(match adopted {
        Some(signed_in) => report(who, &signed_in, &rests),
        None => format!("{who} has a sign-in already, which stays as it is\n"),
    })
}

fn report(who: &str, signed_in: &SignedIn, rests: &str) -> String {
    let mut out = format!("took the sign-in of `mcp-remote` to {who} over\n");
    let _ = writeln!(out, "  issuer   {}", plain(&signed_in.issuer));
    let _ = writeln!(out, "  kept in  {rests}");
    if signed_in.renewable {
        out += "  note     from the first renewal on only this one works: `mcp-remote` has to sign in \
                again\n";
    }
    out + "  note     the files of `mcp-remote` are left as they are\n"
}

/// Whatever made the names of its files, as it was typed.
fn parameters(url: &str, settings: &Settings) -> Parameters {
    let pairs = |key, separator| -> Vec<(String, String)> {
        let pair = |text: &str| {
            let (name, value) = text.split_once(separator)?;
            Some((name.trim().to_owned(), value.trim().to_owned()))
        };
        let mut pairs: Vec<_> = settings.texts(key).filter_map(pair).collect();
        // The nearest stands first here, and last wins there.
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
        },
    }
}

/// The stored registration, else the client that the user gives.
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
