//! Names that no container has: which servers are asked for them, and what of it each resolver understands.

use crate::env::{Env, User, finish};
use crate::names::address;
use crate::network::a_host_of_its_own;
use crate::seccomp::compiled_by;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::{Arc, Mutex};

/// How many addresses a server puts into a datagram.
const FIT: usize = 20;

/// A name server on port 53 of an address of this host.
struct NameServer {
    /// The names that it was asked for.
    asked: Arc<Mutex<Vec<String>>>,
}

impl NameServer {
    /// One that knows the names for which `book` has addresses; with more than [`FIT`], by TCP only.
    fn new(own: &str, book: impl Fn(&str) -> Vec<Ipv4Addr> + Send + Sync + 'static) -> NameServer {
        NameServer::start(own, Some(Box::new(book)))
    }

    /// One that hears every question and answers none.
    fn dead(own: &str) -> NameServer {
        NameServer::start(own, None)
    }

    fn start(own: &str, book: Option<Book>) -> NameServer {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let book = Arc::new(book);
        let udp = UdpSocket::bind((own, 53)).expect("the tests' root may have port 53");
        let (log, known) = (asked.clone(), book.clone());
        std::thread::spawn(move || {
            let mut query = [0; 1500];
            while let Ok((length, from)) = udp.recv_from(&mut query) {
                let (name, answer) = respond(&query[..length], known.as_ref().as_ref(), FIT);
                log.lock().expect("no panic").push(name);
                let _ = answer.map(|answer| udp.send_to(&answer, from));
            }
        });
        let tcp = TcpListener::bind((own, 53)).expect("the tests' root may have port 53");
        std::thread::spawn(move || {
            for mut stream in tcp.incoming().flatten() {
                let mut length = [0; 2];
                let _ = stream.read_exact(&mut length);
                let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
                let _ = stream.read_exact(&mut query);
                if let (_, Some(answer)) = respond(&query, book.as_ref().as_ref(), usize::MAX) {
                    let length = u16::try_from(answer.len()).expect("a short answer").to_be_bytes();
                    let _ = stream.write_all(&[&length[..], &answer].concat());
                }
            }
        });
        NameServer { asked }
    }

    /// How often it was asked.
    fn count(&self) -> usize {
        self.asked.lock().expect("no panic").len()
    }

    fn was_asked_for(&self, name: &str) -> bool {
        self.asked.lock().expect("no panic").iter().any(|asked| asked == name)
    }
}

type Book = Box<dyn Fn(&str) -> Vec<Ipv4Addr> + Send + Sync>;

/// The name in a question, and the answer: A records only.
fn respond(query: &[u8], book: Option<&Book>, fit: usize) -> (String, Option<Vec<u8>>) {
    // Twelve bytes of header, labels with their lengths until an empty one, type and class.
    let mut labels = Vec::new();
    let mut at = 12;
    while query[at] != 0 {
        let end = at + 1 + usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_ascii_lowercase());
        at = end;
    }
    let name = labels.join(".");
    let Some(book) = book else { return (name, None) };
    let end = at + 5;
    let known = book(&name);
    let wanted = if query[end - 4..end - 2] == [0, 1] { &known[..] } else { &[] };
    let (sent, truncated) = if wanted.len() > fit { (&[][..], 0x02) } else { (wanted, 0) };
    let code = if known.is_empty() { 3 } else { 0 };
    let count = u16::try_from(sent.len()).expect("not so many").to_be_bytes();
    let mut answer = query[..end].to_vec();
    answer[2..12].copy_from_slice(&[0x81 | truncated, 0x80 | code, 0, 1, count[0], count[1], 0, 0, 0, 0]);
    for address in sent {
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 7, 0, 4]);
        answer.extend(address.octets());
    }
    (name, Some(answer))
}

fn all_are(last: u8) -> impl Fn(&str) -> Vec<Ipv4Addr> {
    move |name| if name.ends_with(".example") { vec![Ipv4Addr::new(198, 51, 100, last)] } else { Vec::new() }
}

/// Containers that start while this is the host's resolv.conf; the file can be changed later.
fn start(env: &Env, resolv_conf: &str, commands: &[&[&str]]) {
    let mut script = format!("mount --bind {resolv_conf} /etc/resolv.conf");
    for words in commands {
        script += &format!(" && $AS $BOX {}", words.join(" "));
    }
    finish(env.prepared(&script), b"").code(0);
}

/// Starts two containers: `gnu` with glibc's resolver, `small` with busybox's and musl's. Both have the flags.
fn pair(env: &Env, resolv_conf: &str, flags: &[&str]) {
    let musl = format!("{}:/resolve:ro", compiled_by("musl-gcc", "resolve", &[]).display());
    let run = ["run", "-d", "-v", &musl];
    let words = |name: &'static str, image: &'static str| {
        let last = ["--name", name, image, "sleep", "600"];
        run.iter().chain(flags).copied().chain(last).collect::<Vec<&str>>()
    };
    start(env, resolv_conf, &[&words("gnu", "services"), &words("small", "busybox")]);
}

