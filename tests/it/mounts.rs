//! Every form of `-v`, `--mount` and `--tmpfs`.

use crate::env::{EVERYONE, Env, User};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

fn run(env: &Env, flags: &[&str], script: &str) -> crate::env::Output {
    let args: Vec<&str> = [&["run", "--rm"], flags, &["busybox", "sh", "-c", script]].concat();
    env.run(&args)
}

#[test]
fn binds_are_read_only_single_files_and_relative() {
    for user in EVERYONE {
        let env = Env::of(user);
        let dir = env.directory("logs");
        env.file("logs/f", "text\n");
        let logs = format!("{dir}:/var/host_logs:ro");
        run(&env, &["-v", &logs], "cat /var/host_logs/f; touch /var/host_logs/x")
            .code(1)
            .stdout("text\n")
            .stderr_contains("Read-only");
        // The current directory is the test's.
        run(&env, &["-v", "./logs:/l", "-v", "./logs/f:/etc/f"], "echo more >> /etc/f; cat /l/f")
            .stdout("text\nmore\n");
        run(&env, &["--mount", "type=bind,src=logs/f,dst=/made/here/f,ro"], "cat /made/here/f")
            .stdout("text\nmore\n");
        run(&env, &["-v", &format!("{dir}:/l:noexec")], "cp /bin/busybox /l/echo; /l/echo hi").code(126);
        fs::remove_file(env.tmp().join("logs/echo")).unwrap();
        run(&env, &["--mount", "type=bind,src=logs,dst=/etc/passwd"], "true")
            .code(125)
            .stderr_contains("a directory");
    }
}

#[test]
fn a_missing_directory_is_made_by_v_and_not_by_mount() {
    let env = Env::new();
    let missing = env.tmp().join("a/b");
    let word = format!("{}:/x", missing.display());
    run(&env, &["-v", &word], "touch /x/f").code(0).stderr_contains("made the directory");
    assert!(missing.join("f").exists());
    run(&env, &["-v", "./new/dir:/x"], "touch /x/f").code(0).stderr_contains("made the directory ./new/dir,");
    assert!(env.tmp().join("new/dir/f").exists());
    for source in ["/not/there", "./not-there"] {
        run(&env, &["--mount", &format!("type=bind,src={source},dst=/x")], "true")
            .fails(125, &format!("there is no {source} on the host"))
            .stderr_contains("Hint: make it, or give it with -v");
    }
    run(&env, &["-v", "/not/there:/x"], "true").code(125).stderr_contains("/not/there");
    assert!(!env.tmp().join("not-there").exists());
    env.run(["ps", "-aq"]).stdout("");
}

#[test]
fn words_that_contradict_each_other_are_refused_as_podman_does() {
    let env = Env::new();
    for (flags, text) in [
        (&["-v", "a:/x", "-v", "b:/x"][..], "/x: duplicate mount destination"),
        (&["-v", "a:/x", "--tmpfs", "/x"], "/x: duplicate mount destination"),
        (&["-v", "a:/x", "-v", "a:/x:ro"], "/x: duplicate mount destination"),
        (&["--mount", "type=bind,src=/tmp,dst=/x,relabel=bad"], "must be 'private' or 'shared'"),
        (&["--mount", "type=bind,src=/tmp,dst=/x,idmap"], "administrator of its file system"),
        (&["--mount", "type=artifact,src=a,dst=/x"], "not yet: --mount type=artifact"),
        (&["-v", "a:/x:ro,rw"], "can only specify 1 'rw' or 'ro' option"),
        (&["-v", "a:/x:frob"], "invalid option type \"frob\""),
        (&["-v", "/tmp:/x:idmap"], "idmap"),
        (&["--mount", "type=frob,dst=/x"], "invalid filesystem type \"frob\""),
        (&["--mount", "type=tmpfs,dst=/x,frob"], "frob: invalid mount option"),
        (&["--mount", "type=bind,dst=/x"], "must set source"),
        (&["--mount", "type=image,src=nope,dst=/x"], "image not known"),
        (&["--mount", "type=glob,src=/not/there*,dst=/x"], "no file paths matching"),
        (&["--mount", "type=volume,src=v,dst=/x,subpath=../y"], "without .."),
    ] {
        run(&env, flags, "true").code(125).stdout("").stderr_contains(text);
    }
    env.run(["volume", "ls", "-q"]).stdout("");
}

