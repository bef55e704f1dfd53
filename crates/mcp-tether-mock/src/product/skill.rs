//! A skill: a folder of files that are served as resources, with a manifest (SEP-2640).

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A skill and its files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Skill {
    /// The path of its folder; the last part is its name.
    pub(crate) path: &'static str,
    pub(crate) description: &'static str,
    /// Paths below the folder, and texts; the first is `SKILL.md`, whose front matter is made of
    /// name and description.
    pub(crate) files: &'static [(&'static str, &'static str)],
}

impl Skill {
    /// Returns the URI of its `SKILL.md`.
    pub(crate) fn uri(&self) -> String {
        self.uri_of("SKILL.md")
    }

    fn uri_of(&self, file: &str) -> String {
        format!("skill://{}/{file}", self.path)
    }

    fn name(&self) -> &'static str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Returns its entry in `skills/list` and `skills/get`.
    pub(crate) fn to_json(self) -> Value {
        let resource = |(file, _): &(&str, &str)| {
            let text = self.text(file).unwrap_or_default();
            let digest: String =
                Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
            json!({
                "uri": self.uri_of(file),
                "digest": format!("sha256:{digest}"),
                "size": text.len(),
            })
        };
        json!({
            "uri": self.uri(),
            "frontmatter": { "name": self.name(), "description": self.description },
            "resources": self.files.iter().map(resource).collect::<Vec<_>>(),
        })
    }

    /// Returns the contents of one of its files for `resources/read`.
    pub(crate) fn read(&self, uri: &str) -> Option<Value> {
        let (file, _) = self.files.iter().find(|(file, _)| self.uri_of(file) == uri)?;
        Some(json!({ "uri": uri, "mimeType": "text/markdown", "text": self.text(file)? }))
    }

    /// Returns the direct children of one of its folders for `resources/directory/read`.
    pub(crate) fn children(&self, uri: &str) -> Option<Vec<Value>> {
        let own = format!("skill://{}", self.path);
        let folder = uri.strip_prefix(&own)?;
        let prefix = match folder.strip_prefix('/') {
            None if folder.is_empty() => String::new(),
            Some(folder) if !folder.is_empty() => format!("{folder}/"),
            _ => return None,
        };
        let mut children: Vec<Value> = Vec::new();
        for (file, _) in self.files {
            let Some(rest) = file.strip_prefix(&prefix) else { continue };
            let (name, kind) = match rest.split_once('/') {
                Some((folder, _)) => (folder, "inode/directory"),
                None => (rest, "text/markdown"),
            };
            let child = json!({ "uri": format!("{uri}/{name}"), "name": name, "mimeType": kind });
            if !children.contains(&child) {
                children.push(child);
            }
        }
        (!children.is_empty()).then_some(children)
    }

    fn text(&self, file: &str) -> Option<String> {
        let (_, text) = self.files.iter().find(|(name, _)| *name == file)?;
        if file != "SKILL.md" {
            return Some((*text).to_owned());
        }
        let (name, about) = (self.name(), self.description);
        Some(format!("---\nname: {name}\ndescription: {about}\n---\n\n{text}"))
    }
}
