//! commit, diff, export, image insert: files out of containers.

use crate::env::{EVERYONE, Env, User, finish, fixture, registry};
use std::io::{Read, Write};

fn name(path: &str) -> String {
    format!("{}/{path}", registry())
}

/// Changes everything that is easily lost, in an image with the layers of `test/layers`.
const CHANGES: &str = "rm -r /l/opaque; mkdir /l/opaque; echo back >/l/opaque/back; rm /l/one; rm -r /l/kept;
    echo new >/new; ln /new /hard; ln -s /l/absolute /link; mkfifo /fifo; cp /bin/busybox /tool;
    chmod 4755 /tool; truncate -s 20M /sparse; echo end >>/sparse; echo v >/data/v; chmod 700 /home;
    mkdir -p '/dir/with a long name that has ü in it/'$(printf 'x%.0s' $(seq 1 120)); touch -d @1000000000 /old";

fn changed(env: &Env, image: &str) {
    changed_on(env, "overlay", image);
}

fn changed_on(env: &Env, driver: &str, image: &str) {
    let run = ["run", "--name", "c", "--network", "none", "-v", "/data", image, "sh", "-c", CHANGES];
    let mut args = vec!["--storage-driver", driver];
    args.extend(run);
    env.run(args).code(0);
}

/// What a container of the new image must see.
fn check(env: &Env, image: &str) {
    let run = |script: &str| env.ok(["run", "--rm", "--network", "none", image, "sh", "-c", script]);
    assert_eq!(
        run(
            "ls -A /l/opaque; ls /l/one /l/kept 2>&1 | grep -c 'No such'; cat /data/v 2>/dev/null || echo none"
        ),
        "back\n2\nnone"
    );
    assert_eq!(
        run("cat /hard; stat -c %h /new; readlink /link; stat -c '%F' /fifo"),
        "new\n2\n/l/absolute\nfifo"
    );
    assert_eq!(run("stat -c '%a' /tool /home; stat -c %Y /old"), "4755\n700\n1000000000");
    assert_eq!(
        run("stat -c %s /sparse; [ $(stat -c %b /sparse) -lt 100 ] && tail -c 4 /sparse"),
        "20971524\nend"
    );
    assert_eq!(
        run("ls '/dir/with a long name that has ü in it/' | wc -c; find / -xdev -name '.wh.*'"),
        "121"
    );
    // What was there before is there still.
    assert_eq!(run("cat /l/hardlink; cat /l/replaced"), "one\na file now");
}

#[test]
fn a_committed_image_has_what_the_container_changed() {
    for user in EVERYONE {
        let env = Env::empty(user);
        let image = name("test/layers");
        env.run(["pull", "-q", &image]).code(0);
        changed(&env, &image);
        for flags in [
            &["commit", "c", "made"][..],
            &["commit", "-s", "c", "flat"],
            &["commit", "-f", "docker", "c", "docker"],
        ] {
            env.run(flags).code(0).stdout_matches("^[0-9a-f]{64}\n$");
            check(&env, flags[flags.len() - 1]);
        }
        let layers = |image: &str| env.ok(["inspect", "-f", "{{len .RootFS.Layers}}", image]);
        assert_eq!((layers("made"), layers("flat"), layers("docker")), ("4".into(), "1".into(), "4".into()));
        env.run(["inspect", "-f", "{{.ManifestType}}", "docker"]).stdout_matches("docker");
        // An owner that this user cannot give to a file goes out again with the layer.
        owners_go_out(&env, "flat");
    }
}

/// An image's file has its owner in the layer that is saved, whoever it belongs to here.
fn owners_go_out(env: &Env, image: &str) {
    env.run(["save", "-q", "--format", "oci-dir", "-o", "flat", image]).code(0);
    let mut list = env.program("sh");
    list.args(["-c", "for f in flat/blobs/sha256/*; do tar --numeric-owner -tvf $f 2>/dev/null; done"]);
    finish(list, b"").stdout_matches(r"-rw-r----- 33/44 +\d+ .* l/owned\n");
}

