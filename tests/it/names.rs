//! Names of containers: DNS, hosts and links.

use crate::env::{EVERYONE, Env, User, eventually};

/// What busybox's nslookup finds: the IPv4 addresses, in the order in which they came.
fn look_up(env: &Env, from: &str, name: &str) -> Vec<String> {
    let text = env.run(["exec", from, "nslookup", name]).out();
    let answers = text.split("Name:").skip(1).collect::<String>();
    let words = answers.lines().filter_map(|line| line.strip_prefix("Address"));
    let last = words.filter_map(|line| line.split_whitespace().last());
    last.filter(|address| address.contains('.')).map(str::to_string).collect()
}

pub(crate) fn address(env: &Env, container: &str) -> String {
    env.ok(["inspect", "-f", "{{.NetworkSettings.IPAddress}}", container])
}

fn sleeper(env: &Env, name: &str, flags: &[&str]) {
    let mut words = vec!["run", "-d", "--name", name];
    words.extend(flags);
    words.extend(["busybox", "sleep", "600"]);
    env.run(words).code(0);
}

#[test]
fn containers_find_each_other_by_all_their_names() {
    for user in EVERYONE {
        let env = Env::of(user);
        sleeper(&env, "one", &[]);
        sleeper(&env, "Two", &["--network-alias", "second,deux", "--hostname", "zwei"]);
        let (one, two) = (address(&env, "one"), address(&env, "Two"));
        let id = env.ok(["inspect", "-f", "{{.Id}}", "Two"]);
        for name in ["Two", "two", "second", "deux", "zwei", &id[..12], "two.dns.podman", "two.box"] {
            assert_eq!(look_up(&env, "one", name), std::slice::from_ref(&two), "{name}");
        }
        assert_eq!(look_up(&env, "Two", "one"), [one]);
        let text = env.run(["exec", "one", "nslookup", &two]).code(0).out();
        assert!(text.contains("name = Two"), "{text}");
        env.run(["exec", "one", "ping", "-c1", "-W5", "second"]).code(0);
        env.run(["exec", "one", "nslookup", "third"]).code(1).stdout_contains("NXDOMAIN");
        env.run(["rm", "-fa", "-t", "0"]).code(0);
    }
}

#[test]
fn one_that_comes_later_or_goes_is_noticed_at_once() {
    let env = Env::new();
    sleeper(&env, "one", &[]);
    assert!(look_up(&env, "one", "two").is_empty());
    sleeper(&env, "two", &[]);
    assert_eq!(look_up(&env, "one", "two"), [address(&env, "two")]);
    env.run(["rename", "two", "zwei"]).code(0);
    eventually("the new name is known", || look_up(&env, "one", "zwei") == [address(&env, "zwei")]);
    env.run(["stop", "-t", "0", "zwei"]).code(0);
    assert!(look_up(&env, "one", "zwei").is_empty());
    env.run(["start", "zwei"]).code(0);
    assert_eq!(look_up(&env, "one", "zwei"), [address(&env, "zwei")]);
    // A supervisor that dies takes its container's name with it, and nobody else's.
    let pid = env.ok(["inspect", "-f", "{{.State.ConmonPid}}", "zwei"]);
    assert!(std::process::Command::new("kill").args(["-KILL", &pid]).status().is_ok_and(|s| s.success()));
    eventually("a dead peer has no name", || look_up(&env, "one", "zwei").is_empty());
    assert_eq!(look_up(&env, "one", "one"), [address(&env, "one")]);
}

#[test]
fn a_shared_alias_has_all_addresses_in_turns() {
    let env = Env::new();
    for name in ["a", "b", "c"] {
        sleeper(&env, name, &["--network-alias", "web"]);
    }
    let mut all: Vec<String> = ["a", "b", "c"].iter().map(|name| address(&env, name)).collect();
    all.sort();
    let mut first = std::collections::BTreeSet::new();
    eventually("each has been the first", || {
        let found = look_up(&env, "a", "web");
        first.insert(found.first().cloned());
        let mut sorted = found;
        sorted.sort();
        assert_eq!(sorted, all);
        first.len() == 3
    });
}

