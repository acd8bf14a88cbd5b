//! Published ports: `-p`, `-P`, `--expose`, `port`.

use crate::env::{EVERYONE, Env, User, eventually};
use crate::seccomp::compiled;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Starts a container `name` whose service on port 7, tcp and udp, names its client and echoes.
fn echo(env: &Env, name: &str, flags: &[&str]) {
    let program = compiled("echo", &[]);
    let volume = format!("{}:/echo:ro", program.display());
    let mut words = vec!["run", "-d", "--name", name, "-v", &volume];
    words.extend(flags);
    words.extend(["busybox", "/echo", "7"]);
    env.run(words).code(0);
    env.until_logged(name, "ready");
}

/// Where a port of a container is published first.
fn place(env: &Env, name: &str, port: &str) -> SocketAddr {
    let text = env.ok(["port", name, port]);
    let first = text.lines().next().expect("a place");
    first.replace("0.0.0.0", "127.0.0.1").parse().expect("an address")
}

fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&to, PATIENCE).expect("connect");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    stream
}

/// Says `word` and returns the first line and what came back.
fn talk(to: SocketAddr, word: &str) -> (String, String) {
    let mut stream = connect(to);
    stream.write_all(word.as_bytes()).expect("write");
    stream.shutdown(Shutdown::Write).expect("half close");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("read");
    let (who, rest) = text.split_once('\n').expect("a first line");
    (who.to_string(), rest.to_string())
}

/// Sends a datagram from `from` until it is answered.
fn ask(from: &UdpSocket, to: SocketAddr, word: &str) -> String {
    from.set_read_timeout(Some(Duration::from_secs(1))).expect("a time limit");
    let end = Instant::now() + PATIENCE;
    let mut buffer = [0; 2048];
    loop {
        from.send_to(word.as_bytes(), to).expect("send");
        match from.recv_from(&mut buffer) {
            Ok((length, answered)) => {
                assert_eq!(answered, to, "the answer comes from another address");
                return String::from_utf8_lossy(&buffer[..length]).into_owned();
            }
            Err(error) => assert!(Instant::now() < end, "no answer: {error}"),
        }
    }
}

#[test]
fn every_form_reaches_the_service() {
    for user in EVERYONE {
        let env = Env::of(user);
        let flags =
            ["-p", "127.0.0.1::7", "-p", "[::1]::7", "-p", "7", "-p", "127.0.0.2::7/udp", "-p", "7/udp"];
        echo(&env, "c", &flags);
        let places = env.ok(["port", "c", "7"]);
        assert_eq!(places.lines().count(), 3, "{places}");
        for line in places.lines() {
            let to: SocketAddr = line.replace("0.0.0.0", "127.0.0.1").parse().unwrap();
            assert_eq!(talk(to, "hello").1, "hello", "{line}");
        }
        // All of the host's addresses means both families.
        let all = places.lines().find(|line| line.starts_with("0.0.0.0:")).expect("all addresses");
        let six = format!("[::1]:{}", all.rsplit_once(':').unwrap().1);
        assert_eq!(talk(six.parse().unwrap(), "six").1, "six");
        let udp = env.ok(["port", "c", "7/udp"]);
        assert_eq!(udp.lines().count(), 2, "{udp}");
        for line in udp.lines() {
            let to: SocketAddr = line.replace("0.0.0.0", "127.0.0.1").parse().unwrap();
            let from = UdpSocket::bind("0.0.0.0:0").unwrap();
            assert!(ask(&from, to, "ping").ends_with(" ping"));
            // The same client again: the same flow.
            assert!(ask(&from, to, "pong").ends_with(" pong"));
        }
        env.run(["rm", "-f", "-t", "0", "c"]).code(0);
    }
}

