//! Volumes: named and anonymous, filled from the image, shared, kept and removed.

use crate::env::{EVERYONE, Env, User, eventually, fixture};

/// Adds an image with a volume at /etc, which has content, and one at /fresh, which is not there.
fn image_with_volumes(env: &Env) {
    let tar = fixture("busybox.tar");
    env.run(["import", "--quiet", "--change", "VOLUME /etc /fresh", &tar, "volumes"]).code(0);
}

fn volumes(env: &Env) -> Vec<String> {
    env.ok(["volume", "ls", "-q"]).lines().map(str::to_string).collect()
}

#[test]
fn a_named_volume_keeps_its_content_over_containers() {
    for user in EVERYONE {
        let env = Env::of(user);
        env.run(["run", "--rm", "-v", "data:/data", "busybox", "sh", "-c", "echo kept > /data/file"]).code(0);
        env.run(["run", "--rm", "-v", "data:/elsewhere:ro", "busybox", "cat", "/elsewhere/file"])
            .stdout("kept\n");
        env.run(["run", "--rm", "-v", "data:/x:ro", "busybox", "touch", "/x/file"]).code(1);
        assert_eq!(volumes(&env), ["data"]);
        env.run(["volume", "rm", "data"]).code(0).stdout("data\n");
        env.run(["volume", "exists", "data"]).code(1);
        env.run(["volume", "rm", "data"]).code(1).stderr_contains("no such volume");
    }
}

#[test]
fn a_new_volume_gets_the_image_s_content_once() {
    for user in EVERYONE {
        let env = Env::of(user);
        let list = ["run", "--rm", "-v", "etc:/etc", "busybox", "ls", "/etc"];
        env.run(list).stdout("group\nhostname\nhosts\nnotes\npasswd\nresolv.conf\n");
        env.run(["run", "--rm", "-v", "etc:/x", "busybox", "rm", "/x/notes"]).code(0);
        env.run(list).stdout("group\nhostname\nhosts\npasswd\nresolv.conf\n");
        let inspect = ["volume", "inspect", "-f", "{{.NeedsCopyUp}} {{.MountCount}}", "etc"];
        env.run(inspect).stdout("false 0\n");
        // Without it: an empty one.
        let output =
            env.run(["run", "--rm", "-v", "bare:/root/..//bin/../home:nocopy", "busybox", "ls", "/home"]);
        output.code(0).stdout("");
        env.run(["volume", "rm", "--all"]).code(0).stdout("bare\netc\n");
    }
}

#[test]
fn the_owner_and_mode_of_the_image_s_directory_come_along() {
    let env = Env::new();
    let look = |volume: &str, path: &str, user: &str| {
        env.ok([
            "run",
            "--rm",
            "--user",
            user,
            "-v",
            &format!("{volume}:{path}"),
            "busybox",
            "stat",
            "-c",
            "%u:%g %a",
            path,
        ])
    };
    // /tmp is 1777 in the image; what it does not have belongs to the container's user.
    assert_eq!(look("a", "/tmp", "www"), "0:0 1777");
    assert_eq!(look("b", "/not/there", "www"), "33:33 755");
    // Only once: another user finds it as it is, until an image has something there.
    assert_eq!(look("b", "/not/there", "0"), "33:33 755");
    assert_eq!(look("b", "/root", "0"), "0:0 700");
}

#[test]
fn anonymous_volumes_go_with_the_last_container_that_uses_them() {
    for user in EVERYONE {
        let env = Env::of(user);
        image_with_volumes(&env);
        env.run([
            "run",
            "--name",
            "data",
            "-v",
            "/var/volume1",
            "volumes",
            "sh",
            "-c",
            "echo 1 > /var/volume1/f",
        ])
        .code(0);
        assert_eq!(volumes(&env).len(), 3);
        env.run(["run", "--rm", "--volumes-from", "data", "busybox", "cat", "/var/volume1/f"]).stdout("1\n");
        assert_eq!(volumes(&env).len(), 3, "--rm takes nothing that others use");
        env.run([
            "create",
            "--name",
            "client",
            "--volumes-from",
            "data:ro",
            "busybox",
            "touch",
            "/var/volume1/f",
        ])
        .code(0);
        env.run(["rm", "-v", "data"]).code(0);
        assert_eq!(volumes(&env).len(), 3);
        env.run(["start", "-a", "client"]).code(1).stderr_contains("Read-only");
        env.run(["rm", "-v", "client"]).code(0);
        assert!(volumes(&env).is_empty());
        // Without -v they stay, with --rm they go.
        env.run(["run", "--name", "kept", "volumes", "cat", "/etc/notes"]).stdout("not a program\n");
        env.run(["rm", "kept"]).code(0);
        assert_eq!(volumes(&env).len(), 2);
        env.run(["run", "--rm", "volumes", "true"]).code(0);
        assert_eq!(volumes(&env).len(), 2);
        let pruned = env.run(["volume", "prune", "--force"]);
        assert_eq!(pruned.code(0).out().lines().count(), 2);
        assert!(volumes(&env).is_empty());
    }
}

