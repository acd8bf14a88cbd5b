//! The network modes: none, host, container, and the private one with its own uplink.

use crate::env::{EVERYONE, Env, eventually, finish};
use std::io::{Read, Write};
use std::net::TcpListener;

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
    let out = env.ok([
        "run",
        "--rm",
        "--dns",
        "192.0.2.53",
        "--dns-search",
        "example.test",
        "--dns-option",
        "ndots:3",
        "busybox",
        "cat",
        "/etc/resolv.conf",
    ]);
    for line in ["nameserver 192.0.2.53", "search example.test", "options ndots:3"] {
        assert!(out.lines().any(|l| l == line), "{line} is missing in\n{out}");
    }
}

#[test]
fn names_are_resolved_as_the_host_does() {
    let env = Env::new();
    let servers = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    assert!(servers.contains("nameserver"), "this machine has no name server: {servers}");
    // Whatever the host's resolver answers for a Debian mirror, the container's does too.
    let mut host = env.program("getent");
    host.args(["ahostsv4", "deb.debian.org"]);
    let host_knows = finish(host, b"").code == Some(0);
    let env = Env::with(crate::env::User::Sub, &["debian"]);
    let output = env.run(["run", "--rm", "debian", "getent", "ahostsv4", "deb.debian.org"]);
    assert_eq!(output.code == Some(0), host_knows, "{output}");
}
