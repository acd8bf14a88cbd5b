//! Networks of several containers: who reaches whom, by which address, and what is left afterwards.

use crate::env::{EVERYONE, Env, eventually};

/// A container that runs until it is removed.
pub(crate) fn sleeper(env: &Env, name: &str, flags: &[&str]) {
    let mut words = vec!["run", "-d", "--name", name];
    words.extend(flags);
    words.extend(["busybox", "sleep", "600"]);
    env.run(words).code(0);
}

/// A field of `.NetworkSettings`.
pub(crate) fn setting(env: &Env, container: &str, field: &str) -> String {
    env.ok(["inspect", "-f", &format!("{{{{.NetworkSettings.{field}}}}}"), container])
}

/// Whether one container gets an answer to a ping of that address.
pub(crate) fn reaches(env: &Env, from: &str, address: &str) -> bool {
    env.run(["exec", from, "ping", "-c", "1", "-W", "2", address]).code == Some(0)
}

/// The slirp4netns processes of this test.
pub(crate) fn uplinks(env: &Env) -> Vec<i32> {
    let all = env.processes();
    all.into_iter().filter(|(_, what)| what.contains("[slirp4netns]")).map(|(pid, _)| pid).collect()
}

#[test]
fn two_containers_reach_each_other_and_share_one_uplink() {
    for user in EVERYONE {
        let env = Env::of(user);
        sleeper(&env, "a", &[]);
        sleeper(&env, "b", &[]);
        assert_eq!(setting(&env, "a", "IPAddress"), "10.88.0.2");
        assert_eq!(setting(&env, "b", "IPAddress"), "10.88.0.3");
        assert_eq!(setting(&env, "b", "Gateway"), "10.88.0.1");
        assert_eq!(setting(&env, "b", "MacAddress"), "02:42:0a:58:00:03");
        for field in ["IPAddress", "GlobalIPv6Address"] {
            let address = setting(&env, "a", field);
            assert!(reaches(&env, "b", &address), "{user:?}: {address}");
        }
        assert!(reaches(&env, "a", "10.88.0.1"));
        env.run(["exec", "a", "ip", "-o", "link", "show", "eth0"]).stdout_contains("02:42:0a:58:00:02");
        assert_eq!(uplinks(&env).len(), 1, "{:?}", env.processes());
        env.run(["rm", "-f", "-t", "0", "a", "b"]).code(0);
        eventually("the uplink ends with the last container", || uplinks(&env).is_empty());
    }
}

#[test]
fn a_network_is_made_listed_inspected_and_removed() {
    let env = Env::new();
    env.run(["network", "create", "--label", "tier=web", "front"]).code(0).stdout("front\n");
    let flags =
        ["--subnet", "172.28.0.0/29", "--gateway", "172.28.0.6", "--ipv6", "-o", "mtu=1500", "--internal"];
    env.run(["network", "create"].into_iter().chain(flags).chain(["back"])).code(0);
    env.run(["network", "ls", "-q"]).code(0).stdout("box\nback\nfront\n");
    env.run(["network", "ls", "-q", "--filter", "label=tier=web"]).stdout("front\n");
    env.run(["network", "ls", "--format", "{{.Name}} {{.Driver}}"]).stdout_contains("front bridge\n");
    let shown = |template: &str, name: &str| env.ok(["network", "inspect", "-f", template, name]);
    let subnets = "{{range .Subnets}}{{.Subnet}} {{.Gateway}};{{end}}";
    assert_eq!(shown(subnets, "front"), "10.89.0.0/24 10.89.0.1;");
    assert!(shown(subnets, "back").starts_with("172.28.0.0/29 172.28.0.6;fd"));
    assert_eq!(shown("{{.Internal}} {{.IPv6Enabled}} {{index .Options \"mtu\"}}", "back"), "true true 1500");
    assert_eq!(shown("{{(index .IPAM.Config 0).Gateway}}", "bridge"), "10.88.0.1");
    let id = shown("{{.ID}}", "front");
    assert_eq!(shown("{{.Name}}", &id[..10]), "front");
    env.run(["network", "exists", "front"]).code(0);
    env.run(["network", "exists", "nothing"]).code(1);

    env.run(["network", "create", "front"]).fails(125, "already used");
    env.run(["network", "create", "--ignore", "front"]).code(0);
    env.run(["network", "create", "--subnet", "172.28.0.0/16", "x"]).fails(125, "network back has it");
    env.run(["network", "create", "--driver", "macvlan", "x"]).fails(125, "macvlan");
    env.run(["network", "create", "-o", "mtu=1", "x"]).fails(125, "mtu");
    env.run(["network", "create", "--route", "10.9.0.0/16,192.0.2.1", "x"]).fails(125, "in no subnet");
    env.run(["network", "connect"]).fails(125, "<NETWORK> is missing");
    for (subnet, why) in [
        ("127.9.0.0/16", "loopback"),
        ("224.7.0.0/24", "groups"),
        ("fe80::/64", "links"),
        ("0.7.0.0/16", "nobody"),
        ("10.44.0.0/31", "the smallest is a /30"),
        ("fd44::/127", "the smallest is a /126"),
    ] {
        env.run(["network", "create", "--subnet", subnet, "x"]).fails(125, why);
    }
    for word in ["none", "slirp4netns"] {
        env.run(["network", "create", word]).fails(125, "a word for a mode");
    }
    env.run(["network", "ls", "-q", "--filter", "dangling=true"]).stdout("back\nfront\n");
    env.run(["network", "ls", "-q", "--filter", "dangling=false"]).stdout("box\n");
    env.run(["network", "rm", "nothing"]).fails(1, "network not found");
    env.run(["network", "inspect", "nothing"]).code(125).stderr_contains("network not found");
    env.run(["network", "rm", "box"]).fails(125, "default network box cannot be removed");

    sleeper(&env, "c", &["--network", "front"]);
    env.run(["network", "rm", "front"]).fails(2, "network is being used");
    env.run(["network", "prune", "-f"]).code(0).stdout("back\n");
    let containers = "{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}";
    assert_eq!(shown(containers, "front"), "c 10.89.0.2/24");
    env.run(["network", "rm", "-f", "-t", "0", "front"]).code(0);
    env.run(["container", "exists", "c"]).code(1);
    env.run(["network", "ls", "-q"]).stdout("box\n");
}

