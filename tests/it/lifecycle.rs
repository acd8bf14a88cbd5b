//! create, start, stop, kill, restart, wait, rm, rename, exists, prune: a container's life.

use crate::env::{EVERYONE, Env, eventually};
use std::time::{Duration, Instant};

/// Ends on TERM with 3, and says when it is ready.
const POLITE: &str = "trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done";
/// Ignores TERM.
const STUBBORN: &str = "trap '' TERM; echo ready; while :; do sleep 0.05; done";

fn start(env: &Env, name: &str, script: &str) {
    env.run(["run", "-d", "--name", name, "busybox", "sh", "-c", script]).code(0);
    env.until_logged(name, "ready");
}

#[test]
fn a_container_is_created_started_waited_for_and_removed() {
    for user in EVERYONE {
        let env = Env::of(user);
        let id = env.ok(["create", "--name", "c", "busybox", "sh", "-c", "echo ran; exit 5"]);
        assert_eq!(id.len(), 64, "{id}");
        assert_eq!(env.status("c"), "created");
        env.run(["start", "c"]).code(0).stdout("c\n");
        env.run(["wait", "c"]).code(0).stdout("5\n");
        assert_eq!(env.status("c"), "exited");
        env.run(["logs", "c"]).code(0).stdout("ran\n");
        // It starts again, with what it wrote.
        env.run(["start", "-a", "c"]).code(5).stdout("ran\n");
        env.run(["rm", "c"]).code(0).stdout("c\n");
        env.run(["container", "exists", "c"]).code(1);
    }
}

#[test]
fn a_restarted_container_keeps_its_files() {
    let env = Env::new();
    let script = "test -e /kept && cat /kept; echo first >/kept";
    env.run(["run", "--name", "c", "busybox", "sh", "-c", script]).code(0).stdout("");
    env.run(["start", "-a", "c"]).code(0).stdout("first\n");
}

#[test]
fn start_with_i_gives_the_input() {
    let env = Env::new();
    env.run(["create", "-i", "--name", "c", "busybox", "cat"]).code(0);
    env.feed(b"typed\n", ["start", "-a", "-i", "c"]).code(0).stdout("typed\n");
}

#[test]
fn starting_what_runs_is_no_error() {
    let env = Env::new();
    start(&env, "c", POLITE);
    env.run(["start", "c"]).code(0).stdout("c\n");
    env.run(["start", "no-such"]).fails(125, "no-such");
}

#[test]
fn stop_sends_term_and_then_kill() {
    let env = Env::new();
    start(&env, "polite", POLITE);
    start(&env, "stubborn", STUBBORN);
    env.run(["stop", "polite"]).code(0).stdout("polite\n");
    env.run(["wait", "polite"]).stdout("3\n");
    let before = Instant::now();
    env.run(["stop", "-t", "1", "stubborn"]).code(0).stdout("stubborn\n");
    assert!(before.elapsed() >= Duration::from_secs(1));
    assert_eq!(env.ok(["inspect", "-f", "{{.State.ExitCode}}", "stubborn"]), "137");
    // Stopping what does not run is no error.
    env.run(["stop", "polite"]).code(0).stdout("polite\n");
    env.run(["stop", "no-such"]).fails(125, "no-such");
    env.run(["stop", "--ignore", "no-such"]).code(0);
}

#[test]
fn stop_uses_the_container_s_signal_and_timeout() {
    let mut env = Env::new();
    let script = "trap 'exit 4' USR1; echo ready; while :; do sleep 0.05; done";
    env.run(["run", "-d", "--name", "c", "--stop-signal", "USR1", "busybox", "sh", "-c", script]).code(0);
    env.until_logged("c", "ready");
    env.run(["stop", "c"]).code(0);
    env.run(["wait", "c"]).stdout("4\n");
    // An hour is longer than a test waits.
    let conf = env.file("containers.conf", "[engine]\nstop_timeout = 3600\n");
    env.set("CONTAINERS_CONF", &conf);
    env.run(["run", "-d", "--name", "d", "--stop-timeout", "0", "busybox", "sh", "-c", STUBBORN]).code(0);
    env.until_logged("d", "ready");
    env.run(["stop", "d"]).code(0);
}

