//! pull, import, load, images, tag, rmi, inspect, image exists: images from everywhere.

use crate::env::{EVERYONE, Env, User, finish, fixture, registry};
use std::process::Command;

fn name(path: &str) -> String {
    format!("{}/{path}", registry())
}

/// What the layers of `test/layers` must add up to, seen from inside.
fn check_layers(env: &Env, image: &str) {
    let run = |script: &str| env.ok(["run", "--rm", "--network", "none", image, "sh", "-c", script]);
    assert_eq!(run("cat /l/one; cat /l/hardlink /l/symlink /l/absolute"), "one\none\none\none");
    assert_eq!(run("stat -c %h /l/one; [ /l/one -ef /l/hardlink ] && echo same"), "2\nsame");
    assert_eq!(
        run("ls -a /l/opaque; cat /l/replaced; ls /l/gone 2>/dev/null || echo no"),
        ".\n..\nnew\na file now\nno"
    );
    assert_eq!(run("stat -c %a /l/setuid; stat -c %F /l/fifo; stat -c %Y /l/old"), "4755\nfifo\n981173106");
    assert_eq!(
        run("stat -c %s /l/sparse; [ $(stat -c %b /l/sparse) -lt 100 ] && echo sparse"),
        "1048580\nsparse"
    );
    assert_eq!(run("for f in /l/*; do echo $f; done | grep -c 'grün'; find / -xdev -name '.wh.*'"), "1");
    if env.user() != User::NoSub {
        assert_eq!(run("stat -c '%u %g %a' /l/owned"), "33 44 640");
    }
}

#[test]
fn a_pulled_image_runs_and_keeps_every_property_of_its_files() {
    for user in EVERYONE {
        let env = Env::empty(user);
        let image = name("test/layers");
        let output = env.run(["pull", &image]);
        output.code(0).stdout_matches("^(sha256:)?[0-9a-f]{64}\n$");
        check_layers(&env, &image);
    }
}

#[test]
fn zstd_layers_and_docker_manifests_are_pulled() {
    let env = Env::empty(User::Sub);
    env.run(["pull", "-q", &name("test/layers:zstd")]).code(0).stderr("");
    check_layers(&env, &name("test/layers:zstd"));
    env.run(["pull", "-q", &name("library/busybox:docker")]).code(0);
    env.run(["run", "--rm", &name("library/busybox:docker"), "echo", "x"]).code(0).stdout("x\n");
}

#[test]
fn extended_attributes_and_file_capabilities_survive() {
    let env = Env::empty(User::Sub);
    env.run(["pull", "-q", &name("test/layers")]).code(0);
    let layers = env.root().join("layers");
    let mut look = env.program(Env::binary());
    look.args([
        "unshare",
        "sh",
        "-c",
        "getfattr --absolute-names -R -d -m - \"$0\" 2>/dev/null | grep -E 'user.note|security.capability'",
    ]);
    look.arg(&layers);
    finish(look, b"").code(0).stdout_contains("user.note=\"hello\"").stdout_contains("security.capability=");
}

#[test]
fn an_index_is_answered_by_platform() {
    let env = Env::empty(User::Sub);
    env.run(["pull", "-q", &name("test/multi")]).code(0);
    env.run(["run", "--rm", &name("test/multi"), "echo", "ours"]).code(0).stdout("ours\n");
    env.run(["pull", "-q", &name("test/multi:foreign")]).fails(125, "s390x");
    env.run(["pull", "-q", "--platform", "linux/s390x", &name("test/multi:foreign")]).code(0);
    let platform = "{{.Os}}/{{.Architecture}}";
    env.run(["inspect", "-f", platform, &name("test/multi:foreign")]).code(0);
}

#[test]
fn an_image_is_pulled_by_its_digest() {
    let env = Env::empty(User::Sub);
    env.run(["pull", "-q", &name("library/busybox")]).code(0);
    let digest = env.ok(["inspect", "-f", "{{.Digest}}", &name("library/busybox")]);
    assert!(digest.starts_with("sha256:"), "{digest}");
    let by_digest = format!("{}@{digest}", name("library/busybox"));
    env.run(["rmi", &name("library/busybox")]).code(0);
    env.run(["pull", "-q", &by_digest]).code(0);
    env.run(["run", "--rm", &by_digest, "echo", "x"]).code(0).stdout("x\n");
}

