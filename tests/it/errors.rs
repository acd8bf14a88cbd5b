//! Bad input and bad surroundings: one or two lines, the right code, nothing left behind.

use crate::env::{EVERYONE, Env, User, eventually, finish};
use std::process::Stdio;

#[test]
fn unknown_words_are_refused_with_the_nearest() {
    let env = Env::new();
    let output = env.run(["run", "--rmm", "busybox", "true"]);
    output.code(125).stderr_contains("--rmm").stderr_contains("--rm");
    let output = env.run(["run", "--rrm", "--detach", "busybox", "true"]);
    output.code(125).stderr_contains("did you mean --rm?");
    let output = env.run(["run", "-nmae", "web", "busybox", "true"]);
    output.code(125).stderr_contains("unknown flag -n").stderr_contains("did you mean --name?");
    env.run(["--cgroup-manager", "bogus", "ps"]).fails(125, "it takes one of systemd, cgroupfs");
    let output = env.run(["rnu", "busybox"]);
    output.code(125).stderr_contains("rnu").stderr_contains("run");
    for (line, meant) in [("ru busybox", "`box run`"), ("run --vol x busybox", "--volume?")] {
        env.run(line.split(' ')).fails(125, &format!("did you mean {meant}"));
    }
    for line in ["bogus", "run --nosuchflag busybox"] {
        let output = env.run(line.split(' '));
        assert!(!output.code(125).err().contains("did you mean"), "{output}");
    }
    env.run(["run", "--rm=maybe", "busybox"]).fails(125, "box run: --rm takes true or false, not \"maybe\"");
    env.run(["volume"])
        .code(125)
        .stderr_contains("Usage")
        .stderr_contains("Error: missing command: box volume COMMAND");
    env.run(["create", "--name", "web", "busybox", "true"]).code(0);
    env.run(["logs", "-n", "3", "web"]).code(125).stderr_contains("the last 3 lines are --tail 3");
    env.run(["exec"]).fails(125, "box exec: CONTAINER COMMAND [ARG]... is missing");
    env.run(["exec", "--help"]).stdout_contains("Usage: box exec [OPTIONS] CONTAINER COMMAND [ARG]...");
    env.run(["exists", "busybox"]).fails(125, "did you mean `box container exists`");
    env.run(["stop", "-t", "x", "c"]).fails(125, "it is no whole number");
    env.run(["unshare", "--rootless-netns", "true"]).fails(125, "not yet: --rootless-netns");
    env.run(["run", "--log-driver", "journald", "busybox", "true"])
        .code(125)
        .stderr("Error: not yet: --log-driver journald\n");
    env.run(["run"]).code(125);
    env.run(["stop"]).code(125);
}

#[test]
fn help_is_on_standard_output() {
    let env = Env::empty(User::Sub);
    for args in [
        vec!["--help"],
        vec!["help"],
        vec!["run", "--help"],
        vec!["help", "run"],
        vec!["container", "--help"],
    ] {
        let output = env.run(&args);
        output.code(0).stderr("").stdout_contains("Usage");
    }
    // With nothing at all it says what there is.
    let output = env.run([] as [&str; 0]);
    assert!(format!("{}{}", output.out(), output.err()).contains("run"), "{output}");
}

#[test]
fn features_to_come_are_refused_by_name() {
    let env = Env::new();
    for (flags, name) in [
        (vec!["--pod", "x"], "pod"),
        (vec!["--health-cmd", "true"], "health"),
        (vec!["--mount", "type=artifact,source=x,target=/data"], "artifact"),
        (vec!["--restart", "always"], "restart"),
        (vec!["--secret", "x"], "secret"),
    ] {
        let mut args = vec!["run", "--rm"];
        args.extend(&flags);
        args.extend(["busybox", "true"]);
        let output = env.run(&args);
        output.code(125).stdout("").stderr_contains("not yet").stderr_contains(name);
    }
    env.run(["ps", "-aq"]).stdout("");
}

#[test]
fn contradictions_are_refused() {
    let env = Env::new();
    for flags in [
        vec!["--cap-add"],
        vec!["--ulimit", "nofile=x"],
        vec!["-e", "=x"],
        vec!["-v", ":/x"],
        vec!["--mount", "type=x,dst=/y"],
        vec!["--tmpfs", "relative"],
        vec!["-u", ""],
        vec!["--name", "-"],
        vec!["--stop-signal", "NOPE"],
        vec!["--stop-timeout", "x"],
        vec!["--pull", "sometimes"],
        vec!["--network", ""],
    ] {
        let mut args = vec!["run", "--rm"];
        args.extend(&flags);
        args.extend(["busybox", "true"]);
        let output = env.run(&args);
        if flags != ["-u", ""] && flags != ["--network", ""] {
            output.code(125).stdout("");
        }
        assert!(!output.err().contains("panicked"), "{output}");
    }
    env.run(["ps", "-aq"]).stdout("");
}

