//! A full disk: whatever the command and whatever space is left, it says so in a line or two, leaves
//! what was there as it was and nothing beside it, and works once there is space again.

use crate::env::{Env, Output, Running, User, eventually, finish, fixture, registry, rounds};
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

/// A store, a home and a place for results on a file system of its own whose size can be changed.
struct Small {
    /// Keeps the mount namespace in which it is mounted; ends when it is dropped, so before the rest.
    holder: Running,
    env: Env,
}

impl Small {
    fn new(user: User) -> Small {
        let mut env = Env::empty(user);
        let dir = env.tmp().join("disk");
        for (name, below) in [("BOX_ROOT", "root"), ("TMPDIR", "tmp"), ("HOME", "home")] {
            env.set(name, dir.join(below));
        }
        let script = format!(
            "mkdir {0} && mount -t tmpfs -o size=1g none {0} && cd {0} && mkdir tmp home out && \
             chown {1} . tmp home out && echo ready && exec cat",
            dir.display(),
            env.uid(),
        );
        let mut holder = Running::start(env.prepared(&script));
        holder.expect("ready");
        Small { holder, env }
    }

    /// The mount point, seen from where it is mounted.
    fn dir(&self) -> PathBuf {
        self.env.tmp().join("disk")
    }

    /// A program that sees the file system, of the user or of root.
    fn inside(&self, program: impl AsRef<OsStr>, root: bool) -> Command {
        let mut command = self.env.as_root("nsenter");
        command.arg(format!("--mount=/proc/{}/ns/mnt", self.holder.pid()));
        command.arg(format!("--wdns={}", self.dir().display()));
        if !root {
            let uid = self.env.uid();
            command.args(["setpriv", "--reuid", &uid.to_string(), "--regid", &uid.to_string()]);
            command.arg("--clear-groups");
        }
        command.arg(program);
        command
    }

    fn run(&self, line: &str) -> Output {
        let mut command = self.inside(Env::binary(), false);
        command.args(line.split_whitespace());
        finish(command, b"")
    }

    fn script(&self, script: &str) -> String {
        let mut command = self.inside("sh", true);
        command.args(["-c", script]);
        finish(command, b"").code(0).stdout_line()
    }

    /// A line that has to succeed: of box, or with a `!` of sh(1).
    fn line(&self, line: &str) {
        match line.strip_prefix('!') {
            Some(script) => drop(self.script(&format!("cd {} && {script}", self.dir().display()))),
            None => drop(self.run(line).code(0)),
        }
    }

    /// Leaves that many pages of 4096 bytes; all there are if `None`.
    fn leave(&self, pages: Option<usize>) {
        let dir = self.dir();
        let dir = dir.display();
        match pages {
            Some(pages) => {
                let used = format!("$(($(stat -f -c '(%b-%f)' {dir})+{pages}))");
                self.script(&format!("mount -o remount,size=$(({used}*4096)) {dir}"));
            }
            None => drop(self.script(&format!("mount -o remount,size=1g {dir}"))),
        }
    }

    /// Every file there is with its size, but for what grows and for the digits of a time.
    fn list(&self) -> String {
        let list = "find . -not -type d -not -path './root/events*' -not -name '*.lock' -not -name state.json -printf '%p %s\\n' | sort; \
                    find . -type d -not -path './root/tmp*' -printf '%p\\n' | sort";
        self.script(&format!("cd {} && {list}", self.dir().display()))
    }

    /// The same, once what happens in the background is over.
    fn quiet_list(&self) -> String {
        eventually("the trash is empty", || {
            self.script(&format!("ls {}/root/trash", self.dir().display())).is_empty()
        });
        self.list()
    }
}

/// A command that needs space, and what takes away what it made.
struct Case {
    line: String,
    undo: Vec<&'static str>,
    /// What takes away what a failed command may leave: `run` keeps the container, as podman's, and
    /// what is extracted before the space is used up stays, as tar's.
    failed: Vec<&'static str>,
}

