//! What users of podman and docker do without thinking: names, spellings, files, variables.

use crate::env::{Env, User, finish, fixture};

/// A link to the binary with another name, in a directory of the test.
fn link(env: &Env, name: &str) -> std::path::PathBuf {
    let path = env.tmp().join(name);
    std::os::unix::fs::symlink(Env::binary(), &path).expect("a link");
    path
}

#[test]
fn a_link_named_podman_or_docker_is_box_under_that_name() {
    let env = Env::new();
    for name in ["podman", "docker"] {
        let link = link(&env, name);
        let run = |args: &[&str]| {
            let mut command = env.program(&link);
            command.args(args);
            finish(command, b"")
        };
        run(&["run", "--rm", "busybox", "echo", "hello"]).code(0).stdout("hello\n").stderr("");
        run(&["run", "-rm=true", "busybox", "echo", "hello"]).code(0).stdout("hello\n").stderr("");
        run(&["run", "--help"]).code(0).stdout_contains(&format!("Usage: {name} run [OPTIONS] IMAGE"));
        run(&["run", "--help"]).code(0).stdout_contains(&format!("  {name} run -it ubuntu bash"));
        run(&["--help"]).code(0).stdout_contains(&format!("Usage: {name} [OPTIONS] COMMAND"));
        run(&["run", "--frob"]).code(125).stderr_contains(&format!("{name} run: unknown flag --frob"));
    }
    let mut elsewhere = env.program(env.tmp().join("docker"));
    elsewhere.env("DOCKER_HOST", "tcp://192.0.2.1:2375").arg("ps");
    finish(elsewhere, b"").code(125).stdout("").stderr_contains("DOCKER_HOST names one");
    let mut compose = env.program(link(&env, "docker-compose"));
    compose.arg("up");
    finish(compose, b"").code(125).stdout("").stderr_contains("docker-compose");
}

#[test]
fn what_other_machines_and_daemons_need_is_refused_with_a_word() {
    let mut env = Env::empty(User::Sub);
    for (line, word) in [
        ("-d", "no daemon"),
        ("-d -H unix:///var/run/docker.sock", "no daemon"),
        ("daemon", "no daemon"),
        ("-H tcp://192.0.2.1:2375 ps", "--host"),
        ("--url ssh://a@b/c ps", "--url"),
        ("--connection x ps", "--connection"),
        ("--remote ps", "--remote"),
        ("--url x ps", "box has no --url"),
        ("--volumepath /v ps", "box has no --volumepath"),
        ("--network-config-dir=/n info", "box has no --network-config-dir"),
        ("volume create --scope x", "box has no --scope"),
        ("push --sign-by x y", "box has no --sign-by"),
    ] {
        let output = env.run(line.split(' '));
        output.code(125).stdout("").stderr_contains(word).stderr_contains("Hint: ");
    }
    for (name, there, here) in [
        ("CONTAINER_HOST", "ssh://a@b/c", "unix:///run/user/1/podman/podman.sock"),
        ("CONTAINER_CONNECTION", "work", ""),
        // Docker's own, which says nothing to box under its own name.
        ("DOCKER_HOST", "", "tcp://192.0.2.1:2375"),
    ] {
        env.set(name, here);
        env.run(["ps"]).code(0).stderr("");
        if !there.is_empty() {
            env.set(name, there);
            env.run(["ps"]).code(125).stdout("").stderr_contains(name).stderr_contains("ssh HOST box");
            env.run(["version"]).code(0);
        }
        env.set(name, "");
    }
}

/// Writes a configuration file below the user's ~/.config.
fn config(env: &Env, name: &str, text: &str) -> String {
    let path = env.home().join(".config").join(name);
    std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
    std::fs::write(&path, text).expect("a file");
    path.to_str().expect("a plain path").to_string()
}

