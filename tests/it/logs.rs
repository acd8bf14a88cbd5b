//! `box logs` and the log drivers.

use crate::env::{Env, eventually, finish};
use std::process::Stdio;

#[test]
fn both_streams_are_kept_apart_and_in_order() {
    let env = Env::new();
    env.run(["run", "--name", "c", "busybox", "sh", "-c", "echo 1; echo 2 >&2; echo 3"]).code(0);
    env.run(["logs", "c"]).code(0).stdout("1\n3\n").stderr("2\n");
}

#[test]
fn a_part_of_a_line_and_empty_lines_come_back_exactly() {
    let env = Env::new();
    env.run(["run", "--name", "c", "busybox", "printf", "a\\n\\nb\\tc\\nno end"]).code(0);
    let output = env.run(["logs", "c"]);
    output.code(0);
    assert!(["a\n\nb\tc\nno end", "a\n\nb\tc\nno end\n"].contains(&output.out().as_str()), "{output}");
}

#[test]
fn a_long_line_comes_back_whole() {
    let env = Env::new();
    let script = "head -c 200000 /dev/zero | tr '\\0' x; echo; echo end";
    env.run(["run", "-d", "--name", "c", "busybox", "sh", "-c", script]).code(0);
    env.run(["wait", "c"]).code(0);
    env.run(["logs", "c"]).code(0).stdout(&format!("{}\nend\n", "x".repeat(200_000)));
}

#[test]
fn follow_ends_with_the_container() {
    let env = Env::new();
    env.run([
        "run",
        "-d",
        "--name",
        "c",
        "busybox",
        "sh",
        "-c",
        "for i in 1 2 3; do echo $i; sleep 0.1; done",
    ])
    .code(0);
    env.run(["logs", "-f", "c"]).code(0).stdout("1\n2\n3\n");
}

#[test]
fn follow_ends_when_nobody_reads_on() {
    let env = Env::new();
    env.run(["run", "-d", "--name", "c", "busybox", "sh", "-c", "echo one; sleep 600"]).code(0);
    env.until_logged("c", "one");
    let mut shell = env.program("sh");
    shell.args(["-c", "$0 logs -f c | head -n 1"]).arg(Env::binary());
    finish(shell, b"").code(0).stdout("one\n");
}

#[test]
fn follow_shows_what_comes_as_it_comes() {
    let env = Env::new();
    env.run([
        "run",
        "-d",
        "-i",
        "--name",
        "c",
        "busybox",
        "sh",
        "-c",
        "echo before; sleep 0.3; echo after; sleep 600",
    ])
    .code(0);
    let mut follow = env.spawn(["logs", "--follow", "c"]);
    follow.expect("before\n");
    follow.expect("after\n");
    env.run(["stop", "-t", "0", "c"]).code(0);
    follow.finish().code(0).stdout("before\nafter\n");
}

#[test]
fn tail_since_until_and_timestamps() {
    let env = Env::new();
    env.run(["run", "--name", "c", "busybox", "sh", "-c", "for i in 1 2 3 4 5; do echo $i; done"]).code(0);
    env.run(["logs", "--tail", "2", "c"]).code(0).stdout("4\n5\n");
    env.run(["logs", "--tail", "0", "c"]).code(0).stdout("");
    env.run(["logs", "--tail", "-1", "c"]).code(0).stdout("1\n2\n3\n4\n5\n");
    env.run(["logs", "--since", "1h", "c"]).code(0).stdout("1\n2\n3\n4\n5\n");
    env.run(["logs", "--until", "1h", "c"]).code(0).stdout("");
    env.run(["logs", "--since", "2099-01-01T00:00:00Z", "c"]).code(0).stdout("");
    env.run(["logs", "--until", "2099-01-01T00:00:00Z", "c"]).code(0).stdout("1\n2\n3\n4\n5\n");
    env.run(["logs", "-t", "--tail", "1", "c"])
        .code(0)
        .stdout_matches(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S+ 5\n$");
}

#[test]
fn a_terminal_s_output_is_logged() {
    let env = Env::new();
    env.run(["run", "-d", "-t", "--name", "c", "busybox", "echo", "on a terminal"]).code(0);
    env.run(["wait", "c"]).code(0);
    env.run(["logs", "c"]).code(0).stdout("on a terminal\r\n");
}

#[test]
fn the_driver_none_keeps_nothing() {
    let env = Env::new();
    env.run(["run", "--name", "c", "--log-driver", "none", "busybox", "echo", "x"]).code(0).stdout("x\n");
    env.run(["logs", "c"]).fails(125, "none");
    env.run(["run", "--rm", "--log-driver", "k8s-file", "busybox", "echo", "y"]).code(0).stdout("y\n");
    env.run(["run", "--rm", "--log-driver", "no-such", "busybox", "true"]).fails(125, "no-such");
}

#[test]
fn the_log_is_a_k8s_file() {
    let env = Env::new();
    let path = env.tmp().join("the.log");
    let option = format!("path={}", path.display());
    env.run(["run", "--name", "c", "--log-opt", &option, "busybox", "sh", "-c", "echo full; printf part"])
        .code(0);
    let text = std::fs::read_to_string(&path).unwrap();
    let line = regex::Regex::new(r"^\d{4}-\d\d-\d\dT\S+ stdout F full\n\d{4}\S+ stdout P part\n").unwrap();
    assert!(line.is_match(&text), "{text:?}");
}

#[test]
fn logs_go_on_after_a_restart() {
    let env = Env::new();
    env.run(["run", "--name", "c", "busybox", "echo", "again"]).code(0);
    env.run(["start", "-a", "c"]).code(0);
    env.run(["logs", "c"]).code(0).stdout("again\nagain\n");
}

#[test]
fn an_unknown_container_has_no_logs() {
    let env = Env::new();
    env.run(["logs", "no-such"]).fails(125, "no-such");
}

#[test]
fn a_follower_that_does_not_read_holds_nobody_up() {
    let env = Env::new();
    let script = "i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done; touch /tmp/done; sleep 600";
    env.run(["run", "-d", "--name", "c", "busybox", "sh", "-c", script]).code(0);
    let mut idle = env.command(["attach", "--no-stdin", "c"]);
    let mut idle =
        idle.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("box starts");
    eventually("it has written all", || env.run(["exec", "c", "test", "-e", "/tmp/done"]).code == Some(0));
    env.run(["kill", "c"]).code(0);
    drop(idle.stdout.take());
    idle.wait().expect("a child of ours");
}

/// The files of the container's log, by name.
fn log_files(env: &Env, name: &str) -> Vec<String> {
    let id = env.ok(["inspect", "--format", "{{.Id}}", name]);
    let dir = std::fs::read_dir(env.root().join("containers").join(id)).expect("its directory");
    let names = dir.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("log")).collect();
    names.sort();
    names
}

