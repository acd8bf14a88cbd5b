//! history, image tree, images --tree and --viz, untag: what images are made of and called.

use crate::env::{Env, User, registry};

fn name(path: &str) -> String {
    format!("{}/{path}", registry())
}

/// With three images, the first of which is the others' lowest layer.
fn with_images() -> Env {
    let env = Env::empty(User::Sub);
    for image in ["library/busybox", "test/layers", "test/configured"] {
        env.run(["pull", "-q", &name(image)]).code(0);
    }
    env
}

#[test]
fn history_tells_each_step_and_which_image_ends_there() {
    let env = with_images();
    let layers = name("test/layers");
    let top = env.ok(["inspect", "-f", "{{.Id}}", &layers]);
    let base = env.ok(["inspect", "-f", "{{.Id}}", &name("library/busybox")]);
    let table = env.ok(["history", &layers]);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(
        lines[0].split_whitespace().collect::<Vec<_>>(),
        ["ID", "CREATED", "CREATED", "BY", "SIZE", "COMMENT"]
    );
    assert!(lines[1].starts_with(&top[..12]) && lines[2].starts_with("<missing> "), "{table}");
    assert!(lines[3].contains("umoci raw add-layer") && lines[3].contains("three.tar"), "{table}");
    let ids = env.ok(["history", "-q", "--no-trunc", &layers]);
    assert_eq!(ids.lines().collect::<Vec<_>>(), [&top, "<missing>", "<missing>", "<missing>", &base]);
    env.run(["history", "--human=false", "--format", "{{.Created}} {{.Size}} {{.Comment}}", &layers])
        .stdout_matches(r"\n\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ 11 three.tar\n");
    let json: serde_json::Value =
        serde_json::from_str(&env.ok(["image", "history", "--format", "json", &layers])).unwrap();
    assert_eq!(
        (json[0]["id"].as_str(), json[0]["tags"][0].as_str()),
        (Some(&*top), Some(&*format!("{layers}:latest")))
    );
    assert_eq!(json[2]["size"], 11);
    env.run(["history", "nothing"]).fails(125, "nothing: image not known");
}

#[test]
fn trees_show_what_images_share() {
    let env = with_images();
    let (layers, base) = (name("test/layers"), name("library/busybox"));
    let tree = env.ok(["image", "tree", &layers]);
    assert!(tree.starts_with("Image ID: ") && tree.contains("\nImage Layers\n├── ID: "), "{tree}");
    assert!(tree.contains(&format!("{base}:latest")), "{tree}");
    let above = env.ok(["image", "tree", "--whatrequires", &base]);
    assert!(above.contains(&format!("{layers}:latest")) && above.contains("\n    └── ID: "), "{above}");
    let all = env.ok(["images", "--tree"]);
    assert_eq!(all.lines().count(), 3, "{all}");
    assert!(all.lines().next().unwrap().contains("test/configured:latest"), "{all}");
    let viz = env.ok(["images", "--viz"]);
    assert!(
        viz.starts_with("digraph docker {\n base -> \"") && viz.ends_with("base [style=invisible]\n}"),
        "{viz}"
    );
    assert_eq!(viz.matches("\" -> \"").count(), 2, "{viz}");
    env.run(["images", "-viz"]).code(0);
}

#[test]
fn untag_takes_only_names_of_that_image() {
    let env = Env::new();
    env.run(["tag", "busybox", "one:1", "two:2"]).code(0);
    env.run(["tag", "busybox", "other"]).code(0);
    env.run(["untag", "busybox", "nothing"]).fails(125, "localhost/nothing:latest: tag not known");
    env.run(["untag", "nothing"]).fails(125, "nothing: image not known");
    env.run(["untag", "busybox", "one:1"]).code(0).stdout("");
    env.run(["image", "exists", "one:1"]).code(1);
    let id = env.ok(["images", "-q", "busybox"]);
    env.run(["untag", "two:2"]).code(0);
    env.run(["images", "--format", "{{.Repository}} {{.ID}}"]).stdout(&format!("<none> {id}\n"));
    env.run(["run", "--rm", "--network", "none", &id, "echo", "still"]).stdout("still\n");
}
