//! The slirp4netns of a network: what happens when it is killed, and when those are that would mend it.

use crate::bridge::{setting, sleeper, uplinks};
use crate::env::{EVERYONE, Env, eventually};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

/// Kills a process of this test.
pub(crate) fn kill(pid: i32) {
    let killed = std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status();
    assert!(killed.is_ok_and(|status| status.success()), "kill {pid}");
}

/// The one process that looks after the uplink.
fn keeper(env: &Env) -> i32 {
    let all = env.processes();
    let mut found = all.iter().filter(|(_, what)| what.starts_with("box-uplink "));
    let (Some((pid, _)), None) = (found.next(), found.next()) else { panic!("{all:?}") };
    *pid
}

/// The pid namespace of a process.
fn pid_namespace(pid: i32) -> std::path::PathBuf {
    std::fs::read_link(format!("/proc/{pid}/ns/pid")).expect("a process that lives")
}

/// An address of this host by which containers reach it.
fn host_address() -> String {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    socket.connect("198.51.100.1:9").expect("this machine has a default route");
    socket.local_addr().expect("an address").ip().to_string()
}

/// A server on the host, to which a container connects that sends back each line.
struct Echo {
    listener: TcpListener,
}

impl Echo {
    fn new() -> Echo {
        Echo { listener: TcpListener::bind("0.0.0.0:0").expect("a free port") }
    }

    /// A connection from that container, as soon as it can be had.
    fn connected(&self, env: &Env, container: &str) -> TcpStream {
        let SocketAddr::V4(own) = self.listener.local_addr().expect("an address") else { panic!("no IPv6") };
        let script = format!("until nc {} {} -e cat; do sleep 0.1; done", host_address(), own.port());
        env.run(["exec", "-d", container, "sh", "-c", &script]).code(0);
        let (stream, _) = self.listener.accept().expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
        stream
    }
}

fn answers(connection: &TcpStream, word: &str) -> bool {
    let mut writer = connection;
    let sent = writer.write_all(format!("{word}\n").as_bytes());
    let mut line = String::new();
    let read = BufReader::new(connection).read_line(&mut line);
    sent.is_ok() && read.is_ok() && line.trim() == word
}

#[test]
fn a_killed_uplink_is_replaced_and_the_new_one_outlives_every_container() {
    for user in EVERYONE {
        let env = Env::of(user);
        for name in ["a", "b", "c"] {
            sleeper(&env, name, &[]);
        }
        let echo = Echo::new();
        assert!(answers(&echo.connected(&env, "b"), "before"), "{user:?}");
        // Soon after its start too, several times.
        for _ in 0..3 {
            let [old] = uplinks(&env)[..] else { panic!("{:?}", env.processes()) };
            kill(old);
            eventually("another one runs", || matches!(uplinks(&env)[..], [new] if new != old));
        }
        let [new] = uplinks(&env)[..] else { panic!("{:?}", env.processes()) };
        assert_eq!(pid_namespace(new), pid_namespace(keeper(&env)), "{:?}", env.processes());
        for name in ["a", "b", "c"] {
            let supervisor = env.ok(["inspect", "-f", "{{.State.ConmonPid}}", name]);
            let supervisor = supervisor.parse().expect("a pid");
            assert_ne!(pid_namespace(new), pid_namespace(supervisor), "it would end with {name}");
        }
        let connection = echo.connected(&env, "b");
        assert!(answers(&connection, "after"), "{user:?}");
        env.run(["rm", "-f", "-t", "0", "a", "c"]).code(0);
        assert!(answers(&connection, "alone"), "{user:?}: the others' end was b's problem");
        assert_eq!(uplinks(&env), [new]);
        env.run(["rm", "-f", "-t", "0", "b"]).code(0);
        eventually("nothing is left", || env.processes().is_empty());
    }
}

#[test]
fn containers_help_themselves_when_all_that_is_outside_is_killed() {
    for user in EVERYONE {
        let env = Env::of(user);
        sleeper(&env, "a", &[]);
        sleeper(&env, "b", &[]);
        let echo = Echo::new();
        let connection = echo.connected(&env, "a");
        kill(keeper(&env));
        assert!(answers(&connection, "kept"), "slirp4netns does without its keeper");
        let [old] = uplinks(&env)[..] else { panic!("{:?}", env.processes()) };
        kill(old);
        eventually("another one runs", || matches!(uplinks(&env)[..], [new] if new != old));
        // It can be ended by any signal, as every program.
        let [pid] = uplinks(&env)[..] else { panic!("{:?}", env.processes()) };
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
        assert!(status.contains("SigBlk:\t0000000000000000"), "{status}");
        for name in ["a", "b"] {
            assert!(answers(&echo.connected(&env, name), name), "{user:?}");
        }
        // The one that has started it goes: the other one sees to it.
        for name in ["a", "b"] {
            let supervisor = env.ok(["inspect", "-f", "{{.State.ConmonPid}}", name]);
            let parent = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            if parent.contains(&format!("PPid:\t{supervisor}\n")) {
                env.run(["rm", "-f", "-t", "0", name]).code(0);
                let other = if name == "a" { "b" } else { "a" };
                assert!(answers(&echo.connected(&env, other), "again"), "{user:?}");
                break;
            }
        }
        assert_ne!(uplinks(&env), [pid]);
        env.run(["rm", "-f", "-t", "0", "--all"]).code(0);
        eventually("nothing is left", || env.processes().is_empty());
    }
}

#[test]
fn a_network_that_is_connected_later_has_an_uplink_that_outlives_the_container() {
    let env = Env::new();
    env.run(["network", "create", "two"]).code(0);
    sleeper(&env, "a", &[]);
    env.run(["network", "connect", "two", "a"]).code(0);
    eventually("both networks have one", || uplinks(&env).len() == 2);
    sleeper(&env, "b", &["--network", "two"]);
    let echo = Echo::new();
    let connection = echo.connected(&env, "b");
    env.run(["rm", "-f", "-t", "0", "a"]).code(0);
    assert!(answers(&connection, "alone"));
    assert_eq!(uplinks(&env).len(), 1);
    assert_ne!(setting(&env, "b", "Networks.two.IPAddress"), "");
}

#[test]
fn an_uplink_that_a_supervisor_was_killed_with_comes_back_for_the_others() {
    let env = Env::new();
    sleeper(&env, "a", &[]);
    sleeper(&env, "b", &[]);
    // The helper's first words are those of box, which becomes it.
    eventually("there is one uplink", || uplinks(&env).len() == 1);
    let [uplink] = uplinks(&env)[..] else { panic!("{:?}", env.processes()) };
    let supervisor = env.ok(["inspect", "-f", "{{.State.ConmonPid}}", "a"]);
    kill(supervisor.parse().expect("a pid"));
    kill(uplink);
    let echo = Echo::new();
    assert!(answers(&echo.connected(&env, "b"), "still"));
    env.run(["rm", "-f", "-t", "0", "--all"]).code(0);
    eventually("nothing is left", || env.processes().is_empty());
}