#[test]
fn no_runtime_directory_falls_back_to_one_of_its_own() {
    let mut env = Env::new();
    env.unset("XDG_RUNTIME_DIR");
    env.unset("BOX_RUNROOT");
    let fallback = format!("/tmp/box-run-{}", env.uid());
    env.run(["run", "--rm", "busybox", "echo", "x"]).code(0).stdout("x\n");
    assert!(std::path::Path::new(&fallback).is_dir());
    eventually("its sockets are gone", || {
        std::fs::read_dir(format!("{fallback}/c")).map_or(0, Iterator::count) == 0
    });
}

#[test]
fn a_runtime_directory_of_somebody_else_is_refused() {
    let mut env = Env::new();
    let dir = env.tmp().join("theirs");
    std::fs::create_dir(&dir).unwrap();
    env.set("BOX_RUNROOT", dir.as_os_str());
    env.run(["run", "--rm", "busybox", "true"]).fails(125, "theirs");
}

#[test]
fn a_path_without_sbin_is_enough() {
    let mut env = Env::new();
    env.set("PATH", "/usr/bin:/bin");
    env.run(["run", "--rm", "busybox", "echo", "x"]).code(0).stdout("x\n");
    env.unset("PATH");
    env.run(["run", "--rm", "busybox", "echo", "x"]).code(0).stdout("x\n");
}

#[test]
fn a_home_that_cannot_be_written_is_named() {
    let mut env = Env::empty(User::Sub);
    env.unset("BOX_ROOT");
    env.set("HOME", "/proc");
    let output = env.run(["import", &crate::env::fixture("busybox.tar"), "x"]);
    output.fails(125, "/proc").stderr_contains("BOX_ROOT=DIR");
}

#[test]
fn a_missing_tun_device_is_no_obstacle_to_other_networks() {
    let env = Env::new();
    let hide = "mount -t tmpfs none /dev/net";
    let none = env.prepared(&format!("{hide}; exec $AS $BOX run --rm --network none busybox echo x"));
    finish(none, b"").code(0).stdout("x\n");
    let default = finish(env.prepared(&format!("{hide}; exec $AS $BOX run --rm busybox echo x")), b"");
    assert!(!default.err().contains("panicked"), "{default}");
    // It may do without or refuse; it says what is missing either way.
    assert!(default.err().contains("/dev/net/tun"), "{default}");
}

#[test]
fn a_closed_standard_input_or_output_is_no_crash() {
    for script in [
        "exec \"$0\" run --rm busybox echo x <&-",
        "exec \"$0\" run --rm busybox echo x >&-",
        "exec \"$0\" run --rm busybox echo x 2>&-",
        "exec \"$0\" run --rm -i busybox cat <&- >&- 2>&-",
        "exec \"$0\" ps <&- >&-",
        "exec \"$0\" run -d --rm busybox true <&- 2>&-",
    ] {
        let env = Env::new();
        let mut shell = env.program("sh");
        shell.args(["-c", script]).arg(Env::binary());
        let output = finish(shell, b"");
        assert!(output.signal.is_none() && output.code != Some(101), "{script}: {output}");
        assert!(!output.err().contains("panicked"), "{script}: {output}");
    }
}