/// The addresses that each resolver finds, sorted.
fn found(env: &Env, name: &str) -> [Vec<String>; 3] {
    [
        ("gnu", format!("getent ahostsv4 {name} | cut -d ' ' -f 1 | sort -u")),
        ("small", format!("nslookup -type=a {name} | sed '1,/^$/d' | sed -n 's/^Address: *//p'")),
        ("small", format!("/resolve 1 {name} | cut -s -d ' ' -f 2-")),
    ]
    .map(|(container, script)| {
        let text = env.run(["exec", container, "sh", "-c", &script]).out();
        let mut found: Vec<String> = text.split_whitespace().map(str::to_string).collect();
        found.sort();
        found
    })
}

/// As [`found`], where all of them find the same.
fn all_find(env: &Env, name: &str, addresses: &[&str]) {
    let mut wanted = addresses.to_vec();
    wanted.sort_unstable();
    for (resolver, found) in ["glibc", "busybox", "musl"].iter().zip(found(env, name)) {
        assert_eq!(found, wanted, "{resolver}: {name}");
    }
}

#[test]
fn other_names_are_asked_where_the_host_the_network_or_the_container_says() {
    a_host_of_its_own(&["192.0.2.51/32", "192.0.2.52/32"]);
    for (own, last) in [("127.53.0.1", 1), ("127.53.0.2", 2), ("127.53.0.3", 3), ("192.0.2.51", 4)] {
        let _ = NameServer::new(own, all_are(last));
    }
    let env = Env::with(User::Sub, &["services"]);
    let resolv_conf = env.file("resolv.conf", "nameserver 127.53.0.1\n");
    env.run(["network", "create", "--dns", "127.53.0.3", "own"]).code(0);
    let run = |name: &'static str, more: &[&'static str]| {
        [&["run", "-d", "--name", name], more, &["services", "sleep", "600"]].concat()
    };
    let three = [
        run("one", &[]),
        run("other", &["--network", "own"]),
        run("third", &["--network", "own", "--dns", "192.0.2.51"]),
    ];
    start(&env, &resolv_conf, &three.each_ref().map(Vec::as_slice));
    let dig = |from: &str, words: &[&str]| {
        let dig = ["exec", from, "dig", "+short", "+time=5", "+tries=1"];
        env.run(dig.iter().chain(words)).code(0).stdout_line()
    };
    assert_eq!(dig("one", &["www.example"]), "198.51.100.1");
    assert_eq!(dig("one", &["www.example", "AAAA"]), "");
    assert_eq!(dig("one", &["www.example", "MX"]), "");
    std::fs::write(&resolv_conf, "# changed\nnameserver 127.53.0.2\n").expect("change resolv.conf");
    assert_eq!(dig("one", &["www.example"]), "198.51.100.2");
    assert_eq!(dig("other", &["www.example"]), "198.51.100.3");
    assert_eq!(dig("third", &["www.example"]), "198.51.100.4");
    // What containers are called is known without anybody else, by TCP as well.
    let settings = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    for (name, asker) in [("one", "one"), ("other", "other"), ("other", "third"), ("third", "other")] {
        let address = env.ok(["inspect", "-f", settings, name]);
        assert_eq!(dig(asker, &["+tcp", name]), address);
        assert_eq!(dig(asker, &[name]), address);
    }
    // A network's servers can be changed while it is used.
    env.run(["network", "update", "--dns-drop", "127.53.0.3", "--dns-add", "127.53.0.1", "own"]).code(0);
    assert_eq!(dig("other", &["www.example"]), "198.51.100.1");
    assert_eq!(dig("third", &["www.example"]), "198.51.100.4");
    assert_eq!(env.ok(["network", "inspect", "-f", "{{.NetworkDNSServers}}", "own"]), "[127.53.0.1]");
    env.run(["network", "update", "--dns-drop", "127.53.0.1", "own"]).code(0);
    assert_eq!(dig("other", &["www.example"]), "198.51.100.2");
    env.run(["network", "update", "own"]).fails(125, "nothing is to be changed");
    env.run(["network", "update", "--dns-add", "1.2.3", "own"]).code(125);
    env.run(["network", "update", "--dns-add", "192.0.2.1", "nothing"]).fails(125, "network not found");
    env.run(["network", "create", "--disable-dns", "mute"]).code(0);
    env.run(["network", "update", "--dns-add", "192.0.2.1", "mute"]).fails(125, "--disable-dns");
}