#[test]
fn a_tmpfs_has_its_options_and_begins_with_the_image_s_files() {
    for user in EVERYONE {
        let env = Env::of(user);
        run(&env, &["--tmpfs", "/etc:size=1m"], "cat /etc/notes; df -k /etc | grep -c 1024")
            .stdout("not a program\n1\n");
        run(&env, &["--tmpfs", "/home:notmpcopyup,mode=700"], "stat -c %a /home; ls /home").stdout("700\n");
        run(&env, &["--tmpfs", "/new"], "stat -c %a /new; grep ' /new ' /proc/mounts")
            .stdout_contains("nosuid,nodev,noexec")
            .stdout_contains("1777");
        run(
            &env,
            &["--mount", "type=tmpfs,dst=/t,tmpfs-size=2m,tmpfs-mode=0750,exec"],
            "stat -c %a /t; cp /bin/busybox /t/echo; /t/echo hi; df -k /t | grep -c 2048",
        )
        .stdout("750\nhi\n1\n");
        run(&env, &["--mount", "type=ramfs,dst=/r"], "echo 1 > /r/f; grep -c ' /r ramfs' /proc/mounts")
            .stdout("1\n");
        run(&env, &["--mount", "type=devpts,dst=/pts"], "ls /pts").stdout("ptmx\n");
        run(&env, &["--tmpfs", "/etc:ro"], "cat /etc/notes; touch /etc/x").code(1).stdout("not a program\n");
    }
}

#[test]
fn a_read_only_root_has_writable_places() {
    let env = Env::new();
    run(
        &env,
        &["--read-only"],
        "touch /run/x /tmp/x /var/tmp/x /dev/shm/x && ! touch /x 2> /dev/null && stat -c %a /tmp /run",
    )
    .stdout("1777\n755\n");
    run(&env, &["--read-only", "--read-only-tmpfs=false"], "touch /tmp/x").code(1);
    // podman-run(1): then /dev and /dev/shm are read-only too; what is mounted in them is not.
    let script =
        "touch /dev/x || touch /dev/shm/x || echo neither; echo >/dev/null; ls /dev/pts /dev/fd; tty";
    let read_only =
        ["run", "--rm", "-t", "--read-only", "--read-only-tmpfs=false", "busybox", "sh", "-c", script];
    let said = env.run(read_only).code(0).out();
    assert!(said.contains("neither") && said.contains("/dev/pts/0"), "{said}");
    run(&env, &["--read-only"], "touch /dev/x /dev/shm/x").code(0);
    run(&env, &["--read-only", "-v", "v:/data"], "touch /data/x").code(0);
}

