//! Every kind of file of the store, broken: a check names it, repair mends what can be mended, and no
//! other command does worse than to say what is wrong.

use crate::env::{Env, User, fixture};

/// What mends it.
#[derive(Clone, Copy, PartialEq)]
enum By {
    /// `system check --repair`.
    Repair,
    /// Whoever uses it next.
    Use,
    /// `system check --force`, which removes the container.
    Force,
    /// The image has to come again.
    Pull,
    /// Only whoever made it.
    Nobody,
}
use By::{Force, Nobody, Pull, Repair, Use};

/// Commands that look at everything or at what is broken; they may fail, with an error.
const OTHERS: &[&str] = &[
    "ps -a",
    "images",
    "volume ls",
    "network ls",
    "system df -v",
    "inspect c",
    "save -q -o out.tar busybox",
    "diff c",
    "run --rm --network none -v data:/d busybox true",
    "start -a c",
];

/// Breaks a store in one way after the other: the script runs where it can write, with the places of
/// things in variables.
fn each(rows: &[(&str, &str, By)]) {
    let env = Env::empty(User::Sub);
    for (script, wanted, by) in rows {
        env.run(["import", "-q", &fixture("busybox.tar"), "busybox"]).code(0);
        env.run(["volume", "create", "data"]).code(0);
        env.run(["network", "create", "backend"]).code(0);
        let create = ["create", "--name", "c", "-v", "data:/data", "--network", "none", "busybox", "true"];
        let id = env.ok(create);
        let layer = "layer=$(ls -d \"$root\"/layers/* | grep -v '\\.' | head -n 1)";
        let of = "at() { echo \"$root/images/blobs/sha256/$(tr , '\\n' <\"$1\" | grep -o 'sha256:[0-9a-f]*' | sed -n \"$2\" | cut -c8-)\"; }
                  manifest=$(at \"$root/images/index.json\" 1p); config=$(at \"$manifest\" 1p); blob=$(at \"$manifest\" 2p)";
        let set = format!("root={}; c=$root/containers/{id}; {layer}; {of}", env.root().display());
        env.run(["unshare", "sh", "-ec", &format!("{set}\n{script}")]).code(0);
        let check = env.run(["system", "check"]);
        check.code(125).stdout_contains(wanted).stderr_contains("--repair");
        for line in OTHERS {
            let output = env.run(line.split(' '));
            let (err, code) = (output.err(), output.code);
            assert!(!err.contains("panicked"), "{script}: {line}: {output}");
            assert!(matches!(code, Some(0 | 1 | 125)), "{script}: {line}: {output}");
            assert!(code == Some(0) || err.contains("Error: "), "{script}: {line}: {output}");
            let _ = std::fs::remove_file(env.tmp().join("out.tar"));
        }
        if *by != Use {
            let repair = env.run(["system", "check", "--repair"]);
            assert_eq!(repair.code, Some(if *by == Repair { 0 } else { 125 }), "{script}: {repair}");
            repair.stdout_contains(wanted);
        }
        match by {
            Use | Repair => {}
            Force => {
                env.run(["system", "check", "--force"]).code(0).stdout_contains("(mended)");
                env.run(["ps", "-aq"]).code(0).stdout("");
            }
            Pull => drop(env.run(["import", "-q", &fixture("busybox.tar"), "busybox"])),
            Nobody => drop(env.run(["volume", "rm", "-f", "data"]).code(0)),
        }
        let check = env.run(["system", "check"]);
        assert!(check.code == Some(0) && check.out().is_empty(), "{script}: {check}");
        env.run(["system", "reset", "-f"]).code(0);
        assert_eq!(env.root().read_dir().map_or(0, Iterator::count), 0, "{script}: something is left");
    }
}

#[test]
fn images_and_layers() {
    each(&[
        ("truncate -s 9 \"$blob\"", "its blob has 9 bytes instead of", Pull),
        ("printf x | dd of=\"$blob\" bs=1 seek=1000 conv=notrunc 2>/dev/null", "its blob is damaged", Pull),
        ("rm \"$blob\"", "its blob is missing", Pull),
        ("rm \"$manifest\"", "image localhost/busybox:latest: ", Repair),
        ("echo '{}' >\"$config\"", "image localhost/busybox:latest: ", Repair),
        ("rm \"$config\"", "image localhost/busybox:latest: ", Repair),
        ("rm -r \"$layer\"", "it is not unpacked", Use),
        ("chmod 700 \"$layer/diff/etc\"", "/etc has another mode", Repair),
        ("echo x >\"$layer/diff/etc/more\"", "/etc/more should not be there", Repair),
        ("echo x >>\"$layer/diff/etc/group\"", "/etc/group", Repair),
        ("echo '{' >\"$layer/layer.json\"", "layer.json is damaged", Repair),
    ]);
}

#[test]
fn the_index_directories_and_locks() {
    each(&[
        ("echo 'no json' >\"$root/images/index.json\"", "the index of images: ", Repair),
        ("rm \"$root/images/index.json\"", "the index of images: is missing", Repair),
        ("rm \"$root/images/oci-layout\"", "images/oci-layout", Repair),
        ("rm -r \"$root/names\"", "directory names: is missing", Repair),
        ("rm -r \"$root/layers\"", "directory layers: is missing", Repair),
        ("rm -f \"$root/images.lock\"; mkdir \"$root/images.lock\"", "lock images.lock: is no file", Repair),
        ("rm -f \"$root/index.lock\"; mkdir \"$root/index.lock\"", "lock index.lock: is no file", Repair),
        (
            "rm -f \"$root/volumes.lock\"; mkdir \"$root/volumes.lock\"",
            "lock volumes.lock: is no file",
            Repair,
        ),
        (
            "rm -f \"$root/networks/lock\"; mkdir \"$root/networks/lock\"",
            "lock networks/lock: is no file",
            Repair,
        ),
    ]);
}

#[test]
fn containers_volumes_and_networks() {
    each(&[
        ("rm \"$c/lock\"; mkdir \"$c/lock\"", "/lock: is no file", Repair),
        ("rm \"$c/lock\"", "/lock: is missing", Repair),
        ("rm \"$root/names/c\"", "is not found by its name c", Repair),
        ("ln -sfn ../containers/nowhere \"$root/names/c\"", "is not found by its name c", Repair),
        ("echo '{' >\"$c/config.json\"", "config.json is broken", Force),
        ("echo '{' >\"$c/state.json\"", "state.json is broken", Force),
        ("echo '{' >\"$root/volumes/data/volume.json\"", "volume data: ", Repair),
        ("rm \"$root/volumes/data/volume.json\"", "volume data: ", Repair),
        ("rm -r \"$root/volumes/data/_data\"", "volume data: its directory _data is missing", Nobody),
        ("echo '{' >\"$root/networks/backend/network.json\"", "network backend: ", Repair),
        ("echo '{' >\"$root/networks/box/network.json\"", "network box: ", Repair),
    ]);
}
