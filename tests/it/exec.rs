//! `box exec`: another process in a running container.

use crate::env::{EVERYONE, Env};

fn sleeping(env: &Env) {
    env.run(["run", "-d", "--name", "c", "-e", "OF_THE=container", "busybox", "sleep", "600"]).code(0);
}

#[test]
fn a_command_runs_with_its_output_input_and_code() {
    for user in EVERYONE {
        let env = Env::of(user);
        sleeping(&env);
        env.run(["exec", "c", "sh", "-c", "echo out; echo err >&2; exit 8"])
            .code(8)
            .stdout("out\n")
            .stderr("err\n");
        env.feed(b"fed\n", ["exec", "-i", "c", "cat"]).code(0).stdout("fed\n");
        env.feed(b"fed\n", ["exec", "c", "cat"]).code(0).stdout("");
    }
}

#[test]
fn it_sees_the_container_s_world() {
    let env = Env::new();
    sleeping(&env);
    let id = env.ok(["inspect", "-f", "{{.Id}}", "c"]);
    env.run(["exec", "c", "hostname"]).stdout(&format!("{}\n", &id[..12]));
    env.run(["exec", "c", "cat", "/proc/1/comm"]).stdout("sleep\n");
    env.run(["exec", "c", "sh", "-c", "echo $OF_THE"]).stdout("container\n");
    for namespace in ["mnt", "pid", "net", "ipc", "uts", "user"] {
        let link = format!("/proc/1/ns/{namespace}");
        let own = format!("/proc/self/ns/{namespace}");
        env.run(["exec", "c", "sh", "-c", &format!("[ $(readlink {link}) = $(readlink {own}) ]")]).code(0);
    }
}

#[test]
fn it_is_held_in_as_the_container_is() {
    let env = Env::new();
    sleeping(&env);
    let status = |pid: &str| {
        env.ok(["exec", "c", "grep", "-E", "^(Cap|Seccomp:|NoNewPrivs)", &format!("/proc/{pid}/status")])
    };
    assert_eq!(status("self"), status("1"));
    assert!(status("self").contains("Seccomp:\t2"), "{}", status("self"));
}

#[test]
fn environment_directory_and_user_can_be_given() {
    let env = Env::new();
    sleeping(&env);
    let file = env.file("vars", "IN_FILE=yes\n");
    let script = "echo $A $IN_FILE $OF_THE; pwd; id -u; id -G";
    env.run(["exec", "-e", "A=1", "--env-file", &file, "-w", "/tmp", "-u", "www", "c", "sh", "-c", script])
        .code(0)
        .stdout("1 yes container\n/tmp\n33\n33 44\n");
    env.run(["exec", "-w", "/no/such", "c", "pwd"]).code(126);
    env.run(["exec", "-u", "nobody-here", "c", "true"]).fails(126, "nobody-here");
}

#[test]
fn privileged_gives_all_capabilities() {
    let env = Env::new();
    sleeping(&env);
    let caps = |privileged: &str| env.ok(["exec", privileged, "c", "grep", "CapEff", "/proc/self/status"]);
    assert_ne!(caps("--privileged=true"), caps("--privileged=false"));
    env.run(["exec", "--privileged", "c", "mount", "-t", "tmpfs", "none", "/mnt-not-there"]).code(255);
    env.run(["exec", "--privileged", "c", "mount", "-t", "tmpfs", "none", "/tmp"]).code(0);
    env.run(["exec", "c", "mount", "-t", "tmpfs", "none", "/home"]).code(1);
}

#[test]
fn detached_returns_and_the_process_goes_on() {
    let env = Env::new();
    sleeping(&env);
    env.run(["exec", "-d", "c", "sh", "-c", "sleep 0.2; echo done >/tmp/flag; exec sleep 613"]).code(0);
    crate::env::eventually("the detached process has written", || {
        env.run(["exec", "c", "cat", "/tmp/flag"]).code == Some(0)
    });
    env.run(["exec", "c", "ps"]).code(0).stdout_contains("sleep 613");
    env.run(["stop", "-t", "0", "c"]).code(0);
}

#[test]
fn errors_have_podman_s_codes() {
    let env = Env::new();
    sleeping(&env);
    env.run(["exec", "c", "no-such-program"]).fails(127, "no-such-program");
    env.run(["exec", "c", "/etc/notes"]).fails(126, "/etc/notes");
    env.run(["exec", "no-such", "true"]).fails(125, "no-such");
    env.run(["stop", "-t", "0", "c"]).code(0);
    env.run(["exec", "c", "true"]).fails(125, "c");
}

#[test]
fn a_killed_exec_reports_its_signal() {
    let env = Env::new();
    sleeping(&env);
    env.run(["exec", "c", "sh", "-c", "kill -TERM $$"]).code(143);
}

#[test]
fn the_end_of_the_container_ends_its_execs() {
    let env = Env::new();
    sleeping(&env);
    let mut exec = env.spawn(["exec", "c", "sh", "-c", "echo here; sleep 600"]);
    exec.expect("here");
    env.run(["kill", "c"]).code(0);
    exec.finish().code(137);
}

#[test]
fn a_terminal_is_one() {
    let env = Env::new();
    sleeping(&env);
    let mut pty = env.pty(["exec", "-it", "c", "sh"]);
    pty.expect("# ");
    pty.line("tty; stty size; echo code-$((40+2))");
    pty.expect("/dev/pts/");
    pty.expect("24 80");
    pty.expect("code-42");
    pty.resize(33, 101);
    pty.line("stty size");
    pty.expect("33 101");
    pty.line("exit 4");
    pty.code(4);
    assert!(pty.is_cooked());
}

#[test]
fn many_execs_at_once_each_get_their_own_output() {
    let env = Env::new();
    sleeping(&env);
    let running: Vec<_> = (0..12)
        .map(|n| (n, env.spawn(["exec", "c", "sh", "-c", &format!("sleep 0.1; echo {n}; exit {n}")])))
        .collect();
    for (n, exec) in running {
        exec.finish().code(n).stdout(&format!("{n}\n"));
    }
}

#[test]
fn a_detached_process_may_end_before_it_was_left() {
    let env = Env::new();
    env.run(["run", "-d", "--name", "c", "busybox", "sleep", "600"]).code(0);
    for _ in 0..20 {
        env.run(["exec", "-d", "c", "true"]).code(0).stderr("");
    }
}