#[test]
fn layers_that_are_there_are_not_fetched_again() {
    let env = Env::empty(User::Sub);
    env.run(["pull", "-q", &name("library/busybox")]).code(0);
    let layers = || std::fs::read_dir(env.root().join("layers")).unwrap().count();
    assert_eq!(layers(), 1);
    env.run(["pull", "-q", &name("test/layers")]).code(0);
    assert_eq!(layers(), 3);
    let first = env.ok(["pull", "-q", &name("test/layers")]);
    assert_eq!(first, env.ok(["pull", "-q", &name("test/layers")]));
}

#[test]
fn registries_conf_gives_docker_io_another_host() {
    let env = Env::empty(User::Sub);
    std::fs::create_dir_all(env.home().join(".config/containers")).unwrap();
    for dir in [".config", ".config/containers"] {
        env.give(&env.home().join(dir));
    }
    let text =
        format!("[[registry]]\nprefix = \"docker.io\"\nlocation = \"{}\"\ninsecure = true\n", registry());
    let path = env.home().join(".config/containers/registries.conf");
    std::fs::write(&path, text).unwrap();
    env.run(["pull", "-q", "busybox"]).code(0);
    env.run(["images", "--format", "{{.Repository}}:{{.Tag}}"]).stdout("docker.io/library/busybox:latest\n");
    env.run(["run", "--rm", "busybox", "echo", "short"]).code(0).stdout("short\n");
    env.run(["run", "--rm", "docker.io/library/busybox", "echo", "long"]).code(0).stdout("long\n");
    // A mirror that is not there is passed over.
    let text = format!(
        "[[registry]]\nprefix = \"example.test/here\"\nlocation = \"{}/library\"\ninsecure = true\n[[registry.mirror]]\nlocation = \"127.0.0.1:1/none\"\ninsecure = true\n",
        registry()
    );
    std::fs::write(&path, text).unwrap();
    env.run(["pull", "-q", "example.test/here/busybox:docker"]).code(0);
}

#[test]
fn a_tarball_is_imported_from_a_file_or_standard_input() {
    for user in EVERYONE {
        let env = Env::empty(user);
        env.run(["import", &fixture("busybox.tar"), "base:one"]).code(0).stdout_matches("[0-9a-f]{64}");
        env.run(["run", "--rm", "base:one", "echo", "x"]).code(0).stdout("x\n");
    }
    let env = Env::empty(User::Sub);
    let bytes = std::fs::read(fixture("busybox.tar")).unwrap();
    env.feed(&bytes, ["import", "-c", "CMD [\"echo\",\"from\",\"config\"]", "-", "base:two"]).code(0);
    env.run(["run", "--rm", "base:two"]).code(0).stdout("from config\n");
}

#[test]
fn compressed_tarballs_are_imported() {
    let env = Env::empty(User::Sub);
    for (tool, ending) in [("gzip", "gz"), ("zstd", "zst")] {
        let mut pack = Command::new(tool);
        pack.args(["-c", "-q", "-1", &fixture("busybox.tar")]);
        let output = finish(pack, b"");
        output.code(0);
        let file = env.file(&format!("root.tar.{ending}"), &output.stdout);
        env.run(["import", &file, tool]).code(0);
        env.run(["run", "--rm", tool, "echo", tool]).code(0).stdout(&format!("{tool}\n"));
    }
}

