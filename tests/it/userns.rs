//! `--userns`: containers with a user namespace of their own below the one that the user shares.

use crate::env::{Env, User, finish};
use std::fs;
use std::os::unix::fs::MetadataExt;

/// The host's id of the subordinate id `n`, counted from 0.
fn subordinate(env: &Env, n: u32) -> u32 {
    let map = env.ok(["run", "--rm", "busybox", "cat", "/proc/self/uid_map"]);
    let row = map.lines().nth(1).expect("a second row").split_whitespace().nth(1).expect("an outside id");
    row.parse::<u32>().expect("a number") + n
}

#[test]
fn without_the_callers_id_files_belong_to_subordinate_ids() {
    let env = Env::new();
    let dir = env.directory("shared");
    fs::set_permissions(&dir, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    env.file("shared/mine", "x");
    let bind = format!("{dir}:/s");
    let script = "id -u; cat /proc/self/uid_map; stat -c %u /s/mine / /etc/passwd /etc/hosts /dev/pts; touch /s/new; \
                  echo out >/dev/stdout; cat /proc/sys/net/ipv4/ping_group_range | tr '\\t' ' '; ping -c 1 127.0.0.1 >/dev/null && echo pinged";
    let output = env.run(["run", "--rm", "--userns", "nomap", "-v", &bind, "busybox", "sh", "-c", script]);
    output.code(0);
    let lines: Vec<String> =
        output.out().lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let expected = ["0", "0 1 65536", "65534", "0", "0", "0", "0", "out", "0 65535", "pinged"];
    assert_eq!(lines, expected, "{output}");
    assert_eq!(fs::metadata(format!("{dir}/new")).unwrap().uid(), subordinate(&env, 0));
}

#[test]
fn the_callers_ids_are_kept() {
    let env = Env::new();
    let dir = env.directory("shared");
    let bind = format!("{dir}:/s");
    let uid = env.uid().to_string();
    let base = ["run", "--rm", "-v", &bind];
    let script =
        "id -u; id -un; touch /s/mine; stat -c '%u %U' /s/mine; touch /x 2>/dev/null || echo not root";
    let with = |words: &[&str]| {
        let mut args = base.to_vec();
        args.extend(words);
        env.run(args)
    };
    let expected = format!("{uid}\nbox-sub\n{uid} box-sub\nnot root\n");
    with(&["--userns", "keep-id", "busybox", "sh", "-c", script]).code(0).stdout(&expected);
    assert_eq!(fs::metadata(format!("{dir}/mine")).unwrap().uid(), env.uid());
    with(&["--userns=keep-id:uid=33,gid=44", "busybox", "sh", "-c", "id -u; id -g; stat -c %u /s/mine"])
        .code(0)
        .stdout("33\n44\n33\n");
    // Root is another one, and may do what root may.
    with(&["--userns", "keep-id", "--user", "0", "busybox", "sh", "-c", "touch /x && stat -c %u /x /s/mine"])
        .code(0)
        .stdout(&format!("0\n{uid}\n"));
}

#[test]
fn nobody_takes_a_namespace_of_one_container_for_the_one_that_all_share() {
    let env = Env::new();
    env.run(["run", "-d", "--name", "c", "--userns", "nomap", "busybox", "sleep", "900"]).code(0);
    env.run(["exec", "-d", "c", "sleep", "900"]).code(0);
    let pid = env.ok(["inspect", "-f", "{{.State.ConmonPid}}", "c"]);
    let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/user")).ok();
    let shared = namespace(&pid).expect("it runs");
    // Of those in the list the first that lives is joined.
    let listed: Vec<_> = fs::read_dir(env.runroot().join("userns")).unwrap().flatten().collect();
    let names = listed.iter().map(|entry| entry.file_name().into_string().unwrap());
    let pids: Vec<String> = names.filter_map(|name| Some(name.split_once('-')?.0.to_string())).collect();
    assert!(pids.contains(&pid), "{pids:?}");
    for listed in &pids {
        assert!(namespace(listed).is_none_or(|it| it == shared), "{listed} of {pids:?}");
    }
    env.run(["rm", "-f", "-t", "0", "c"]).code(0);
}

#[test]
fn a_further_process_is_in_the_same_namespace() {
    let env = Env::new();
    env.run(["run", "-d", "--name", "c", "--userns", "nomap", "busybox", "sleep", "1000"]).code(0);
    let own = env.ok(["exec", "c", "readlink", "/proc/1/ns/user"]);
    let script = "readlink /proc/self/ns/user; id -u; echo again >/dev/stdout; touch /made; stat -c %u /made";
    env.run(["exec", "c", "sh", "-c", script]).code(0).stdout(&format!("{own}\n0\nagain\n0\n"));
    env.run(["exec", "-u", "www", "c", "id", "-u"]).code(0).stdout("33\n");
    env.run(["stop", "-t", "0", "c"]).code(0);
    env.run(["start", "c"]).code(0);
    env.run(["exec", "c", "stat", "-c", "%u", "/made"]).code(0).stdout("0\n");
    assert_ne!(own, env.ok(["run", "--rm", "busybox", "readlink", "/proc/self/ns/user"]));
}

#[test]
fn its_root_rules_its_namespaces_and_its_terminal() {
    let env = Env::new();
    let script = "mkdir /m; mount -t tmpfs none /m && hostname other && hostname && ip link set lo mtu 1400 && echo done";
    env.run(["run", "--rm", "--userns", "nomap", "--privileged", "busybox", "sh", "-c", script])
        .code(0)
        .stdout("other\ndone\n");
    let mut pty = env.pty([
        "run",
        "--rm",
        "-it",
        "--userns",
        "keep-id",
        "busybox",
        "sh",
        "-c",
        "stat -c %u $(tty); echo x >/dev/console",
    ]);
    pty.expect(&env.uid().to_string());
    pty.expect("x");
    assert_eq!(pty.wait(), 0);
}

#[test]
fn volumes_of_the_image_are_filled_and_belong_to_its_root() {
    let env = Env::new();
    let script = "stat -c %u /etc /etc/passwd /data; cat /etc/passwd | wc -l; touch /data/x";
    env.run(["run", "--rm", "--userns", "nomap", "-v", "/etc", "-v", "/data", "busybox", "sh", "-c", script])
        .code(0)
        .stdout("0\n0\n0\n3\n");
}

#[test]
fn debian_packages_with_users_of_their_own_are_installed() {
    let env = Env::with(User::Sub, &["debian"]);
    let script = "export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq && apt-get install -y -qq --no-install-recommends redis-server >/tmp/log 2>&1 ||
        { tail -n 20 /tmp/log; exit 1; }
        stat -c %U /var/lib/redis; su redis -s /bin/sh -c 'id -un'";
    // The mirrors that this machine uses, whatever they are.
    let args = ["run", "--rm", "--network", "host", "--userns", "nomap", "debian", "bash", "-c", script];
    env.run(args).code(0).stdout("redis\nredis\n");
}

#[test]
fn copies_of_layers_go_with_their_layers() {
    let env = Env::new();
    env.run(["run", "--rm", "--userns", "nomap", "busybox", "true"]).code(0);
    let copies = || {
        let entries = fs::read_dir(env.root().join("layers")).unwrap().flatten();
        entries.filter(|entry| entry.file_name().to_string_lossy().ends_with(".nomap")).count()
    };
    assert_eq!(copies(), 1);
    env.run(["tag", "busybox", "other"]).code(0);
    env.run(["rmi", "busybox"]).code(0);
    assert_eq!(copies(), 1);
    // A prune takes those that no container uses.
    env.run(["create", "--name", "c", "--userns", "nomap", "other", "true"]).code(0);
    env.run(["image", "prune", "-f"]).code(0);
    assert_eq!(copies(), 1);
    env.run(["start", "-a", "c"]).code(0);
    env.run(["rm", "c"]).code(0);
    env.run(["image", "prune", "-f"]).code(0);
    assert_eq!(copies(), 0);
    env.run(["run", "--rm", "--userns", "nomap", "other", "true"]).code(0);
    assert_eq!(copies(), 1);
    env.run(["rmi", "other"]).code(0);
    assert_eq!(copies(), 0);
}

#[test]
fn an_image_made_of_one_has_the_owners_that_were_seen_inside() {
    let env = Env::new();
    let script = "echo x >/new && chown 33:44 /new && mkdir /dir && chown 0:5 /etc/passwd";
    for mode in ["nomap", "keep-id"] {
        env.run(["run", "--name", mode, "--user", "0", "--userns", mode, "busybox", "sh", "-c", script])
            .code(0);
        env.run(["commit", "-q", mode, "made"]).code(0);
        env.run([
            "run",
            "--rm",
            "--user",
            "0",
            "made",
            "stat",
            "-c",
            "%u:%g",
            "/new",
            "/dir",
            "/etc/passwd",
            "/etc/group",
        ])
        .code(0)
        .stdout("33:44\n0:0\n0:5\n0:0\n");
    }
}

#[test]
fn who_cannot_have_one_is_told_why() {
    for (user, why) in [(User::NoSub, "/etc/subuid"), (User::Root, "not root")] {
        let env = Env::of(user);
        for mode in ["nomap", "keep-id"] {
            env.run(["run", "--rm", "--userns", mode, "busybox", "true"]).fails(125, why);
        }
    }
    let env = Env::new();
    env.run(["run", "-d", "--name", "c", "busybox", "sleep", "1000"]).code(0);
    for (flag, value) in [("--network", "container:c"), ("--ipc", "container:c"), ("--pid", "container:c")] {
        env.run(["run", "--rm", "--userns", "nomap", flag, value, "busybox", "true"]).fails(125, flag);
    }
    env.run(["run", "--rm", "--userns", "keep-id:uid=x", "busybox", "true"]).fails(125, "uid=x");
    env.run(["run", "--rm", "--userns", "pod", "busybox", "true"]).fails(125, "not yet");
}

/// The rows of a map, their columns apart by one space.
fn rows(text: &str) -> Vec<String> {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn containers_with_auto_have_ids_that_no_other_one_has() {
    let env = Env::new();
    let map = |name: &str| rows(&env.ok(["exec", name, "cat", "/proc/self/uid_map", "/proc/self/gid_map"]));
    for (name, mode) in [("a", "auto"), ("b", "auto:size=2000"), ("c", "auto:size=1500,uidmapping=1000:0:1")]
    {
        env.run(["run", "-d", "--name", name, "--userns", mode, "busybox", "sleep", "1000"]).code(0);
    }
    assert_eq!(map("a"), ["0 1 1024", "0 1 1024"]);
    assert_eq!(map("b"), ["0 1025 2000", "0 1025 2000"]);
    assert_eq!(map("c"), ["0 3025 1000", "1000 0 1", "1001 4025 499", "0 3025 1500"]);
    let script = "stat -c %u:%g / /etc/passwd; touch /x && chown 33:44 /x && stat -c %u:%g /x";
    env.run(["exec", "b", "sh", "-c", script]).code(0).stdout("0:0\n0:0\n33:44\n");
    env.run(["inspect", "a", "--format", "{{.HostConfig.UsernsMode}}"]).stdout("private\n");
    // They keep them, and those of one that has gone are free again.
    env.run(["restart", "-t", "0", "b"]).code(0);
    assert_eq!(map("b")[0], "0 1025 2000");
    env.run(["rm", "-f", "-t", "0", "a"]).code(0);
    env.run(["run", "--rm", "--userns", "auto:size=1000", "busybox", "cat", "/proc/self/uid_map"])
        .code(0)
        .stdout("         0          1       1000\n");
    env.run(["create", "--userns", "auto:size=65000", "busybox"]).fails(125, "are free");
    env.run(["run", "--rm", "--userns", "auto", "--user", "5000", "busybox", "cat", "/proc/self/uid_map"])
        .code(0)
        .stdout("         0       4525       5001\n");
}

#[test]
fn simultaneous_containers_with_auto_share_no_ids() {
    let env = Env::new();
    let children: Vec<_> =
        (0..6).map(|_| env.spawn(["run", "-d", "--userns", "auto", "busybox", "sleep", "1000"])).collect();
    for child in children {
        child.finish().code(0);
    }
    let ids = env.ok(["ps", "-q"]);
    let mut first: Vec<String> =
        ids.lines().map(|id| env.ok(["exec", id, "cat", "/proc/self/uid_map"])).collect();
    first.sort();
    first.dedup();
    assert_eq!(first.len(), 6, "{first:?}");
}

#[test]
fn private_has_the_same_ids_in_a_namespace_of_its_own() {
    for user in [User::Sub, User::NoSub, User::Root] {
        let env = Env::of(user);
        // It lives: the number of a namespace that is gone may be that of the next one.
        env.run(["run", "-d", "--name", "other", "busybox", "sleep", "1000"]).code(0);
        let shared = env.ok(["exec", "other", "readlink", "/proc/self/ns/user"]);
        let script = "readlink /proc/self/ns/user; touch /x && chown 0 /x && stat -c %u /x";
        let output = env.run(["run", "--rm", "--userns", "private", "busybox", "sh", "-c", script]);
        output.code(0);
        let lines: Vec<String> = output.out().lines().map(str::to_string).collect();
        assert_ne!(lines[0], shared.trim(), "{user:?}");
        assert_eq!(lines[1], "0");
    }
}

/// What the caller may read as a member of a group, the container may with `keep-groups`.
#[test]
fn groups_of_the_caller_are_kept_where_it_is_asked_for() {
    let env = Env::new();
    let file = env.tmp().join("shared");
    fs::write(&file, "readable\n").unwrap();
    std::os::unix::fs::chown(&file, Some(0), Some(4242)).unwrap();
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
    let bind = format!("{}:/shared", file.display());
    let member = |words: &str| {
        let ids = format!("--reuid {0} --regid {0} --groups 4242", env.uid());
        finish(env.prepared(&format!("exec setpriv {ids} $BOX {words}")), b"")
    };
    for more in ["", "--init", "--userns keep-id", "--userns private --user 33"] {
        let keep = format!("run --rm {more} -v {bind} --group-add keep-groups busybox cat /shared");
        member(&keep).code(0).stdout("readable\n");
        let usual = format!("run --rm {more} -v {bind} busybox cat /shared");
        member(&usual).code(1).stderr_contains("Permission denied");
    }
    member(&format!("run -d --name c -v {bind} --group-add keep-groups busybox sleep 600")).code(0);
    member("exec c cat /shared").code(0).stdout("readable\n");
    env.run(["run", "--rm", "--group-add", "keep-groups", "--group-add", "www", "busybox", "id"])
        .fails(125, "no other --group-add");
    env.run(["rm", "-f", "-t", "0", "c"]).code(0);
}

#[test]
fn ids_are_mapped_as_the_rows_say() {
    let env = Env::new();
    let script = "cat /proc/self/uid_map /proc/self/gid_map; stat -c %u:%g /etc/passwd";
    let map = |flags: &[&str]| {
        let output = env.run([&["run", "--rm"], flags, &["busybox", "sh", "-c", script]].concat());
        output.code(0);
        rows(&output.out())
    };
    assert_eq!(map(&["--uidmap", "0:1:5000"]), ["0 1 5000", "0 1 5000", "0:0"]);
    assert_eq!(map(&["--gidmap", "0:7:10", "--uidmap", "0:1:9"]), ["0 1 9", "0 7 10", "0:0"]);
    let caller = map(&["--uidmap", "1000:0:1", "--uidmap", "0:1:1000"]);
    assert_eq!(caller[..2], ["0 1 1000", "1000 0 1"]);
    let host = format!("0:@{}:100", subordinate(&env, 0));
    assert_eq!(map(&["--uidmap", &host])[0], "0 1 100");
    assert_eq!(map(&["--subuidname", "box-sub"])[0], "0 1 65536");
    // Letters: over the usual ids, and for users alone.
    let over = map(&["--uidmap", "+7:0", "--uidmap", "0:7"]);
    assert_eq!(over[..4], ["0 7 1", "1 1 6", "7 0 1", "8 8 65529"]);
    assert_eq!(over[4..8], over[..4]);
    assert_eq!(map(&["--uidmap", "u0:1:9"]), ["0 1 9", "0 0 1", "1 1 65536", "0:0"]);
    // A row without a count is one id; there is no group for terminals then.
    assert_eq!(map(&["--uidmap", "0:0"]), ["0 0 1", "0 0 1", "0:0"]);
    assert_eq!(map(&["--userns", "keep-id:uid=5,gid=5,size=100", "--user", "0"])[2], "6 6 94");
    for (flags, why) in [
        (["--uidmap", "0:0:70000"], "not all there"),
        (["--uidmap", "5:0:7"], "no user 0"),
        (["--uidmap", "0:@1:1"], "not one of those"),
        (["--subuidname", "nobody-at-all"], "/etc/subuid has no line"),
    ] {
        env.run([&["run", "--rm"], &flags[..], &["busybox", "true"]].concat()).fails(125, why);
    }
    env.run(["run", "--rm", "--userns", "auto", "--uidmap", "0:1:10", "busybox", "true"])
        .fails(125, "mutually exclusive");
    let variable = |value: &str| {
        let mut command = env.command(["run", "--rm", "busybox", "cat", "/proc/self/uid_map"]);
        command.env("PODMAN_USERNS", value);
        finish(command, b"")
    };
    variable("nomap").code(0).stdout("         0          1      65536\n");
    variable("mine").fails(125, "PODMAN_USERNS=mine");
}

#[test]
fn the_namespace_of_another_container_is_joined_and_its_others_with_it() {
    let env = Env::new();
    env.run(["run", "-d", "--name", "a", "--userns", "auto", "busybox", "sleep", "1000"]).code(0);
    env.run(["run", "-d", "--name", "b", "busybox", "sleep", "1000"]).code(0);
    let own = env.ok(["exec", "a", "readlink", "/proc/self/ns/user"]);
    let script = "readlink /proc/self/ns/user; touch /x && stat -c %u /x /etc/passwd";
    env.run(["run", "--rm", "--userns", "container:a", "busybox", "sh", "-c", script])
        .code(0)
        .stdout(&format!("{own}\n0\n0\n"));
    env.run(["run", "--rm", "--userns", "container:b", "busybox", "readlink", "/proc/self/ns/user"])
        .code(0)
        .stdout(&format!("{}\n", env.ok(["exec", "b", "readlink", "/proc/self/ns/user"])));
    let shared = ["--network", "--pid", "--ipc", "--uts"].map(|flag| format!("{flag}=container:a"));
    let mut args = vec!["run", "--rm", "--userns", "container:a"];
    args.extend(shared.iter().map(String::as_str));
    args.extend([
        "busybox",
        "sh",
        "-c",
        "for n in net pid ipc uts; do readlink /proc/self/ns/$n; done; cat /proc/1/comm",
    ]);
    let joined = env.run(&args);
    let theirs = env.ok([
        "exec",
        "a",
        "sh",
        "-c",
        "for n in net pid ipc uts; do readlink /proc/self/ns/$n; done; cat /proc/1/comm",
    ]);
    joined.code(0).stdout(&format!("{theirs}\n"));
    env.run(["run", "--rm", "--userns", "container:a", "--network", "container:b", "busybox", "true"])
        .fails(125, "--network container");
    let pid = env.ok(["inspect", "a", "--format", "{{.State.Pid}}"]);
    let at = |kind: &str| format!("ns:/proc/{pid}/ns/{kind}");
    env.run(["run", "--rm", "--userns", &at("user"), "busybox", "readlink", "/proc/self/ns/user"])
        .code(0)
        .stdout(&format!("{own}\n"));
    env.run(["run", "--rm", "--userns", &at("net"), "busybox", "true"]).fails(125, "/proc/PID/ns/user");
    env.run(["run", "--rm", "--userns", "ns:/etc/passwd", "busybox", "true"]).fails(125, "no user namespace");
    env.run(["run", "--rm", "--userns", "container:none", "busybox", "true"]).fails(125, "no such container");
    // It has to run for that.
    env.run(["create", "--name", "c", "--userns", "container:a", "busybox", "true"]).code(0);
    env.run(["stop", "-t", "0", "a"]).code(0);
    env.run(["start", "c"]).fails(125, "does not run");
}

#[test]
fn a_user_without_a_name_gets_one() {
    let env = Env::new();
    let of = |flags: &[&str]| {
        let script = "tail -n 1 /etc/passwd; tail -n 1 /etc/group; whoami";
        env.run([&["run", "--rm", "--network", "none"], flags, &["busybox", "sh", "-c", script]].concat())
    };
    let passwd = "1234:*:1234:5678:container user:/:/bin/sh\n";
    of(&["--user", "1234:5678"]).code(0).stdout(&format!("{passwd}5678:x:5678:1234\n1234\n"));
    of(&["--user", "1234", "-w", "/tmp"])
        .code(0)
        .stdout_contains("1234:*:1234:0:container user:/tmp:/bin/sh\n");
    assert!(!of(&["--user", "1234", "--passwd=false"]).out().contains("1234"));
}