#[test]
fn a_container_has_several_networks_and_the_addresses_it_asks_for() {
    let env = Env::new();
    env.run(["network", "create", "--subnet", "10.70.0.0/24", "--ip-range", "10.70.0.128/25", "one"]).code(0);
    env.run(["network", "create", "--subnet", "10.71.0.0/24", "--route", "10.72.0.0/16,10.71.0.9", "two"])
        .code(0);
    let two = "two:ip=10.71.0.7,mac=02:00:00:00:00:07,interface_name=back0,alias=db";
    sleeper(&env, "c", &["--network", "one", "--network", two]);
    let addresses = env.ok(["exec", "c", "ip", "-o", "-4", "addr"]);
    assert!(addresses.contains("eth0    inet 10.70.0.128/24"), "{addresses}");
    assert!(addresses.contains("back0    inet 10.71.0.7/24"), "{addresses}");
    env.run(["exec", "c", "ip", "link", "show", "back0"]).stdout_contains("02:00:00:00:00:07");
    let routes = env.ok(["exec", "c", "ip", "route"]);
    assert!(routes.starts_with("default via 10.70.0.1 dev eth0"), "{routes}");
    assert!(routes.contains("10.72.0.0/16 via 10.71.0.9 dev back0"), "{routes}");
    let of_two =
        "{{with .NetworkSettings.Networks.two}}{{.IPAddress}} {{.MacAddress}} {{index .Aliases 0}}{{end}}";
    assert_eq!(env.ok(["inspect", "-f", of_two, "c"]), "10.71.0.7 02:00:00:00:00:07 db");
    env.run(["ps", "--format", "{{.Networks}}"]).stdout("one,two\n");
    env.run(["ps", "-q", "--filter", "network=two"]).stdout_matches("^[0-9a-f]{12}\n$");
    // A fixed address survives a restart, and nobody else gets it.
    env.run(["restart", "-t", "0", "c"]).code(0);
    assert_eq!(env.ok(["inspect", "-f", of_two, "c"]), "10.71.0.7 02:00:00:00:00:07 db");
    let twice = ["run", "--rm", "--network", "two:ip=10.71.0.8,ip=10.71.0.9", "busybox", "true"];
    env.run(twice).fails(125, "the second of its kind");
    let same = ["--network", "one:interface_name=x", "--network", "two:interface_name=x"];
    env.run(["run", "--rm"].into_iter().chain(same).chain(["busybox", "true"]))
        .fails(125, "same interface x");
    let taken = ["run", "--rm", "--network", "two", "--ip", "10.71.0.7", "busybox", "true"];
    env.run(taken).fails(125, "already allocated");
    let elsewhere = ["run", "--rm", "--network", "two", "--ip", "10.99.0.7", "busybox", "true"];
    env.run(elsewhere).fails(125, "not in the subnet");
    env.run(["run", "--rm", "--network", "none", "--ip", "10.71.0.8", "busybox", "true"]).fails(125, "--ip");
    env.run(["run", "--rm", "--network", "one", "--network", "host", "busybox", "true"])
        .fails(125, "--network");
    env.run(["run", "--rm", "--network", "missing", "busybox", "true"]).fails(125, "network not found");
}