#[test]
fn ranges_and_all_exposed_ports_are_published() {
    let env = Env::new();
    let flags = ["--expose", "8000-8001", "--expose", "53/udp", "-P", "-p", "127.0.0.1::9000-9002"];
    let mut words = vec!["run", "-d", "--name", "c"];
    words.extend(flags);
    words.extend(["busybox", "sleep", "600"]);
    env.run(words).code(0);
    let ports = env.ok(["port", "c"]);
    let inside: Vec<&str> = ports.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(inside, ["53/udp", "8000/tcp", "8001/tcp", "9000/tcp", "9001/tcp", "9002/tcp"], "{ports}");
    assert_eq!(ports.lines().filter(|line| line.contains(" -> 127.0.0.1:")).count(), 3, "{ports}");
    env.run(["ps", "--format", "{{.Ports}}"]).code(0).stdout_contains("->53/udp");
    let exposed = env.ok(["inspect", "-f", "{{json .Config.ExposedPorts}}", "c"]);
    assert!(exposed.contains("9001/tcp") && exposed.contains("53/udp"), "{exposed}");
}

#[test]
fn port_prints_what_scripts_cut_apart() {
    let env = Env::new();
    env.run(["run", "-d", "--name", "c", "-p", "127.0.0.1::80", "busybox", "sleep", "600"]).code(0);
    let place = env.ok(["port", "c", "80"]);
    let port = place.strip_prefix("127.0.0.1:").expect("IP:PORT");
    let list = env.ok(["port", "c"]);
    assert_eq!(list, format!("80/tcp -> {place}"));
    assert_eq!(env.ok(["port", "-l"]), list);
    assert!(env.ok(["port", "-a"]).ends_with(&format!("\t{list}")));
    let id = env.ok(["inspect", "-f", "{{.Id}}", "c"]);
    assert_eq!(env.ok(["port", &id[..12], "80/tcp"]), place);
    let seed = r#"{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}"#;
    assert_eq!(env.ok(["inspect", "-f", seed, "c"]), port);
    assert_eq!(env.ok(["ps", "--format", "{{.Ports}}"]), format!("{place}->80/tcp"));
    env.run(["port", "c", "81"]).fails(125, "failed to find published port \"81/tcp\"");
    env.run(["port", "c", "80/udp"]).fails(125, "80/udp");
    env.run(["port", "c", "x"]).fails(125, "x");
    env.run(["port", "nobody"]).fails(125, "nobody");
    env.run(["port"]).fails(125, "container");
    env.run(["stop", "-t", "0", "c"]).code(0);
    env.run(["port", "c"]).code(0).stdout("");
    // The next run has the same ports.
    env.run(["start", "c"]).code(0);
    assert_eq!(env.ok(["port", "c", "80"]), place);
}

#[test]
fn a_port_that_cannot_be_had_is_explained_and_nothing_runs() {
    let env = Env::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let publish = format!("127.0.0.1:{port}:80");
    // The one who has it is another user's: the test's.
    env.run(["run", "--rm", "-p", &publish, "busybox", "true"]).fails(125, "address already in use");
    env.run(["run", "--rm", "-p", "80:80", "busybox", "true"]).fails(125, "ip_unprivileged_port_start=80");
    env.run(["run", "--rm", "-p", "203.0.113.9:8080:80", "busybox", "true"]).fails(125, "203.0.113.9");
    env.run(["run", "-d", "--name", "c", "-p", "127.0.0.1::80", "busybox", "sleep", "600"]).code(0);
    let place = format!("{}:80", env.ok(["port", "c", "80"]));
    env.run(["run", "--rm", "-p", &place, "busybox", "true"]).fails(125, "by container ");
    for wrong in ["80:80:80:80", "x:80", "80:80/icmp", "8000-8002:80-81"] {
        env.run(["run", "--rm", "-p", wrong, "busybox", "true"]).code(125).stderr_contains(wrong);
    }
    env.run(["run", "--rm", "-p", "8080:80", "-p", "8080:81", "busybox", "true"]).fails(125, "same port");
}

