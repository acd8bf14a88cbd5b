//! Many containers on one network, on many networks, and what is left of those that are killed.

use crate::bridge::{reaches, setting, sleeper, uplinks};
use crate::env::{Env, User, eventually, in_parallel};
use crate::seccomp::compiled_by;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The leases in force on a network, by container.
fn leases(env: &Env, network: &str) -> usize {
    std::fs::read_dir(env.root().join("networks").join(network).join("leases")).map_or(0, Iterator::count)
}

/// Kills the supervisors of these containers at once.
fn kill_supervisors(env: &Env, names: &[&str]) {
    let pids = names.iter().map(|name| env.ok(["inspect", "-f", "{{.State.ConmonPid}}", name]));
    let pids: Vec<String> = pids.collect();
    let status = std::process::Command::new("kill").arg("-KILL").args(pids).status();
    assert!(status.is_ok_and(|status| status.success()));
}

#[test]
fn fifty_containers_on_one_network_all_find_each_other() {
    const COUNT: usize = 50;
    let env = Env::with(User::Sub, &["busybox", "debian"]);
    let program = compiled_by("musl-gcc", "resolve", &[]);
    let volume = format!("{}:/resolve:ro", program.display());
    // At once, as far as the machine can.
    in_parallel(COUNT, |numbers| {
        for number in numbers {
            sleeper(&env, &format!("c{number}"), &["-v", &volume, "--network-alias", "all"]);
        }
    });
    let own = |number: usize| setting(&env, &format!("c{number}"), "IPAddress");
    let addresses: Vec<String> = (0..COUNT).map(own).collect();
    assert_eq!(addresses.iter().collect::<BTreeSet<_>>().len(), COUNT, "{addresses:?}");
    assert_eq!(leases(&env, "box"), COUNT);
    assert_eq!(uplinks(&env).len(), 1, "{:?}", env.processes());
    let wanted: String = addresses.iter().map(|address| format!("1 {address}\n")).collect();
    let names: Vec<String> = (0..COUNT).map(|number| format!("c{number}")).collect();
    in_parallel(COUNT, |numbers| {
        for number in numbers {
            let words = ["exec", &names[number], "/resolve", "1"].map(str::to_string);
            env.run(words.iter().chain(&names)).code(0).stdout(&wanted);
            assert!(reaches(&env, &names[number], &addresses[(number + 1) % COUNT]), "c{number}");
        }
    });
    // An answer that is too long for a datagram: glibc asks by TCP, musl takes what fits.
    let all = env.ok(["run", "--rm", "debian", "getent", "ahostsv4", "all"]);
    let found: BTreeSet<&str> = all.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(found, addresses.iter().map(String::as_str).collect());
    let some = env.ok(["exec", "c0", "/resolve", "1", "all"]);
    assert!(some.split(' ').skip(1).all(|address| addresses.iter().any(|own| own == address)), "{some}");
    assert!(some.split(' ').count() > 20, "{some}");
    env.run(["rm", "-fa", "-t", "0"]).code(0);
    assert_eq!(leases(&env, "box"), 0);
    eventually("nothing is left", || env.processes().is_empty());
}

#[test]
fn what_starts_and_ends_at_once_leaks_no_address_name_or_port() {
    let env = Env::new();
    // Room for six: one address that is not given back shows after a round.
    env.run(["network", "create", "--subnet", "10.77.0.0/29", "--internal", "small"]).code(0);
    sleeper(&env, "watch", &["--network", "small"]);
    for _ in 0..crate::env::rounds(4) {
        let running: Vec<_> = (0..4)
            .map(|number| {
                let (name, publish) = (format!("n{number}"), format!("127.0.0.1:{}:80", 39_100 + number));
                let flags = ["run", "--rm", "--name", &name, "--network", "small", "-p", &publish];
                env.spawn(flags.into_iter().chain(["busybox", "ping", "-c1", "-W5", "watch"]))
            })
            .collect();
        for one in running {
            one.finish().code(0);
        }
    }
    assert_eq!(leases(&env, "small"), 1);
    let ports = env.ok(["exec", "watch", "ls", "/sys/class/net"]);
    assert_eq!(ports.lines().collect::<Vec<_>>(), ["eth0", "lo"]);
    env.run(["exec", "watch", "nslookup", "n0"]).code(1).stdout_contains("NXDOMAIN");
    for number in 0..4 {
        let port = 39_100 + number;
        assert!(std::net::TcpListener::bind(("127.0.0.1", port)).is_ok(), "{port} is still taken");
    }
}

#[test]
fn supervisors_of_several_networks_that_are_killed_leave_nothing() {
    let env = Env::new();
    for network in ["one", "two"] {
        env.run(["network", "create", network]).code(0);
    }
    let publish = ["-p", "127.0.0.1:39110:80"];
    sleeper(
        &env,
        "a",
        &[&["--network", "one", "--network", "two", "--network-alias", "x"], &publish[..]].concat(),
    );
    sleeper(&env, "b", &["--network", "one", "--network-alias", "x"]);
    sleeper(&env, "c", &["--network", "two", "--link", "a:linked"]);
    sleeper(&env, "d", &["--network", "one"]);
    let links = PathBuf::from("/sys/class/net");
    let before = std::fs::read_dir(&links).expect("interfaces").count();
    kill_supervisors(&env, &["a", "b"]);
    eventually("the dead have no name", || {
        env.run(["exec", "d", "nslookup", "x"]).code == Some(1)
            && env.run(["exec", "c", "nslookup", "a"]).code == Some(1)
    });
    for name in ["a", "b"] {
        eventually("it has ended", || env.status(name) == "exited");
    }
    assert_eq!((leases(&env, "one"), leases(&env, "two")), (1, 1));
    assert_eq!(std::fs::read_dir(&links).expect("interfaces").count(), before);
    // Their port is free, and so are their addresses and names.
    sleeper(&env, "e", &[&["--network", "one", "--network-alias", "x"], &publish[..]].concat());
    env.run(["exec", "d", "ping", "-c1", "-W5", "x"]).code(0);
    // All of a network's at once: the next one starts afresh.
    kill_supervisors(&env, &["c", "d", "e"]);
    eventually("the uplinks end with the last", || uplinks(&env).is_empty());
    env.run(["start", "c"]).code(125).stderr_contains("cannot link to container a");
    env.run(["start", "a", "c", "d"]).code(0);
    assert_eq!((leases(&env, "one"), leases(&env, "two")), (2, 2));
    env.run(["exec", "d", "ping", "-c1", "-W5", "a"]).code(0);
    env.run(["exec", "c", "ping", "-c1", "-W5", "linked"]).code(0);
    env.run(["rm", "-fa", "-t", "0"]).code(0);
    assert_eq!((leases(&env, "one"), leases(&env, "two")), (0, 0));
    env.run(["network", "rm", "one", "two"]).code(0);
}
