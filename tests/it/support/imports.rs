//! Finds which file of a crate uses which: `use` and other paths are followed to the file with the
//! definition. A re-export is not a use, definitions in the `mod.rs` of a folder belong to every
//! file in that folder, and tests do not count.

use std::collections::{BTreeMap, BTreeSet};

use super::rust_code::{Code, closing, word, words};

/// The files of a crate as modules.
#[derive(Debug, Default)]
pub struct Modules {
    modules: BTreeMap<Path, Module>,
}

/// The way to a module or an item, from the root of its crate.
type Path = Vec<String>;

#[derive(Debug)]
struct Module {
    file: String,
    text: String,
    /// Names that are passed on, and the paths they stand for.
    exports: Vec<(String, Path)>,
    /// Modules that a `use` made known under a name, and everything else that is used.
    imports: Vec<(String, Path)>,
}

impl Modules {
    /// Returns the modules below `source`, such as `src`, that are part of the program.
    pub fn of(source: &str, files: &[Code]) -> Self {
        let mut found = Self::default();
        let name = |file: &str| -> Option<Path> {
            let inner = file.strip_prefix(source)?.strip_prefix('/')?.strip_suffix(".rs")?;
            let inner = inner.strip_suffix("/mod").unwrap_or(inner);
            (inner != "main").then(|| inner.split('/').map(str::to_owned).collect())
        };
        for file in files {
            let Some(mut path) = name(&file.path) else { continue };
            if path == ["lib"] {
                path.clear();
            }
            found.modules.insert(path, Module::of(file));
        }
        found.leave_out_tests();
        found
    }

    /// Removes test-only modules, whose declarations under `cfg(test)` are blank already.
    fn leave_out_tests(&mut self) {
        let declared: BTreeSet<Path> = self
            .modules
            .iter()
            .flat_map(|(path, module)| {
                let children = words(&module.text, "mod ").map(|at| word(&module.text[at + 4..]));
                children.map(|child| [&path[..], &[child.to_owned()]].concat())
            })
            .collect();
        let is_built = |path: &Path| (1..=path.len()).all(|end| declared.contains(&path[..end]));
        self.modules.retain(|path, _| is_built(path));
    }

    /// Returns the files that each file uses.
    pub fn uses(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        self.modules
            .iter()
            .map(|(path, module)| {
                let imported = module.imports.iter().map(|(_, used)| used.clone());
                let used = imported.chain(self.inline_paths(path, module));
                let files = used.filter_map(|used| {
                    let (owner, item) = self.resolve(path, &used, 8)?;
                    // A module that is only named is used where something of it is named.
                    let counts = !item.is_empty() && !path.starts_with(&owner);
                    counts.then(|| self.modules[&owner].file.as_str())
                });
                (module.file.as_str(), files.collect())
            })
            .collect()
    }

    /// Paths in the code itself that begin with a keyword, a child or an imported module.
    fn inline_paths(&self, path: &Path, module: &Module) -> Vec<Path> {
        let mut roots = BTreeMap::<String, Path>::new();
        for keyword in ["crate", "super", "self"] {
            roots.insert(keyword.to_owned(), vec![keyword.to_owned()]);
        }
        for child in
            self.modules.keys().filter(|other| other.split_last().is_some_and(|(_, p)| p == path))
        {
            let name = child.last().expect("not the root").clone();
            roots.insert(name.clone(), vec!["self".to_owned(), name]);
        }
        roots.extend(module.imports.iter().cloned());
        let mut found = Vec::new();
        for (name, root) in roots {
            let start = format!("{name}::");
            for at in words(&module.text, &start) {
                for rest in paths(&module.text[at + start.len()..]) {
                    found.push([root.clone(), rest].concat());
                }
            }
        }
        found
    }

    /// Returns the module that defines what a path names, and what is left of the path: the item.
    fn resolve(&self, from: &Path, path: &[String], depth: usize) -> Option<(Path, Path)> {
        let mut at = from.clone();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => {
                at.pop()?;
            }
            child => at = self.child(&at, child)?,
        }
        rest = &rest[1..];
        while let [next, tail @ ..] = rest {
            match next.as_str() {
                "super" => {
                    at.pop()?;
                }
                name => match self.child(&at, name) {
                    Some(child) => at = child,
                    None => break,
                },
            }
            rest = tail;
        }
        let module = self.modules.get(&at)?;
        let exported = rest.first().filter(|_| depth > 0).and_then(|item| {
            let named = module.exports.iter().find(|(name, _)| name == item);
            if let Some((_, path)) = named {
                return self.resolve(&at, &[path, &rest[1..]].concat(), depth - 1);
            }
            let all = module.exports.iter().filter(|(name, _)| name == "*");
            all.filter_map(|(_, path)| {
                let source = &path[..path.len() - 1];
                self.resolve(&at, &[source, rest].concat(), depth - 1)
            })
            .find(|(owner, _)| self.modules[owner].defines(item))
        });
        Some(exported.unwrap_or_else(|| (at, rest.to_vec())))
    }

    fn child(&self, of: &Path, name: &str) -> Option<Path> {
        let path = [&of[..], &[name.to_owned()]].concat();
        self.modules.contains_key(&path).then_some(path)
    }
}

impl Module {
    fn of(file: &Code) -> Self {
        let mut text = file.text.clone();
        let (mut exports, mut imports) = (Vec::new(), Vec::new());
        let statements: Vec<_> = words(&file.text, "use ").collect();
        for at in statements {
            let line = file.text[..at].rfind('\n').map_or(0, |at| at + 1);
            let before = file.text[line..at].trim();
            if !before.is_empty() && !before.starts_with("pub") {
                continue;
            }
            let end = at + file.text[at..].find(';').expect("a statement ends");
            let list = if before.is_empty() { &mut imports } else { &mut exports };
            list.extend(named_paths(&file.text[at + 4..end]));
            text.replace_range(line..end, &" ".repeat(end - line));
        }
        Self { file: file.path.clone(), text, exports, imports }
    }

