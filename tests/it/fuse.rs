//! The root file system that box serves itself, by FUSE, against the kernel's overlay.

use crate::env::{EVERYONE, Env, User, eventually, finish};
use crate::seccomp::compiled;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// What programs do to files: replace, rename, link, remove, make again; in the image's directories and
/// in new ones.
const CHANGES: &str = r#"set -e; cd /; umask 022
    echo changed >>/etc/passwd; truncate -s 100 /etc/passwd
    rm -f /etc/group; echo g >/etc/group
    mkdir -p /new/deep; echo a >/new/deep/a; ln /new/deep/a /new/b; ln -s a /new/deep/link; mkfifo /new/fifo
    ln /etc/notes /new/notes; mv /etc/notes /etc/notes2
    rm -rf /usr/share; mkdir -p /usr/share; echo x >/usr/share/x; mv /usr/share/x /usr/share/y
    mkdir /d1; echo 1 >/d1/1; mv /d1 /d2; mv /d2/1 /d2/2
    rm -rf /home; mkdir /home; rmdir /home
    mkdir /t1 /t2; touch /t1/f; mv /t1 /t2/; mv /t2/t1 /t1; rmdir /t2
    mv /var /var2; rm -r /lib; mkdir /lib; mkdir /lib/z
    mkdir /lib2; rmdir /lib/z; mv /lib2 /lib/z
    touch /tmp/f; chown 5:6 /tmp/f; chmod 2755 /tmp/f
    touch /tmp/suid; chmod 4755 /tmp/suid; echo x >>/tmp/suid
    dd if=/dev/zero of=/new/sparse bs=1 count=1 seek=1000000 2>/dev/null
    mkdir /sg; chgrp 7 /sg; chmod 2775 /sg; touch /sg/f; mkdir /sg/d
    exec 3>/gone; rm /gone; echo hidden >&3; exec 3>&-
    exec 4</etc/shells; echo more >>/etc/shells; cat <&4 >/read; exec 4<&-
    cp /bin/busybox /new/busybox; /new/busybox true
    touch -d '2020-01-01 00:00:00' /new/deep/a /etc/passwd /tmp/f
    find / -xdev | grep -v -e ^/proc -e ^/dev -e ^/etc/host | sort | while read f; do
        stat -c '%n %F %u %g %a %h %s %N' "$f"; done"#;

#[test]
fn the_same_changes_leave_the_same_layer() {
    for user in EVERYONE {
        let mut env = Env::of(user);
        env.set("SOURCE_DATE_EPOCH", "1700000000");
        let mut seen = Vec::new();
        for driver in ["overlay", "fuse"] {
            let run =
                ["--storage-driver", driver, "run", "--name", "c", "--network", "none", "--hostname", "h"];
            let script = format!("echo /bin/sh >/etc/shells\n: >/etc/notes\n{CHANGES}");
            let shown = env.ok(run.iter().copied().chain(["busybox", "sh", "-c", &script]));
            assert!(shown.lines().count() > 50, "{shown}");
            let name = env.ok(["inspect", "-f", "{{.GraphDriver.Name}}", "c"]);
            assert_eq!(name, if driver == "fuse" { "fuse-overlayfs" } else { "overlay" });
            let diff = env.ok(["diff", "c"]);
            env.run(["commit", "-q", "c", driver]).code(0);
            let layers = env.ok(["inspect", "--type", "image", "-f", "{{.RootFS.Layers}}", driver]);
            seen.push((shown, diff, layers));
            env.run(["rm", "c"]).code(0);
        }
        assert_eq!(seen[0].0, seen[1].0, "{user:?}");
        assert_eq!(seen[0].1, seen[1].1, "{user:?}");
        assert_eq!(seen[0].2, seen[1].2, "{user:?}");
    }
}

