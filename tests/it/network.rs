//! The network modes: none, host, container, and the private one with its own uplink.

use crate::env::{EVERYONE, Env, eventually, finish};
use std::io::{Read, Write};
use std::net::TcpListener;

/// Gives this test (its thread) a host of its own: a loopback with these addresses besides, every port free.
pub(crate) fn a_host_of_its_own(addresses: &[&str]) {
    nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).expect("a network namespace");
    let ip = |words: &[&str]| {
        let status = std::process::Command::new("ip").args(words).status();
        assert!(status.is_ok_and(|status| status.success()), "ip {words:?}");
    };
    ip(&["link", "set", "lo", "up"]);
    for address in addresses {
        let six: &[&str] = if address.contains(':') { &["nodad"] } else { &[] };
        ip(&[&["address", "add", address, "dev", "lo"], six].concat());
    }
}

/// Answers every connection on the host's loopback with a line.
fn greeter() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let mut request = [0; 1024];
            let _ = client.read(&mut request);
            let _ = client.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n");
        }
    });
    port
}

#[test]
fn none_has_a_loopback_and_nothing_else() {
    let env = Env::new();
    let script = "ls /sys/class/net; ip -o addr show lo | grep -c 127.0.0.1; ip route | wc -l";
    env.run(["run", "--rm", "--network", "none", "busybox", "sh", "-c", script]).code(0).stdout("lo\n1\n0\n");
}

#[test]
fn host_sees_the_host_s_services() {
    for user in EVERYONE {
        let env = Env::of(user);
        let url = format!("http://127.0.0.1:{}/", greeter());
        env.run(["run", "--rm", "--network", "host", "busybox", "wget", "-qO-", &url])
            .code(0)
            .stdout("hello\n");
        let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        env.run(["run", "--rm", "--network", "host", "--uts", "host", "busybox", "hostname"])
            .stdout(&hostname);
    }
}

#[test]
fn the_default_reaches_the_host_and_the_world() {
    for user in EVERYONE {
        let env = Env::of(user);
        // 10.0.2.2 is the host's loopback in slirp4netns; not every uplink lets one in there.
        let out = env.ok(["run", "--rm", "busybox", "ip", "-o", "-4", "addr"]);
        assert!(out.lines().count() >= 2, "only a loopback: {out}");
        let route = env.ok(["run", "--rm", "busybox", "ip", "route"]);
        assert!(route.contains("default via"), "{route}");
    }
}

#[test]
fn slirp4netns_gives_its_addresses() {
    let env = Env::new();
    let out = env.ok([
        "run",
        "--rm",
        "--network",
        "slirp4netns",
        "busybox",
        "sh",
        "-c",
        "ip -o -4 addr show; cat /etc/resolv.conf /etc/hosts",
    ]);
    assert!(
        out.contains("10.0.2.100/24") && out.contains("nameserver 10.0.2.3") && out.contains("10.0.2.2"),
        "{out}"
    );
    let url = format!("http://10.0.2.2:{}/", greeter());
    let output = env.run([
        "run",
        "--rm",
        "--network",
        "slirp4netns:allow_host_loopback=true",
        "busybox",
        "wget",
        "-qO-",
        &url,
    ]);
    output.code(0).stdout("hello\n");
}

#[test]
fn containers_share_a_network() {
    let env = Env::new();
    env.run([
        "run",
        "-d",
        "--name",
        "web",
        "busybox",
        "sh",
        "-c",
        "mkdir /w; echo served >/w/f; exec httpd -f -p 8080 -h /w",
    ])
    .code(0);
    eventually("it serves", || {
        env.run([
            "run",
            "--rm",
            "--network",
            "container:web",
            "busybox",
            "wget",
            "-qO-",
            "http://127.0.0.1:8080/f",
        ])
        .out()
            == "served\n"
    });
}