#[test]
fn archives_and_directories_are_loaded() {
    for (input, image) in [
        (fixture("busybox-docker.tar"), "docker.io/library/busybox:archived"),
        (fixture("busybox-oci.tar"), "localhost/busybox:archived"),
    ] {
        let env = Env::empty(User::Sub);
        env.run(["load", "-i", &input]).code(0).stdout_contains("Loaded image");
        env.run(["run", "--rm", image, "echo", "x"]).code(0).stdout("x\n");
    }
    let env = Env::empty(User::Sub);
    env.run(["load", "-i", &fixture("layout")]).code(0);
    let id = env.ok(["images", "-q"]);
    env.run(["run", "--rm", &id, "echo", "x"]).code(0).stdout("x\n");
    let bytes = std::fs::read(fixture("busybox-docker.tar")).unwrap();
    let env = Env::empty(User::Sub);
    env.feed(&bytes, ["load"]).code(0);
    env.run(["run", "--rm", "busybox:archived", "echo", "x"]).code(0).stdout("x\n");
}

#[test]
fn skopeo_reads_the_store_as_it_is() {
    let env = Env::empty(User::Sub);
    env.run(["pull", "-q", &name("library/busybox")]).code(0);
    let mut skopeo = env.program("skopeo");
    skopeo.args(["--insecure-policy", "inspect", "--raw"]);
    let full = env.ok(["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    skopeo.arg(format!("oci:{}:{full}", env.root().join("images").display()));
    finish(skopeo, b"").code(0).stdout_contains("layers");
}

#[test]
fn a_layer_that_was_lost_is_unpacked_again() {
    for user in EVERYONE {
        let env = Env::empty(user);
        let image = name("library/busybox");
        env.run(["pull", "-q", &image]).code(0);
        for layer in std::fs::read_dir(env.root().join("layers")).unwrap().flatten() {
            std::fs::remove_dir_all(layer.path()).unwrap();
        }
        env.run(["run", "--rm", &image, "echo", "x"]).code(0).stdout("x\n").stderr("");
    }
}

#[test]
fn what_skopeo_writes_into_the_store_runs() {
    let env = Env::new();
    let mut skopeo = env.program("skopeo");
    skopeo.args([
        "--insecure-policy",
        "copy",
        "-q",
        &format!("docker-archive:{}", fixture("busybox-docker.tar")),
    ]);
    skopeo.arg(format!("oci:{}:foreign", env.root().join("images").display()));
    finish(skopeo, b"").code(0);
    env.run(["run", "--rm", "foreign", "echo", "x"]).code(0).stdout("x\n");
    env.run(["rmi", "foreign"]).code(0).stdout_contains("Untagged: localhost/foreign:latest");
    env.run(["image", "exists", "busybox"]).code(0);
}

#[test]
fn all_tags_of_a_repository_are_pulled() {
    let env = Env::empty(User::Sub);
    env.run(["pull", "-q", "--all-tags", &name("library/busybox")]).code(0);
    env.run(["image", "exists", &name("library/busybox:docker")]).code(0);
    env.run(["image", "exists", &name("library/busybox:latest")]).code(0);
    env.run(["pull", "-q", "-a", &name("library/busybox:latest")]).code(125);
}

#[test]
fn images_are_listed_tagged_and_removed() {
    let env = Env::new();
    let list = env.ok(["images"]);
    assert!(list.starts_with("REPOSITORY"), "{list}");
    assert!(
        regex::Regex::new(r"localhost/busybox\s+latest\s+[0-9a-f]{12}\s").unwrap().is_match(&list),
        "{list}"
    );
    let id = env.ok(["images", "-q", "--no-trunc"]);
    assert!(id.ends_with(&id[id.len() - 64..]) && id.len() >= 64, "{id}");
    env.run(["tag", "busybox", "other:v2"]).code(0).stdout("");
    env.run(["image", "exists", "other:v2"]).code(0);
    env.run(["image", "exists", "other:v3"]).code(1);
    env.run(["run", "--rm", "other:v2", "echo", "x"]).stdout("x\n");
    env.run(["rmi", "other:v2"]).code(0).stdout_contains("other:v2");
    env.run(["image", "exists", "busybox"]).code(0);
    env.run(["rmi", "busybox"]).code(0);
    env.run(["images", "-q"]).code(0).stdout("");
    env.run(["rmi", "busybox"]).fails(1, "busybox");
    env.run(["rmi", "-f", "busybox"]).code(0);
}

#[test]
fn an_image_in_use_is_not_removed() {
    let env = Env::new();
    env.run(["create", "--name", "c", "busybox", "true"]).code(0);
    env.run(["rmi", "busybox"]).fails(2, "in use");
    env.run(["run", "--rm", "busybox", "true"]).code(0);
    env.run(["rm", "c"]).code(0);
    env.run(["rmi", "busybox"]).code(0);
}

#[test]
fn removing_the_last_name_frees_the_disk() {
    let env = Env::empty(User::Sub);
    env.run(["pull", "-q", &name("test/layers")]).code(0);
    env.run(["rmi", &name("test/layers")]).code(0);
    crate::env::eventually("layers and blobs are gone", || {
        ["layers", "images/blobs/sha256", "trash"]
            .iter()
            .all(|dir| std::fs::read_dir(env.root().join(dir)).map_or(0, Iterator::count) == 0)
    });
}

#[test]
fn unused_images_are_pruned() {
    let env = Env::new();
    env.run(["tag", "busybox", "kept"]).code(0);
    env.run(["create", "--name", "c", "kept", "true"]).code(0);
    env.run(["image", "prune", "-f"]).code(0);
    env.run(["image", "exists", "busybox"]).code(0);
    env.run(["rm", "c"]).code(0);
    env.run(["image", "prune", "-a", "-f"]).code(0);
    env.run(["images", "-q"]).stdout("");
}

#[test]
fn an_image_is_inspected() {
    let env = Env::empty(User::Sub);
    let image = name("test/configured");
    env.run(["pull", "-q", &image]).code(0);
    let text = env.ok(["image", "inspect", &image]);
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let one = &value[0];
    assert_eq!(one["Config"]["User"], "www");
    assert_eq!(one["Config"]["WorkingDir"], "/srv/app");
    assert_eq!(one["Config"]["StopSignal"], "SIGUSR1");
    assert_eq!(one["Config"]["Labels"]["org.example.kind"], "test");
    assert_eq!(one["Author"], "A. Tester");
    assert_eq!(one["RootFS"]["Layers"].as_array().map(Vec::len), Some(1));
    for key in ["Id", "Digest", "RepoTags", "RepoDigests", "Created", "Architecture", "Os", "Size", "History"]
    {
        assert!(!one[key].is_null(), "{key} is missing in {text}");
    }
    let template = r#"{{range .Config.Env}}{{println .}}{{end}}{{len .RootFS.Layers}}"#;
    env.run(["inspect", "-f", template, &image])
        .code(0)
        .stdout_contains("COLOUR=blue\n")
        .stdout_contains("\n1\n");
}

#[test]
fn progress_is_drawn_on_a_terminal_only() {
    let env = Env::empty(User::Sub);
    let output = env.run(["pull", &name("test/layers")]);
    output.code(0);
    assert!(!output.err().contains('\x1b') && !output.err().contains('\r'), "{output}");
    env.run(["rmi", &name("test/layers")]).code(0);
    let mut pty = env.pty(["pull", &name("test/layers")]);
    pty.code(0);
    let screen = pty.screen();
    assert!(regex::Regex::new("[0-9a-f]{64}").unwrap().is_match(&screen), "{screen}");
}

#[test]
fn each_name_has_the_digest_of_its_own_manifest() {
    let env = Env::empty(User::Sub);
    let digest = |tag: &str| {
        env.run(["pull", "-q", &name(&format!("test/layers:{tag}"))]).code(0);
        let format = "{{.Tag}} {{.ID}} {{.Digest}}";
        let all = env.ok(["images", "--format", format]);
        let line = all.lines().find(|line| line.starts_with(tag)).expect("it is listed").to_string();
        let words: Vec<String> = line.split(' ').map(str::to_string).collect();
        assert!(env.ok(["images", "--digests"]).contains(&words[2]), "{line}");
        (words[1].clone(), words[2].clone())
    };
    let (plain, zstd) = (digest("latest"), digest("zstd"));
    // The same files, packed otherwise.
    assert_eq!(plain.0, zstd.0);
    assert_ne!(plain.1, zstd.1);
}
