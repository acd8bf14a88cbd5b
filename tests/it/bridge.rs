//! Networks of several containers: who reaches whom, by which address, and what is left afterwards.

use crate::env::{EVERYONE, Env, eventually};

/// A container that runs until it is removed.
fn sleeper(env: &Env, name: &str, flags: &[&str]) {
    let mut words = vec!["run", "-d", "--name", name];
    words.extend(flags);
    words.extend(["busybox", "sleep", "600"]);
    env.run(words).code(0);
}

/// A field of `.NetworkSettings`.
fn setting(env: &Env, container: &str, field: &str) -> String {
    env.ok(["inspect", "-f", &format!("{{{{.NetworkSettings.{field}}}}}"), container])
}

/// Whether one container gets an answer to a ping of that address.
fn reaches(env: &Env, from: &str, address: &str) -> bool {
    env.run(["exec", from, "ping", "-c", "1", "-W", "2", address]).code == Some(0)
}

/// The slirp4netns processes of this test.
fn uplinks(env: &Env) -> Vec<i32> {
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