#[test]
fn an_administrator_has_the_reserved_ports() {
    let env = Env::of(User::Root);
    echo(&env, "c", &["-p", "127.0.0.3:89:7", "-p", "127.0.0.3:89:7/udp"]);
    assert_eq!(talk("127.0.0.3:89".parse().unwrap(), "hello").1, "hello");
    let from = UdpSocket::bind("127.0.0.1:0").unwrap();
    assert!(ask(&from, "127.0.0.3:89".parse().unwrap(), "ping").ends_with(" ping"));
}

#[test]
fn where_there_is_nothing_to_publish_it_is_said() {
    let env = Env::new();
    for network in ["host", "none"] {
        let words = ["run", "--rm", "--network", network, "-p", "8080:80", "busybox", "true"];
        env.run(words).code(0).stderr_contains("published ports are discarded");
    }
}

#[test]
fn each_direction_ends_by_itself_and_nothing_is_lost() {
    let env = Env::new();
    // Counts to the end of its input, and only then answers.
    let script = "while :; do nc -l -p 9 -e wc -c; done";
    env.run(["run", "-d", "--name", "c", "-p", "127.0.0.1::9", "busybox", "sh", "-c", script]).code(0);
    let to = place(&env, "c", "9");
    let bytes = vec![b'x'; 3_000_000];
    eventually("it counts", || {
        let mut stream = connect(to);
        let sent = stream.write_all(&bytes).and_then(|()| stream.shutdown(Shutdown::Write));
        let mut text = String::new();
        sent.and_then(|()| stream.read_to_string(&mut text)).is_ok() && text.trim() == "3000000"
    });
}

#[test]
fn a_reader_that_is_slow_gets_everything() {
    let env = Env::new();
    echo(&env, "c", &["-p", "127.0.0.1::7"]);
    let stream = connect(place(&env, "c", "7"));
    let bytes: Vec<u8> = (0..8_000_000u32).map(|n| (n % 251) as u8).collect();
    let mut writer = stream.try_clone().unwrap();
    let sent = bytes.clone();
    let writing = std::thread::spawn(move || {
        writer.write_all(&sent).expect("write");
        writer.shutdown(Shutdown::Write).expect("half close");
    });
    let mut reader = std::io::BufReader::with_capacity(10_000, stream);
    let mut back = Vec::new();
    reader.read_to_end(&mut back).expect("read");
    writing.join().unwrap();
    let start = back.iter().position(|b| *b == b'\n').unwrap() + 1;
    assert!(back[start..] == bytes, "{} of {} bytes came back", back.len() - start, bytes.len());
}

#[test]
fn a_port_without_a_service_breaks_off() {
    let env = Env::new();
    env.run(["run", "-d", "--name", "c", "-p", "127.0.0.1::9", "busybox", "sleep", "600"]).code(0);
    let to = place(&env, "c", "9");
    match TcpStream::connect_timeout(&to, PATIENCE) {
        Ok(mut stream) => {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let error = stream.read(&mut [0; 10]).expect_err("nobody serves it");
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
        // It may break off while we still connect.
        Err(error) => assert!(matches!(
            error.kind(),
            std::io::ErrorKind::ConnectionRefused | std::io::ErrorKind::ConnectionReset
        )),
    }
}

#[test]
fn four_thousand_clients_at_once_are_served() {
    let env = Env::new();
    echo(&env, "c", &["-p", "127.0.0.1::7"]);
    let to = place(&env, "c", "7");
    let (_, hard) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE).unwrap();
    nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let count = 4_000.min((hard / 4) as usize);
    let mut clients: Vec<TcpStream> = (0..count).map(|_| connect(to)).collect();
    for client in &mut clients {
        client.write_all(b"x").expect("write");
    }
    for (number, client) in clients.iter_mut().enumerate() {
        let mut text = Vec::new();
        while !text.ends_with(b"\nx") {
            let mut more = [0; 64];
            let got = client.read(&mut more).expect("read");
            assert_ne!(got, 0, "client {number} was hung up on");
            text.extend(&more[..got]);
        }
    }
    assert_eq!(talk(to, "and one more").1, "and one more");
}