#[test]
fn what_becomes_of_an_image_s_volumes_can_be_chosen() {
    let env = Env::new();
    image_with_volumes(&env);
    let mounts = |kind: &str| {
        let flag = format!("--image-volume={kind}");
        env.ok([
            "run",
            "--rm",
            &flag,
            "volumes",
            "sh",
            "-c",
            "grep -cE ' /(etc|fresh) ' /proc/mounts; ls /etc/notes",
        ])
    };
    assert_eq!(mounts("anonymous"), "2\n/etc/notes");
    assert_eq!(mounts("bind"), "2\n/etc/notes");
    assert_eq!(mounts("tmpfs"), "2\n/etc/notes");
    assert_eq!(mounts("ignore"), "0\n/etc/notes");
    // A mount of the user's own in its place.
    let own = env.run(["run", "--rm", "-v", "mine:/fresh", "volumes", "true"]);
    own.code(0);
    assert_eq!(volumes(&env), ["mine"]);
}

#[test]
fn volumes_are_passed_on_along_a_chain_and_from_several() {
    let env = Env::new();
    env.run([
        "run",
        "--name",
        "one",
        "-v",
        "/a",
        "-v",
        "/both",
        "busybox",
        "sh",
        "-c",
        "echo 1 | tee /a/f /both/f",
    ])
    .code(0);
    env.run([
        "run",
        "--name",
        "two",
        "-v",
        "/b",
        "-v",
        "/both",
        "busybox",
        "sh",
        "-c",
        "echo 2 | tee /b/f /both/f",
    ])
    .code(0);
    env.run(["create", "--name", "client1", "--volumes-from", "one", "busybox", "true"]).code(0);
    let chain = env.run(["run", "--rm", "--volumes-from", "client1", "busybox", "cat", "/a/f"]);
    chain.stdout("1\n");
    // Docker's list; of two at one place the later is taken.
    let list = env.run([
        "run",
        "--rm",
        "--volumes-from",
        "one,two:ro",
        "busybox",
        "sh",
        "-c",
        "cat /a/f /b/f /both/f; touch /a/g && ! touch /b/g",
    ]);
    assert_eq!(list.code(0).out(), "1\n2\n2\n");
    let inspected = env.ok(["inspect", "-f", "{{.HostConfig.VolumesFrom}}", "client1"]);
    assert_eq!(inspected, "[one]");
    env.run(["run", "--rm", "--volumes-from", "nobody", "busybox", "true"])
        .code(125)
        .stderr_contains("no such container");
    env.run(["run", "--rm", "--volumes-from", "one:frob", "busybox", "true"])
        .code(125)
        .stderr_contains("frob");
}

#[test]
fn a_volume_in_use_is_not_removed_unless_by_force() {
    let env = Env::new();
    env.run(["volume", "create", "--label", "a=b", "data"]).code(0).stdout("data\n");
    env.run(["volume", "create", "data"]).code(125).stderr_contains("volume already exists");
    env.run(["volume", "create", "--ignore", "data"]).code(0).stdout("data\n");
    let id = env.ok(["run", "-d", "-v", "data:/data", "busybox", "sleep", "1000"]);
    env.run(["volume", "inspect", "--format", "{{.MountCount}}", "data"]).stdout("1\n");
    env.run(["volume", "rm", "data"])
        .code(2)
        .stdout("")
        .stderr_contains("is being used")
        .stderr_contains(&id);
    env.run(["volume", "prune", "-f"]).code(0).stdout("");
    env.run(["ps", "-q", "--no-trunc", "--filter", "volume=data"]).stdout(&format!("{id}\n"));
    env.run(["volume", "rm", "-f", "-t", "0", "data"]).code(0).stdout("data\n");
    env.run(["ps", "-aq"]).stdout("");
    env.run(["volume", "rm", "-f", "data"]).code(0);
    env.run(["volume", "rm"]).code(125).stderr_contains("choose either");
}

