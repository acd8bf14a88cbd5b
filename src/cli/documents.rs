//! The man pages and completions, made from the command tree.

use super::{completion, tree};
use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

/// Every generated file: its path below the project's root, and its content.
///
/// A command with several spellings has one page, under its first; the others refer to it.
#[must_use]
pub fn documents() -> Vec<(String, Vec<u8>)> {
    let mut all = vec![
        ("completions/box.bash".to_string(), completion::script(Shell::Bash)),
        ("completions/_box".to_string(), completion::script(Shell::Zsh)),
        ("completions/box.fish".to_string(), completion::script(Shell::Fish)),
    ];
    all.push(page("box", tree::root(tree::Detail::Full)));
    for (group, command) in tree::groups() {
        all.push(page(&format!("box-{group}"), command));
    }
    for entry in tree::COMMANDS {
        let (first, others) = entry.paths.split_first().expect("an entry has a spelling");
        let name = dashed(first);
        all.push(page(&name, (entry.build)(Command::new("box"))));
        for other in others {
            all.push((format!("man/{}.1", dashed(other)), format!(".so man1/{name}.1\n").into_bytes()));
        }
    }
    all.sort();
    all
}

/// `container ls` is `box-container-ls`.
fn dashed(path: &str) -> String {
    format!("box-{}", path.replace(' ', "-"))
}

fn page(name: &str, command: Command) -> (String, Vec<u8>) {
    // The usage line says how it is typed, the page's name how it is looked up.
    let typed = name.replace('-', " ");
    let command = command.name(name.to_string()).display_name(name.to_string()).bin_name(typed);
    let mut text = Vec::new();
    Man::new(command)
        .manual("box")
        .source(concat!("box ", env!("CARGO_PKG_VERSION")))
        .date("")
        .render(&mut text)
        .expect("a Vec takes everything that is written to it");
    (format!("man/{name}.1"), text)
}
