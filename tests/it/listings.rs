//! What `ps`, `images` and `info` can show: each placeholder, key, filter and order.

use crate::env::{Env, Output, User};

/// The words that stand in a template, and what each shows.
fn shown(env: &Env, list: &[&str], fields: &str) -> Vec<(String, String)> {
    let one = |name: &str| {
        let mut args = list.to_vec();
        let template = format!("{{{{.{name}}}}}");
        args.extend(["--format", &template]);
        (name.to_string(), env.ok(args))
    };
    fields.split_whitespace().map(one).collect()
}

fn keys(value: &serde_json::Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().expect("a map").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

fn parsed(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.code(0).stdout).unwrap_or_else(|e| panic!("no JSON ({e}):\n{output}"))
}

#[test]
fn ps_has_every_placeholder_of_podman_and_docker() {
    let env = Env::new();
    let id = env.ok([
        "run",
        "-d",
        "--name",
        "c",
        "-l",
        "tier=web",
        "--expose",
        "53/udp",
        "-v",
        "/srv:/srv:ro",
        "busybox",
        "sleep",
        "600",
    ]);
    let fields = "AutoRemove CIDFile Command Created CreatedAt CreatedHuman ExitCode Exited ExitedAt \
        ExposedPorts ID Image ImageID IsInfra Labels Mounts Names Networks Pid Pod PodName Ports Restarts \
        RunningFor Size StartedAt State Status Cgroup IPC MNT NET PIDNS User UTS LocalVolumes Platform";
    let shown = shown(&env, &["ps"], fields);
    for (name, text) in &shown {
        let matches = |pattern: &str| regex::Regex::new(pattern).expect("a pattern").is_match(text);
        let good = match name.as_str() {
            "AutoRemove" | "Exited" | "IsInfra" => text == "false",
            "CIDFile" | "Pod" | "PodName" => text.is_empty(),
            "Command" => text == "sleep 600",
            "CreatedAt" => matches(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} \w+$"),
            "Created" | "CreatedHuman" | "RunningFor" => matches(" ago$"),
            "ExitCode" | "Restarts" | "LocalVolumes" => text == "0",
            "ExitedAt" => text == "-62135596800",
            "ExposedPorts" => text == "53/udp",
            "Ports" => matches("^53/udp$"),
            "ID" => id.starts_with(text) && text.len() == 12,
            "Image" => text == "localhost/busybox:latest",
            "ImageID" => matches("^[0-9a-f]{12}$"),
            "Labels" => text == "map[tier:web]",
            "Mounts" => text == "/srv",
            "Names" => text == "c",
            "Networks" | "Platform" => !text.is_empty(),
            "Pid" | "StartedAt" => matches("^[1-9][0-9]+$"),
            "Size" => matches(r"^[0-9.]+[kM]?B \(virtual [0-9.]+MB\)$"),
            "State" => text == "running",
            "Status" => matches("^Up "),
            // The numbers of its namespaces.
            _ => matches("^40265[0-9]+$"),
        };
        assert!(good, "{name} is {text:?}");
    }
    assert_eq!(env.ok(["ps", "--format", "{{.Label \"tier\"}}"]), "web");
    let whole = env.run(["ps", "--no-trunc", "--format", "{{.ID}}"]);
    whole.stdout(&format!("{id}\n"));
    // With a heading for each.
    let all =
        fields.split_whitespace().map(|name| format!("{{{{.{name}}}}}")).collect::<Vec<_>>().join("\\t");
    let heading = env.run(["ps", "--format", &format!("table {all}")]).code(0).out();
    let heading = heading.lines().next().expect("a heading");
    assert!(
        heading.starts_with("AUTO REMOVE  CID FILE    COMMAND") && !heading.contains("no value"),
        "{heading}"
    );
}

