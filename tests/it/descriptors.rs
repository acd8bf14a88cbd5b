//! Descriptors of the caller that are passed on, and none else.

use crate::env::{Env, Output, finish};

/// Runs a line of shell in which `box` is box, with a file `f` that says `hi` in its directory.
fn shell(env: &Env, line: &str) -> Output {
    env.file("f", "hi\n");
    let mut sh = env.program("sh");
    sh.args(["-c", &format!("box() {{ '{}' \"$@\"; }}; {line}", Env::binary().display())]);
    sh.current_dir(env.tmp());
    finish(sh, b"")
}

const OPEN: &str = "ls /proc/self/fd | tr '\\n' ' '";

#[test]
fn run_passes_on_what_is_named_under_its_number() {
    let env = Env::new();
    let run = "box run --rm --network none";
    let counted = shell(&env, &format!("{run} --preserve-fds 2 busybox cat /dev/fd/4 3<f 4<f"));
    counted.code(0).stdout("hi\n");
    // ls has one of its own open.
    shell(&env, &format!("{run} --preserve-fds 1 busybox sh -c \"{OPEN}\" 3<f 4<f 9<f")).stdout("0 1 2 3 4 ");
    shell(&env, &format!("{run} --init --preserve-fd 9,5 busybox sh -c \"{OPEN}\" 5<f 6<f 9<f"))
        .code(0)
        .stdout("0 1 2 3 5 9 ");
    for more in ["-t", "--network none --userns keep-id", "--network none --init", "-p 127.0.0.1::80"] {
        let line =
            format!("box run --rm {more} --preserve-fd 9 busybox sh -c 'echo {more} >&9' 9>out && cat out");
        shell(&env, &line).code(0).stdout_contains(more);
    }
}

#[test]
fn exec_passes_on_what_is_named_and_nothing_else_leaks() {
    let env = Env::new();
    env.ok(["run", "-d", "--name", "c", "--network", "none", "busybox", "sleep", "1000"]);
    shell(&env, &format!("box exec c sh -c \"{OPEN}\" 3<f 4<f")).code(0).stdout("0 1 2 3 ");
    shell(&env, "box exec --preserve-fds 1 c cat /dev/fd/3 3<f").code(0).stdout("hi\n");
    shell(&env, "box exec -t --preserve-fd 7 c cat /dev/fd/7 7<f 2>&1 | tr -d '\\r'").stdout("hi\n");
    let line = "mkfifo p; exec 5<>p; box exec -d --preserve-fd 5 c sh -c 'echo there >&5'; read answer <&5; echo $answer";
    shell(&env, line).code(0).stdout("there\n");
}

#[test]
fn what_is_not_open_cannot_be_passed_on() {
    let env = Env::new();
    env.ok(["create", "--name", "c", "--network", "none", "busybox", "sleep", "1000"]);
    for line in ["run --preserve-fds 2 busybox true 3<f", "exec --preserve-fd 3,4 c true 3<f"] {
        shell(&env, &format!("box {line}")).fails(125, "descriptor 4 is not open");
    }
    shell(&env, "box run --preserve-fd 2 busybox true").fails(125, "--preserve-fd");
    shell(&env, "box run --preserve-fd 4 --preserve-fds 1 busybox true").fails(125, "--preserve-fd");
}
