//! Published ways out of a container, tried on this one. Each test names what it tries.

use crate::env::{Env, User, finish};
use crate::seccomp::compiled;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// The users whose files an escape could reach: one with subordinate ids, and root.
const OWNERS: [User; 2] = [User::Sub, User::Root];

/// A bind of one of the programs, with its name in the container.
fn bind(name: &str) -> String {
    format!("{}:/{name}:ro", compiled(name, &[]).display())
}

/// A root filesystem in a directory of the user, with busybox in it.
fn rootfs(env: &Env, name: &str) -> String {
    let root = env.directory(name);
    for directory in ["bin", "proc", "sys", "dev", "etc", "tmp"] {
        env.directory(&format!("{name}/{directory}"));
    }
    fs::copy("/bin/busybox", format!("{root}/bin/busybox")).expect("copy busybox");
    for applet in ["sh", "ls", "cat", "true", "pwd", "id"] {
        symlink("busybox", format!("{root}/bin/{applet}")).expect("link an applet");
    }
    finish(
        {
            let mut c = Command::new("chown");
            c.args(["-R", &env.uid().to_string(), &root]);
            c
        },
        b"",
    )
    .code(0);
    root
}

/// Everything below a directory, with sizes, to see whether something was made or written there.
fn listing(directory: &str) -> String {
    let mut find = Command::new("find");
    find.args([directory, "-printf", "%P %y %s %m\n"]);
    finish(find, b"").code(0).out()
}

/// CVE-2019-5736, CVE-2016-9962, CVE-2024-21626: the first process of a container waits for what
/// `exec` brings in.
#[test]
fn an_exec_brings_nothing_of_the_host_into_the_container() {
    for user in OWNERS {
        let env = Env::of(user);
        // A binary of the user's own: the one that is tested belongs to root.
        let own = format!("{}/box", env.tmp().display());
        fs::copy(Env::binary(), &own).expect("copy the binary");
        env.give(Path::new(&own));
        let before = fs::read(&own).expect("read the binary");
        let marker = env.file("marker", "of the host");
        let run = |args: &[&str]| {
            finish(
                {
                    let mut c = env.program(&own);
                    c.args(args);
                    c
                },
                b"",
            )
        };

        run(&[
            "run",
            "-d",
            "--name",
            "spy",
            "--network",
            "none",
            "-v",
            &bind("spy"),
            "--cap-add",
            "SYS_PTRACE",
            "busybox",
            "/spy",
            &marker,
        ])
        .code(0);
        env.until_logged("spy", "watching");
        for _ in 0..30 {
            run(&["exec", "spy", "true"]).code(0);
        }
        run(&["exec", "-d", "-w", "/tmp", "spy", "sleep", "1"]).code(0);
        // What is to be executed is the executing program itself.
        run(&["exec", "spy", "/proc/self/exe"]);
        run(&["kill", "-s", "TERM", "spy"]).code(0);
        run(&["wait", "spy"]).code(0);
        run(&["logs", "spy"]).code(0).stdout("watching\ndone\n");
        assert!(fs::read(&own).expect("read the binary") == before, "{user:?}: the binary was written");
    }
}

/// CVE-2019-5736 by an image: its command is the program that starts it.
#[test]
fn an_image_cannot_write_the_binary_that_starts_it() {
    for user in OWNERS {
        let env = Env::of(user);
        let own = format!("{}/box", env.tmp().display());
        fs::copy(Env::binary(), &own).expect("copy the binary");
        env.give(Path::new(&own));
        let before = fs::read(&own).expect("read the binary");
        let script = "exec 7>>/proc/self/exe; for i in /proc/[0-9]*; do echo x >>$i/exe; done";
        for command in [
            &["/proc/self/exe"][..],
            &["/proc/self/exe", "sh", "-c", script],
            &["/proc/1/exe"],
            &["/proc/self/fd/3"],
            &["sh", "-c", script],
        ] {
            for flags in [&[][..], &["--init"]] {
                let mut all = vec!["run", "--rm", "--network", "none"];
                all.extend(flags);
                all.push("busybox");
                all.extend(command);
                finish(
                    {
                        let mut c = env.program(&own);
                        c.args(all);
                        c
                    },
                    b"",
                );
                assert!(fs::read(&own).expect("read the binary") == before, "{user:?}: {command:?}");
            }
        }
    }
}