#[test]
fn a_network_namespace_is_joined_by_its_path() {
    for user in EVERYONE {
        let env = Env::of(user);
        env.run(["run", "-d", "--name", "c", "busybox", "sleep", "600"]).code(0);
        let pid = env.ok(["inspect", "-f", "{{.State.Pid}}", "c"]);
        let ip = env.ok(["inspect", "-f", "{{.NetworkSettings.IPAddress}}", "c"]);
        let network = format!("ns:/proc/{pid}/ns/net");
        let joined = env.run(["run", "--rm", "--network", &network, "busybox", "ip", "-4", "-o", "addr"]);
        joined.code(0).stdout_contains(&ip);
        env.run(["run", "--rm", "--network", &network, "-p", "80", "busybox", "true"])
            .fails(125, "--publish");
        env.run(["run", "--rm", "--network", "ns:/nowhere", "busybox", "true"]).fails(125, "/nowhere");
        // The host's belongs to the host.
        let other = ["run", "--rm", "--network", "ns:/proc/self/ns/net", "busybox", "true"];
        env.run(other).fails(125, "another user namespace");
        env.run(["rm", "-f", "-t", "0", "c"]).code(0);
    }
}

#[test]
fn the_uplink_ends_with_its_container() {
    let env = Env::new();
    env.run(["run", "-d", "--name", "c", "busybox", "sleep", "600"]).code(0);
    env.run(["rm", "-f", "-t", "0", "c"]).code(0);
    eventually("no process is left", || env.processes().is_empty());
}

#[test]
fn the_address_is_inspected() {
    let env = Env::new();
    env.run(["run", "-d", "--name", "c", "busybox", "sleep", "600"]).code(0);
    let ip = env.ok(["inspect", "-f", "{{.NetworkSettings.IPAddress}}", "c"]);
    env.run(["exec", "c", "ip", "-o", "-4", "addr"]).code(0).stdout_contains(&ip);
    assert!(!ip.is_empty());
}

#[test]
fn unknown_networks_are_refused() {
    let env = Env::new();
    env.run(["run", "--rm", "--network", "no-such-network", "busybox", "true"])
        .code(125)
        .stderr_contains("no-such-network");
}

#[test]
fn name_servers_are_given() {
    let env = Env::new();
    // Where containers have names, their network is asked, and asks the one that is given.
    for (network, server) in [("slirp4netns", "192.0.2.53"), ("bridge", "10.88.0.1")] {
        let flags = ["--dns", "192.0.2.53", "--dns-search", "example.test", "--dns-option", "ndots:3"];
        let words = ["run", "--rm", "--network", network].into_iter().chain(flags);
        let out = env.ok(words.chain(["busybox", "cat", "/etc/resolv.conf"]));
        for line in [&format!("nameserver {server}"), "search example.test", "options ndots:3"] {
            assert!(out.lines().any(|l| l == line), "{line} is missing in\n{out}");
        }
        assert_eq!(out.contains("192.0.2.53"), server == "192.0.2.53", "{out}");
    }
    // One that only the container gets to is its own business.
    for server in ["127.0.0.1", "10.88.0.77"] {
        let words = ["run", "--rm", "--dns", server, "busybox", "cat", "/etc/resolv.conf"];
        let out = env.ok(words);
        assert!(out.lines().any(|line| line == format!("nameserver {server}")), "{out}");
        assert!(!out.contains("10.88.0.1\n"), "{out}");
    }
}

#[test]
fn names_are_resolved_as_the_host_does() {
    let env = Env::new();
    let servers = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    assert!(servers.contains("nameserver"), "this machine has no name server: {servers}");
    // Whatever the host's resolver answers for its package mirror, the container's does too.
    let mirror = package_mirror();
    let mut host = env.program("getent");
    host.args(["ahostsv4", &mirror]);
    let host_knows = finish(host, b"").code == Some(0);
    let env = Env::with(crate::env::User::Sub, &["debian"]);
    let output = env.run(["run", "--rm", "debian", "getent", "ahostsv4", &mirror]);
    assert_eq!(output.code == Some(0), host_knows, "{output}");
}

