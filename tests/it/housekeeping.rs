//! system df, system prune, container prune, image prune.

use crate::env::{EVERYONE, Env, User, fixture};

/// A field of `system df --format json`.
fn df(env: &Env, kind: &str, field: &str) -> u64 {
    let text = env.ok(["system", "df", "--format", "json"]);
    let rows: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let row = rows.as_array().expect("a list").iter().find(|row| row["Type"] == kind).expect("the row");
    row[field].as_u64().expect("a number")
}

#[test]
fn df_adds_up_what_is_there() {
    for user in EVERYONE {
        let env = Env::of(user);
        env.run(["system", "df"])
            .code(0)
            .stdout_matches(r"^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE\nImages +1 +0 +[0-9.]+MB +[0-9.]+MB \(100%\)\nContainers +0 +0 +0B +0B \(0%\)\n");
        env.run(["run", "--name", "c", "busybox", "sh", "-c", "head -c 3000000 /dev/zero > /x"]).code(0);
        assert_eq!(df(&env, "Images", "Active"), 1);
        assert_eq!(df(&env, "Images", "RawReclaimable"), 0);
        let size = df(&env, "Containers", "RawSize");
        assert!((3_000_000..3_100_000).contains(&size), "{size}");
        assert_eq!(df(&env, "Containers", "RawReclaimable"), size);
        env.run(["run", "-d", "--name", "d", "busybox", "sleep", "600"]).code(0);
        assert_eq!(df(&env, "Containers", "Active"), 1);
        env.run(["system", "df", "--format", "{{.Type}}={{.Total}}"])
            .code(0)
            .stdout_contains("Images=1\nContainers=2\n");
        env.run(["system", "df", "-v"])
            .code(0)
            .stdout_contains("Images space usage:\n\nREPOSITORY")
            .stdout_matches(r"localhost/busybox +latest +[0-9a-f]{12} .* 2\n")
            .stdout_matches(r"sleep 600 .* running +d\n");
        let each = env.ok(["system", "df", "-v", "--format", "json"]);
        let each: serde_json::Value = serde_json::from_str(&each).expect("JSON");
        assert_eq!(each["Images"][0]["Containers"], "2", "{each}");
        // One heading, one number; it is the sum that counts what it takes on the disk.
        let size = env.ok(["images", "--format", "{{.Size}}", "busybox"]).replace(' ', "");
        let number = |text: &str| text.trim_end_matches("MB").parse::<f64>().expect("megabytes");
        let told = number(each["Images"][0]["Size"].as_str().expect("a text"));
        assert!((told - number(&size)).abs() < 0.01, "{size}: {each}");
        env.run(["system", "df", "-v", "--format", "{{range .Containers}}{{.Names}}:{{.State}} {{end}}"])
            .code(0)
            .stdout("d:running c:exited \n");
    }
}

#[test]
fn what_two_images_share_counts_once() {
    let env = Env::new();
    let before = df(&env, "Images", "RawSize");
    env.run(["tag", "busybox", "other"]).code(0);
    assert_eq!(df(&env, "Images", "RawSize"), before);
    assert_eq!(df(&env, "Images", "Total"), 1);
    // The same layer under another configuration: only the documents are new.
    env.run(["import", "--change", "ENV A=b", &fixture("busybox.tar"), "second"]).code(0);
    assert_eq!(df(&env, "Images", "Total"), 2);
    let after = df(&env, "Images", "RawSize");
    assert!(after > before && after - before < 4096, "{before} {after}");
    env.run(["system", "df", "-v"])
        .code(0)
        .stdout_matches(r"second .* [0-9.]+MB +[0-9.]+MB +[0-9.]+k?B +0\n");
    // What an unused image would free is only what is its own.
    env.run(["create", "--name", "c", "busybox", "true"]).code(0);
    let reclaimable = df(&env, "Images", "RawReclaimable");
    assert!(reclaimable > 0 && reclaimable < 4096, "{reclaimable}");
}

