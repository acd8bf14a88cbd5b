//! Twenty processes at once pull, run, commit, tag and remove: nothing locks up, no update is lost.

use crate::env::{Env, User, registry};
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
    crate::env::eventually("nothing is left of the images", || {
        ["layers", "images/blobs/sha256"]
            .iter()
            .all(|dir| std::fs::read_dir(env.root().join(dir)).map_or(0, Iterator::count) == 0)
    });
}