#[test]
fn an_overlay_keeps_its_source_as_it_was() {
    for user in [User::Sub, User::Root] {
        let env = Env::of(user);
        let dir = env.directory("src");
        env.file("src/f", "old\n");
        env.directory("src/part");
        env.file("src/part/g", "part\n");
        let over = format!("{dir}:/x:O");
        let args = [
            "run",
            "--name",
            "c",
            "-v",
            &over,
            "busybox",
            "sh",
            "-c",
            "cat /x/f; echo new > /x/f; touch /x/made",
        ];
        env.run(args).code(0).stdout("old\n");
        // A later start begins afresh, as with a tmpfs.
        env.run(["start", "-a", "c"]).stdout("old\n");
        assert_eq!(fs::read_to_string(env.tmp().join("src/f")).unwrap(), "old\n");
        let (upper, work) = (env.directory("upper"), env.directory("work"));
        let kept = format!("{dir}:/x:O,upperdir={upper},workdir={work}");
        run(&env, &["-v", &kept], "echo kept > /x/f").code(0);
        run(&env, &["-v", &kept], "cat /x/f").stdout("kept\n");
        assert_eq!(fs::read_to_string(env.tmp().join("upper/f")).unwrap(), "kept\n");
        let part = format!("{dir}:/x:O,subpath=part");
        run(&env, &["-v", &part], "cat /x/g; rm /x/g").stdout("part\n");
        assert!(env.tmp().join("src/part/g").exists());
        // Its root is like the source's.
        env.directory("src/open");
        let mode = fs::Permissions::from_mode(0o1777);
        fs::set_permissions(env.tmp().join("src/open"), mode).expect("the mode is set");
        run(&env, &["-v", &format!("{dir}/open:/x:O"), "--user", "7:8"], "touch /x/y && stat -c %a /x")
            .stdout("1777\n");
        run(&env, &["-v", "tmp:/tmp:O"], "stat -c %a /tmp").stdout("1777\n");
        run(&env, &["-v", "data:/etc:O"], "rm /etc/notes; ls /etc/passwd").stdout("/etc/passwd\n");
        run(&env, &["-v", "data:/x"], "ls /x/notes").stdout("/x/notes\n");
    }
}

#[test]
fn files_are_given_to_the_container_s_user() {
    let env = Env::new();
    let dir = env.directory("src");
    env.directory("src/sub");
    env.file("src/sub/f", "x");
    let word = format!("{dir}:/x:U");
    run(&env, &["--user", "www", "-v", &word], "touch /x/sub/g; stat -c %u:%g /x /x/sub/f")
        .stdout("33:33\n33:33\n");
    assert_ne!(fs::metadata(env.tmp().join("src/sub/f")).unwrap().uid(), env.uid());
    // And back to the caller, who could not remove them otherwise.
    run(&env, &["-v", &word], "true").code(0);
    assert_eq!(fs::metadata(env.tmp().join("src/sub/f")).unwrap().uid(), env.uid());
    run(&env, &["--user", "www", "--mount", "type=volume,src=v,dst=/v,U"], "touch /v/f").code(0);
    let system = run(&env, &["-v", "/etc:/x:U"], "true");
    system.code(125).stderr_contains("/etc");
}

#[test]
fn parts_of_sources_are_mounted_and_never_what_lies_outside() {
    let env = Env::new();
    let dir = env.directory("src");
    env.directory("src/a");
    env.file("src/a/f", "part\n");
    std::os::unix::fs::symlink("/etc", format!("{dir}/out")).unwrap();
    let mount = |sub: &str| format!("type=bind,src={dir},dst=/x,subpath={sub}");
    run(&env, &["--mount", &mount("a")], "cat /x/f").stdout("part\n");
    run(&env, &["--mount", &mount("a/f")], "cat /x").stdout("part\n");
    run(&env, &["--mount", &mount("out")], "ls /x").code(125).stdout("");
    run(&env, &["--mount", &mount("nope")], "ls /x").code(125).stderr_contains("does not exist");
    run(&env, &["-v", "v:/v"], "mkdir -p /v/sub; echo 1 > /v/sub/f; ln -s / /v/root").code(0);
    run(&env, &["--mount", "type=volume,src=v,dst=/x,volume-subpath=sub"], "cat /x/f").stdout("1\n");
    run(&env, &["--mount", "type=volume,src=v,dst=/x,subpath=root"], "ls /x").code(125).stdout("");
}

