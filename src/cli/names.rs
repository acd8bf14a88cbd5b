//! `box __complete WORD...`: the names that could stand where the last word is being typed. The
//! completion scripts of all shells ask this, so that they need not understand the command line.

use super::{Context, output, tree, values};
use crate::container::state::Status;
use crate::error::Result;
use crate::{ops, store};
use clap::{Arg, Command, FromArgMatches};
use std::ffi::OsString;

/// Whether this word in argv is one by which a script asks, and if so, whether for commands and
/// flags too: zsh and fish have them in their scripts, with what they are for.
pub(super) fn asked(word: &OsString) -> Option<bool> {
    match word.to_str()? {
        "__complete" => Some(false),
        "__complete_all" => Some(true),
        _ => None,
    }
}

/// What a place in the command line wants the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    Containers,
    Running,
    Resting,
    Images,
    ContainersAndImages,
    Networks,
    Modes,
    Volumes,
}
use Names::{Containers, ContainersAndImages, Images, Modes, Networks, Resting, Running, Volumes};

/// Flags whose values are names.
pub(super) const FLAGS: &[(&str, &str)] = &[
    ("link", "CONTAINER"),
    ("net", "none host NETWORK"),
    ("network", "none host NETWORK"),
    ("requires", "CONTAINER"),
    ("volume", "VOLUME"),
    ("volumes-from", "CONTAINER"),
];

/// What the words of a command are, one after the other, and whether all further words are as the last.
const WORDS: &[(&str, &[Names], bool)] = &[
    ("attach", &[Running], false),
    ("commit", &[Containers], false),
    ("container exists", &[Containers], false),
    ("container inspect", &[Containers], true),
    ("cp", &[Containers], true),
    ("create", &[Images], false),
    ("diff", &[ContainersAndImages], true),
    ("exec", &[Running], false),
    ("export", &[Containers], false),
    ("history", &[Images], false),
    ("image exists", &[Images], false),
    ("image inspect", &[Images], true),
    ("image mount", &[Images], true),
    ("image tree", &[Images], false),
    ("image unmount", &[Images], true),
    ("inspect", &[ContainersAndImages], true),
    ("kill", &[Running], true),
    ("logs", &[Containers], true),
    ("mount", &[Containers], true),
    ("network connect", &[Networks, Containers], false),
    ("network disconnect", &[Networks, Containers], false),
    ("network exists", &[Networks], false),
    ("network inspect", &[Networks], true),
    ("network reload", &[Running], true),
    ("network rm", &[Networks], true),
    ("network update", &[Networks], false),
    ("port", &[Containers], false),
    ("push", &[Images], false),
    ("rename", &[Containers], false),
    ("restart", &[Containers], true),
    ("rm", &[Containers], true),
    ("rmi", &[Images], true),
    ("run", &[Images], false),
    ("save", &[Images], true),
    ("start", &[Resting], true),
    ("stop", &[Running], true),
    ("tag", &[Images], false),
    ("top", &[Running], false),
    ("unmount", &[Containers], true),
    ("untag", &[Images], true),
    ("volume exists", &[Volumes], false),
    ("volume export", &[Volumes], false),
    ("volume import", &[Volumes], false),
    ("volume inspect", &[Volumes], true),
    ("volume mount", &[Volumes], true),
    ("volume rm", &[Volumes], true),
    ("volume unmount", &[Volumes], true),
    ("wait", &[Containers], true),
];

/// Prints what fits, one a line; nothing where no names are wanted or something is wrong, because
/// whoever types wants no errors on the line.
pub(super) fn main(words: &[OsString], all: bool) -> u8 {
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let Some((last, before)) = words.split_last() else { return 0 };
    let place = Place::after(before);
    // `--network=NAME` is one word.
    let joined =
        last.strip_prefix("--").and_then(|word| word.split_once('=')).filter(|_| place.flag.is_none());
    let (flag, start) = match joined {
        Some((flag, _)) => (Some(flag), &last[..flag.len() + 3]),
        None => (place.flag.as_deref(), ""),
    };
    let typed = &last[start.len()..];
    let mut offers = match flag {
        Some(flag) => place.values(flag, typed),
        None => place.words_for(typed, all),
    };
    offers.retain(|offer| offer.starts_with(typed));
    output::text(offers.into_iter().map(|offer| format!("{start}{offer}\n")).collect::<String>());
    0
}

fn of_flag(name: &str) -> Option<Names> {
    let (_, what) = FLAGS.iter().find(|(flag, _)| *flag == name)?;
    Some(match *what {
        "CONTAINER" => Containers,
        "VOLUME" => Volumes,
        _ => Modes,
    })
}