/// Processor time of a container's supervisor, in clock ticks.
fn ticks(env: &Env, container: &str) -> u64 {
    let pid = env.ok(["inspect", "-f", "{{.State.ConmonPid}}", container]);
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let after = stat.rsplit_once(')').expect("a name").1;
    after.split_whitespace().skip(11).take(2).map(|word| word.parse::<u64>().unwrap()).sum()
}

#[test]
fn at_the_limit_on_descriptors_clients_wait_and_nothing_spins() {
    let env = Env::new();
    let program = compiled("echo", &[]);
    let volume = format!("{}:/echo:ro", program.display());
    // A supervisor that may have 128 descriptors: 64 of them are for other things.
    let mut command = env.program("prlimit");
    command.arg("--nofile=128:128").arg(Env::binary());
    command.args(["run", "-d", "--name", "c", "-p", "127.0.0.1::7", "-v", &volume, "busybox", "/echo", "7"]);
    crate::env::finish(command, b"").code(0);
    env.until_logged("c", "ready");
    let to = place(&env, "c", "7");
    let mut clients: Vec<TcpStream> = (0..60).map(|_| connect(to)).collect();
    let mut served = 0;
    for client in &mut clients {
        client.set_read_timeout(Some(Duration::from_millis(if served < 31 { 20_000 } else { 5 }))).unwrap();
        served += usize::from(client.read(&mut [0; 64]).is_ok_and(|got| got > 0));
    }
    assert!((20..40).contains(&served), "{served} of 60 are served by 128 descriptors");
    let before = ticks(&env, "c");
    std::thread::sleep(Duration::from_millis(500));
    assert!(ticks(&env, "c") - before < 10, "the supervisor spins");
    // Those that waited get their turn.
    let mut last = clients.pop().expect("one of sixty");
    drop(clients);
    last.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_ne!(last.read(&mut [0; 64]).expect("an answer"), 0);
}

#[test]
fn a_container_in_anothers_network_publishes_there() {
    let env = Env::new();
    echo(&env, "owner", &[]);
    let words = ["run", "-d", "--name", "guest", "--network", "container:owner", "-p", "127.0.0.1::7"];
    env.run(words.into_iter().chain(["busybox", "sleep", "600"])).code(0);
    assert_eq!(talk(place(&env, "guest", "7"), "hello").1, "hello");
}

#[test]
fn connections_outlive_the_uplink() {
    let env = Env::new();
    echo(&env, "c", &["--network", "slirp4netns", "-p", "127.0.0.1::7"]);
    let to = place(&env, "c", "7");
    let mut stream = connect(to);
    let mut line = [0; 64];
    assert_ne!(stream.read(&mut line).unwrap(), 0);
    let first = crate::network::uplink(&env, "c");
    assert_ne!(first, 0, "there is no uplink");
    std::thread::sleep(Duration::from_millis(1200));
    let killed = std::process::Command::new("kill").args(["-KILL", &first.to_string()]).status();
    assert!(killed.is_ok_and(|status| status.success()));
    eventually("another one runs", || ![0, first].contains(&crate::network::uplink(&env, "c")));
    stream.write_all(b"still there").unwrap();
    let got = stream.read(&mut line).unwrap();
    assert_eq!(&line[..got], b"still there");
    eventually("new ones come through", || talk(to, "new").1 == "new");
}

#[test]
fn pasta_passes_its_ports_on_itself() {
    if !std::path::Path::new("/usr/bin/pasta").exists() {
        panic!("the package passt is missing: scripts/packages installs it");
    }
    let env = Env::new();
    echo(&env, "c", &["--network", "pasta", "-p", "127.0.0.1::7", "-p", "127.0.0.1::7/udp"]);
    assert_eq!(talk(place(&env, "c", "7"), "hello").1, "hello");
    let from = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    assert!(ask(&from, place(&env, "c", "7/udp"), "ping").ends_with(" ping"));
}