/// The host that this machine gets its packages from.
pub(crate) fn package_mirror() -> String {
    let asked = std::process::Command::new("apt-get").args(["indextargets", "--format", "$(SITE)"]).output();
    let sites = String::from_utf8(asked.expect("apt-get runs").stdout).expect("text");
    let site = sites.lines().next().expect("a package source");
    let host = site.split_once("://").map_or(site, |(_, rest)| rest);
    host.split(['/', ':']).next().expect("a host").to_string()
}

/// The pid of the slirp4netns that a container's supervisor has started.
pub(crate) fn uplink(env: &Env, container: &str) -> i32 {
    let supervisor = env.ok(["inspect", "-f", "{{.State.ConmonPid}}", container]);
    let children = format!("/proc/{0}/task/{0}/children", supervisor.trim());
    let children = std::fs::read_to_string(children).unwrap_or_default();
    let is_slirp = |pid: &i32| {
        std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == "slirp4netns")
    };
    children.split_whitespace().filter_map(|pid| pid.parse().ok()).find(is_slirp).unwrap_or(0)
}

#[test]
fn a_killed_uplink_comes_back() {
    for user in EVERYONE {
        let env = Env::of(user);
        env.run(["run", "-d", "--name", "c", "--network", "slirp4netns", "busybox", "sleep", "600"]).code(0);
        let first = uplink(&env, "c");
        assert_ne!(first, 0, "there is no uplink");
        crate::uplinks::kill(first);
        eventually("another one runs", || ![0, first].contains(&uplink(&env, "c")));
        // Once more, soon after its start.
        let second = uplink(&env, "c");
        crate::uplinks::kill(second);
        eventually("another one runs", || ![0, second].contains(&uplink(&env, "c")));
        eventually("the route is back", || {
            env.run(["exec", "c", "ip", "route"]).out().contains("default via 10.0.2.2")
        });
        env.run(["rm", "-f", "-t", "0", "c"]).code(0);
    }
}

#[test]
fn the_hosts_file_names_the_host_the_container_and_what_is_added() {
    let env = Env::new();
    let flags = ["--name", "web", "--hostname", "front", "--add-host", "db:192.0.2.9"];
    let mut words = vec!["run", "--rm"];
    words.extend(flags);
    words.extend(["busybox", "cat", "/etc/hosts"]);
    let text = env.ok(words);
    let has = |address: &str, name: &str| {
        text.lines().any(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some(address) && words.any(|word| word == name)
        })
    };
    assert!(has("127.0.0.1", "localhost") && has("10.88.0.2", "front") && has("10.88.0.2", "web"), "{text}");
    assert!(has("192.0.2.9", "db"), "{text}");
    let none = env.ok(["run", "--rm", "--network", "none", "--hostname", "h", "busybox", "ping", "-c1", "h"]);
    assert!(none.contains("127.0.0.1"), "{none}");
    // The image's own file stays.
    let own =
        env.ok(["run", "--rm", "--no-hosts", "busybox", "sh", "-c", "cat /etc/hosts 2>/dev/null; true"]);
    assert!(!own.contains("10.88.0."), "{own}");
}

#[test]
fn without_slirp4netns_there_is_pasta_and_without_both_a_warning() {
    for user in EVERYONE {
        let env = Env::of(user);
        let hide =
            "for f in /usr/bin/slirp4netns /usr/bin/passt; do test -e $f && mount --bind /dev/null $f; done";
        let prepared = |script: &str| finish(env.prepared(&format!("{hide}; exec $AS $BOX {script}")), b"");
        let none = prepared("run --rm busybox ls /sys/class/net");
        none.code(0).stdout("lo\n").stderr_contains("apt-get install slirp4netns");
        let asked = prepared("run --rm --network slirp4netns busybox true");
        asked.fails(125, "slirp4netns is not installed");
        if std::path::Path::new("/usr/bin/passt").exists() {
            let hide = "mount --bind /dev/null /usr/bin/slirp4netns";
            let pasta =
                env.prepared(&format!("{hide}; exec $AS $BOX run --rm busybox ip -o -4 addr show tap0"));
            let pasta = finish(pasta, b"");
            pasta.code(0).stdout_contains("10.0.2.100/24");
            assert_eq!(pasta.err(), "");
        }
    }
}

