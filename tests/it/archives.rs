//! save and load: archives and layouts of every kind, to and from other tools.

use crate::env::{Env, Output, User, finish, fixture, registry};
use std::path::Path;
use std::process::Command;

fn name(path: &str) -> String {
    format!("{}/{path}", registry())
}

/// Runs skopeo as the user and returns what it prints.
fn skopeo(env: &Env, args: &[&str]) -> String {
    let mut skopeo = env.program("skopeo");
    skopeo.arg("--insecure-policy").args(args);
    let output = finish(skopeo, b"");
    output.code(0);
    String::from_utf8(output.stdout).expect("skopeo prints text")
}

/// Runs podman as the user, with a storage of the test's own.
fn podman(env: &Env, args: &[&str]) -> Output {
    let mut podman = env.program("podman");
    let storage = env.tmp().join("podman");
    // It takes no more than fifty characters there.
    let run = env.runroot().with_file_name("p");
    podman.arg("--root").arg(storage).arg("--runroot").arg(run).args(["--storage-driver", "vfs"]).args(args);
    let output = finish(podman, b"");
    output.code(0);
    output
}

/// The manifest at a place, as its bytes stand there.
fn raw(env: &Env, place: &str) -> String {
    skopeo(env, &["inspect", "--raw", "--tls-verify=false", place])
}

fn id(env: &Env, image: &str) -> String {
    env.ok(["inspect", "--format", "{{.Id}}", image])
}

#[test]
fn what_came_from_a_registry_goes_into_layouts_byte_for_byte() {
    let env = Env::empty(User::Sub);
    for tag in ["latest", "zstd"] {
        let image = name(&format!("test/layers:{tag}"));
        env.run(["pull", "-q", &image]).code(0);
        let wanted = raw(&env, &format!("docker://{image}"));
        let (archive, layout) = (format!("{tag}.tar"), format!("{tag}.dir"));
        env.run(["save", "-q", "--format", "oci-archive", "-o", &archive, &image]).code(0).stderr("");
        assert_eq!(raw(&env, &format!("oci-archive:{archive}")), wanted);
        env.run(["save", "-q", "--format", "oci-dir", "-o", &layout, &image]).code(0);
        assert_eq!(raw(&env, &format!("oci:{layout}:{image}")), wanted);
        // skopeo reads and verifies every blob.
        skopeo(&env, &["copy", "-q", &format!("oci-archive:{archive}"), &format!("dir:{tag}.checked")]);
        let before = id(&env, &image);
        env.run(["rmi", "-f", &image]).code(0);
        env.run(["load", "-q", "-i", &archive]).code(0);
        assert_eq!(id(&env, &image), before);
        let again = format!("{tag}-again");
        env.run(["save", "-q", "--format", "oci-dir", "-o", &again, &image]).code(0);
        assert_eq!(raw(&env, &format!("oci:{again}")), wanted);
    }
}

#[test]
fn an_image_of_many_platforms_stays_whole() {
    let env = Env::empty(User::Sub);
    let image = name("test/multi");
    let wanted = raw(&env, &format!("docker://{image}"));
    skopeo(
        &env,
        &["copy", "-q", "--all", "--src-tls-verify=false", &format!("docker://{image}"), "oci:from:multi:1"],
    );
    skopeo(&env, &["copy", "-q", "--all", "oci:from", "oci-archive:from.tar:multi:2"]);
    skopeo(&env, &["copy", "-q", "--all", "oci:from", "dir:from.dir"]);
    env.run(["load", "-q", "-i", "from"]).code(0);
    env.run(["load", "-q", "-i", "from.tar"]).code(0);
    let of_dir = env.ok(["load", "-q", "-i", "from.dir"]);
    let of_dir = of_dir.rsplit(' ').next().expect("a line has a last word").to_string();
    env.run(["run", "--rm", "--network", "none", "multi:1", "echo", "ours"]).stdout("ours\n");
    // The garbage collection knows the other platforms.
    env.run(["image", "prune", "-f"]).code(0);
    for (number, from) in ["multi:1", "multi:2", &of_dir].into_iter().enumerate() {
        let to = format!("to{number}.tar");
        env.run(["save", "-q", "--format", "oci-archive", "-o", &to, from]).code(0);
        assert_eq!(raw(&env, &format!("oci-archive:{to}")), wanted, "{from}");
        skopeo(&env, &["copy", "-q", "--all", &format!("oci-archive:{to}"), &format!("dir:all{number}")]);
    }
    env.run(["rmi", "-a", "-f"]).code(0);
    crate::env::eventually("all blobs are gone", || {
        std::fs::read_dir(env.root().join("images/blobs/sha256")).unwrap().count() == 0
    });
}