/// What an image is also found by, if that is what is being typed: `debian` and `debian:latest` for
/// `localhost/debian:latest`.
fn shorter(name: &str, typed: &str) -> Vec<String> {
    let places = ["localhost/", "docker.io/library/", "docker.io/"];
    let short = places.iter().find_map(|place| name.strip_prefix(place));
    let Some(short) = short.filter(|short| !typed.is_empty() && short.starts_with(typed)) else {
        return Vec::new();
    };
    short.strip_suffix(":latest").into_iter().chain([short]).map(str::to_string).collect()
}

/// Where the words before the last one lead.
#[derive(Debug, Default, PartialEq, Eq)]
struct Place {
    /// The command, in its first spelling.
    command: String,
    /// The same as it was typed.
    path: String,
    /// Its words that were typed and are no flags.
    words: Vec<String>,
    /// Whether what follows is a word even if it begins with a dash.
    only_words: bool,
    /// The flag whose value comes next.
    flag: Option<String>,
    /// The flags before the command.
    global: Vec<String>,
}

impl Place {
    fn after(words: &[String]) -> Place {
        let root = tree::root(tree::Detail::Full);
        let (mut command, mut path) = (&root, String::new());
        let mut place = Place::default();
        let (mut only_words, mut value_of_global) = (false, false);
        for word in words {
            if std::mem::take(&mut value_of_global) || (path.is_empty() && word.starts_with('-')) {
                place.global.push(word.clone());
            }
            if place.flag.take().is_some() {
                continue;
            }
            if only_words {
                place.words.push(word.clone());
            } else if word == "--" {
                only_words = true;
            } else if word.len() > 1 && word.starts_with('-') {
                place.flag = wanting(command, &root, word);
                value_of_global = place.flag.is_some() && path.is_empty();
            } else if let Some(below) = command.find_subcommand(word) {
                command = below;
                path = format!("{path} {}", below.get_name()).trim_start().to_string();
            } else {
                place.words.push(word.clone());
                // What follows belongs to the container's command.
                only_words = command.get_positionals().any(Arg::is_trailing_var_arg_set);
            }
        }
        place.command = tree::named(&path).map_or(path.clone(), |entry| entry.paths[0].to_string());
        (place.path, place.only_words) = (path, only_words);
        place
    }

    fn wants(&self) -> Option<Names> {
        if let Some(flag) = &self.flag {
            return of_flag(flag);
        }
        let (_, kinds, on) = WORDS.iter().find(|(command, ..)| *command == self.command)?;
        kinds.get(self.words.len()).or_else(|| kinds.last().filter(|_| *on)).copied()
    }

    /// The values of a flag, also where it is joined to its value.
    fn values(&self, flag: &str, typed: &str) -> Vec<String> {
        if let Some(names) = of_flag(flag) {
            return self.list(names, typed).unwrap_or_default();
        }
        let known = values::of_flag(&self.command, flag, typed);
        if !known.is_empty() {
            return known;
        }
        let root = tree::root(tree::Detail::Full);
        let all = self.tree(&root).get_arguments().chain(root.get_arguments());
        possible(all.filter(|arg| arg.get_long() == Some(flag)).take(1))
    }

    /// What may stand where no value of a flag is wanted.
    fn words_for(&self, typed: &str, all: bool) -> Vec<String> {
        let root = tree::root(tree::Detail::Full);
        if typed.starts_with('-') && !self.only_words {
            return if all { self.flags(typed, root) } else { Vec::new() };
        }
        if self.command == "help" {
            let named = self.words.iter().try_fold(&root, |command, word| command.find_subcommand(word));
            return named.map(commands).unwrap_or_default();
        }
        if let Some(names) = self.wants() {
            return self.list(names, typed).unwrap_or_default();
        }
        let command = self.tree(&root);
        if self.words.is_empty() && command.has_subcommands() {
            return if all { commands(command) } else { Vec::new() };
        }
        possible(command.get_positionals().skip(self.words.len()).take(1))
    }

    /// The flags that are shown in the help.
    fn flags(&self, typed: &str, mut root: Command) -> Vec<String> {
        root.build();
        let shown = self.tree(&root).get_arguments().filter(|arg| !arg.is_hide_set());
        let letters = typed == "-";
        let mut flags: Vec<String> = shown
            .flat_map(|arg| {
                let letter = arg.get_short().filter(|_| letters).map(|letter| format!("-{letter}"));
                letter.into_iter().chain(arg.get_long().map(|long| format!("--{long}")))
            })
            .collect();
        flags.sort();
        flags
    }

