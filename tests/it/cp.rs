//! `cp`: both ways, between containers, as archives; what a slash means; never out of the container.

use crate::env::{EVERYONE, Env, User};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

const STATES: [bool; 2] = [true, false];

/// A container `c` that runs or does not.
fn container(env: &Env, runs: bool, flags: &[&str]) {
    let verb: &[&str] = if runs { &["run", "-d"] } else { &["create"] };
    let args: Vec<&str> = [verb, &["--name", "c"], flags, &["busybox", "sleep", "1000"]]
        .iter()
        .flat_map(|a| a.iter().copied())
        .collect();
    env.run(&args).code(0);
}

/// A directory `d` with a file and a directory in it.
fn tree(env: &Env) -> String {
    let dir = env.directory("d");
    env.directory("d/sub");
    env.file("d/f", "text\n");
    env.file("d/sub/deep", "deep\n");
    dir
}

/// What is in the container, running or not, by an archive of it.
fn read(env: &Env, path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    let to = env.tmp().join(format!("read-{name}"));
    env.run(["cp", &format!("c:{path}"), to.to_str().unwrap()]).code(0).stdout("");
    let text = fs::read_to_string(&to).unwrap();
    fs::remove_file(to).unwrap();
    text
}

#[test]
fn files_and_directories_go_in_and_out() {
    for user in EVERYONE {
        for runs in STATES {
            let env = Env::of(user);
            container(&env, runs, &[]);
            let dir = tree(&env);
            fs::set_permissions(env.tmp().join("d/f"), fs::Permissions::from_mode(0o754)).unwrap();
            // Under its own name into what is there, under the given name where nothing is.
            env.run(["cp", &dir, "c:/tmp"]).code(0).stdout("").stderr("");
            env.run(["cp", &dir, "c:/new"]).code(0);
            env.run(["cp", &format!("{dir}/."), "c:/home"]).code(0);
            env.run(["cp", &format!("{dir}/f"), "c:/home/"]).code(0);
            env.run(["cp", &format!("{dir}/f"), "c:home/g"]).code(0);
            for path in ["/tmp/d/f", "/new/f", "/home/f", "/home/g"] {
                assert_eq!(read(&env, path), "text\n", "{path}");
            }
            assert_eq!(read(&env, "/new/sub/deep"), "deep\n");
            // Over a file that is there, and out again.
            env.file("d/f", "other\n");
            env.run(["cp", &format!("{dir}/f"), "c:/new/f"]).code(0);
            let out = env.tmp().join("out");
            env.run(["cp", "c:/new", out.to_str().unwrap()]).code(0);
            let file = fs::metadata(out.join("f")).unwrap();
            assert_eq!((file.mode() & 0o7777, file.uid()), (0o754, env.uid()));
            assert_eq!(fs::read_to_string(out.join("f")).unwrap(), "other\n");
            env.run(["cp", "c:/new", out.to_str().unwrap()]).code(0);
            assert!(out.join("new/sub/deep").exists(), "into what is there now");
            // A started container has what a stopped one was given.
            if !runs {
                env.run(["start", "c"]).code(0);
            }
            env.run(["exec", "c", "stat", "-c", "%u:%g %a", "/new/f"]).stdout("0:0 754\n");
        }
    }
}

