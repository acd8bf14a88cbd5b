//! Hundreds of command lines, by Debian's podman and by box, with the same images.
//!
//! command-lines.txt has the lines; compare-differences.txt has what differs, and why. A difference
//! that is not there fails the test, and so does one that is there and does not occur.

use crate::env::{Env, Running, User, fixture, registry};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// What one command line printed and how it ended.
#[derive(Debug)]
struct Answer {
    stdout: String,
    stderr: String,
    code: String,
}

fn lines() -> Vec<&'static str> {
    let all = include_str!("command-lines.txt").lines();
    all.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

/// One shell runs them all, each with its output in files of its own, and counts aloud.
fn script(engine: &str, dir: &Path) -> String {
    let mut script = format!(
        "box() {{ {engine} \"$@\"; }}\nF={}\nR={}\nset -f\n",
        Path::new(&fixture("busybox.tar")).parent().expect("it is in a directory").display(),
        registry()
    );
    for (number, line) in lines().into_iter().enumerate() {
        let to = dir.join(number.to_string());
        let to = to.display();
        writeln!(
            script,
            "{{ {line}\n}} >{to}.out 2>{to}.err </dev/null; echo $? >{to}.code; echo done {number}."
        )
        .expect("a String takes everything");
    }
    script
}

/// Waits for every single line: all of them may take longer than one command may.
fn wait_for(mut running: Running) {
    for number in 0..lines().len() {
        running.expect(&format!("done {number}.\n"));
    }
    running.finish().code(0);
}

fn answers(dir: &Path) -> Vec<Answer> {
    let read = |number: usize, what: &str| {
        let path = dir.join(format!("{number}.{what}"));
        String::from_utf8_lossy(&std::fs::read(&path).expect("every line was run")).into_owned()
    };
    (0..lines().len())
        .map(|number| Answer {
            stdout: usual(&read(number, "out")),
            stderr: read(number, "err"),
            code: read(number, "code").trim().to_string(),
        })
        .collect()
}

/// The text without what differs from run to run: ids, times, sizes, and the width of columns.
fn usual(text: &str) -> String {
    static RULES: &[(&str, &str)] = &[
        (r"\b[0-9a-f]{64}\b", "ID64"),
        (r"\b[0-9a-f]{12}\b", "ID12"),
        (r"(About an?|Less than a|\d+) (second|minute|hour|day|week|month|year)s?", "TIME"),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[0-9.]*", "DATE"),
        (r"\b[0-9.]+ ?[kMG]?B\b", "SIZE"),
        (r"\b[0-9.]+(ms|s)\b", "DURATION"),
        (r"  +", "  "),
        (r"(?m) +$", ""),
    ];
    RULES.iter().fold(text.to_string(), |text, (pattern, word)| {
        regex::Regex::new(pattern).expect("a regular expression").replace_all(&text, *word).into_owned()
    })
}

/// podman as a normal user, in a store in memory.
///
/// crun refuses a hybrid cgroup tree, and a user without systemd has no cgroup of his own, so podman
/// gets a mount namespace with cgroup2 alone and a cgroup that is his; and it leaves a process behind
/// that holds its user namespace, so it gets a pid namespace too. The cgroup is removed afterwards.
fn podman(env: &Env, script: &Path) -> Command {
    let outside = r#"
        mount -t cgroup2 none /sys/fs/cgroup && mkdir -p "$4/init" && echo $$ >"$4/init/cgroup.procs" || exit 3
        chown -R "$1" "$4" && mount -t tmpfs -o "mode=755,uid=$1" none /mnt || exit 3
        unshare --pid --fork --mount-proc --kill-child --cgroup sh -c "$3" sh "$1" "$2"
        code=$?
        echo $$ >/sys/fs/cgroup/cgroup.procs
        # The dead leave it a moment after they were waited for.
        timeout 20 sh -c 'until find "$0" -depth -type d -exec rmdir {} + 2>/dev/null; do sleep 0.05; done' "$4"
        exit $code"#;
    let inside = r#"
        umount /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup || exit 3
        printf '[containers]\nlog_driver="k8s-file"\n[engine]\nevents_logger="file"\n' >/mnt/containers.conf
        mkdir /mnt/home && chown "$1" /mnt/home && cd /mnt/home || exit 3
        exec setpriv --reuid "$1" --regid "$1" --clear-groups env CONTAINERS_CONF=/mnt/containers.conf \
            HOME=/mnt/home XDG_RUNTIME_DIR=/mnt sh "$2""#;
    let mut command = Command::new("unshare");
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
        .env("TERM", "xterm")
        .env("LANG", "C.UTF-8");
    command.args(["--mount", "sh", "-c", outside, "sh"]).arg(env.uid().to_string()).arg(script);
    command.arg(inside).arg(format!("/sys/fs/cgroup/box-compare-{}", std::process::id()));
    command
}

