//! Registries that mean harm, or fail in ways that look like it: they get a clear line, and no memory.

use crate::env::{Env, User, finish, registry};
use crate::servers::{Answer, Request, Server, forward};
use boxed::image::digest::BlobDigest;
use std::collections::HashMap;
use std::io::Write;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// What a registry has: by the end of the path.
#[derive(Default)]
struct Content(HashMap<String, (String, Vec<u8>)>);

impl Content {
    /// Adds a blob and returns its descriptor.
    fn blob(&mut self, media: &str, bytes: Vec<u8>) -> String {
        let (digest, size) = (BlobDigest::of(&bytes), bytes.len());
        self.0.insert(format!("blobs/{digest}"), (media.to_string(), bytes));
        format!(r#"{{"mediaType":"{media}","digest":"{digest}","size":{size}}}"#)
    }

    /// Adds a manifest under a tag and its digest, and returns its descriptor.
    fn manifest(&mut self, tag: &str, media: &str, text: String) -> String {
        let (digest, size) = (BlobDigest::of(text.as_bytes()), text.len());
        for name in [tag.to_string(), digest.to_string()] {
            self.0.insert(format!("manifests/{name}"), (media.to_string(), text.clone().into_bytes()));
        }
        format!(
            r#"{{"mediaType":"{media}","digest":"{digest}","size":{size},"platform":{{"os":"linux","architecture":"{}"}}}}"#,
            if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }
        )
    }

    /// Adds an image of one layer, which is this tar as `packed`.
    fn image(&mut self, labels: &str, tar: &[u8], media: &str, packed: Vec<u8>) -> String {
        let diff = BlobDigest::of(tar);
        let config = format!(
            r#"{{"architecture":"amd64","os":"linux","config":{{"Labels":{{{labels}}}}},"rootfs":{{"type":"layers","diff_ids":["{diff}"]}}}}"#
        );
        let config = self.blob("application/vnd.oci.image.config.v1+json", config.into_bytes());
        let layer = self.blob(media, packed);
        format!(r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","config":{config},"layers":[{layer}]}}"#)
    }

    fn answer(&self, request: &Request) -> Answer {
        let found = self.0.iter().find(|(name, _)| request.path.ends_with(name.as_str()));
        match found {
            Some((_, (media, bytes))) => Answer::new(200, bytes.clone()).with("Content-Type", media),
            None => Answer::new(404, "{}"),
        }
    }

    fn serve(self) -> Server {
        Server::start(move |request| self.answer(request))
    }
}

/// `box pull` that may have 400 MB of addresses, which is little more than its program and threads.
fn pull_with_little_memory(env: &Env, image: &str) -> crate::env::Output {
    let mut command: Command = env.program("sh");
    command.args(["-c", "ulimit -v 400000; exec \"$0\" pull -q \"$1\""]);
    command.arg(Env::binary()).arg(image);
    finish(command, b"")
}

/// The header of something of root's, without a name.
fn root_s() -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o755);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(0);
    header
}

fn tar_of(entries: impl Iterator<Item = String>) -> Vec<u8> {
    let mut tar = Vec::new();
    for name in entries {
        let mut header = root_s();
        header.set_path(&name).unwrap();
        header.set_entry_type(if name.ends_with('/') {
            tar::EntryType::Directory
        } else {
            tar::EntryType::Regular
        });
        header.set_cksum();
        tar.extend_from_slice(header.as_bytes());
    }
    tar.resize(tar.len() + 1024, 0);
    tar
}

