//! inspect, ps and their templates and filters: what scripts read.

use crate::env::Env;

fn json(env: &Env, args: &[&str]) -> serde_json::Value {
    let text = env.ok(args);
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{args:?} printed no JSON ({e}):\n{text}"))
}

#[test]
fn a_container_is_inspected() {
    let env = Env::new();
    let id = env.ok([
        "run",
        "-d",
        "--name",
        "c",
        "-e",
        "A=1",
        "-l",
        "k=v",
        "-h",
        "host",
        "-w",
        "/tmp",
        "--stop-timeout",
        "3",
        "--cap-add",
        "NET_ADMIN",
        "--tmpfs",
        "/t",
        "busybox",
        "sleep",
        "600",
    ]);
    let value = json(&env, &["inspect", "c"]);
    let one = &value[0];
    assert_eq!(one["Id"], id.as_str());
    assert_eq!(one["Name"], "c");
    assert_eq!(one["Path"], "sleep");
    assert_eq!(one["Args"][0], "600");
    assert_eq!(one["State"]["Status"], "running");
    assert_eq!(one["State"]["Running"], true);
    assert!(one["State"]["Pid"].as_i64().is_some_and(|pid| pid > 1), "{one}");
    assert_eq!(one["Config"]["Hostname"], "host");
    assert_eq!(one["Config"]["WorkingDir"], "/tmp");
    assert_eq!(one["Config"]["Cmd"], serde_json::json!(["sleep", "600"]));
    assert_eq!(one["Config"]["Labels"]["k"], "v");
    assert_eq!(one["Config"]["StopTimeout"], 3);
    assert!(one["Config"]["Env"].as_array().unwrap().contains(&"A=1".into()), "{one}");
    assert_eq!(one["ImageName"], "localhost/busybox:latest");
    assert!(one["Image"].as_str().unwrap().ends_with(&env.ok(["images", "-q", "--no-trunc"])[7..]), "{one}");
    for key in [
        "Created",
        "HostConfig",
        "NetworkSettings",
        "Mounts",
        "RestartCount",
        "EffectiveCaps",
        "BoundingCaps",
        "Driver",
    ] {
        assert!(!one[key].is_null(), "{key} is missing");
    }
}

#[test]
fn the_pid_is_the_host_s() {
    let env = Env::new();
    env.run(["run", "-d", "--name", "c", "busybox", "sleep", "614"]).code(0);
    let pid = env.ok(["inspect", "-f", "{{.State.Pid}}", "c"]);
    let cmdline = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).expect("a host pid");
    assert_eq!(cmdline, "sleep\x00614\x00");
}