#[test]
fn ps_has_podman_s_json_and_docker_s() {
    let env = Env::new();
    env.run(["create", "--name", "c", "-l", "a=1", "busybox", "true"]).code(0);
    let podman = parsed(&env.run(["ps", "-a", "--size", "--format", "json"]));
    assert_eq!(
        keys(&podman[0]),
        [
            "AutoRemove",
            "CIDFile",
            "Command",
            "Created",
            "CreatedAt",
            "ExitCode",
            "Exited",
            "ExitedAt",
            "ExposedPorts",
            "Id",
            "Image",
            "ImageID",
            "IsInfra",
            "Labels",
            "Mounts",
            "Names",
            "Namespaces",
            "Networks",
            "Pid",
            "Pod",
            "PodName",
            "Ports",
            "Restarts",
            "Size",
            "StartedAt",
            "State",
            "Status"
        ]
    );
    assert_eq!(podman[0]["Names"], serde_json::json!(["c"]));
    assert_eq!(podman[0]["Labels"]["a"], "1");
    assert!(podman[0]["Size"]["rwSize"].is_number() && podman[0]["Created"].is_number(), "{podman}");
    let docker = env.run(["ps", "-a", "--format", "{{json .}}"]);
    let docker = parsed(&docker);
    assert_eq!(
        keys(&docker),
        [
            "Command",
            "CreatedAt",
            "ID",
            "Image",
            "Labels",
            "LocalVolumes",
            "Mounts",
            "Names",
            "Networks",
            "Platform",
            "Ports",
            "RunningFor",
            "Size",
            "State",
            "Status"
        ]
    );
    assert_eq!((&docker["Names"], &docker["Labels"]), (&"c".into(), &"a=1".into()));
    assert_eq!(docker["Command"], "\"true\"");
}

#[test]
fn ps_filters_by_everything() {
    let env = Env::new();
    env.run([
        "run", "-d", "--name", "web-1", "-l", "tier=web", "--expose", "8080", "busybox", "sleep", "600",
    ])
    .code(0);
    env.run(["run", "--name", "db-1", "-l", "tier=db", "-v", "/srv:/data", "busybox", "sh", "-c", "exit 3"])
        .code(3);
    env.run([
        "create",
        "--name",
        "db-2",
        "-l",
        "tier=db",
        "-l",
        "x=",
        "--network",
        "none",
        "busybox",
        "true",
    ])
    .code(0);
    let names = |filters: &[&str]| {
        let mut args = vec!["ps", "-a", "--sort", "names", "--format", "{{.Names}}"];
        args.extend(filters.iter().flat_map(|filter| ["--filter", filter]));
        env.ok(args).replace('\n', " ")
    };
    let all = "db-1 db-2 web-1";
    for (filters, wanted) in [
        (&["name=^db-[12]$"][..], "db-1 db-2"),
        (&["name=db-1", "name=web"], "db-1 web-1"),
        (&["label=tier=db"], "db-1 db-2"),
        (&["label=tier=db", "label=x"], "db-2"),
        (&["label!=x"], "db-1 web-1"),
        (&["label!=tier=db"], "web-1"),
        (&["status=running"], "web-1"),
        (&["status=created"], "db-2"),
        (&["status=exited", "status=created"], "db-1 db-2"),
        (&["exited=3"], "db-1"),
        (&["exited=0"], ""),
        (&["ancestor=busybox"], all),
        (&["ancestor=localhost/busybox:latest"], all),
        (&["ancestor=other"], ""),
        (&["before=db-1"], "web-1"),
        (&["since=web-1"], "db-1 db-2"),
        (&["until=1h"], ""),
        (&["until=0s"], all),
        (&["volume=/data"], "db-1"),
        (&["volume=/srv"], "db-1"),
        (&["network=none"], "db-2"),
        (&["command=sleep"], "web-1"),
        (&["expose=8080"], "web-1"),
        (&["expose=8000-9000/tcp"], "web-1"),
        (&["expose=8080/udp"], ""),
        (&["publish=8080"], ""),
        (&["health=healthy"], ""),
        (&["pod=any"], ""),
        (&["health=none", "restart-policy=no", "is-task=false", "isolation=default"], all),
        (&["restart-policy=always"], ""),
        (&["should-start-on-boot=true"], ""),
        (&["health=none", "restart-policy=always"], ""),
        (&["name=db", "status=created"], "db-2"),
    ] {
        assert_eq!(names(filters), wanted, "{filters:?}");
    }
    let id = env.ok(["ps", "-aq", "--filter", "name=db-2"]);
    assert_eq!(names(&[&format!("id={id}")]), "db-2");
    for (filter, part) in [
        ("nonsense=1", "nonsense"),
        ("status=sleeping", "sleeping"),
        ("exited=x", "exit code"),
        ("until=soon", "soon"),
        ("name", "KEY=VALUE"),
        ("name=(", "regular expression"),
        ("before=nothing", "nothing"),
        ("health=fine", "\"fine\" is no value of the filter health"),
        ("restart-policy=bogus", "always, on-failure, unless-stopped"),
    ] {
        env.run(["ps", "--filter", filter]).fails(125, part);
    }
}