#[test]
fn the_ports_of_a_running_container_can_be_changed() {
    let env = Env::new();
    echo(&env, "c", &[]);
    env.run(["port", "c"]).code(0).stdout("");
    let said = env.ok(["port", "add", "c", "127.0.0.1::7", "127.0.0.2::7/udp"]);
    assert_eq!(said, env.ok(["port", "c"]));
    let to = place(&env, "c", "7");
    assert_eq!(talk(to, "hello").1, "hello");
    let from = UdpSocket::bind("0.0.0.0:0").unwrap();
    assert!(ask(&from, place(&env, "c", "7/udp"), "ping").ends_with(" ping"));
    env.run(["ps", "--format", "{{.Ports}}"]).code(0).stdout_contains(&format!("{to}->7/tcp"));
    // One that is there already, and one that is not.
    env.run(["port", "add", "c", &format!("{to}:7")]).fails(125, "in use by container");
    env.run(["port", "rm", "c", "8"]).fails(125, "failed to find published port");
    env.run(["port", "add", "c", "x"]).fails(125, "x");
    let mut stream = connect(to);
    assert_ne!(stream.read(&mut [0; 64]).unwrap(), 0);
    env.run(["port", "rm", "c", &format!("{to}:7")]).code(0).stdout("");
    eventually("nobody listens any more", || TcpStream::connect(to).is_err());
    // Whoever is connected stays so.
    stream.write_all(b"x").unwrap();
    assert_eq!(stream.read(&mut [0; 64]).unwrap(), 1);
    // What was added is there after a restart, what was removed is not.
    env.run(["restart", "-t", "0", "c"]).code(0);
    let ports = env.ok(["port", "c"]);
    assert!(ports.starts_with("7/udp -> 127.0.0.2:") && ports.lines().count() == 1, "{ports}");
    env.run(["stop", "-t", "0", "c"]).code(0);
    env.run(["port", "rm", "c", "7/udp"]).code(0);
    env.run(["port", "add", "c", "127.0.0.1::7"]).code(0).stdout("");
    env.run(["start", "c"]).code(0);
    env.until_logged("c", "ready");
    assert_eq!(talk(place(&env, "c", "7"), "hello").1, "hello");
    assert_eq!(env.ok(["port", "c"]).lines().count(), 1);
    let bindings = env.ok(["inspect", "-f", "{{json .HostConfig.PortBindings}}", "c"]);
    assert_eq!(bindings, r#"{"7/tcp":[{"HostIp":"127.0.0.1","HostPort":""}]}"#);
    env.run(["run", "-d", "--name", "h", "--network", "none", "busybox", "sleep", "600"]).code(0);
    env.run(["port", "add", "h", "8080:80"]).fails(125, "no network of its own");
}

#[test]
fn an_administrator_adds_a_reserved_port() {
    let env = Env::of(User::Root);
    echo(&env, "c", &[]);
    env.run(["port", "add", "c", "127.0.0.4:88:7"]).code(0);
    assert_eq!(talk("127.0.0.4:88".parse().unwrap(), "hello").1, "hello");
}

/// As [`talk`], from an address and port of our own; returns all that came back.
fn talk_from(own: &str, to: SocketAddr, word: &str) -> String {
    use rustix::net::{AddressFamily, SocketType};
    let own: SocketAddr = own.parse().expect("an address");
    let family = if own.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = rustix::net::socket(family, SocketType::STREAM, None).expect("a socket");
    rustix::net::sockopt::set_socket_reuseaddr(&socket, true).expect("a used port again");
    rustix::net::bind(&socket, &own).expect("bind");
    rustix::net::connect(&socket, &to).expect("connect");
    let mut stream = TcpStream::from(socket);
    stream.write_all(word.as_bytes()).expect("write");
    stream.shutdown(Shutdown::Write).expect("half close");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("read");
    text
}

#[test]
fn services_see_their_clients_own_addresses() {
    crate::network::a_host_of_its_own(&[
        "203.0.113.7/32",
        "203.0.113.8/32",
        "2001:db8::7/128",
        "2001:db8::8/128",
    ]);
    for network in ["bridge", "slirp4netns"] {
        let env = Env::new();
        echo(&env, "c", &["--network", network, "-p", "7", "-p", "7/udp"]);
        let to = |port: &str| -> SocketAddr {
            place(&env, "c", port).to_string().replace("127.0.0.1", "203.0.113.8").parse().unwrap()
        };
        assert_eq!(talk_from("203.0.113.7:4321", to("7"), "hello"), "203.0.113.7 4321\nhello", "{network}");
        if network == "bridge" {
            let six = SocketAddr::new("2001:db8::8".parse().unwrap(), to("7").port());
            assert_eq!(talk_from("[2001:db8::7]:4321", six, "six"), "2001:db8::7 4321\nsix");
            let six = SocketAddr::new("2001:db8::8".parse().unwrap(), to("7/udp").port());
            let client = UdpSocket::bind("[2001:db8::7]:4322").unwrap();
            assert_eq!(ask(&client, six, "x"), "2001:db8::7 4322 x");
        }
        // Two clients at once, each with its own way back.
        let clients = ["203.0.113.7:5000", "203.0.113.8:5000", "203.0.113.7:5001"]
            .map(|own| UdpSocket::bind(own).unwrap());
        for _ in 0..2 {
            for client in &clients {
                let own = client.local_addr().unwrap();
                assert_eq!(
                    ask(client, to("7/udp"), "x"),
                    format!("{} {} x", own.ip(), own.port()),
                    "{network}"
                );
            }
        }
        // The host's loopback is the gateway: whoever trusts 127.0.0.1 does not trust the host.
        let gateway = env.ok(["inspect", "-f", "{{.NetworkSettings.Gateway}}", "c"]);
        let (who, back) = talk(place(&env, "c", "7"), "me");
        assert_eq!((who.split(' ').next(), back.as_str()), (Some(gateway.as_str()), "me"), "{network}");
        let local = UdpSocket::bind("127.0.0.1:0").unwrap();
        assert!(ask(&local, place(&env, "c", "7/udp"), "me").starts_with(&gateway), "{network}");
        assert_eq!(env.ok(["inspect", "-f", "{{.NetworkSettings.ClientAddressesHidden}}", "c"]), "");
        env.run(["rm", "-f", "-t", "0", "c"]).code(0);
    }
}

#[test]
fn where_a_clients_address_cannot_be_kept_its_connections_work_and_inspect_says_so() {
    let env = Env::new();
    // As on a host that is a container itself: nothing can be set in /proc/sys.
    let program = compiled("echo", &[]);
    let script = format!(
        "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys &&
        exec $AS $BOX run -d --name c --pid host --network slirp4netns -p 127.0.0.1::7 -p 127.0.0.1::7/udp \
            -v {}:/echo:ro busybox /echo 7",
        program.display()
    );
    crate::env::finish(env.prepared(&script), b"").code(0);
    env.until_logged("c", "ready");
    let hidden = env.ok(["inspect", "-f", "{{.NetworkSettings.ClientAddressesHidden}}", "c"]);
    assert!(hidden.contains("tcp_fwmark_accept: Read-only file system"), "{hidden}");
    assert_eq!(talk(place(&env, "c", "7"), "hello").1, "hello");
    let from = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    assert!(ask(&from, place(&env, "c", "7/udp"), "ping").ends_with(" ping"));
    // A bridge forwards, which cannot be switched on there; where it is on already nothing is missing.
    let script = script.replace("slirp4netns", "bridge").replace("--name c ", "--name b ");
    let bridge = crate::env::finish(env.prepared(&script), b"");
    match bridge.code {
        Some(0) => assert_eq!(talk(place(&env, "b", "7"), "hello").1, "hello"),
        _ => drop(bridge.fails(125, "forward").fails(125, "Read-only file system")),
    }
}