#[test]
fn an_uplink_that_fails_is_explained() {
    let env = Env::new();
    let script = "mount -t tmpfs none /dev/net; exec $AS $BOX run --rm --network slirp4netns busybox true";
    finish(env.prepared(script), b"").fails(125, "/dev/net/tun");
    env.run(["run", "--rm", "--network", "slirp4netns:mtu=1", "busybox", "true"]).fails(125, "mtu");
    env.run(["run", "--rm", "--network", "slirp4netns:nonsense=1", "busybox", "true"]).fails(125, "nonsense");
}

#[test]
fn options_of_slirp4netns_and_pasta_are_theirs() {
    let env = Env::new();
    let port = greeter();
    let show = format!(
        "ip -o -4 addr; ip route; ip link; cat /etc/resolv.conf /etc/hosts; timeout 5 wget -qO- http://$1:{port}/ || echo closed"
    );
    let of = |network: &str, host: &str| {
        env.ok(["run", "--rm", "--network", network, "busybox", "sh", "-c", &show, "sh", host])
    };
    let slirp = of(
        "slirp4netns:cidr=10.9.8.0/24,mtu=1400,allow_host_loopback=true,port_handler=slirp4netns",
        "10.9.8.2",
    );
    for part in ["10.9.8.100/24", "via 10.9.8.2", "mtu 1400", "nameserver 10.9.8.3", "10.9.8.100\t", "hello"]
    {
        assert!(slirp.contains(part), "{part}: {slirp}");
    }
    assert!(of("slirp4netns:enable_ipv6=false", "10.0.2.2").ends_with("closed"));
    let wrong = ["run", "--rm", "--network", "slirp4netns:port_handler=mine", "busybox", "true"];
    env.run(wrong).fails(125, "rootlesskit or slirp4netns");
    if !std::path::Path::new("/usr/bin/pasta").exists() {
        return;
    }
    let words = "-a,10.7.0.9,-n,16,-g,10.7.0.1,--dns-forward,10.7.0.3,-m,1400,-I,up0,--map-gw";
    let pasta = of(&format!("pasta:{words}"), "10.7.0.1");
    for part in
        ["10.7.0.9/16", "via 10.7.0.1 dev up0", "mtu 1400", "nameserver 10.7.0.3", "10.7.0.9\t", "hello"]
    {
        assert!(pasta.contains(part), "{part}: {pasta}");
    }
    assert!(of("pasta", "10.0.2.2").ends_with("closed"), "the host's loopback is closed");
    // From the container's loopback to the host's, as -T says.
    assert!(of(&format!("pasta:-T,{port}"), "127.0.0.1").ends_with("hello"));
    let run = |network: &str| env.run(["run", "--rm", "--network", network, "busybox", "true"]);
    run("pasta:--frob").fails(125, "unrecognized option '--frob'");
    run("pasta:--pid,/x").fails(125, "box needs it itself");
    run("pasta:-a,x").fails(125, "no value of pasta's --address");
    run("pasta:--ipv6-only").fails(125, "not yet: pasta without IPv4");
}

#[test]
fn the_network_of_a_container_that_does_not_run_is_refused() {
    let env = Env::new();
    env.run(["create", "--name", "stopped", "busybox", "true"]).code(0);
    env.run(["run", "--rm", "--network", "container:stopped", "busybox", "true"]).fails(125, "does not run");
}

#[test]
fn a_domain_name_is_in_the_hosts_file_and_in_the_kernel() {
    let env = Env::new();
    let flags = ["run", "--rm", "--network", "none", "-h", "web", "--domainname", "example.org", "busybox"];
    let ask = "hostname; hostname -f; cat /proc/sys/kernel/domainname";
    env.run([&flags[..], &["sh", "-c", ask]].concat()).code(0).stdout("web\nweb.example.org\nexample.org\n");
    env.run(["run", "--uts", "host", "--domainname", "a.b", "busybox", "true"]).fails(125, "--domainname");
}