#[test]
fn ps_counts_what_was_written() {
    let env = Env::new();
    env.run(["run", "--name", "c", "busybox", "dd", "if=/dev/zero", "of=/big", "bs=1000", "count=2000"])
        .code(0);
    let size = parsed(&env.run(["ps", "-a", "--size", "--format", "json"]));
    let number = |key: &str| size[0]["Size"][key].as_u64().expect("a number");
    let (written, all) = (number("rwSize"), number("rootFsSize"));
    assert!((2_000_000..2_010_000).contains(&written), "{written}");
    let image = parsed(&env.run(["images", "--format", "json"]))[0]["Size"].as_u64().expect("a number");
    assert_eq!(all - written, image);
    env.run(["ps", "-as", "--noheading"]).code(0).stdout_matches(r"  2MB \(virtual [0-9.]+MB\)\n$");
    env.run(["ps", "-a", "--format", "{{.Size}}"]).stdout_matches(r"^2MB \(virtual ");
    assert_eq!(env.ok(["inspect", "--size", "-f", "{{.SizeRw}}", "c"]), written.to_string());
    // A copy of the image's files is not what it has written.
    let copy = ["--storage-driver", "vfs", "run", "--name", "v", "busybox", "dd", "if=/dev/zero"];
    env.run(copy.into_iter().chain(["of=/big", "bs=1000", "count=3000"])).code(0);
    let size = env.ok(["inspect", "--size", "-f", "{{.Driver}} {{.SizeRw}} {{.SizeRootFs}}", "v"]);
    let words: Vec<&str> = size.split(' ').collect();
    let number = |at: usize| words[at].parse::<u64>().expect("a number");
    assert!(words[0] == "vfs" && (3_000_000..3_010_000).contains(&number(1)), "{size}");
    assert_eq!(number(2) - number(1), image);
    let lower = env.ok(["inspect", "-f", "{{.Driver}} {{.GraphDriver.Data.LowerDir}}", "c"]);
    let driver = format!("{} /", crate::env::driver());
    assert!(lower.starts_with(&driver) && lower.ends_with("/diff"), "{lower}");
    // Unless asked for nothing is added up.
    assert!(parsed(&env.run(["ps", "-a", "--format", "json"]))[0]["Size"].is_null());
}

#[test]
fn ps_lists_the_last_ones_and_in_every_order() {
    let env = Env::new();
    for (name, command) in [("b", "true"), ("a", "false"), ("c", "echo")] {
        env.run(["create", "--name", name, "busybox", command]).code(0);
    }
    let names = |args: &[&str]| {
        let mut all = vec!["ps", "--format", "{{.Names}}"];
        all.extend(args);
        env.ok(all).replace('\n', "")
    };
    for (args, wanted) in [
        (&["-l"][..], "c"),
        (&["-n", "2"], "ca"),
        (&["--last", "0"], ""),
        (&["-a"], "cab"),
        (&["-a", "--sort", "names"], "abc"),
        (&["-a", "--sort", "command"], "cab"),
        (&["-a", "-n", "2", "--sort", "names"], "ac"),
        (&[], ""),
    ] {
        assert_eq!(names(args), wanted, "{args:?}");
    }
    let by_id: Vec<String> =
        env.ok(["ps", "-a", "--no-trunc", "-q", "--sort", "id"]).lines().map(str::to_string).collect();
    assert!(by_id.is_sorted() && by_id.len() == 3, "{by_id:?}");
    env.run(["ps", "-a", "--ns", "--noheading"]).code(0).stdout_matches("^[0-9a-f]{12}  c +0 +\n");
    env.run(["ps", "--ns"])
        .code(0)
        .stdout_matches("^CONTAINER ID +NAMES +PID +CGROUPNS +IPC +MNT +NET +PIDNS +USERNS +UTS\n$");
    env.run(["ps", "--pod"]).code(0).stdout_matches("NAMES +POD ID +PODNAME\n$");
}