#[test]
fn a_copy_s_commit_has_only_what_the_container_changed() {
    for user in EVERYONE {
        let env = Env::empty(user);
        let image = name("test/layers");
        env.run(["pull", "-q", &image]).code(0);
        changed_on(&env, "vfs", &image);
        env.run(["commit", "c", "made"]).code(0);
        check(&env, "made");
        // What nobody touched is not in the new layer, and keeps its owner.
        let list = "cd made; new=$(jq -r '.layers[-1].digest' blobs/sha256/$(jq -r '.manifests[0].digest' index.json |
            cut -d: -f2) | cut -d: -f2); tar --numeric-owner -tf blobs/sha256/$new | grep -v '^dir/' | sort";
        env.run(["save", "-q", "--format", "oci-dir", "-o", "made", "made"]).code(0);
        let mut program = env.program("sh");
        program.args(["-c", list]);
        let expected = "data/\nfifo\nhard\nhome/\nl/\nl/.wh.kept\nl/.wh.one\nl/opaque/\nl/opaque/.wh.new\nl/opaque/back\n\
            link\nnew\nold\nsparse\ntool\n";
        finish(program, b"").code(0).stdout(expected);
        env.run(["commit", "--squash", "c", "flat"]).code(0);
        check(&env, "flat");
        owners_go_out(&env, "flat");
    }
}

#[test]
fn a_paused_commit_lets_the_container_go_on_whatever_becomes_of_it() {
    let env = Env::new();
    // Enough to read that the test sees it; one of the processes has been stopped by somebody else.
    let script = "dd if=/dev/urandom of=/big bs=1M count=48 2>/dev/null; sleep 900 & kill -STOP $!; echo up; sleep 901";
    env.run(["run", "-d", "--name", "c", "--network", "none", "busybox", "sh", "-c", script]).code(0);
    env.until_logged("c", "up");
    let states = || {
        let table = env.ok(["top", "c", "state", "args"]);
        let of = |what: &str| {
            let line = table.lines().find(|line| line.contains(what)).expect("it runs");
            line.split_whitespace().next().expect("a state").to_string()
        };
        (of("sleep 900"), of("sleep 901"))
    };
    let (stopped, sleeps) = ("T".to_string(), "S".to_string());
    crate::env::eventually("one is stopped", || states() == (stopped.clone(), sleeps.clone()));
    for killed in [false, true] {
        let mut commit = env.spawn(["commit", "-q", "--pause", "c", "made"]);
        crate::env::eventually("both are stopped", || states() == (stopped.clone(), stopped.clone()));
        if killed {
            commit.signal(nix::sys::signal::Signal::SIGKILL);
        }
        assert_eq!(commit.wait().success(), !killed);
        crate::env::eventually("it goes on", || states() == (stopped.clone(), sleeps.clone()));
    }
    // Nobody to stop, or nobody to tell from others.
    env.run(["rm", "-f", "-t", "0", "c"]).code(0);
    env.run(["create", "--name", "c", "busybox", "true"]).code(0);
    env.run(["commit", "-q", "-p", "c", "made"]).code(0);
    env.run(["run", "-d", "--name", "h", "--pid", "host", "--network", "none", "busybox", "sleep", "900"])
        .code(0);
    env.run(["commit", "--pause", "h", "made"]).fails(125, "not yet: --pause");
    env.run(["rm", "-f", "-t", "0", "h"]).code(0);
}

#[test]
fn owners_are_those_that_the_container_sees() {
    let env = Env::empty(User::Sub);
    let image = name("test/layers");
    env.run(["pull", "-q", &image]).code(0);
    let namespaces = [("host", "0 0"), ("nomap", "0 0"), ("keep-id:uid=5,gid=6", "5 6")];
    let both = namespaces.into_iter().flat_map(|of| ["overlay", "vfs"].map(|driver| (driver, of)));
    for (driver, (userns, owner)) in both {
        let user = owner.replace(' ', ":");
        let script = "echo x >/tmp/made; chmod 700 /tmp/made";
        env.run([
            "--storage-driver",
            driver,
            "run",
            "--name",
            "c",
            "--userns",
            userns,
            "-u",
            &user,
            "--network",
            "none",
            &image,
            "sh",
            "-c",
            script,
        ])
        .code(0);
        env.run(["diff", "c"]).stdout("C /tmp\nA /tmp/made\n");
        env.run(["commit", "c", "made"]).code(0);
        env.run(["run", "--rm", "--network", "none", "made", "stat", "-c", "%u %g", "/tmp/made", "/l/owned"])
            .stdout(&format!("{owner}\n33 44\n"));
        env.run(["rm", "c"]).code(0);
    }
}

