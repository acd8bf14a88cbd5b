//! info, version, doctor, unshare, system reset.

use crate::env::{EVERYONE, Env, User, finish, fixture};

#[test]
fn a_store_whose_reset_was_interrupted_is_one() {
    let env = Env::new();
    // The first that goes, and one after it.
    for name in ["containers", "names", "layers"] {
        std::fs::remove_dir_all(env.root().join(name)).expect("the store is writable");
    }
    env.run(["ps", "-a"]).code(0);
    env.run(["system", "reset", "--force"]).code(0);
    assert!(!env.root().exists());
    env.run(["import", "-q", &fixture("busybox.tar"), "again"]).code(0);
    env.run(["run", "--rm", "again", "true"]).code(0);
}

#[test]
fn version_says_its_number() {
    let env = Env::empty(User::Sub);
    let number = env!("CARGO_PKG_VERSION");
    env.run(["--version"]).code(0).stdout_contains(number);
    env.run(["version"]).code(0).stdout_contains(number);
    env.run(["version", "--format", "{{.Client.Version}}"]).code(0).stdout(&format!("{number}\n"));
}

#[test]
fn info_says_where_and_how() {
    for user in EVERYONE {
        let env = Env::of(user);
        env.run(["info"]).code(0).stdout_contains(env.root().to_str().unwrap());
        let text = env.ok(["info", "--format", "json"]);
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["store"]["graphRoot"], env.root().to_str().unwrap());
        assert_eq!(value["store"]["graphDriverName"], crate::env::driver());
        env.run(["info", "-f", "{{.Host.Kernel}}"]).code(0).stdout_matches(r"^\d+\.\d+");
    }
}

#[test]
fn doctor_finds_nothing_to_mend_or_says_what() {
    let env = Env::empty(User::Sub);
    env.run(["doctor"]).code(0).stdout_contains("newuidmap");
    let env = Env::empty(User::NoSub);
    env.run(["doctor"]).stdout_contains("subuid");
}

#[test]
fn doctor_names_what_is_missing_and_the_command_that_mends_it() {
    let env = Env::empty(User::Sub);
    let prepared = |script: &str| finish(env.prepared(script), b"");
    // No setuid helper works: single-id mode, and a container still runs.
    let output = prepared("exec $AS --no-new-privs $BOX doctor");
    output.code(0).stdout_contains("single-id mode: no_new_privs");
    let hide =
        "for f in /usr/bin/slirp4netns /usr/bin/passt; do test -e $f && mount --bind /dev/null $f; done";
    let output = prepared(&format!("{hide}; exec $AS $BOX doctor"));
    output.code(0).stdout_contains("apt-get install slirp4netns");
    let output = prepared("mount -t tmpfs none /dev/net; exec $AS $BOX doctor");
    output.code(0).stdout_contains("mknod /dev/net/tun");
    let script = "cp /usr/bin/newuidmap new && chmod 755 new && mount --bind new /usr/bin/newuidmap; exec $AS $BOX doctor";
    prepared(script).code(0).stdout_contains("chmod u+s");
    // The limit of a user namespace of its own, so that the host's is not touched.
    let mut limited = env.program("unshare");
    limited.args(["--user", "--map-root-user", "sh", "-c"]);
    limited.arg("echo 0 > /proc/sys/user/max_user_namespaces; exec \"$0\" doctor").arg(Env::binary());
    let output = finish(limited, b"");
    output.code(1).stdout_contains("sysctl -w user.max_user_namespaces=").stdout_contains("FAIL");
}

