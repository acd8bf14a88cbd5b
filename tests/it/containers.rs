//! Containers on disk: what is broken, half made or left by a crash harms nobody and goes away.

use crate::env::{Env, User, eventually};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::path::PathBuf;

fn directory(env: &Env, name: &str) -> PathBuf {
    env.root().join("names").join(name).canonicalize().expect("the container is there")
}

fn kill_supervisor(env: &Env, name: &str) {
    let pid = env.ok(["inspect", "-f", "{{.State.ConmonPid}}", name]).parse().expect("a pid");
    kill(Pid::from_raw(pid), Signal::SIGKILL).expect("the supervisor lives");
}

#[test]
fn a_broken_container_harms_only_itself() {
    let env = Env::new();
    for name in ["good", "bad"] {
        env.run(["create", "--name", name, "busybox", "true"]).code(0);
    }
    fs::write(directory(&env, "bad").join("config.json"), "{").expect("the store is writable");
    env.run(["ps", "-a", "--format", "{{.Names}}"]).code(0).stdout("good\n").stderr_contains("is broken");
    env.run(["start", "bad"]).fails(125, "is broken");
    env.run(["rm", "bad"]).fails(125, "box rm -f");
    env.run(["rm", "-f", "bad"]).code(0).stdout("bad\n");
    env.run(["rm", "good"]).code(0);
}

#[test]
fn a_half_made_container_is_not_there_and_its_name_is_free() {
    let env = Env::new();
    env.run(["create", "--name", "c", "busybox", "true"]).code(0);
    let half = directory(&env, "c");
    // What kill -9 leaves before the last step of making one.
    fs::remove_file(half.join("state.json")).expect("the state is there");
    env.run(["ps", "-aq"]).code(0).stdout("");
    env.run(["start", "c"]).fails(125, "no such container");
    env.run(["create", "--name", "c", "busybox", "true"]).code(0);
    env.run(["container", "prune", "-f"]).code(0);
    assert!(!half.exists());
}

#[test]
fn a_container_with_rm_stays_over_its_restart_and_goes_at_its_end() {
    let env = Env::new();
    env.run(["run", "-d", "--rm", "--name", "c", "busybox", "sh", "-c", "echo >> /n; exec sleep 600"])
        .code(0);
    env.run(["restart", "-t", "0", "c"]).code(0).stdout("c\n");
    assert_eq!(env.ok(["exec", "c", "wc", "-l", "/n"]), "2 /n");
    env.run(["kill", "c"]).code(0);
    eventually("it is gone", || env.run(["container", "exists", "c"]).code == Some(1));
}

#[test]
fn a_killed_supervisor_is_told_to_its_client() {
    let env = Env::new();
    for remove in [false, true] {
        let mut words = vec!["run", "--name", "c", "busybox", "sh", "-c", "echo up; exec sleep 600"];
        if remove {
            words.insert(1, "--rm");
        }
        let mut run = env.spawn(words);
        run.expect("up\n");
        kill_supervisor(&env, "c");
        // The code alone would be that of a program which was killed.
        run.finish().code(137).stderr_contains("supervisor");
        assert_eq!(env.run(["container", "exists", "c"]).code, Some(i32::from(remove)));
        if !remove {
            assert!(env.ok(["inspect", "-f", "{{.State.Error}}", "c"]).contains("was killed"));
            env.run(["rm", "c"]).code(0);
        }
    }
}

#[test]
fn a_container_that_others_live_in_is_removed_with_them() {
    let env = Env::new();
    env.run(["run", "-d", "--name", "a", "busybox", "sleep", "600"]).code(0);
    env.run(["run", "-d", "--name", "b", "--network", "container:a", "busybox", "sleep", "600"]).code(0);
    env.run(["rm", "-f", "-t", "0", "a"]).fails(2, "has dependent containers");
    assert_eq!(env.status("a"), "running");
    let removed = env.run(["rm", "-f", "-t", "0", "--depend", "a"]);
    removed.code(0).stdout_matches("^[0-9a-f]{64}\na\n$");
    env.run(["ps", "-aq"]).stdout("");
}

#[test]
fn replace_takes_the_place_of_a_running_container() {
    let env = Env::new();
    let first = env.ok(["run", "-d", "--name", "c", "--stop-timeout", "0", "busybox", "sleep", "600"]);
    let second = env.ok(["run", "-d", "--replace", "--name", "c", "busybox", "sleep", "600"]);
    assert_ne!(first, second);
    assert_eq!(env.ok(["inspect", "-f", "{{.Id}}", "c"]), second);
    env.run(["rm", "-f", "-t", "0", "c"]).code(0);
}

#[test]
fn a_full_disk_leaves_the_old_state_and_no_new_container() {
    let env = Env::empty(User::Root);
    // A store of its own size needs a mount, so this one is root's.
    let script = "set -e; mkdir -p $BOX_ROOT; mount -t tmpfs -o size=8m none $BOX_ROOT; \
        $0 import -q $1 busybox; $0 create --name old busybox true; \
        dd if=/dev/zero of=$BOX_ROOT/fill bs=4k 2>/dev/null || true; \
        code=0; $0 create --name new busybox true || code=$?; echo code $code; \
        $0 ps -a --format '{{.Names}}'; rm $BOX_ROOT/fill; \
        $0 create --name new busybox true; $0 rm old new";
    let mut command = env.program("unshare");
    command.args(["-m", "sh", "-c", script]).arg(Env::binary()).arg(crate::env::fixture("busybox.tar"));
    let done = crate::env::finish(command, b"");
    done.code(0).stdout_contains("code 125\nold\n").stderr_contains("No space left on device");
}

#[test]
fn every_living_set_has_one_user_namespace() {
    let env = Env::new();
    let script = "echo $(readlink /proc/self/ns/user) $(cut -d' ' -f1 /proc/uptime); sleep 0.$0; \
        cut -d' ' -f1 /proc/uptime";
    let started: Vec<_> = (0..crate::env::rounds(20).clamp(20, 200))
        .map(|n| {
            // Some end before others begin: a set dies out, and the next one is another.
            std::thread::sleep(std::time::Duration::from_millis(n as u64 % 7 * 9));
            let pause = format!("{}", n % 4);
            env.spawn(["run", "--rm", "--network", "none", "busybox", "sh", "-c", script, &pause])
        })
        .collect();
    let mut sets = std::collections::BTreeMap::<String, (f64, f64)>::new();
    for run in started {
        let done = run.finish();
        let out = done.code(0).out();
        let [namespace, from, to] = out.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{out}") };
        let (from, to): (f64, f64) = (from.parse().expect("a time"), to.parse().expect("a time"));
        let set = sets.entry(namespace.to_string()).or_insert((from, to));
        *set = (set.0.min(from), set.1.max(to));
    }
    let mut sets: Vec<_> = sets.into_iter().collect();
    sets.sort_by(|a, b| a.1.0.total_cmp(&b.1.0));
    for pair in sets.windows(2) {
        assert!(pair[0].1.1 <= pair[1].1.0, "two namespaces lived at once: {sets:?}");
    }
}