#[test]
fn docker_archives_keep_names_and_ids() {
    let env = Env::empty(User::Sub);
    let (one, two) = (name("library/busybox"), name("test/layers"));
    for image in [&one, &two] {
        env.run(["pull", "-q", image]).code(0);
    }
    let ids = [id(&env, &one), id(&env, &two)];
    env.run(["tag", &one, "extra:tag"]).code(0);
    env.run(["save", "-q", "-o", "all.tar", &one, "extra:tag", &two]).code(0);
    // The same images are the same bytes.
    let streamed = env.run(["save", "-q", &one, "extra:tag", &two]);
    streamed.code(0);
    assert!(streamed.stdout == std::fs::read(env.tmp().join("all.tar")).unwrap());

    podman(&env, &["load", "-q", "-i", "all.tar"]).stdout_contains("localhost/extra:tag");
    for (image, id) in [(&one, &ids[0]), (&two, &ids[1])] {
        assert_eq!(podman(&env, &["inspect", "--format", "{{.Id}}", image]).stdout_line(), *id);
    }
    podman(&env, &["save", "-q", "--format", "oci-archive", "-o", "podman.tar", &two]);
    // Ends the process that podman keeps for its namespace.
    podman(&env, &["system", "migrate"]);

    env.run(["rmi", "-a", "-f"]).code(0);
    env.feed(&streamed.stdout, ["load"]).code(0).stdout_contains("Loaded image: localhost/extra:tag");
    assert_eq!([id(&env, &one), id(&env, &two)], ids);
    env.run(["run", "--rm", "--network", "none", &two, "cat", "/l/replaced"]).stdout("a file now\n");
    env.run(["rmi", "-f", &two]).code(0);
    // podman writes the configuration anew for it; what it wrote stays.
    env.run(["load", "-q", "-i", "podman.tar"]).code(0);
    env.run(["save", "-q", "--format", "oci-archive", "-o", "back.tar", &two]).code(0);
    assert_eq!(raw(&env, "oci-archive:back.tar"), raw(&env, "oci-archive:podman.tar"));
}

#[test]
fn umoci_reads_and_writes_the_layouts() {
    let env = Env::empty(User::Sub);
    let image = name("test/layers");
    env.run(["pull", "-q", &image]).code(0);
    env.run(["tag", &image, "from:box"]).code(0);
    env.run(["save", "-q", "--format", "oci-dir", "-o", "layout", "from:box"]).code(0);
    let umoci = |args: &[&str]| {
        let mut umoci = env.program("umoci");
        umoci.args(args);
        finish(umoci, b"").code(0).stdout_line()
    };
    assert_eq!(umoci(&["ls", "--layout", "layout"]), "localhost/from:box");
    umoci(&["unpack", "--rootless", "--image", "layout:localhost/from:box", "bundle"]);
    assert_eq!(std::fs::read_to_string(env.tmp().join("bundle/rootfs/l/replaced")).unwrap(), "a file now\n");
    umoci(&["config", "--image", "layout:localhost/from:box", "--tag", "by/umoci:1", "--config.user", "www"]);
    env.run(["load", "-q", "-i", "layout"]).code(0);
    env.run(["inspect", "-f", "{{.Config.User}}", "by/umoci:1"]).stdout("www\n");
    let manifest = raw(&env, "oci:layout:by/umoci:1");
    env.run(["save", "-q", "--format", "oci-dir", "-o", "back", "by/umoci:1"]).code(0);
    assert_eq!(raw(&env, "oci:back"), manifest);
    // What umoci keeps read-only goes with the test's directory.
    let mut free = Command::new("chmod");
    free.args(["-R", "u+rwx"]).arg(env.tmp().join("bundle"));
    finish(free, b"").code(0);
}

#[test]
fn every_outer_compression_is_detected() {
    let env = Env::empty(User::Sub);
    for (tool, ending) in [("gzip", "gz"), ("xz", "xz"), ("bzip2", "bz2"), ("zstd", "zst")] {
        for from in ["busybox-docker.tar", "busybox.tar"] {
            let mut pack = Command::new(tool);
            pack.args(["-c", "-q", "-1", &fixture(from)]);
            let packed = finish(pack, b"");
            packed.code(0);
            let file = env.file(&format!("{from}.{ending}"), &packed.stdout);
            if from == "busybox.tar" {
                env.run(["import", "-q", &file, tool]).code(0);
                env.run(["run", "--rm", "--network", "none", tool, "echo", tool])
                    .stdout(&format!("{tool}\n"));
            } else {
                env.feed(&packed.stdout, ["load"]).code(0).stdout_contains("busybox:archived");
                env.run(["load", "-q", "-i", &file]).code(0);
            }
        }
    }
    let cut = std::fs::read(env.tmp().join("busybox.tar.xz")).unwrap();
    env.feed(&cut[..cut.len() / 2], ["import", "-", "cut"]).code(125);
}

#[test]
fn a_damaged_blob_is_not_saved() {
    let env = Env::empty(User::Sub);
    let image = name("library/busybox");
    env.run(["pull", "-q", &image]).code(0);
    let blobs = env.root().join("images/blobs/sha256");
    let largest = std::fs::read_dir(&blobs).unwrap().flatten().max_by_key(|e| e.metadata().unwrap().len());
    let path = largest.unwrap().path();
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    for format in ["oci-archive", "docker-archive"] {
        env.run(["save", "-q", "--format", format, "-o", "x.tar", &image]).code(125);
        assert!(!env.tmp().join("x.tar").exists());
    }
    env.run(["save", "-q", "--format", "oci-dir", "-o", "x", &image]).fails(125, "damaged");
    assert!(!Path::new(&env.tmp().join("x/index.json")).exists());
}

