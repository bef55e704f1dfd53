//! The text of this repository's files, for tests that check it.

use std::path::Path;

/// A file, and its path from the root of the repository with `/` between the names.
#[derive(Clone, Debug)]
pub struct SourceFile {
    pub path: String,
    pub text: String,
}

/// A test function with the comments and attributes above it.
#[derive(Debug)]
pub struct TestFunction<'t> {
    pub name: &'t str,
    pub text: &'t str,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns all files below these folders with one of these endings, in order. Leaves out what
/// builds and installations leave behind, and a folder that does not exist.
pub fn files(folders: &[&str], endings: &[&str]) -> Vec<SourceFile> {
    let mut found = Vec::new();
    let mut open: Vec<_> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let is_generated = matches!(name, "target" | "node_modules" | "corpus");
            if path.is_dir() {
                if !name.starts_with('.') && !is_generated {
                    open.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let relative = path.strip_prefix(root()).unwrap().to_str().unwrap();
                let path = relative.replace('\\', "/");
                found.push(SourceFile { text: read(&path), path });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// Returns a file by its path from the root.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns every Rust file of the workspace, its tests and the fuzz targets.
pub fn rust_files() -> Vec<SourceFile> {
    let found = files(&["src", "crates", "tests", "fuzz"], &[".rs"]);
    assert!(found.len() > 300, "the sources were not found");
    found
}

/// Returns every `#[test]` and `#[tokio::test]` of a file.
pub fn test_functions(text: &str) -> Vec<TestFunction<'_>> {
    let (mut found, mut block_start, mut at) = (Vec::new(), 0, 0);
    for line in text.split_inclusive('\n') {
        let code = line.trim();
        let (start, end) = (at, at + line.len());
        at = end;
        if let Some(name) = function_name(code) {
            if is_test(&text[block_start..start]) {
                let indent = &line[..line.len() - line.trim_start().len()];
                let close = format!("\n{indent}}}\n");
                let length = text[start..].find(&close).map_or(line.len(), |at| at + close.len());
                found.push(TestFunction { name, text: &text[block_start..start + length] });
            }
            block_start = end;
        } else if code.is_empty() || (!code.starts_with("//") && code.ends_with(['{', '}', ';'])) {
            block_start = end;
        }
    }
    found
}

fn function_name(code: &str) -> Option<&str> {
    let code = code.strip_prefix("pub ").unwrap_or(code);
    let code = code.strip_prefix("async ").unwrap_or(code);
    let name = code.strip_prefix("fn ")?;
    Some(&name[..name.find(['(', '<'])?])
}

fn is_test(attributes: &str) -> bool {
    attributes.lines().any(|line| {
        let line = line.trim();
        line.starts_with("#[test]") || line.starts_with("#[tokio::test")
    })
}
