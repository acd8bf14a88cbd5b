//! The man pages and completions in the tree are those of the command tree.

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn man_pages_and_completions_are_those_of_the_command_tree() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bless = std::env::var_os("BOX_BLESS").is_some();
    let documents = boxed::cli::documents();
    let names: BTreeSet<&str> = documents.iter().map(|(name, _)| name.as_str()).collect();
    let mut wrong = Vec::new();
    for dir in ["man", "completions"] {
        for entry in std::fs::read_dir(root.join(dir)).into_iter().flatten().flatten() {
            let name = format!("{dir}/{}", entry.file_name().to_string_lossy());
            if names.contains(name.as_str()) {
                continue;
            }
            match bless {
                true => std::fs::remove_file(entry.path()).unwrap(),
                false => wrong.push(format!("{name} belongs to no command")),
            }
        }
    }
    for (name, content) in &documents {
        let path = root.join(name);
        if std::fs::read(&path).ok().as_ref() == Some(content) {
            continue;
        }
        if bless {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, content).unwrap();
        } else {
            wrong.push(format!("{name} is not what the command tree says"));
        }
    }
    assert!(wrong.is_empty(), "{}\nto write them: BOX_BLESS=1 cargo test --test generated", wrong.join("\n"));
}
