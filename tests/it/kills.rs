//! kill -9 of anybody at any moment, and many starts at once: nothing stays, nothing breaks.

use crate::env::{EVERYONE, Env, User, eventually, in_parallel, rounds};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::time::Duration;

#[derive(Clone, Copy, Debug)]
enum Victim {
    Client,
    Supervisor,
    Init,
    Uplink,
}

fn kill_9(pid: i32) {
    // Gone already is as good.
    let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
}

fn find(env: &Env, part: &str) -> Option<i32> {
    env.processes().iter().find(|(_, line)| line.contains(part)).map(|(pid, _)| *pid)
}

/// Runs a container that has changed its user and kills one of its four processes.
fn round(env: &Env, victim: Victim, number: usize) {
    let name = format!("k{number}");
    // As www, which clears the parent-death signal; with a child and an exec beside it.
    let script = "sleep 700 & echo up; exec sleep 701";
    let mut run = env.spawn(["run", "--name", &name, "busybox", "su", "www", "-c", script]);
    run.expect("up\n");
    let mut exec = env.spawn(["exec", &name, "sh", "-c", "echo in; sleep 702"]);
    exec.expect("in\n");
    let pid_of = |field: &str| {
        env.ok(["inspect", "-f", &format!("{{{{.State.{field}}}}}"), &name]).parse::<i32>().expect("a pid")
    };
    match victim {
        Victim::Client => run.signal(Signal::SIGKILL),
        Victim::Supervisor => kill_9(pid_of("ConmonPid")),
        Victim::Init => kill_9(pid_of("Pid")),
        Victim::Uplink => {
            if let Some(pid) = find(env, "slirp4netns").or_else(|| find(env, "pasta")) {
                kill_9(pid);
            }
        }
    }
    match victim {
        Victim::Client | Victim::Uplink => {
            assert_eq!(env.status(&name), "running", "{victim:?}");
            env.run(["exec", &name, "true"]).code(0);
        }
        Victim::Supervisor | Victim::Init => {
            eventually(&format!("{name} has ended after the {victim:?}"), || env.status(&name) == "exited");
            assert_eq!(env.ok(["inspect", "-f", "{{.State.ExitCode}}", &name]), "137");
        }
    }
    env.run(["rm", "-f", "-t", "0", &name]).code(0);
    run.wait();
    exec.wait();
    eventually(&format!("nothing is left after the {victim:?}"), || env.processes().is_empty());
}

#[test]
fn the_kill_matrix_leaves_no_process() {
    let victims = [Victim::Client, Victim::Supervisor, Victim::Init, Victim::Uplink];
    in_parallel(rounds(12), |numbers| {
        let env = Env::new();
        for number in numbers {
            round(&env, victims[number % victims.len()], number);
        }
    });
}

#[test]
fn the_kill_matrix_during_a_restart() {
    in_parallel(rounds(6), |numbers| {
        let env = Env::new();
        restarts_with_kills(&env, numbers);
    });
}

fn restarts_with_kills(env: &Env, numbers: &mut dyn Iterator<Item = usize>) {
    let script = "trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done";
    env.run(["run", "-d", "--name", "c", "busybox", "sh", "-c", script]).code(0);
    for number in numbers.map(|number| number as u64) {
        let mut restart = env.spawn(["restart", "-t", "0", "c"]);
        std::thread::sleep(Duration::from_millis(3 * (number % 20)));
        for (pid, line) in env.processes() {
            // The client itself, then whatever is there of the container.
            if number % 2 == 0 || !line.contains("restart") {
                kill_9(pid);
            }
        }
        restart.wait();
        eventually("the container is known to have ended or runs", || {
            ["exited", "running", "created"].contains(&env.status("c").as_str())
        });
        // Also where a start whose client was killed is still going on and holds the container.
        env.run(["start", "c"]).code(0);
        env.until_status("c", "running");
    }
}

#[test]
fn concurrent_starts_share_one_user_namespace() {
    let env = Env::new();
    let count = 12;
    let started: Vec<_> = (0..count)
        .map(|n| {
            env.spawn([
                "run",
                "-d",
                "--network",
                "none",
                "--name",
                &format!("c{n}"),
                "busybox",
                "sleep",
                "600",
            ])
        })
        .collect();
    for run in started {
        run.finish().code(0).stdout_matches("^[0-9a-f]{64}\n$");
    }
    let namespaces: std::collections::BTreeSet<_> =
        (0..count).map(|n| env.ok(["exec", &format!("c{n}"), "readlink", "/proc/self/ns/user"])).collect();
    assert_eq!(namespaces.len(), 1, "{namespaces:?}");
    env.run(["rm", "-f", "-a", "-t", "0"]).code(0);
}