#[test]
fn the_line_for_a_user_without_a_name_is_nobody_s_change() {
    let env = Env::new();
    for driver in ["overlay", "vfs"] {
        let run = |flags: &[&str], command: &[&str]| {
            let run = ["--storage-driver", driver, "run", "--name", "c", "--network", "none"];
            env.run([&run, flags, &["busybox"], command].concat())
        };
        for flags in
            [&["-u", "1234:5678"][..], &["-u", "1234", "--hostuser", "root"], &["--userns", "keep-id"]]
        {
            run(flags, &["sh", "-c", "id -un"]).code(0);
            env.run(["start", "-a", "c"]).code(0);
            env.run(["diff", "c"]).code(0).stdout("");
            for squash in ["false", "true"] {
                env.run(["commit", "-q", &format!("--squash={squash}"), "c", "made"]).code(0);
                let of_made =
                    env.ok(["run", "--rm", "--passwd=false", "made", "cat", "/etc/passwd", "/etc/group"]);
                let before =
                    env.ok(["run", "--rm", "--passwd=false", "busybox", "cat", "/etc/passwd", "/etc/group"]);
                assert_eq!(of_made, before, "{driver} {flags:?}");
            }
            env.run(["rm", "c"]).code(0);
        }
        // Who is listed can be joined by others, as useradd does it: a new file in the old one's place.
        let script = "cp -p /etc/passwd /etc/passwd+ && echo ann:x:7:7::/:/bin/sh >>/etc/passwd+ && \
                      mv /etc/passwd+ /etc/passwd && su ann -c 'id -u'";
        run(&["--user", "1234"], &["true"]).code(0);
        env.run(["rm", "c"]).code(0);
        env.run([
            "--storage-driver",
            driver,
            "run",
            "-d",
            "--name",
            "c",
            "-u",
            "1234",
            "busybox",
            "sleep",
            "900",
        ])
        .code(0);
        env.run(["exec", "-u", "0", "c", "sh", "-c", script]).code(0).stdout("7\n");
        env.run(["diff", "c"]).code(0).stdout("C /etc\nC /etc/passwd\n");
        env.run(["rm", "-f", "-t", "0", "c"]).code(0);
        // And a change of owner or mode is a change.
        run(&["-u", "1234:5678"], &["true"]).code(0);
        env.run(["rm", "c"]).code(0);
        run(&["-u", "0:5678", "--group-entry", "g:x:5678:"], &["chmod", "600", "/etc/group"]).code(0);
        env.run(["diff", "c"]).code(0).stdout("C /etc\nC /etc/group\n");
        env.run(["rm", "c"]).code(0);
    }
}

#[test]
fn diff_shows_what_changed_and_nothing_of_ours() {
    let env = Env::empty(User::Sub);
    let image = name("test/layers");
    env.run(["pull", "-q", &image]).code(0);
    env.run([
        "run",
        "--name",
        "plain",
        "--network",
        "none",
        "--tz",
        "Asia/Tokyo",
        "-v",
        "/data",
        "-v",
        &format!("{}:/bound", env.file("f", "")),
        &image,
        "true",
    ])
    .code(0);
    // A directory that something was mounted on is there for good, as docker and podman have it.
    env.run(["diff", "plain"]).code(0).stdout("A /data\n");
    env.run(["commit", "-q", "plain", "made"]).code(0);
    env.run(["run", "--rm", "--network", "none", "made", "sh", "-c", "ls -A /data; ls -d /data /bound"])
        .code(1)
        .stdout("/data\n");
    let script = "rm /l/one; echo x >/l/replaced; mkdir /l/opaque/more; echo y >/etc/new; rm -r /usr";
    env.run(["run", "--name", "c", "--network", "none", &image, "sh", "-c", script]).code(0);
    let lines = "C /etc\nA /etc/new\nC /l\nD /l/one\nC /l/opaque\nA /l/opaque/more\nC /l/replaced\nD /usr\n";
    env.run(["diff", "c"]).code(0).stdout(lines);
    env.run(["container", "diff", "--latest"]).code(0).stdout(lines);
    env.run(["diff", &image])
        .code(0)
        .stdout("C /l\nD /l/gone\nC /l/opaque\nA /l/opaque/new\nD /l/opaque/old\nC /l/replaced\n");
    let json: serde_json::Value = serde_json::from_str(&env.ok(["diff", "--format", "json", "c"])).unwrap();
    assert_eq!(json["deleted"], serde_json::json!(["/l/one", "/usr"]));
    env.run(["diff", "--format", "{{.}}", "c"]).code(125);
    env.run(["diff", "nothing"]).fails(125, "nothing");
    let than = env.ok(["diff", "c", "plain"]);
    assert!(
        than.contains("D /l/one") && than.contains("A /l/opaque/more") && than.contains("D /usr"),
        "{than}"
    );
    // A running container's changes are seen as they are now.
    env.run([
        "run",
        "-d",
        "--name",
        "r",
        "--network",
        "none",
        &image,
        "sh",
        "-c",
        "echo 1 >/now; echo ok; sleep 100",
    ])
    .code(0);
    env.until_logged("r", "ok");
    env.run(["diff", "r"]).code(0).stdout("A /now\n");
    env.run(["commit", "r", "running"]).code(0);
    env.run(["run", "--rm", "--network", "none", "running", "cat", "/now"]).stdout("1\n");
}