#[test]
fn a_full_standard_output_is_an_error_not_a_panic() {
    let env = Env::new();
    for args in [vec!["ps"], vec!["images"], vec!["--help"], vec!["inspect", "busybox"], vec!["version"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = env.command(&args).stdin(Stdio::null()).stdout(full).output().expect("box starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!stderr.contains("panicked") && output.status.code() != Some(101), "{args:?}: {stderr}");
    }
}

#[test]
fn standard_output_is_blamed_and_not_what_was_on_its_way_there() {
    let env = Env::new();
    env.ok(["create", "--name", "c", "busybox", "true"]);
    env.ok(["volume", "create", "v"]);
    let commands = [
        "save -q busybox",
        "save -q --format oci-archive busybox",
        "export c",
        "cp c:/bin -",
        "volume export v",
    ];
    for command in commands {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("open it");
        let (_, gone) = std::io::pipe().expect("make a pipe");
        let ends: [(Stdio, &str); 2] =
            [(full.into(), "No space left on device"), (gone.into(), "Broken pipe")];
        for (end, why) in ends {
            let command: Vec<&str> = command.split(' ').collect();
            let output = env.command(&command).stdin(Stdio::null()).stdout(end).output().expect("box starts");
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            let wanted = format!("Error: cannot write to standard output: {why}\n");
            assert_eq!((output.status.code(), stderr), (Some(125), wanted), "{command:?}");
        }
    }
}

#[test]
fn a_closed_pipe_is_an_error_not_a_panic() {
    let env = Env::new();
    for command in ["ps", "images", "--help", "run --rm busybox ls /bin", "inspect busybox"] {
        let mut shell = env.program("sh");
        shell.args(["-c", &format!("\"$0\" {command} | true")]).arg(Env::binary());
        let output = finish(shell, b"");
        assert!(!output.err().contains("panicked"), "{command}: {output}");
    }
}

#[test]
fn a_full_disk_is_said_and_cleaned_up() {
    // A small tmpfs as the whole store, in a mount namespace of the test's own.
    for user in [User::Sub, User::Root] {
        let env = Env::empty(user);
        full_disk(&env);
    }
}

fn full_disk(env: &Env) {
    // A small tmpfs as the whole store, in a mount namespace of the test's own.
    let script = format!(
        r#"mkdir -p "$BOX_ROOT" && mount -t tmpfs -o size=8m none "$BOX_ROOT" && chown {uid} "$BOX_ROOT" || exit 99
        $AS $BOX import {debian} big; echo "code $?"
        ls "$BOX_ROOT/layers" | wc -l
        $AS $BOX import {busybox} small >/dev/null; echo "code $?"
        $AS $BOX run --rm --network none small sh -c 'head -c 9000000 /dev/zero >/fill || echo no space'; echo "code $?"
        $AS $BOX ps -aq"#,
        uid = env.uid(),
        debian = crate::env::fixture("debian.tar"),
        busybox = crate::env::fixture("busybox.tar"),
    );
    let output = finish(env.prepared(&script), b"");
    let out = output.out();
    assert!(out.starts_with("code 125\n0\ncode 0\nno space\ncode 0\n"), "{output}");
    assert!(output.err().contains("No space left"), "{output}");
    assert!(!output.err().contains("panicked"), "{output}");
}

#[test]
fn interrupting_a_start_leaves_nothing() {
    for user in [User::Sub, User::NoSub] {
        crate::env::in_parallel(crate::env::rounds(12), |rounds| interrupted_starts(user, rounds));
    }
}

fn interrupted_starts(user: User, rounds: &mut dyn Iterator<Item = usize>) {
    let env = Env::of(user);
    for round in rounds {
        let run = env.spawn(["run", "--rm", "busybox", "sleep", "600"]);
        std::thread::sleep(std::time::Duration::from_micros(1500 * (round as u64 % 24)));
        run.signal(nix::sys::signal::Signal::SIGINT);
        // A container that runs already gets the signal, and sleep as pid 1 ignores it.
        eventually("the start is over", || {
            let left = env.run(["rm", "-f", "-a", "-t", "0"]);
            left.code == Some(0) && env.processes().is_empty()
        });
        drop(run.finish());
    }
    env.run(["ps", "-aq"]).stdout("");
}

#[test]
fn the_store_belongs_to_the_user() {
    use std::os::unix::fs::MetadataExt;
    for user in EVERYONE {
        let env = Env::of(user);
        env.run(["run", "--name", "c", "busybox", "true"]).code(0);
        for name in ["", "containers", "images", "images/index.json", "layers", "names"] {
            let meta = std::fs::metadata(env.root().join(name)).unwrap();
            assert_eq!(meta.uid(), env.uid(), "{name}");
        }
    }
}

/// Whoever changes his mind, or has too little space, keeps what he had.
#[test]
fn an_interrupted_archive_leaves_the_file_that_was_there() {
    use nix::sys::signal::Signal;
    use std::os::unix::fs::MetadataExt;
    let env = Env::new();
    env.ok(["volume", "create", "data"]);
    env.ok(["create", "--name", "c", "busybox", "true"]);
    // Endless, as good as: whatever is seen of the export, it is in the midst of it.
    env.ok([
        "run",
        "--rm",
        "--network",
        "none",
        "-v",
        "data:/d",
        "busybox",
        "truncate",
        "-s",
        "900G",
        "/d/big",
    ]);
    let dir = env.tmp().join("good");
    let names = || {
        let all = std::fs::read_dir(&dir).expect("read it").flatten();
        all.map(|entry| entry.file_name().into_string().expect("UTF-8")).collect::<Vec<_>>()
    };
    env.directory("good");
    let good = env.file("good/f", "good\n");
    let unchanged = || {
        assert_eq!(
            (names(), std::fs::read_to_string(&good).unwrap()),
            (vec!["f".to_string()], "good\n".into())
        );
    };
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGKILL] {
        let mut export = env.spawn(["volume", "export", "-o", "good/f", "data"]);
        let being_written = |pid: &i32| {
            let Ok(fds) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
            fds.flatten().any(|fd| {
                let file = std::fs::read_link(fd.path()).unwrap_or_default();
                file.starts_with(&dir) && std::fs::metadata(fd.path()).is_ok_and(|file| file.len() > 0)
            })
        };
        eventually("something is written", || env.processes().keys().any(being_written));
        export.signal(signal);
        assert!(!export.wait().success());
        eventually("nobody writes", || !env.processes().keys().any(being_written));
        unchanged();
    }
    for line in [
        "save -q -o good/f busybox",
        "export -o good/f c",
        "save -q --format oci-archive -o good/new busybox",
    ] {
        let mut shell = env.program("sh");
        shell.args(["-c", &format!("ulimit -f 64; exec \"$0\" {line}")]).arg(Env::binary());
        finish(shell, b"").fails(125, "cannot write").stderr_contains("ulimit -f unlimited");
        unchanged();
    }
    for line in ["save -q -o new busybox", "export -o newer c", "save -q -o good/f busybox"] {
        let mut shell = env.program("sh");
        shell.args(["-c", &format!("umask 027; exec \"$0\" {line}")]).arg(Env::binary());
        finish(shell, b"").code(0).stderr("");
    }
    for (file, mode) in [("new", 0o640), ("newer", 0o640), ("good/f", 0o644)] {
        let about = std::fs::metadata(env.tmp().join(file)).expect("it is there");
        assert_eq!((about.mode() & 0o777, about.uid()), (mode, env.uid()), "{file}");
    }
    env.run(["load", "-i", "good/f"]).code(0);
}

/// What a shell may have left to its programs.
#[test]
fn low_limits_and_odd_masks_work_or_are_named() {
    let env = Env::new();
    let run = |before: &str| {
        let mut shell = env.program("sh");
        let script = format!("{before}; exec \"$0\" run --rm --network none busybox echo fine");
        shell.args(["-c", &script]).arg(Env::binary());
        finish(shell, b"")
    };
    run("ulimit -f 0").fails(125, "ulimit -f unlimited");
    let gone = "mkdir gone && cd gone && rmdir ../gone";
    for flags in ["-v .:/x", "-v ./new:/x", "--cidfile id", "--mount type=bind,src=.,dst=/x"] {
        let mut shell = env.program("sh");
        let script = format!("{gone}; exec \"$0\" run --rm {flags} busybox true");
        shell.args(["-c", &script]).arg(Env::binary());
        finish(shell, b"").fails(125, "the current directory is gone");
    }
    for files in 8..22 {
        let mut shell = env.program("sh");
        let script = format!("ulimit -n {files}; exec \"$0\" run --rm busybox true");
        shell.args(["-c", &script]).arg(Env::binary());
        let output = finish(shell, b"");
        if output.code != Some(0) {
            output.fails(125, "ulimit -n 1024");
        }
    }
    for before in ["umask 0777", "umask 0", "ulimit -n 48", "mkdir gone && cd gone && rmdir ../gone"] {
        run(before).code(0).stdout("fine\n");
    }
    // What was half made is gone with the next one's.
    crate::env::eventually("the store is clean", || env.ok(["system", "check"]).is_empty());
}

/// A store in a directory that was there before, which others can look into: what is being unpacked
/// has its setuid bits already.
#[test]
fn what_is_in_the_making_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let env = Env::new();
    std::fs::set_permissions(env.root(), std::fs::Permissions::from_mode(0o755)).expect("open the store");
    env.ok(["import", &crate::env::fixture("busybox.tar"), "another"]);
    for name in ["tmp", "layers", "containers", "volumes", "images", "trash"] {
        let Ok(meta) = std::fs::metadata(env.root().join(name)) else { continue };
        assert_eq!(meta.permissions().mode() & 0o077, 0, "{name}");
    }
}
