//! system check: a store that is broken in each way is seen to be, and mended.

use crate::env::{Env, User, fixture};
use std::fs;
use std::path::{Path, PathBuf};

/// A store with the image `busybox` whose layer lies in it, not behind a link.
fn env(user: User) -> Env {
    let env = Env::empty(user);
    env.run(["import", &fixture("busybox.tar"), "busybox"]).code(0);
    env
}

/// The only layer.
fn layer(env: &Env) -> PathBuf {
    let mut layers = fs::read_dir(env.root().join("layers")).expect("layers").flatten();
    layers.next().expect("a layer").path()
}

fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}

fn blob(env: &Env, digest: &serde_json::Value) -> PathBuf {
    let digest = digest.as_str().expect("a digest").trim_start_matches("sha256:");
    env.root().join("images/blobs/sha256").join(digest)
}

/// The blobs of the manifest and of its layer.
fn blobs(env: &Env) -> (PathBuf, PathBuf) {
    let index = json(&env.root().join("images/index.json"));
    let manifest = blob(env, &index["manifests"][0]["digest"]);
    let layer = blob(env, &json(&manifest)["layers"][0]["digest"]);
    (manifest, layer)
}

/// What is broken is found, mended, and gone.
fn mended(env: &Env, what: &str) {
    env.run(["system", "check"]).code(125).stdout_contains(what).stderr_contains("--repair");
    env.run(["system", "check", "--repair"]).code(0).stdout_contains(what).stdout_contains("(mended)");
    env.run(["system", "check"]).code(0).stdout("").stderr("");
}

#[test]
fn a_whole_store_has_nothing_to_say() {
    for user in [User::Sub, User::NoSub, User::Root] {
        let env = env(user);
        env.run(["run", "--name", "c", "busybox", "touch", "/x"]).code(0);
        env.run(["run", "-d", "--name", "d", "busybox", "sleep", "600"]).code(0);
        env.run(["system", "check"]).code(0).stdout("").stderr("");
        env.run(["system", "check", "--quick"]).code(0).stdout("").stderr("");
    }
}

#[test]
fn a_changed_layer_is_unpacked_again() {
    let env = env(User::Sub);
    let sh = layer(&env).join("diff/bin/sh");
    fs::remove_file(&sh).expect("it was there");
    env.run(["system", "check", "--quick"]).code(0).stdout("");
    env.run(["run", "--rm", "busybox", "sh", "-c", "true"]).code(127);
    mended(&env, "/bin/sh is missing");
    env.run(["run", "--rm", "busybox", "sh", "-c", "true"]).code(0);

    fs::write(layer(&env).join("diff/etc/intruder"), "x").expect("a new file");
    mended(&env, "/etc/intruder should not be there");
}

#[test]
fn a_layer_that_somebody_runs_on_is_left_alone() {
    let env = env(User::Sub);
    env.run(["run", "-d", "--name", "c", "busybox", "sleep", "600"]).code(0);
    fs::write(layer(&env).join("diff/intruder"), "x").expect("a new file");
    env.run(["system", "check", "-r"]).code(125).stdout_contains("(not mended: container c runs on it");
    assert_eq!(env.status("c"), "running");
    env.run(["rm", "-f", "-t", "0", "c"]).code(0);
    mended(&env, "/intruder");
}

#[test]
fn an_incomplete_layer_is_unpacked_again() {
    let env = env(User::Sub);
    let record = layer(&env).join("layer.json");
    fs::write(&record, "{").expect("damage");
    mended(&env, "layer.json is damaged");
    fs::remove_file(layer(&env).join("layer.json")).expect("it was there");
    mended(&env, "layer.json");
    env.run(["unshare", "rm", "-r", layer(&env).to_str().unwrap()]).code(0);
    mended(&env, "it is not unpacked");
    env.run(["run", "--rm", "busybox", "true"]).code(0);
}

#[test]
fn a_damaged_blob_is_named_and_given_up() {
    let env = env(User::Sub);
    let (_, layer) = blobs(&env);
    let mut bytes = fs::read(&layer).expect("a blob");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&layer, &bytes).expect("damage");
    env.run(["system", "check", "--quick"]).code(0);
    env.run(["system", "check"]).code(125).stdout_contains("its blob is damaged");
    env.run(["system", "check", "-r"]).code(125).stdout_contains("pull the image again");
    assert!(!layer.exists());
    // What is unpacked still runs.
    env.run(["run", "--rm", "busybox", "true"]).code(0);
    env.run(["system", "check"]).code(125).stdout_contains("its blob is missing");
    // It came from a file: there it is again.
    env.run(["import", &fixture("busybox.tar"), "again"]).code(0);
    env.run(["system", "check"]).code(0).stdout("");
}

#[test]
fn a_lost_image_is_dropped() {
    let env = env(User::Sub);
    let (manifest, _) = blobs(&env);
    fs::write(&manifest, "{}").expect("damage");
    mended(&env, "image localhost/busybox:latest: ");
    env.run(["images", "-q"]).code(0).stdout("");
}