#[test]
fn stop_takes_several_and_all() {
    let env = Env::new();
    start(&env, "a", POLITE);
    start(&env, "b", POLITE);
    env.run(["stop", "a", "b"]).code(0).stdout("a\nb\n");
    env.run(["start", "a", "b"]).code(0).stdout("a\nb\n");
    env.run(["stop", "--all", "-t", "0"]).code(0);
    assert_eq!((env.status("a"), env.status("b")), ("exited".into(), "exited".into()));
}

#[test]
fn kill_sends_kill_or_what_is_named() {
    let env = Env::new();
    start(&env, "c", POLITE);
    env.run(["kill", "-s", "TERM", "c"]).code(0).stdout("c\n");
    env.run(["wait", "c"]).stdout("3\n");
    start(&env, "d", STUBBORN);
    env.run(["kill", "d"]).code(0).stdout("d\n");
    env.run(["wait", "d"]).stdout("137\n");
    env.run(["kill", "d"]).fails(125, "d");
    env.run(["kill", "-s", "NOSUCH", "d"]).fails(125, "NOSUCH");
}

#[test]
fn several_are_restarted_side_by_side() {
    let env = Env::new();
    // They take their time to end, and it is not added up.
    let script = "trap 'sleep 1; exit 0' TERM; echo up; while :; do sleep 0.05; done";
    let names = ["c", "b", "a"];
    for name in names {
        env.run(["run", "-d", "--name", name, "busybox", "sh", "-c", script]).code(0);
        env.until_logged(name, "up");
    }
    let begun = std::time::Instant::now();
    env.run(["restart", "c", "b", "a"]).code(0).stdout("c\nb\na\n");
    assert!(begun.elapsed().as_millis() < 2900, "{:?}", begun.elapsed());
    for name in names {
        assert_eq!(env.status(name), "running");
    }
    env.run(["rm", "-f", "-t", "0", "a", "b", "c"]).code(0);
}

#[test]
fn restart_stops_and_starts() {
    let env = Env::new();
    start(&env, "c", "trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done");
    let pid = || env.ok(["inspect", "-f", "{{.State.Pid}}", "c"]);
    let before = pid();
    env.run(["restart", "c"]).code(0).stdout("c\n");
    assert_eq!(env.status("c"), "running");
    assert_ne!(before, pid());
    // It starts what does not run, too.
    env.run(["stop", "-t", "0", "c"]).code(0);
    env.run(["restart", "-t", "0", "c"]).code(0);
    assert_eq!(env.status("c"), "running");
}

#[test]
fn wait_waits_and_prints_a_code_for_each() {
    let env = Env::new();
    env.run(["run", "-d", "--name", "a", "busybox", "sh", "-c", "sleep 0.3; exit 1"]).code(0);
    env.run(["run", "-d", "--name", "b", "busybox", "sh", "-c", "exit 2"]).code(0);
    env.run(["wait", "a", "b"]).code(0).stdout("1\n2\n");
    env.run(["wait", "no-such"]).fails(125, "no-such");
    env.run(["wait", "--ignore", "no-such"]).code(0).stdout("-1\n");
}

#[test]
fn rm_has_its_own_exit_codes() {
    let env = Env::new();
    start(&env, "c", POLITE);
    env.run(["rm", "no-such"]).fails(1, "no-such");
    env.run(["rm", "-f", "no-such"]).code(0);
    env.run(["rm", "--ignore", "no-such"]).code(0);
    env.run(["rm", "c"]).fails(2, "c");
    assert_eq!(env.status("c"), "running");
    env.run(["rm", "-f", "-t", "0", "c"]).code(0).stdout("c\n");
    env.run(["container", "exists", "c"]).code(1);
}