/// What is different, as the list names it.
fn differences(podman: &Answer, ours: &Answer) -> BTreeSet<&'static str> {
    let mut different = BTreeSet::new();
    if podman.stdout != ours.stdout {
        different.insert("stdout");
    }
    // How podman words it is no example, but whether it says something is.
    if podman.stderr.trim().is_empty() != ours.stderr.trim().is_empty() {
        different.insert("stderr");
    }
    if podman.code != ours.code {
        different.insert("code");
    }
    different
}

/// The list: a command line, then indented what differs in it and why.
fn listed() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut listed = BTreeMap::new();
    let mut line = None;
    for text in include_str!("compare-differences.txt").lines() {
        match text.strip_prefix("    ") {
            _ if text.is_empty() || text.starts_with('#') => {}
            None => line = Some(text),
            Some(difference) => {
                let (what, why) = difference.split_once(": ").unwrap_or_else(|| panic!("no reason: {text}"));
                assert!(why.len() > 10, "no reason: {text}");
                let what: BTreeSet<&str> = what.split(", ").collect();
                let line = line.unwrap_or_else(|| panic!("no command line above {text:?}"));
                assert!(listed.insert(line, what).is_none(), "{line} is listed twice");
            }
        }
    }
    listed
}

#[test]
fn command_lines_do_what_podman_s_do_or_the_list_says_why_not() {
    let env = Env::empty(User::Sub);
    let (podman_dir, box_dir) = (env.directory("podman"), env.directory("box"));
    let home = env.directory("work");
    let podman_script = env.file(
        "podman.sh",
        script(
            "podman --root /mnt/store --runroot /mnt/run --cgroup-manager cgroupfs",
            Path::new(&podman_dir),
        ),
    );
    let box_script = env.file("box.sh", script(&Env::binary().display().to_string(), Path::new(&box_dir)));
    let podman = Running::start(podman(&env, Path::new(&podman_script)));
    let mut ours = env.program("sh");
    ours.arg(box_script).current_dir(home);
    wait_for(Running::start(ours));
    wait_for(podman);
    let mut listed = listed();
    let mut wrong = String::new();
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let both = answers(Path::new(&podman_dir)).into_iter().zip(answers(Path::new(&box_dir)));
    for (line, (podman, ours)) in lines().into_iter().zip(both) {
        assert!(!ours.stderr.contains("panicked"), "{line}:\n{}", ours.stderr);
        let different = differences(&podman, &ours);
        let news: Vec<_> =
            different.iter().filter(|what| !listed.get(line).is_some_and(|l| l.contains(*what))).collect();
        if !news.is_empty() {
            writeln!(wrong, "{line}\n    {news:?} differ\npodman: {podman:#?}\nbox: {ours:#?}\n")
                .expect("it is a String");
        }
        found.entry(line).or_default().extend(different);
    }
    for (line, what) in &mut listed {
        let found = found.remove(line).unwrap_or_default();
        what.retain(|what| !found.contains(what));
        if !what.is_empty() {
            writeln!(wrong, "{line}\n    is listed, but {what:?} do not differ\n").expect("it is a String");
        }
    }
    assert!(lines().len() >= 200, "only {} command lines", lines().len());
    assert!(wrong.is_empty(), "{wrong}");
}
