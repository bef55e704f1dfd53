//! `mcp-tether pack`: writes a bundle (`.mcpb`, manifest 0.3) that holds this program and an entry
//! for a server, for hosts that install bundles with a click. Without a URL the host asks for URL,
//! header and account. A bundle works on one operating system and processor: those of this program.

use std::collections::BTreeMap;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::new_entry::new_entry;
use crate::environment::{CommandOutcome, Environment, Waiting};
use crate::error::{Error, ExitCode, Result};
use crate::hosts::{NewEntry, Scope, reason};
use crate::redact::plain;
use crate::settings::{Flags, Key, ValueKind};

/// The folder of the program in the bundle.
const PROGRAM_FOLDER: &str = "server";
/// The placeholder for the folder of an unpacked bundle in a manifest.
const BUNDLE_FOLDER: &str = "${__dirname}";

/// Marks a reference to a key in the keyring.
const KEYRING: &str = "keyring:";

/// The options of a bundle, as typed.
#[derive(Clone, Debug)]
pub(crate) struct PackOptions {
    /// The URL of the server; the host asks for it if `None`.
    pub(crate) url: Option<String>,
    /// The name of the bundle; derived from the URL if `None`.
    pub(crate) name: Option<String>,
    /// The file to write; named after the bundle, system and processor if `None`.
    pub(crate) output: Option<PathBuf>,
}

/// Writes the bundle.
///
/// # Errors
/// The URL, name or a flag is invalid, a flag names a file or a command, or the file exists already
/// or cannot be written.
pub(crate) fn run(
    options: &PackOptions,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    refuse_files(flags)?;
    let manifest = match &options.url {
        Some(url) => {
            let name = options.name.as_deref();
            let (entry, _) = new_entry(url, name, Scope::User, flags, environment)?;
            for_server(&entry)?
        }
        None if let Some((key, _)) = flags.values.first() => {
            let flag = key.setting().name;
            return Err(Error::usage(format!("`--{flag}` needs the URL that it is for")).hint(
                "give it: `mcp-tether pack https://mcp.example.com/mcp --header 'X-Key: ${KEY}'`",
            ));
        }
        None => with_form(options.name.as_deref().unwrap_or("mcp-tether")),
    };
    let name = manifest["name"].as_str().unwrap_or_default();
    let usual = format!("{name}-{}-{}.mcpb", std::env::consts::OS, std::env::consts::ARCH);
    let output = options.output.clone().unwrap_or_else(|| PathBuf::from(usual));
    let unknown = |error| {
        Error::failed(format!("cannot determine where this program is: {error}"))
            .hint("start it by its full path")
    };
    let program = std::env::current_exe().map_err(unknown)?;
    let waiting = Waiting::start(|_| Some("compressing the program".to_owned()));
    let written = write(&output, &manifest, &program);
    drop(waiting);
    written?;
    let shown = plain(&output.display().to_string());
    let sentence = format!("packed `{}` into `{shown}`", plain(name));
    CommandOutcome::new("packed", sentence)
        .member("file", output.display().to_string())
        .fact("next", "open it with a host that installs bundles, such as Claude Desktop")
        .print();
    Ok(ExitCode::Ok)
}

/// Refuses flags with files and commands, which do not exist on other machines.
fn refuse_files(flags: &Flags) -> Result<()> {
    let names_file = |(key, texts): &&(Key, Vec<String>)| {
        use ValueKind::{Command, HeaderCommands, Path, Paths};
        matches!(key.setting().kind, Path | Paths | Command | HeaderCommands)
            || texts.iter().any(|text| text.starts_with('@'))
    };
    let named = flags.values.iter().find(names_file).map(|(key, _)| key.setting().name);
    match named.or(flags.config.as_ref().map(|_| "config")) {
        Some(name) => Err(Error::usage(format!(
            "`--{name}` refers to something on this machine, which a bundle cannot contain"
        ))
        .hint("leave it out, and set it in the settings file of the other machine")),
        None => Ok(()),
    }
}

