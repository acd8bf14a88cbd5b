//! kill -9 at the system calls that change the store: what was reported as done is there, the next
//! commands work, and `system check` finds nothing broken.
//!
//! strace(1) kills: each process of a command when it makes its Nth call of a kind, which then does
//! not happen. `make test` tries a few places, `make stress` one after the other.

use crate::env::{Env, Output, eventually, finish, fixture, registry, rounds};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Kinds of calls after which a file is another.
const CALLS: [&str; 6] = [
    "rename,renameat,renameat2",
    "fsync,fdatasync,syncfs",
    "unlink,unlinkat,rmdir",
    "mkdir,mkdirat",
    "link,linkat,symlink,symlinkat,fchown,fchownat,fchmod,utimensat",
    "write,pwrite64,copy_file_range,sendfile,ftruncate",
];

type Words = Vec<String>;

/// A command to be killed. Names in it are such as no id begins with: `rm -f c` would take any.
struct Case {
    /// What has to be there for it.
    before: Vec<Words>,
    /// The command.
    killed: Words,
    /// When it has said that it is done, this succeeds.
    done: Words,
    /// What has to work whatever happened; it ends as it was before the case.
    after: Vec<Words>,
}

fn words(line: &str) -> Words {
    line.split_whitespace().map(str::to_string).collect()
}

fn case(before: &[&str], killed: &str, done: &str, after: &[&str]) -> Case {
    let all = |lines: &[&str]| lines.iter().map(|line| words(line)).collect();
    Case { before: all(before), killed: words(killed), done: words(done), after: all(after) }
}

fn cases() -> Vec<Case> {
    let pulled = format!("{}/test/layers:latest", registry());
    let archive = fixture("busybox-oci.tar");
    let tar = fixture("busybox.tar");
    let run = "run --rm --name w1 --network none -v v:/data -v /anonymous busybox true";
    vec![
        case(
            &[],
            &format!("pull -q {pulled}"),
            &format!("run --rm --network none {pulled} cat /l/hardlink"),
            &[
                &format!("pull -q {pulled}"),
                &format!("run --rm --network none {pulled} cat /l/hardlink"),
                &format!("rmi {pulled}"),
            ],
        ),
        case(
            &[],
            &format!("load -q -i {archive}"),
            "images -q",
            &[&format!("load -q -i {archive}"), "image prune -f", "image prune -f -a --filter label!=kept"],
        ),
        case(
            &[],
            &format!("import -q {tar} made"),
            "run --rm --network none made true",
            &[&format!("import -q {tar} made"), "run --rm --network none made true", "rmi made"],
        ),
        case(
            &[],
            "create -q --name w1 -v v:/data -v /anonymous busybox true",
            "container exists w1",
            &["rm -f -i -v w1", "create --name w1 -v v:/data busybox true", "rm -v w1", "volume rm v"],
        ),
        case(&[], run, "volume exists v", &["rm -f -i -v w1", run, "volume rm v"]),
        case(
            &["create --name w1 --network none busybox true"],
            "start -a w1",
            "ps",
            &["start -a w1", "rm w1"],
        ),
        case(&[], "commit -q kept made", "image exists made", &["commit -q kept made", "rmi made"]),
        case(&["create --name w1 -v /anonymous busybox true"], "rm -v w1", "ps", &["rm -f -i -v w1"]),
        case(
            &["commit -q kept made"],
            "rmi made",
            "images",
            &["rmi -f -i made", "commit -q kept made", "rmi made"],
        ),
        case(&[], "tag busybox made", "image exists made", &["tag busybox made", "untag made made"]),
        case(&["tag busybox made"], "untag made made", "images", &["tag busybox made", "untag made made"]),
        case(
            &["create --name w1 busybox true"],
            "rename w1 w2",
            "container exists w2",
            &["rm -f -i w1 w2", "create --name w1 busybox true", "rename w1 w2", "rm w2"],
        ),
        case(
            &[],
            "volume create -l a=b v",
            "volume exists v",
            &[
                "volume create --ignore v",
                "run --rm --network none -v v:/v busybox touch /v/f",
                "volume rm v",
            ],
        ),
        case(&["volume create v"], "volume rm v", "volume ls", &["volume create --ignore v", "volume rm v"]),
        case(
            &[],
            "network create n",
            "network exists n",
            &["network create --ignore n", "network inspect n", "network rm n"],
        ),
        case(
            &["network create n"],
            "network rm n",
            "network ls",
            &["network rm -f n", "network create n", "network rm n"],
        ),
        case(
            &[
                "create --name w1 --label go=1 -v v:/v busybox true",
                "volume create -l go=1 w",
                "tag busybox made",
            ],
            "container prune -f --filter label=go=1",
            "ps",
            &["container prune -f --filter label=go=1", "volume rm v w", "untag made made"],
        ),
        case(
            &["volume create -l go=1 v", "volume create -l go=1 w"],
            "volume prune -f --filter label=go=1",
            "ps",
            &["volume prune -f --filter label=go=1", "volume create v", "volume rm v"],
        ),
        case(&[], "cp kept:/etc/. kept:/copied", "diff kept", &["cp kept:/etc/. kept:/copied", "start kept"]),
        case(
            &["volume create v"],
            &format!("volume import v {tar}"),
            "run --rm --network none -v v:/v busybox test -e /v/bin/busybox",
            &[&format!("volume import v {tar}"), "volume rm v"],
        ),
        case(&[], "save -q -o saved.tar busybox", "load -q -i saved.tar", &["save -q -o saved.tar busybox"]),
        case(
            &[],
            "save -q --format oci-dir -o saved busybox",
            "load -q -i saved",
            &["save -q --format oci-dir -o saved busybox", "load -q -i saved"],
        ),
        case(&[], "export -o kept.tar kept", "diff kept", &["export -o kept.tar kept"]),
        case(
            &[],
            &format!("push -q busybox {}/faults/pushed:latest", registry()),
            &format!("search --list-tags {}/faults/pushed", registry()),
            &[&format!("push -q busybox {}/faults/pushed:latest", registry())],
        ),
        case(
            &["tag busybox w1", "volume create -l go=1 v", "network create n"],
            "system prune -f --volumes --filter label=go=1",
            "ps",
            &["system prune -f --filter label=go=1", "volume rm -f v", "network rm n", "untag w1 w1"],
        ),
        case(
            &["commit -q kept made", "create --name w1 made true"],
            "rmi -f made",
            "ps",
            &["rmi -f -i made", "rm -f -i w1"],
        ),
    ]
}

