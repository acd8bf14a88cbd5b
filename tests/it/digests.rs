//! Images whose digests are SHA-512: they come, run and go as the others.

use crate::env::{Env, User, fixture, registry};
use boxed::image::digest::{Algorithm, BlobDigest, DiffId};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn blob(layout: &Path, digest: &Value) -> Vec<u8> {
    let path = digest.as_str().expect("a digest").replace(':', "/");
    std::fs::read(layout.join("blobs").join(path)).expect("a blob of the layout")
}

/// A blob named by SHA-512, and its descriptor.
fn put(layout: &Path, media: &str, bytes: &[u8]) -> Value {
    let digest = BlobDigest::by(Algorithm::Sha512, bytes);
    std::fs::write(layout.join("blobs/sha512").join(digest.hex()), bytes).expect("write a blob");
    json!({ "mediaType": media, "digest": digest.to_string(), "size": bytes.len() })
}

/// The fixture's layout once more, with nothing in it that is named by SHA-256; for these architectures,
/// through an index if they are several. Called `long`.
fn long_layout(env: &Env, name: &str, architectures: &[&str]) -> String {
    let (from, to) = (fixture("layout"), env.directory(name));
    let (from, to) = (Path::new(&from), Path::new(&to));
    std::fs::create_dir_all(to.join("blobs/sha512")).expect("make a layout");
    let index: Value = serde_json::from_slice(&std::fs::read(from.join("index.json")).unwrap()).unwrap();
    let mut manifest: Value = serde_json::from_slice(&blob(from, &index["manifests"][0]["digest"])).unwrap();
    let mut config: Value = serde_json::from_slice(&blob(from, &manifest["config"]["digest"])).unwrap();
    let layers = manifest["layers"].as_array_mut().expect("layers");
    for (at, layer) in layers.iter_mut().enumerate() {
        let packed = blob(from, &layer["digest"]);
        let mut plain = Vec::new();
        flate2::read::MultiGzDecoder::new(&packed[..]).read_to_end(&mut plain).expect("gzip");
        config["rootfs"]["diff_ids"][at] = json!(DiffId::by(Algorithm::Sha512, &plain).to_string());
        *layer = put(to, layer["mediaType"].as_str().unwrap(), &packed);
    }
    let mut entries = Vec::new();
    for architecture in architectures {
        config["architecture"] = json!(architecture);
        let text = config.to_string();
        manifest["config"] = put(to, "application/vnd.oci.image.config.v1+json", text.as_bytes());
        let mut entry = put(to, MANIFEST, manifest.to_string().as_bytes());
        entry["platform"] = json!({ "os": "linux", "architecture": architecture });
        entries.push(entry);
    }
    let mut top = match &entries[..] {
        [only] => only.clone(),
        several => {
            let list = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": several });
            put(to, INDEX, list.to_string().as_bytes())
        }
    };
    top["annotations"] = json!({ "org.opencontainers.image.ref.name": "long" });
    let index = json!({ "schemaVersion": 2, "manifests": [top] });
    std::fs::write(to.join("index.json"), index.to_string()).unwrap();
    std::fs::write(to.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    to.to_str().unwrap().to_string()
}

/// The blobs below a layout.
fn blobs(layout: &Path) -> BTreeSet<String> {
    let names = |algorithm: &str| {
        let entries = std::fs::read_dir(layout.join("blobs").join(algorithm)).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect::<Vec<_>>()
    };
    ["sha256", "sha512"].iter().flat_map(|algorithm| names(algorithm)).collect()
}

#[test]
fn an_image_that_is_named_by_sha512_is_as_good_as_any() {
    let env = Env::empty(User::Sub);
    let layout = long_layout(&env, "two", &["amd64", "arm64"]);
    env.run(["load", "-q", "-i", &layout]).code(0);
    let id = env.ok(["images", "-q", "--no-trunc"]);
    assert!(id.starts_with("sha512:") && id.len() == 7 + 128, "{id}");
    env.run(["run", "--rm", "--network", "none", "long", "echo", "x"]).code(0).stdout("x\n");
    for name in [&id, &id[7..], &id[7..19]] {
        env.run(["image", "exists", name]).code(0);
    }
    assert_ne!(env.ok(["image", "inspect", "-f", "{{.Size}}", "long"]), "0");
    env.run(["system", "check"]).code(0).stdout("");
    // What goes out is what came, in the same places.
    let saved = env.tmp().join("saved");
    env.run(["save", "-q", "--format", "oci-dir", "-o", saved.to_str().unwrap(), "long"]).code(0);
    assert_eq!(blobs(Path::new(&layout)), blobs(&saved));
    let archive = env.tmp().join("saved.tar");
    env.run(["save", "-q", "-o", archive.to_str().unwrap(), "long"]).code(0);
    env.run(["rmi", "-af"]).code(0);
    assert_eq!(blobs(&env.root().join("images")), BTreeSet::new());
    env.run(["load", "-q", "-i", archive.to_str().unwrap()]).code(0);
    env.run(["run", "--rm", "--network", "none", "long", "true"]).code(0);
}

#[test]
fn a_registry_takes_and_gives_what_is_named_by_sha512() {
    let env = Env::empty(User::Sub);
    let there = format!("{}/digests/long:1", registry());
    env.run(["load", "-q", "-i", &long_layout(&env, "one", &["amd64"])]).code(0);
    let id = env.ok(["images", "-q", "--no-trunc"]);
    env.run(["push", "-q", "long", &there]).code(0);
    env.run(["rmi", "-af"]).code(0);
    assert_eq!(format!("sha512:{}", env.ok(["pull", "-q", &there])), id);
    env.run(["run", "--rm", "--network", "none", &there, "true"]).code(0);
    env.run(["system", "check"]).code(0).stdout("");
    env.run(["rmi", "-af"]).code(0);
    // But no manifest by such a digest: an index of them cannot go there.
    env.run(["load", "-q", "-i", &long_layout(&env, "two", &["amd64", "arm64"])]).code(0);
    let index = format!("{}/digests/index:1", registry());
    env.run(["push", "-q", "long", &index]).fails(125, "SHA-256 alone");
    env.run(["push", "-q", "--platform", "linux/amd64", "long", &index]).code(0);
}

#[test]
fn a_blob_that_is_not_what_its_sha512_says_is_refused_and_found() {
    let env = Env::empty(User::Sub);
    let layout = long_layout(&env, "one", &["amd64"]);
    env.run(["load", "-q", "-i", &layout]).code(0);
    // The largest one is the layer.
    let largest = |images: &Path| {
        let blobs = std::fs::read_dir(images.join("blobs/sha512")).unwrap().flatten();
        blobs.max_by_key(|blob| blob.metadata().unwrap().len()).unwrap().path()
    };
    for images in [Path::new(&layout), &env.root().join("images")] {
        let path = largest(images);
        let mut bytes = std::fs::read(&path).unwrap();
        // In gzip's header: the content stays the same.
        bytes[4] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    }
    env.run(["system", "check"]).code(125).stdout_contains("its blob is damaged: its digest is sha512:");
    env.run(["rmi", "-af"]).code(0);
    env.run(["load", "-q", "-i", &layout]).fails(125, "has the digest sha512:");
    assert_eq!(blobs(&env.root().join("images")), BTreeSet::new());
}