#[test]
fn networks_are_apart_and_an_internal_one_has_no_way_out() {
    let env = Env::new();
    env.run(["network", "create", "one"]).code(0);
    env.run(["network", "create", "--internal", "two"]).code(0);
    sleeper(&env, "a", &["--network", "one"]);
    sleeper(&env, "b", &["--network", "two"]);
    sleeper(&env, "c", &["--network", "two"]);
    assert!(reaches(
        &env,
        "b",
        &env.ok(["inspect", "-f", "{{.NetworkSettings.Networks.two.IPAddress}}", "c"])
    ));
    assert!(!reaches(&env, "a", &setting(&env, "b", "IPAddress")));
    assert!(!reaches(&env, "b", &setting(&env, "a", "IPAddress")));
    let routes = env.ok(["exec", "b", "ip", "route"]);
    assert!(!routes.contains("default"), "{routes}");
    assert_eq!(uplinks(&env).len(), 1, "only network one has an uplink");
}

#[test]
fn containers_of_an_isolated_network_do_not_see_each_other() {
    let env = Env::new();
    env.run(["network", "create", "-o", "isolate=true", "guests"]).code(0);
    sleeper(&env, "a", &["--network", "guests", "--cap-add", "NET_ADMIN"]);
    sleeper(&env, "b", &["--network", "guests"]);
    let other = setting(&env, "b", "IPAddress");
    assert!(!reaches(&env, "a", &other));
    // Nor by way of the gateway.
    let gateway = setting(&env, "b", "Gateway");
    assert!(reaches(&env, "a", &gateway));
    env.run(["exec", "a", "ip", "route", "add", &other, "via", &gateway]).code(0);
    assert!(!reaches(&env, "a", &other));
}

#[test]
fn a_full_network_says_so_and_has_room_again_when_a_container_ends() {
    let env = Env::new();
    env.run(["network", "create", "--subnet", "10.73.0.0/30", "tiny"]).code(0);
    sleeper(&env, "a", &["--network", "tiny"]);
    assert_eq!(setting(&env, "a", "IPAddress"), "10.73.0.2");
    let another = ["run", "--rm", "--network", "tiny", "busybox", "ip", "-o", "-4", "addr", "show", "eth0"];
    env.run(another).fails(125, "no free address left");
    // A supervisor that is killed gives its address back too.
    let supervisor = env.ok(["inspect", "-f", "{{.State.ConmonPid}}", "a"]);
    let killed = std::process::Command::new("kill").args(["-KILL", &supervisor]).status();
    assert!(killed.is_ok_and(|status| status.success()));
    eventually("the address is free", || env.run(another).out().contains("10.73.0.2/30"));
}

#[test]
fn the_outside_is_reached_by_address_and_by_name() {
    for user in EVERYONE {
        let env = Env::of(user);
        let mirror = crate::network::package_mirror();
        let url = format!("http://{mirror}/debian/dists/bookworm/Release");
        let script = format!("wget -qO- {url} | head -n 1");
        env.run(["run", "--rm", "busybox", "sh", "-c", &script]).code(0).stdout_contains("Origin: Debian");
    }
}