fn zstd_of(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

#[test]
fn documents_without_measure_are_refused_in_little_memory() {
    let env = Env::empty(User::Sub);
    let big = Server::start(|request| match request.path.contains("/manifests/") {
        true => Answer::new(200, vec![b' '; 100 << 20]).with("Content-Type", MANIFEST),
        false => Answer::new(404, "{}"),
    });
    pull_with_little_memory(&env, &format!("{}/big", big.address)).fails(125, "4 MiB");

    // A configuration that says it is small, one that says it is large, and a token without end.
    let mut content = Content::default();
    let tar = tar_of(["a".to_string()].into_iter());
    let manifest = content.image("", &tar, LAYER, tar.clone());
    let config = manifest.split("\"size\":").nth(1).and_then(|rest| rest.split('}').next()).unwrap();
    content.manifest("liar", MANIFEST, manifest.replacen(&format!("\"size\":{config}"), "\"size\":17", 1));
    content.manifest(
        "large",
        MANIFEST,
        manifest.replacen(&format!("\"size\":{config}"), "\"size\":99999999", 1),
    );
    let server = content.serve();
    pull_with_little_memory(&env, &format!("{}/x:liar", server.address)).fails(125, "longer than");
    pull_with_little_memory(&env, &format!("{}/x:large", server.address)).fails(125, "larger than");
    let token = Server::start(|request| match request.path.starts_with("/token") {
        true => Answer::new(200, vec![b' '; 50 << 20]),
        false => {
            let realm = format!("Bearer realm=\"http://{}/token\"", request.header("host").unwrap());
            Answer::new(401, "{}").with("WWW-Authenticate", realm)
        }
    });
    pull_with_little_memory(&env, &format!("{}/x", token.address)).fails(125, "token");
}

#[test]
fn an_index_that_leads_nowhere_ends() {
    let env = Env::empty(User::Sub);
    let mut content = Content::default();
    let index = |entry: &str| format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{entry}]}}"#);
    let inner = content.manifest("inner", INDEX, index(""));
    content.manifest("nested", INDEX, index(&inner));
    // It cannot have its own digest in it, but its server can say so.
    let own = BlobDigest::of(b"me");
    let entry = inner.replace(inner.split('"').nth(7).unwrap(), &own.to_string());
    content.manifest("itself", INDEX, index(&entry));
    let text = index(&entry).into_bytes();
    content.0.insert(format!("manifests/{own}"), (INDEX.to_string(), text));
    let server = content.serve();
    env.run(["pull", "-q", &format!("{}/x:nested", server.address)]).fails(125, "another index");
    env.run(["pull", "-q", &format!("{}/x:itself", server.address)])
        .fails(125, "sent a manifest with the digest");
    env.run(["pull", "-q", &format!("{}/x:inner", server.address)]).fails(125, "there is no image");
    let digest = format!("{}/x@{own}", server.address);
    env.run(["pull", "-q", &digest]).fails(125, "sent a manifest with the digest");
}

#[test]
fn a_label_of_a_megabyte_is_only_long() {
    let env = Env::empty(User::Sub);
    let mut content = Content::default();
    let tar = tar_of(["a".to_string()].into_iter());
    let label = format!("\"long\":\"{}\"", "x".repeat(1 << 20));
    let manifest = content.image(&label, &tar, LAYER, tar.clone());
    content.manifest("latest", MANIFEST, manifest);
    let server = content.serve();
    let image = format!("{}/x", server.address);
    pull_with_little_memory(&env, &image).code(0);
    let length = env.ok(["image", "inspect", "--format", "{{len .Config.Labels.long}}", &image]);
    assert_eq!(length, (1 << 20).to_string());
    env.run(["images", "--filter", "label=long"]).code(0).stdout_contains("latest");
}

#[test]
fn a_layer_of_a_million_entries_takes_no_memory() {
    let env = Env::empty(User::Sub);
    let mut content = Content::default();
    // Most of them are nodes that are left out: what is measured is not the disk.
    let directories = tar_of((0..2_000).map(|n| format!("d{n}/")));
    let mut node = tar::Header::new_ustar();
    node.set_path("dev/x").unwrap();
    node.set_entry_type(tar::EntryType::Char);
    node.set_mode(0o600);
    node.set_uid(0);
    node.set_gid(0);
    node.set_mtime(0);
    node.set_size(0);
    node.set_device_major(1).and_then(|()| node.set_device_minor(3)).unwrap();
    node.set_cksum();
    let tar = [node.as_bytes().repeat(1_000_000), directories].concat();
    let manifest = content.image("", &tar, ZSTD, zstd_of(&tar));
    content.manifest("latest", MANIFEST, manifest);
    drop(tar);
    let server = content.serve();
    pull_with_little_memory(&env, &format!("{}/x", server.address)).code(0);
}