#[test]
fn containers_conf_gives_the_defaults() {
    let env = Env::new();
    config(
        &env,
        "containers/containers.conf",
        "[containers]\nenv = ['A=conf']\numask = '0077'\nshm_size = '1m'\nannotations = ['who=conf']\n\
         default_capabilities = ['CHOWN', 'KILL']\ndefault_ulimits = ['nofile=100:200']\n\
         default_sysctls = ['net.ipv4.ip_default_ttl=7', 'kernel.shmmax=4096']\ndns_servers = ['192.0.2.53']\n\
         no_such_key = 3\n[engine]\nstop_timeout = 3\n[no.such.table]\nx = 1\n",
    );
    let shell = "echo $A; umask; ulimit -n; cat /etc/resolv.conf";
    let output = env.run(["run", "--rm", "--network", "slirp4netns", "busybox", "sh", "-c", shell]);
    output.code(0).stdout_contains("conf\n0077\n100\n").stdout_contains("nameserver 192.0.2.53");
    let shell = "grep CapBnd /proc/self/status; cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/kernel/shmmax; df -k /dev/shm | tail -1";
    let output = env.run(["run", "--rm", "busybox", "sh", "-c", shell]);
    output.code(0).stdout_contains("CapBnd:\t0000000000000021\n7\n4096\n").stdout_matches(r"tmpfs +1024 ");
    env.run(["create", "--name", "c", "busybox", "true"]).code(0);
    env.run(["inspect", "-f", "{{.Config.StopTimeout}} {{.Config.Annotations.who}}", "c"])
        .code(0)
        .stdout("3 conf\n");

    // Flags, the image and other namespaces go before it.
    let shell = "echo $A; umask; ulimit -n; cat /proc/sys/net/ipv4/ip_default_ttl";
    let flags =
        ["run", "--rm", "-e", "A=flag", "--umask", "022", "--ulimit", "nofile=50", "--cap-add", "NET_RAW"];
    let rest = ["--sysctl", "net.ipv4.ip_default_ttl=8", "busybox", "sh", "-c", shell];
    env.run(flags.iter().chain(&rest)).code(0).stdout("flag\n0022\n50\n8\n");
    env.run(["run", "--rm", "--network", "host", "--ipc", "host", "busybox", "true"]).code(0);
    env.run(["import", "--change", "ENV A=image", &fixture("busybox.tar"), "with-env"]).code(0);
    env.run(["run", "--rm", "with-env", "sh", "-c", "echo $A"]).code(0).stdout("image\n");
}

#[test]
fn configuration_files_go_over_each_other_in_their_order() {
    let mut env = Env::new();
    let shown = |env: &Env| env.ok(["run", "--rm", "busybox", "sh", "-c", "echo $A$B$C$D"]);
    config(&env, "containers/containers.conf", "[containers]\nenv = ['A=1', 'B=1', 'C=1', 'D=1']\n");
    config(
        &env,
        "containers/containers.conf.d/10.conf",
        "[containers]\nenv = ['B=2', 'C=2', {append=true}]\n",
    );
    config(&env, "containers/containers.conf.d/20.conf", "[containers]\nenv = ['C=3', {append=true}]\n");
    config(&env, "containers/containers.conf.d/30.txt", "not read\n");
    assert_eq!(shown(&env), "1231");
    config(&env, "box/config.toml", "[containers]\nenv = ['D=4', {append=true}]\n");
    assert_eq!(shown(&env), "1234");
    let named = env.file("named.conf", "[containers]\nenv = ['A=n', 'D=n']\n");
    env.set("CONTAINERS_CONF", &named);
    assert_eq!(shown(&env), "n4");
    env.set("CONTAINERS_CONF_OVERRIDE", env.file("over.conf", "[containers]\nenv = ['A=o']\n"));
    assert_eq!(shown(&env), "o4");
    env.set("BOX_CONFIG", env.file("box.toml", "[containers]\nenv = ['A=b']\n"));
    assert_eq!(shown(&env), "b");
    env.set("CONTAINERS_CONF", "/no/such/file");
    env.run(["run", "--rm", "busybox", "true"]).code(125).stderr_contains("/no/such/file");
}

#[test]
fn a_broken_configuration_is_named_with_its_line() {
    let env = Env::new();
    let path = config(&env, "containers/containers.conf", "# mine\n[containers]\ninit = yes\n");
    env.run(["run", "--rm", "busybox", "true"])
        .code(125)
        .stdout("")
        .stderr_contains(&format!("{path}: line 3: "));
    // What starts nothing does not read it.
    env.run(["ps"]).code(0);
    config(&env, "containers/containers.conf", "[containers]\numask = 'abc'\n");
    env.run(["run", "--rm", "busybox", "true"])
        .code(125)
        .stderr_contains("umask = \"abc\"")
        .stderr_contains("octal");
}

