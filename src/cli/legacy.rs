//! Spellings of old Docker versions: `-name web`, `-rm`, `-d=true`, `-n=false`, `--rm=false`.
//!
//! Docker 0.8 wrote long flags with one dash, and Go's flags take `=true` and `=false`. Both still
//! stand in scripts. Only words before the image (or before `--`) are looked at, and only those that
//! cannot mean anything else: `-it` stays two flags.

use super::{output, tree};
use clap::{Arg, ArgAction, Command};
use std::ffi::OsString;
use std::io::IsTerminal;

/// The long flags of Docker 0.8 that were written with one dash.
const OLD_LONG: [&str; 51] = [
    "attach",
    "author",
    "before-id",
    "beforeId",
    "cidfile",
    "detach",
    "dns",
    "email",
    "entrypoint",
    "env",
    "expose",
    "follow",
    "force",
    "format",
    "help",
    "hostname",
    "interactive",
    "link",
    "lxc-conf",
    "memory",
    "message",
    "name",
    "networking",
    "no-cache",
    "no-stdin",
    "no-trunc",
    "notrunc",
    "password",
    "privileged",
    "publish",
    "publish-all",
    "quiet",
    "rm",
    "run",
    "sig-proxy",
    "signal",
    "since",
    "since-id",
    "sinceId",
    "stars",
    "time",
    "tree",
    "trusted",
    "tty",
    "until",
    "user",
    "username",
    "viz",
    "volume",
    "volumes-from",
    "workdir",
];

/// Rewrites old spellings into today's; the usual command line is only looked at.
pub(super) fn rewrite(words: Vec<OsString>) -> Vec<OsString> {
    if !words.iter().skip(1).filter_map(|word| word.to_str()).any(suspicious) {
        return words;
    }
    // What is no text is nobody's old flag.
    let Some(text) = words.iter().map(|word| word.to_str()).collect::<Option<Vec<_>>>() else { return words };
    let mut old = Vec::new();
    let rewritten = rewrite_text(&text, &mut old);
    if !old.is_empty() && std::io::stderr().is_terminal() {
        output::warning(format_args!("{} is an old spelling; today it has two dashes", old.join(", ")));
    }
    rewritten.into_iter().map(OsString::from).collect()
}

/// Whether a word can be an old spelling at all.
fn suspicious(word: &str) -> bool {
    old_long(word).is_some() || (word.starts_with('-') && bool_value(word).is_some())
}

/// `-name` and `-name=web`: the flag and its value.
fn old_long(word: &str) -> Option<(&str, Option<&str>)> {
    let flag = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'))?;
    let (name, value) = match flag.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (flag, None),
    };
    OLD_LONG.contains(&name).then_some((name, value))
}

/// `--rm=false`, `-d=1`: the flag with its dashes, and the value.
fn bool_value(word: &str) -> Option<(&str, bool)> {
    let (flag, value) = word.split_once('=')?;
    super::flags::words::boolean(value).ok().map(|value| (flag, value))
}

fn rewrite_text(words: &[&str], old: &mut Vec<String>) -> Vec<String> {
    let mut out = vec![words[0].to_string()];
    let mut rest = words[1..].iter();
    let root = tree::root(tree::Detail::Lazy(&[]));
    let mut path = String::new();
    let mut command: Option<Command> = None;
    // Where in `out` the command's own flags begin.
    let mut own = 0;
    while let Some(&word) = rest.next() {
        if word == "--" {
            out.push(word.to_string());
            break;
        }
        let flags = Flags { own: command.as_ref().unwrap_or(&root), root: &root };
        if !word.starts_with('-') || word == "-" {
            out.push(word.to_string());
            if let Some(command) = &command {
                // The words after an image are the container's own.
                if command.get_positionals().any(Arg::is_trailing_var_arg_set) {
                    break;
                }
                continue;
            }
            path = if path.is_empty() { word.to_string() } else { format!("{path} {word}") };
            command = tree::named(&path).map(|entry| entry.full(Command::new("box")));
            own = out.len();
            if command.is_none() && !tree::is_group(word) {
                break;
            }
            continue;
        }
        match today(word, flags, old) {
            Today::Nothing => continue,
            // The last word counts: `--rm --rm=false` is no --rm.
            Today::Off(spellings, others) => {
                let mut at = 0;
                out.retain(|word| {
                    at += 1;
                    at <= own || !spellings.contains(word)
                });
                out.extend(others);
            }
            Today::Word(today) => {
                let value_follows = takes_next(&today, flags);
                out.push(today);
                if value_follows {
                    out.extend(rest.next().map(ToString::to_string));
                }
            }
        }
    }
    out.extend(rest.map(ToString::to_string));
    out
}

/// Where a flag can be from: the command itself, or `--root` and its like, which stand anywhere.
#[derive(Clone, Copy)]
struct Flags<'a> {
    own: &'a Command,
    root: &'a Command,
}

impl<'a> Flags<'a> {
    fn long(self, name: &str) -> Option<&'a Arg> {
        let named = |arg: &&Arg| {
            arg.get_long() == Some(name) || arg.get_all_aliases().is_some_and(|all| all.contains(&name))
        };
        let global = || self.root.get_arguments().filter(|arg| arg.is_global_set()).find(named);
        self.own.get_arguments().find(named).or_else(global)
    }

    fn short(self, letter: char) -> Option<&'a Arg> {
        self.own.get_arguments().find(|arg| arg.get_short() == Some(letter))
    }
}