/// Real ones: directories, files and names of these.
#[test]
fn a_layer_of_many_files_comes_and_goes_without_memory() {
    let env = Env::empty(User::Sub);
    let mut content = Content::default();
    let mut tar = tar_of((0..40_000).map(|n| if n % 100 == 0 { format!("d{n}/") } else { format!("f{n}") }));
    tar.truncate(tar.len() - 1024);
    let mut link = root_s();
    link.set_entry_type(tar::EntryType::Link);
    for n in 0..60_000 {
        link.set_path(format!("d{}/{n}", n / 150 * 100)).unwrap();
        link.set_link_name(format!("f{}", n % 4_000 / 100 * 100 + 1)).unwrap();
        link.set_cksum();
        tar.extend_from_slice(link.as_bytes());
    }
    tar.resize(tar.len() + 1024, 0);
    let manifest = content.image("", &tar, ZSTD, zstd_of(&tar));
    content.manifest("latest", MANIFEST, manifest);
    drop(tar);
    let server = content.serve();
    pull_with_little_memory(&env, &format!("{}/x", server.address)).code(0);
    let layers = env.root().join("layers");
    let layer = std::fs::read_dir(&layers).unwrap().flatten().next().expect("a layer");
    let inside = std::fs::read_dir(layer.path().join("diff/d39900")).unwrap();
    assert_eq!(inside.count(), 150);
    env.run(["rmi", "-af"]).code(0);
    assert_eq!(std::fs::read_dir(&layers).unwrap().count(), 0);
}

/// Attributes of directories and their names are written when all that is in them is there.
#[test]
fn attributes_of_many_directories_take_no_memory() {
    let env = Env::empty(User::Sub);
    let mut content = Content::default();
    let value = vec![b'x'; (1 << 20) - 100];
    for (tag, attribute) in [("nobodys", "SCHILY.xattr.trusted.x"), ("users", "SCHILY.xattr.user.x")] {
        let mut tar = tar::Builder::new(Vec::new());
        for n in 0..450 {
            tar.append_pax_extensions([(attribute, &value[..])]).unwrap();
            let mut header = root_s();
            header.set_entry_type(tar::EntryType::Directory);
            tar.append_data(&mut header, format!("d{n}"), std::io::empty()).unwrap();
        }
        let tar = tar.into_inner().unwrap();
        let packed = zstd_of(&tar);
        assert!(packed.len() < 2 << 20);
        let manifest = content.image("", &tar, ZSTD, packed);
        content.manifest(tag, MANIFEST, manifest);
    }
    let server = content.serve();
    pull_with_little_memory(&env, &format!("{}/x:nobodys", server.address)).code(0);
    pull_with_little_memory(&env, &format!("{}/x:users", server.address)).fails(125, "too much memory");
}

#[test]
fn zstd_chunked_is_zstd() {
    let env = Env::empty(User::Sub);
    let mut content = Content::default();
    let tar = tar_of(["one", "two"].map(String::from).into_iter());
    // Several frames, and behind them a table in frames that are to be skipped.
    let (first, second) = tar.split_at(512);
    let mut packed = [zstd_of(first), zstd_of(second)].concat();
    packed.write_all(&[0x50, 0x2a, 0x4d, 0x18, 5, 0, 0, 0]).unwrap();
    packed.write_all(b"table").unwrap();
    let manifest = content.image("", &tar, ZSTD, packed);
    content.manifest("latest", MANIFEST, manifest);
    let server = content.serve();
    env.run(["pull", "-q", &format!("{}/x", server.address)]).code(0);
}