#[test]
fn a_dead_server_is_asked_last() {
    a_host_of_its_own(&["192.0.2.51/32", "192.0.2.52/32"]);
    let dead = NameServer::dead("192.0.2.51");
    let _living = NameServer::new("192.0.2.52", all_are(2));
    let env = Env::with(User::Sub, &["services", "busybox"]);
    let resolv_conf = env.file("resolv.conf", "nameserver 192.0.2.51\nnameserver 192.0.2.52\n");
    pair(&env, &resolv_conf, &[]);
    all_find(&env, "www.example", &["198.51.100.2"]);
    assert_ne!(dead.count(), 0, "servers are asked in their order");
    for number in 0..5 {
        all_find(&env, &format!("n{number}.example"), &["198.51.100.2"]);
    }
    // Each container's supervisor learns it by itself, on a busy machine from its second name.
    let waited: BTreeSet<String> = dead.asked.lock().expect("no panic").iter().cloned().collect();
    let late = ["n2.example", "n3.example", "n4.example"];
    assert!(!late.iter().any(|name| waited.contains(*name)), "it was waited for again: {waited:?}");
    let many = env.ok(["exec", "small", "/resolve", "150", "many.example", "gnu"]);
    assert_eq!(many, format!("150 198.51.100.2\n150 {}", address(&env, "gnu")));
}

#[test]
fn what_is_too_long_for_a_datagram_is_fetched_by_tcp() {
    a_host_of_its_own(&["192.0.2.51/32", "192.0.2.52/32"]);
    let book = |name: &str| {
        if name == "all.example" { (1..=100).map(|n| [203, 0, 113, n].into()).collect() } else { Vec::new() }
    };
    let server = NameServer::new("192.0.2.51", book);
    let env = Env::with(User::Sub, &["services", "busybox"]);
    let resolv_conf = env.file("resolv.conf", "nameserver 192.0.2.51\n");
    pair(&env, &resolv_conf, &[]);
    let [gnu, ..] = found(&env, "all.example");
    assert_eq!(gnu.len(), 100, "{gnu:?}");
    assert!(server.was_asked_for("all.example"));
    let count =
        ["exec", "gnu", "sh", "-c", "dig +short all.example | wc -l; dig +short +tcp all.example | wc -l"];
    assert_eq!(env.ok(count), "100\n100");
}

#[test]
fn search_domains_and_ndots_are_understood_by_every_resolver() {
    a_host_of_its_own(&["192.0.2.51/32", "192.0.2.52/32"]);
    let book = |name: &str| match name {
        "db.lan.test" => vec![[198, 51, 100, 7].into()],
        "a.b.lan.test" => vec![[198, 51, 100, 8].into()],
        "a.b" => vec![[198, 51, 100, 9].into()],
        _ => Vec::new(),
    };
    let server = NameServer::new("192.0.2.51", book);
    let env = Env::with(User::Sub, &["services", "busybox"]);
    let resolv_conf = env.file("resolv.conf", "search wrong.test\nnameserver 192.0.2.51\n");
    pair(&env, &resolv_conf, &["--dns-search", "lan.test", "--dns-option", "ndots:2"]);
    // busybox's nslookup knows neither ndots nor the name as it is where there is a search list.
    let [gnu, _, musl] = found(&env, "a.b");
    assert_eq!((gnu, musl), (vec!["198.51.100.8".to_string()], vec!["198.51.100.8".to_string()]));
    let [gnu, _, musl] = found(&env, "db");
    assert_eq!((gnu, musl), (vec!["198.51.100.7".to_string()], vec!["198.51.100.7".to_string()]));
    // A peer has its name all the same.
    let own = address(&env, "gnu");
    let [gnu, _, musl] = found(&env, "gnu");
    assert_eq!((gnu, musl), (vec![own.clone()], vec![own.clone()]));
    env.run(["exec", "small", "ping", "-4", "-c1", "-W5", "gnu"]).code(0).stdout_contains(&own);
    assert!(server.was_asked_for("gnu.lan.test") && !server.was_asked_for("gnu"));
    assert!(!server.was_asked_for("db.wrong.test"));
}

#[test]
fn no_question_leaves_an_internal_network() {
    a_host_of_its_own(&["192.0.2.51/32", "192.0.2.52/32"]);
    let server = NameServer::new("192.0.2.51", all_are(1));
    let env = Env::with(User::Sub, &["services", "busybox"]);
    let resolv_conf = env.file("resolv.conf", "nameserver 192.0.2.51\n");
    env.run(["network", "create", "--internal", "inner"]).code(0);
    pair(&env, &resolv_conf, &["--network", "inner", "--network-alias", "both"]);
    all_find(&env, "www.example", &[]);
    let settings = "{{.NetworkSettings.Networks.inner.IPAddress}}";
    let [gnu, small] = ["gnu", "small"].map(|name| env.ok(["inspect", "-f", settings, name]));
    all_find(&env, "gnu", &[&gnu]);
    all_find(&env, "both", &[&gnu, &small]);
    assert_eq!(server.count(), 0, "{:?}", server.asked);
}
