//! Which registry is asked for which name, and what may come at all: registries.conf, policy.json,
//! certs.d beside them; the sources that are no registry.

use crate::env::{Env, User, finish, fixture, registry};
use crate::servers::{Answer, Server, forward};

/// A server that passes everything on to the real registry.
fn mirror() -> Server {
    Server::start(|request| forward(&registry(), request))
}

/// Makes this the registries.conf of all later commands.
fn configure(env: &mut Env, text: &str) {
    let file = env.file("registries.conf", text);
    env.set("CONTAINERS_REGISTRIES_CONF", file);
}

/// A file below ~/.config/containers.
fn user_file(env: &Env, name: &str, text: &str) {
    let path = env.home().join(".config/containers").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    env.give(&path);
}

#[test]
fn mirrors_are_asked_first_and_only_for_what_they_are_for() {
    let mut env = Env::empty(User::Sub);
    let (all, digests, tags) = (mirror(), mirror(), mirror());
    let gone = Server::start(|_| Answer::new(404, "{}"));
    let text = format!(
        "[[registry]]\nprefix = \"r.example/team\"\nlocation = \"{}/library\"\n\
         [[registry.mirror]]\nlocation = \"{}/gone\"\n\
         [[registry.mirror]]\nlocation = \"{}/library\"\npull-from-mirror = \"digest-only\"\n\
         [[registry.mirror]]\nlocation = \"{}/library\"\npull-from-mirror = \"tag-only\"\n",
        all.address, gone.address, digests.address, tags.address
    );
    configure(&mut env, &text);
    env.run(["pull", "-q", "r.example/team/busybox"]).code(0);
    assert!(!gone.seen().is_empty() && !tags.seen().is_empty());
    assert!(digests.seen().is_empty() && all.seen().is_empty());
    let digest = env.ok(["image", "inspect", "--format", "{{.Digest}}", "r.example/team/busybox"]);
    env.run(["image", "exists", "r.example/team/busybox:latest"]).code(0);
    env.run(["rmi", "-af"]).code(0);
    let before = tags.seen().len();
    env.run(["pull", "-q", &format!("r.example/team/busybox@{digest}")]).code(0);
    assert!(!digests.seen().is_empty());
    assert_eq!(tags.seen().len(), before);
    // No mirror has it: then the place itself is asked, and both say why not.
    env.run(["pull", "-q", "r.example/team/nothing"]).fails(125, "404");
    assert!(!all.seen().is_empty());
}

#[test]
fn creds_are_for_the_registry_that_was_named() {
    let mut env = Env::empty(User::Sub);
    let other = mirror();
    let text = format!(
        "[[registry]]\nlocation = \"{}\"\n[[registry.mirror]]\nlocation = \"{}\"\n",
        registry(),
        other.address
    );
    configure(&mut env, &text);
    env.run(["pull", "-q", "--creds", "ann:secret", &format!("{}/library/busybox", registry())]).code(0);
    assert!(other.seen().iter().all(|(_, _, authorization)| authorization.is_none()), "{:?}", other.seen());
}

#[test]
fn blocked_wild_and_broken_entries() {
    let mut env = Env::empty(User::Sub);
    let text = format!(
        "[[registry]]\nprefix = \"*.blocked.example\"\nblocked = true\n\
         [[registry]]\nprefix = \"*.corp.example\"\nlocation = \"{}\"\n",
        registry()
    );
    configure(&mut env, &text);
    env.run(["pull", "-q", "a.b.blocked.example/x"]).fails(125, "blocked by registries.conf");
    env.run(["pull", "-q", "hub.corp.example/library/busybox"]).code(0);
    env.run(["image", "exists", "hub.corp.example/library/busybox"]).code(0);
    for bad in [
        "[[registry]]\nprefix = \"*.x.example/y\"\n",
        "[[registry]]\nlocation = \"https://x.example\"\n",
        "[[registry]]\ninsecure = true\n",
        "[[registry]]\nlocation = \"x\"\n[[registry.mirror]]\ninsecure = true\n",
        "[[registry]]\nlocation = \"x\"\nmirror-by-digest-only = true\n\
         [[registry.mirror]]\nlocation = \"y\"\npull-from-mirror = \"all\"\n",
        "short-name-mode = \"sometimes\"\n",
        "not toml at all",
        "unqualified-search-registries = [\"a\"]\n[registries.search]\nregistries = [\"b\"]\n",
    ] {
        configure(&mut env, bad);
        env.run(["pull", "-q", "whatever"]).fails(125, "registries.conf");
    }
    env.set("CONTAINERS_REGISTRIES_CONF", "/no/such.conf");
    env.run(["pull", "-q", "whatever"]).fails(125, "/no/such.conf");
}