#[test]
fn secrets_do_not_follow_a_redirection() {
    let env = Env::empty(User::Sub);
    let elsewhere = Server::start(|request| forward(&registry(), request));
    let to = elsewhere.address.clone();
    let server = Server::start(move |request| match request.header("authorization") {
        None => Answer::new(401, "{}").with("WWW-Authenticate", "Basic realm=\"x\""),
        Some(_) if request.path.contains("/blobs/") => {
            Answer::new(307, "").with("Location", format!("http://{to}{}", request.path))
        }
        Some(_) => forward(&registry(), request),
    });
    env.run(["pull", "-q", "--creds", "ann:secret", &format!("{}/library/busybox", server.address)]).code(0);
    let seen = elsewhere.seen();
    assert!(!seen.is_empty() && seen.iter().all(|(_, _, secret)| secret.is_none()), "{seen:?}");
    // In the same place they do.
    let server = Server::start(|request| match request.header("authorization") {
        None => Answer::new(401, "{}").with("WWW-Authenticate", "Basic realm=\"x\""),
        Some(_) if request.path.contains("/blobs/") && !request.path.ends_with("?again") => {
            Answer::new(302, "").with("Location", format!("{}?again", request.path))
        }
        Some(_) => forward(&registry(), request),
    });
    env.run(["pull", "-q", "--creds", "ann:secret", &format!("{}/library/busybox", server.address)]).code(0);
}

#[test]
fn circles_and_strange_places_are_refused() {
    let env = Env::empty(User::Sub);
    for (location, said) in [
        ("/v2/x/manifests/latest", "without end"),
        ("file:///etc/passwd", "no address"),
        ("gopher://x/", "no address"),
        ("http://", "no address"),
    ] {
        let server = Server::start(move |_| Answer::new(302, "").with("Location", location));
        env.run(["pull", "-q", &format!("{}/x", server.address)]).fails(125, said);
    }
    // A token server that is a file, or needs HTTPS and has none.
    for realm in ["file:///etc/passwd", "/token", "ftp://x/y"] {
        let server = Server::start(move |_| {
            Answer::new(401, "{}").with("WWW-Authenticate", format!("Bearer realm=\"{realm}\""))
        });
        env.run(["pull", "-q", &format!("{}/x", server.address)]).fails(125, "for a token");
    }
}

#[test]
fn lies_about_lengths_are_noticed() {
    let env = Env::empty(User::Sub);
    for lie in ["1", "99999999"] {
        let server = Server::start(move |request| {
            let mut answer = forward(&registry(), request);
            if request.path.contains("/blobs/") {
                answer.headers.retain(|(name, _)| name != "Content-Length");
                answer = answer.with("Content-Length", lie);
            }
            answer
        });
        let image = format!("{}/library/busybox", server.address);
        let output = env.run(["pull", "-q", "--retry", "1", "--retry-delay", "10ms", &image]);
        match lie {
            "1" => output.fails(125, "ends after 2 of"),
            // All that the digests are of came, and it is right.
            _ => output.code(0),
        };
    }
}

#[test]
fn a_registry_is_waited_for_as_long_as_it_asks() {
    let env = Env::empty(User::Sub);
    let pull = |status: u16, header: &'static str, times: usize| {
        let count = AtomicUsize::new(0);
        let server = Server::start(move |request| {
            if count.fetch_add(1, Ordering::SeqCst) < times {
                return Answer::new(status, "{}").with("Retry-After", header);
            }
            forward(&registry(), request)
        });
        let image = format!("{}/library/busybox", server.address);
        let start = Instant::now();
        let output = env.run(["pull", "-q", "--retry-delay", "10ms", &image]);
        (output, start.elapsed())
    };
    for status in [429, 503] {
        let (output, took) = pull(status, "1", 2);
        output.code(0);
        assert!(took >= Duration::from_secs(2), "it did not wait: {took:?}");
    }
    // An hour is too long, and longer than a test waits: then the answer comes at once.
    pull(429, "3600", 2).0.fails(125, "429").stderr_contains("limits how often");
    pull(429, "Fri, 31 Dec 1999 23:59:59 GMT", 2).0.code(0);
    pull(503, "soon", 100).0.fails(125, "503");
}

