//! push: to registries that take it, that want to know who we are, and that break off.

use crate::env::{Env, User, finish, fixture, registry};
use crate::servers::{self, Answer, Registry, Server};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

fn name(path: &str) -> String {
    format!("{}/{path}", registry())
}

/// The manifest or index at a place, as its bytes stand there.
fn raw(env: &Env, place: &str) -> Vec<u8> {
    let mut skopeo = env.program("skopeo");
    skopeo.args(["--insecure-policy", "inspect", "--raw", "--tls-verify=false", place]);
    let output = finish(skopeo, b"");
    output.code(0);
    output.stdout
}

fn at(name: &str) -> String {
    format!("docker://{name}")
}

/// A user whose home is readable for registries that are run by root.
fn with_image(image: &str) -> (Env, String) {
    let env = Env::empty(User::Sub);
    let image = name(image);
    env.run(["pull", "-q", &image]).code(0);
    (env, image)
}

#[test]
fn what_came_from_a_registry_goes_back_byte_for_byte() {
    let env = Env::empty(User::Sub);
    let to = Registry::empty(&env.tmp());
    for image in ["test/layers:latest", "test/layers:zstd", "library/busybox:docker"] {
        let (from, there) = (name(image), to.image(image));
        env.run(["pull", "-q", &from]).code(0);
        env.run(["push", "-q", "--digestfile", "digest", &from, &there]).code(0).stdout("").stderr("");
        assert!(raw(&env, &at(&there)) == raw(&env, &at(&from)), "{image}");
        let digest = std::fs::read_to_string(env.tmp().join("digest")).unwrap();
        raw(&env, &format!("docker://{}@{digest}", there.rsplit_once(':').unwrap().0));
    }
    // A single-id store has the same blobs.
    let nobody = Env::empty(User::NoSub);
    nobody.run(["pull", "-q", &name("test/layers")]).code(0);
    nobody.run(["push", "-q", &name("test/layers"), &to.image("by/nobody")]).code(0);
    assert!(raw(&env, &at(&to.image("by/nobody"))) == raw(&env, &at(&name("test/layers"))));
}

#[test]
fn an_index_goes_whole_or_one_of_its_images() {
    let env = Env::empty(User::Sub);
    let to = Registry::empty(&env.tmp());
    let mut skopeo = env.program("skopeo");
    skopeo.args(["--insecure-policy", "copy", "-q", "--all", "--src-tls-verify=false"]);
    skopeo.args([&at(&name("test/multi")), "oci:multi:multi"]);
    finish(skopeo, b"").code(0);
    env.run(["load", "-q", "-i", "multi"]).code(0);
    env.run(["push", "-q", "multi", &to.image("multi:all")]).code(0);
    assert!(raw(&env, &at(&to.image("multi:all"))) == raw(&env, &at(&name("test/multi"))));
    env.run(["push", "-q", "--platform", "linux/s390x", "multi", &to.image("multi:one")]).code(0);
    assert!(raw(&env, &at(&to.image("multi:one"))) == raw(&env, &at(&name("test/multi:two"))));
    env.run(["push", "--platform", "linux/mips64le", "multi", &to.image("multi:no")])
        .fails(125, "linux/mips64le");
    env.run(["push", "--format", "v2s2", "multi", &to.image("multi:docker")]).code(0);
    let text = String::from_utf8(raw(&env, &at(&to.image("multi:docker")))).unwrap();
    assert!(text.contains("distribution.manifest.v2") && text.contains("rootfs.diff.tar.gzip"), "{text}");
}