#[test]
fn short_names_mean_the_same_with_and_without_a_terminal() {
    let mut env = Env::empty(User::Sub);
    let here = registry();
    configure(&mut env, &format!("[aliases]\n\"bb\" = \"{here}/library/busybox\"\n"));
    env.run(["pull", "-q", "bb:latest"]).code(0);
    env.run(["image", "exists", &format!("{here}/library/busybox")]).code(0);
    let search = format!("unqualified-search-registries = [\"127.0.0.1:1\", \"{here}/test\"]\n");
    configure(&mut env, &search);
    env.run(["pull", "-q", "layers"]).code(0);
    let mut pty = env.pty(["pull", "layers"]);
    pty.code(0);
    assert!(!pty.screen().contains("lease select"), "{}", pty.screen());
    // What is here already is not looked for.
    env.run(["run", "--rm", "layers", "echo", "x"]).code(0).stdout("x\n");
    configure(&mut env, &format!("{search}short-name-mode = \"enforcing\"\n"));
    env.run(["pull", "-q", "layers"]).fails(125, "enforcing");
    // Version 1 of the format.
    let old = format!(
        "[registries.search]\nregistries = ['{here}/test']\n[registries.block]\nregistries = ['b.example']\n"
    );
    configure(&mut env, &old);
    env.run(["pull", "-q", "layers"]).code(0);
    env.run(["pull", "-q", "b.example/x"]).fails(125, "blocked");
}

#[test]
fn an_alias_means_the_image_that_is_here_to_every_command() {
    let mut env = Env::empty(User::Sub);
    let there = mirror();
    configure(&mut env, &format!("[aliases]\n\"b\" = \"{}/library/busybox\"\n", there.address));
    env.run(["pull", "-q", "b"]).code(0);
    let seen = there.seen().len();
    for line in [
        "run --rm --network none b true",
        "run --rm --network none --mount type=image,src=b,dst=/i b:latest true",
        "image exists b",
        "inspect b",
        "history b",
        "image tree b",
        "images -f before=b",
        "save -q -o saved.tar b",
        "tag b two",
        "rmi two",
        "rmi b",
    ] {
        env.run(line.split(' ')).code(0);
    }
    assert_eq!(there.seen().len(), seen, "nobody was asked again");
    env.run(["image", "exists", "b"]).code(1);
}

#[test]
fn drop_ins_and_the_users_own_file_are_read() {
    let env = Env::empty(User::Sub);
    let here = registry();
    user_file(
        &env,
        "registries.conf",
        "[aliases]\n\"one\" = \"127.0.0.1:1/x\"\n\"two\" = \"127.0.0.1:1/x\"\n",
    );
    user_file(
        &env,
        "registries.conf.d/1.conf",
        &format!("[aliases]\n\"one\" = \"{here}/library/busybox\"\n"),
    );
    user_file(
        &env,
        "registries.conf.d/2.conf",
        &format!("[aliases]\n\"two\" = \"{here}/library/busybox\"\n"),
    );
    env.run(["pull", "-q", "one"]).code(0);
    env.run(["pull", "-q", "two"]).code(0);
}

