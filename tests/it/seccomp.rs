//! What the filter lets through, call by call, beside Debian's podman.

use crate::env::{Env, Output, base, finish};
use boxed::oci::seccomp::{Arch, syscalls};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A C program of tests/it/programs, compiled once, where every user may execute it.
pub(crate) fn compiled(name: &str, options: &[&str]) -> PathBuf {
    compiled_by("gcc", name, options)
}

/// As [`compiled`], by another compiler.
pub(crate) fn compiled_by(compiler: &str, name: &str, options: &[&str]) -> PathBuf {
    static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one_at_a_time = LOCK.lock();
    let target = base().join("bin").join(name);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/programs").join(format!("{name}.c"));
    let age = |path: &Path| std::fs::metadata(path).and_then(|meta| meta.modified()).ok();
    if age(&target).is_none_or(|made| Some(made) < age(&source)) {
        let mut gcc = Command::new(compiler);
        gcc.args(["-O1", "-Wall", "-Wextra", "-Werror", "-static"]).args(options);
        finish(
            {
                gcc.arg("-o").arg(&target).arg(&source);
                gcc
            },
            b"",
        )
        .code(0);
    }
    target
}

/// What the program syscalls.c printed: the call, and what came of it.
type Answers = BTreeMap<String, String>;

fn answers(output: &Output) -> Answers {
    output
        .code(0)
        .out()
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let (call, answer) = match words[..] {
                [arch @ ("x86_64" | "i386"), number, ref answer @ ..] => {
                    (format!("{arch} {number}"), answer.join(" "))
                }
                [name, ref answer @ ..] => (name.to_string(), answer.join(" ")),
                [] => panic!("an empty line:\n{output}"),
            };
            let answer = match answer.parse() {
                Ok(errno) => format!("{:?}", nix::errno::Errno::from_raw(errno)),
                Err(_) => answer,
            };
            (call, answer)
        })
        .collect()
}

fn in_box(env: &Env, options: &[&str]) -> Answers {
    let program = compiled("syscalls", &[]);
    let bind = format!("{}:/syscalls:ro", program.display());
    let mut args = vec!["run", "--rm", "--network", "none", "-v", &bind];
    args.extend(options);
    args.extend(["busybox", "/syscalls"]);
    answers(&env.run(args))
}

/// The same container by podman, with box's capabilities.
///
/// crun refuses a hybrid cgroup tree, so podman gets a mount namespace with a fresh cgroup2; and it
/// leaves a process behind that holds its user namespace, so it gets a pid namespace too.
fn in_podman(env: &Env) -> &'static Answers {
    static ANSWERS: OnceLock<Answers> = OnceLock::new();
    ANSWERS.get_or_init(|| ask_podman(env))
}

fn ask_podman(env: &Env) -> Answers {
    let script = r#"
        mount -t cgroup2 none /sys/fs/cgroup && mount -t tmpfs -o "mode=755,uid=$1" none /mnt || exit 3
        mkdir /mnt/rootfs && cd /mnt/rootfs && mkdir dev proc sys etc tmp run && cp "$2" syscalls || exit 3
        chown -R "$1" /mnt/rootfs
        exec setpriv --reuid "$1" --regid "$1" --clear-groups \
            env HOME=/mnt XDG_RUNTIME_DIR=/mnt podman --root /mnt/store --runroot /mnt/run \
            --cgroup-manager cgroupfs --events-backend none \
            run --rm --network none --cgroups disabled --log-driver none \
            --cap-add AUDIT_WRITE,MKNOD,NET_RAW --rootfs /mnt/rootfs /syscalls"#;
    let mut command = Command::new("unshare");
    command.args(["--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script, "sh"]);
    command.arg(env.uid().to_string()).arg(compiled("syscalls", &[]));
    answers(&finish(command, b""))
}

struct Difference {
    podman: String,
    ours: String,
}

fn listed() -> BTreeMap<String, Difference> {
    include_str!("seccomp-differences.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert!(words.len() > 4, "no reason: {line}");
            let difference = Difference { podman: words[1].to_string(), ours: words[2].to_string() };
            (words[0].to_string(), difference)
        })
        .collect()
}

/// The name of the call on a line such as `x86_64 59`; other lines have a name.
fn name(call: &str) -> String {
    let named = call.split_once(' ').and_then(|(arch, number)| {
        let arch = if arch == "i386" { Arch::X86 } else { Arch::X86_64 };
        syscalls::name(number.parse().ok()?, arch)
    });
    named.unwrap_or(call).to_string()
}

#[test]
fn every_system_call_is_answered_as_in_podman_or_the_list_says_why_not() {
    let env = Env::new();
    let ours = in_box(&env, &[]);
    let podman = in_podman(&env);
    assert!(ours.len() > 1000, "{}", ours.len());
    assert!(ours.keys().eq(podman.keys()));
    let listed = listed();
    let mut unlisted = Vec::new();
    for (call, ours) in &ours {
        let podman = &podman[call];
        let name = name(call);
        let explained = listed.get(&name).is_some_and(|difference| {
            (difference.podman == "*" || difference.podman == *podman)
                && (difference.ours == "kernel" || difference.ours == *ours)
        });
        if ours != podman && !explained {
            unlisted.push(format!("{call} ({name}): podman {podman}, box {ours}"));
        }
    }
    assert!(unlisted.is_empty(), "not in seccomp-differences.txt:\n{}", unlisted.join("\n"));
}

/// The same file through box's reader and compiler and through podman's and libseccomp's.
#[test]
fn debian_s_own_profile_means_the_same_in_box_as_in_podman() {
    let env = Env::new();
    let mut ours = in_box(&env, &["--security-opt", "seccomp=/usr/share/containers/seccomp.json"]);
    let mut podman = in_podman(&env).clone();
    // x32 has no rules of its own in box, whatever a profile says.
    ours.remove("getpid-x32");
    podman.remove("getpid-x32");
    let different: Vec<String> = ours
        .iter()
        .filter(|(call, answer)| podman.get(*call) != Some(answer))
        .map(|(call, answer)| format!("{call} ({}): podman {:?}, box {answer}", name(call), podman.get(call)))
        .collect();
    assert!(different.is_empty(), "{}", different.join("\n"));
}
