//! Single-id mode: a user without subordinate ids, or without the helpers that map them.

use crate::env::{Env, User, finish};

#[test]
fn it_is_said_once_in_one_line() {
    let env = Env::empty(User::NoSub);
    let output = env.run(["import", &crate::env::fixture("busybox.tar"), "x"]);
    output.code(0).stderr_contains("Note: single-id mode (box-nosub has no range");
    assert_eq!(output.err().lines().count(), 1, "{output}");
    env.run(["run", "--rm", "x", "echo", "x"]).code(0).stdout("x\n").stderr("");
    env.run(["info"]).code(0).stdout_contains("single");
}

#[test]
fn owners_can_be_set_without_an_error() {
    let env = Env::of(User::NoSub);
    let script = "touch /x && chown 33:33 /x && chgrp 44 /x && mknod /n c 1 3; echo $?; id -u";
    env.run(["run", "--rm", "busybox", "sh", "-c", script]).code(0).stdout("0\n0\n");
    env.run(["run", "--rm", "busybox", "su", "www", "-c", "echo as www"]).code(0).stdout("as www\n");
}

#[test]
fn whoever_the_image_wants_to_run_as_is_the_caller() {
    let env = Env::of(User::NoSub);
    let user = ["run", "--rm", "--network", "none", "--user", "7:8"];
    let dir = env.directory("dir");
    for flags in [
        &["-v", "new:/new"][..],
        &["-v", "/new"],
        &["-v", &format!("{dir}:/new:U")],
        &["-v", "other:/new:U"],
        &["--tmpfs", "/new:U"],
        &["--tmpfs", "/new:uid=7,gid=8,mode=700"],
        &["--mount", "type=devpts,dst=/pts,uid=7", "-v", "/new"],
    ] {
        let script = ["busybox", "sh", "-c", "echo x >/new/y && cat /new/y; echo err >&2"];
        env.run([&user[..], flags, &script].concat()).code(0).stdout("x\n").stderr("err\n");
    }
    env.pty([&user[..], &["-t", "busybox", "echo", "on", "a", "terminal"]].concat()).code(0);
    env.run(["run", "-d", "--name", "c", "--user", "7", "-v", "third:/new", "busybox", "sleep", "1000"])
        .code(0);
    env.run(["exec", "--user", "9", "c", "touch", "/new/z"]).code(0);
    // As in an image that says so itself.
    env.run(["commit", "-q", "-c", "USER www", "c", "named"]).code(0);
    env.run(["run", "--rm", "--network", "none", "named", "echo", "fine"]).code(0).stdout("fine\n");
    env.run(["rm", "-f", "-t", "0", "c"]).code(0);
}

#[test]
fn users_without_the_mapping_helpers_get_it_too() {
    // box-sub has a range, but newuidmap is hidden.
    let env = Env::empty(User::Sub);
    let hide =
        "mount --bind /dev/null $(command -v newuidmap); mount --bind /dev/null $(command -v newgidmap)";
    let script = format!(
        "{hide}; $AS $BOX import {} b >/dev/null && exec $AS $BOX run --rm b sh -c 'wc -l </proc/self/uid_map'",
        crate::env::fixture("busybox.tar")
    );
    finish(env.prepared(&script), b"").code(0).stdout("1\n");
}

#[test]
fn debian_packages_are_installed() {
    let env = Env::with(User::NoSub, &["debian"]);
    let script = "export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq && apt-get install -y -qq --no-install-recommends redis-server openssh-server >/tmp/log 2>&1 ||
        { tail -n 20 /tmp/log; exit 1; }
        redis-server --version | cut -d' ' -f1; ls /usr/sbin/sshd";
    // The mirrors that this machine uses, whatever they are.
    let network = ["run", "--rm", "--network", "host"];
    let mut args: Vec<&str> = network.to_vec();
    args.extend(["debian", "bash", "-c", script]);
    let output = env.run(args);
    output.code(0);
    assert!(output.out().ends_with("Redis\n/usr/sbin/sshd\n"), "{output}");
}