#[test]
fn config_toml_says_where_the_store_is() {
    let mut env = Env::empty(User::Sub);
    let elsewhere = env.directory("elsewhere");
    env.unset("BOX_ROOT");
    config(&env, "box/config.toml", &format!("[storage]\nroot = '{elsewhere}/root'\n"));
    env.run(["info", "-f", "{{.Store.GraphRoot}}"]).code(0).stdout(&format!("{elsewhere}/root\n"));
    let root = format!("{elsewhere}/other");
    env.run(["--root", &root, "info", "-f", "{{.Store.GraphRoot}}"]).code(0).stdout(&format!("{root}\n"));
    env.set("BOX_ROOT", &root);
    env.run(["info", "-f", "{{.Store.GraphRoot}}"]).code(0).stdout(&format!("{root}\n"));
}

#[test]
fn variables_come_from_flags_files_and_here() {
    let mut env = Env::new();
    for (name, value) in [("KEEP_A", "1"), ("KEEP_B", "2"), ("OTHER", "3")] {
        env.set(name, value);
    }
    let file =
        env.file("env", "# comment\n\n  A=1 \nQ=\"quoted\" # no comment\r\nOTHER\nMISSING\nEMPTY=\nX=a=b\n");
    let shell = "env | grep -E '^(A|Q|OTHER|MISSING|EMPTY|X|KEEP_.|C)=' | sort; echo";
    let wanted = "A=1 \nC=c\nEMPTY=\nKEEP_A=1\nKEEP_B=2\nOTHER=3\nQ=\"quoted\" # no comment\nX=a=b\n\n";
    let flags = ["--env-file", &file, "-e", "KEEP_*", "-e", "C=c", "-e", "NOT_HERE"];
    let run = ["run", "--rm"].iter().chain(&flags);
    env.run(run.chain(&["busybox", "sh", "-c", shell])).code(0).stdout(wanted);
    env.run(["run", "-d", "--name", "c", "busybox", "sleep", "600"]).code(0);
    let exec = ["exec"].iter().chain(&flags);
    env.run(exec.chain(&["c", "sh", "-c", shell])).code(0).stdout(wanted);
    let wrong = env.file("wrong", "=value\n");
    env.run(["run", "--rm", "--env-file", &wrong, "busybox", "true"]).code(125).stderr_contains(&wrong);
    let labels = env.file("labels", "# c\na=1\n\nbare\nb=x y\n");
    env.run(["create", "--name", "l", "--label-file", &labels, "--label", "a=2", "busybox", "true"]).code(0);
    let text = "{{.Config.Labels.a}}|{{.Config.Labels.b}}|{{.Config.Labels.bare}}|";
    env.run(["inspect", "-f", text, "l"]).code(0).stdout("2|x y||\n");
}

#[test]
fn a_container_has_the_time_zone_that_was_asked_for() {
    let env = Env::new();
    let date = ["busybox", "date", "-d", "2026-07-01 00:00:00", "+%Z"];
    let run = |zone: &str| env.run(["run", "--rm", "--tz", zone].iter().chain(&date));
    run("Europe/Berlin").code(0).stdout("CEST\n");
    run("Asia/Tokyo").code(0).stdout("JST\n");
    run("local").code(0);
    run("Not/There").code(125).stderr_contains("no such time zone");
    run("../../etc/passwd").code(125).stderr_contains("no such time zone");
    env.run(["create", "--name", "c", "--tz", "Asia/Tokyo", "busybox", "true"]).code(0);
    env.run(["inspect", "-f", "{{.Config.Timezone}}", "c"]).code(0).stdout("Asia/Tokyo\n");
    config(&env, "containers/containers.conf", "[containers]\ntz = 'Asia/Tokyo'\n");
    env.run(["run", "--rm"].iter().chain(&date)).code(0).stdout("JST\n");
}

#[test]
fn account_lines_are_written_where_the_number_is_unknown() {
    let env = Env::new();
    let entry = "$USERNAME:x:$UID:$GID:me:$HOME:/bin/ash";
    let run = ["run", "--rm", "-u", "1234:77", "-w", "/srv", "--passwd-entry", entry];
    let more = ["--group-entry", "team:x:$GID:$USERLIST", "--hostuser", "daemon"];
    let shell = "grep -E 'me|daemon' /etc/passwd; grep team /etc/group";
    let output = env.run(run.iter().chain(&more).chain(&["busybox", "sh", "-c", shell]));
    output.code(0).stdout_contains("1234:x:1234:77:me:/srv:/bin/ash\n").stdout_contains("team:x:77:\n");
    output.stdout_matches("(?m)^daemon:");
    env.run(["run", "--rm", "--hostuser", "nobody-here", "busybox", "true"])
        .code(125)
        .stderr_contains("--hostuser");
}

