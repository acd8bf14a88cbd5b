//! Checks the order of the layers, and that `unsafe` stays where it belongs.
//!
//! The table here is the one in `src/lib.rs`: a module uses those below it and none beside it.

use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Each module with its layer, lowest first.
const LAYERS: &[(u8, &[&str])] = &[
    (0, &["error"]),
    (1, &["sys"]),
    (2, &["image", "settings"]),
    (3, &["container"]),
    (4, &["oci"]),
    (5, &["store", "registry", "sandbox", "network"]),
    (6, &["supervisor", "transfer"]),
    (7, &["build"]),
    (8, &["ops"]),
    (9, &["api", "systemd"]),
    (10, &["cli"]),
];

fn layer_of(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(_, modules)| modules.contains(&module)).map(|(layer, _)| *layer)
}

/// Every Rust file under src/ with its path below src/.
fn sources() -> Vec<(PathBuf, String)> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).expect("src/ is readable") {
            let path = entry.expect("src/ is readable").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                found.push(path);
            }
        }
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&src, &mut found);
    found.sort();
    assert!(found.len() > 10, "src/ has only {} files", found.len());
    let below = |path: &PathBuf| path.strip_prefix(&src).expect("it was found there").to_path_buf();
    found
        .iter()
        .map(|path| (below(path), code(&std::fs::read_to_string(path).expect("sources are UTF-8"))))
        .collect()
}

/// The text without its comments and without what is in quotes. Line numbers stay.
fn code(text: &str) -> String {
    let strings = Regex::new(r##"(?s)//[^\n]*|b?r#".*?"#|b?"(?:\\.|[^"\\])*"|b?'(?:\\.|[^'\\])'"##).unwrap();
    strings
        .replace_all(text, |found: &regex::Captures<'_>| "\n".repeat(found[0].matches('\n').count()))
        .into_owned()
}

/// The top-level module that a file belongs to; `None` for lib.rs and main.rs.
fn module_of(path: &Path) -> Option<String> {
    let first = path.components().next()?.as_os_str().to_str()?;
    let module = first.strip_suffix(".rs").unwrap_or(first);
    (module != "lib" && module != "main").then(|| module.to_string())
}

/// The modules that a file's code names as `crate::x` or in `use crate::{x, y::z}`.
fn used(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            found.extend(heads(group));
        } else {
            found.extend(word(rest));
        }
    }
    found
}

/// The first words of the comma-separated parts of a brace group, up to its end.
fn heads(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.extend(word(group[start..at].trim()));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.extend(word(group[start..at].trim()));
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

fn word(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_string())
}

#[test]
fn a_layer_uses_only_those_below_it() {
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        let Some(module) = module_of(&path) else { continue };
        let layer =
            layer_of(&module).unwrap_or_else(|| panic!("{module} is in no layer: add it to the table"));
        for used in used(&code) {
            let Some(other) = layer_of(&used) else { continue };
            if used != module && other >= layer {
                wrong.push(format!("src/{} ({module}, {layer}) uses {used} ({other})", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "a layer uses one beside or above it:\n{}", wrong.join("\n"));
}

#[test]
fn every_module_of_the_library_has_its_layer() {
    let lib = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let declared = Regex::new(r"(?m)^(?:pub(?:\(crate\))? )?mod (\w+)").unwrap();
    let mut modules = BTreeMap::new();
    for found in declared.captures_iter(&lib) {
        modules.insert(found[1].to_string(), layer_of(&found[1]));
    }
    assert!(modules.len() > 5, "src/lib.rs declares only {modules:?}");
    assert!(modules.values().all(Option::is_some), "a module without a layer in {modules:?}");
}

#[test]
fn unsafe_is_only_in_sys() {
    let keyword = Regex::new(r"\bunsafe\b").unwrap();
    let wrong: Vec<_> = sources()
        .iter()
        .filter(|(path, code)| !path.starts_with("sys") && keyword.is_match(code))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(wrong.is_empty(), "`unsafe` outside of src/sys: {wrong:?}");
}

#[test]
fn no_lint_is_switched_off_in_the_code() {
    let switch = Regex::new(r"#!?\[(?:allow|expect)\(").unwrap();
    let wrong: Vec<_> = sources()
        .iter()
        .filter(|(_, code)| switch.is_match(code))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(wrong.is_empty(), "#[allow] or #[expect] in {wrong:?}");
}

#[test]
fn the_check_reads_groups_and_skips_comments() {
    let text = code(
        "use crate::{error::Result, store::{layers, images}};\n// crate::cli\nlet x = crate::ops::run();",
    );
    let names: Vec<_> = used(&text).into_iter().collect();
    assert_eq!(names, ["error", "ops", "store"]);
}