#[test]
fn rm_takes_several_and_goes_on_after_one_that_fails() {
    let env = Env::new();
    for name in ["a", "b"] {
        env.run(["create", "--name", name, "busybox", "true"]).code(0);
    }
    let output = env.run(["rm", "a", "no-such", "b"]);
    output.code(1).stdout("a\nb\n").stderr_contains("no-such");
}

#[test]
fn rename_changes_the_name_only() {
    let env = Env::new();
    start(&env, "old", POLITE);
    let id = env.ok(["inspect", "-f", "{{.Id}}", "old"]);
    env.run(["rename", "old", "new"]).code(0).stdout("");
    assert_eq!(env.ok(["inspect", "-f", "{{.Id}} {{.Name}}", "new"]), format!("{id} new"));
    env.run(["container", "exists", "old"]).code(1);
    env.run(["create", "--name", "other", "busybox", "true"]).code(0);
    env.run(["rename", "new", "other"]).fails(125, "other");
}

#[test]
fn names_ids_and_unique_prefixes_all_name_a_container() {
    let env = Env::new();
    let id = env.ok(["create", "--name", "the-name", "busybox", "true"]);
    for which in ["the-name", &id, &id[..12], &id[..6], "/the-name"] {
        assert_eq!(env.ok(["inspect", "-f", "{{.Id}}", which]), id, "{which}");
        env.run(["container", "exists", which]).code(0);
    }
    // Seventeen ids begin with sixteen digits: two of them with the same one.
    let mut ids = vec![id];
    for _ in 0..16 {
        ids.push(env.ok(["create", "busybox", "true"]));
    }
    let mut first: Vec<_> = ids.iter().map(|id| id[..1].to_string()).collect();
    first.sort();
    let twice = first.windows(2).find(|pair| pair[0] == pair[1]).expect("sixteen digits").first().cloned();
    let twice = twice.expect("a digit");
    env.run(["inspect", "--type", "container", &twice]).code(125);
    env.run(["stop", &twice]).fails(125, &twice);
}

#[test]
fn exists_answers_by_its_code() {
    let env = Env::new();
    env.run(["create", "--name", "c", "busybox", "true"]).code(0);
    env.run(["container", "exists", "c"]).code(0).stdout("").stderr("");
    env.run(["container", "exists", "not-there"]).code(1).stdout("").stderr("");
}

#[test]
fn prune_removes_what_has_ended() {
    let env = Env::new();
    start(&env, "runs", POLITE);
    let ended = env.ok(["run", "-d", "--name", "ended", "busybox", "true"]);
    env.run(["wait", "ended"]).code(0);
    env.run(["container", "prune", "-f"]).code(0).stdout_contains(&ended);
    env.run(["container", "exists", "ended"]).code(1);
    assert_eq!(env.status("runs"), "running");
}

#[test]
fn the_long_spellings_work() {
    let env = Env::new();
    env.run(["container", "create", "--name", "c", "busybox", "sh", "-c", POLITE]).code(0);
    env.run(["container", "start", "c"]).code(0);
    env.run(["container", "ls", "-q"]).code(0).stdout_matches("^[0-9a-f]{12}\n$");
    env.run(["container", "logs", "c"]).code(0);
    env.run(["container", "stop", "-t", "0", "c"]).code(0);
    env.run(["container", "wait", "c"]).code(0);
    env.run(["container", "rm", "c"]).code(0);
    env.run(["container", "run", "--rm", "busybox", "echo", "x"]).code(0).stdout("x\n");
}

#[test]
fn top_shows_the_processes() {
    let env = Env::new();
    env.run(["run", "-d", "--name", "c", "busybox", "sleep", "612"]).code(0);
    env.run(["top", "c"]).code(0).stdout_contains("sleep 612").stdout_contains("USER");
    env.run(["top", "c", "pid", "comm"]).code(0).stdout_matches(r"(?m)^1\s+sleep$");
    env.run(["stop", "-t", "0", "c"]).code(0);
    env.run(["top", "c"]).fails(125, "c");
}

