//! What box has an answer to, for the comparison with its peers.

use super::{later, tree};
use clap::Command;
use std::collections::BTreeSet;

/// What box makes of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It has it, with these flags as they are typed (`--all`, `-a`); some of them are refused by name.
    Command(BTreeSet<String>),
    /// It says that it does not have it, and what to do instead.
    Refused,
    /// It has never heard of it.
    No,
}

/// What box makes of a command: `container ls`, or `""` for what stands before a command.
#[must_use]
pub fn known(path: &str) -> Known {
    let entry = tree::named(path);
    let command = match entry {
        Some(entry) => entry.full(Command::new("box")),
        None if path.is_empty() => tree::root(tree::Detail::Full),
        None if tree::is_group(path) => return Known::Command(BTreeSet::new()),
        // A group stands for all that is below it.
        None if above(path).any(|path| later::answer(path).is_some()) => return Known::Refused,
        None => return Known::No,
    };
    let mut flags = BTreeSet::from(["--help".to_string()]);
    for arg in command.get_arguments() {
        flags
            .extend(arg.get_long_and_visible_aliases().into_iter().flatten().map(|long| format!("--{long}")));
        flags.extend(arg.get_all_aliases().into_iter().flatten().map(|long| format!("--{long}")));
        flags.extend(
            arg.get_short_and_visible_aliases().into_iter().flatten().map(|short| format!("-{short}")),
        );
    }
    let first = entry.and_then(|entry| entry.paths.first()).copied().unwrap_or_default();
    flags.extend(later::flags_of(first));
    Known::Command(flags)
}

/// A command and the groups it is in.
fn above(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| path.rsplit_once(' ').map(|(group, _)| group))
}
