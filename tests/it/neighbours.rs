//! What a container can do to those beside it, and to the supervisors of all of them.

use crate::env::{Env, eventually, finish};
use crate::seccomp::compiled;
use std::io::Write;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::MetadataExt;
use std::process::Command;

/// A container with the programs of this module in it.
fn neighbour(env: &Env, name: &str, flags: &[&str]) {
    let dns = format!("{}:/dns:ro", compiled("dns", &[]).display());
    let mut words = vec!["run", "-d", "--name", name, "-v", &dns];
    words.extend(flags);
    words.extend(["busybox", "sleep", "600"]);
    env.run(words).code(0);
}

/// The address at which the containers' network answers names.
fn resolver(env: &Env) -> String {
    env.ok(["inspect", "-f", "{{.NetworkSettings.Gateway}}", "good"])
}

/// Both programs of the bad one work, again and again.
fn began(env: &Env, log: &str) {
    eventually("the bad one has begun", || env.run(["exec", "bad", "cat", log]).out().contains("round 1"));
}

/// Connections to the network's name server are shared among its containers, and nobody keeps one by
/// saying next to nothing.
#[test]
fn a_neighbour_cannot_take_all_connections_to_the_names() {
    let env = Env::new();
    neighbour(&env, "good", &[]);
    neighbour(&env, "bad", &[]);
    let at = resolver(&env);
    env.ok(["exec", "-d", "bad", "sh", "-c", &format!("/dns hold {at} 400 >/log")]);
    began(&env, "/log");
    for _ in 0..12 {
        assert_eq!(env.ok(["exec", "good", "/dns", "tcp", &at, "good"]), "0 1");
    }
}

/// So are questions that wait for servers outside.
#[test]
fn a_neighbour_cannot_take_all_questions_to_the_outside() {
    let env = Env::new();
    // Another run of these tests may be under way on this machine.
    let [.., high, low] = std::process::id().to_be_bytes();
    let own = format!("127.{high}.{low}.93");
    let own = own.as_str();
    let server = UdpSocket::bind((own, 53)).expect("the tests' root may have port 53");
    std::thread::spawn(move || {
        let mut query = [0; 1500];
        while let Ok((length, from)) = server.recv_from(&mut query) {
            let answer = &mut query[..length];
            // "known.example": there is such a name, without an address. Of others nobody hears.
            if answer[12..].starts_with(b"\x05known") {
                answer[2] |= 0x80;
                let _ = server.send_to(answer, from);
            }
        }
    });
    neighbour(&env, "good", &["--dns", own]);
    neighbour(&env, "bad", &["--dns", own]);
    let at = resolver(&env);
    env.ok(["exec", "-d", "bad", "sh", "-c", &format!("/dns flood {at} 1500 >/log")]);
    began(&env, "/log");
    for _ in 0..8 {
        assert_eq!(env.ok(["exec", "good", "/dns", "udp", &at, "known.example"]), "0 0");
    }
}

/// Whoever links to a container is told when that one starts again: by the one that starts, who
/// reads what the other made of its hosts file.
#[test]
fn a_hosts_file_without_end_does_no_harm_to_the_one_it_links_to() {
    let env = Env::new();
    neighbour(&env, "good", &[]);
    neighbour(&env, "bad", &["--link", "good"]);
    env.ok(["exec", "bad", "truncate", "-s", "1500M", "/etc/hosts"]);
    env.ok(["restart", "-t", "0", "good"]);
    let supervisor = env.ok(["inspect", "-f", "{{.State.ConmonPid}}", "good"]);
    let said = |what: &str| {
        let status = std::fs::read_to_string(format!("/proc/{supervisor}/status")).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix(what)).expect("a line for it");
        line.trim().to_string()
    };
    eventually("the supervisor has nothing to do", || said("State:").starts_with('S'));
    // What it needed at most so far.
    let peak: u64 = said("VmHWM:").trim_end_matches(" kB").parse().expect("a number");
    assert!(peak < 100_000, "the supervisor needed {peak} kB");
}