#[test]
fn what_cannot_be_copied_is_said() {
    for runs in STATES {
        let env = Env::new();
        container(&env, runs, &[]);
        let dir = tree(&env);
        let file = format!("{dir}/f");
        let file_dot = format!("{file}/.");
        for (from, to, text) in [
            (file.as_str(), "c:/nope/", "could not be found on container"),
            (&file, "c:/nope/x", "could not be found on container"),
            (&dir, "c:/new/", "could not be found on container"),
            (&dir, "c:/etc/passwd", "must be a directory when copying a directory"),
            (&file, "c:/etc/passwd/", "etc/passwd"),
            (&file_dot, "c:/tmp", "f/."),
            ("/not/there", "c:/", "could not be found on the host"),
            ("c:/nope", &dir, "could not be found on container"),
            ("c:/dev/null", &dir, if runs { "neither a file nor a directory" } else { "null" }),
            ("nobody:/etc", &dir, "no such container"),
            ("c:", &dir, "must specify paths"),
            (&file, &dir, "between two local paths"),
            ("-", "c:/etc/passwd", "must be a directory when copying from stdin"),
        ] {
            env.run(["cp", from, to]).code(125).stdout("").stderr_contains(text);
        }
        // A file and a directory take each other's place only when told.
        env.directory("e");
        env.directory("e/passwd");
        let from = format!("{}/.", env.tmp().join("e").display());
        env.run(["cp", &from, "c:/etc"]).code(125).stderr_contains("--overwrite");
        assert!(read(&env, "/etc/passwd").contains("root"));
        env.run(["cp", "--overwrite", &from, "c:/etc"]).code(0);
        env.run(["cp", "c:/etc/passwd", &env.directory("dir")]).code(0);
        assert!(env.tmp().join("dir/passwd").is_dir());
    }
}

#[test]
fn containers_exchange_files() {
    for runs in STATES {
        let env = Env::new();
        container(&env, runs, &["--user", "www"]);
        env.run([
            "run",
            "--name",
            "other",
            "busybox",
            "sh",
            "-c",
            "mkdir /data; echo 1 > /data/f; chown 44:44 /data/f",
        ])
        .code(0);
        env.run(["cp", "other:/data", "c:/tmp"]).code(0);
        env.run(["cp", "-a", "other:/data", "c:/tmp/kept"]).code(0);
        if !runs {
            env.run(["start", "c"]).code(0);
        }
        // To the container's user, unless owners are kept.
        let stat = ["exec", "c", "stat", "-c", "%u:%g", "/tmp/data/f", "/tmp/kept/f"];
        env.run(stat).stdout("33:33\n44:44\n");
        // Into itself, which is not endless.
        env.run(["cp", "c:/tmp", "c:/tmp/again"]).code(0);
        env.run(["exec", "c", "ls", "/tmp/again"]).stdout("data\nkept\n");
    }
}

#[test]
fn archives_are_read_and_written() {
    for user in EVERYONE {
        for runs in STATES {
            let env = Env::of(user);
            container(&env, runs, &[]);
            tree(&env);
            std::os::unix::fs::symlink("f", env.tmp().join("d/link")).unwrap();
            fs::hard_link(env.tmp().join("d/f"), env.tmp().join("d/second")).unwrap();
            let mut tar = env.program("tar");
            tar.args(["-c", "-C", env.tmp().join("d").to_str().unwrap(), "."]);
            let archive = tar.output().unwrap().stdout;
            env.feed(&archive, ["cp", "-", "c:/home"]).code(0).stdout("").stderr("");
            assert_eq!(read(&env, "/home/sub/deep"), "deep\n");
            assert_eq!(read(&env, "/home/second"), "text\n");
            let out = env.run(["cp", "c:/home", "-"]);
            assert_eq!(out.code, Some(0), "{out}");
            fs::write(env.tmp().join("out.tar"), &out.stdout).unwrap();
            let mut list = env.program("tar");
            list.args(["-tf", env.tmp().join("out.tar").to_str().unwrap()]);
            let listed = String::from_utf8(list.output().unwrap().stdout).unwrap();
            assert_eq!(listed, "home/\nhome/f\nhome/link\nhome/second\nhome/sub/\nhome/sub/deep\n");
            let one = env.run(["cp", "c:/home/f", "-"]);
            assert!(one.stdout.starts_with(b"f\0"), "a file is one member");
            env.feed(b"no archive at all", ["cp", "-", "c:/home"]).code(125);
        }
    }
}