#[test]
fn the_drivers_follow_each_other_on_one_container() {
    for user in EVERYONE {
        let env = Env::of(user);
        let script = "echo one >>/x; rm -f /etc/group; mkdir -p /d; cat /x; test -e /etc/group || echo gone";
        env.run(["--storage-driver", "fuse-overlayfs", "run", "--name", "c", "busybox", "sh", "-c", script])
            .code(0)
            .stdout("one\ngone\n");
        env.run(["start", "-a", "c"]).code(0).stdout("one\none\ngone\n");
        let changes = env.ok(["diff", "c"]);
        for wanted in ["A /d", "C /etc", "D /etc/group", "A /x"] {
            assert!(changes.lines().any(|line| line == wanted), "{changes}");
        }
        env.file("in", "brought\n");
        env.run(["cp", &format!("{}/in", env.tmp().display()), "c:/etc/brought"]).code(0);
        env.run(["cp", "c:/x", &format!("{}/out", env.tmp().display())]).code(0);
        assert_eq!(std::fs::read_to_string(env.tmp().join("out")).expect("it was copied"), "one\none\n");
        let archive = env.run(["export", "c"]);
        archive.code(0);
        let script = "box=$0; cd $($box mount c); cat etc/brought; echo more >x; test -e etc/group || echo gone; cd /; $box umount c >/dev/null
            cd $($box image mount busybox); test -e etc/group && echo there; touch x 2>/dev/null || echo read-only; cd /; $box image umount busybox >/dev/null";
        let binary = Env::binary();
        let binary = binary.to_str().expect("a path");
        env.run(["--storage-driver", "fuse", "unshare", "sh", "-c", script, binary])
            .code(0)
            .stdout("brought\ngone\nthere\nread-only\n");
        eventually("the servers of the mounts have ended", || env.processes().is_empty());
        env.run(["start", "-a", "c"]).code(0).stdout("more\none\ngone\n");
        env.run(["rm", "c"]).code(0);
    }
}

#[test]
fn a_running_container_is_seen_from_outside() {
    let env = Env::of(User::Sub);
    let fuse = ["--storage-driver", "fuse", "run", "-d", "--name", "c", "busybox", "sleep", "900"];
    env.run(fuse).code(0);
    env.run(["exec", "c", "sh", "-c", "echo inside >/x; rm /etc/group"]).code(0);
    assert!(env.ok(["diff", "c"]).contains("A /x"));
    env.file("in", "brought\n");
    env.run(["cp", &format!("{}/in", env.tmp().display()), "c:/brought"]).code(0);
    env.run(["exec", "c", "cat", "/brought", "/x"]).code(0).stdout("brought\ninside\n");
    env.run(["commit", "-q", "c", "made"]).code(0);
    env.run(["run", "--rm", "made", "cat", "/brought", "/x"]).code(0).stdout("brought\ninside\n");
    env.run(["restart", "-t", "0", "c"]).code(0);
    env.run(["exec", "c", "cat", "/x"]).code(0).stdout("inside\n");
    env.run(["rm", "-f", "-t", "0", "c"]).code(0);
    eventually("its server has ended", || env.processes().is_empty());
}

#[test]
fn its_modes_are_those_of_any_root() {
    let env = Env::of(User::Sub);
    let fuse = |args: &[&str]| {
        let run = ["--storage-driver", "fuse", "run", "--rm", "--network", "none"];
        env.run(run.iter().chain(args).copied())
    };
    fuse(&["--read-only", "busybox", "touch", "/x"]).fails(1, "Read-only");
    fuse(&["--userns", "nomap", "busybox", "sh", "-c", "touch /x && stat -c %u / /x /etc/passwd"])
        .code(0)
        .stdout("0\n0\n0\n");
    let keep = "touch /tmp/x; stat -c %u /tmp/x; id -u";
    let own = env.uid();
    fuse(&["--userns", "keep-id", "busybox", "sh", "-c", keep]).code(0).stdout(&format!("{own}\n{own}\n"));
    fuse(&["--user", "7:8", "busybox", "sh", "-c", "touch /tmp/x /x; stat -c %u:%g /tmp/x"])
        .code(0)
        .stderr_contains("denied")
        .stdout("7:8\n");
    // Files of one user are the other's business as far as their mode says.
    let script = "echo s >/s; chmod 600 /s; su www -c 'cat /s' 2>&1; mkdir /w; chmod 1777 /w; su www -c 'echo >/w/x; rm /s' 2>&1; stat -c %U /w/x";
    let shown = fuse(&["busybox", "sh", "-c", script]).out();
    assert!(shown.matches("denied").count() == 2 && shown.ends_with("www\n"), "{shown}");
}