#[test]
fn concurrent_starts_and_exits_all_succeed() {
    for user in EVERYONE {
        let env = Env::of(user);
        let count = if user == User::Sub { 200.min(rounds(24).max(24)) } else { 8 };
        let started: Vec<_> = (0..count)
            .map(|n| (n, env.spawn(["run", "--rm", "--network", "none", "busybox", "echo", &format!("{n}")])))
            .collect();
        for (n, run) in started {
            run.finish().code(0).stdout(&format!("{n}\n"));
        }
        env.run(["ps", "-aq"]).stdout("");
    }
}

#[test]
fn concurrent_creates_of_one_name_give_one_container() {
    let env = Env::new();
    let created: Vec<_> = (0..8).map(|_| env.spawn(["create", "--name", "one", "busybox", "true"])).collect();
    let codes: Vec<_> = created.into_iter().map(|create| create.finish().code).collect();
    assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == Some(125)).count(), 7, "{codes:?}");
    assert_eq!(env.ok(["ps", "-aq"]).lines().count(), 1);
}

#[test]
fn concurrent_pulls_of_one_image_all_succeed() {
    let env = Env::empty(User::Sub);
    let image = format!("{}/test/layers", crate::env::registry());
    let pulls: Vec<_> = (0..4).map(|_| env.spawn(["pull", "-q", &image])).collect();
    for pull in pulls {
        pull.finish().code(0);
    }
    env.run(["run", "--rm", &image, "cat", "/l/one"]).code(0).stdout("one\n");
}

#[test]
fn a_pull_that_is_killed_can_be_done_again() {
    let env = Env::empty(User::Sub);
    let image = format!("{}/library/debian:bookworm", crate::env::registry());
    for millis in [5, 20, 60, 150, 400] {
        let mut pull = env.spawn(["pull", "-q", &image]);
        std::thread::sleep(Duration::from_millis(millis));
        for pid in env.processes().keys() {
            kill_9(*pid);
        }
        pull.wait();
    }
    env.run(["pull", "-q", &image]).code(0);
    env.run(["run", "--rm", &image, "cat", "/l/replaced"]).code(0).stdout("a file now\n");
}

#[test]
fn a_pull_that_is_interrupted_leaves_nothing() {
    use nix::sys::signal::Signal::{SIGHUP, SIGINT, SIGTERM};
    let env = Env::empty(User::Sub);
    let image = format!("{}/library/debian:bookworm", crate::env::registry());
    let made = |below: &str| {
        let entries = std::fs::read_dir(env.root().join(below));
        entries.map_or(0, |entries| entries.flatten().filter(|entry| entry.path().is_dir()).count())
    };
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let pull = env.spawn(["pull", "-q", &image]);
        eventually("something is being made", || made("tmp") > 0);
        pull.signal(signal);
        let output = pull.finish();
        assert_eq!(output.signal, Some(signal as i32), "{output}");
        eventually("nothing is left", || made("tmp") + made("trash") == 0 && env.processes().is_empty());
    }
    env.run(["images", "-q"]).code(0).stdout("");
    env.run(["pull", "-q", &image]).code(0);
}

#[test]
fn nothing_outlives_a_container_that_shares_a_pid_namespace() {
    let env = Env::new();
    let script = "sleep 703 & (sleep 704 & sleep 705) & echo up";
    env.run(["run", "--rm", "--pid", "host", "busybox", "sh", "-c", script]).code(0).stdout("up\n");
    // The last of them may still be on its way out when the answer is there.
    eventually("nothing is left", || env.processes().is_empty());

    env.run(["run", "-d", "--name", "c", "busybox", "sleep", "706"]).code(0);
    let joined = ["run", "--rm", "--pid", "container:c", "busybox", "sh", "-c", "sleep 707 & echo up"];
    env.run(joined).code(0).stdout("up\n");
    eventually("the joined one is gone", || find(&env, "sleep 707").is_none());
    env.run(["rm", "-f", "-t", "0", "c"]).code(0);

    // Nor when the supervisor is killed: whoever looks next sees to it.
    let script = "sleep 708 & exec sleep 709";
    env.run(["run", "-d", "--name", "c", "--pid", "host", "busybox", "sh", "-c", script]).code(0);
    eventually("both sleep", || find(&env, "sleep 708").and(find(&env, "sleep 709")).is_some());
    kill_9(env.ok(["inspect", "-f", "{{.State.ConmonPid}}", "c"]).parse().expect("a pid"));
    eventually("it has ended", || env.status("c") == "exited");
    eventually("nothing sleeps", || find(&env, "sleep 70").is_none());
    env.run(["start", "c"]).code(0);
    // Nor when both it and the first process are.
    eventually("both sleep", || find(&env, "sleep 708").and(find(&env, "sleep 709")).is_some());
    let pids = env.ok(["inspect", "-f", "{{.State.ConmonPid}} {{.State.Pid}}", "c"]);
    for pid in pids.split(' ') {
        kill_9(pid.parse().expect("a pid"));
    }
    eventually("it has ended", || env.status("c") == "exited");
    eventually("nothing sleeps", || find(&env, "sleep 70").is_none());
    env.run(["rm", "c"]).code(0);
}