#[test]
fn volumes_and_binds_of_the_container_are_seen() {
    for runs in STATES {
        let env = Env::new();
        let shared = env.directory("shared");
        let config = env.file("config", "one\n");
        let (bind, file) = (format!("{shared}:/shared"), format!("{config}:/etc/config"));
        container(&env, runs, &["-v", "data:/data", "-v", &bind, "-v", &file, "-v", "/etc/anonymous"]);
        let dir = tree(&env);
        env.run(["cp", &format!("{dir}/."), "c:/data"]).code(0);
        env.run(["cp", &format!("{dir}/f"), "c:/shared/f"]).code(0);
        assert_eq!(fs::read_to_string(env.tmp().join("shared/f")).unwrap(), "text\n");
        env.run(["run", "--rm", "-v", "data:/x", "busybox", "cat", "/x/sub/deep"]).stdout("deep\n");
        // A file that is a mount is written in its place.
        env.run(["cp", &format!("{dir}/f"), "c:/etc/config"]).code(0);
        assert_eq!(fs::read_to_string(&config).unwrap(), "text\n");
        assert_eq!(read(&env, "/data/f"), "text\n");
    }
}

#[test]
fn links_holes_and_attributes_survive() {
    let env = Env::new();
    container(&env, true, &[]);
    let script = "mkdir /t; cd /t; echo 1 > a; ln a b; ln -s a l; ln -s /etc/passwd abs; mkfifo fifo; \
        dd if=/dev/zero of=sparse bs=1 count=1 seek=4194303 2> /dev/null; chmod 4711 a; touch -d @77 a";
    env.run(["exec", "c", "sh", "-c", script]).code(0);
    let out = env.tmp().join("out");
    env.run(["cp", "c:/t", out.to_str().unwrap()]).code(0).stderr("");
    let (a, b) = (fs::metadata(out.join("a")).unwrap(), fs::metadata(out.join("b")).unwrap());
    assert_eq!((a.ino(), a.mode() & 0o7777, a.mtime()), (b.ino(), 0o4711, 77));
    assert_eq!(fs::read_link(out.join("l")).unwrap().to_str(), Some("a"));
    assert_eq!(fs::read_link(out.join("abs")).unwrap().to_str(), Some("/etc/passwd"));
    let sparse = fs::metadata(out.join("sparse")).unwrap();
    assert!(sparse.len() == 4 << 20 && sparse.blocks() < 1024, "{} blocks", sparse.blocks());
    assert!(fs::symlink_metadata(out.join("fifo")).is_ok());
    // And back, into a container that does not run.
    env.run(["create", "--name", "d", "busybox", "stat", "-c", "%h %a %Y", "/t/a"]).code(0);
    env.run(["cp", out.to_str().unwrap(), "d:/t"]).code(0);
    env.run(["start", "-a", "d"]).stdout("2 4711 77\n");
}