/// The manifest for one server. References in its headers become fields of the form.
fn for_server(entry: &NewEntry) -> Result<Value> {
    let mut fields = BTreeMap::new();
    let arguments = entry.arguments.iter().map(|word| with_variables(word, &mut fields));
    let arguments = arguments.collect::<Result<Vec<_>>>()?;
    let (mut form, mut variables) = (Map::new(), Map::new());
    for (variable, reference) in fields {
        let field = variable.to_ascii_lowercase();
        let name = reference.trim_start_matches(KEYRING);
        let description = format!("The value of {name}, which is kept in the keychain");
        let text = json!({ "type": "string", "title": name, "description": description,
            "sensitive": true, "required": true });
        variables.insert(variable, json!(format!("${{user_config.{field}}}")));
        form.insert(field, text);
    }
    let description = format!("Connects to {}", arguments.first().map_or("", String::as_str));
    Ok(manifest(&entry.name, &description, &arguments, variables, form))
}

/// Returns the word with a variable of the bundle for each `${…}`, and notes which reference each
/// variable stands for. `$${` stays as it is: it stands for a literal `${`.
fn with_variables<'a>(word: &'a str, fields: &mut BTreeMap<String, &'a str>) -> Result<String> {
    let mut replaced = String::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once("${") {
        replaced += before;
        replaced += "${";
        rest = after;
        if before.ends_with('$') {
            continue;
        }
        let Some((reference, after)) = after.split_once('}') else { break };
        let variable = variable_for(reference)?;
        let other = *fields.entry(variable.clone()).or_insert(reference);
        if other != reference {
            let (one, two) = (plain(other), plain(reference));
            return Err(Error::usage(format!(
                "`{one}` and `{two}` would be one field of the form"
            ))
            .hint("give one of them another name"));
        }
        replaced += &variable;
        replaced.push('}');
        rest = after;
    }
    Ok(replaced + rest)
}

/// Returns the name of the variable that stands for a reference.
fn variable_for(reference: &str) -> Result<String> {
    let name = reference.trim_start_matches(KEYRING);
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let variable: String = name.chars().map(letter).collect();
    if variable.is_empty() || variable.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(Error::usage(format!("`{}` cannot be asked for", plain(reference)))
            .hint("refer to a name that begins with a letter"));
    }
    Ok(variable)
}

/// The manifest for any server.
fn with_form(name: &str) -> Value {
    let form = json!({
        "url": { "type": "string", "title": "Address", "required": true,
            "description": "The address of the server, such as https://mcp.example.com/mcp" },
        "header": { "type": "string", "title": "Header", "required": false, "sensitive": true,
            "default": "",
            "description": "A header with a key, such as X-API-Key: abc; kept in the keychain" },
        "account": { "type": "string", "title": "Account", "required": false, "default": "",
            "description": "A name for this sign-in, if you have several at one server" },
    });
    let variables = json!({ "MCP_TETHER_HEADER": "${user_config.header}",
        "MCP_TETHER_ACCOUNT": "${user_config.account}" });
    let object = |value: Value| value.as_object().cloned().unwrap_or_default();
    let arguments = ["${user_config.url}".to_owned()];
    let description = "Connects this host to a remote MCP server, and signs in to it";
    manifest(name, description, &arguments, object(variables), object(form))
}

fn manifest(
    name: &str,
    description: &str,
    arguments: &[String],
    variables: Map<String, Value>,
    form: Map<String, Value>,
) -> Value {
    let program = program_in_bundle();
    let mut manifest = json!({
        "manifest_version": "0.3",
        "name": name,
        "display_name": name,
        "version": env!("CARGO_PKG_VERSION"),
        "description": description,
        "author": { "name": "mcp-tether" },
        "homepage": env!("CARGO_PKG_REPOSITORY"),
        "license": env!("CARGO_PKG_LICENSE"),
        "server": {
            "type": "binary",
            "entry_point": program,
            "mcp_config": {
                "command": format!("{BUNDLE_FOLDER}/{program}"),
                "args": arguments,
                "env": variables,
            },
        },
        "tools_generated": true,
        "compatibility": { "platforms": [platform()] },
    });
    if !form.is_empty() {
        manifest["user_config"] = Value::Object(form);
    }
    manifest
}

fn program_in_bundle() -> String {
    format!("{PROGRAM_FOLDER}/mcp-tether{}", std::env::consts::EXE_SUFFIX)
}

/// This system's name in manifests.
fn platform() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        _ => "linux",
    }
}

