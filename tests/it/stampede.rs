//! Twenty processes at once pull, run, commit, tag and remove: nothing locks up, no update is lost.

use crate::env::{Env, User, eventually, registry};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How many do it at once.
const CROWD: usize = 20;

/// How long they do it: `BOX_TEST_SECONDS`, two minutes in `make stress`, a few seconds otherwise.
fn length() -> Duration {
    let seconds = std::env::var("BOX_TEST_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(10))
}

/// One member of the crowd: returns the names that it has in the end.
fn member(env: &Env, number: usize, shared: &str, end: Instant) -> BTreeSet<String> {
    let mut own = BTreeSet::new();
    // Every member begins at another place.
    for round in number.. {
        if Instant::now() > end {
            break;
        }
        match round % 7 {
            0 => drop(env.run(["pull", "-q", shared]).code(0)),
            1 => {
                let said = format!("{number}-{round}\n");
                env.run(["run", "--rm", "--network", "none", shared, "echo", said.trim()])
                    .code(0)
                    .stdout(&said);
            }
            2 => {
                let (container, image) =
                    (format!("c{number}-{round}"), format!("localhost/m{number}:{round}"));
                let script = format!("echo {number}-{round} >/made");
                env.run(["run", "--name", &container, "--network", "none", shared, "sh", "-c", &script])
                    .code(0);
                env.run(["commit", "-q", &container, &image]).code(0);
                env.run(["rm", &container]).code(0);
                own.insert(image);
            }
            3 => {
                let image = format!("localhost/t{number}:{round}");
                env.run(["tag", shared, &image]).code(0);
                own.insert(image);
            }
            4 if own.len() > 1 => {
                let image = own.pop_first().expect("it has more than one");
                env.run(["rmi", &image]).code(0);
            }
            5 => drop(env.run(["image", "prune", "-f"]).code(0)),
            _ => {
                env.run(["images", "-q"]).code(0);
                env.run(["ps", "-a"]).code(0);
            }
        }
    }
    own
}

#[test]
fn a_crowd_neither_locks_up_nor_loses_anything() {
    let env = Env::empty(User::Sub);
    let shared = format!("{}/library/busybox:latest", registry());
    env.run(["pull", "-q", &shared]).code(0);
    let end = Instant::now() + length();
    let mut expected: BTreeSet<String> = std::thread::scope(|scope| {
        let crowd: Vec<_> = (0..CROWD)
            .map(|number| {
                let (env, shared) = (&env, shared.as_str());
                scope.spawn(move || member(env, number, shared, end))
            })
            .collect();
        crowd.into_iter().flat_map(|one| one.join().expect("no member fails")).collect()
    });
    expected.insert(shared);
    let list = env.ok(["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    let there: BTreeSet<String> = list.lines().map(str::to_string).collect();
    assert_eq!(there, expected);
    // Each committed image has what its own container wrote.
    for image in expected.iter().filter(|name| name.starts_with("localhost/m")).take(5) {
        let (_, number) = image.split_once("/m").expect("it was made here");
        let said = number.replace(':', "-") + "\n";
        env.run(["run", "--rm", "--network", "none", image, "cat", "/made"]).code(0).stdout(&said);
    }
    env.run(["rmi", "-a", "-f"]).code(0);
    eventually("nothing is left of the images", || {
        ["layers", "images/blobs/sha256"]
            .iter()
            .all(|dir| std::fs::read_dir(env.root().join(dir)).map_or(0, Iterator::count) == 0)
    });
}

/// Numbers that differ from member to member and from run to run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A member that kills with -9, now its own command, now any process of the crowd: commands may fail,
/// but what one has said to be done is done. Returns the names that it has been told of.
fn reckless(env: &Env, number: usize, shared: &str, end: Instant) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let mut dice = Dice(u64::from(clock.subsec_nanos()) + number as u64);
    for round in number.. {
        if Instant::now() > end {
            break;
        }
        // No id begins so: `rm -f c1` would take somebody else's.
        let (container, image) = (format!("w{number}"), format!("localhost/m{number}:{round}"));
        let script = format!("echo {number}-{round} >/made");
        let words: Vec<&str> = match round % 8 {
            0 => vec!["pull", "-q", shared],
            1 => vec!["run", "--rm", "-v", "/anonymous", "--network", "none", shared, "true"],
            2 => vec!["run", "--name", &container, "--network", "none", shared, "sh", "-c", &script],
            3 => vec!["commit", "-q", &container, &image],
            4 => vec!["rm", "-f", &container],
            5 => vec!["tag", shared, &image],
            6 => vec!["image", "prune", "-f"],
            _ => vec!["container", "prune", "-f"],
        };
        let mut command = env.spawn(&words);
        let moment = std::time::Duration::from_millis(dice.below(150));
        match dice.below(4) {
            0 => {
                std::thread::sleep(moment);
                command.signal(Signal::SIGKILL);
            }
            1 => {
                std::thread::sleep(moment);
                let all: Vec<i32> = env.processes().into_keys().collect();
                if !all.is_empty() {
                    let victim = all[dice.below(all.len() as u64) as usize];
                    // Gone already is as good.
                    let _ = kill(Pid::from_raw(victim), Signal::SIGKILL);
                }
            }
            _ => {}
        }
        // A command that locks up fails here.
        if command.wait().success() && matches!(words[0], "commit" | "tag") {
            told.insert(image);
        }
    }
    told
}

#[test]
fn a_crowd_that_is_killed_at_random_leaves_nothing_broken() {
    let env = Env::empty(User::Sub);
    let shared = format!("{}/library/busybox:latest", registry());
    env.run(["pull", "-q", &shared]).code(0);
    let end = Instant::now() + length();
    let told: BTreeSet<String> = std::thread::scope(|scope| {
        let crowd: Vec<_> = (0..CROWD)
            .map(|number| {
                let (env, shared) = (&env, shared.as_str());
                scope.spawn(move || reckless(env, number, shared, end))
            })
            .collect();
        crowd.into_iter().flat_map(|one| one.join().expect("no member locks up")).collect()
    });
    eventually("what the dead have begun is over", || env.processes().is_empty());
    env.run(["system", "check"]).code(0);
    let list = env.ok(["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    let there: BTreeSet<String> = list.lines().map(str::to_string).collect();
    let lost: Vec<&String> = told.difference(&there).collect();
    assert!(lost.is_empty(), "{lost:?} of {told:?}");
    for image in told.iter().take(5) {
        env.run(["run", "--rm", "--network", "none", image, "true"]).code(0);
    }
    env.run(["rm", "-a", "-f", "-v"]).code(0);
    env.run(["volume", "prune", "-f"]).code(0);
    env.run(["system", "check", "--repair", "--max", "0s"]).code(0);
    env.run(["system", "check", "--max", "0s"]).code(0).stdout("");
    env.run(["rmi", "-a", "-f"]).code(0);
    eventually("nothing is left of anything", || {
        ["layers", "images/blobs/sha256", "containers", "volumes", "trash"].iter().all(|dir| {
            let entries = std::fs::read_dir(env.root().join(dir)).into_iter().flatten().flatten();
            entries.filter(|entry| !entry.file_name().to_string_lossy().starts_with('.')).count() == 0
        })
    });
}