#[test]
fn glibc_asks_as_well_and_a_name_has_no_address_of_the_other_family() {
    let env = Env::with(User::Sub, &["busybox", "debian"]);
    sleeper(&env, "one", &[]);
    let out = env.ok(["run", "--rm", "debian", "getent", "ahostsv4", "one"]);
    assert!(out.starts_with(&address(&env, "one")), "{out}");
    let six = env.ok(["inspect", "-f", "{{.NetworkSettings.GlobalIPv6Address}}", "one"]);
    let out = env.ok(["run", "--rm", "debian", "getent", "ahostsv6", "one"]);
    assert!(out.starts_with(&six), "{out}");
    env.run(["run", "--rm", "debian", "getent", "hosts", "nobody-has-this"]).code(2);
}

#[test]
fn a_link_has_a_name_and_variables_and_follows_its_target() {
    let env = Env::new();
    sleeper(&env, "redis", &["--expose", "6379", "-e", "PASSWORD=secret"]);
    sleeper(
        &env,
        "webapp",
        &["--link", "/redis:db", "--link", "redis", "-e", "DB_ENV_OWN=1", "-e", "DB_PORT_6379_TCP_PROTO=own"],
    );
    let ip = address(&env, "redis");
    let variables = env.ok(["exec", "webapp", "env"]);
    for line in [
        "DB_NAME=/webapp/db".to_string(),
        format!("DB_PORT=tcp://{ip}:6379"),
        format!("DB_PORT_6379_TCP=tcp://{ip}:6379"),
        format!("DB_PORT_6379_TCP_ADDR={ip}"),
        "DB_PORT_6379_TCP_PORT=6379".to_string(),
        // What the user says goes before what the link does.
        "DB_PORT_6379_TCP_PROTO=own".to_string(),
        "DB_ENV_PASSWORD=secret".to_string(),
        "REDIS_NAME=/webapp/redis".to_string(),
    ] {
        assert!(variables.lines().any(|known| known == line), "{line} is missing in\n{variables}");
    }
    let of_init = env.ok(["exec", "webapp", "sh", "-c", "tr '\\0' '\\n' </proc/1/environ"]);
    assert!(of_init.contains(&format!("DB_PORT=tcp://{ip}:6379")), "{of_init}");
    let knows = |name: &str, ip: &str| {
        let out = env.run(["exec", "webapp", "ping", "-c1", "-W5", name]);
        out.code == Some(0) && out.out().contains(ip)
    };
    assert!(knows("db", &ip) && knows("redis", &ip));
    assert_eq!(look_up(&env, "webapp", "db"), std::slice::from_ref(&ip));
    // The alias is the linker's alone.
    assert!(look_up(&env, "redis", "db").is_empty());
    let links = env.ok(["inspect", "-f", "{{json .HostConfig.Links}}", "webapp"]);
    assert_eq!(links, r#"["/redis:/webapp/db","/redis:/webapp/redis"]"#);

    // Another address after a restart: the name follows.
    env.run(["stop", "-t", "0", "redis"]).code(0);
    sleeper(&env, "squatter", &["--ip", &ip]);
    env.run(["start", "redis"]).code(0);
    let now = address(&env, "redis");
    assert_ne!(now, ip);
    eventually("the link follows", || knows("db", &now));
    assert_eq!(look_up(&env, "webapp", "db"), [now]);

    env.run(["rm", "--link", "/webapp/db"]).code(0);
    assert!(look_up(&env, "webapp", "db").is_empty());
    env.run(["exec", "webapp", "grep", "-c", "\tdb ", "/etc/hosts"]).code(1);
    env.run(["rm", "--link", "webapp/db"]).code(1).stderr_contains("no link");
    env.run(["rm", "--link", "webapp"]).code(125).stderr_contains("CONTAINER/ALIAS");
    // A restart does not bring it back, and needs the ones that are left.
    env.run(["restart", "-t", "0", "webapp"]).code(0);
    assert!(!env.ok(["exec", "webapp", "env"]).contains("DB_NAME"));
    env.run(["stop", "-t", "0", "redis", "webapp"]).code(0);
    env.run(["start", "webapp"]).code(125).stderr_contains("cannot link to container redis");
}

#[test]
fn links_that_cannot_be_are_refused() {
    let env = Env::new();
    env.run(["create", "--name", "made", "busybox", "true"]).code(0);
    env.run(["run", "--rm", "--link", "nobody", "busybox", "true"]).fails(125, "nobody");
    env.run(["run", "--rm", "--link", "made", "busybox", "true"]).fails(125, "does not run");
    env.run(["run", "--rm", "--link", "made", "--network", "none", "busybox", "true"]).fails(125, "--link");
    sleeper(&env, "far", &["--network", "slirp4netns"]);
    env.run(["run", "--rm", "--link", "far", "busybox", "true"]).fails(125, "no network together");
}