#[test]
fn a_container_s_requirements_are_started_first() {
    let env = Env::new();
    env.run(["create", "--name", "db", "busybox", "sleep", "600"]).code(0);
    env.run(["create", "--name", "cache", "--requires", "db", "busybox", "sleep", "600"]).code(0);
    env.run(["run", "--name", "web", "--requires", "cache", "busybox", "true"]).code(0);
    assert_eq!(env.status("db"), "running");
    assert_eq!(env.status("cache"), "running");
    env.run(["rm", "-f", "-t", "0", "db"]).code(2).stderr_contains("dependent containers");
    env.run(["run", "--rm", "--requires", "nobody", "busybox", "true"]).code(125).stderr_contains("nobody");
    env.run(["stop", "-t", "0", "db", "cache"]).code(0);
    env.run(["start", "-a", "web"]).code(0);
    assert_eq!(env.status("db"), "running");
    env.run(["rm", "-f", "-t", "0", "--depend", "db"]).code(0);
}

#[test]
fn id_files_name_containers() {
    let env = Env::new();
    let file = |name: &str| env.tmp().join(name).to_str().expect("a plain path").to_string();
    let (one, two, pid) = (file("one"), file("two"), file("pid"));
    let run = |cid: &str| {
        let args = ["run", "-d", "--cidfile", cid, "--pidfile", &pid, "--conmon-pidfile", &file("monitor")];
        env.run(args.iter().chain(&["busybox", "sleep", "600"])).code(0).stdout_line()
    };
    let (first, second) = (run(&one), run(&two));
    assert_eq!(std::fs::read_to_string(&one).expect("an id"), first);
    assert!(std::fs::read_to_string(&pid).expect("a pid").trim().parse::<i32>().is_ok());
    env.run(["run", "--rm", "--cidfile", &one, "busybox", "true"])
        .code(125)
        .stderr_contains("container id file exists");
    env.run(["inspect", "-f", "{{.HostConfig.ContainerIDFile}}", &first]).code(0).stdout(&format!("{one}\n"));
    env.run(["ps", "--filter", &format!("id={first}"), "--format", "{{.CIDFile}}"])
        .code(0)
        .stdout(&format!("{one}\n"));
    env.run(["exec", "--cidfile", &one, "hostname"]).code(0).stdout(&format!("{}\n", &first[..12]));
    env.run(["kill", "--cidfile", &one]).code(0);
    env.run(["restart", "-t", "0", "--cidfile", &one, "--cidfile", &two]).code(0);
    env.run(["stop", "-t", "0", "--cidfile", &one, "--cidfile", &two]).code(0);
    env.run(["rm", "--cidfile", &one, "--cidfile", &two]).code(0).stdout(&format!("{first}\n{second}\n"));
    env.run(["rm", "--cidfile", &file("none")]).code(125);
    env.run(["rm", "--ignore", "--cidfile", &one]).code(0);
    for command in ["rm", "stop"] {
        env.run([command, "--ignore", "--cidfile", &file("none")]).code(0).stdout("").stderr("");
        env.run([command, "--cidfile", &file("none")]).fails(125, "cannot read the id file");
    }
}

#[test]
fn a_directory_is_run_as_it_is() {
    let env = Env::new();
    let dir = env.directory("rootfs");
    let unpack = ["unshare", "tar", "-C", &dir, "-xf", &fixture("busybox.tar")];
    env.run(unpack).code(0);
    env.run(["run", "--rm", "--rootfs", &dir, "sh", "-c", "echo here > /file; hostname -s >/dev/null"])
        .code(0);
    assert_eq!(std::fs::read_to_string(env.tmp().join("rootfs/file")).expect("a file"), "here\n");
    env.run(["run", "--rm", "--read-only", "--rootfs", &dir, "sh", "-c", "echo > /other"]).code(1);
    env.run(["unshare", "rm", "-r", &dir]).code(0);
}

