//! What a container sees and what holds it in: mounts, devices, capabilities, seccomp, namespaces.

use crate::env::{EVERYONE, Env, User, finish};

fn sh(env: &Env, flags: &[&str], script: &str) -> String {
    let mut args = vec!["run", "--rm", "--network", "none"];
    args.extend(flags);
    args.extend(["busybox", "sh", "-c", script]);
    env.ok(args)
}

/// The line of /proc/mounts for a mount point.
fn mount<'a>(mounts: &'a str, point: &str) -> &'a str {
    mounts
        .lines()
        .rfind(|line| line.split(' ').nth(1) == Some(point))
        .unwrap_or_else(|| panic!("{point} is not mounted:\n{mounts}"))
}

#[track_caller]
fn has(line: &str, options: &[&str]) {
    let words: Vec<_> = line.split([' ', ',']).collect();
    for option in options {
        assert!(words.contains(option), "{option} is missing in {line:?}");
    }
}

#[test]
fn the_mounts_have_their_options() {
    for user in EVERYONE {
        let env = Env::of(user);
        let mounts = sh(&env, &[], "cat /proc/mounts");
        let root = if crate::env::driver() == "overlay" { "overlay" } else { "fuse" };
        has(mount(&mounts, "/"), &[root, "rw"]);
        has(mount(&mounts, "/proc"), &["proc", "nosuid", "nodev", "noexec"]);
        has(mount(&mounts, "/dev"), &["tmpfs", "nosuid", "noexec", "size=65536k", "mode=755"]);
        has(mount(&mounts, "/dev/pts"), &["devpts", "nosuid", "noexec", "ptmxmode=666", "mode=620"]);
        has(mount(&mounts, "/dev/shm"), &["tmpfs", "nosuid", "nodev", "noexec", "size=65536k"]);
        has(mount(&mounts, "/dev/mqueue"), &["mqueue", "nosuid", "nodev", "noexec"]);
        has(mount(&mounts, "/sys"), &["sysfs", "ro", "nosuid", "nodev", "noexec"]);
    }
}

#[test]
fn nothing_of_the_host_is_mounted() {
    let env = Env::new();
    let mounts = sh(&env, &[], "cat /proc/self/mountinfo");
    let old = mounts.lines().filter(|line| line.contains("oldroot") || line.contains("put_old"));
    assert_eq!(old.count(), 0, "{mounts}");
    let ext4: Vec<_> = mounts.lines().filter(|line| line.contains(" - ext4 ")).collect();
    for line in ext4 {
        let point = line.split(' ').nth(4).unwrap_or_default();
        let known = ["/etc/hosts", "/etc/resolv.conf", "/etc/hostname", "/run/.containerenv"];
        assert!(known.contains(&point), "{line}");
    }
}

#[test]
fn the_devices_are_the_usual_ones() {
    for user in EVERYONE {
        let env = Env::of(user);
        let out = sh(
            &env,
            &[],
            "cd /dev; ls -1 | grep -v -E '^(shm|pts|mqueue|console)$' | sort | tr '\\n' ' '; head -c 3 /dev/zero | wc -c; echo x >/dev/null; test -c /dev/urandom && for l in fd stdin ptmx; do readlink $l; done",
        );
        let names = "core fd full null ptmx random stderr stdin stdout tty urandom zero";
        assert!(out.starts_with(names), "{out}");
        assert!(out.ends_with("3\n/proc/self/fd\n/proc/self/fd/0\npts/ptmx"), "{out}");
    }
}