#[test]
fn plain_layers_are_packed_always_the_same_and_peers_run_them() {
    let env = Env::empty(User::Sub);
    let to = Registry::empty(&env.tmp());
    env.run(["import", "-q", &fixture("busybox.tar"), "plain"]).code(0);
    env.run([
        "run",
        "--name",
        "c",
        "--network",
        "none",
        "plain",
        "sh",
        "-c",
        "echo hi >/new; truncate -s 9M /big; rm /etc/notes",
    ])
    .code(0);
    env.run(["commit", "-c", "CMD [\"cat\",\"/new\"]", "c", "made"]).code(0);
    let push = |flags: &[&str], there: &str| {
        let there = to.image(there);
        env.run(["push", "-q"].iter().chain(flags).copied().chain(["made", &there])).code(0);
        String::from_utf8(raw(&env, &at(&there))).unwrap()
    };
    let gzip = push(&[], "made:gzip");
    assert!(gzip.contains("tar+gzip"), "{gzip}");
    assert_eq!(gzip, push(&["--compression-format", "gzip", "--compression-level", "5"], "made:again"));
    let zstd = push(&["--compression-format", "zstd:chunked"], "made:zstd");
    assert!(zstd.contains("tar+zstd") && !zstd.contains("tar+gzip"), "{zstd}");
    assert!(push(&["--format", "v2s2"], "made:docker").contains("rootfs.diff.tar.gzip"));
    let id = env.ok(["inspect", "-f", "{{.Id}}", "made"]);
    let other = Env::empty(User::NoSub);
    for tag in ["gzip", "zstd", "docker"] {
        let image = to.image(&format!("made:{tag}"));
        assert_eq!(other.ok(["pull", "-q", &image]), id, "{tag}");
        other.run(["run", "--rm", "--network", "none", &image]).stdout("hi\n");
    }
    // podman unpacks it to the same files.
    let storage = env.tmp().join("podman");
    let podman = |args: &[&str]| {
        let mut podman = env.program("podman");
        podman.arg("--root").arg(&storage).arg("--runroot").arg(env.runroot().with_file_name("p"));
        podman.args(["--storage-driver", "vfs"]).args(args);
        let output = finish(podman, b"");
        output.code(0);
        output.stdout_line()
    };
    let image = to.image("made:gzip");
    assert_eq!(podman(&["pull", "-q", "--tls-verify=false", &image]), id);
    let look = "cat $(podman --root \"$0\" --runroot \"$1\" --storage-driver vfs image mount $2)/new; \
        cd $(podman --root \"$0\" --runroot \"$1\" --storage-driver vfs image mount $2); stat -c %s big; ls etc/notes";
    let mut unshare = env.program("podman");
    unshare.arg("--root").arg(&storage).arg("--runroot").arg(env.runroot().with_file_name("p"));
    unshare.args(["--storage-driver", "vfs", "unshare", "sh", "-c", look]);
    unshare.arg(&storage).arg(env.runroot().with_file_name("p")).arg(&image);
    finish(unshare, b"").stdout("hi\n9437184\n");
    podman(&["system", "migrate"]);
}

#[test]
fn what_is_there_is_not_sent_again_and_neighbours_lend() {
    let (env, image) = with_image("test/layers");
    let to = Registry::empty(&env.tmp());
    let upstream = to.address.clone();
    let proxy = Server::start(move |request| servers::forward(&upstream, request));
    let there = |path: &str| format!("{}/{path}", proxy.address);
    let sent = |before: usize| -> Vec<(String, String)> {
        let seen = proxy.seen().into_iter().skip(before);
        seen.filter(|(method, ..)| method != "HEAD").map(|(method, path, _)| (method, path)).collect()
    };
    env.run(["push", "-q", &image, &there("a/b:1")]).code(0);
    assert_eq!(sent(0).iter().filter(|(method, _)| method == "POST").count(), 4);
    let before = proxy.seen().len();
    env.run(["push", "-q", &image, &there("a/b:2")]).code(0);
    assert_eq!(sent(before).len(), 1, "{:?}", sent(before));
    let before = proxy.seen().len();
    env.run(["tag", &image, &there("a/b:1")]).code(0);
    env.run(["push", &there("a/b:1"), &there("c:1")]).code(0);
    let calls = sent(before);
    assert!(
        calls.iter().all(|(method, path)| path.contains("mount=sha256:") || method == "PUT"),
        "{calls:?}"
    );
    assert_eq!(calls.len(), 5, "{calls:?}");
}