#[test]
fn prune_removes_what_nobody_uses_and_says_how_much() {
    let env = Env::new();
    env.run(["run", "--name", "ended", "busybox", "sh", "-c", "head -c 2000000 /dev/zero > /x"]).code(0);
    env.run(["run", "-d", "--name", "running", "busybox", "sleep", "600"]).code(0);
    env.run(["import", "--change", "ENV A=b", &fixture("busybox.tar"), "second"]).code(0);
    let ended = env.ok(["inspect", "--format", "{{.Id}}", "ended"]);
    let second = env.ok(["images", "-q", "--no-trunc", "second"]).replace("sha256:", "");

    // Nobody answers, or somebody does not mean it.
    env.run(["system", "prune"]).code(125).stdout("").stderr_contains("--force");
    env.feed(b"n\n", ["system", "prune"]).code(0).stdout("").stderr_contains("all stopped containers");
    env.run(["container", "exists", "ended"]).code(0);

    env.feed(b"y\n", ["system", "prune"])
        .code(0)
        .stdout(&format!("Deleted Containers\n{ended}\nTotal reclaimed space: 2MB\n"));
    env.run(["image", "exists", "second"]).code(0);
    env.run(["system", "prune", "-a", "-f"])
        .code(0)
        .stdout_contains(&format!("Deleted Images\n{second}\n"))
        .stdout_matches(r"Total reclaimed space: [0-9.]+k?B\n$");
    env.run(["image", "exists", "second"]).code(1);
    env.run(["image", "exists", "busybox"]).code(0);
    assert_eq!(env.status("running"), "running");
    env.run(["system", "prune", "-f"]).code(0).stdout("Total reclaimed space: 0B\n");
}

#[test]
fn prunes_take_filters() {
    let env = Env::new();
    // Names that no id can begin with.
    for (name, label) in [("one-a", "tier=ci"), ("one-b", "tier=prod"), ("one-c", "other")] {
        env.run(["create", "--name", name, "--label", label, "busybox", "true"]).code(0);
    }
    env.run(["container", "prune", "-f", "--filter", "label=tier=ci"]).code(0);
    env.run(["container", "exists", "one-a"]).code(1);
    env.run(["system", "prune", "-f", "--filter", "label!=other", "--filter", "until=1h"]).code(0);
    env.run(["container", "exists", "one-b"]).code(0);
    env.run(["system", "prune", "-f", "--filter", "label!=other"])
        .code(0)
        .stdout_contains("Deleted Containers");
    env.run(["container", "exists", "one-b"]).code(1);
    env.run(["container", "exists", "one-c"]).code(0);
    for command in ["system", "image"] {
        let output = env.run([command, "prune", "-f", "--filter", "foo=bar"]);
        output.code(125).stdout("").stderr_contains("foo is an invalid filter");
    }
    env.run(["rm", "one-c"]).code(0);
    env.run(["import", "--change", "LABEL a=b", &fixture("busybox.tar"), "labelled"]).code(0);
    env.run(["image", "prune", "-a", "-f", "--filter", "until=1h"]).code(0).stdout("");
    env.run(["image", "prune", "-a", "-f", "--filter", "label=a=b"]).code(0);
    env.run(["image", "exists", "labelled"]).code(1);
    env.run(["image", "exists", "busybox"]).code(0);
    env.run(["image", "prune", "-a"]).code(125).stdout("");
}

#[test]
fn an_empty_store_has_nothing_to_prune() {
    let env = Env::empty(User::Sub);
    env.run(["system", "df"]).code(0).stdout_matches(r"Images +0 +0 +0B +0B \(0%\)\n");
    env.run(["system", "prune", "-af"]).code(0).stdout("Total reclaimed space: 0B\n");
}

#[test]
fn volumes_and_networks_are_counted_and_go_when_nobody_uses_them() {
    let env = Env::new();
    for name in ["kept", "unused"] {
        env.run(["volume", "create", name]).code(0);
        env.run(["network", "create", name]).code(0);
    }
    let write = "head -c 1000000 /dev/zero > /v/x";
    for name in ["kept", "unused"] {
        let volume = format!("{name}:/v");
        env.run(["run", "--rm", "--network", "none", "-v", &volume, "busybox", "sh", "-c", write]).code(0);
    }
    let hold = ["run", "-d", "--name", "c", "--network", "kept", "-v", "kept:/v"];
    env.run(hold.iter().chain(&["busybox", "sleep", "600"])).code(0);
    assert_eq!(df(&env, "Local Volumes", "Total"), 2);
    assert_eq!(df(&env, "Local Volumes", "Active"), 1);
    assert_eq!(df(&env, "Local Volumes", "RawSize"), 2_000_000);
    assert_eq!(df(&env, "Local Volumes", "RawReclaimable"), 1_000_000);
    env.run(["system", "df", "-v"]).code(0).stdout_matches(r"(?m)^unused +0 +1MB$");
    env.run(["system", "prune", "-f"])
        .code(0)
        .stdout("Deleted Networks\nunused\nTotal reclaimed space: 0B\n");
    env.run(["volume", "exists", "unused"]).code(0);
    env.run(["system", "prune", "-f", "--volumes"])
        .code(0)
        .stdout("Deleted Volumes\nunused\nTotal reclaimed space: 1MB\n");
    env.run(["volume", "exists", "kept"]).code(0);
    env.run(["network", "exists", "kept"]).code(0);
    env.run(["rm", "-f", "-t", "0", "c"]).code(0);
    env.run(["volume", "rm", "kept"]).code(0);
    env.run(["network", "rm", "kept"]).code(0);
}