#[test]
fn images_are_mounted() {
    for user in EVERYONE {
        let env = Env::of(user);
        env.run(["run", "--name", "c", "busybox", "sh", "-c", "mkdir /two; echo 2 > /two/f"]).code(0);
        env.run(["commit", "-q", "c", "two"]).code(0);
        for image in ["busybox", "two"] {
            let mount = format!("type=image,src={image},dst=/i");
            run(&env, &["--mount", &mount], "cat /i/etc/notes; touch /i/x").code(1).stdout("not a program\n");
        }
        run(&env, &["--mount", "type=image,src=two,dst=/i,subpath=two"], "cat /i/f").stdout("2\n");
        let args = [
            "run",
            "--name",
            "w",
            "--mount",
            "type=image,src=two,dst=/i,rw=true",
            "busybox",
            "sh",
            "-c",
            "cat /i/two/f; echo 3 > /i/two/f",
        ];
        env.run(args).code(0).stdout("2\n");
        // What was written stays with the container, and the image as it was.
        env.run(["start", "-a", "w"]).stdout("3\n");
        run(&env, &["--mount", "type=image,src=two,dst=/i"], "cat /i/two/f").stdout("2\n");
        // Its layers stay as long as a container mounts them.
        env.run(["rm", "c"]).code(0);
        env.run(["rmi", "two"]).code(0);
        env.run(["start", "-a", "w"]).stdout("3\n");
    }
}

#[test]
fn all_that_matches_a_pattern_is_mounted() {
    let env = Env::new();
    let dir = env.directory("lib");
    env.file("lib/a.so", "a\n");
    env.file("lib/b.so", "b\n");
    env.file("lib/c.txt", "c\n");
    let mount = format!("type=glob,src={dir}/*.so,dst=/libs,ro");
    run(&env, &["--mount", &mount], "ls /libs; cat /libs/a.so; echo 1 > /libs/a.so")
        .code(1)
        .stdout("a.so\nb.so\na\n");
    run(&env, &["--mount", &format!("type=glob,src={dir}/[b]*.so")], &format!("cat {dir}/b.so"))
        .stdout("b\n");
}

#[test]
fn a_namespace_of_the_container_s_own_has_volumes_too() {
    let env = Env::new();
    let dir = env.directory("src");
    env.file("src/f", "mine\n");
    let over = format!("{dir}:/over:O");
    let script = "id -u; cat /over/f; echo 2 > /over/f; touch /v/x; stat -c %u /v";
    let line = ["--userns", "keep-id", "-v", "v:/v", "-v", &over, "--tmpfs", "/home"];
    let uid = env.uid();
    run(&env, &line, script).code(0).stdout(&format!("{uid}\nmine\n{uid}\n"));
    assert_eq!(fs::read_to_string(env.tmp().join("src/f")).unwrap(), "mine\n");
}

#[test]
fn who_cannot_write_to_a_bind_is_warned_with_what_helps() {
    let env = Env::new();
    let dir = env.directory("src");
    let word = format!("{dir}:/data");
    let warned = run(&env, &["--user", "www", "-v", &word], "echo out; touch /data/f");
    warned
        .code(1)
        .stdout("out\n")
        .stderr_contains("Warning: the user \"www\" cannot write to /data")
        .stderr_contains("--userns keep-id");
    for flags in [
        &["--user", "www", "-v", &format!("{word}:ro")][..],
        &["--user", "www", "-v", &format!("{word}:U")],
        &["-v", &word],
        &["-v", "/usr:/data"],
    ] {
        run(&env, flags, "true").code(0).stderr("");
    }
    for user in ["www", "7:8"] {
        run(&env, &["--user", user, "-v", "/usr:/data"], "true")
            .code(0)
            .stderr_contains("somebody else on the host");
    }
    let root = Env::of(User::Root);
    let of_root = format!("{}:/data", root.directory("src"));
    let warned = run(&root, &["--user", "www", "-v", &of_root], "true");
    warned.code(0).stderr_contains("-v …:/data:U, or run as --user 0");
    // What a group of the caller's may write to.
    let shared = env.directory("shared");
    std::os::unix::fs::chown(&shared, Some(0), Some(60)).expect("root gives it away");
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o775)).expect("the mode is set");
    let word = format!("{shared}:/data");
    let with_group = |flags: &[&str]| {
        let mut command = env.as_root("setpriv");
        let uid = env.uid().to_string();
        command.args(["--reuid", &uid, "--regid", &uid, "--groups", "60"]).arg(Env::binary());
        command.args(["run", "--rm", "-v", &word]).args(flags).args([
            "busybox",
            "sh",
            "-c",
            "touch /data/f && rm /data/f",
        ]);
        crate::env::finish(command, b"")
    };
    with_group(&[]).code(1).stderr_contains("\"root\" cannot write to /data: one of your groups");
    with_group(&["--user", "7"]).code(1).stderr_contains("--group-add keep-groups");
    with_group(&["--group-add", "keep-groups"]).code(0).stderr("");
    with_group(&["--group-add", "keep-groups", "--user", "7"]).code(0).stderr("");
}