#[test]
fn volumes_are_listed_and_shown_as_podman_does() {
    let env = Env::new();
    env.run(["volume", "ls"]).stdout("DRIVER      VOLUME NAME\n");
    env.run(["volume", "create", "--label", "a=b", "--label", "c", "one"]).code(0);
    env.run(["volume", "create", "-o", "type=tmpfs", "-o", "o=size=1m", "-o", "o=mode=700", "two"]).code(0);
    env.run(["volume", "ls"]).stdout("DRIVER      VOLUME NAME\nlocal       one\nlocal       two\n");
    env.run(["volume", "ls", "--filter", "label=a=b", "-q"]).stdout("one\n");
    env.run(["volume", "ls", "--filter", "opt=type=tmpfs", "-q"]).stdout("two\n");
    env.run(["volume", "ls", "--filter", "frob=x"]).code(125);
    env.run(["volume", "ls", "--format", "{{.Name}} {{.Driver}} {{.Labels}} {{.Options}}"])
        .stdout("one local map[a:b c:] map[]\ntwo local map[] map[o:size=1m,mode=700 type:tmpfs]\n");
    let text = env.ok(["volume", "inspect", "one"]);
    for part in [
        "\"Name\": \"one\"",
        "\"Driver\": \"local\"",
        "\"Scope\": \"local\"",
        "\"Labels\": {",
        "\"MountCount\": 0",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let data = env.root().join("volumes/one/_data");
    env.run(["inspect", "--type", "volume", "-f", "{{.Mountpoint}}", "one"])
        .stdout(&format!("{}\n", data.display()));
    env.run(["volume", "inspect", "one", "nope"])
        .code(125)
        .stdout_contains("\"one\"")
        .stderr_contains("no such volume");
    env.run(["volume", "inspect"]).code(125);
    env.run(["volume", "create", "a/b"]).code(125).stderr_contains("[a-zA-Z0-9][a-zA-Z0-9_.-]*");
    env.run(["volume", "create", "-d", "nfs", "x"]).code(125).stderr_contains("driver");
    env.run(["volume", "create", "-o", "foo=bar", "x"]).code(125).stderr_contains("invalid mount option foo");
    env.run(["volume", "create", "-o", "type=nfs", "-o", "device=h:/x", "x"])
        .code(125)
        .stderr_contains("nfs");
    let made = env.ok(["volume", "create"]);
    assert_eq!(made.len(), 64);
    env.run(["volume", "rm", &made[..10]]).code(0);
}

#[test]
fn a_volume_can_be_a_directory_of_the_host_or_memory() {
    let env = Env::new();
    let dir = env.directory("shared");
    let device = format!("device={dir}");
    env.run(["volume", "create", "-o", "type=none", "-o", "o=bind", "-o", &device, "host"]).code(0);
    env.run(["run", "--rm", "-v", "host:/data", "busybox", "touch", "/data/made"]).code(0);
    assert!(env.tmp().join("shared/made").exists());
    env.run(["volume", "rm", "host"]).code(0);
    assert!(env.tmp().join("shared/made").exists(), "only the name goes");

    env.run(["volume", "create", "-o", "type=tmpfs", "-o", "o=size=1m", "mem"]).code(0);
    let keeper =
        env.ok(["run", "-d", "-v", "mem:/data", "busybox", "sh", "-c", "echo hello > /data/f; sleep 1000"]);
    eventually("the file is there", || {
        env.run(["run", "--rm", "-v", "mem:/other", "busybox", "cat", "/other/f"]).stdout == b"hello\n"
    });
    env.run(["rm", "-f", "-t", "0", &keeper]).code(0);
    env.run([
        "run",
        "--rm",
        "-v",
        "mem:/data",
        "busybox",
        "sh",
        "-c",
        "ls /data; df -k /data | grep -c 1024",
    ])
    .stdout("1\n");
}

#[test]
fn many_containers_that_start_at_once_fill_a_volume_once() {
    let env = Env::new();
    let line = ["run", "--rm", "-v", "shared:/etc", "busybox", "sh", "-c", "ls /etc | wc -l; cat /etc/notes"];
    let running: Vec<_> = (0..6).map(|_| env.spawn(line)).collect();
    for one in running {
        one.finish().code(0).stdout("6\nnot a program\n");
    }
    env.run(["volume", "ls", "-q"]).stdout("shared\n");
}

#[test]
fn a_fill_that_was_cut_off_is_done_again_or_finished() {
    let env = Env::of(User::NoSub);
    let dir = env.root().join("volumes/data");
    let list = ["run", "--rm", "-v", "data:/etc", "busybox", "sh", "-c", "cat /etc/notes; ls /etc | wc -l"];
    // Killed while the files were on their way.
    env.run(["volume", "create", "data"]).code(0);
    std::fs::create_dir(dir.join("_fill")).unwrap();
    std::fs::write(dir.join("_fill/half"), "x").unwrap();
    env.give(&dir.join("_fill"));
    env.run(list).code(0).stdout("not a program\n6\n");
    env.run(["volume", "rm", "data"]).code(0);
    // Killed while they were moved: what is in place stays, the rest follows.
    env.run(["volume", "create", "data"]).code(0);
    for (place, name, text) in
        [("_ready", "notes", "from the image\n"), ("_ready", "group", ""), ("_data", "group", "newer")]
    {
        std::fs::create_dir_all(dir.join(place)).unwrap();
        std::fs::write(dir.join(place).join(name), text).unwrap();
        env.give(&dir.join(place));
        env.give(&dir.join(place).join(name));
    }
    env.run(["run", "--rm", "-v", "data:/etc", "busybox", "sh", "-c", "cat /etc/notes /etc/group"])
        .stdout("from the image\nnewer");
    assert!(!dir.join("_ready").exists() && dir.join("filled").exists());
}

#[test]
fn a_volume_is_exported_imported_and_found_on_the_host() {
    for user in EVERYONE {
        let env = Env::of(user);
        let fill = "cd /d; mkdir sub; echo text > sub/f; ln sub/f second; ln -s f sub/l; chown 33:33 sub/f; chmod 4751 sub/f";
        env.run(["run", "--rm", "-v", "data:/d", "busybox", "sh", "-c", fill]).code(0);
        let archive = env.tmp().join("data.tar");
        env.run(["volume", "export", "-o", "data.tar", "data"]).code(0).stdout("");
        let piped = env.run(["volume", "export", "data"]);
        assert_eq!(std::fs::read(&archive).unwrap(), piped.stdout, "the same either way");
        let mut gzip = env.program("gzip");
        assert!(gzip.arg(&archive).status().unwrap().success());
        env.run(["volume", "import", "nope", "data.tar.gz"]).code(125).stderr_contains("no such volume");
        env.run(["volume", "create", "copy"]).code(0);
        env.run(["volume", "import", "copy", "data.tar.gz"]).code(0);
        env.feed(&piped.stdout, ["volume", "import", "copy", "-"]).code(0);
        let look = [
            "run",
            "--rm",
            "-v",
            "copy:/d",
            "busybox",
            "sh",
            "-c",
            "cat /d/second /d/sub/l; stat -c '%h %a' /d/sub/f; stat -c %u /d/sub/f",
        ];
        let owner = if user == User::NoSub { 0 } else { 33 };
        env.run(look).stdout(&format!("text\ntext\n2 4751\n{owner}\n"));
        let path = env.ok(["volume", "mount", "copy"]);
        env.run(["unshare", "cat", &format!("{path}/second")]).stdout("text\n");
        env.run(["volume", "unmount", "copy"]).code(0).stdout("copy\n");
        env.feed(b"no archive", ["volume", "import", "copy", "-"]).code(125);
    }
}

/// The data usages of the Docker books: a data container, a backup of it by another one, changes that
/// are no part of a commit.
#[test]
fn a_data_container_is_backed_up_restored_and_not_committed() {
    let env = Env::new();
    let backup = env.directory("backup");
    env.run(["run", "-v", "/var/volume1", "-v", "/var/volume2", "--name", "DATA", "busybox", "true"]).code(0);
    env.run([
        "run",
        "--name",
        "client1",
        "--volumes-from",
        "DATA",
        "busybox",
        "sh",
        "-c",
        "echo kept > /var/volume1/file; echo x > /other",
    ])
    .code(0);
    let here = format!("{backup}:/backup");
    env.run([
        "run",
        "--rm",
        "--volumes-from",
        "client1",
        "-v",
        &here,
        "busybox",
        "tar",
        "cf",
        "/backup/backup.tar",
        "/var/volume1",
    ])
    .code(0);
    // What is in a volume is no part of the container's changes, nor of an image made of it.
    let changes = env.ok(["diff", "client1"]);
    assert!(changes.contains("/other") && !changes.contains("volume1/file"), "{changes}");
    env.run(["commit", "-q", "client1", "made"]).code(0);
    env.run(["run", "--rm", "made", "sh", "-c", "cat /other; ls /var/volume1"]).stdout("x\n");
    // It stays until the last one that uses it goes.
    env.run(["rm", "-v", "DATA"]).code(0);
    env.run(["run", "--name", "client2", "--volumes-from", "client1", "busybox", "cat", "/var/volume1/file"])
        .stdout("kept\n");
    env.run(["rm", "-v", "client1", "client2"]).code(0);
    assert!(volumes(&env).is_empty());
    env.run(["run", "-v", "/var/volume1", "--name", "DATA2", "busybox", "true"]).code(0);
    env.run([
        "run",
        "--rm",
        "--volumes-from",
        "DATA2",
        "-v",
        &here,
        "busybox",
        "tar",
        "xf",
        "/backup/backup.tar",
        "-C",
        "/",
    ])
    .code(0);
    env.run(["run", "--rm", "--volumes-from", "DATA2:ro", "busybox", "cat", "/var/volume1/file"])
        .stdout("kept\n");
    env.run(["rm", "-v", "DATA2"]).code(0);
}

#[test]
fn a_volume_has_the_owner_that_it_was_made_with() {
    let env = Env::new();
    let owner = |volume: &str, place: &str| {
        let word = format!("{volume}:{place}");
        env.ok(["run", "--rm", "--user", "3:4", "-v", &word, "busybox", "stat", "-c", "%u:%g", place])
    };
    env.run(["volume", "create", "--uid", "7", "--gid", "8", "v"]).code(0).stdout("v\n");
    env.run(["volume", "inspect", "-f", "{{.UID}} {{.GID}}", "v"]).stdout("7 8\n");
    // Neither the container's user nor the image's directory takes it over, which still fills it.
    assert_eq!(owner("v", "/new"), "7:8");
    assert_eq!(owner("v", "/etc"), "7:8");
    env.run(["run", "--rm", "-v", "v:/v", "busybox", "cat", "/v/notes"]).stdout("not a program\n");
    env.run(["volume", "create", "--uid", "9", "-o", "nocopy", "w"]).code(0);
    assert_eq!(owner("w", "/etc"), "9:0");
    env.run(["volume", "create", "--uid", "9", "-o", "type=tmpfs", "t"]).code(0);
    assert_eq!(owner("t", "/new"), "9:0");
    env.run(["volume", "create", "--uid", "9", "v"]).fails(125, "already exists");
    env.run(["volume", "create", "--ignore", "--uid", "9", "v"]).code(0);
    for wrong in [&["--uid", "4000000000"][..], &["--gid", "1", "-o", "o=bind", "-o", "device=/srv"]] {
        env.run([&["volume", "create"][..], wrong, &["x"]].concat()).code(125).stdout("");
        env.run(["volume", "exists", "x"]).code(1);
    }
    let none = Env::of(User::NoSub);
    none.run(["volume", "create", "--uid", "7", "x"]).fails(125, "cannot be given");
}

#[test]
fn the_options_of_a_volume_are_what_its_mount_is_like() {
    let env = Env::new();
    let device = format!("device={}", env.directory("shared"));
    let create = |words: &[&str]| env.run([&["volume", "create"], words].concat());
    create(&["-o", "type=none", "-o", "o=bind,ro,noexec", "-o", &device, "host"]).code(0);
    let mounted = ["run", "--rm", "--network", "none", "-v", "host:/x", "busybox", "sh", "-c"];
    let options = env.ok([&mounted[..], &["touch /x/y 2>/dev/null; grep ' /x ' /proc/mounts"]].concat());
    assert!(options.contains(" ro,") && options.contains(",noexec,"), "{options}");
    assert!(!env.tmp().join("shared/y").exists());
    env.feed(b"", ["volume", "import", "host", "-"]).fails(125, "is read-only");
    env.run(["volume", "export", "-o", "out.tar", "host"]).code(0);
    env.run(["volume", "mount", "host"]).stdout(&format!("{}\n", &device[7..]));
    // The owner can stand among the options, as for podman; what cannot be done is refused at once.
    create(&["-o", "o=uid=7,gid=8", "owned"]).code(0);
    env.run(["volume", "inspect", "-f", "{{.UID}} {{.GID}}", "owned"]).stdout("7 8\n");
    env.run(["run", "--rm", "-v", "owned:/new", "busybox", "stat", "-c", "%u:%g", "/new"]).stdout("7:8\n");
    create(&["-o", "o=nocopy", "bare"]).code(0);
    env.run(["run", "--rm", "-v", "bare:/etc", "busybox", "ls", "/etc/notes"]).code(1);
    create(&["-o", "o=size=1m", "x"]).fails(125, "quotas").stderr_contains("type=tmpfs -o o=size=1m");
    create(&["-o", "type=tmpfs", "-o", "o=size=x", "x"]).fails(125, "not a size");
    create(&["-o", "o=bind,frob", "-o", &device, "x"]).fails(125, "\"frob\"");
    create(&["-d", "flocker", "x"]).fails(125, "no volume driver \"flocker\"");
    env.run(["volume", "exists", "x"]).code(1);
}

#[test]
fn a_volume_begins_with_the_files_of_an_image_and_keeps_them() {
    for user in [User::Sub, User::NoSub, User::Root] {
        let env = Env::of(user);
        let create = ["volume", "create", "--driver", "image", "-o"];
        env.run([&create[..], &["image=nothing", "site"]].concat()).fails(125, "nothing: image not known");
        env.run([&create[..4], &["site"]].concat()).fails(125, "must provide an image name");
        env.run([&create[..], &["image=busybox", "site"]].concat()).code(0).stdout("site\n");
        env.run(["volume", "ls", "-f", "driver=image"]).stdout("DRIVER      VOLUME NAME\nimage       site\n");
        env.run(["volume", "ls", "-q", "-f", "driver=local"]).stdout("");
        let script = "cat /site/etc/notes && stat -c %a /site/tmp && echo more >>/site/etc/notes";
        let line = ["run", "--rm", "--network", "none", "-v", "site:/site", "busybox", "sh", "-c"];
        env.run([&line[..], &[script]].concat()).code(0).stdout("not a program\n1777\n");
        env.run([&line[..], &["cat /site/etc/notes"]].concat()).stdout("not a program\nmore\n");
        env.run(["volume", "inspect", "-f", "{{.Driver}} {{.Options.image}}", "site"])
            .stdout("image busybox\n");
        // It is the volume's own copy.
        env.run(["rmi", "-a", "-f"]).code(0);
        env.run(["volume", "export", "-o", "out.tar", "site"]).code(0);
        let archive = std::fs::read(env.tmp().join("out.tar")).expect("an archive");
        assert!(archive.windows(9).any(|part| part == b"etc/notes"));
        env.run(["volume", "rm", "site"]).code(0);
    }
}

#[test]
fn what_a_killed_command_left_of_a_volume_is_swept() {
    let env = Env::new();
    env.run(["volume", "create", "v"]).code(0);
    let left = env.root().join("volumes/.w.0.new");
    for clean in [&["volume", "rm", "v"][..], &["system", "prune", "-f"], &["volume", "prune", "-f"]] {
        std::fs::create_dir_all(left.join("_data/etc")).expect("a directory");
        for dir in ["", "_data", "_data/etc"] {
            env.give(&left.join(dir));
        }
        env.run(["volume", "ls", "-q", "-f", "name=w"]).stdout("");
        env.run(clean).code(0);
        assert!(!left.exists(), "{clean:?}");
        eventually("the trash is empty", || {
            std::fs::read_dir(env.root().join("trash")).is_ok_and(|mut all| all.next().is_none())
        });
    }
}