/// All of the host's directories, below one that is no mount: user_namespaces(7) has the rule.
#[test]
fn a_chroot_is_named_as_what_forbids_user_namespaces() {
    for user in [User::Sub, User::Root] {
        let env = Env::of(user);
        let enter = r#"rm -rf r; mkdir r && for d in /*; do
            if [ -L "$d" ]; then cp -P "$d" r/; elif [ -d "$d" ]; then mkdir "r$d"; mount --rbind "$d" "r$d"; fi
        done"#;
        let inside =
            |command: &str| finish(env.prepared(&format!("{enter}; exec chroot r $AS $BOX {command}")), b"");
        inside("doctor").code(1).stdout_contains("this is a chroot").stdout_contains("systemd-nspawn");
        inside("run --rm busybox true").fails(125, "this is a chroot");
        env.run(["ps", "-aq"]).code(0).stdout("");
        // What it began waits in the trash for one who may delete other ids' files.
        env.run(["run", "--rm", "busybox", "true"]).code(0);
        let without = "umount -l r/proc; exec chroot r $AS $BOX doctor";
        finish(env.prepared(&format!("{enter}; {without}")), b"").code(1).stdout_contains("mount -t proc");
    }
}

#[test]
fn doctor_needs_no_home() {
    let mut env = Env::empty(User::Sub);
    env.unset("BOX_ROOT");
    env.set("HOME", "/proc");
    env.run(["doctor"]).code(1).stdout_contains("BOX_ROOT");
}

#[test]
fn unshare_is_root_in_the_user_namespace() {
    for user in EVERYONE {
        let env = Env::of(user);
        env.run(["unshare", "id", "-u"]).code(0).stdout("0\n");
        env.run(["unshare", "sh", "-c", "exit 6"]).code(6);
        env.run(["unshare", "no-such-program"]).code(127);
    }
    let env = Env::new();
    env.run(["run", "--name", "c", "busybox", "sh", "-c", "touch /x; chown 33 /x"]).code(0);
    let script = format!("find {}/containers -name x -uid 33 | wc -l", env.root().display());
    env.run(["unshare", "sh", "-c", &script]).code(0).stdout("1\n");
}

#[test]
fn reset_removes_the_store_and_nothing_else() {
    let env = Env::new();
    env.run(["run", "-d", "--name", "c", "busybox", "sleep", "600"]).code(0);
    let beside = env.file("beside", "kept");
    let mine = env.directory("mine");
    env.file("mine/file", "kept");
    env.ok(["create", "--name", "m", "--rootfs", &mine, "true"]);
    // Without a terminal and without --force it does nothing.
    assert_ne!(env.run(["system", "reset"]).code, Some(0));
    assert_eq!(env.status("c"), "running");
    // In the namespace in which they are mounted, a directory of the user's among them.
    let script =
        "\"$0\" mount m && \"$0\" mount c && \"$0\" image mount busybox && \"$0\" system reset --force";
    env.run(["unshare", "sh", "-c", script, &Env::binary().display().to_string()]).code(0);
    assert!(std::path::Path::new(&beside).exists() && env.tmp().join("mine/file").exists());
    let left = std::fs::read_dir(env.runroot()).map(|d| d.flatten().map(|e| e.path()).collect::<Vec<_>>());
    assert!(left.as_ref().is_ok_and(Vec::is_empty) || left.is_err(), "{left:?}");
    // Whatever box keeps there is known to the reset.
    assert!(
        !env.root().exists(),
        "{:?}",
        std::fs::read_dir(env.root()).map(|d| d.flatten().collect::<Vec<_>>())
    );
    env.run(["images", "-q"]).code(0).stdout("");
    env.run(["ps", "-aq"]).code(0).stdout("");
}

#[test]
fn reset_refuses_what_is_not_a_store() {
    let mut env = Env::empty(User::Sub);
    let dir = env.directory("precious");
    env.file("precious/file", "mine");
    env.set("BOX_ROOT", &dir);
    env.run(["system", "reset", "--force"]).code(125).stdout("");
    assert!(std::path::Path::new(&dir).join("file").exists());
}

#[test]
fn two_users_do_not_see_each_other() {
    let (one, two) = (Env::of(User::Sub), Env::of(User::Root));
    one.run(["create", "--name", "c", "busybox", "true"]).code(0);
    two.run(["container", "exists", "c"]).code(1);
}
