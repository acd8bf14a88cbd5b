//! `box run`: the command, its environment, its exit code, its files.

use crate::env::{EVERYONE, Env, User, eventually, finish};
use regex::Regex;
use std::fs;

#[test]
fn the_output_is_the_command_s_and_nothing_else() {
    for user in EVERYONE {
        let env = Env::of(user);
        env.run(["run", "--rm", "busybox", "echo", "hello world"]).code(0).stdout("hello world\n");
        // Single-id mode says so in one line; the others have nothing to say.
        if user != User::NoSub {
            env.run(["run", "--rm", "busybox", "true"]).code(0).stdout("").stderr("");
        }
    }
}

#[test]
fn standard_error_stays_apart() {
    let env = Env::new();
    env.run(["run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2"])
        .code(0)
        .stdout("out\n")
        .stderr("err\n");
}

#[test]
fn the_exit_code_is_the_command_s() {
    let env = Env::new();
    for code in [0, 1, 7, 42, 125, 255] {
        env.run(["run", "--rm", "busybox", "sh", "-c", &format!("exit {code}")]).code(code);
    }
}

#[test]
fn a_signal_s_exit_code_is_128_and_its_number() {
    let env = Env::new();
    // A child of the shell kills itself; pid 1 itself ignores what it has no handler for.
    env.run(["run", "--rm", "busybox", "sh", "-c", "sh -c 'kill -TERM $$'; exit $?"]).code(143);
    env.run(["run", "--rm", "--init", "busybox", "sh", "-c", "kill -KILL $$"]).code(137);
    env.run(["run", "--rm", "busybox", "sh", "-c", "kill -KILL $$; exit 3"]).code(3);
}

#[test]
fn a_command_that_is_not_there_is_127() {
    let env = Env::new();
    env.run(["run", "--rm", "busybox", "no-such-program"]).fails(127, "no-such-program");
    env.run(["run", "--rm", "busybox", "/bin/no-such-program"]).fails(127, "no-such-program");
}

#[test]
fn a_command_that_cannot_be_executed_is_126() {
    let env = Env::new();
    env.run(["run", "--rm", "busybox", "/etc/notes"]).fails(126, "/etc/notes");
    env.run(["run", "--rm", "busybox", "/etc"]).fails(126, "/etc");
}

#[test]
fn detached_prints_the_full_id_and_returns() {
    let env = Env::new();
    let output = env.run(["run", "-d", "busybox", "sleep", "600"]);
    output.code(0).stdout_matches(r"^[0-9a-f]{64}\n$");
    let id = output.stdout_line();
    assert_eq!(env.status(&id), "running");
    env.run(["rm", "-f", "-t", "0", &id]).code(0).stdout(&format!("{id}\n"));
}

#[test]
fn detached_and_removed_leaves_nothing() {
    let env = Env::new();
    let id = env.ok(["run", "-d", "--rm", "busybox", "sleep", "0.1"]);
    eventually("the container is gone", || env.run(["container", "exists", &id]).code == Some(1));
}

#[test]
fn standard_input_is_given_with_i_only() {
    let env = Env::new();
    env.feed(b"one\ntwo\n", ["run", "--rm", "-i", "busybox", "cat"]).code(0).stdout("one\ntwo\n");
    env.feed(b"one\ntwo\n", ["run", "--rm", "busybox", "cat"]).code(0).stdout("");
}

#[test]
fn a_megabyte_goes_through_byte_for_byte() {
    let env = Env::new();
    let bytes: Vec<u8> = (0..1_500_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let output = env.feed(&bytes, ["run", "--rm", "-i", "busybox", "cat"]);
    output.code(0);
    assert!(output.stdout == bytes, "{} of {} bytes, or other ones", output.stdout.len(), bytes.len());
}

#[test]
fn a_reader_that_goes_away_ends_no_one_with_a_panic() {
    let env = Env::new();
    let mut shell = env.program("sh");
    let binary = Env::binary();
    shell.arg("-c").arg(format!(
        "{} run --rm busybox sh -c 'while echo line; do :; done 2>/dev/null' | head -n 1",
        binary.display()
    ));
    let output = finish(shell, b"");
    output.code(0).stdout("line\n");
    assert!(!output.err().contains("panick"), "{output}");
}

#[test]
fn the_environment_is_podman_s() {
    let env = Env::new();
    let out = env.ok(["run", "--rm", "--name", "e", "busybox", "env"]);
    let lines: Vec<_> = out.lines().collect();
    for wanted in ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"] {
        assert!(lines.contains(&wanted), "{wanted} is missing in\n{out}");
    }
    assert!(out.contains("container="), "{out}");
    let hostname = lines.iter().find_map(|line| line.strip_prefix("HOSTNAME=")).expect("HOSTNAME");
    assert!(Regex::new("^[0-9a-f]{12}$").unwrap().is_match(hostname), "{hostname}");
}