    fn defines(&self, item: &str) -> bool {
        let keywords = ["struct ", "enum ", "trait ", "type ", "fn ", "const ", "static ", "mod "];
        let mut names = keywords.iter().flat_map(|keyword| {
            words(&self.text, keyword).map(|at| word(&self.text[at + keyword.len()..]))
        });
        names.any(|name| name == item) || self.exports.iter().any(|(name, _)| name == item)
    }
}

/// Returns the paths of a `use` with the names under which they are known.
fn named_paths(statement: &str) -> Vec<(String, Path)> {
    let mut named = Vec::new();
    for (path, alias) in tree(statement) {
        let name = alias.or_else(|| path.last().cloned()).unwrap_or_default();
        named.push((name, path));
    }
    named
}

fn paths(text: &str) -> Vec<Path> {
    tree(text).into_iter().map(|(path, _)| path).collect()
}

/// `a::{b, c::d as e}` as `a::b` and `a::c::d`, the latter known as `e`.
fn tree(text: &str) -> Vec<(Path, Option<String>)> {
    let text = text.trim_start();
    if let Some(group) = text.strip_prefix('{') {
        return members(group).into_iter().flat_map(tree).collect();
    }
    let first = if text.starts_with('*') { "*" } else { word(text) };
    if first.is_empty() {
        return Vec::new();
    }
    let rest = text[first.len()..].trim_start();
    if let Some(rest) = rest.strip_prefix("::") {
        let inner = tree(rest);
        let with_first = |(path, alias): (Path, _)| {
            let path = if path == ["self"] { Vec::new() } else { path };
            ([vec![first.to_owned()], path].concat(), alias)
        };
        if !inner.is_empty() {
            return inner.into_iter().map(with_first).collect();
        }
    }
    let alias = rest.strip_prefix("as ").map(|alias| word(alias.trim_start()).to_owned());
    vec![(vec![first.to_owned()], alias)]
}

/// Returns the members of a group, up to the brace that closes it.
fn members(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut members) = (0_usize, 0, Vec::new());
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' if depth == 0 => {
                members.push(&group[start..at]);
                start = at + 1;
            }
            '}' => {
                members.push(&group[start..at]);
                break;
            }
            _ => {}
        }
    }
    members
}

/// Returns every `m` in `crate::m` and in `crate::{m, …}`, and behind as many `super::` as lead to
/// the root from this file below `source`.
pub fn names_at_root(source: &str, file: &Code) -> BTreeSet<String> {
    let inner = file.path[source.len() + 1..].trim_end_matches(".rs").trim_end_matches("/mod");
    let root = "super::".repeat(inner.split('/').count());
    let mut names = BTreeSet::new();
    for start in ["crate::", &root] {
        let rests = words(&file.text, start).map(|at| &file.text[at + start.len()..]);
        names.extend(rests.flat_map(paths).filter_map(|path| path.into_iter().next()));
    }
    names
}

/// Returns which file calls methods of which: `self.f()`, `Self::f` or, in a closure of a type
/// `Bridge`, `bridge.f()`, in an `impl` of a type whose `f` another file defines. A type whose
/// methods call each other around in circles is one file in all but name.
pub fn method_calls(files: &[Code]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut homes = BTreeMap::new();
    for file in files {
        for (of, body) in implementations(&file.text) {
            let names = words(body, "fn ").map(|at| word(&body[at + 3..]));
            homes.extend(names.map(|name| ((of, name), file.path.as_str())));
        }
    }
    let mut calls: BTreeMap<_, BTreeSet<_>> =
        files.iter().map(|file| (file.path.as_str(), BTreeSet::new())).collect();
    for file in files {
        for (of, body) in implementations(&file.text) {
            let by_name = format!("{}.", of.to_lowercase());
            for before in ["self.", "Self::", by_name.as_str()] {
                let called = words(body, before).map(|at| word(&body[at + before.len()..]));
                let homes = called.filter_map(|name| homes.get(&(of, name)).copied());
                calls.get_mut(file.path.as_str()).expect("every file").extend(homes);
            }
        }
    }
    for (file, called) in &mut calls {
        called.remove(file);
    }
    calls
}

/// Returns the `impl` blocks of a file: the name of the type, and what is between the braces.
fn implementations(text: &str) -> Vec<(&str, &str)> {
    let blocks = words(text, "impl").filter_map(|at| {
        let open = at + text[at..].find('{')?;
        let header = text[at + 4..open].trim_start();
        let header = if header.starts_with('<') { header.split_once("> ")?.1 } else { header };
        let of = header.split_once(" for ").map_or(header, |(_, of)| of).trim_start();
        let is_block = at == 0 || text[..at].ends_with('\n');
        is_block.then(|| (word(of), &text[open..closing(text, open)]))
    });
    blocks.collect()
}

/// Sets of files of which each leads to each other.
pub fn circles<'a>(uses: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<BTreeSet<&'a str>> {
    let reach: BTreeMap<&str, BTreeSet<&str>> =
        uses.keys().map(|file| (*file, reachable(uses, file))).collect();
    let mut circles = BTreeSet::new();
    for (file, reached) in &reach {
        if reached.contains(file) {
            circles.insert(reached.iter().copied().filter(|o| reach[o].contains(file)).collect());
        }
    }
    circles.into_iter().collect()
}

fn reachable<'a>(uses: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = uses[from].iter().copied().collect();
    while let Some(file) = open.pop() {
        if reached.insert(file) {
            open.extend(uses[file].iter().copied());
        }
    }
    reached
}