#[test]
fn the_policy_decides_what_may_come() {
    let env = Env::empty(User::Sub);
    let here = registry();
    let image = format!("{here}/library/busybox");
    let set = |text: String| user_file(&env, "policy.json", &text);
    let reject = r#"{"type":"reject"}"#;
    let accept = r#"{"type":"insecureAcceptAnything"}"#;
    set(format!("{{\"default\":[{reject}]}}"));
    env.run(["pull", "-q", &image]).fails(125, "rejected by policy");
    let archive = format!("docker-archive:{}", fixture("busybox-docker.tar"));
    env.run(["pull", "-q", &archive]).fails(125, "rejected by policy");
    let file = fixture("busybox-docker.tar");
    env.run(["load", "-q", "-i", &file]).fails(125, "docker-archive");
    env.feed(&std::fs::read(&file).unwrap(), ["load", "-q"]).fails(125, "rejected by policy");
    env.run(["load", "-q", "-i", &fixture("busybox-oci.tar")]).fails(125, "oci-archive");
    env.run(["images", "-q"]).stdout("");
    env.run(["run", "--rm", &image, "true"]).fails(125, "rejected by policy");
    set(format!(
        "{{\"default\":[{reject}],\"transports\":{{\"docker\":{{\"{here}/library\":[{accept}]}},\
         \"docker-archive\":{{\"\":[{accept}]}}}}}}"
    ));
    env.run(["pull", "-q", &image]).code(0);
    env.run(["pull", "-q", &archive]).code(0);
    env.run(["load", "-q", "-i", &file]).code(0);
    env.run(["load", "-q", "-i", &fixture("busybox-oci.tar")]).fails(125, "rejected by policy");
    env.run(["pull", "-q", &format!("{here}/test/layers")]).fails(125, "rejected by policy");
    set(r#"{"default":[{"type":"signedBy","keyType":"GPGKeys","keyPath":"/k"}]}"#.to_string());
    env.run(["pull", "-q", &image]).fails(125, "signed");
    set("{".to_string());
    env.run(["pull", "-q", &image]).fails(125, "policy.json");
}

#[test]
fn an_image_comes_from_each_kind_of_source() {
    let env = Env::empty(User::Sub);
    let dir = format!("{}/copy", env.tmp().display());
    let mut copy = env.program("skopeo");
    copy.args(["--insecure-policy", "copy", "-q"]);
    copy.arg(format!("oci:{}:busybox", fixture("layout"))).arg(format!("dir:{dir}"));
    finish(copy, b"").code(0);
    let here = registry();
    let mut ids = Vec::new();
    for source in [
        format!("docker://{here}/library/busybox"),
        format!("docker-archive:{}", fixture("busybox-docker.tar")),
        format!("docker-archive:{}:docker.io/library/busybox:archived", fixture("busybox-docker.tar")),
        format!("oci-archive:{}", fixture("busybox-oci.tar")),
        format!("oci:{}", fixture("layout")),
        format!("oci:{}:busybox", fixture("layout")),
        format!("dir:{dir}"),
    ] {
        ids.push(env.ok(["pull", "-q", &source]));
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    env.run(["image", "exists", &format!("localhost{dir}")]).code(0);
    env.run(["pull", "-q", &format!("oci:{}:no-such", fixture("layout"))]).fails(125, "no such image");
    env.run(["pull", "-q", "docker-daemon:busybox"]).fails(125, "docker-daemon");
    env.run(["pull", "-q", "dir:/no/such/dir"]).fails(125, "/no/such/dir");
}

#[test]
fn several_images_all_tags_and_platforms() {
    let env = Env::empty(User::Sub);
    let here = registry();
    let (one, two) = (format!("{here}/library/busybox"), format!("{here}/test/configured"));
    let output = env.run(["pull", "-q", &one, &two]);
    assert_eq!(output.code(0).out().lines().count(), 2, "{output}");
    // What is not there does not keep the others away.
    let output = env.run(["pull", "-q", &format!("{here}/no/such"), &one, &format!("{here}/nor/this")]);
    output.code(125).stderr_contains("no/such").stderr_contains("nor/this");
    assert_eq!(output.out().lines().count(), 1, "{output}");
    env.run(["pull", "-q", "-a", &format!("{here}/test/layers")]).code(0);
    for tag in ["latest", "zstd"] {
        env.run(["image", "exists", &format!("{here}/test/layers:{tag}")]).code(0);
    }
    env.run(["pull", "-q", "-a", &format!("{here}/test/layers:latest")]).fails(125, "--all-tags");
    let multi = format!("{here}/test/multi");
    env.run(["pull", "-q", "--platform", "linux/s390x", &multi]).code(0);
    env.run(["pull", "-q", "--arch", "s390x", "--os", "linux", &multi]).code(0);
    env.run(["pull", "-q", "--arch", "riscv64", &multi]).fails(125, "riscv64");
    env.run(["pull", "-q", "--disable-content-trust", &one]).code(0);
    env.run(["pull", "-q", "--policy", "never", &one]).code(0);
    env.run(["pull", "-q", "--decryption-key", "k", &one]).fails(125, "--decryption-key");
}

#[test]
fn a_registrys_catalogue_is_searched() {
    let env = Env::empty(User::Sub);
    let here = registry();
    let names = |words: &[&str]| {
        let output = env.run([&["search", "--format", "{{.Name}}"], words].concat());
        output.code(0).out().lines().map(|line| line.replace(&format!("{here}/"), "")).collect::<Vec<_>>()
    };
    assert_eq!(names(&[&format!("{here}/busy")]), ["library/busybox"]);
    let all = names(&[&format!("{here}/")]);
    assert!(all.len() > 4 && all.contains(&"test/multi".to_string()), "{all:?}");
    assert_eq!(names(&["--limit", "2", &format!("{here}/test/")]).len(), 2);
    env.run(["search", &format!("{here}/nothing-here")]).code(0).stdout("");
    env.run(["search", &format!("{here}/busy")])
        .code(0)
        .stdout(&format!("NAME                            DESCRIPTION\n{here}/library/busybox  \n"));
    env.run(["search", "--list-tags", "--limit", "1", &format!("{here}/library/debian")])
        .code(0)
        .stdout(&format!("NAME                           TAG\n{here}/library/debian  bookworm\n"));
    let json = env.ok(["search", "--list-tags", "--format", "json", &format!("{here}/test/layers")]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["Tags"].as_array().unwrap().len(), 2, "{json}");
    env.run(["search", "--list-tags", &format!("{here}/no/such")]).fails(125, "404");
    env.run(["search", "--filter", "bogus=1", "x"]).fails(125, "invalid filter");
    env.run(["search", "127.0.0.1:1/x"]).fails(125, "127.0.0.1:1");
}

#[test]
fn a_search_of_the_registrys_own_is_used_where_there_is_one() {
    let mut env = Env::empty(User::Sub);
    let hub = Server::start(|request| {
        assert_eq!(request.path, "/v1/search?q=redis&n=25");
        let text = r#"{"num_results":2,"results":[
            {"name":"redis","description":"Redis is\u001b[31m good, and more than forty-seven characters say so","star_count":9,"is_official":true,"is_automated":false},
            {"name":"x/redis","description":"","star_count":1,"is_official":false,"is_automated":true}]}"#;
        Answer::new(200, text)
    });
    configure(&mut env, &format!("unqualified-search-registries = [\"{}\"]\n", hub.address));
    let output = env.run(["search", "--compatible", "redis"]);
    output.code(0).stdout_contains("STARS").stdout_contains("[OK]").stdout_contains("...");
    assert!(!output.out().contains('\x1b'), "{output}");
    let filtered =
        env.ok(["search", "--filter", "is-official", "--format", "{{.Index}} {{.Stars}}", "redis"]);
    assert_eq!(filtered, format!("{} 9", hub.address));
    env.run(["search", "--filter", "stars=10", "redis"]).code(0).stdout("");
    let json = env.ok(["search", "--no-trunc", "--format", "json", "redis"]);
    assert!(json.contains("characters say so") && json.contains("\"Automated\": \"[OK]\""), "{json}");
}