#[test]
fn ps_watches() {
    let env = Env::new();
    let mut watch = env.spawn(["ps", "--watch", "1", "--format", "<{{.Names}}>"]);
    watch.expect("\x1b[H\x1b[J");
    env.run(["run", "-d", "--name", "late", "busybox", "sleep", "600"]).code(0);
    watch.expect("\x1b[H\x1b[J<late>\n");
    watch.signal(nix::sys::signal::Signal::SIGINT);
    watch.wait();
}

#[test]
fn images_has_every_placeholder_of_podman_and_docker() {
    let env = Env::new();
    env.run(["tag", "busybox", "quay.io/team/app:v1"]).code(0);
    env.run(["create", "--name", "c", "busybox", "true"]).code(0);
    let fields = "Containers Created CreatedAt CreatedSince CreatedTime Dangling Digest History ID Id IsDangling \
        IsReadOnly Labels Names ParentId ReadOnly RepoDigests Repository RepoTags SharedSize Size Tag VirtualSize";
    for (name, text) in shown(&env, &["images", "quay.io/team/app"], fields) {
        let matches = |pattern: &str| regex::Regex::new(pattern).expect("a pattern").is_match(&text);
        let good = match name.as_str() {
            "Containers" => text == "1",
            "Created" | "CreatedSince" => matches(" ago$"),
            "CreatedAt" | "CreatedTime" => matches(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} \w+$"),
            "Dangling" | "IsDangling" | "IsReadOnly" | "ReadOnly" => text == "false",
            "Digest" => matches("^sha256:[0-9a-f]{64}$"),
            "History" | "Names" | "RepoTags" => text.contains("quay.io/team/app:v1"),
            "ID" => matches("^[0-9a-f]{12}$"),
            "Id" => matches("^[0-9a-f]{64}$"),
            "Labels" => text == "map[]",
            "ParentId" => text.is_empty(),
            "RepoDigests" => text.starts_with('['),
            "Repository" => text == "quay.io/team/app",
            "SharedSize" => text == "0",
            "Tag" => text == "v1",
            _ => matches("^[0-9.]+MB$"),
        };
        assert!(good, "{name} is {text:?}");
    }
    let podman = parsed(&env.run(["images", "--format", "json"]));
    assert_eq!(podman.as_array().map(Vec::len), Some(1), "once for all its names: {podman}");
    assert_eq!(
        keys(&podman[0]),
        [
            "Containers",
            "Created",
            "CreatedAt",
            "Digest",
            "History",
            "Id",
            "Labels",
            "Names",
            "ParentId",
            "RepoDigests",
            "RepoTags",
            "SharedSize",
            "Size",
            "VirtualSize"
        ]
    );
    let docker = env.ok(["images", "--format", "{{json .}}"]);
    assert_eq!(docker.lines().count(), 2, "{docker}");
    let docker: serde_json::Value =
        serde_json::from_str(docker.lines().next().expect("a line")).expect("JSON");
    assert_eq!(
        keys(&docker),
        [
            "Containers",
            "CreatedAt",
            "CreatedSince",
            "Digest",
            "ID",
            "Repository",
            "SharedSize",
            "Size",
            "Tag",
            "UniqueSize",
            "VirtualSize"
        ]
    );
}