#[test]
fn a_container_is_connected_and_disconnected_while_it_runs() {
    for user in EVERYONE {
        let env = Env::of(user);
        env.run(["network", "create", "one"]).code(0);
        env.run(["network", "create", "two"]).code(0);
        sleeper(&env, "a", &["--network", "one"]);
        sleeper(&env, "b", &["--network", "two"]);
        let of_two = "{{with .NetworkSettings.Networks.two}}{{.IPAddress}}{{end}}";
        let address = env.ok(["inspect", "-f", of_two, "b"]);
        assert!(!reaches(&env, "a", &address));
        env.run(["network", "connect", "--ip", "10.89.1.77", "--alias", "x", "two", "a"]).code(0);
        assert!(reaches(&env, "a", &address), "{user:?}");
        assert!(reaches(&env, "b", "10.89.1.77"));
        assert_eq!(env.ok(["inspect", "-f", of_two, "a"]), "10.89.1.77");
        env.run(["exec", "a", "cat", "/etc/hosts"]).stdout_contains("10.89.1.77\t");
        assert!(reaches(&env, "b", "x") && reaches(&env, "a", "b"), "{user:?}: by name");
        env.run(["ps", "--filter", "name=a", "--format", "{{.Networks}}"]).stdout("one,two\n");
        env.run(["network", "connect", "two", "a"]).fails(125, "already connected");
        env.run(["network", "rm", "two"]).fails(2, "being used");
        // It is so after a restart too.
        env.run(["restart", "-t", "0", "a"]).code(0);
        assert!(reaches(&env, "b", "10.89.1.77"));

        env.run(["network", "disconnect", "one", "a"]).code(0);
        let addresses = env.ok(["exec", "a", "ip", "-o", "-4", "addr"]);
        assert!(!addresses.contains("10.89.0.") && addresses.contains("10.89.1.77"), "{addresses}");
        let hosts = env.ok(["exec", "a", "cat", "/etc/hosts"]);
        assert!(!hosts.contains("10.89.0."), "{hosts}");
        // What is left is the way out now.
        env.run(["exec", "a", "ip", "route"]).stdout_contains("default via 10.89.1.1");
        env.run(["network", "disconnect", "one", "a"]).fails(125, "not connected");
        env.run(["network", "rm", "one"]).code(0);
        env.run(["rm", "-f", "-t", "0", "a", "b"]).code(0);
    }
    let env = Env::new();
    env.run(["network", "create", "one"]).code(0);
    env.run(["create", "--name", "c", "busybox", "ip", "-o", "-4", "addr"]).code(0);
    env.run(["network", "connect", "one", "c"]).code(0);
    env.run(["network", "disconnect", "box", "c"]).code(0);
    let addresses = env.ok(["start", "-a", "c"]);
    assert!(addresses.contains("10.89.0.2/24") && !addresses.contains("10.88."), "{addresses}");
    env.run(["run", "-d", "--name", "d", "--network", "none", "busybox", "sleep", "600"]).code(0);
    env.run(["network", "connect", "one", "d"]).fails(125, "network mode");
}

#[test]
fn a_killed_supervisor_leaves_no_lease_no_link_and_no_uplink() {
    let env = Env::new();
    sleeper(&env, "a", &[]);
    sleeper(&env, "b", &[]);
    let supervisor = env.ok(["inspect", "-f", "{{.State.ConmonPid}}", "a"]);
    let killed = std::process::Command::new("kill").args(["-KILL", &supervisor]).status();
    assert!(killed.is_ok_and(|status| status.success()));
    eventually("it has ended", || env.ok(["inspect", "-f", "{{.State.Status}}", "a"]) == "exited");
    let present = ["network", "inspect", "-f", "{{len .Containers}}", "box"];
    assert_eq!(env.ok(present), "1");
    let leases = env.root().join("networks/box/leases");
    assert_eq!(std::fs::read_dir(&leases).expect("leases").count(), 1);
    // The bridge is still b's, with two ports: b's and the uplink.
    assert!(reaches(&env, "b", "10.88.0.1"));
    sleeper(&env, "c", &[]);
    assert!(reaches(&env, "c", &setting(&env, "b", "IPAddress")));
    env.run(["rm", "-f", "-t", "0", "--all"]).code(0);
    assert_eq!(std::fs::read_dir(&leases).expect("leases").count(), 0);
    eventually("the uplink has ended", || uplinks(&env).is_empty());
}

#[test]
fn many_start_and_end_at_once_on_one_network() {
    let env = Env::new();
    let rounds = crate::env::rounds(4);
    for _ in 0..rounds {
        // Some find the bridge of others that are just ending, some make one.
        let running: Vec<_> = (0..6)
            .map(|_| env.spawn(["run", "--rm", "busybox", "ping", "-c", "1", "-W", "5", "10.88.0.1"]))
            .collect();
        for one in running {
            one.finish().code(0);
        }
    }
    let leases = env.root().join("networks/box/leases");
    assert_eq!(std::fs::read_dir(&leases).expect("leases").count(), 0);
    eventually("nothing is left", || env.processes().is_empty());
}

