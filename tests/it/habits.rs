//! What users of podman and docker do without thinking: names, spellings, files, variables.

use crate::env::{Env, User, finish};

/// A link to the binary with another name, in a directory of the test.
fn link(env: &Env, name: &str) -> std::path::PathBuf {
    let path = env.tmp().join(name);
    std::os::unix::fs::symlink(Env::binary(), &path).expect("a link");
    path
}

#[test]
fn a_link_named_podman_or_docker_is_box_under_that_name() {
    let env = Env::new();
    for name in ["podman", "docker"] {
        let link = link(&env, name);
        let run = |args: &[&str]| {
            let mut command = env.program(&link);
            command.args(args);
            finish(command, b"")
        };
        run(&["run", "--rm", "busybox", "echo", "hello"]).code(0).stdout("hello\n").stderr("");
        run(&["run", "-rm=true", "busybox", "echo", "hello"]).code(0).stdout("hello\n").stderr("");
        run(&["run", "--help"]).code(0).stdout_contains(&format!("Usage: {name} run [OPTIONS] IMAGE"));
        run(&["run", "--help"]).code(0).stdout_contains(&format!("  {name} run -it ubuntu bash"));
        run(&["--help"]).code(0).stdout_contains(&format!("Usage: {name} [OPTIONS] COMMAND"));
        run(&["run", "--frob"]).code(125).stderr_contains(&format!("{name} run: unknown flag --frob"));
    }
    let mut compose = env.program(link(&env, "docker-compose"));
    compose.arg("up");
    finish(compose, b"").code(125).stdout("").stderr_contains("docker-compose");
}

#[test]
fn what_other_machines_and_daemons_need_is_refused_with_a_word() {
    let env = Env::empty(User::Sub);
    for (line, word) in [
        ("-d", "no daemon"),
        ("-d -H unix:///var/run/docker.sock", "no daemon"),
        ("daemon", "no daemon"),
        ("-H tcp://192.0.2.1:2375 ps", "--host"),
        ("--url ssh://a@b/c ps", "--url"),
        ("--connection x ps", "--connection"),
        ("--remote ps", "--remote"),
    ] {
        let output = env.run(line.split(' '));
        output.code(125).stdout("").stderr_contains(word).stderr_contains("Hint: ");
    }
}