#[test]
fn all_tags_and_other_places() {
    let (env, image) = with_image("library/busybox");
    let to = Registry::empty(&env.tmp());
    for tag in ["1", "2"] {
        env.run(["tag", &image, &to.image(&format!("all:{tag}"))]).code(0);
    }
    env.run(["push", "-q", "--all-tags", &to.image("all")]).code(0);
    for tag in ["1", "2"] {
        raw(&env, &at(&to.image(&format!("all:{tag}"))));
    }
    env.run(["push", "-a", &to.image("all:1")]).fails(125, "--all-tags");
    let wanted = raw(&env, &at(&image));
    for place in ["oci:layout:some/name:1", "oci:layout:other", "oci-archive:x.oci", "dir:d"] {
        env.run(["push", "-q", &image, place]).code(0);
        assert!(raw(&env, place) == wanted, "{place}");
    }
    assert!(raw(&env, "oci:layout:some/name:1") == wanted);
    env.run(["push", "-q", &image, "docker-archive:x.tar:q.test/n:1"]).code(0);
    env.run(["load", "-q", "-i", "x.tar"]).code(0).stdout_contains("q.test/n:1");
    env.run(["push", "-q", &image, "docker-archive:x.tar"]).fails(125, "x.tar exists");
    env.run(["push", &image, "docker-daemon:x:y"]).fails(125, "docker-daemon");
    env.run(["push", "nothing"]).fails(125, "nothing: image not known");
    let id = env.ok(["images", "-q", "--no-trunc", &image]);
    env.run(["untag", &id]).code(0);
    env.run(["push", &id]).fails(125, "no name");
    env.run(["push", "--compression-level", "11", &id, "dir:e"]).fails(125, "1 to 9");
}

#[test]
fn a_registry_wants_to_know_who_pushes() {
    let (env, image) = with_image("library/busybox");
    let to = Registry::empty_with_password(&env.tmp());
    env.run(["push", &image, &to.image("x")]).fails(125, "wants a user name and a password");
    env.run(["push", "-q", "--creds", "ann:wrong", &image, &to.image("x")]).code(125);
    let creds = format!("{}:{}", servers::USER, servers::PASSWORD);
    env.run(["push", "-q", "--creds", &creds, &image, &to.image("x")]).code(0);
    env.run(["login", "-u", servers::USER, "-p", servers::PASSWORD, &to.address]).code(0);
    env.run(["push", "-q", &image, &to.image("y")]).code(0);
    env.run(["pull", "-q", &to.image("y")]).code(0);
}

