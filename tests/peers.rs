//! Every command and every flag of docker's and podman's is known to box, or listed with a reason.
//!
//! `peers/docker.txt` and `peers/podman.txt` hold what their `--help` says, a command a line; they are
//! written by `BOX_BLESS=1 cargo test --test peers` where the programs are installed.
//! `peers/unknown.txt` has what box does not know: a command, perhaps a flag, and why.

use boxed::cli::known::{Known, known};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

const PEERS: [&str; 2] = ["docker", "podman"];

fn place(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "peers", name].iter().collect()
}

/// What `PEER PATH --help` prints.
fn help(peer: &str, path: &str) -> String {
    let output = Command::new(peer).args(path.split_whitespace()).arg("--help").output();
    String::from_utf8_lossy(&output.expect("the peer is installed").stdout).into_owned()
}

/// The flags that a help text lists: `  -a, --all` and `      --format string`.
fn flags(help: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for line in help.lines().filter(|line| line.starts_with(' ')) {
        let words = line.split_whitespace().take(2);
        for word in words.take_while(|word| word.starts_with('-')) {
            let flag = word.trim_end_matches(',');
            let name = flag.trim_start_matches('-');
            let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            if plain && name.starts_with(|c: char| c.is_ascii_alphabetic()) {
                all.insert(flag.to_string());
            }
        }
    }
    all
}

/// The commands that a help text lists below a heading that ends in `Commands:`.
fn commands(help: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut within = false;
    for line in help.lines().filter(|line| !line.is_empty()) {
        if !line.starts_with(' ') {
            within = line.ends_with("Commands:");
        } else if within {
            let name = line.split_whitespace().next().unwrap_or_default().trim_end_matches('*');
            all.push(name.to_string());
        }
    }
    all.retain(|name| name != "help");
    all
}

/// All commands of a peer with their flags, a group without any.
fn survey(peer: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![String::new()];
    while let Some(path) = waiting.pop() {
        let help = help(peer, &path);
        let below = commands(&help);
        let own = if below.is_empty() || path.is_empty() { flags(&help) } else { BTreeSet::new() };
        waiting.extend(below.iter().map(|name| format!("{path} {name}").trim().to_string()));
        found.insert(path, own);
    }
    found
}

/// A list: `COMMAND: FLAG FLAG …`.
fn committed(peer: &str) -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(place(&format!("{peer}.txt"))).expect("the list is there");
    let parse = |line: &str| {
        let (path, flags) = line.split_once(':').expect("a colon ends the command");
        (path.to_string(), flags.split_whitespace().map(str::to_string).collect())
    };
    text.lines().filter(|line| !line.starts_with('#')).map(parse).collect()
}

fn bless(peer: &str) {
    let Ok(version) = Command::new(peer).arg("--version").output() else { return };
    let mut text = format!("# {}", String::from_utf8_lossy(&version.stdout));
    for (path, flags) in survey(peer) {
        let flags: Vec<String> = flags.into_iter().collect();
        text += &format!("{path}: {}", flags.join(" "));
        text = text.trim_end().to_string() + "\n";
    }
    std::fs::create_dir_all(place("")).unwrap();
    std::fs::write(place(&format!("{peer}.txt")), text).unwrap();
}

/// `peers/unknown.txt`: (command, flag or nothing) and why.
fn listed() -> BTreeMap<(String, String), String> {
    let text = std::fs::read_to_string(place("unknown.txt")).expect("the list is there");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (what, why) = line.split_once(": ").unwrap_or_else(|| panic!("no reason: {line}"));
            assert!(why.len() > 10, "no reason: {line}");
            let (path, flag) = match what.rsplit_once(' ') {
                Some((path, flag)) if flag.starts_with('-') => (path, flag),
                None if what.starts_with('-') => ("", what),
                _ => (what, ""),
            };
            ((path.to_string(), flag.to_string()), why.to_string())
        })
        .collect()
}

#[test]
fn every_command_and_flag_of_the_peers_is_known_or_listed() {
    if std::env::var_os("BOX_BLESS").is_some() {
        PEERS.into_iter().for_each(bless);
    }
    let mut unknown = BTreeSet::new();
    for peer in PEERS {
        let all = committed(peer);
        assert!(all.len() > 100 && all["run"].len() > 80, "the list of {peer} is too short");
        for (path, flags) in all {
            match known(&path) {
                Known::Refused => {}
                Known::No => drop(unknown.insert((path, String::new()))),
                Known::Command(ours) => {
                    let missing = flags.into_iter().filter(|flag| !ours.contains(flag));
                    unknown.extend(missing.map(|flag| (path.clone(), flag)));
                }
            }
        }
    }
    let listed: BTreeSet<_> = listed().into_keys().collect();
    let news: Vec<_> = unknown.difference(&listed).collect();
    assert!(news.is_empty(), "box does not know, and no list says why: {news:#?}");
    let old: Vec<_> = listed.difference(&unknown).collect();
    assert!(old.is_empty(), "box knows, or the peers do not have: {old:#?}");
}