#[test]
fn containers_conf_speaks_of_the_engine_too() {
    let mut env = Env::new();
    env.file("hosts", "192.0.2.7 from-conf\n");
    let hosts = env.tmp().join("hosts");
    let engine = "[engine]\nretry = 0\nretry_delay = '1ms'\nenv = ['HTTP_PROXY=http://192.0.2.1:1', 'HOME=/nowhere']\n";
    let text = format!("[containers]\nbase_hosts_file = '{}'\n{engine}", hosts.display());
    let file = config(&env, "containers/containers.conf", &text);
    let run =
        ["run", "--rm", "--network", "none", "busybox", "sh", "-c", "cat /etc/hosts; echo $HTTP_PROXY $HOME"];
    let output = env.run(run);
    output.code(0).stdout_contains("from-conf").stdout_contains("http://192.0.2.1:1 /root\n");
    std::fs::write(&file, "[engine]\nretry_delay = 'soon'\n").unwrap();
    env.run(["pull", "x"]).fails(125, "retry_delay");
    std::fs::write(&file, "[engine]\nenv = ['=x']\n").unwrap();
    env.run(["pull", "x"]).fails(125, "env of containers.conf");
    std::fs::write(&file, "").unwrap();
    env.set("PODMAN_USERNS", "keep-id");
    let uid = format!("{}\n", env.uid());
    let id = ["busybox", "id", "-u"];
    env.run([&["run", "--rm", "--network", "none"][..], &id].concat()).stdout(&uid);
    env.run([&["run", "--rm", "--network", "none", "--userns", "host"][..], &id].concat()).stdout("0\n");
    env.set("PODMAN_USERNS", "nonsense");
    env.run([&["run", "--rm", "--network", "none"][..], &id].concat()).fails(125, "PODMAN_USERNS");
}

#[test]
fn containers_conf_speaks_of_networks_too() {
    let env = Env::new();
    let file = config(
        &env,
        "containers/containers.conf",
        "[containers]\nhost_containers_internal_ip = '192.0.2.7'\n\
         [network]\ndefault_subnet = '10.77.0.0/24'\npasta_options = ['--mtu', '1400']\n\
         default_subnet_pools = [{'base' = '172.20.0.0/27', 'size' = 28}]\n\
         [engine]\nnetwork_cmd_options = ['cidr=10.5.0.0/24', 'mtu=1300']\n",
    );
    let subnet =
        |network: &str| env.ok(["network", "inspect", "-f", "{{(index .Subnets 0).Subnet}}", network]);
    assert_eq!(subnet("box"), "10.77.0.0/24");
    env.run(["network", "create", "a"]).code(0);
    env.run(["network", "create", "b"]).code(0);
    assert_eq!((subnet("a"), subnet("b")), ("172.20.0.0/28".into(), "172.20.0.16/28".into()));
    env.run(["network", "create", "c"]).fails(125, "free subnet");

    let hosts = "grep -c '192.0.2.7.*host.*internal' /etc/hosts; grep -c 'host.docker.internal' /etc/hosts";
    env.run(["run", "--rm", "busybox", "sh", "-c", hosts]).code(0).stdout("2\n1\n");
    let flag = ["run", "--rm", "--add-host", "host.docker.internal:192.0.2.8", "busybox", "sh", "-c", hosts];
    env.run(flag).code(0).stdout("1\n1\n");
    env.run(["run", "--rm", "--no-hosts", "busybox", "true"]).code(0);

    let shown = "ip -4 addr show dev tap0; cat /sys/class/net/tap0/mtu";
    let run = |network: &str| env.run(["run", "--rm", "--network", network, "busybox", "sh", "-c", shown]);
    run("slirp4netns").code(0).stdout_contains("10.5.0.").stdout_contains("1300\n");
    run("slirp4netns:mtu=1400").code(0).stdout_contains("10.0.2.").stdout_contains("1400\n");
    let mtu = ["run", "--rm", "--network", "pasta", "busybox", "sh", "-c", "cat /sys/class/net/*/mtu"];
    env.run(mtu).code(0).stdout_contains("1400\n");

    for (text, key) in [
        ("[network]\ndefault_subnet_pools = [{base = '10.0.0.0/24', size = 16}]\n", "default_subnet_pools"),
        ("[network]\ndefault_subnet_pools = [{base = 'x', size = 16}]\n", "default_subnet_pools"),
        ("[containers]\nhost_containers_internal_ip = 'here'\n", "host_containers_internal_ip"),
        ("[engine]\nnetwork_cmd_options = ['nonsense=1']\n", "network_cmd_options"),
    ] {
        std::fs::write(&file, text).unwrap();
        let command = if key.ends_with("pools") {
            env.run(["network", "create", "d"])
        } else {
            env.run(["run", "--rm", "--network", "slirp4netns", "busybox", "true"])
        };
        command.fails(125, key);
    }
    // The default network is there: what it would have been made with counts no more.
    std::fs::write(&file, "[network]\ndefault_subnet = 'nonsense'\n").unwrap();
    env.run(["run", "--rm", "busybox", "true"]).code(0);
    env.run(["system", "reset", "--force"]).code(0);
    env.run(["network", "ls"]).fails(125, "default_subnet");
}
