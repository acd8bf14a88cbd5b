//! The command lines of `seeds.txt` mean today what they meant then, or are refused by name; and
//! every switch of every command takes `=true` and `=false`.

use super::flags::refused;
use super::{legacy, tree, usage};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::ffi::OsString;

const LINES: &str = include_str!("seeds.txt");

/// What the words come to: the command with all that was given, or the message.
fn meaning(words: Vec<OsString>) -> Result<String, String> {
    super::called::note(&words[0]).map_err(|error| error.chain())?;
    let words = legacy::rewrite(words);
    let parsed = tree::root(tree::Detail::Full).try_get_matches_from(&words);
    let matches = parsed.map_err(|said| usage::error(&said, &words).chain())?;
    let (entry, own) = tree::find(&matches).ok_or("no command")?;
    let command = entry.full(Command::new("box"));
    let mut flags = given(&command, own);
    flags.extend(given(&tree::root(tree::Detail::Full), &matches));
    flags.sort();
    flags.dedup();
    // The values of one flag stay in their order.
    let flags = flags.into_iter().flat_map(|(_, words)| words);
    let mut all: Vec<String> = std::iter::once(entry.paths[0].to_string()).chain(flags).collect();
    let positional = command.get_positionals().flat_map(|arg| values(own, arg));
    let words: Vec<String> = positional.collect();
    if !words.is_empty() {
        all.push("--".to_string());
        all.extend(words);
    }
    if entry.refuses
        && let Err(error) = refused::check(own)
    {
        return Err(error.chain());
    }
    Ok(all.join(" "))
}

fn values(matches: &ArgMatches, arg: &Arg) -> Vec<String> {
    let raw = matches.get_raw(arg.get_id().as_str()).into_iter().flatten();
    raw.map(|value| value.to_string_lossy().into_owned()).collect()
}

/// The flags that were given, by their long names.
fn given(command: &Command, matches: &ArgMatches) -> Vec<(String, Vec<String>)> {
    let given = |arg: &&Arg| {
        let id = arg.get_id().as_str();
        matches.try_contains_id(id).is_ok() && matches.value_source(id) == Some(ValueSource::CommandLine)
    };
    let flags = command.get_arguments().filter(|arg| !arg.is_positional()).filter(given);
    flags
        .filter_map(|arg| {
            let name = arg.get_long()?.to_string();
            let words = match arg.get_action() {
                ArgAction::SetTrue => vec![format!("--{name}")],
                _ => values(matches, arg).iter().map(|value| format!("--{name}={value}")).collect(),
            };
            Some((name, words))
        })
        .collect()
}

#[test]
fn the_command_lines_of_the_seeds_mean_what_they_meant() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in LINES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        count += 1;
        let (typed, expected) = line.split_once(" | ").expect("LINE | MEANING");
        let words = shell_words::split(typed).expect("words of a shell");
        let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
        let right = match (meaning(words), expected.strip_prefix("! ")) {
            (Err(said), Some(refusal)) if said.contains(refusal) => continue,
            (Ok(meant), None) if meant == expected => continue,
            (Err(said), None) if is_of_later(&said, expected) => continue,
            (Ok(other) | Err(other), _) => other,
        };
        wrong.push(format!("{typed}\n  expected {expected}\n  got      {right}"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 180, "only {count} lines");
}

/// Whether the message names something of the line as not there yet.
fn is_of_later(said: &str, meant: &str) -> bool {
    let Some((before, what)) = said.split_once("not yet: ") else { return false };
    let what = what.strip_prefix("box ").unwrap_or(what);
    let word = what.split(' ').next().unwrap_or_default();
    let mut of_line = meant.split([' ', '=']);
    of_line.any(|part| part == word || (part.starts_with("--") && before.split(' ').any(|word| word == part)))
}

#[test]
fn every_switch_of_every_command_takes_true_and_false() {
    let mut switches = 0;
    for entry in tree::COMMANDS {
        let command = entry.full(Command::new("box"));
        for arg in command.get_arguments() {
            let Some(name) = arg.get_long() else { continue };
            let may_be_alone = arg.get_num_args().is_some_and(|count| count.min_values() == 0);
            if !matches!(arg.get_action(), ArgAction::SetTrue) && !may_be_alone {
                continue;
            }
            switches += 1;
            for path in entry.paths {
                let of = |flag: &str| {
                    let words = format!("box {path} {flag}");
                    let words: Vec<OsString> = words.split_whitespace().map(OsString::from).collect();
                    let words = legacy::rewrite(words);
                    let root = tree::root(tree::Detail::Full).ignore_errors(true);
                    let matches = root.try_get_matches_from(&words).map_err(|said| said.to_string())?;
                    let (_, own) = tree::find(&matches).ok_or("no command")?;
                    // Errors are ignored for what is missing; a flag that is not understood shows.
                    Ok::<_, String>(match arg.get_action() {
                        ArgAction::SetTrue => own.get_flag(arg.get_id().as_str()).to_string(),
                        _ => values(own, arg).join(" "),
                    })
                };
                let on = of(&format!("--{name}=true")).unwrap();
                let off = of(&format!("--{name}=false")).unwrap();
                assert_eq!((on.as_str(), off.as_str()), ("true", "false"), "box {path} --{name}");
                assert_eq!(of(&format!("--{name}")).unwrap(), "true", "box {path} --{name}");
                if let Some(letter) = arg.get_short() {
                    assert_eq!(of(&format!("-{letter}=true")).unwrap(), "true", "box {path} -{letter}");
                    assert_eq!(of(&format!("-{letter}=false")).unwrap(), "false", "box {path} -{letter}");
                }
            }
        }
    }
    assert!(switches > 80, "only {switches} switches");
}