/// Writes the file in one step; it must not exist.
fn write(output: &Path, manifest: &Value, program: &Path) -> Result<()> {
    let shown = plain(&output.display().to_string());
    let failed = |error: &dyn std::fmt::Display| {
        Error::failed(format!("cannot write `{shown}`: {}", reason(error)))
            .hint("name another file: `--output FILE`")
    };
    if output.symlink_metadata().is_ok() {
        return Err(failed(&"it exists already"));
    }
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    let content = std::fs::read(program).map_err(|error| {
        Error::failed(format!("cannot read this program: {error}"))
            .hint("start it by its full path, as a user who may read it")
    })?;
    bundle(temporary.as_file_mut(), manifest, &content).map_err(|error| failed(&error))?;
    #[cfg(unix)]
    {
        // It is for other people, and has no secret.
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        temporary.as_file().set_permissions(readable).map_err(|error| failed(&error))?;
    }
    temporary.persist_noclobber(output).map_err(|error| failed(&error.error))?;
    Ok(())
}

fn bundle(file: impl Write + Seek, manifest: &Value, program: &[u8]) -> zip::result::ZipResult<()> {
    let mut bundle = ZipWriter::new(file);
    // Without times, the same program makes the same bundle.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    bundle.start_file("manifest.json", options.unix_permissions(0o644))?;
    bundle.write_all(format!("{manifest:#}\n").as_bytes())?;
    bundle.start_file(program_in_bundle(), options.unix_permissions(0o755))?;
    bundle.write_all(program)?;
    bundle.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::*;

    fn entry(arguments: &[&str]) -> NewEntry {
        NewEntry {
            name: "shop".to_owned(),
            command: "/opt/mcp-tether".to_owned(),
            arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
            variables: Vec::new(),
        }
    }

    #[test]
    fn what_headers_refer_to_becomes_a_field_of_the_form() {
        let words = ["https://a.example/", "--header", "X-Key:${keyring:my-shop} ${TENANT}"];
        let manifest = for_server(&entry(&words)).unwrap();
        let config = &manifest["server"]["mcp_config"];
        assert_eq!(config["args"][2], "X-Key:${MY_SHOP} ${TENANT}");
        let variables = json!({ "MY_SHOP": "${user_config.my_shop}",
            "TENANT": "${user_config.tenant}" });
        assert_eq!(config["env"], variables);
        assert_eq!(manifest["user_config"]["my_shop"]["sensitive"], true);
        assert!(for_server(&entry(&["https://a.example/", "${1}"])).is_err());
        let plain = for_server(&entry(&["https://a.example/"])).unwrap();
        assert!(plain.get("user_config").is_none());
    }

    #[test]
    fn two_references_never_share_a_field_and_a_literal_stays() {
        let words = ["https://a.example/", "A:${keyring:shop}", "B:${SHOP}"];
        let error = for_server(&entry(&words)).expect_err("one field for two secrets").to_string();
        assert!(error.contains("`keyring:shop`") && error.contains("`SHOP`"), "{error}");
        let twice = for_server(&entry(&["https://a.example/", "A:${KEY}", "B:${KEY}"])).unwrap();
        assert_eq!(twice["server"]["mcp_config"]["args"][2], "B:${KEY}");
        let literal = for_server(&entry(&["https://a.example/", "A:$${x} ${KEY"])).unwrap();
        assert_eq!(literal["server"]["mcp_config"]["args"][1], "A:$${x} ${KEY");
        assert!(literal.get("user_config").is_none());
    }

    #[test]
    fn a_bundle_holds_the_manifest_and_a_program_that_can_run() {
        let bytes = || {
            let mut file = Cursor::new(Vec::new());
            bundle(&mut file, &with_form("mcp-tether"), b"the program").unwrap();
            file.into_inner()
        };
        assert_eq!(bytes(), bytes(), "the same again");
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes())).unwrap();
        let mut manifest = String::new();
        archive.by_name("manifest.json").unwrap().read_to_string(&mut manifest).unwrap();
        let manifest: Value = serde_json::from_str(&manifest).unwrap();
        let entry_point = manifest["server"]["entry_point"].as_str().unwrap();
        let program = archive.by_name(entry_point).unwrap();
        assert_eq!(program.unix_mode().unwrap() & 0o777, 0o755);
        assert_eq!(program.size(), 11);
    }
}