#[test]
fn images_filters_by_everything() {
    let env = Env::new();
    let tar = crate::env::fixture("busybox.tar");
    env.run(["import", "-c", "LABEL kind=tool", "-c", "LABEL x=", &tar, "quay.io/team/tool:v2"]).code(0);
    env.run(["import", "-m", "nameless", &tar]).code(0);
    env.run(["create", "--name", "c", "busybox", "true"]).code(0);
    let names = |filters: &[&str]| {
        let mut args = vec!["images", "--sort", "repository", "--format", "{{.Repository}}"];
        args.extend(filters.iter().flat_map(|filter| ["--filter", filter]));
        env.ok(args).replace('\n', " ")
    };
    let (busybox, tool) = ("localhost/busybox", "quay.io/team/tool");
    let all = format!("<none> {busybox} {tool}");
    for (filters, wanted) in [
        (&["dangling=true"][..], "<none>".to_string()),
        (&["dangling=false"], format!("{busybox} {tool}")),
        (&["label=kind"], tool.to_string()),
        (&["label=kind=tool", "label=x"], tool.to_string()),
        (&["label=kind=box"], String::new()),
        (&["label!=kind"], format!("<none> {busybox}")),
        (&["reference=quay.io/*/t*:v?"], tool.to_string()),
        (&["reference=tool", "reference=busybox"], format!("{busybox} {tool}")),
        (&["reference=*:v1"], String::new()),
        (&["containers=true"], busybox.to_string()),
        (&["containers=false"], format!("<none> {tool}")),
        (&["readonly=true"], String::new()),
        (&["readonly=false"], all.clone()),
        (&["manifest=true"], String::new()),
        (&["intermediate=true"], String::new()),
        (&["until=1h"], String::new()),
        (&["until=0s"], all.clone()),
        (&["before=quay.io/team/tool:v2"], busybox.to_string()),
        (&["since=localhost/busybox"], format!("<none> {tool}")),
        (&["after=localhost/busybox"], format!("<none> {tool}")),
    ] {
        assert_eq!(names(filters), wanted, "{filters:?}");
    }
    let id = env.ok(["images", "-q", tool]);
    assert_eq!(names(&[&format!("id={id}")]), tool);
    for (filter, part) in [
        ("nonsense=1", "nonsense"),
        ("dangling=maybe", "true or false"),
        ("since=nothing:here", "nothing:here"),
        ("label", "KEY=VALUE"),
    ] {
        env.run(["images", "--filter", filter]).fails(125, part);
    }
    // One of several names is shown without the others.
    env.run(["tag", "busybox", "busybox:again"]).code(0);
    assert_eq!(env.ok(["images", "--format", "{{.Tag}}", "busybox:again"]), "again");
    assert_eq!(env.ok(["images", "--noheading", "-q", "busybox"]).lines().count(), 1);
}

#[test]
fn info_and_version_have_podman_s_groups() {
    let env = Env::empty(User::Sub);
    let info = parsed(&env.run(["info", "--format", "json"]));
    assert_eq!(keys(&info), ["host", "plugins", "registries", "store", "version"]);
    for key in "arch cgroupControllers cgroupManager cgroupVersion cpus distribution eventLogger hostname \
        idMappings kernel logDriver memFree memTotal networkBackend ociRuntime os remoteSocket security \
        swapFree swapTotal uptime"
        .split_whitespace()
    {
        assert!(!info["host"][key].is_null(), "host.{key}");
    }
    for key in "configFile containerStore graphDriverName graphOptions graphRoot graphRootAllocated \
        graphRootUsed graphStatus imageCopyTmpDir imageStore runRoot volumePath"
        .split_whitespace()
    {
        assert!(!info["store"][key].is_null(), "store.{key}");
    }
    let text =
        env.ok(["info", "-f", "{{.Host.OCIRuntime.Name}} {{.Store.ImageStore.Number}} {{.Version.OsArch}}"]);
    assert!(text.starts_with("box 0 linux/"), "{text}");
    let version = parsed(&env.run(["version", "--format", "json"]));
    assert_eq!(keys(&version), ["Client", "Server"]);
    let both = env.ok(["version", "-f", "{{.Client.Version}} {{.Server.Version}} {{.Server.Arch}}"]);
    let version = env!("CARGO_PKG_VERSION");
    assert!(both.starts_with(&format!("{version} {version} ")), "{both}");
}