#[test]
fn only_the_rest_of_a_broken_blob_is_asked_for_again() {
    let env = Env::empty(User::Sub);
    let ranges = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = std::sync::Arc::clone(&ranges);
    let server = Server::start(move |request| {
        let mut answer = forward(&registry(), request);
        if request.path.contains("/blobs/") {
            if let Some(range) = request.header("range") {
                log.lock().unwrap().push((range.to_string(), answer.status));
            } else if answer.body.len() > 1000 {
                // The length stands; the rest does not come.
                answer.body.truncate(1000);
            }
        }
        answer
    });
    let image = format!("{}/library/busybox", server.address);
    env.run(["pull", "-q", "--retry-delay", "10ms", &image]).code(0);
    assert_eq!(*ranges.lock().unwrap(), [("bytes=1000-".to_string(), 206)]);
}

#[test]
fn what_cannot_be_reached_is_said_with_a_way_out() {
    let env = Env::empty(User::Sub);
    env.run(["pull", "-q", "127.0.0.1:1/x"]).fails(125, "127.0.0.1:1").stderr_contains("Hint:");
    env.run(["pull", "-q", "no-such-host.invalid/x"]).fails(125, "no-such-host").stderr_contains("Hint:");
    env.run(["login", "-u", "a", "-p", "b", "127.0.0.1:1"]).fails(125, "authenticating creds");
}

/// Ten kilobytes of an archive for each gigabyte of names, and a line for each copy of a long document.
#[test]
fn archives_whose_names_fill_the_memory_are_refused() {
    let env = Env::empty(User::Sub);
    let mut tar = tar::Builder::new(Vec::new());
    for n in 0..70 {
        let name = format!("{n}{}", "x".repeat((1 << 20) - 100));
        tar.append_pax_extensions([("path", name.as_bytes())]).unwrap();
        let mut header = root_s();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_cksum();
        tar.append(&header, std::io::empty()).unwrap();
    }
    let names = env.file("names.tar.zst", zstd_of(&tar.into_inner().unwrap()));
    env.run(["load", "-i", &names]).fails(125, "names of its members need too much memory");

    let file = |tar: &mut tar::Builder<Vec<u8>>, name: &str, bytes: &[u8]| {
        let mut header = root_s();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, name, bytes).unwrap();
    };
    let mut tar = tar::Builder::new(Vec::new());
    let entries = vec![r#"{"Config":"c.json","Layers":[]}"#; 200];
    file(&mut tar, "manifest.json", format!("[{}]", entries.join(",")).as_bytes());
    file(&mut tar, "c.json", &vec![b' '; 4 << 20]);
    let copies = env.file("copies.tar.zst", zstd_of(&tar.into_inner().unwrap()));
    env.run(["load", "-i", &copies]).fails(125, "about its images needs too much memory");
}

/// A launch that fails is told with a zero byte between what went wrong and what helps.
#[test]
fn an_image_gives_no_advice() {
    let env = Env::empty(User::Sub);
    let mut content = Content::default();
    let tar = tar_of(["a".to_string()].into_iter());
    let labels = r#""a":""},"Cmd":["/a"],"WorkingDir":"/b\u0000run something else","Other":{"#;
    let manifest = content.image(labels, &tar, LAYER, tar.clone());
    content.manifest("latest", MANIFEST, manifest);
    let server = content.serve();
    let output = env.run(["run", "--rm", "--network", "none", &format!("{}/x", server.address)]);
    assert!(output.code == Some(126) && output.err().contains("working directory"), "{output}");
    assert!(!output.err().contains("Hint: run something"), "{output}");
}
