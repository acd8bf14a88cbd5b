//! Completions offer the names of what there is, in a real bash.

use crate::env::{Env, finish};

/// What bash offers for a line whose last word is being typed.
fn offered(env: &Env, line: &str) -> Vec<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let script = format!(
        "box() {{ '{}' \"$@\"; }}; source <(box completion bash); COMP_WORDS=({}); COMP_CWORD={}; \
         COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; _box_with_names box \"${{COMP_WORDS[COMP_CWORD]}}\" \
         \"${{COMP_WORDS[COMP_CWORD-1]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        Env::binary().display(),
        words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
        words.len() - 1,
    );
    let mut bash = env.program("bash");
    bash.args(["--norc", "-c", &script]);
    let output = finish(bash, b"");
    let text = output.code(0).stdout_line();
    let mut all: Vec<String> = text.lines().filter(|line| !line.is_empty()).map(str::to_string).collect();
    all.sort();
    all
}

#[test]
fn bash_offers_the_names_of_what_there_is() {
    let env = Env::new();
    env.run(["run", "-d", "--name", "living", "--network", "none", "busybox", "sleep", "600"]).code(0);
    env.run(["create", "--name", "waiting", "--network", "none", "busybox", "true"]).code(0);
    env.run(["volume", "create", "data"]).code(0);
    env.run(["network", "create", "backend"]).code(0);
    let image = "localhost/busybox:latest";
    for (line, wanted) in [
        ("box stop ", vec!["living"]),
        ("box container stop ", vec!["living"]),
        ("box exec -it ", vec!["living"]),
        ("box start ", vec!["waiting"]),
        ("box logs ", vec!["living", "waiting"]),
        ("box rm wai", vec!["waiting"]),
        ("box rmi ", vec![image]),
        ("box run --name x -it ", vec![image]),
        ("box image inspect ", vec![image]),
        ("box inspect ", vec!["living", image, "waiting"]),
        ("box volume rm ", vec!["data"]),
    ] {
        assert_eq!(offered(&env, line), wanted, "{line}");
    }
    for (line, one) in [
        ("box network inspect ", "backend"),
        ("box run --network ", "backend"),
        ("box run --network ", "host"),
        ("box run --requires ", "living"),
        ("box st", "start"),
        ("box run --detach-k", "--detach-keys"),
    ] {
        let all = offered(&env, line);
        assert!(all.iter().any(|word| word == one), "{line}: {all:?}");
    }
    assert!(!offered(&env, "box run busybox ").contains(&image.to_string()));
    env.run(["network", "rm", "backend"]).code(0);
    env.run(["volume", "rm", "data"]).code(0);
}