/// CVE-2024-21626: a working directory that is a descriptor of the launcher.
#[test]
fn a_working_directory_cannot_be_a_descriptor_of_the_launcher() {
    let env = Env::new();
    let marker = env.file("marker", "of the host");
    env.ok(["run", "-d", "--name", "here", "--network", "none", "busybox", "sleep", "1000"]);
    // From each such directory, up to the root of whatever it belongs to.
    let script = format!(
        "p=.; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do [ ! -e $p{marker} ] || echo outside; p=../$p; done; echo end"
    );
    for number in 0..24 {
        for directory in [format!("/proc/self/fd/{number}"), format!("/proc/1/fd/{number}")] {
            for output in [
                env.run([
                    "run",
                    "--rm",
                    "--network",
                    "none",
                    "-w",
                    &directory,
                    "busybox",
                    "sh",
                    "-c",
                    &script,
                ]),
                env.run(["exec", "-w", &directory, "here", "sh", "-c", &script]),
            ] {
                let out = output.out();
                assert!(out.is_empty() || out == "end\n", "{directory}:\n{output}");
            }
            // A directory that is made must not be made there, nor a program be found there.
            let made = format!("{directory}/made-outside");
            env.run(["run", "--rm", "--network", "none", "-w", &made, "busybox", "true"]);
            let output = env.run(["run", "--rm", "--network", "none", "busybox", &directory]);
            assert!([Some(126), Some(127)].contains(&output.code), "{output}");
        }
    }
    let root = env.root();
    let mut find = Command::new("find");
    find.arg(root.parent().expect("a parent")).args(["-name", "made-outside", "-not", "-path", "*/diff/*"]);
    finish(find, b"").code(0).stdout("");
}

/// CVE-2024-21626 by descriptors that the caller left open.
#[test]
fn a_descriptor_of_the_caller_reaches_neither_run_nor_exec() {
    let env = Env::new();
    let name = Env::binary();
    let script = format!(
        "exec 7</ 9</etc; {0} run -d --name c --network none busybox sh -c 'ls -l /proc/self/fd; sleep 1000'; \
         {0} exec c ls -l /proc/self/fd /proc/1/fd",
        name.display()
    );
    let out = finish(
        {
            let mut c = env.program("sh");
            c.args(["-c", &script]);
            c
        },
        b"",
    )
    .code(0)
    .out();
    env.until_logged("c", "->");
    let logs = env.run(["logs", "c"]).out();
    for line in out.lines().chain(logs.lines()).filter(|line| line.contains("->")) {
        let target = line.rsplit("-> ").next().unwrap_or_default();
        let harmless = ["pipe:", "socket:", "/dev/null", "/dev/pts/", "/proc/"];
        assert!(harmless.iter().any(|start| target.starts_with(start)), "{line}\n{out}{logs}");
    }
}

/// CVE-2017-1002101, CVE-2019-16884, CVE-2021-30465, CVE-2023-28642, CVE-2024-45310: links in the
/// root filesystem where the launch makes directories and mounts.
#[test]
fn links_in_the_root_filesystem_lead_nowhere_outside() {
    for user in OWNERS {
        let env = Env::of(user);
        let victim = env.directory("victim");
        env.file("victim/hosts", "untouched");
        let tmp = env.tmp();
        let tmp = tmp.to_str().expect("a plain name");
        let source = env.directory("source");
        let before = listing(&victim);
        let places = ["proc", "sys", "dev", "etc", "tmp", "run", "escape"];
        for (number, place) in places.into_iter().enumerate() {
            for (form, target) in
                [victim.clone(), format!("../../../../../../../../../..{victim}")].iter().enumerate()
            {
                let root = rootfs(&env, &format!("root{number}-{form}"));
                let link = format!("{root}/{place}");
                let _ = fs::remove_dir_all(&link);
                symlink(target, &link).expect("make the link");
                let volume = format!("{source}:/{place}/inner");
                let file = format!("{tmp}/source-file:/{place}/hosts");
                env.file("source-file", "");
                let workdir = format!("/{place}/deep/er");
                for flags in [
                    &[][..],
                    &["-v", &volume],
                    &["-v", &file],
                    &["--tmpfs", &format!("/{place}/t")],
                    &["-w", &workdir],
                    &["-t"],
                ] {
                    let mut args = vec!["run", "--rm", "--network", "none"];
                    args.extend(flags);
                    args.extend(["--rootfs", &root, "/bin/true"]);
                    // Whether it runs or is refused is not the question here.
                    let output = env.run(args);
                    assert_eq!(listing(&victim), before, "{user:?}: /{place} -> {target}\n{output}");
                }
                fs::remove_dir_all(&root).expect("remove the root filesystem");
            }
        }
    }
}