#[test]
fn what_docker_s_users_ask_info_version_and_lists_for_is_there() {
    let env = Env::new();
    let root = env.ok(["info", "-f", "{{.Store.GraphRoot}}"]);
    env.run(["info", "-f", "{{.DockerRootDir}} {{.OSType}} {{.Images}} {{.Swarm.LocalNodeState}}"])
        .code(0)
        .stdout(&format!("{} linux 1 inactive\n", root.trim_end()));
    env.run(["info", "-f", "{{.Nope}}"]).code(125).stdout("").stderr_contains("can't evaluate field Nope");
    let version = env!("CARGO_PKG_VERSION");
    env.run(["version", "-f", "{{.Version}} {{.Server.Platform.Name}} {{.Client.Context}}"])
        .code(0)
        .stdout(&format!("{version} Box Engine default\n"));
    env.run(["images", "--format", "{{.Repository}} {{.UniqueSize}}"])
        .code(0)
        .stdout("localhost/busybox N/A\n");
    env.run(["volume", "create", "--label", "a=b", "v"]).code(0);
    let volume = parsed(&env.run(["volume", "ls", "--format", "{{json .}}"]));
    assert_eq!((&volume["Labels"], &volume["Links"]), (&"a=b".into(), &"N/A".into()), "{volume}");
    // What docker calls the usual table.
    for list in ["images", "volume ls", "network ls", "ps -a", "system df", "history busybox"] {
        let words: Vec<&str> = list.split(' ').collect();
        let table = [&words[..], &["--format", "table"]].concat();
        assert_eq!(env.ok(&table), env.ok(&words), "{list}");
    }
    env.run(["network", "inspect", "box", "-f", "{{.EnableIPv4}} {{.ConfigOnly}} {{json .ConfigFrom}}"])
        .code(0)
        .stdout("true false {\"Network\":\"\"}\n");
    for (template, said) in [("{{foo}}", "foo"), ("{{if true}}", "{{end}}"), ("{{.Id", "unclosed")] {
        env.run(["ps", "--format", template]).code(125).stdout("").stderr_contains(said);
    }
}

#[test]
fn a_container_s_networks_and_a_network_s_labels_are_listed_as_podman_does() {
    let env = Env::new();
    env.run(["network", "create", "--label", "k=v", "--label", "l=w", "one"]).code(0);
    env.run(["network", "create", "two"]).code(0);
    env.run(["create", "--name", "both", "--network", "one,two", "busybox", "true"]).code(0);
    env.run(["create", "--name", "none", "--network", "none", "busybox", "true"]).code(0);
    let of = |name: &str| {
        let all = env.ok(["ps", "-a", "--format", "json", "--filter", &format!("name={name}")]);
        serde_json::from_str::<serde_json::Value>(&all).expect("JSON")[0]["Networks"].clone()
    };
    assert_eq!(of("both"), serde_json::json!(["one", "two"]));
    assert_eq!(of("none"), serde_json::json!([]));
    let filtered = |filter: &str| env.ok(["network", "ls", "-q", "--filter", filter]);
    assert_eq!(filtered("type=builtin"), "box");
    assert_eq!(filtered("type=custom"), "one\ntwo");
    assert_eq!(filtered("scope=local"), "box\none\ntwo");
    for (wrong, said) in
        [("type=x", "builtin or custom"), ("dangling=x", "filter dangling"), ("name=[", "expression")]
    {
        env.run(["network", "ls", "--filter", wrong]).fails(125, said);
    }
    let ls = |format: &str| env.ok(["network", "ls", "--filter", "name=one", "--format", format]);
    assert_eq!(ls("{{.Labels}}"), "k=v,l=w");
    assert_eq!(ls("{{.Label \"l\"}}{{.Label \"none\"}}"), "w");
    env.run(["rm", "both", "none"]).code(0);
    env.run(["network", "rm", "one", "two"]).code(0);
}
