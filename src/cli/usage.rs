//! What clap says about a wrong command line, as one of our errors: a line and a hint.

use super::{called, output};
use crate::error::{Error, Kind, Result, invalid};
use clap::error::{ContextKind, ErrorKind};
use std::ffi::OsString;

/// Prints what was asked for (help, version), or returns the error.
pub(super) fn answer(said: &clap::Error, words: &[OsString]) -> Result<u8> {
    match said.kind() {
        // One line for each flag: the first page has to fit a screen.
        ErrorKind::DisplayHelp if command_of(words) == "box" => {
            let help = super::tree::root(super::tree::Detail::Full).render_help();
            output::text(called::in_help(&help.to_string()));
            Ok(0)
        }
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            output::text(called::in_help(&said.render().to_string()));
            Ok(0)
        }
        // `box container help`, as podman has it.
        ErrorKind::InvalidSubcommand
            if said.get(ContextKind::InvalidSubcommand).is_some_and(|n| n.to_string() == "help") =>
        {
            let mut root = super::tree::root(super::tree::Detail::Full);
            root.build();
            let group = command_of(words);
            let group = group.strip_prefix("box ").unwrap_or_default();
            if let Some(command) = root.find_subcommand_mut(group) {
                output::text(called::in_help(&command.render_help().to_string()));
            }
            Ok(0)
        }
        // `box` and `box container` alone: the list of commands, but it is no success.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            output::note(called::in_help(&format!("{}\n", said.render().to_string().trim_end())));
            Err(invalid(format!("missing command: {} COMMAND", called::path(&command_of(words)))))
        }
        _ => Err(error(said, words)),
    }
}

/// The error in our form.
pub(super) fn error(said: &clap::Error, words: &[OsString]) -> Error {
    let path = command_of(words);
    let command = called::path(&path);
    let see = format!("`{command} --help` shows what it takes");
    let text = |kind| said.get(kind).map(ToString::to_string);
    // `--name <NAME>` without its value's name.
    let arg = text(ContextKind::InvalidArg).unwrap_or_default();
    let arg =
        arg.split(" <").next().unwrap_or_default().trim_end_matches("...").trim_end_matches(',').to_string();
    // `<CONTAINER COMMAND [ARG]>`: several words, with brackets of their own.
    let arg = match arg.strip_prefix('<').and_then(|arg| arg.strip_suffix('>')) {
        Some(words) if words.contains(' ') => format!("{words}..."),
        _ => arg,
    };
    let value = text(ContextKind::InvalidValue).unwrap_or_default();
    match said.kind() {
        ErrorKind::UnknownArgument if !arg.starts_with('-') => {
            invalid(format!("{command}: {arg:?} is one word too many")).hint(see)
        }
        ErrorKind::UnknownArgument => {
            let path = if is_before_the_command(&arg, words) { "box" } else { &path };
            let command = called::path(path);
            let see = format!("`{command} --help` shows what it takes");
            if let Some(known) =
                super::later::flag(path.strip_prefix("box ").unwrap_or_default(), &arg, words)
            {
                return known;
            }
            let error = invalid(format!("{command}: unknown flag {arg}"));
            let whole = long_with_one_dash(&arg, words);
            match near_flag(whole.as_deref().unwrap_or(&arg), path) {
                Some(near) => error.hint(format!("did you mean {near}? {see}")),
                None => error.hint(see),
            }
        }
        ErrorKind::InvalidSubcommand => {
            let name = text(ContextKind::InvalidSubcommand).unwrap_or_default();
            let group = path.strip_prefix("box ").unwrap_or_default();
            if let Some(known) = super::later::answer(format!("{group} {name}").trim_start()) {
                return known;
            }
            let error = invalid(format!("{command}: unknown command {name:?}"));
            let elsewhere: Vec<String> = super::tree::groups_with(&name)
                .map(|group| format!("`{}`", called::path(&format!("box {group} {name}"))))
                .collect();
            if let ("", Some((last, others))) = (group, elsewhere.split_last()) {
                let before = if others.is_empty() { "" } else { " or " };
                return error.hint(format!("did you mean {}{before}{last}?", others.join(", ")));
            }
            match nearest(&name, &super::tree::words_below(group)) {
                Some(near) => error.hint(format!("did you mean `{command} {near}`?")),
                None => error.hint(format!("`{command} --help` lists the commands")),
            }
        }
        ErrorKind::MissingSubcommand => invalid(format!("{command}: a command is missing"))
            .hint(format!("`{command} --help` lists the commands")),
        ErrorKind::MissingRequiredArgument => invalid(format!("{command}: {arg} is missing")).hint(see),
        ErrorKind::InvalidValue if value.is_empty() => {
            invalid(format!("{command}: {arg} needs a value")).hint(see)
        }
        ErrorKind::InvalidValue => {
            let error = invalid(format!("{command}: {value:?} is no value of {arg}"));
            match text(ContextKind::ValidValue) {
                Some(valid) => error.hint(format!("it takes one of {valid}")),
                None => error.hint(see),
            }
        }
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(said);
            let text = why.map(ToString::to_string).unwrap_or_default();
            if why.and_then(|why| why.downcast_ref::<Error>()).is_some_and(|e| e.kind() == Kind::Unsupported)
            {
                // It names itself, and the flag's help would not say more.
                let error = Error::new(Kind::Unsupported, text);
                let hint = why.and_then(|why| why.downcast_ref::<Error>()).and_then(Error::find_hint);
                return match hint {
                    Some(hint) => error.hint(hint),
                    None => error,
                };
            }
            let text = match why {
                // Rust's own words for it speak of digits.
                Some(why) if why.is::<std::num::ParseIntError>() => {
                    "it is no whole number, or too large".into()
                }
                _ => text,
            };
            let error = invalid(format!("{command}: {arg} {value:?}: {text}"));
            match why.and_then(|why| why.downcast_ref::<Error>()).and_then(Error::find_hint) {
                Some(hint) => error.hint(hint),
                None => error.hint(see),
            }
        }
        ErrorKind::ArgumentConflict => {
            let other = text(ContextKind::PriorArg).unwrap_or_default();
            if other == arg || other.is_empty() {
                invalid(format!("{command}: {arg} can be given only once")).hint(see)
            } else {
                invalid(format!("{command}: {arg} cannot be used with {other}")).hint(see)
            }
        }
        // Of a flag without a value: of those that have one, each takes one word.
        ErrorKind::TooManyValues if !value.is_empty() => {
            invalid(format!("{command}: {arg} takes true or false, not {value:?}")).hint(see)
        }
        _ => {
            let rendered = said.render().to_string();
            let first = rendered.lines().next().unwrap_or_default();
            invalid(format!("{command}: {}", first.trim_start_matches("error: "))).hint(see)
        }
    }
}