/// A way to a registry that is cut once, after so many bytes went there on one connection.
fn cutting(registry: &str, after: usize) -> (String, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let cut = Arc::new(AtomicBool::new(false));
    let (upstream, done) = (registry.to_string(), Arc::clone(&cut));
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(&upstream) else { continue };
            let (mut back_from, mut back_to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut back_from, &mut back_to));
            let done = Arc::clone(&done);
            std::thread::spawn(move || {
                let (mut client, mut server) = (client, server);
                let (mut buffer, mut sum) = (vec![0; 16 << 10], 0);
                while let Ok(got @ 1..) = client.read(&mut buffer) {
                    sum += got;
                    if sum > after && !done.swap(true, Ordering::SeqCst) {
                        break;
                    }
                    if server.write_all(&buffer[..got]).is_err() {
                        break;
                    }
                }
                // Both ends learn of it.
                let _ = client.shutdown(std::net::Shutdown::Both);
                let _ = server.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    (address, cut)
}

#[test]
fn an_upload_that_breaks_off_goes_on_where_it_was() {
    let (env, image) = with_image("test/layers");
    let to = Registry::empty(&env.tmp());
    let (way, cut) = cutting(&to.address, 1 << 20);
    env.run(["push", "-q", "--retry-delay", "50ms", &image, &format!("{way}/x")]).code(0);
    assert!(cut.load(Ordering::SeqCst), "nothing was cut");
    assert!(raw(&env, &at(&to.image("x"))) == raw(&env, &at(&image)));
    env.run(["rmi", "-f", &image]).code(0);
    env.run(["pull", "-q", &to.image("x")]).code(0);
    let (way, _) = cutting(&to.address, 1 << 20);
    env.run(["push", "-q", "--retry=0", &to.image("x"), &format!("{way}/y")]).code(125);
}

#[test]
fn a_busy_registry_is_asked_again_and_a_full_one_is_not() {
    let (env, image) = with_image("library/busybox");
    let to = Registry::empty(&env.tmp());
    let (upstream, count) = (to.address.clone(), AtomicUsize::new(0));
    let busy = Server::start(move |request| match count.fetch_add(1, Ordering::SeqCst) % 4 {
        1 => Answer::new(503, "busy"),
        2 => Answer::new(429, "slow down").with("Retry-After", "0"),
        _ => servers::forward(&upstream, request),
    });
    env.run(["push", "-q", "--retry=9", "--retry-delay=1ms", &image, &format!("{}/x", busy.address)]).code(0);
    assert!(raw(&env, &at(&to.image("x"))) == raw(&env, &at(&image)));
    let upstream = to.address.clone();
    let full = Server::start(move |request| match request.method.as_str() {
        "HEAD" => Answer::new(404, ""),
        "POST" => Answer::new(507, r#"{"errors":[{"code":"DENIED","message":"the disk is full"}]}"#),
        _ => servers::forward(&upstream, request),
    });
    env.run(["push", "-q", "--retry", "0", &image, &format!("{}/x", full.address)])
        .fails(125, "the disk is full");
}

#[test]
fn a_layer_that_was_packed_once_is_not_packed_again_for_who_has_it() {
    let env = Env::empty(User::Sub);
    env.run(["import", "-q", &fixture("busybox.tar"), "plain"]).code(0);
    let to = Registry::empty(&env.tmp());
    let layer = |name: &str| {
        let manifest: serde_json::Value = serde_json::from_slice(&raw(&env, &at(&to.image(name)))).unwrap();
        (manifest["layers"][0].clone(), manifest["config"].clone())
    };
    env.run(["push", "-q", "plain", &to.image("x")]).code(0);
    env.run(["push", "-q", "plain", &to.image("x")]).code(0);
    let (first, config) = layer("x");
    // One that does not have it gets the same, and so it comes back.
    env.run(["push", "-q", "plain", &to.image("y")]).code(0);
    assert_eq!(layer("y").0, first);
    env.run(["rmi", "plain"]).code(0);
    env.run(["run", "--rm", "--network", "none", &to.image("y"), "true"]).code(0);
    // What is noted decides, where the registry knows it; so nothing is packed.
    env.run(["import", "-q", &fixture("busybox.tar"), "plain"]).code(0);
    env.run(["push", "-q", "plain", &to.image("x")]).code(0);
    let diff_id = env.ok(["inspect", "-f", "{{index .RootFS.Layers 0}}", "plain"]);
    let blob = env.root().join("images/blobs/sha256").join(diff_id.strip_prefix("sha256:").unwrap());
    let other = format!("{} {}", config["digest"].as_str().unwrap(), config["size"]);
    let flags = rustix::fs::XattrFlags::REPLACE;
    rustix::fs::setxattr(&blob, "user.box.packed.1.gzip.5", other.as_bytes(), flags).unwrap();
    env.run(["push", "-q", "plain", &to.image("x")]).code(0);
    assert_eq!(layer("x").0["digest"], config["digest"]);
    // Another one is not asked to believe it.
    env.run(["push", "-q", "plain", &to.image("z")]).code(0);
    assert_eq!(layer("z").0, first);
}