/// CVE-2021-30465: while containers start, another one that shares the volume exchanges the mount's
/// target with a link.
#[test]
fn a_mount_target_that_is_exchanged_while_it_is_mounted_stays_inside() {
    let env = Env::new();
    let shared = env.directory("shared");
    let victim = env.directory("victim");
    let tmp = env.tmp();
    let marker = env.file("marker", "of the host");
    symlink(&victim, format!("{shared}/link")).expect("make the link");
    env.directory("shared/place");
    let volume = format!("{shared}:/shared");
    // busybox has no renameat2: three renames go round as well.
    let turn = "cd /shared; while :; do mv place aside; mv link place; mv place link; mv aside place; done";
    env.ok([
        "run",
        "-d",
        "--name",
        "turner",
        "--network",
        "none",
        "-v",
        &volume,
        "busybox",
        "sh",
        "-c",
        turn,
    ]);
    let inner = format!("{}:/shared/place", env.directory("inner"));
    let look = format!("ls -A /shared/place; cat /proc/self/mountinfo; [ ! -e {marker} ] || echo outside");
    for _ in 0..crate::env::rounds(15) {
        let output = env.run([
            "run",
            "--rm",
            "--network",
            "none",
            "-v",
            &volume,
            "-v",
            &inner,
            "busybox",
            "sh",
            "-c",
            &look,
        ]);
        assert!(!output.out().contains("outside"), "{output}");
        assert_eq!(listing(&victim).lines().count(), 1, "{}", listing(&victim));
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("read the mounts");
    assert!(!mounts.contains(tmp.to_str().expect("a plain name")), "{mounts}");
}

/// CVE-2019-19921, CVE-2023-27561, CVE-2025-52881: an image that puts a volume where the launch
/// writes into /proc, so that the writes and masks go to files of the image.
#[test]
fn an_image_s_volume_over_proc_or_dev_weakens_nothing() {
    let env = Env::new();
    for place in ["/proc", "/proc/sys", "/proc/self", "/sys", "/dev", "/dev/pts"] {
        let change = format!("VOLUME {place}");
        env.ok(["import", "--change", &change, &crate::env::fixture("busybox.tar"), "odd"]);
        // Without a /proc there is nothing to protect; with one, it is protected.
        let script = "[ -e /proc/self ] || exit 0; head -c 1 /proc/kcore 2>/dev/null; \
                      echo 1 2>/dev/null >/proc/sysrq-trigger && echo wrote sysrq-trigger; \
                      echo 1 2>/dev/null >/proc/sys/vm/drop_caches && echo wrote drop_caches; exit 0";
        let output = env.run(["run", "--rm", "--network", "none", "odd", "sh", "-c", script]);
        assert!(output.code == Some(125) || output.out().is_empty(), "{place}: {output}");
    }
}

/// CVE-2025-31133, CVE-2025-52565: /dev/null and /dev/console as links, when they are used to mask
/// paths and to show the terminal.
#[test]
fn links_for_null_and_console_redirect_no_mount() {
    let env = Env::new();
    let target = "/proc/sys/kernel/core_pattern";
    let root = rootfs(&env, "root");
    for name in ["null", "console", "ptmx", "zero", "tty"] {
        symlink(target, format!("{root}/dev/{name}")).expect("make the link");
    }
    let devices = env.directory("devices");
    for name in ["null", "console"] {
        symlink(target, format!("{devices}/{name}")).expect("make the link");
    }
    let before = fs::read(target).expect("read the pattern");
    let over = format!("{devices}:/dev");
    let script = "echo '|/evil' >/proc/sys/kernel/core_pattern; echo '|/evil' >/dev/null; echo '|/evil' >/dev/console; \
                  cat /proc/kcore 2>/dev/null | head -c 1; cat /proc/self/mountinfo";
    for flags in [&[][..], &["-t"], &["-v", &over], &["-t", "-v", &over]] {
        let mut args = vec!["run", "--rm", "--network", "none"];
        args.extend(flags);
        args.extend(["--rootfs", &root, "/bin/sh", "-c", script]);
        let output = env.run(args);
        assert_eq!(fs::read(target).expect("read the pattern"), before, "{output}");
        let redirected = output.out().lines().any(|line| line.split(' ').nth(4) == Some(target));
        assert!(!redirected, "{output}");
    }
}

/// CVE-2022-0492, CVE-2022-0811: the kernel's own ways to run a program on the host.
#[test]
fn no_helper_program_of_the_kernel_can_be_set() {
    for user in crate::env::EVERYONE {
        let env = Env::of(user);
        let script = "for f in core_pattern modprobe hotplug poweroff_cmd; do \
                        echo /evil 2>/dev/null >/proc/sys/kernel/$f && echo \"wrote $f\"; done; \
                      echo 1 2>/dev/null >/proc/sys/vm/drop_caches && echo wrote drop_caches; \
                      mkdir /tmp/c && mount -t cgroup -o rdma none /tmp/c 2>/dev/null && echo mounted; \
                      mount -o remount,rw /proc/sys 2>/dev/null && echo remounted; \
                      umount /proc/sys 2>/dev/null && echo unmounted; \
                      for f in $(find /sys /proc/irq -name release_agent -o -name uevent_helper 2>/dev/null); do \
                        echo x 2>/dev/null >$f && echo \"wrote $f\"; done; echo end";
        env.run(["run", "--rm", "--network", "none", "busybox", "sh", "-c", script]).code(0).stdout("end\n");
    }
}

/// CVE-2017-5226 and its relatives: what a container types ahead is not typed at the user's shell.
#[test]
fn nothing_can_be_typed_at_the_terminal_outside() {
    let env = Env::new();
    let program = bind("type-ahead");
    env.ok(["run", "-d", "--name", "c", "--network", "none", "-v", &program, "busybox", "sleep", "1000"]);
    let name = Env::binary();
    let name = name.display();
    for command in [
        format!("{name} run --rm --network none -v {program} busybox /type-ahead"),
        format!("{name} run --rm -i --network none -v {program} busybox /type-ahead"),
        format!("{name} run --rm -i -t --network none -v {program} busybox /type-ahead"),
        format!("{name} exec c /type-ahead"),
        format!("{name} exec -i c /type-ahead"),
        format!("{name} exec -i -t c /type-ahead"),
    ] {
        let mut pty =
            env.pty_program("sh", ["-c", &format!("{command}; read -t 1 line; echo \"read=[$line] over\"")]);
        let screen = pty.expect("read=\\[.*\\] over");
        assert!(screen.contains("read=[] over"), "{command}:\n{screen}");
    }
}

/// The user's keyrings belong to host ids, not to a namespace: podman's containers read them.
#[test]
fn the_user_s_keys_cannot_be_read() {
    for user in [User::Sub, User::NoSub] {
        let env = Env::of(user);
        let keys = compiled("keys", &[]);
        let mut add = env.program(&keys);
        add.arg("add");
        let numbers = finish(add, b"").code(0).stdout_line();
        let (ring, key) = numbers.split_once(' ').expect("two numbers");
        let mut steal = env.program(&keys);
        steal.args(["steal", ring, key]);
        finish(steal, b"").code(0).stdout_contains("the secret");
        let out = env.ok([
            "run",
            "--rm",
            "--network",
            "none",
            "-v",
            &bind("keys"),
            "busybox",
            "/keys",
            "steal",
            ring,
            key,
        ]);
        assert!(!out.contains("secret") && !out.contains("ok"), "{user:?}: {out}");
    }
}

/// CVE-2022-24769, CVE-2022-29162: inheritable capabilities come back by a file's own.
#[test]
fn no_process_has_inheritable_capabilities() {
    let env = Env::new();
    env.ok(["run", "-d", "--name", "c", "--network", "none", "busybox", "sleep", "1000"]);
    let none = "CapInh:\t0000000000000000\nCapAmb:\t0000000000000000";
    let look = ["grep", "-E", "CapInh|CapAmb", "/proc/self/status"];
    for before in [
        &["run", "--rm", "--network", "none", "busybox"][..],
        &["run", "--rm", "--network", "none", "--privileged", "busybox"],
        &["run", "--rm", "--network", "none", "--user", "www", "--cap-add", "NET_ADMIN", "busybox"],
        &["exec", "c"],
        &["exec", "--privileged", "c"],
    ] {
        assert_eq!(env.ok(before.iter().chain(&look)), none, "{before:?}");
    }
}

/// box's own init stays in the container, where somebody with CAP_SYS_PTRACE can trace it: it must
/// not be worth it.
#[test]
fn the_init_of_ours_has_no_more_rights_than_the_container() {
    for user in crate::env::EVERYONE {
        let env = Env::of(user);
        let out = env.ok([
            "run",
            "--rm",
            "--init",
            "--network",
            "none",
            "busybox",
            "grep",
            "-E",
            "^(Cap|NoNewPrivs|Seccomp:)",
            "/proc/1/status",
        ]);
        let kill = "0000000000000020";
        let zero = "0000000000000000";
        let wanted = format!(
            "CapInh:\t{zero}\nCapPrm:\t{kill}\nCapEff:\t{kill}\nCapBnd:\t{zero}\nCapAmb:\t{zero}\nNoNewPrivs:\t1\nSeccomp:\t2"
        );
        assert_eq!(out, wanted, "{user:?}");
    }
}

/// CVE-2016-9962 through a shared pid namespace: a launch is watched by another container.
#[test]
fn a_launch_into_a_shared_pid_namespace_shows_nothing_of_the_host() {
    let env = Env::new();
    let marker = env.file("marker", "of the host");
    let spy = bind("spy");
    // With CAP_SYS_PTRACE it may look into whatever is in its pid namespace, root or not.
    env.ok([
        "run",
        "-d",
        "--name",
        "spy",
        "--network",
        "none",
        "--cap-add",
        "SYS_PTRACE",
        "-v",
        &spy,
        "busybox",
        "/spy",
        &marker,
    ]);
    env.until_logged("spy", "watching");
    for _ in 0..10 {
        for user in ["root", "www"] {
            env.ok([
                "run",
                "--rm",
                "--network",
                "none",
                "--pid",
                "container:spy",
                "--user",
                user,
                "busybox",
                "true",
            ]);
        }
    }
    env.ok(["kill", "-s", "TERM", "spy"]);
    env.ok(["wait", "spy"]);
    let logs = env.run(["logs", "spy"]).code(0).out();
    // The other container's own program is not the host's: they share what they were told to share.
    let seen: Vec<_> = logs.lines().filter(|line| !line.starts_with("written /bin/")).collect();
    assert_eq!(seen, ["watching", "done"], "{logs}");
}

/// CVE-2022-2989, CVE-2022-2990, CVE-2022-36109: groups of the caller that the container keeps.
#[test]
fn no_group_of_the_caller_comes_along() {
    let env = Env::new();
    env.ok(["run", "-d", "--name", "c", "--network", "none", "--user", "www", "busybox", "sleep", "1000"]);
    let groups = |args: &[&str]| env.ok(args);
    assert_eq!(groups(&["run", "--rm", "--network", "none", "busybox", "id", "-G"]), "0");
    assert_eq!(groups(&["exec", "c", "id", "-G"]), "33 44");
    assert_eq!(groups(&["run", "--rm", "--network", "none", "--user", "33:7", "busybox", "id", "-G"]), "7");
}

/// CVE-2016-3697: an image whose root is called 1000; and ids that mean "as it is", which is root.
#[test]
fn a_number_is_a_user_id_whatever_the_image_says() {
    for user in OWNERS {
        let env = Env::of(user);
        let root = rootfs(&env, "root");
        fs::write(
            format!("{root}/etc/passwd"),
            "1000:x:0:0::/:/bin/sh\nodd:x:4294967295:4294967295::/:/bin/sh\n",
        )
        .expect("write passwd");
        let run = |who: &str| {
            env.run(["run", "--rm", "--network", "none", "--user", who, "--rootfs", &root, "/bin/id", "-u"])
        };
        run("1000").code(0).stdout("1000\n");
        for who in ["4294967295", "0:4294967295", "odd", "4294967294", "2147483648"] {
            run(who).fails(125, "");
        }
    }
}

/// A user namespace made inside is where mounts can be made: what is hidden stays hidden in it.
#[test]
fn a_nested_namespace_uncovers_nothing() {
    for user in OWNERS {
        let env = Env::of(user);
        let script = "mount -t proc proc /proc && echo mounted; umount /proc/keys && echo unmounted; \
                      umount /proc/sys && echo unmounted; umount -l /proc && echo unmounted; \
                      mount -o remount,rw,bind /proc/sys && echo remounted; \
                      mount -o remount,rw /sys && echo remounted; \
                      (echo /evil >/proc/sys/kernel/core_pattern) && echo wrote; cat /proc/keys; echo end";
        let out = env
            .run([
                "run",
                "--rm",
                "--network",
                "none",
                "busybox",
                "unshare",
                "-U",
                "-r",
                "-p",
                "-f",
                "-m",
                "sh",
                "-c",
                script,
            ])
            .code(0)
            .out();
        assert_eq!(out, "end\n", "{user:?}");
    }
}

/// CVE-2020-15257: a socket with a name in the network's namespace, not in the file system.
#[test]
fn no_socket_of_ours_can_be_reached_through_the_network_namespace() {
    let env = Env::new();
    let sockets = env.ok(["run", "--rm", "--network", "host", "busybox", "cat", "/proc/net/unix"]);
    let ours = sockets.lines().filter(|line| line.contains('@')).filter(|line| line.contains("box-"));
    assert_eq!(ours.count(), 0, "{sockets}");
}

/// The host's /sys, which a container with the host's network gets, says more than a new one.
#[test]
fn the_host_s_network_brings_no_view_of_the_kernel() {
    let env = Env::new();
    let script =
        "ls -A /sys/kernel /sys/firmware; touch /sys/x /sys/fs/cgroup/x 2>/dev/null && echo wrote; echo end";
    let out = env.ok(["run", "--rm", "--network", "host", "busybox", "sh", "-c", script]);
    assert_eq!(out, "/sys/firmware:\n\n/sys/kernel:\nend");
}

/// CVE-2021-41091: a store that other users of the machine can look into, with setuid programs in it.
#[test]
fn other_users_cannot_enter_the_store() {
    let env = Env::new();
    env.ok(["run", "--rm", "--network", "none", "busybox", "true"]);
    let mut look = Command::new("setpriv");
    look.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "ls"]);
    look.arg(env.root().join("layers")).arg(env.root().join("containers"));
    let output = finish(look, b"");
    assert_eq!(output.out(), "", "{output}");
}