#[test]
fn a_container_survives_the_shell_that_started_it() {
    let env = Env::new();
    let mut pty = env
        .pty_program("sh", ["-c", &format!("{} run -d --name c busybox sleep 600", Env::binary().display())]);
    pty.expect("[0-9a-f]{64}");
    pty.code(0);
    pty.hang_up();
    assert_eq!(env.status("c"), "running");
}

#[test]
fn an_exit_is_recorded_with_its_times() {
    let env = Env::new();
    env.run(["run", "--name", "c", "busybox", "sh", "-c", "sleep 0.2; exit 6"]).code(6);
    let template = "{{.State.ExitCode}} {{.State.Running}} {{.State.Pid}} {{json .State.StartedAt}} {{json .State.FinishedAt}}";
    let out = env.ok(["inspect", "-f", template, "c"]);
    let parts: Vec<_> = out.split(' ').collect();
    assert_eq!(parts[..3], ["6", "false", "0"], "{out}");
    assert!(parts[3] < parts[4], "{out}");
}

/// As docker and podman have it.
#[test]
fn the_end_of_the_run_before_is_told_while_it_runs_again() {
    let env = Env::new();
    let end = || env.ok(["inspect", "-f", "{{json .State.FinishedAt}}", "c"]);
    let script = "test -e /again && exec sleep 600; touch /again; exit 6";
    env.run(["create", "--name", "c", "--init", "busybox", "sh", "-c", script]).code(0);
    assert!(end().starts_with("\"0001-01-01"), "{}", end());
    env.run(["start", "-a", "c"]).code(6);
    let first = end();
    env.run(["start", "c"]).code(0);
    assert_eq!(env.ok(["inspect", "-f", "{{.State.Running}} {{.State.ExitCode}}", "c"]), "true 0");
    assert_eq!(end(), first);
    env.run(["stop", "-t", "0", "c"]).code(0);
    assert!(end() > first);
}

#[test]
fn a_dead_supervisor_is_noticed_by_the_next_command() {
    let env = Env::new();
    env.run(["run", "-d", "--name", "c", "busybox", "sleep", "600"]).code(0);
    let supervisor = env.ok(["inspect", "-f", "{{.State.ConmonPid}}", "c"]).parse::<i32>().expect("a pid");
    assert!(supervisor > 0);
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(supervisor), nix::sys::signal::Signal::SIGKILL)
        .unwrap();
    eventually("the container has ended", || env.status("c") == "exited");
    env.run(["wait", "c"]).code(0).stdout("137\n");
    // And it can be started again.
    env.run(["start", "c"]).code(0);
    assert_eq!(env.status("c"), "running");
}

#[test]
fn stop_and_restart_send_the_signal_that_they_are_told() {
    let env = Env::new();
    let script = "trap 'exit 3' INT; trap 'exit 4' USR1; echo ready; while :; do sleep 0.05; done";
    env.ok(["run", "-d", "--name", "c", "--network", "none", "busybox", "sh", "-c", script]);
    env.until_logged("c", "ready");
    env.run(["stop", "--signal", "INT", "c"]).code(0).stdout("c\n");
    env.run(["inspect", "-f", "{{.State.ExitCode}}", "c"]).stdout("3\n");
    let died = "trap 'echo told' USR1; echo ready; while :; do sleep 0.05; done";
    env.ok(["run", "-d", "--name", "d", "--network", "none", "busybox", "sh", "-c", died]);
    env.until_logged("d", "ready");
    env.run(["restart", "-s", "SIGUSR1", "-t", "1", "d"]).code(0);
    env.until_logged("d", "told");
    env.run(["stop", "-s", "NOSUCH", "d"]).fails(125, "--signal");
    env.run(["rm", "-f", "-t", "0", "d"]).code(0);
}