/// CVE-2018-15664, CVE-2019-14271, CVE-2024-9676 and what docker cp suffered: links in the container
/// are the container's, whichever way they point.
#[test]
fn links_lead_where_the_container_sees_them_and_never_out() {
    for runs in STATES {
        let env = Env::new();
        let victim = env.directory("victim");
        env.file("victim/secret", "the host's\n");
        container(&env, runs, &[]);
        let script = format!(
            "ln -s {victim} /out; ln -s {victim}/secret /file; ln -s ../../../../../../..{victim} /up; \
             ln -s /etc /inside; mkdir -p /links; ln -s {victim} /links/d"
        );
        // The links are made by a container, in an image of it.
        env.run(["run", "--name", "maker", "busybox", "sh", "-c", &script]).code(0);
        env.run(["commit", "-q", "maker", "links"]).code(0);
        env.run(["rm", "-f", "-t", "0", "c", "maker"]).code(0);
        let verb: &[&str] = if runs { &["run", "-d"] } else { &["create"] };
        env.run([verb, &["--name", "c", "links", "sleep", "1000"]].concat()).code(0);
        let mine = env.file("mine", "mine\n");
        for to in ["c:/out/x", "c:/up/x", "c:/out/", "c:/file/x"] {
            env.run(["cp", &mine, to]).code(125);
        }
        for from in ["c:/out", "c:/file", "c:/up/secret", "c:/links/d/secret"] {
            env.run(["cp", from, env.tmp().join("stolen").to_str().unwrap()]).code(125);
        }
        // A link that leads nowhere says where the file goes, in the container.
        env.run(["cp", &mine, "c:/file"]).fails(125, "could not be found on container");
        env.run(["cp", &mine, "c:/inside/mine"]).code(0);
        assert_eq!(read(&env, "/etc/mine"), "mine\n");
        // A directory that is to be merged with a link to one: refused, or the link goes.
        let dir = env.directory("d");
        env.file("d/secret", "overwritten\n");
        env.run(["cp", &dir, "c:/links"]).code(125);
        env.run(["cp", "--overwrite", &dir, "c:/links"]).code(0);
        // As do links within the archive that is extracted.
        let root = env.directory("evil");
        std::os::unix::fs::symlink(&victim, format!("{root}/l")).unwrap();
        let mut tar = env.program("sh");
        tar.args(["-c", "cd evil && tar c l > ../evil.tar && rm l && mkdir l && echo bad > l/secret && tar rf ../evil.tar l/secret"]);
        assert!(tar.status().unwrap().success());
        let evil = fs::read(env.tmp().join("evil.tar")).unwrap();
        env.feed(&evil, ["cp", "-", "c:/tmp"]).code(125);
        assert_eq!(fs::read_to_string(env.tmp().join("victim/secret")).unwrap(), "the host's\n");
        assert_eq!(fs::read_dir(&victim).unwrap().count(), 1);
        assert!(!env.tmp().join("stolen").exists());
    }
}

/// The same while the container exchanges a directory for a link to the host's, as fast as it can.
#[test]
fn what_goes_away_meanwhile_is_left_out() {
    let env = Env::new();
    let script = "mkdir /w; while :; do for i in 1 2 3 4 5 6 7 8 9; do echo $i >/w/f$i; mkdir -p /w/d$i; done; rm -rf /w/*; done";
    env.run(["run", "-d", "--name", "c", "--network", "none", "busybox", "sh", "-c", script]).code(0);
    env.run(["exec", "c", "sh", "-c", "until test -d /w; do sleep 0.02; done"]).code(0);
    for round in 0..30 {
        env.run(["cp", "c:/w", &format!("w{round}")]).code(0).stderr("");
    }
    env.run(["cp", "c:/w", "-"]).code(0);
    env.run(["export", "-o", "x.tar", "c"]).code(0);
    env.run(["commit", "-q", "c", "made"]).code(0);
}

#[test]
fn a_link_that_leads_nowhere_says_where_a_file_goes() {
    let env = Env::new();
    let file = env.file("f", "text\n");
    let script = "ln -s /made /a; ln -s ../../made2 /etc/b; ln -s /c /d; ln -s /d /c; exec sleep 1000";
    env.run(["run", "-d", "--name", "c", "busybox", "sh", "-c", script]).code(0);
    env.run(["exec", "c", "sh", "-c", "until test -h /c; do sleep 0.02; done"]).code(0);
    for (link, made) in [("/a", "/made"), ("/etc/b", "/made2")] {
        env.run(["cp", &file, &format!("c:{link}")]).code(0).stdout("");
        env.run(["exec", "c", "sh", "-c", &format!("test -h {link} && cat {made}")]).code(0).stdout("text\n");
    }
    assert!(!env.tmp().join("made").exists());
    env.run(["cp", &file, "c:/c"]).code(125);
    env.run(["cp", &file, "c:/etc/passwd/"]).fails(125, "is not a directory");
    env.run(["cp", "c:/etc/passwd", &format!("{file}/")])
        .fails(125, "on the host")
        .fails(125, "is not a directory");
    env.run(["run", "-d", "--name", "ro", "--read-only", "busybox", "sleep", "1000"]).code(0);
    env.run(["cp", &file, "ro:/x"]).fails(125, "cannot write to ").stderr_contains("Read-only file system");
    env.run(["cp", &file, "ro:/tmp/x"]).code(0);
    // What the kernel does not give a size has content all the same.
    env.run(["cp", "c:/proc/version", "version"]).code(0);
    assert!(fs::read_to_string(env.tmp().join("version")).unwrap().starts_with("Linux"));
}