#[test]
fn templates_are_go_s() {
    let env = Env::new();
    env.run(["create", "--name", "c", "-l", "a=1", "-l", "b=2", "busybox", "echo", "x y"]).code(0);
    for (template, wanted) in [
        ("{{.Name}}", "c"),
        ("{{ .State.Status | upper }}", "CREATED"),
        ("{{len .Args}}", "1"),
        ("{{json .Args}}", r#"["x y"]"#),
        ("{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}", "a=1;b=2;"),
        ("{{if .State.Running}}up{{else}}down{{end}}", "down"),
        (r#"{{index .Config.Labels "b"}}"#, "2"),
        (r#"{{join .Config.Cmd ","}}"#, "echo,x y"),
        (r#"{{printf "%s-%d" .Name .State.ExitCode}}"#, "c-0"),
        ("{{- with .Config}}{{.Hostname | len}}{{end -}}", "12"),
        (r#"{{eq .Name "c"}} {{and true (not false)}}"#, "true true"),
    ] {
        assert_eq!(env.ok(["inspect", "--format", template, "c"]), wanted, "{template}");
    }
    env.run(["inspect", "-f", "{{.NoSuchField}}", "c"]).code(125);
    env.run(["inspect", "-f", "{{.Name", "c"]).code(125);
}

#[test]
fn inspect_finds_by_type() {
    let env = Env::new();
    env.run(["create", "--name", "busybox", "busybox", "true"]).code(0);
    env.run(["inspect", "--type", "image", "-f", "{{.Os}}", "busybox"]).stdout("linux\n");
    env.run(["inspect", "--type", "container", "-f", "{{.State.Status}}", "busybox"]).stdout("created\n");
    env.run(["inspect", "-f", "{{.State.Status}}", "busybox"]).stdout("created\n");
    // A name that only one kind has, and one that two have: containers first, then images, then volumes.
    env.run(["volume", "create", "Only.Volume"]).code(0);
    env.run(["volume", "create", "busybox"]).code(0);
    env.run(["inspect", "-f", "{{.Driver}} {{.Anonymous}}", "Only.Volume"]).stdout("local false\n");
    env.run(["inspect", "--type", "volume", "-f", "{{.Name}}", "busybox"]).stdout("busybox\n");
    env.run(["rm", "busybox"]).code(0);
    env.run(["inspect", "-f", "{{.Os}}", "busybox"]).stdout("linux\n");
    env.run(["inspect", "--type", "container", "busybox"]).code(125).stdout("[]\n");
    let output = env.run(["inspect", "no-such"]);
    output.code(125).stderr_contains("no-such");
    env.run(["container", "inspect", "no-such"]).code(125);
    env.run(["image", "inspect", "no-such"]).code(125);
}

#[test]
fn ps_lists_what_runs_and_with_a_all() {
    let env = Env::new();
    env.run(["ps"])
        .code(0)
        .stdout_matches(r"^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES\n$");
    let id = env.ok(["run", "-d", "--name", "runs", "busybox", "sleep", "600"]);
    env.run(["run", "--name", "ended", "busybox", "sh", "-c", "exit 3"]).code(3);
    env.run(["create", "--name", "made", "busybox", "true"]).code(0);
    let out = env.run(["ps"]).out();
    assert_eq!(out.lines().count(), 2, "{out}");
    let line = regex::Regex::new(&format!(
        r"(?m)^{} +localhost/busybox:latest +sleep 600 +.*ago +Up .* runs$",
        &id[..12]
    ));
    assert!(line.unwrap().is_match(&out), "{out}");
    let out = env.run(["ps", "-a"]).out();
    assert_eq!(out.lines().count(), 4, "{out}");
    assert!(out.contains("Exited (3) ") && out.contains("Created"), "{out}");
    env.run(["ps", "-q"]).stdout(&format!("{}\n", &id[..12]));
    env.run(["ps", "-q", "--no-trunc"]).stdout(&format!("{id}\n"));
    assert_eq!(env.ok(["ps", "-aq"]).lines().count(), 3);
}

#[test]
fn ps_filters_and_formats() {
    let env = Env::new();
    env.run(["run", "-d", "--name", "runs", "-l", "x=1", "busybox", "sleep", "600"]).code(0);
    env.run(["run", "--name", "ended", "-l", "x=2", "busybox", "sh", "-c", "exit 3"]).code(3);
    let names = |filter: &str| env.ok(["ps", "-a", "--format", "{{.Names}}", "--filter", filter]);
    assert_eq!(names("status=running"), "runs");
    assert_eq!(names("status=exited"), "ended");
    assert_eq!(names("exited=3"), "ended");
    assert_eq!(names("label=x=1"), "runs");
    assert_eq!(names("name=end"), "ended");
    assert_eq!(names("ancestor=busybox").lines().count(), 2);
    assert_eq!(names("id=ffffffffffff"), "");
    env.run(["ps", "--filter", "no-such=1"]).fails(125, "no-such");
    let value = json(&env, &["ps", "-a", "--format", "json"]);
    assert_eq!(value.as_array().map(Vec::len), Some(2), "{value}");
    assert!(value[0]["Id"].is_string() && value[0]["Names"].is_array(), "{value}");
    env.run(["ps", "-a", "--format", "table {{.Names}}\t{{.Status}}"])
        .code(0)
        .stdout_matches(r"^NAMES +STATUS\n")
        .stdout_matches(r"(?m)^ended +Exited \(3\)");
    env.run(["ps", "--noheading", "--format", "{{.ID}} {{.Image}} {{.Command}} {{.State}}"])
        .stdout_matches("^[0-9a-f]{12} localhost/busybox:latest sleep 600 running\n$");
    assert_eq!(env.ok(["ps", "--last", "1", "--format", "{{.Names}}"]), "ended");
    assert_eq!(env.ok(["ps", "-a", "--sort", "names", "--format", "{{.Names}}"]), "ended\nruns");
}

#[test]
fn ps_shows_a_start_s_result_at_once() {
    let env = Env::new();
    for number in 0..5 {
        let name = format!("c{number}");
        env.run(["run", "-d", "--name", &name, "busybox", "sleep", "600"]).code(0);
        assert_eq!(env.ok(["ps", "-q", "--filter", &format!("name={name}")]).lines().count(), 1);
        env.run(["rm", "-f", "-t", "0", &name]).code(0);
        assert_eq!(env.ok(["ps", "-aq"]), "");
    }
}

#[test]
fn images_filters_and_formats() {
    let env = Env::new();
    env.run(["tag", "busybox", "example.test/other:v2"]).code(0);
    let value = json(&env, &["images", "--format", "json"]);
    assert!(value[0]["Id"].is_string(), "{value}");
    assert_eq!(
        env.ok(["images", "--filter", "reference=*/other", "--format", "{{.Repository}}:{{.Tag}}"]),
        "example.test/other:v2"
    );
    assert_eq!(env.ok(["images", "example.test/other", "--format", "{{.Tag}}"]), "v2");
    env.run(["images", "--filter", "dangling=true", "-q"]).stdout("");
    env.run(["images", "--filter", "no-such=1"]).fails(125, "no-such");
    env.run(["images", "-n", "--no-trunc"]).code(0).stdout_contains("sha256:");
    env.run(["image", "ls", "--digests"]).code(0).stdout_contains("DIGEST");
}

/// Names that scripts rely on: each is there with a value of its kind, whatever the container has.
#[test]
fn every_key_that_scripts_read_is_in_a_container() {
    let env = Env::new();
    env.run(["run", "-d", "--name", "c", "-v", "/srv:/srv:ro", "busybox", "sleep", "600"]).code(0);
    let all = json(&env, &["inspect", "--size", "c"]);
    let one = &all[0];
    let strings = "Id Created Path Image ImageDigest ImageName Rootfs Pod ResolvConfPath HostnamePath HostsPath \
        StaticDir OCIConfigPath OCIRuntime ConmonPidFile PidFile LogPath Name Driver Platform MountLabel \
        ProcessLabel AppArmorProfile Namespace KubeExitCodePropagation State.OciVersion State.Status \
        State.Error State.StartedAt State.FinishedAt State.CgroupPath State.Health.Status Config.Hostname \
        Config.Domainname Config.User Config.Image Config.WorkingDir Config.StopSignal Config.Timezone \
        Config.Umask Config.HealthcheckOnFailureAction Config.sdNotifyMode HostConfig.NetworkMode \
        HostConfig.LogConfig.Type HostConfig.LogConfig.Path HostConfig.LogConfig.Tag \
        HostConfig.LogConfig.Size HostConfig.RestartPolicy.Name HostConfig.HostsFile HostConfig.IpcMode \
        HostConfig.Cgroup HostConfig.PidMode HostConfig.UTSMode HostConfig.UsernsMode HostConfig.Runtime \
        HostConfig.CgroupParent HostConfig.CpusetCpus HostConfig.CpusetMems NetworkSettings.EndpointID \
        NetworkSettings.Gateway NetworkSettings.IPAddress NetworkSettings.IPv6Gateway \
        NetworkSettings.GlobalIPv6Address NetworkSettings.MacAddress NetworkSettings.Bridge \
        NetworkSettings.SandboxID NetworkSettings.SandboxKey GraphDriver.Name Mounts.0.Type Mounts.0.Name \
        Mounts.0.Source Mounts.0.Destination Mounts.0.Driver Mounts.0.Mode Mounts.0.Propagation \
        Mounts.0.SubPath";
    let numbers = "RestartCount SizeRw SizeRootFs lockNumber State.Pid State.ConmonPid State.ExitCode \
        State.Health.FailingStreak Config.Timeout Config.StopTimeout HostConfig.RestartPolicy.MaximumRetryCount \
        HostConfig.OomScoreAdj HostConfig.ShmSize HostConfig.CpuShares HostConfig.Memory HostConfig.NanoCpus \
        HostConfig.BlkioWeight HostConfig.CpuPeriod HostConfig.CpuQuota HostConfig.DiskQuota \
        HostConfig.MemoryReservation HostConfig.MemorySwap HostConfig.MemorySwappiness HostConfig.PidsLimit \
        NetworkSettings.IPPrefixLen NetworkSettings.GlobalIPv6PrefixLen";
    let truths = "IsInfra IsService State.Running State.Paused State.Restarting State.OOMKilled State.Dead \
        State.Checkpointed State.StoppedByUser Config.AttachStdin Config.AttachStdout Config.AttachStderr \
        Config.Tty Config.OpenStdin Config.StdinOnce Config.Passwd HostConfig.AutoRemove \
        HostConfig.AutoRemoveImage HostConfig.Privileged HostConfig.PublishAllPorts HostConfig.ReadonlyRootfs \
        HostConfig.OomKillDisable HostConfig.Init Mounts.0.RW";
    let lists = "Args EffectiveCaps BoundingCaps ExecIDs Mounts Dependencies Config.Env Config.Cmd \
        Config.Entrypoint Config.OnBuild Config.CreateCommand Config.Secrets State.Health.Log \
        HostConfig.Binds HostConfig.VolumesFrom HostConfig.CapAdd HostConfig.CapDrop HostConfig.Dns \
        HostConfig.DnsOptions HostConfig.DnsSearch HostConfig.ExtraHosts HostConfig.GroupAdd \
        HostConfig.Links HostConfig.SecurityOpt HostConfig.ConsoleSize HostConfig.BlkioWeightDevice \
        HostConfig.BlkioDeviceReadBps HostConfig.BlkioDeviceWriteBps HostConfig.BlkioDeviceReadIOps \
        HostConfig.BlkioDeviceWriteIOps HostConfig.Devices HostConfig.Ulimits Mounts.0.Options";
    let maps = "State Config HostConfig NetworkSettings GraphDriver.Data Config.Volumes Config.Labels \
        Config.Annotations Config.Healthcheck Config.ExposedPorts HostConfig.LogConfig.Config \
        HostConfig.PortBindings HostConfig.Tmpfs HostConfig.IDMappings HostConfig.CgroupConf \
        NetworkSettings.Ports NetworkSettings.Networks";
    every(one, strings, |value| value.is_string());
    every(one, numbers, |value| value.is_number());
    every(one, truths, |value| value.is_boolean());
    // What Go has as nil is null.
    every(one, lists, |value| value.is_array() || value.is_null());
    every(one, maps, |value| value.is_object() || value.is_null());
    let networks = one["NetworkSettings"]["Networks"].as_object().expect("a map");
    for network in networks.values() {
        every(
            network,
            "NetworkID EndpointID Gateway IPAddress MacAddress IPv6Gateway GlobalIPv6Address",
            |value| value.is_string(),
        );
        every(network, "IPPrefixLen GlobalIPv6PrefixLen", |value| value.is_number());
        every(network, "Aliases Links DriverOpts IPAMConfig", |value| {
            value.is_array() || value.is_object() || value.is_null()
        });
    }
    assert!(!networks.is_empty());
    // Without --size it is not known, which is not the same as nothing.
    assert_eq!(env.ok(["inspect", "-f", "{{json .SizeRw}} {{json .SizeRootFs}}", "c"]), "null null");
    // Both spellings of an id, as with podman.
    assert_eq!(env.ok(["inspect", "-f", "{{eq .Id .ID}}", "c"]), "true");
}

#[test]
fn every_key_that_scripts_read_is_in_an_image() {
    let env = Env::new();
    let all = json(&env, &["image", "inspect", "busybox"]);
    let one = &all[0];
    let strings = "Id Digest Parent Comment Created Version Author Architecture Os GraphDriver.Name \
        RootFS.Type ManifestType User";
    every(one, strings, |value| value.is_string());
    every(one, "Size VirtualSize", |value| value.is_number());
    every(one, "RepoTags RepoDigests RootFS.Layers History NamesHistory", |value| value.is_array());
    every(one, "Config GraphDriver.Data Labels Annotations Healthcheck", |value| {
        value.is_object() || value.is_null()
    });
    assert_eq!(one["Size"], one["VirtualSize"]);
    assert_eq!(one["RootFS"]["Layers"].as_array().map(Vec::len), Some(1));
}

/// That each of the keys (parts with dots between them) is there and has such a value.
#[track_caller]
fn every(document: &serde_json::Value, keys: &str, kind: impl Fn(&serde_json::Value) -> bool) {
    for key in keys.split_whitespace() {
        let value = document.pointer(&format!("/{}", key.replace('.', "/")));
        let value = value.unwrap_or_else(|| panic!("{key} is missing in {document:#}"));
        assert!(kind(value), "{key} is {value}");
    }
}