#[test]
fn a_commit_is_configured_by_flags_and_instructions() {
    let env = Env::empty(User::Sub);
    let image = name("test/configured");
    env.run(["pull", "-q", &image]).code(0);
    env.run(["create", "-t", "--name", "c", "-e", "MORE=1", "-v", "/vol", "-l", "l=2", &image, "word"])
        .code(0);
    env.run([
        "commit",
        "-q",
        "-a",
        "An Author",
        "-m",
        "a message",
        "--iidfile",
        "iid",
        "--include-volumes",
        "-c",
        "ENV X=y",
        "-c",
        "EXPOSE 53/udp",
        "--change",
        "HEALTHCHECK --interval=5s CMD true",
        "-c",
        "USER nobody",
        "c",
        "q.test/made:1",
    ])
    .code(0);
    let id = std::fs::read_to_string(env.tmp().join("iid")).unwrap();
    let text = env.ok(["inspect", &id]);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let (made, config) = (&value[0], &value[0]["Config"]);
    assert_eq!(made["RepoTags"], serde_json::json!(["q.test/made:1"]));
    assert_eq!((&made["Author"], &made["Comment"]), (&"An Author".into(), &"a message".into()));
    let env_of = config["Env"].to_string();
    assert!(
        env_of.contains("COLOUR=blue") && env_of.contains("MORE=1") && env_of.contains("X=y"),
        "{env_of}"
    );
    assert!(!env_of.contains("container=") && !env_of.contains("TERM="), "{env_of}");
    assert_eq!(config["Cmd"], serde_json::json!(["word"]));
    assert_eq!(config["Entrypoint"], serde_json::json!(["/bin/echo", "hi"]));
    assert_eq!((&config["User"], &config["WorkingDir"]), (&"nobody".into(), &"/srv/app".into()));
    assert_eq!(config["Volumes"], serde_json::json!({"/data": {}, "/vol": {}}));
    assert_eq!(config["ExposedPorts"], serde_json::json!({"53/udp": {}, "8080/tcp": {}}));
    assert_eq!(config["Labels"]["l"], "2");
    assert_eq!(config["Healthcheck"]["Interval"], 5_000_000_000_i64);

    env.run(["commit", "--run", r#"{"Cmd":["cat","/x"],"PortSpecs":["22"],"Entrypoint":[]}"#, "c", "old"])
        .code(0);
    env.run(["inspect", "-f", "{{.Config.Cmd}} {{len .Config.ExposedPorts}}", "old"]).stdout("[cat /x] 2\n");
    env.run(["commit", "c", "_/builds/github.test/x/y"]).code(0);
    env.run(["image", "exists", "localhost/builds/github.test/x/y"]).code(0);
    env.run(["commit", "c"]).code(0).stdout_matches("^[0-9a-f]{64}\n$");
    for bad in [&["commit", "-c", "RUN x", "c"][..], &["commit", "--run", "{", "c"], &["commit", "c", "UP:"]]
    {
        env.run(bad).code(125);
    }
    env.run(["commit", "nothing"]).fails(125, "no such container");
}

#[test]
fn the_same_files_make_the_same_image() {
    let mut ids = Vec::new();
    // Two users whose files have other owners on the disk.
    for user in [User::Sub, User::Root] {
        let mut env = Env::empty(user);
        let image = name("test/layers");
        env.run(["pull", "-q", &image]).code(0);
        changed(&env, &image);
        env.set("SOURCE_DATE_EPOCH", "1000000000");
        ids.push(env.ok(["commit", "-m", "m", "c", "made"]));
        env.run(["inspect", "-f", "{{.Created}}", "made"]).stdout_matches("^2001-09-09");
        env.run(["run", "--rm", "--network", "none", "made", "stat", "-c", "%Y", "/new", "/l/old"])
            .stdout("1000000000\n981173106\n");
        env.run(["import", "-q", &fixture("busybox.tar"), "dated"]).code(0);
        env.run(["inspect", "-f", "{{.Created}}", "dated"]).stdout("2001-09-09T01:46:40Z\n");
        env.set("SOURCE_DATE_EPOCH", "soon");
        env.run(["commit", "c"]).fails(125, "SOURCE_DATE_EPOCH");
    }
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn a_layer_is_the_same_however_the_root_was_made() {
    let mut env = Env::new();
    env.set("SOURCE_DATE_EPOCH", "1700000000");
    let script = "mkdir /q && echo x >/q/r && rm /etc/notes && chown 5:6 /q/r && ln /q/r /hard";
    let mut layers = Vec::new();
    for flags in [&["overlay"][..], &["fuse"], &["vfs"], &["overlay", "--userns", "keep-id"]] {
        let run = [&["--storage-driver", flags[0], "run", "--name", "c", "--network", "none"], &flags[1..]];
        let command = ["--user", "0", "-v", "/data", "busybox", "sh", "-c", script];
        env.run([&run.concat()[..], &command].concat()).code(0);
        env.run(["commit", "-q", "c", "made"]).code(0);
        layers.push(env.ok(["image", "inspect", "-f", "{{.RootFS.Layers}}", "made"]));
        env.run(["rm", "-v", "c"]).code(0);
    }
    assert!(layers.iter().all(|layer| *layer == layers[0]), "{layers:?}");
}

#[test]
fn an_export_is_the_container_s_root() {
    for user in EVERYONE {
        let env = Env::empty(user);
        let image = name("test/layers");
        env.run(["pull", "-q", &image]).code(0);
        changed(&env, &image);
        let exported = env.run(["export", "c"]);
        exported.code(0).stderr("");
        env.run(["export", "-o", "c.tar", "c"]).code(0).stdout("");
        assert!(exported.stdout == std::fs::read(env.tmp().join("c.tar")).unwrap());
        let mut list = env.program("tar");
        list.args(["--numeric-owner", "-tvf", "c.tar"]);
        let list = finish(list, b"");
        list.code(0).stdout_matches(r"-rw-r----- 33/44 +\d+ .* l/owned\n").stdout_matches(r"l/opaque/back\n");
        let text = String::from_utf8_lossy(&list.stdout).into_owned();
        assert!(!text.contains(" l/one\n") && !text.contains("data/v") && !text.contains(".wh."), "{text}");
        env.feed(&exported.stdout, ["import", "-", "back"]).code(0);
        check(&env, "back");
    }
    let env = Env::new();
    env.run(["create", "--name", "c", "busybox", "true"]).code(0);
    let mut pty = env.pty(["export", "c"]);
    pty.code(125);
    assert!(pty.screen().contains("refusing to export to terminal"), "{}", pty.screen());
}

#[test]
fn a_file_of_the_web_is_inserted() {
    let env = Env::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let _ = stream.read(&mut request).unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n")
            .unwrap();
    });
    let id = env.ok(["image", "insert", "busybox", &format!("http://{address}/x"), "/tmp/deep/hello"]);
    server.join().unwrap();
    env.run(["run", "--rm", "--network", "none", &id, "sh", "-c", "cat /tmp/deep/hello; stat -c %a /tmp"])
        .stdout("hello\n1777\n");
    env.run(["history", "--no-trunc", "--format", "{{.CreatedBy}}", &id])
        .stdout_matches("ADD http://.* in /tmp/deep/hello");
    env.run(["image", "insert", "busybox", "http://127.0.0.1:1/x", "/y"]).code(125);
    env.run(["image", "insert", "busybox", "http://127.0.0.1:1/x", "/"]).fails(125, "not the path of a file");
}
