//! Completions offer the names of what there is, in a real bash, zsh and fish.

use crate::env::{Env, finish};

/// For each line that is an argument, what bash offers for its last word.
const BASH: &str = r#"
box() { command "$BOX" "$@"; }
source <(box completion bash)
for COMP_LINE in "$@"; do
    COMP_POINT=${#COMP_LINE}
    read -ra COMP_WORDS <<<"$COMP_LINE"
    [[ $COMP_LINE == *' ' ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    COMPREPLY=()
    _box box "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
    printf '%s\n' "== $COMP_LINE" "${COMPREPLY[@]}"
done
"#;

/// zsh completes on a terminal only: it gets one, and tells by the function that takes the words.
const ZSH: &str = r#"
box() { command "$BOX" "$@"; }
box completion zsh >_box
cat >setup.zsh <<'END'
PROMPT=
box() { command "$BOX" "$@"; }
fpath=($PWD $fpath)
autoload -Uz compinit
compinit -u -D
bindkey '^I' complete-word
compadd() {
    # With -O, -A and -D it only computes.
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
    typeset -a __hits
    builtin compadd -A __hits "$@"
    (( $#__hits )) && print -rl -- $__hits >>offered
}
finish() { print -r all'-'offered }
comppostfuncs=(finish)
print -r set'-'up
END
zmodload zsh/zpty
for line in "$@"; do
    zpty z zsh -f -i
    zpty -w z 'source ./setup.zsh'
    zpty -r z x '*set-up*'
    : >offered
    zpty -n -w z "$line"$'\t'
    zpty -r z x '*all-offered*'
    print -r -- "== $line"
    cat offered
    zpty -d z
done
"#;

const FISH: &str = r#"
function box; command $BOX $argv; end
box completion fish | source
for line in $argv
    echo "== $line"
    complete -C $line | string replace -r '\t.*' '' || true
end
"#;

/// What a shell offers for lines whose last words are being typed, sorted.
fn offered(env: &Env, shell: &str, lines: &[&str]) -> Vec<Vec<String>> {
    let (name, text, flags) = match shell {
        "bash" => ("ask.bash", BASH, &["--norc"][..]),
        "zsh" => ("ask.zsh", ZSH, &["-f"][..]),
        _ => ("ask.fish", FISH, &["--no-config"][..]),
    };
    let script = env.file(name, text);
    let mut program = env.program(shell);
    program.env("BOX", Env::binary()).env("TERM", "dumb").current_dir(env.tmp());
    program.args(flags).arg(script).args(lines);
    let text = finish(program, b"").code(0).out();
    let mut all: Vec<Vec<String>> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("== ") {
            Some(_) => all.push(Vec::new()),
            None => all.last_mut().expect("a line was named").push(line.to_string()),
        }
    }
    all.iter_mut().for_each(|words| words.sort());
    all.iter_mut().for_each(Vec::dedup);
    assert_eq!(all.len(), lines.len(), "{shell}: {text}");
    all
}

#[test]
fn shells_offer_the_names_of_what_there_is() {
    let env = Env::new();
    env.run(["run", "-d", "--name", "living", "--network", "none", "busybox", "sleep", "600"]).code(0);
    env.run(["create", "--name", "waiting", "--network", "none", "busybox", "true"]).code(0);
    env.run(["volume", "create", "data"]).code(0);
    env.run(["network", "create", "backend"]).code(0);
    let image = "localhost/busybox:latest";
    let exactly = [
        ("box st", &["start", "stop"][..]),
        ("box stop ", &["living"]),
        ("box container stop ", &["living"]),
        ("box --log-level debug stop ", &["living"]),
        ("box exec -it ", &["living"]),
        ("box start ", &["waiting"]),
        ("box logs ", &["living", "waiting"]),
        ("box rm wai", &["waiting"]),
        ("box rm -f living wai", &["waiting"]),
        ("box rmi ", &[image]),
        ("box run --name x -it ", &[image]),
        ("box image inspect ", &[image]),
        ("box inspect ", &["living", image, "waiting"]),
        ("box volume rm ", &["data"]),
        ("box network inspect back", &["backend"]),
        ("box network connect backend ", &["living", "waiting"]),
        ("box run --network back", &["backend"]),
        ("box run --net no", &["none"]),
        ("box run --requires ", &["living", "waiting"]),
        ("box run --link li", &["living"]),
        ("box run --detach-k", &["--detach-keys"]),
        ("box run -it busyb", &["busybox", "busybox:latest"]),
        ("box run --pull ", &["always", "missing", "never", "newer"]),
        ("box run --log-driver ", &["k8s-file", "none"]),
        ("box run --volume dat", &["data"]),
        ("box run -v dat", &["data"]),
        ("box run --platform linux/a", &["linux/amd64", "linux/arm/v7", "linux/arm64"]),
        ("box kill -s HU", &["HUP"]),
        ("box kill --signal HU", &["HUP"]),
        ("box ps --filter st", &["status"]),
        ("box ps -f st", &["status"]),
        ("box ps --format ", &["json", "table"]),
        ("box help ru", &["run"]),
        ("box help volume ex", &["exists", "export"]),
        ("box completion ", &["bash", "fish", "zsh"]),
        ("box exec --no-s", &[]),
    ];
    let not_an_image = ["box run busybox ", "box volume create ", "box exec living "];
    let lines: Vec<&str> = exactly.iter().map(|(line, _)| *line).chain(not_an_image).collect();
    for shell in ["bash", "zsh", "fish"] {
        let all = offered(&env, shell, &lines);
        for ((line, wanted), offered) in exactly.iter().zip(&all) {
            let mut offered = offered.clone();
            // Where flags are offered, other shells say with what: `--flag=`.
            offered.iter_mut().for_each(|word| word.truncate(word.trim_end_matches('=').len()));
            assert_eq!(offered, *wanted, "{shell}: {line}");
        }
        for (line, offered) in not_an_image.iter().zip(&all[exactly.len()..]) {
            let name = |word: &String| [image, "living", "waiting", "data"].contains(&word.as_str());
            assert!(!offered.iter().any(name), "{shell}: {line}: {offered:?}");
        }
    }
    // bash cuts words at colons, and replaces what follows the last one.
    assert_eq!(offered(&env, "bash", &["box rmi localhost/busybox:la"]), [["latest"]]);
    assert_eq!(offered(&env, "bash", &["box run --network=back"]), [["backend"]]);
    assert_eq!(offered(&env, "bash", &["box ps --filter status=r"]), [["running"]]);
    assert_eq!(offered(&env, "bash", &["box run --pull=a"]), [["always"]]);
    assert_eq!(offered(&env, "bash", &["box system "]), [["check", "df", "info", "prune", "reset"]]);
    let all = offered(&env, "bash", &["box ", "box volume ", "box run -", "box run --", "box run busybox -"]);
    for commands in &all[..2] {
        assert!(commands.len() > 5 && !commands.iter().any(|word| word.starts_with('-')), "{commands:?}");
    }
    assert!(all[2].contains(&"-d".to_string()) && all[3].contains(&"--help".to_string()), "{all:?}");
    assert!(all[4].is_empty(), "{all:?}");
    env.run(["network", "rm", "backend"]).code(0);
    env.run(["volume", "rm", "data"]).code(0);
}

#[test]
fn a_store_of_another_place_and_a_broken_line_are_no_errors_on_the_line() {
    let env = Env::new();
    env.run(["create", "--name", "waiting", "--network", "none", "busybox", "true"]).code(0);
    let elsewhere = env.directory("elsewhere");
    env.run(["__complete", "rm", ""]).code(0).stdout("waiting\n");
    env.run(["__complete_all", "--log-level", "tr"]).code(0).stdout("trace\n");
    env.run(["__complete", "--root", &elsewhere, "rm", ""]).code(0).stdout("");
    for words in [&["--root"][..], &["--root", "/proc/nowhere", "rm", ""], &["rm", "--nonsense", "x"], &[]] {
        env.run([&["__complete"], words].concat()).code(0).stdout("").stderr("");
    }
    env.run(["__complete", "--log-level", "nonsense", "rm", ""]).code(0).stdout("").stderr("");
}