#[test]
fn the_hosts_file_begins_with_the_one_that_is_named() {
    let env = Env::new();
    let file = env.file("base", "192.0.2.44 elsewhere\n");
    let text = env.ok(["run", "--rm", "--hosts-file", &file, "busybox", "cat", "/etc/hosts"]);
    assert!(text.contains("192.0.2.44 elsewhere") && text.contains("10.88.0.2\t"), "{text}");
    let none = env.ok(["run", "--rm", "--hosts-file", "none", "busybox", "cat", "/etc/hosts"]);
    assert!(none.starts_with("127.0.0.1\tlocalhost\n"), "{none}");
    env.run(["run", "--rm", "--hosts-file", "/nothing", "busybox", "true"]).fails(125, "/nothing");
    // The image's own, or nothing where an upper layer has removed it.
    for (script, image) in [("echo 192.0.2.45 ofimage >/etc/hosts", "with"), ("rm /etc/hosts", "without")] {
        let below = if image == "with" { "busybox" } else { "with" };
        env.run(["run", "--name", image, "--no-hosts", below, "sh", "-c", script]).code(0);
        env.run(["commit", "-q", image, image]).code(0);
    }
    env.run(["network", "create", "two"]).code(0);
    let run = ["run", "-d", "--name", "of", "--hosts-file", "image", "with", "sleep", "600"];
    env.run(run).code(0);
    env.run(["network", "connect", "two", "of"]).code(0);
    let text = env.ok(["exec", "of", "cat", "/etc/hosts"]);
    assert!(text.starts_with("192.0.2.45 ofimage\n") && text.contains(" of\n"), "{text}");
    assert_eq!(env.ok(["inspect", "-f", "{{.HostConfig.HostsFile}}", "of"]), "image");
    let text = env.ok(["run", "--rm", "--hosts-file", "image", "without", "cat", "/etc/hosts"]);
    assert!(text.starts_with("127.0.0.1\tlocalhost\n"), "{text}");
}

#[test]
fn old_words_switch_the_network_off() {
    let env = Env::new();
    for words in [["-n=false"], ["--networking=false"]] {
        let out = env.ok(["run", "--rm"].into_iter().chain(words).chain(["busybox", "ls", "/sys/class/net"]));
        assert_eq!(out, "lo");
    }
}

#[test]
fn a_reset_takes_the_networks_too() {
    let env = Env::new();
    env.run(["network", "create", "one"]).code(0);
    sleeper(&env, "a", &["--network", "one"]);
    env.run(["system", "reset", "-f"]).code(0);
    assert!(!env.root().join("networks").exists() && !env.runroot().join("networks").exists());
}

#[test]
fn reload_names_what_runs() {
    let env = Env::new();
    sleeper(&env, "a", &[]);
    env.run(["create", "--name", "b", "busybox", "true"]).code(0);
    let id = env.ok(["inspect", "-f", "{{.Id}}", "a"]);
    for word in ["a", "--all", &id] {
        env.run(["network", "reload", word]).code(0).stdout(&format!("{id}\n"));
    }
    env.run(["network", "reload", "b"]).fails(125, "container b is not running");
    env.run(["network", "reload", "nobody"]).code(125).stderr_contains("nobody");
    env.run(["network", "reload"]).code(125);
}

#[test]
fn the_smallest_networks_and_those_of_ipv6_alone_have_all_that_others_have() {
    let env = Env::new();
    env.run(["network", "create", "--subnet", "10.78.0.0/30", "four"]).code(0);
    env.run(["network", "create", "--subnet", "fd78::/126", "six"]).code(0);
    // The bridge and one container.
    sleeper(&env, "a", &["--network", "four"]);
    let full = ["run", "--rm", "--network", "four", "busybox", "true"];
    env.run(full).fails(125, "no free address left: 10.78.0.0/30 has room for 1");
    env.run(["exec", "a", "ping", "-c1", "-W5", "10.78.0.1"]).code(0);
    assert!(env.ok(["exec", "a", "nslookup", "a"]).contains("10.78.0.2"));
    env.run(["rm", "-f", "-t", "0", "a"]).code(0);
    env.run(full).code(0);
    // Addresses, names and the way out without IPv4.
    sleeper(&env, "b", &["--network", "six"]);
    assert_eq!(setting(&env, "b", "Networks.six.GlobalIPv6Address"), "fd78::2");
    assert_eq!(setting(&env, "b", "Networks.six.IPAddress"), "");
    let peer = ["run", "--rm", "--network", "six:ip6=fd78::3", "busybox"];
    let script = "ping -6 -c1 -W5 b && ip -6 route && cat /etc/resolv.conf && ip -4 -o addr show eth0";
    let out = env.ok(peer.into_iter().chain(["sh", "-c", script]));
    assert!(out.contains("from fd78::2") && out.contains("default via fd78::1"), "{out}");
    assert!(out.contains("nameserver fd78::1") && !out.contains("inet "), "{out}");
    let taken = ["run", "--rm", "--network", "six:ip6=fd78::2", "busybox", "true"];
    env.run(taken).fails(125, "already allocated");
}