#[test]
fn a_log_is_kept_in_several_files_of_limited_size() {
    let env = Env::new();
    let count = "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo line $i; done";
    let options = ["--log-opt", "max-size=20k", "--log-opt", "max-file=3"];
    let run = ["run", "--name", "c"].iter().chain(&options);
    env.run(run.chain(&["busybox", "sh", "-c", count])).code(0);
    assert_eq!(log_files(&env, "c"), ["log", "log.1", "log.2"]);
    let text = env.ok(["logs", "c"]);
    let lines: Vec<&str> = text.lines().collect();
    // The last ones without a gap, as many as fit: about 400 in a file, two of which are full.
    assert!(lines.len() > 760 && lines.len() < 1260, "{}", lines.len());
    let first = 2000 - lines.len() + 1;
    assert!(lines.iter().enumerate().all(|(at, line)| *line == format!("line {}", first + at)));
    for tail in [1, 10, 700] {
        let text = env.ok(["logs", "--tail", &tail.to_string(), "c"]);
        let wanted: Vec<String> = (2001 - tail..=2000).map(|n| format!("line {n}")).collect();
        assert_eq!(text, wanted.join("\n"), "--tail {tail}");
    }
    env.run(["run", "--name", "d", "--log-opt", "max-size=20k", "busybox", "sh", "-c", count]).code(0);
    assert_eq!(log_files(&env, "d"), ["log"]);
    assert!(env.ok(["logs", "d"]).ends_with("line 2000"));
    env.run(["inspect", "-f", "{{.HostConfig.LogConfig.Size}}", "c"]).code(0).stdout("20.5kB\n");
    env.run(["run", "--rm", "--log-opt", "max-size=x", "busybox", "true"])
        .code(125)
        .stderr_contains("max-size");
    env.run(["run", "--rm", "--log-opt", "max-file=0", "busybox", "true"])
        .code(125)
        .stderr_contains("max-file");
}

#[test]
fn who_follows_a_log_misses_no_line_when_a_new_file_begins() {
    let env = Env::new();
    let count = "read go; i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i; done";
    let options = ["--log-opt", "max-size=30k", "--log-opt", "max-file=50"];
    let run = ["run", "-d", "-i", "--name", "c"].iter().chain(&options);
    env.run(run.chain(&["busybox", "sh", "-c", count])).code(0);
    let follower = env.spawn(["logs", "-f", "c"]);
    env.feed(b"go\n", ["attach", "--sig-proxy=false", "c"]).code(0);
    let text = follower.finish().code(0).stdout_line();
    let wanted: Vec<String> = (1..=3000).map(|n| format!("line {n}")).collect();
    assert!(text == wanted.join("\n"), "{} lines", text.lines().count());
    assert!(log_files(&env, "c").len() > 3);
}

#[test]
fn details_are_the_labels_and_variables_that_the_log_s_options_name() {
    let env = Env::new();
    let options = ["--log-opt", "labels=L,none", "--log-opt", "env=E", "--log-opt", "tag=t"];
    let what = ["--label", "L=1", "--label", "M=2", "-e", "E=a b,=", "busybox", "echo", "hi"];
    env.ok([&["run", "--name", "c", "--network", "none"], &options[..], &what].concat());
    env.run(["logs", "c"]).stdout("hi\n");
    env.run(["logs", "--details", "c"]).stdout("E=a+b%2C%3D,L=1,tag=t hi\n");
    env.run(["logs", "--details", "-t", "c"]).stdout_matches(r"^\d{4}-\S+ E=\S+ hi\n$");
    env.ok(["run", "--name", "d", "--network", "none", "busybox", "echo", "hi"]);
    env.run(["logs", "--details", "d"]).stdout(" hi\n");
}