#[test]
fn variables_are_set_copied_and_read_from_files() {
    let mut env = Env::new();
    env.set("FROM_HOST", "host value");
    let file = env.file("vars", "# a comment\nFILE_ONE=1\nFILE_TWO=with spaces\n\nFROM_HOST\n");
    let out = env.ok([
        "run",
        "--rm",
        "-e",
        "A=1",
        "--env",
        "B=x=y",
        "-e",
        "FROM_HOST",
        "-e",
        "NOT_THERE",
        "--env-file",
        &file,
        "busybox",
        "env",
    ]);
    for wanted in ["A=1", "B=x=y", "FROM_HOST=host value", "FILE_ONE=1", "FILE_TWO=with spaces"] {
        assert!(out.lines().any(|line| line == wanted), "{wanted} is missing in\n{out}");
    }
    assert!(!out.contains("NOT_THERE"), "{out}");
}

#[test]
fn a_working_directory_is_made_when_missing() {
    let env = Env::new();
    env.run(["run", "--rm", "-w", "/not/there/yet", "busybox", "pwd"]).code(0).stdout("/not/there/yet\n");
    env.run(["run", "--rm", "busybox", "pwd"]).code(0).stdout("/\n");
    env.run(["run", "--rm", "-w", "/etc/passwd", "busybox", "pwd"]).fails(126, "/etc/passwd");
}