#[test]
fn save_refuses_what_makes_no_sense() {
    let env = Env::new();
    env.run(["save", "nothing"]).fails(125, "nothing: image not known");
    env.run(["save", "--format", "tar", "busybox"]).code(125);
    env.run(["save", "--compress", "busybox"]).fails(125, "docker-dir");
    env.run(["save", "--format", "oci-dir", "busybox"]).fails(125, "--output");
    let mut pty = env.pty(["save", "busybox"]);
    pty.code(125);
    assert!(pty.screen().contains("refusing to save to terminal"), "{}", pty.screen());
}

#[test]
fn a_platform_is_what_an_image_here_has_or_it_is_not_meant() {
    let env = Env::empty(User::Sub);
    let image = name("test/multi");
    let source = format!("docker://{image}");
    skopeo(&env, &["copy", "-q", "--all", "--src-tls-verify=false", &source, "oci-archive:all.tar:multi:1"]);
    env.run(["load", "-q", "-i", "all.tar", "--platform", "linux/mips64le"]).fails(125, "linux/mips64le");
    env.run(["load", "-q", "-i", "all.tar", "--platform", "linux/s390x"]).code(0);
    env.run(["import", "-q", "--platform", "linux/arm/v7", &fixture("busybox.tar"), "made"]).code(0);
    env.run(["image", "inspect", "-f", "{{.Architecture}} {{.Variant}}", "made"]).stdout("arm v7\n");
    for command in ["history", "rmi", "image inspect", "save -o x.tar"] {
        let words = command.split(' ').chain(["--platform", "linux/amd64", "made"]);
        env.run(words).stderr_contains("is here for linux/arm/v7");
    }
    env.run(["save", "-q", "-o", "made.tar", "--platform", "linux/arm", "made"]).code(0);
    env.run(["load", "-q", "-i", "made.tar", "--platform", "linux/amd64"]).fails(125, "linux/amd64");
    env.run(["load", "-q", "-i", "made.tar", "--platform", "linux/arm/v7"]).code(0);
    env.run(["history", "-q", "--platform", "linux/arm/v7", "made"]).code(0);
    env.run(["rmi", "--platform", "linux/arm/v7", "made"]).code(0);
}

#[test]
fn directories_that_a_layer_does_not_list_stay_as_they_are_below() {
    for user in [User::Sub, User::NoSub, User::Root] {
        let env = Env::empty(user);
        // The upper layer's archive has files, and none of the directories that they are in.
        let make = format!(
            "set -e; mkdir -p low/tmp low/srv/deep up/tmp up/srv/deep up/new; cp -a {busybox} low.tar
            chmod 1777 low/tmp; chmod 2750 low/srv/deep; chmod 711 low; touch -d @1000000000 low/srv/deep
            tar -C low --numeric-owner --owner 0 --group 7 -rf low.tar srv/deep tmp ./
            echo x | tee up/tmp/x up/srv/deep/x >up/new/x
            tar -C up --numeric-owner --owner 0 --group 0 -cf up.tar tmp/x srv/deep/x new/x
            umoci init --layout two; umoci new --image two:t
            for layer in low.tar up.tar; do umoci raw add-layer --image two:t $layer; done
            umoci config --image two:t --config.cmd sh",
            busybox = fixture("busybox.tar")
        );
        let mut shell = env.program("sh");
        shell.args(["-c", &make]);
        finish(shell, b"").code(0);
        let id = env.ok(["load", "-q", "-i", "two"]);
        let id = id.rsplit(' ').next().expect("a last word");
        let group = if user == User::NoSub { "0" } else { "7" };
        let stat = ["stat", "-c", "%a %g %n", "/tmp", "/srv/deep", "/new"];
        let wanted = format!("1777 {group} /tmp\n2750 {group} /srv/deep\n755 0 /new\n");
        for driver in ["overlay", "vfs"] {
            let run = ["--storage-driver", driver, "run", "--rm", "--network", "none", id];
            env.run([&run[..], &stat[..]].concat()).code(0).stdout(&wanted);
            let stat = ["stat", "-c", "%a %n", "/"];
            env.run([&run[..], &stat[..]].concat()).code(0).stdout("711 /\n");
            env.run([&run[..], &["stat", "-c", "%Y", "/srv/deep"]].concat()).code(0).stdout("1000000000\n");
        }
        env.run(["system", "check"]).code(0).stdout("");
        env.run(["save", "-q", "--format", "oci-dir", "-o", "back", id]).code(0);
        let digest = |place: &str| raw(&env, place);
        assert_eq!(digest("oci:back"), digest("oci:two:t"));
    }
}