    /// The command in the tree, which is the root before one was typed.
    fn tree<'a>(&self, root: &'a Command) -> &'a Command {
        let mut words = self.path.split_whitespace();
        words.try_fold(root, |command, word| command.find_subcommand(word)).unwrap_or(root)
    }

    fn list(&self, names: Names, typed: &str) -> Result<Vec<String>> {
        let words = ["box".to_string()].into_iter().chain(self.global.clone()).chain(["version".to_string()]);
        let matches = tree::root(tree::Detail::Full).try_get_matches_from(words);
        let global = matches.and_then(|matches| super::GlobalFlags::from_arg_matches(&matches));
        let global = global.map_err(|error| crate::error::invalid(error.to_string()))?;
        global.pass_on();
        let ctx = Context::new(global, Vec::new());
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let containers = |fits: fn(Status) -> bool| -> Result<Vec<String>> {
            let all = ops::ps::list(settings, store)?.containers.into_iter();
            Ok(all.filter(|entry| fits(entry.status())).map(|entry| entry.name.to_string()).collect())
        };
        let images = || -> Result<Vec<String>> {
            let all = ops::images::list(store)?;
            let names = all.iter().flat_map(|image| &image.names).map(ToString::to_string);
            Ok(names.flat_map(|name| [shorter(&name, typed), vec![name]].concat()).collect())
        };
        let networks = || -> Result<Vec<String>> {
            Ok(store::networks::list(store)?.iter().map(|network| network.name.to_string()).collect())
        };
        let mut all = match names {
            Containers => containers(|_| true)?,
            Running => containers(|status| status == Status::Running)?,
            Resting => containers(|status| matches!(status, Status::Created | Status::Exited))?,
            Images => images()?,
            ContainersAndImages => [containers(|_| true)?, images()?].concat(),
            Networks => networks()?,
            Modes => [networks()?, vec!["none".into(), "host".into()]].concat(),
            Volumes => store::volumes::list(store)?.iter().map(ToString::to_string).collect(),
        };
        all.sort();
        all.dedup();
        Ok(all)
    }
}

/// The names of the commands below this one.
fn commands(command: &Command) -> Vec<String> {
    let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
    let mut names: Vec<String> = shown.map(|command| command.get_name().to_string()).collect();
    names.sort();
    names
}

/// The values that these take, where they are a closed set.
fn possible<'a>(args: impl Iterator<Item = &'a Arg>) -> Vec<String> {
    let values = args.flat_map(Arg::get_possible_values).filter(|value| !value.is_hide_set());
    values.map(|value| value.get_name().to_string()).collect()
}

/// The long name of the flag in this word whose value is the next one.
fn wanting(command: &Command, root: &Command, word: &str) -> Option<String> {
    let takes = |arg: &&Arg| arg.get_action().takes_values() && !arg.is_require_equals_set();
    let all = || command.get_arguments().chain(root.get_arguments());
    if let Some(long) = word.strip_prefix("--") {
        let is = |arg: &&Arg| {
            arg.get_long() == Some(long) || arg.get_all_aliases().is_some_and(|all| all.contains(&long))
        };
        return all().find(is).filter(takes).map(|_| long.to_string());
    }
    let letters: Vec<char> = word.chars().skip(1).collect();
    for (at, letter) in letters.iter().enumerate() {
        let arg = all().find(|arg| arg.get_short() == Some(*letter))?;
        if takes(&arg) {
            // What follows the letter in the same word is its value.
            let name = arg.get_long().map_or(letter.to_string(), str::to_string);
            return (at + 1 == letters.len()).then_some(name);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(line: &str) -> Option<Names> {
        Place::after(&line.split_whitespace().map(str::to_string).collect::<Vec<_>>()).wants()
    }

    #[test]
    fn every_command_of_the_table_is_one() {
        for (command, ..) in WORDS {
            assert!(tree::named(command).is_some_and(|entry| entry.paths[0] == *command), "{command}");
        }
    }

    #[test]
    fn the_place_is_found_behind_flags_and_their_values() {
        for (line, names) in [
            ("stop", Some(Running)),
            ("stop a", Some(Running)),
            ("stop -t 5", Some(Running)),
            ("stop -t", None),
            ("container stop --time=5", Some(Running)),
            ("exec -it", Some(Running)),
            ("exec -it a", None),
            ("exec -eA=1 -u 0", Some(Running)),
            ("exec a -u", None),
            ("run --rm -itv /a:/b --name x -e A", Some(Images)),
            ("run --rm busybox", None),
            ("run --network", Some(Modes)),
            ("run --net", Some(Modes)),
            ("network connect", Some(Networks)),
            ("network connect --alias x backend", Some(Containers)),
            ("network connect backend a", None),
            ("--root /x --log-level debug image rm", Some(Images)),
            ("image ls", None),
            ("rm --", Some(Containers)),
            ("volume create", None),
            ("network ls --filter", None),
            ("", None),
            ("network", None),
            ("nonsense", None),
        ] {
            assert_eq!(wants(line), names, "{line:?}");
        }
        let words = ["--root", "/x", "ps", "-a"].map(str::to_string);
        assert_eq!(Place::after(&words).global, ["--root", "/x"]);
    }
}