/// Runs a command whose processes are killed at their `number`th call of these; tells whether one was.
fn killed(env: &Env, case: &Case, calls: &str, number: usize) -> (bool, Output) {
    let trace = env.tmp().join("trace");
    let inject = format!("inject={calls}:signal=KILL:when={number}");
    let mut command = env.as_root("strace");
    command.args(["-f", "-u", env.name(), "-o"]).arg(&trace);
    command.args(["-e", &format!("trace={calls}"), "-e", &inject]).arg(Env::binary()).args(&case.killed);
    let output = finish(command, b"");
    let text = std::fs::read(&trace).expect("strace writes it");
    (String::from_utf8_lossy(&text).contains("+++ killed by SIGKILL"), output)
}

fn go_on(env: &Env, case: &Case, calls: &str, number: usize, output: &Output) {
    eventually("the killed command's processes are gone", || env.processes().is_empty());
    let said = format!("after `{}`, killed at {calls} {number}", case.killed.join(" "));
    let check = |line: &[String]| {
        let output = env.run(line);
        assert!(output.succeeded(), "{said}\n{output}");
    };
    if output.succeeded() {
        check(&case.done);
    }
    for line in ["container exists kept", "image exists busybox", "volume exists kept"] {
        check(&words(line));
    }
    case.after.iter().for_each(|line| check(line));
    check(&words("system check"));
}

/// Tries one case at every place, or at some; returns how many processes died.
fn rounds_of(env: &Env, case: &Case, at_most: usize, seed: usize) -> usize {
    let mut deaths = 0;
    for (kind, calls) in CALLS.iter().enumerate() {
        // With few rounds each command gets another kind, and each kind another place.
        if at_most == 1 && !(kind + seed).is_multiple_of(3) {
            continue;
        }
        for round in 1..=at_most {
            let number = if at_most > 1 { round } else { 1 + (seed + kind * 2) % 5 };
            for line in &case.before {
                env.run(line).code(0);
            }
            let (died, output) = killed(env, case, calls, number);
            go_on(env, case, calls, number, &output);
            if !died && at_most > 1 {
                break;
            }
            deaths += usize::from(died);
        }
    }
    deaths
}

#[test]
fn a_command_that_is_killed_anywhere_harms_nothing() {
    // A thousand in `make stress`: there it ends where a command makes no more calls.
    let at_most = match rounds(1) {
        1 => 1,
        many => many.min(60),
    };
    let cases = cases();
    let next = Mutex::new(cases.iter().enumerate());
    let deaths = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let env = Env::new();
                env.run(["volume", "create", "kept"]).code(0);
                let script = "echo x >/v/f; echo y >/y";
                let args =
                    ["run", "--name", "kept", "--network", "none", "-v", "kept:/v", "busybox", "sh", "-c"];
                env.run([&args[..], &[script]].concat()).code(0);
                while let Some((seed, case)) = { next.lock().expect("no panic there").next() } {
                    let died = rounds_of(&env, case, at_most, seed);
                    deaths.lock().expect("no panic there").insert(case.killed.join(" "), died);
                }
                env.run(["run", "--rm", "--network", "none", "-v", "kept:/v", "busybox", "cat", "/v/f"])
                    .code(0)
                    .stdout("x\n");
                env.run(["system", "check", "--repair", "--max", "0s"]).code(0);
                env.run(["system", "check", "--max", "0s"]).code(0).stdout("");
            });
        }
    });
    let deaths = deaths.into_inner().expect("no panic there");
    // Fewer, and strace did not do what we think.
    assert!(deaths.values().sum::<usize>() >= deaths.len() / 2, "{deaths:?}");
}