/// All containers of a user are in one user namespace: with CAP_SYS_ADMIN in it any of its mount
/// namespaces can be entered, also that of a supervisor, which has the host's files in it. What
/// remains is to get hold of one: by its handle (Linux 6.18), or from one to the next (6.12).
#[test]
fn no_capability_leads_into_the_namespaces_of_others() {
    for user in OWNERS {
        let env = Env::of(user);
        let marker = env.file("marker", "of the host");
        let program = compiled("neighbours", &[]);
        env.ok(["run", "-d", "--name", "c", "--network", "none", "busybox", "sleep", "1000"]);
        let bind = bind("neighbours");
        for state in ["{{.State.ConmonPid}}", "{{.State.Pid}}"] {
            let pid = env.ok(["inspect", "-f", state, "c"]);
            let mut ask = Command::new(&program);
            ask.args(["handle", &format!("/proc/{pid}/ns/mnt")]);
            let handle = finish(ask, b"").code(0).stdout_line();
            for flags in [
                &["--privileged"][..],
                &["--cap-add", "ALL"],
                &["--cap-add", "SYS_ADMIN,DAC_READ_SEARCH", "--security-opt", "seccomp=unconfined"],
                &["--cap-add", "SYS_ADMIN"],
                &["--privileged", "--security-opt", "no-new-privileges"],
            ] {
                let mut args = vec!["run", "--rm", "--network", "none", "-v", &bind];
                args.extend(flags);
                args.extend(["busybox", "/neighbours", "enter", &marker]);
                args.extend(handle.split(' '));
                let out = env.ok(args);
                assert!(out == "end" || out == "none\nend", "{user:?} {flags:?}: {out}");
            }
        }
    }
}