#[test]
fn a_damaged_index_is_made_anew() {
    let env = env(User::Sub);
    env.run(["create", "--name", "c", "busybox", "true"]).code(0);
    let index = env.root().join("images/index.json");
    let text = fs::read_to_string(&index).expect("an index");
    fs::write(&index, &text[..text.len() / 2]).expect("damage");
    env.run(["images"]).code(125);
    mended(&env, "the index of images");
    // Its name is known by the container.
    env.run(["run", "--rm", "busybox", "true"]).code(0);
    assert!(env.root().join("images/index.json.damaged").exists());
    fs::write(env.root().join("images/oci-layout"), "").expect("damage");
    mended(&env, "oci-layout");
}

#[test]
fn names_lead_to_their_containers() {
    let env = env(User::Sub);
    env.run(["create", "--name", "c", "busybox", "true"]).code(0);
    let names = env.root().join("names");
    std::os::unix::fs::symlink("../containers/nowhere", names.join("stray")).expect("a link");
    fs::rename(names.join("c"), names.join("d")).expect("a name");
    env.run(["system", "check"])
        .code(125)
        .stdout_contains("name stray: ")
        .stdout_contains("name d: ")
        .stdout_contains("is not found by its name c");
    env.run(["system", "check", "-r"]).code(0);
    env.run(["system", "check"]).code(0).stdout("");
    env.run(["start", "c"]).code(0);
}

#[test]
fn a_container_that_lost_its_name_is_listed_and_gets_it_back() {
    let env = env(User::Sub);
    let id = env.ok(["create", "--name", "web", "busybox", "true"]);
    let name = env.root().join("containers").join(&id).join("name");
    let listed = |name: &str| {
        env.run(["ps", "-a", "--format", "{{.ID}} {{.Names}}"])
            .code(0)
            .stdout(&format!("{} {name}\n", &id[..12]));
    };
    // The link to it still knows the name.
    for damage in [None, Some("no name!")] {
        match damage {
            None => fs::remove_file(&name).expect("damage"),
            Some(text) => fs::write(&name, text).expect("damage"),
        }
        listed("web");
        env.run(["start", "-a", "web"]).code(0);
        env.run(["system", "check"]).code(125).stdout_contains("its name is lost");
        env.run(["system", "check", "-r"]).code(0);
        env.run(["system", "check"]).code(0).stdout("");
        assert_eq!(fs::read_to_string(&name).expect("a name"), "web");
    }
    // With the link lost as well it is known by its id.
    fs::remove_file(&name).expect("damage");
    fs::remove_file(env.root().join("names/web")).expect("damage");
    listed(&id[..12]);
    env.run(["inspect", "-f", "{{.Name}}", &id[..12]]).code(0).stdout(&format!("{}\n", &id[..12]));
    env.run(["system", "check", "-r"]).code(0);
    listed(&format!("c{}", &id[..12]));
    fs::remove_file(&name).expect("damage");
    env.run(["rename", &id[..12], "again"]).code(0);
    listed("again");
    fs::remove_file(&name).expect("damage");
    env.run(["rm", &id[..12]]).code(0);
    env.run(["system", "check"]).code(0).stdout("");
}

#[test]
fn a_broken_container_goes_only_by_force() {
    let env = env(User::Sub);
    let id = env.ok(["create", "--name", "c", "busybox", "true"]);
    fs::write(env.root().join("containers").join(&id).join("config.json"), "{").expect("damage");
    env.run(["system", "check"]).code(125).stdout_contains(&id[..12]);
    env.run(["system", "check", "-r"]).code(125).stdout_contains("--force removes the container");
    env.run(["system", "check", "-f"]).code(0).stdout_contains("(mended)");
    env.run(["system", "check"]).code(0).stdout("");
    env.run(["ps", "-aq"]).code(0).stdout("");
}

#[test]
fn what_is_left_over_is_no_damage_and_goes() {
    let env = env(User::Sub);
    let stray = env.root().join("images/blobs/sha256").join("0".repeat(64));
    fs::write(&stray, "stray").expect("a blob");
    for dir in ["containers/".to_string() + &"1".repeat(64), "trash/old".into(), "tmp/job-1-0".into()] {
        fs::create_dir_all(env.root().join(&dir)).expect("a directory");
        env.give(&env.root().join(dir));
    }
    let lock = env.root().join("containers").join("1".repeat(64)).join("lock");
    fs::write(&lock, "").expect("a lock");
    env.give(&lock);
    env.run(["system", "check"])
        .code(0)
        .stdout_contains("left over: container 111111111111: was left half made");
    env.run(["system", "check", "--max", "0s"]).code(0).stdout_contains("left over: blobs: 1 that no image");
    env.run(["system", "check", "--max", "0s", "-r"]).code(0).stdout_contains("(mended)");
    assert!(!stray.exists());
    assert!(!env.root().join("trash/old").exists());
    assert!(!env.root().join("tmp/job-1-0").exists());
    env.run(["system", "check", "--max", "soon"]).code(125).stderr_contains("24h");
}