#[test]
fn many_files_and_deep_directories() {
    let env = Env::of(User::Sub);
    let script = "set -e; mkdir /many; cd /many
        i=0; while [ $i -lt 30 ]; do mkdir d$i; i=$((i+1)); done
        for d in d*; do (cd $d; for f in 0 1 2 3 4 5 6 7 8 9; do for g in 0 1 2 3 4 5 6 7 8 9; do echo $f >$f$g; done; done); done
        find . -type f | wc -l; rm -rf d1*; find . -type f | wc -l; ls d20 | sort | head -n 3 | tr '\n' ' '
        cp -a /many /copy; find /copy -type f | xargs cat | sha256sum >/1; find . -type f | xargs cat | sha256sum >/2; cmp /1 /2
        p=/deep; for i in 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9; do p=$p/d; done; mkdir -p $p; echo x >$p/x; mv /deep /deeper; cat /deeper${p#/deep}/x
        rm -rf /many /copy /deeper; ls -d /many 2>/dev/null || echo empty";
    let run = ["--storage-driver", "fuse", "run", "--rm", "--network", "none", "busybox", "sh", "-c", script];
    env.run(run).code(0).stdout("3000\n1900\n00 01 02 x\nempty\n");
}

/// What is done to files with more than a shell's commands, and what is seen of it.
const CALLS: &str = r#"use strict; use Fcntl qw(:DEFAULT :seek :flock); use POSIX ();
    sub say_(@) { print join(" ", map { defined $_ ? $_ : "undef" } @_), "\n" }
    sub put { open(my $f, ">", $_[0]) or die "$_[0]: $!"; print $f $_[1]; close $f; chmod $_[2] // 0644, $_[0] }
    sub mode { my @s = lstat $_[0]; say_ $_[0], @s ? sprintf("%o %d:%d %d %d", @s[2, 4, 5, 3, 7]) : "gone" }
    sub as(&) { my $do = shift; $| = 1; my $p = fork; if (!$p) { $( = 9; $) = "9 9"; POSIX::setuid(9); $do->(); POSIX::_exit(0) } waitpid $p, 0 }
    sub sys { my @a = @_; syscall(shift @a, @a) }
    umask 022; mkdir "/w"; chmod 0777, "/w";
    # Appended to wherever it says; a hole punched (fallocate(2): keep the size, punch a hole).
    sysopen(my $a, "/w/a", O_RDWR | O_CREAT | O_APPEND); syswrite $a, "one"; sysseek $a, 0, SEEK_SET; syswrite $a, "two"; mode "/w/a";
    put "/w/h", "x" x 65536; open(my $h, "+<", "/w/h"); say_ sys(285, fileno $h, 3, 0, 32768), sysseek($h, 0, 3), -s "/w/h";
    # Removed and open, of the upper layer and of the image.
    put "/w/u", "abc"; open(my $u, "+<", "/w/u"); unlink "/w/u"; syswrite $u, "ABCDE"; truncate $u, 3; say_ +(stat $u)[3, 7];
    open(my $l, "<", "/etc/issue"); rename "/etc/debian_version", "/etc/issue"; sysread $l, my $b, 6; say_ $b; unlink "/etc/issue"; say_ +(stat $l)[3];
    # Whoever reads sees what is written later, through the copy.
    open(my $r, "<", "/etc/host.conf"); put "/etc/host.conf", "changed"; sysread $r, $b, 99; say_ $b;
    # setuid and setgid go when somebody else writes.
    put "/w/s$_", "abc", 06777 for 0 .. 3;
    as { open(my $f, ">>", "/w/s0"); syswrite $f, "x"; truncate "/w/s1", 1; open($f, ">", "/w/s2"); open($f, "+<", "/w/s3"); sys(285, fileno $f, 0, 0, 100) };
    mode "/w/s$_" for 0 .. 3;
    put "/w/own", "abc", 06755; chown 5, 6, "/w/own"; mode "/w/own"; chown 0, 0, "/usr/bin/passwd"; mode "/usr/bin/passwd";
    # Whose is what: sticky directories, the image's files.
    mkdir "/w/st"; chmod 01777, "/w/st"; put "/w/st/root", "r";
    as { say_ unlink("/w/st/root"), rename("/w/st/root", "/w/st/x"), utime(0, 0, "/etc/passwd"), open(my $f, "<", "/etc/shadow"), mkdir("/etc/x"), link("/etc/shadow", "/w/l"), chmod(0777, "/etc/passwd"), opendir(my $d, "/root") };
    # Renaming over each other, exchanging (renameat2(2)), over what the image has.
    mkdir "/w/$_" for "d1", "d2"; put "/w/d2/x", "x"; say_ map { rename($_->[0], $_->[1]) ? "ok" : $!{ENOTEMPTY} || $!{EEXIST} ? "full" : $!{EXDEV} ? "elsewhere" : $! + 0 } ["/w/d1", "/w/d2"], ["/w/d2", "/w/d1"], ["/w/d1", "/w/a"], ["/w/a", "/w/d1"], ["/etc/apt", "/etc/apt2"], ["/w/d1", "/etc/apt"], ["/w/d1", "/w/d1/y"];
    say_ sys(316, -100, "/w/d1", -100, "/w/a", 2); mode "/w/a"; mode "/w/d1";
    say_ sys(316, -100, "/w/a", -100, "/w/d1", 1), $!{EEXIST} ? "exists" : $!;
    # Nodes, links, and times from long before to long after.
    say_ sys(133, "/w/null", 020666, 0x103), sys(133, "/w/wo", 020666, 0), sys(133, "/w/fifo", 010640, 0); mode "/w/fifo";
    symlink "t", "/w/sl"; link "/w/fifo", "/w/fifo2"; chown 3, 4, "/w/fifo2"; mode "/w/fifo"; mode "/w/sl";
    for my $at ([-5, 500], [-2000000000, 1], [4000000000, 999999999], [-9223372036854775807 - 1, 1], [-9223372036854775807, 999999999], [9223372036854775807, 999999999]) { my $t = pack "q4", @$at, @$at; say_ sys(280, -100, "/w/h", $t, 0), `stat -c '%y' /w/h` }
    my $at = pack "q4", 9, 0, 9, 0; say_ sys(280, -100, "/w/sl", $at, 0x100), (lstat "/w/sl")[9];
    # Extended attributes; those of overlay itself are nobody's.
    say_ sys(188, "/w/h", "user.a", "1", 1, 2), sys(188, "/w/h", "user.a", "1", 1, 0), sys(191, "/w/h", "user.a", 0, 0), sys(197, "/w/h", "user.a"), sys(197, "/w/h", "user.a"), sys(191, "/w", "user.overlay.opaque", 0, 0);
    # A directory that changes while it is read, and one that is removed while it is open.
    mkdir "/w/big"; put "/w/big/f$_", "" for 1 .. 2000; opendir(my $d, "/w/big"); my ($n, $pos) = (0, 0);
    while (defined(my $e = readdir $d)) { $pos = telldir $d if ++$n == 1000; unlink "/w/big/$e" if $n % 2 }
    seekdir $d, $pos; my $seen = defined readdir $d; rewinddir $d; my @left = readdir $d; say_ $n, $seen, scalar @left;
    mkdir "/w/rm"; chdir "/w/rm"; rmdir "/w/rm"; say_ sysopen(my $f, "x", O_CREAT | O_RDWR), POSIX::getcwd(); chdir "/";
    my $long = "/w/" . "n" x 255; put $long, "long"; mode $long; say_ sysopen($f, "${long}n", O_CREAT | O_RDWR), $!{ENAMETOOLONG} ? "long" : $!;
    open(my $x, "+<", "/w/h"); open(my $y, "+<", "/w/h"); say_ flock($x, LOCK_EX | LOCK_NB), flock($y, LOCK_EX | LOCK_NB);
    # The names of one file of the image.
    my ($p) = glob "/usr/bin/perl5*"; say_ $p, (lstat $p)[3], (lstat $p)[1] == (lstat "/usr/bin/perl")[1], (stat "/usr/bin/perl")[3];
    opendir($d, "/usr/bin"); my @wrong = grep { (lstat "/usr/bin/$_")[1] == 0 } readdir $d; say_ scalar @wrong;"#;

#[test]
fn system_calls_answer_as_on_the_kernels_overlay() {
    for user in [User::Sub, User::Root] {
        let env = Env::with(user, &["debian"]);
        let seen = ["overlay", "fuse"].map(|driver| {
            let run = [
                "--storage-driver",
                driver,
                "run",
                "--rm",
                "--network",
                "none",
                "debian",
                "perl",
                "-e",
                CALLS,
            ];
            env.ok(run)
        });
        assert!(seen[0].lines().count() > 30, "{}", seen[0]);
        assert_eq!(seen[0], seen[1], "{user:?}");
    }
}

#[test]
fn whoever_serves_a_root_sees_nothing_but_its_layers() {
    for user in EVERYONE {
        let env = Env::of(user);
        let fuse = ["--storage-driver", "fuse", "run", "-d", "--name", "c", "busybox", "sleep", "900"];
        env.run(fuse).code(0);
        let pid = server(&env).expect("it is served");
        let root = std::fs::read_dir(format!("/proc/{pid}/root")).expect("it lives");
        assert_eq!(root.count(), 0, "{user:?}");
        let mounts = std::fs::read_to_string(format!("/proc/{pid}/mounts")).expect("it lives");
        assert_eq!(mounts.lines().count(), 1, "{mounts}");
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
        // CHOWN, DAC_OVERRIDE, FOWNER, FSETID, SETFCAP.
        for line in
            ["CapEff:\t000000008000001b", "CapPrm:\t000000008000001b", "NoNewPrivs:\t1", "Seccomp:\t2"]
        {
            assert!(status.contains(line), "{user:?}: {line} is missing in {status}");
        }
        // Those below it cannot be written to, by it neither.
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("it lives");
        let layers: Vec<_> = open
            .flatten()
            .filter_map(|entry| std::fs::read_link(entry.path()).ok().map(|to| (entry.path(), to)))
            .filter(|(_, to)| to == std::path::Path::new("/"))
            .map(|(path, _)| path)
            .collect();
        assert!(!layers.is_empty());
        for layer in layers {
            let made = std::fs::create_dir(layer.join("made"));
            assert_eq!(made.map_err(|e| e.kind()), Err(std::io::ErrorKind::ReadOnlyFilesystem), "{user:?}");
        }
        env.run(["exec", "c", "sh", "-c", "echo x >/etc/x && cat /etc/x"]).code(0).stdout("x\n");
        env.run(["rm", "-f", "-t", "0", "c"]).code(0);
    }
}

/// The process that serves the root file system.
fn server(env: &Env) -> Option<i32> {
    env.processes().iter().find(|(_, line)| line.contains("box-rootfs")).map(|(pid, _)| *pid)
}

#[test]
fn whoever_is_killed_takes_nothing_with_it_and_leaves_nothing() {
    for user in EVERYONE {
        let env = Env::of(user);
        let fuse = [
            "--storage-driver",
            "fuse",
            "run",
            "--name",
            "c",
            "busybox",
            "sh",
            "-c",
            "echo up; exec sleep 900",
        ];
        let mut run = env.spawn(fuse);
        run.expect("up\n");
        let pid = server(&env).expect("it is served");
        kill(Pid::from_raw(pid), Signal::SIGKILL).expect("it lives");
        let ended = run.finish();
        ended.code(137).stderr_contains("the server of its root file system has ended");
        let said = env.ok(["inspect", "-f", "{{.State.ExitCode}} {{.State.Error}}", "c"]);
        assert!(said.starts_with("137 the server of its root file system"), "{said}");
        eventually("nothing is left", || env.processes().is_empty());

        env.run(["start", "c"]).code(0);
        eventually("it runs", || env.run(["exec", "c", "true"]).code == Some(0));
        let supervisor: i32 = env.ok(["inspect", "-f", "{{.State.ConmonPid}}", "c"]).parse().expect("a pid");
        kill(Pid::from_raw(supervisor), Signal::SIGKILL).expect("it lives");
        eventually("nothing is left", || env.processes().is_empty());
        env.run(["start", "c"]).code(0);
        env.run(["exec", "c", "true"]).code(0);
        env.run(["rm", "-f", "-t", "0", "c"]).code(0);
        eventually("its server has ended", || env.processes().is_empty());
    }
}

#[test]
fn whatever_is_done_in_whatever_order_comes_out_as_on_the_kernels_overlay() {
    let program = format!("{}:/churn:ro", compiled("churn", &[]).display());
    let seeds = crate::env::rounds(3);
    for user in EVERYONE {
        let env = Env::of(user);
        let run = |words: &[&str], image: &str, script: &str| {
            let options = ["--network", "none", "-v", &program, image, "sh", "-c"];
            let script = format!("mkdir -p /f && cd /f && {script}");
            env.ok(words.iter().copied().chain(options).chain([script.as_str()]))
        };
        // Layers with all kinds of things in them, and with things that hide others.
        for (from, steps, to) in [("busybox", 3000, "one"), ("one", 600, "two")] {
            run(&["run", "--name", "c"], from, &format!("/churn 7 {steps} | tail -n 1"));
            env.run(["commit", "-q", "c", to]).code(0);
            env.run(["rm", "c"]).code(0);
        }
        for seed in 1..=seeds {
            let [overlay, fuse] = ["overlay", "fuse"].map(|driver| {
                run(&["--storage-driver", driver, "run", "--rm"], "two", &format!("/churn {seed} 2500"))
            });
            assert!(overlay.lines().count() > 2500, "{overlay}");
            let differ = overlay.lines().zip(fuse.lines()).find(|(one, other)| one != other);
            assert_eq!(differ, None, "{user:?}, seed {seed}");
            assert_eq!(overlay.lines().count(), fuse.lines().count(), "{user:?}, seed {seed}");
        }
        // Several at once: what the container sees in the end is what is there.
        let script = "if [ -e /again ]; then exec /churn 1 0; fi; touch /again
            for i in 1 2 3 4; do /churn $i 3000 >/log$i & done; wait; grep -h -e '= -5$' -e '= -116$' /log*; /churn 1 0";
        let seen = run(&["--storage-driver", "fuse", "run", "--name", "c"], "two", script);
        assert!(seen.lines().count() > 10, "{seen}");
        for driver in ["overlay", "fuse"] {
            assert_eq!(env.ok(["--storage-driver", driver, "start", "-a", "c"]), seen, "{user:?}, {driver}");
        }
        env.run(["rm", "c"]).code(0);
    }
}

#[test]
fn directories_may_be_deeper_than_any_path_can_say() {
    let env = Env::with(User::Sub, &["debian"]);
    let script = r#"my $n = 9000; mkdir "/deep"; chdir "/deep";
        for (1 .. $n) { mkdir "d" or die "$_: $!"; chdir "d" or die "$_: $!" }
        chdir ".." for 1 .. 600; open(my $f, ">", "f") or die $!; print $f "x"; close $f; rename "f", "d/g" or die $!;
        chdir "/"; rename "/deep", "/moved" or die $!; print -e "/moved/d" ? "moved\n" : "lost\n""#;
    // Few descriptors: those of most of these directories are not at hand.
    let run =
        "ulimit -n 1024; exec $AS $BOX --storage-driver fuse run --name c --network none debian perl -e";
    let mut command = env.prepared(&format!("{run} \"$SCRIPT\""));
    command.env("SCRIPT", script);
    finish(command, b"").code(0).stdout("moved\n");
    // No archive can name them.
    env.run(["commit", "-q", "c", "made"]).fails(125, "a path that is longer than 4095 bytes");
    env.run(["export", "-o", "out.tar", "c"]).fails(125, "a path that is longer than 4095 bytes");
    env.run(["diff", "c"]).fails(125, "a path that is longer than 4095 bytes");
    env.run(["ps", "-as"]).code(0);
    env.run(["rm", "c"]).code(0);
}

/// A setuid program that another user may write to is none any more once that one has: the kernel
/// would start it with the rights that it remembers.
#[test]
fn what_is_written_to_loses_its_privileges_at_once() {
    let env = Env::new();
    let ways = ["echo x >>F", ": >F", "truncate -s 3 F", "dd if=/bin/true of=F bs=1 count=9 conv=notrunc"];
    for driver in ["overlay", "fuse"] {
        env.run(["--storage-driver", driver, "run", "-d", "--name", "c", "busybox", "sleep", "600"]).code(0);
        for mode in ["4777", "2777"] {
            for way in ways {
                // The kernel knows its mode before.
                let made =
                    format!("cd /tmp && chmod 1777 . && echo old >F && chmod {mode} F && stat -c %a F");
                assert_eq!(env.ok(["exec", "c", "sh", "-c", &made]), mode);
                let change = format!("cd /tmp && {way} 2>/dev/null; stat -c %a F");
                assert_eq!(
                    env.ok(["exec", "-u", "1000", "c", "sh", "-c", &change]),
                    "777",
                    "{driver}: {way}"
                );
            }
        }
        env.run(["rm", "-f", "-t", "0", "c"]).code(0);
    }
}

#[test]
fn who_opens_all_that_can_be_open_takes_nobodys_names_away() {
    let env = Env::with(User::Sub, &["debian"]);
    let script = r#"my @f; while (open(my $f, "<", "/etc/passwd")) { push @f, $f }
        print $!{ENFILE} && @f > 500 ? "full\n" : @f . " $!\n";
        my $seen = -e "/usr/share/doc/apt/copyright" && opendir(my $d, "/usr/lib") && mkdir("/new"); print $seen ? "there\n" : "$!\n";
        @f = (); print open(my $f, ">", "/new/f") ? "again\n" : "$!\n""#;
    let run =
        "ulimit -n 1024; exec $AS $BOX --storage-driver fuse run --rm --network none debian perl -MErrno -e";
    let mut command = env.prepared(&format!("{run} \"$SCRIPT\""));
    command.env("SCRIPT", script);
    finish(command, b"").code(0).stdout("full\nthere\nagain\n");
}