#[test]
fn what_is_mounted_has_the_options_that_podman_gives_it() {
    let env = Env::new();
    let dir = env.directory("d");
    // Compared with podman 4.3.1: the mount's own options, and its propagation if it has any.
    let script = "awk '$5==\"/x\" {printf \"%s\", $6; for (i = 7; $i != \"-\"; i++) {sub(/:.*/, \"\", $i); \
                  printf \" %s\", $i}}' /proc/self/mountinfo";
    let at = |options: &str| format!("{dir}:/x{options}");
    for (flags, shown) in [
        (vec!["-v", &at("")], "rw,relatime"),
        (vec!["-v", &at(""), "-v", &at("")], "rw,relatime"),
        (vec!["-v", &at(":ro,z")], "ro,relatime"),
        (vec!["-v", &at(":noexec,nosuid,nodev")], "rw,nosuid,nodev,noexec,relatime"),
        (vec!["-v", &at(":rshared")], "rw,relatime shared"),
        (vec!["-v", &at(":unbindable")], "rw,relatime unbindable"),
        (vec!["-v", "v:/x"], "rw,nosuid,nodev,relatime"),
        (vec!["-v", "v:/x:suid,noexec"], "rw,nodev,noexec,relatime"),
        (vec!["-v", "v:/x:dev,ro"], "ro,nosuid,relatime"),
        (vec!["--tmpfs", "/x:exec"], "rw,nosuid,nodev,relatime"),
        (vec!["--mount", &format!("type=bind,src={dir},dst=/x,ro=false,exec")], "rw,relatime"),
        (vec!["--mount", &format!("type=bind,src={dir},dst=/x,rw=false")], "ro,relatime"),
        (vec!["--mount", "type=volume,src=v,dst=/x,ro,U"], "ro,nosuid,nodev,relatime"),
    ] {
        run(&env, &flags, script).code(0).stdout(shown);
    }
}

#[test]
fn memory_can_be_given_to_the_container_s_user() {
    for user in [User::Sub, User::Root] {
        let env = Env::of(user);
        for flags in [
            &["--tmpfs", "/x:U"][..],
            &["--mount", "type=tmpfs,dst=/x,U"],
            &["--mount", "type=ramfs,dst=/x,chown=true"],
        ] {
            let script = "stat -c '%u %g' /x && touch /x/y";
            run(&env, &[flags, &["--user", "7:8"]].concat(), script).code(0).stdout("7 8\n");
        }
        // With what it begins with, in a user namespace of its own too, and read-only.
        let script = "stat -c '%u %g' /etc /etc/passwd; touch /etc/y || echo ro";
        run(&env, &["--tmpfs", "/etc:U,ro", "--uidmap", "0:1:100", "--user", "7:8"], script)
            .stdout("7 8\n7 8\nro\n");
        env.run(["volume", "create", "-o", "type=tmpfs", "mem"]).code(0);
        run(&env, &["-v", "mem:/new:U", "--user", "7:8"], "stat -c '%u %g' /new").stdout("7 8\n");
    }
}