enum Today {
    /// It stands for this word.
    Word(String),
    /// It switches off what these words switch on; the rest of its bundle stays.
    Off(Vec<String>, Option<String>),
    /// It says what is so anyway.
    Nothing,
}

/// One flag as it is written today.
fn today(word: &str, flags: Flags<'_>, old: &mut Vec<String>) -> Today {
    let mut word = word.to_string();
    if let Some((name, value)) = old_long(&word) {
        let name = match name {
            "notrunc" => "no-trunc",
            name => name,
        };
        if flags.long(name).is_some() {
            old.push(format!("-{name}"));
            word = match value {
                Some(value) => format!("--{name}={value}"),
                None => format!("--{name}"),
            };
        }
    }
    let Some((flag, on)) = bool_value(&word) else { return Today::Word(word) };
    // Docker 0.8: `-n=false` and `-networking=false` are today's `--network=none`.
    if matches!(flag, "-n" | "-networking" | "--networking") && flags.long("network").is_some() {
        return if on { Today::Nothing } else { Today::Word("--network=none".to_string()) };
    }
    let is_switch = |arg: &Arg| matches!(arg.get_action(), ArgAction::SetTrue);
    let (arg, others) = match flag.strip_prefix("--") {
        Some(name) => (flags.long(name), None),
        None => {
            // Of a bundle the last letter has the value: `-it=false` is `-i` alone.
            let letters: Vec<char> = flag.chars().skip(1).collect();
            let Some((last, others)) = letters.split_last() else { return Today::Word(word) };
            if !others.iter().all(|letter| flags.short(*letter).is_some_and(is_switch)) {
                return Today::Word(word);
            }
            let bundle = (!others.is_empty())
                .then(|| others.iter().fold("-".to_string(), |all, c| all + &c.to_string()));
            (flags.short(*last), bundle)
        }
    };
    match arg {
        Some(arg) if is_switch(arg) && on => Today::Word(flag.to_string()),
        Some(arg) if is_switch(arg) => {
            let long = arg.get_long().map(|name| format!("--{name}"));
            let short = arg.get_short().map(|letter| format!("-{letter}"));
            Today::Off(long.into_iter().chain(short).collect(), others)
        }
        _ => Today::Word(word),
    }
}

/// Whether the value of this flag is the next word.
fn takes_next(word: &str, flags: Flags<'_>) -> bool {
    let needs = |arg: &Arg| arg.get_action().takes_values() && !arg.is_require_equals_set();
    if let Some(name) = word.strip_prefix("--") {
        return !name.contains('=') && flags.long(name).is_some_and(needs);
    }
    let mut letters = word[1..].chars();
    while let Some(letter) = letters.next() {
        if flags.short(letter).is_some_and(needs) {
            return letters.as_str().is_empty();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today(line: &str) -> String {
        let words: Vec<&str> = line.split(' ').collect();
        rewrite_text(&words, &mut Vec::new()).join(" ")
    }

    #[test]
    fn old_spellings_become_todays() {
        for (old, new) in [
            ("box run -name web -rm img", "box run --name web --rm img"),
            ("box run -name=web img -name x", "box run --name=web img -name x"),
            ("box run -d=true -i=false img", "box run -d img"),
            ("box run -n=false img ls", "box run --network=none img ls"),
            ("box run -n=true img", "box run img"),
            ("box run --rm=false --tty=1 img sh -c x=true", "box run --tty img sh -c x=true"),
            ("box run -e A=true --env B=1 img", "box run -e A=true --env B=1 img"),
            ("box run -e -rm -privileged img", "box run -e -rm --privileged img"),
            ("box run -itd -h host -rm img", "box run -itd -h host --rm img"),
            ("box run -sig-proxy=false img", "box run --sig-proxy=false img"),
            ("box run -entrypoint /bin/sh -v /a:/b img -c", "box run --entrypoint /bin/sh -v /a:/b img -c"),
            ("box run -volumes-from a -expose 80 img", "box run --volumes-from a --expose 80 img"),
            ("box ps -notrunc -a=true", "box ps --no-trunc -a"),
            ("box container run -rm img -rm", "box container run --rm img -rm"),
            ("box --root -rm run -rm img", "box --root -rm run --rm img"),
            ("box run -- -rm", "box run -- -rm"),
            ("box run --network host -privileged=false img", "box run --network host img"),
            ("box attach -sig-proxy=false web", "box attach --sig-proxy=false web"),
            ("box inspect -format {{.Id}} web", "box inspect --format {{.Id}} web"),
            ("box rm -f=true web", "box rm -f web"),
            ("box run --rm -i --rm=false -i=0 img", "box run img"),
            ("box run -dit=false --rm img", "box run -di --rm img"),
            ("box run -dit=true img", "box run -dit img"),
            ("box run --root /x -rm img", "box run --root /x --rm img"),
        ] {
            assert_eq!(today(old), new, "{old}");
        }
    }

    #[test]
    fn what_is_no_old_spelling_stays() {
        for line in [
            "box run -it --rm img bash",
            "box run -itd img",
            "box run -e X=false img",
            "box logs -f web",
            "box exec -it web find . -name x",
            "box nope -rm",
        ] {
            assert_eq!(today(line), line);
        }
    }
}