#[test]
fn paths_are_masked_and_read_only() {
    let env = Env::new();
    let script = "for f in /proc/kcore /proc/keys /proc/timer_list; do [ ! -e $f ] || [ $(cat $f | wc -c) = 0 ] || echo $f; done;
        for d in /proc/acpi /proc/scsi /sys/firmware; do [ ! -d $d ] || [ -z \"$(ls $d)\" ] || echo $d; done;
        echo 1 >/proc/sys/kernel/domainname; touch /sys/x";
    let output = env.run(["run", "--rm", "busybox", "sh", "-c", script]);
    output.code(1).stdout("");
    assert_eq!(output.err().matches("Read-only file system").count(), 2, "{output}");
}

#[test]
fn masks_can_be_lifted_and_added() {
    let env = Env::new();
    let keys = "wc -c </proc/timer_list";
    assert_eq!(sh(&env, &[], keys), "0");
    sh(&env, &["--security-opt", "unmask=/proc/timer_list"], "cat /proc/timer_list | head -c 0");
    assert_eq!(sh(&env, &["--security-opt", "mask=/etc/notes"], "cat /etc/notes"), "");
    assert_eq!(sh(&env, &["--security-opt", "mask=/etc/passwd:/etc/group"], "cat /etc/passwd; id -u"), "0");
    let read_only = "grep -c ' /proc/sys ' /proc/mounts || true";
    assert_eq!(sh(&env, &[], read_only), "1");
    assert_eq!(sh(&env, &["--security-opt", "unmask=ALL"], read_only), "0");
}

fn caps(env: &Env, flags: &[&str]) -> Vec<u64> {
    let text = sh(env, flags, "grep -E '^Cap' /proc/self/status");
    text.lines().map(|line| u64::from_str_radix(line.split('\t').nth(1).unwrap(), 16).unwrap()).collect()
}

#[test]
fn the_capabilities_are_docker_s_fourteen() {
    for user in EVERYONE {
        let env = Env::of(user);
        // Inheritable, permitted, effective, bounding, ambient.
        let docker = 0xa804_25fb;
        assert_eq!(caps(&env, &[]), [0, docker, docker, docker, 0]);
    }
}

#[test]
fn capabilities_are_added_and_dropped() {
    let env = Env::new();
    let docker = 0xa804_25fb_u64;
    let sys_admin = 1 << 21;
    let chown = 1;
    assert_eq!(caps(&env, &["--cap-add", "SYS_ADMIN"])[2], docker | sys_admin);
    assert_eq!(
        caps(&env, &["--cap-add", "cap_sys_admin", "--cap-drop", "chown"])[2],
        (docker | sys_admin) & !chown
    );
    assert_eq!(caps(&env, &["--cap-drop", "all"])[1..4], [0, 0, 0]);
    assert_eq!(caps(&env, &["--cap-drop", "all", "--cap-add", "chown"])[2], chown);
    env.run(["run", "--rm", "--cap-add", "NO_SUCH", "busybox", "true"]).fails(125, "NO_SUCH");
    // Another user has none, but keeps the bounds.
    assert_eq!(caps(&env, &["-u", "www"]), [0, 0, 0, docker, 0]);
}

#[test]
fn privileged_has_all_and_sees_devices() {
    let env = Env::new();
    let all = caps(&env, &["--privileged"]);
    assert_eq!(all[2], all[3]);
    assert!(all[2].count_ones() >= 38, "{:x}", all[2]);
    // No profile; the one filter keeps it from the namespaces of other containers.
    let script = "grep Seccomp_filters: /proc/self/status; mount -t tmpfs none /home && echo mounted; test -e /dev/fuse && echo device";
    assert_eq!(sh(&env, &["--privileged"], script), "Seccomp_filters:\t1\nmounted\ndevice");
    env.run(["run", "--rm", "busybox", "mount", "-t", "tmpfs", "none", "/home"]).code(1);
}

#[test]
fn seccomp_is_on_unless_unconfined_or_another() {
    let env = Env::new();
    let status = "grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status";
    assert_eq!(sh(&env, &[], status), "NoNewPrivs:\t0\nSeccomp:\t2");
    assert_eq!(sh(&env, &["--security-opt", "seccomp=unconfined"], status), "NoNewPrivs:\t0\nSeccomp:\t0");
    assert_eq!(sh(&env, &["--security-opt", "no-new-privileges"], status), "NoNewPrivs:\t1\nSeccomp:\t2");
    let profile = env.file(
        "profile.json",
        r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":12}]}"#,
    );
    let flag = format!("seccomp={profile}");
    env.run(["run", "--rm", "--security-opt", &flag, "busybox", "mkdir", "/x"])
        .code(1)
        .stderr_contains("Cannot allocate memory");
    env.run(["run", "--rm", "--security-opt", "seccomp=/no/such", "busybox", "true"]).fails(125, "/no/such");
    let broken = env.file("broken.json", "{");
    env.run(["run", "--rm", "--security-opt", &format!("seccomp={broken}"), "busybox", "true"])
        .fails(125, "broken.json");
}

#[test]
fn namespaces_are_its_own_unless_shared() {
    let env = Env::new();
    let host =
        |name: &str| std::fs::read_link(format!("/proc/self/ns/{name}")).unwrap().display().to_string();
    for name in ["pid", "net", "ipc", "uts", "mnt", "user", "cgroup"] {
        assert_ne!(sh(&env, &[], &format!("readlink /proc/self/ns/{name}")), host(name), "{name}");
    }
    for (flag, name) in [("--ipc=host", "ipc"), ("--uts=host", "uts")] {
        assert_eq!(sh(&env, &[flag], &format!("readlink /proc/self/ns/{name}")), host(name), "{flag}");
    }
    let pids = sh(&env, &["--pid=host"], "ls -d /proc/[0-9]* | wc -l");
    assert!(pids.parse::<u32>().unwrap() > 10, "{pids}");
    env.run(["run", "--rm", "--network", "host", "busybox", "readlink", "/proc/self/ns/net"])
        .stdout(&format!("{}\n", host("net")));
}

#[test]
fn namespaces_of_another_container_are_joined() {
    let env = Env::new();
    env.run(["run", "-d", "--name", "c", "busybox", "sleep", "600"]).code(0);
    for (flag, name) in [("--pid", "pid"), ("--ipc", "ipc"), ("--uts", "uts"), ("--network", "net")] {
        let link = format!("/proc/self/ns/{name}");
        let theirs = env.ok(["exec", "c", "readlink", &link]);
        let flag = format!("{flag}=container:c");
        env.run(["run", "--rm", &flag, "busybox", "readlink", &link]).code(0).stdout(&format!("{theirs}\n"));
    }
    env.run(["run", "--rm", "--pid=container:c", "busybox", "ps"]).code(0).stdout_contains("sleep 600");
    env.run(["run", "--rm", "--network=container:no-such", "busybox", "true"]).fails(125, "no-such");
}

#[test]
fn the_id_maps_are_the_user_s() {
    let env = Env::new();
    let map = sh(&env, &[], "cat /proc/self/uid_map");
    let words: Vec<_> = map.split_whitespace().collect();
    assert_eq!(words[..4], ["0", &env.uid().to_string(), "1", "1"], "{map}");
    assert_eq!(words[5], "65536", "{map}");
    let env = Env::of(User::NoSub);
    let map = sh(&env, &[], "cat /proc/self/uid_map");
    assert_eq!(map.split_whitespace().collect::<Vec<_>>(), ["0", &env.uid().to_string(), "1"]);
}

#[test]
fn no_descriptor_of_the_caller_gets_in() {
    let env = Env::new();
    let mut leaky = env.program("sh");
    leaky
        .args(["-c", "exec 7</etc/passwd 9>/dev/null; exec \"$0\" run --rm busybox ls /proc/self/fd"])
        .arg(Env::binary());
    // Three for ls itself, and the directory that it reads.
    finish(leaky, b"").code(0).stdout("0\n1\n2\n3\n");
}

#[test]
fn the_ping_group_range_is_open() {
    let env = Env::new();
    let range = sh(&env, &[], "cat /proc/sys/net/ipv4/ping_group_range");
    assert!(range.starts_with('0') && !range.ends_with("\t0"), "{range}");
}

#[test]
fn a_debug_run_prints_its_plan() {
    let env = Env::new();
    let output = env.run(["--log-level", "debug", "run", "--rm", "--network", "none", "busybox", "true"]);
    output.code(0).stdout("");
    let root = if crate::env::driver() == "overlay" { "overlay" } else { "served by fuse" };
    for step in [root, "/proc", "change the root", "seccomp"] {
        assert!(output.err().to_lowercase().contains(step), "{step} is not in the plan:\n{output}");
    }
}

#[test]
fn the_binary_cannot_be_overwritten_from_inside() {
    let env = Env::new();
    // An exec'd process whose program is a link to itself is the way that runc was broken
    // (CVE-2019-5736): the file behind /proc/PID/exe must not be writable.
    let script = "for p in /proc/[0-9]*; do (echo x >$p/exe) 2>/dev/null && echo overwritten $p; done; true";
    let before = std::fs::read(Env::binary()).unwrap();
    sh(&env, &["--pid=host"], script);
    assert!(before == std::fs::read(Env::binary()).unwrap());
}

#[test]
fn su_and_setuid_programs_work() {
    let env = Env::new();
    assert_eq!(sh(&env, &[], "su www -c 'id -u'"), "33");
}

#[test]
fn new_files_have_the_usual_umask() {
    let env = Env::new();
    assert_eq!(sh(&env, &[], "umask; touch /x; stat -c %a /x"), "0022\n644");
}