fn case(line: impl Into<String>, undo: &[&'static str]) -> Case {
    Case { line: line.into(), undo: undo.to_vec(), failed: Vec::new() }
}

fn cases() -> Vec<Case> {
    let pulled = format!("{}/test/layers:latest", registry());
    let (tar, oci, docker) =
        (fixture("busybox.tar"), fixture("busybox-oci.tar"), fixture("busybox-docker.tar"));
    let run = "--name w1 --network none -v v:/data -v /anonymous b";
    let kept = |case: Case| Case { failed: vec!["rm -f -i -v w1", "volume rm -f v"], ..case };
    let emptied = "!rm -rf root/volumes/filled/_data/*";
    vec![
        case(format!("pull -q {pulled}"), &["rmi layers"]),
        case(format!("import -q {tar} made"), &["rmi made"]),
        case(format!("load -q -i {oci}"), &["image prune -f -a --filter label!=kept"]),
        case(format!("load -q -i {docker}"), &["image prune -f -a --filter label!=kept"]),
        case(format!("create -q {run} true"), &["rm -v w1", "volume rm v"]),
        kept(case(format!("run {run} true"), &["rm -v w1", "volume rm v"])),
        kept(case(format!("run --rm {run} true"), &["volume rm v"])),
        kept(case(format!("run -q -d {run} true"), &["rm -f -v w1", "volume rm v"])),
        case("start -a kept", &[]),
        case("commit -q kept made", &["rmi made"]),
        case("commit -q -f docker --squash kept made", &["rmi made"]),
        case("tag b made", &["untag made made"]),
        case("rename kept other", &["rename other kept"]),
        case(format!("cp {tar} kept:/copied"), &["!rm root/containers/*/diff/copied"]),
        case("cp kept:/big out/big", &["!rm out/big"]),
        case("volume create -l a=b v", &["volume rm v"]),
        Case { failed: vec![emptied], ..case(format!("volume import filled {tar}"), &[emptied]) },
        case("volume export -o out/volume.tar filled", &["!rm out/volume.tar"]),
        case("save -q -o out/b.tar b", &["!rm out/b.tar"]),
        case("save -q --format oci-archive -o out/b.tar b", &["!rm out/b.tar"]),
        case("save -q --format oci-dir -o out/b b", &["!rm -r out/b"]),
        case("save -q --format docker-dir -o out/b b", &["!rm -r out/b"]),
        case("export -o out/kept.tar kept", &["!rm out/kept.tar"]),
        case(format!("push -q b {}/full/b:latest", registry()), &[]),
        case("network create n", &["network rm n"]),
    ]
}

fn changes(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let gone = old.iter().filter(|line| !new.contains(line)).map(|line| format!("- {line}\n"));
    let come = new.iter().filter(|line| !old.contains(line)).map(|line| format!("+ {line}\n"));
    gone.chain(come).collect()
}

/// Tries one command with more and more space until it works; returns what is wrong.
fn grow(small: &Small, case: &Case, step: impl Fn(usize) -> usize) -> Vec<String> {
    let mut wrong = Vec::new();
    let undo = || {
        small.leave(None);
        case.undo.iter().for_each(|line| small.line(line));
    };
    // Once with space: then locks and directories are made.
    small.run(&case.line).code(0);
    undo();
    let before = small.quiet_list();
    let mut pages = 0;
    loop {
        small.leave(Some(pages));
        let output = small.run(&case.line);
        if output.succeeded() {
            break;
        }
        case.failed.iter().for_each(|line| small.line(line));
        let mut say = |what: &str| wrong.push(format!("{pages} pages: {what}\n{output}"));
        if !(1..=2).contains(&output.err().lines().count()) || output.code != Some(125) {
            say("not one error in one or two lines");
        }
        if !output.err().contains("No space left") {
            say("the cause is not said");
        }
        let after = small.quiet_list();
        if after != before {
            say(&format!("it is not as it was:\n{}", changes(&before, &after)));
        }
        small.leave(None);
        let check = small.run("system check");
        if !check.succeeded() {
            say(&format!("the store is broken: {check}"));
        }
        assert!(pages < 20_000, "it never works: {output}");
        pages = step(pages);
    }
    undo();
    let after = small.quiet_list();
    if after != before {
        wrong.push(format!("after all:\n{}", changes(&before, &after)));
    }
    wrong.iter().map(|what| format!("`{}` with {what}", case.line)).collect()
}

#[test]
fn every_command_survives_a_full_disk() {
    let stress = rounds(1) > 1;
    let step = |pages: usize| match pages {
        0..4 => pages + 1,
        4..64 if stress => pages + 1,
        _ if stress => pages + pages / 16,
        _ => pages + pages / 2,
    };
    let cases = cases();
    let next = Mutex::new(cases.iter());
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let small = Small::new(User::Sub);
                small.run(&format!("import -q {} b", fixture("busybox.tar"))).code(0);
                small.run("volume create filled").code(0);
                let run = "run --name kept --network none -v filled:/v b cp /bin/busybox /big";
                small.run(run).code(0);
                while let Some(case) = { next.lock().expect("no panic there").next() } {
                    let found = grow(&small, case, step);
                    wrong.lock().expect("no panic there").extend(found);
                }
                small.run("rm kept").code(0);
            });
        }
    });
    let wrong = wrong.into_inner().expect("no panic there");
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn who_fills_the_disk_keeps_an_exit_code_and_can_be_removed() {
    let small = Small::new(User::Sub);
    small.run(&format!("import -q {} b", fixture("busybox.tar"))).code(0);
    // Once with space: then locks and directories are made.
    small.run("run --rm --network none -v /data b true").code(0);
    let before = small.quiet_list();
    for (pages, driver) in [(64, "overlay"), (100, "fuse"), (500, "overlay"), (500, "fuse")] {
        // What was there before is there still, and what cannot be copied stays what it is.
        let fill = "echo before >/first; cat /dev/zero >/fill; cat /dev/zero >/data/fill; cat /first; \
                    chmod 700 /bin/busybox && echo copied; stat -c %a /bin/busybox; exit 7";
        let words = ["run", "--network", "none", "--name", "c", "-v", "/data", "b", "sh", "-c", fill];
        let words = [&["--storage-driver", driver], &words[..]].concat();
        small.leave(Some(pages));
        let mut command = small.inside(Env::binary(), false);
        command.args(words);
        let output = finish(command, b"");
        output.code(7).stdout("before\n755\n").stderr_contains("chmod: /bin/busybox: No space left");
        assert_eq!(output.err().matches("No space left").count(), 3, "{driver}: {output}");
        small.run("inspect -f {{.State.Status}},{{.State.ExitCode}} c").code(0).stdout("exited,7\n");
        small.run("start -a c").code(7);
        small.run("container ls -aq --no-trunc").code(0);
        small.run("rm -v c").code(0).stdout("c\n");
        small.run("image prune -f").code(0);
        assert_eq!(changes(&before, &small.quiet_list()), "");
    }
    small.leave(Some(0));
    small.run("rmi b").code(0);
    let left = small.quiet_list();
    assert!(!left.contains("layers/") && !left.contains("sha256/"), "{left}");
}

#[test]
fn a_check_without_room_names_the_image_it_could_not_look_at() {
    let small = Small::new(User::Sub);
    small.run(&format!("import -q {} b", fixture("busybox.tar"))).code(0);
    small.run("system check").code(0);
    let before = small.quiet_list();
    small.leave(Some(20));
    small
        .run("system check")
        .code(125)
        .stderr_contains("image localhost/b:latest, layer ")
        .stderr_contains("No space left")
        .stderr_contains("system check --quick");
    small.run("system check --quick").code(0);
    small.leave(None);
    assert_eq!(changes(&before, &small.quiet_list()), "");
}