#[test]
fn the_policy_of_the_settings_gives_up_what_was_used_longest_ago() {
    let mut env = Env::new();
    for (name, change) in [("old", "ENV A=1"), ("older", "ENV A=2"), ("held", "ENV A=3")] {
        env.run(["import", "--change", change, &fixture("busybox.tar"), name]).code(0);
    }
    // As if nothing had been made from them for days.
    for (name, days) in [("old", 20), ("older", 30), ("held", 40)] {
        let id = env.ok(["images", "-q", "--no-trunc", name]).replace("sha256:", "");
        let blob = std::fs::File::options().write(true).open(env.root().join("images/blobs/sha256").join(id));
        let then = std::time::SystemTime::now() - std::time::Duration::from_secs(days * 86400);
        blob.expect("a blob").set_modified(then).expect("a time");
    }
    env.run(["create", "--name", "c", "held", "true"]).code(0);
    env.run(["system", "prune", "--policy", "-f"]).code(125).stderr_contains("[gc]");
    env.set("BOX_CONFIG", env.file("unused.toml", "[gc]\nunused = '25d'\n"));
    env.run(["system", "prune", "--policy", "--dry-run"]).code(0).stdout_contains("localhost/older:latest");
    env.run(["image", "exists", "older"]).code(0);
    env.run(["system", "prune", "--policy", "-f"]).code(0).stdout_contains("Deleted Images\n");
    env.run(["image", "exists", "older"]).code(1);
    for name in ["old", "held", "busybox"] {
        env.run(["image", "exists", name]).code(0);
    }
    // Even less may stay: only what a container uses does. A pull applies it by itself.
    env.set("BOX_CONFIG", env.file("keep.toml", "[gc]\nkeep = '1k'\n"));
    let name = format!("docker://{}/library/busybox:latest", crate::env::registry());
    env.run(["pull", "-q", "--tls-verify=false", &name]).code(0).stderr_contains("[gc]");
    env.run(["image", "exists", "old"]).code(1);
    env.run(["image", "exists", "localhost/busybox:latest"]).code(1);
    env.run(["image", "exists", &name.replace("docker://", "")]).code(0);
    env.run(["image", "exists", "held"]).code(0);
    // So does whatever else brings an image.
    let gone = |what: &str| env.run(["image", "exists", what]).code(1).succeeded();
    env.run(["import", "-q", &fixture("busybox.tar"), "brought"]).code(0).stderr_contains("[gc]");
    gone(&name.replace("docker://", ""));
    env.run(["load", "-q", "-i", &fixture("busybox-docker.tar")]).code(0).stderr_contains("[gc]");
    gone("brought");
    let before = env.ok(["images", "-q"]).lines().count();
    env.run(["commit", "-q", "c", "made"]).code(0).stderr_contains("[gc]");
    assert_eq!(env.ok(["images", "-q"]).lines().count(), before);
    env.run(["start", "-a", "c"]).code(0);
}

#[test]
fn a_dry_run_says_what_would_go_and_removes_nothing() {
    let env = Env::new();
    let id = env.ok(["create", "--name", "c", "--network", "none", "busybox", "true"]);
    env.run(["volume", "create", "v"]).code(0);
    env.run(["system", "prune", "--dry-run", "--volumes"])
        .code(0)
        .stdout(&format!("Would delete Containers\n{id}\nWould delete Volumes\nv\n"));
    env.run(["container", "exists", "c"]).code(0);
    env.run(["volume", "rm", "v"]).code(0);
}