/// Whether a flag stands before the word that names a command.
fn is_before_the_command(flag: &str, words: &[OsString]) -> bool {
    let flag = flag.split('=').next().unwrap_or(flag);
    let known = super::tree::words_below("");
    let words = words.iter().skip(1).filter_map(|word| word.to_str());
    for word in words {
        if word.starts_with(flag) {
            return true;
        }
        if known.contains(&word) {
            return false;
        }
    }
    false
}

/// `--nmae` for the word `-nmae` whose letter `-n` is no flag: old spellings have one dash.
fn long_with_one_dash(letter: &str, words: &[OsString]) -> Option<String> {
    let words = words.iter().skip(1).filter_map(|word| word.to_str());
    let mut bundles = words.filter(|word| !word.starts_with("--") && word.len() > 3);
    let letter = letter.strip_prefix('-').filter(|rest| !rest.starts_with('-'))?;
    bundles.find_map(|word| {
        word.strip_prefix('-').filter(|rest| rest.contains(letter)).map(|rest| format!("--{rest}"))
    })
}

/// The flag of a command that `typed`, with its dashes, was meant to be.
fn near_flag(typed: &str, path: &str) -> Option<String> {
    let typed = typed.strip_prefix("--")?.split('=').next()?;
    let mut root = super::tree::root(super::tree::Detail::Full);
    root.build();
    let mut command = &root;
    for word in path.split(' ').skip(1) {
        command = command.find_subcommand(word)?;
    }
    let known: Vec<&str> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
    nearest(typed, &known).map(|name| format!("--{name}"))
}

/// The known word that `typed` begins, or else the one that takes the fewest slips of the finger
/// to become `typed`. clap's own measure (Jaro) finds nothing for `rnu`, and `os` for `nosuchflag`.
pub(super) fn nearest<'a>(typed: &str, known: &[&'a str]) -> Option<&'a str> {
    let long = typed.chars().count();
    if long < 2 {
        return None;
    }
    // Of two as near, the one that a letter was doubled in.
    let all = known.iter().map(|word| {
        let slips = slips(typed, word);
        let begun = word.starts_with(typed);
        (!begun || slips == 0, slips, singled(typed) != singled(word), *word)
    });
    let (other, slips, _, word) = all.min_by_key(|(other, slips, singled, _)| (*other, *slips, *singled))?;
    // With more slips than that it is another word.
    let close = slips <= if long < 6 { 1 } else { 2 };
    (!other || close).then_some(word)
}

/// The word with each letter once where it stands several times in a row.
fn singled(word: &str) -> Vec<char> {
    let mut letters: Vec<char> = word.chars().collect();
    letters.dedup();
    letters
}

/// Letters that are missing, too many, wrong, or swapped with their neighbour.
///
/// Source: the "optimal string alignment" distance.
fn slips(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let wrong = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + wrong);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

/// `box`, `box run`, `box container run`: as far as the words name a command.
pub(super) fn command_of(words: &[OsString]) -> String {
    let mut path = String::new();
    let mut value_of_a_flag = false;
    for word in words.iter().skip(1).filter_map(|word| word.to_str()) {
        if word.starts_with('-') {
            value_of_a_flag = word.starts_with("--") && !word.contains('=');
            continue;
        }
        let longer = if path.is_empty() { word.to_string() } else { format!("{path} {word}") };
        let known = super::tree::named(&longer).is_some();
        if known || (path.is_empty() && super::tree::is_group(word)) {
            path = longer;
            if known {
                break;
            }
        } else if !value_of_a_flag {
            break;
        }
        value_of_a_flag = false;
    }
    if path.is_empty() { "box".to_string() } else { format!("box {path}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_command_is_suggested() {
        let known = ["run", "rmi", "rm", "images", "image", "stop", "exec", "logs", "os"];
        for (typed, meant) in [
            ("rnu", Some("run")),
            ("imagse", Some("images")),
            ("stpo", Some("stop")),
            ("rmii", Some("rmi")),
            ("rmm", Some("rm")),
            ("nope", None),
            ("frobnicate", None),
            ("x", None),
            ("r", None),
            ("ru", Some("run")),
            ("im", Some("image")),
            ("sp", None),
            ("bogus", None),
            ("nosuchflag", None),
        ] {
            assert_eq!(nearest(typed, &known), meant, "{typed}");
        }
    }

    #[test]
    fn the_words_name_the_command() {
        let of = |line: &str| command_of(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(of("box run -x img"), "box run");
        assert_eq!(of("box -D container ls"), "box container ls");
        assert_eq!(of("box container nope"), "box container");
        assert_eq!(of("box nope run"), "box");
        assert_eq!(of("box --root /x run img"), "box run");
    }
}