/// The limit on processes is on all that a user has. Some are kept for those outside of containers,
/// with which these can be ended.
#[test]
fn a_container_cannot_take_all_processes_of_its_user() {
    let env = Env::new();
    // Nobody else's processes count for this user.
    let uid = "64321";
    let number: u32 = uid.parse().expect("a number");
    let own = |name: &str| {
        let path = env.directory(name);
        std::os::unix::fs::chown(&path, Some(number), None).expect("chown");
        path
    };
    let (dir, rootfs) = (own("of-its-own"), own("rootfs"));
    for place in ["proc", "sys", "dev", "etc", "run", "tmp"] {
        own(&format!("rootfs/{place}"));
    }
    std::fs::copy(compiled("crowd", &[]), format!("{rootfs}/crowd")).expect("copy the program");
    let run = |args: &[&str]| {
        let mut command = Command::new("prlimit");
        command.args(["--nproc=150:150", "setpriv", "--reuid", uid, "--regid", uid, "--clear-groups"]);
        command.args(["env", &format!("BOX_ROOT={dir}/root"), &format!("BOX_RUNROOT={dir}/run")]);
        // As from a shell, which needs a process for it.
        command.args(["sh", "-c", "\"$0\" \"$@\"; exit $?"]).arg(Env::binary()).args(args);
        finish(command, b"")
    };
    let made = run(&["run", "-d", "--name", "c", "--network", "none", "--rootfs", &rootfs, "/crowd"]);
    // Whatever comes of it, it is ended.
    let text = || if made.code == Some(0) { run(&["logs", "c"]).out() } else { made.to_string() };
    eventually("it has all that it can have", || text().contains("full") || made.code != Some(0));
    let list = run(&["ps", "--format", "{{.Names}} {{.Status}}"]);
    let removed = run(&["rm", "-f", "-t", "0", "c"]);
    made.code(0);
    assert!(list.code(0).out().starts_with("c Up"), "{list}");
    removed.code(0);
    eventually("nothing of it is left", || {
        let processes = std::fs::read_dir("/proc").expect("list the processes");
        processes.flatten().all(|process| process.metadata().map_or(true, |meta| meta.uid() != number))
    });
}

/// The network namespaces of all containers belong to one user namespace. With NET_ADMIN in that, the
/// kernel lets a container into those at the other end of its links, by their numbers: as the
/// documentation says, that takes a user namespace of its own.
#[test]
fn net_admin_in_a_user_namespace_of_its_own_rules_no_neighbours() {
    let env = Env::new();
    neighbour(&env, "good", &[]);
    let program = format!("{}:/links:ro", compiled("links", &[]).display());
    let seen = |flags: &[&str]| {
        let mut words = vec!["run", "--rm", "-v", &program];
        words.extend(flags);
        words.extend(["busybox", "/links"]);
        env.ok(words)
    };
    assert_eq!(seen(&[]), "end");
    assert_eq!(seen(&["--cap-add", "NET_ADMIN", "--userns", "private"]), "end");
    // So the program would see them.
    assert!(seen(&["--cap-add", "NET_ADMIN"]).contains("0 box0"));
}

/// What listens on the host's loopback trusts whoever reaches it.
#[test]
fn no_address_leads_to_the_host_s_loopback() {
    let env = Env::new();
    let four = TcpListener::bind("127.0.0.1:0").expect("a port of the loopback");
    let port = four.local_addr().expect("its address").port();
    let six = TcpListener::bind(("::1", port)).ok();
    for listener in [Some(four), six].into_iter().flatten() {
        std::thread::spawn(move || {
            listener.incoming().flatten().for_each(|mut client| drop(client.write_all(b"of the host\n")));
        });
    }
    let places = "10.88.0.1 10.0.2.2 10.0.2.3 fd00::2 fd00::3 ::ffff:127.0.0.1 127.0.0.1";
    let script =
        format!("for i in {places}; do timeout 2 nc $i {port} </dev/null; done 2>/dev/null; echo end");
    let heard = |network: &str| env.ok(["run", "--rm", "--network", network, "busybox", "sh", "-c", &script]);
    assert_eq!(heard("box"), "end");
    assert_eq!(heard("slirp4netns"), "end");
    // Unless the user wants it.
    assert!(heard("slirp4netns:allow_host_loopback=true").contains("of the host"));
}