#[test]
fn an_entrypoint_comes_before_the_command() {
    let env = Env::new();
    env.run(["run", "--rm", "--entrypoint", "echo", "busybox", "a", "b"]).code(0).stdout("a b\n");
    env.run(["run", "--rm", "--entrypoint", r#"["echo","x y"]"#, "busybox", "z"]).code(0).stdout("x y z\n");
    env.run(["run", "--rm", "--entrypoint", "", "busybox", "echo", "q"]).code(0).stdout("q\n");
}

#[test]
fn a_user_is_a_name_of_the_image_or_a_number() {
    let env = Env::new();
    let id = |user: &str| env.ok(["run", "--rm", "-u", user, "busybox", "sh", "-c", "id -u; id -g; id -G"]);
    assert_eq!(id("www"), "33\n33\n33 44");
    assert_eq!(id("33"), "33\n33\n33 44");
    assert_eq!(id("www:extra"), "33\n44\n44");
    assert_eq!(id("1234:5678"), "1234\n5678\n5678");
    assert_eq!(id("1234"), "1234\n0\n0");
    env.run(["run", "--rm", "-u", "nobody-here", "busybox", "true"]).fails(126, "nobody-here");
    env.run(["run", "--rm", "-u", "0:no-group", "busybox", "true"]).fails(126, "no-group");
}

#[test]
fn groups_are_added() {
    let env = Env::new();
    let out = env.ok(["run", "--rm", "-u", "www", "--group-add", "1000", "busybox", "id", "-G"]);
    assert!(out.split(' ').any(|g| g == "1000"), "{out}");
}

#[test]
fn the_host_name_is_the_short_id_or_what_is_asked_for() {
    let env = Env::new();
    let id = env.ok(["create", "busybox", "hostname"]);
    env.run(["start", "-a", &id]).code(0).stdout(&format!("{}\n", &id[..12]));
    env.run(["run", "--rm", "--hostname", "web.example", "busybox", "hostname"]).stdout("web.example\n");
    let out = env.ok(["run", "--rm", "-h", "web", "busybox", "cat", "/etc/hostname", "/etc/hosts"]);
    assert!(out.starts_with("web\n") && out.contains("localhost"), "{out}");
}

#[test]
fn hosts_are_added() {
    let env = Env::new();
    let out = env.ok(["run", "--rm", "--add-host", "db:10.1.2.3", "busybox", "cat", "/etc/hosts"]);
    assert!(Regex::new(r"10\.1\.2\.3\s+db").unwrap().is_match(&out), "{out}");
}

#[test]
fn a_cidfile_holds_the_id_and_must_not_exist() {
    let env = Env::new();
    let file = env.tmp().join("cid");
    let file = file.to_str().unwrap();
    let id = env.ok(["run", "-d", "--cidfile", file, "busybox", "true"]);
    assert_eq!(fs::read_to_string(file).unwrap().trim(), id);
    env.run(["run", "--rm", "--cidfile", file, "busybox", "true"]).fails(125, "cid");
}

#[test]
fn a_name_is_taken_once() {
    let env = Env::new();
    env.run(["run", "--name", "one", "busybox", "true"]).code(0);
    env.run(["run", "--name", "one", "busybox", "true"]).fails(125, "one");
    env.run(["run", "--name", "one", "--replace", "busybox", "echo", "again"]).code(0).stdout("again\n");
    env.run(["run", "--name", "no spaces", "busybox", "true"]).code(125);
}

#[test]
fn a_failed_start_with_rm_leaves_no_container() {
    let env = Env::new();
    env.run(["run", "--rm", "--name", "gone", "busybox", "no-such-program"]).code(127);
    env.run(["container", "exists", "gone"]).code(1);
}

#[test]
fn a_container_that_could_not_be_started_is_still_only_made() {
    let env = Env::new();
    env.run(["run", "--name", "c", "busybox", "no-such-program"]).code(127);
    let shown =
        env.ok(["inspect", "--format", "{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}", "c"]);
    assert!(shown.starts_with("created 127 ") && shown.contains("no-such-program"), "{shown}");
    assert!(env.ok(["ps", "-a", "--format", "{{.Status}}"]).starts_with("Created"));
    // What ran once has ended, whatever became of a later start.
    let file = env.file("there", "#!/bin/sh\nexit 3\n");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    env.run(["run", "--name", "d", "-v", &format!("{file}:/there"), "busybox", "/there"]).code(3);
    std::fs::remove_file(&file).unwrap();
    env.run(["start", "-a", "d"]).code(125);
    assert_eq!(env.status("d"), "exited");
}

#[test]
fn the_image_goes_with_the_container() {
    let env = Env::new();
    env.run(["run", "--rmi", "busybox", "true"]).code(0);
    env.run(["image", "exists", "busybox"]).code(1);
    let env = Env::new();
    env.run(["tag", "busybox", "other"]).code(0);
    env.run(["run", "-d", "--rmi", "--name", "c", "busybox", "sleep", "1000"]).code(0);
    env.run(["stop", "-t", "0", "c"]).code(0);
    eventually("the name is gone", || env.run(["image", "exists", "busybox"]).code == Some(1));
    env.run(["image", "exists", "other"]).code(0);
    env.run(["create", "--name", "user", "other", "true"]).code(0);
    env.run(["run", "--rmi", "other", "true"]).code(0);
    // Somebody else uses it.
    env.run(["image", "exists", "other"]).code(0);
}

#[test]
fn binds_are_read_and_written() {
    for user in EVERYONE {
        let env = Env::of(user);
        let dir = env.directory("shared");
        env.file("shared/in", "from the host\n");
        env.run([
            "run",
            "--rm",
            "-v",
            &format!("{dir}:/data"),
            "busybox",
            "sh",
            "-c",
            "cat /data/in; echo x >/data/out",
        ])
        .code(0)
        .stdout("from the host\n");
        assert_eq!(fs::read_to_string(format!("{dir}/out")).unwrap(), "x\n");
        use std::os::unix::fs::MetadataExt;
        assert_eq!(fs::metadata(format!("{dir}/out")).unwrap().uid(), env.uid());
    }
}

#[test]
fn a_read_only_bind_refuses_writes() {
    let env = Env::new();
    let dir = env.directory("shared");
    let file = env.file("single", "text\n");
    let write = env.run(["run", "--rm", "-v", &format!("{dir}:/data:ro"), "busybox", "touch", "/data/x"]);
    write.code(1).stderr_contains("Read-only file system");
    let mount = format!("type=bind,source={file},target=/etc/single,readonly");
    env.run([
        "run",
        "--rm",
        "--mount",
        &mount,
        "busybox",
        "sh",
        "-c",
        "cat /etc/single; echo y >/etc/single",
    ])
    .code(1)
    .stdout("text\n")
    .stderr_contains("Read-only file system");
}

#[test]
fn a_missing_bind_source_is_made_for_v_and_an_error_for_mount() {
    let env = Env::new();
    let path = env.tmp().join("made/here");
    let path = path.to_str().unwrap();
    env.run(["run", "--rm", "-v", &format!("{path}:/x"), "busybox", "touch", "/x/y"]).code(0);
    assert!(std::path::Path::new(path).join("y").exists());
    let missing = env.tmp().join("missing");
    let mount = format!("type=bind,src={},dst=/x", missing.display());
    env.run(["run", "--rm", "--mount", &mount, "busybox", "true"]).fails(125, "missing");
    assert!(!missing.exists());
}

#[test]
fn a_relative_bind_source_counts_from_here() {
    let env = Env::new();
    env.directory("here");
    env.file("here/f", "relative\n");
    env.run(["run", "--rm", "-v", "./here:/h", "busybox", "cat", "/h/f"]).code(0).stdout("relative\n");
}

#[test]
fn tmpfs_is_mounted_with_its_options() {
    let env = Env::new();
    let out = env.ok([
        "run",
        "--rm",
        "--tmpfs",
        "/t:size=1m,mode=1777",
        "busybox",
        "sh",
        "-c",
        "grep ' /t ' /proc/mounts; stat -c %a /t",
    ]);
    assert!(out.contains("tmpfs") && out.contains("size=1024k") && out.ends_with("1777"), "{out}");
    assert!(out.contains("noexec") && out.contains("nosuid") && out.contains("nodev"), "{out}");
    let out = env.ok([
        "run",
        "--rm",
        "--mount",
        "type=tmpfs,target=/t,tmpfs-size=2m",
        "busybox",
        "grep",
        " /t ",
        "/proc/mounts",
    ]);
    assert!(out.contains("size=2048k"), "{out}");
}

#[test]
fn read_only_roots_keep_their_writable_places() {
    let env = Env::new();
    let script = "touch /x 2>/dev/null && echo root; for d in /tmp /run /var/tmp /dev/shm; do touch $d/x && echo $d; done";
    env.run(["run", "--rm", "--read-only", "busybox", "sh", "-c", script])
        .code(0)
        .stdout("/tmp\n/run\n/var/tmp\n/dev/shm\n");
    env.run(["run", "--rm", "--read-only", "--read-only-tmpfs=false", "busybox", "touch", "/tmp/x"]).code(1);
}

#[test]
fn limits_are_set() {
    let env = Env::new();
    let script = "ulimit -n; ulimit -Hn";
    env.run(["run", "--rm", "--ulimit", "nofile=100:200", "busybox", "sh", "-c", script])
        .code(0)
        .stdout("100\n200\n");
    env.run(["run", "--rm", "--ulimit", "core=0", "busybox", "sh", "-c", "ulimit -c"]).code(0).stdout("0\n");
}

#[test]
fn sysctls_of_the_namespaces_are_set() {
    let env = Env::new();
    let sysctl = ["--sysctl", "net.ipv4.ip_unprivileged_port_start=80", "--sysctl", "kernel.msgmax=4096"];
    let mut args = vec!["run", "--rm", "--network", "none"];
    args.extend(sysctl);
    args.extend([
        "busybox",
        "cat",
        "/proc/sys/net/ipv4/ip_unprivileged_port_start",
        "/proc/sys/kernel/msgmax",
    ]);
    env.run(args).code(0).stdout("80\n4096\n");
    env.run(["run", "--rm", "--sysctl", "vm.swappiness=1", "busybox", "true"]).fails(125, "vm.swappiness");
}

#[test]
fn an_init_reaps_and_passes_signals() {
    let env = Env::new();
    let out = env.ok([
        "run",
        "--rm",
        "--init",
        "busybox",
        "sh",
        "-c",
        "echo $$; (sleep 0.1 &) ; sleep 0.4; ps -o pid,stat,comm",
    ]);
    assert!(!out.starts_with("1\n"), "{out}");
    assert!(!out.contains(" Z"), "a zombie: {out}");
    // Its command line tells nothing of the host.
    let line = ["run", "--rm", "--init", "busybox", "sh", "-c", "tr -d '\\0' </proc/1/cmdline"];
    env.run(line).code(0).stdout("box-init");
    // sleep has no handler for TERM: as pid 1 it would ignore it.
    let id = env.ok(["run", "-d", "--init", "busybox", "sleep", "600"]);
    env.run(["stop", "-t", "30", &id]).code(0);
    assert_eq!(env.ok(["wait", &id]), "143");
}

#[test]
fn devices_are_bound() {
    let env = Env::new();
    env.run(["run", "--rm", "--device", "/dev/fuse", "busybox", "test", "-c", "/dev/fuse"]).code(0);
    env.run(["run", "--rm", "--device", "/dev/fuse:/dev/other", "busybox", "test", "-c", "/dev/other"])
        .code(0);
    env.run(["run", "--rm", "busybox", "test", "-e", "/dev/fuse"]).code(1);
    env.run(["run", "--rm", "--device", "/dev/no-such", "busybox", "true"]).fails(125, "/dev/no-such");
}

#[test]
fn an_image_s_config_is_the_default() {
    let env = Env::empty(User::Sub);
    let image = format!("{}/test/configured", crate::env::registry());
    env.run(["pull", "-q", &image]).code(0);
    env.run(["run", "--rm", &image]).code(0).stdout("hi there\n");
    env.run(["run", "--rm", &image, "you"]).code(0).stdout("hi you\n");
    let script = "id -un; pwd; echo $COLOUR $SHAPE; ls -d /data";
    env.run(["run", "--rm", "--entrypoint", "sh", &image, "-c", script])
        .code(0)
        .stdout("www\n/srv/app\nblue round\n/data\n");
    env.run([
        "run",
        "--rm",
        "--entrypoint",
        "sh",
        "-e",
        "COLOUR=red",
        "-u",
        "0",
        "-w",
        "/",
        &image,
        "-c",
        script,
    ])
    .code(0)
    .stdout("root\n/\nred round\n/data\n");
}

#[test]
fn labels_come_from_flags_and_files() {
    let env = Env::new();
    let file = env.file("labels", "from=file\n");
    env.run([
        "create",
        "--name",
        "l",
        "-l",
        "a=b",
        "--label",
        "bare",
        "--label-file",
        &file,
        "busybox",
        "true",
    ])
    .code(0);
    let out = env.ok([
        "inspect",
        "-f",
        r#"{{index .Config.Labels "a"}}-{{index .Config.Labels "bare"}}-{{.Config.Labels.from}}"#,
        "l",
    ]);
    assert_eq!(out, "b--file");
}

#[test]
fn the_pull_policy_is_kept() {
    let env = Env::empty(User::Sub);
    let image = format!("{}/library/busybox", crate::env::registry());
    env.run(["run", "--rm", "--pull", "never", &image, "true"]).fails(125, "busybox");
    env.run(["run", "--rm", &image, "echo", "pulled"]).code(0).stdout("pulled\n");
    env.run(["run", "--rm", "--pull=never", &image, "echo", "kept"]).code(0).stdout("kept\n");
    env.run(["run", "--rm", "--pull=always", "-q", &image, "echo", "again"]).code(0).stdout("again\n");
}

#[test]
fn flags_after_the_image_belong_to_the_command() {
    let env = Env::new();
    env.run(["run", "--rm", "busybox", "echo", "--rm", "-it", "--name"]).code(0).stdout("--rm -it --name\n");
}

#[test]
fn booleans_take_values_and_short_flags_bundle() {
    let env = Env::new();
    env.feed(b"x\n", ["run", "-i=true", "--rm=true", "--tty=false", "busybox", "cat"]).code(0).stdout("x\n");
    let id = env.ok(["run", "-dit", "busybox", "sh"]);
    env.run(["rm", "-ft", "0", &id]).code(0);
}

#[test]
fn debian_runs_its_own_programs() {
    for user in EVERYONE {
        let env = Env::with(user, &["debian"]);
        env.run([
            "run",
            "--rm",
            "debian",
            "bash",
            "-c",
            "source /etc/os-release; echo $VERSION_CODENAME; exit 9",
        ])
        .code(9)
        .stdout("bookworm\n");
    }
}

#[test]
fn what_a_container_writes_stays_with_it_and_nowhere_else() {
    let env = Env::new();
    env.run(["run", "--name", "w", "busybox", "sh", "-c", "echo mine >/kept; rm /etc/notes"]).code(0);
    env.run(["run", "--rm", "busybox", "ls", "/kept"]).code(1);
    env.run(["run", "--rm", "busybox", "cat", "/etc/notes"]).code(0);
}
