//! How root file systems are made: overlay, and the copy where the kernel has none for us.

use crate::env::{EVERYONE, Env, User, driver, finish, fixture, registry};

/// Every file with its owner, mode, size and time, and the checksums of all.
const LIST: &str = "cd /; find . -xdev -not -path './proc*' -not -path './sys*' -not -path './dev*' \
     -not -path './etc/host*' -not -path './etc/resolv.conf' -not -path './run*' -not -name etc -not -name . | sort | \
     while read f; do stat -c '%n %F %u %g %a %s %Y %N' \"$f\"; done; \
     find . -xdev -type f -not -path './etc/host*' -not -path './etc/resolv.conf' | sort | xargs sha256sum 2>/dev/null; true";

#[test]
fn a_copy_shows_what_an_overlay_shows() {
    let env = Env::of(User::Sub);
    let layers = format!("{}/test/layers:latest", registry());
    env.run(["pull", "-q", "--tls-verify=false", &layers]).code(0);
    for image in ["busybox", &layers] {
        let run = |driver: &str| {
            let args =
                ["--storage-driver", driver, "run", "--rm", "--network", "none", image, "sh", "-c", LIST];
            env.run(args).code(0).out()
        };
        let (overlay, vfs) = (run("overlay"), run("vfs"));
        assert!(overlay.lines().count() > 10, "{overlay}");
        for (one, other) in overlay.lines().zip(vfs.lines()) {
            assert_eq!(one, other, "{image}");
        }
        assert_eq!(overlay.lines().count(), vfs.lines().count(), "{image}");
    }
}

#[test]
fn a_copy_is_kept_and_goes_with_its_container() {
    for user in EVERYONE {
        let env = Env::of(user);
        let script = "test -e /x && echo again; echo new >/x; rm -f /etc/group";
        env.run(["--storage-driver", "vfs", "run", "--name", "c", "busybox", "sh", "-c", script])
            .code(0)
            .stdout("");
        env.run(["start", "-a", "c"]).code(0).stdout("again\n");
        env.run(["inspect", "-f", "{{.GraphDriver.Name}}", "c"]).code(0).stdout("vfs\n");
        let changes = env.ok(["diff", "c"]);
        assert!(changes.contains("A /x") && changes.contains("D /etc/group"), "{changes}");
        for flags in [&["commit", "-q", "c", "made"][..], &["commit", "-q", "--squash", "c", "made"]] {
            env.run(flags).code(0);
            env.run(["run", "--rm", "made", "sh", "-c", "cat /x; test -e /etc/group || echo gone"])
                .code(0)
                .stdout("new\ngone\n");
        }
        env.run(["rm", "c"]).code(0);
    }
}

#[test]
fn a_copy_has_the_ids_of_a_user_namespace_of_its_own() {
    let env = Env::new();
    let run = ["--storage-driver", "vfs", "run", "--rm", "--userns", "nomap", "busybox"];
    let mut args = run.to_vec();
    args.extend(["sh", "-c", "touch /x && stat -c %u / /x /etc/passwd"]);
    env.run(args).code(0).stdout("0\n0\n0\n");
}

#[test]
fn a_store_on_an_overlay_gets_copies_by_itself() {
    let mut env = Env::empty(User::Sub);
    // Whatever driver the rest of the suite is run with: box chooses.
    env.unset("STORAGE_DRIVER");
    // As in an outer container without a volume.
    let script = format!(
        "set -e; mkdir low up work; mount -t overlay none -o lowerdir=low,upperdir=up,workdir=work up
        chown {} up; export BOX_ROOT=$PWD/up/root
        $AS $BOX import {} b >/dev/null
        $AS $BOX info --format '{{{{.Store.GraphDriverName}}}}'
        $AS $BOX run --rm b sh -c 'echo inside >/x; cat /x'
        $AS $BOX doctor | grep -c vfs
        $AS $BOX --storage-driver overlay run --rm b true 2>&1 | grep -c -i overlay",
        env.uid(),
        fixture("busybox.tar")
    );
    let output = finish(env.prepared(&script), b"");
    assert!(output.out().starts_with("vfs\ninside\n1\n"), "{output}");
}

#[test]
fn drivers_that_are_not_there_are_refused() {
    let env = Env::new();
    env.run(["--storage-driver", "btrfs", "run", "--rm", "busybox", "true"])
        .fails(125, "overlay, fuse-overlayfs or vfs");
    env.run(["info", "--format", "{{.Store.GraphDriverName}}"]).code(0).stdout(&format!("{}\n", driver()));
}