#[test]
fn a_container_that_exchanges_its_directories_meanwhile_gains_nothing() {
    let env = Env::of(User::Sub);
    let victim = env.directory("victim");
    env.file("victim/secret", "the host's\n");
    // The race is the container's own: link, directory, link …
    let script = format!(
        "mkdir -p /r/real/sub; echo own > /r/real/secret; echo own > /r/real/sub/secret; ln -s {victim} /r/link; cp -a /r/real /r/a; \
         while :; do mv /r/a /r/was; ln -s {victim} /r/a; rm /r/a; mv /r/was /r/a; \
         mv /r/a/sub /r/a/t; ln -s {victim} /r/a/sub; rm /r/a/sub; mv /r/a/t /r/a/sub; done"
    );
    env.run(["run", "-d", "--name", "c", "busybox", "sh", "-c", &script]).code(0);
    env.directory("d");
    env.directory("d/sub");
    env.file("d/sub/planted", "x");
    for round in 0..40 {
        let out = env.tmp().join(format!("out{round}"));
        // Whether it works depends on the moment; what comes out never is the host's.
        env.run(["cp", "c:/r/a", out.to_str().unwrap()]);
        env.run(["cp", "c:/r/a/sub/secret", env.tmp().join(format!("file{round}")).to_str().unwrap()]);
        env.run(["cp", env.tmp().join("d/.").to_str().unwrap(), "c:/r/a"]);
        env.run(["cp", env.tmp().join("d/sub/planted").to_str().unwrap(), "c:/r/a/sub/planted"]);
        for path in [out.join("secret"), out.join("sub/secret"), env.tmp().join(format!("file{round}"))] {
            // A link that came out as one is looked at, not followed.
            if fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file())
                && !fs::symlink_metadata(path.parent().unwrap()).unwrap().is_symlink()
            {
                assert_eq!(fs::read_to_string(&path).unwrap(), "own\n", "{}", path.display());
            }
        }
    }
    let names: Vec<_> = fs::read_dir(&victim).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["secret"]);
    env.run(["rm", "-f", "-t", "0", "c"]).code(0);
}

#[test]
fn owners_are_right_in_a_namespace_of_the_container_s_own() {
    for mode in ["keep-id", "nomap"] {
        for runs in STATES {
            let env = Env::new();
            container(&env, runs, &["--userns", mode]);
            let dir = tree(&env);
            env.run(["cp", &dir, "c:/tmp/in"]).code(0);
            if !runs {
                env.run(["start", "c"]).code(0);
            }
            let id = if mode == "keep-id" { env.uid() } else { 0 };
            let owners = format!("{id}\n{id}\n");
            env.run(["exec", "c", "stat", "-c", "%u", "/tmp/in", "/tmp/in/sub/deep"]).code(0).stdout(&owners);
            env.run(["exec", "c", "sh", "-c", "echo more >> /tmp/in/f"]).code(0);
            let out = env.tmp().join("out");
            env.run(["cp", "c:/tmp/in", out.to_str().unwrap()]).code(0);
            assert_eq!(fs::read_to_string(out.join("f")).unwrap(), "text\nmore\n");
            assert_eq!(fs::metadata(out.join("sub/deep")).unwrap().uid(), env.uid());
            env.run(["rm", "-f", "-t", "0", "c"]).code(0);
        }
    }
}
