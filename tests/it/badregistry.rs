//! A registry that lies, breaks off or is not there; archives that try to get out.

use crate::env::{EVERYONE, Env, PATIENCE, User, eventually, registry};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is done to the answer of the real registry.
#[derive(Clone, Copy)]
enum Fault {
    /// One byte of each blob is another.
    Corrupt,
    /// Half of each blob, then the connection ends.
    Truncate,
    /// The first two requests for a blob are answered with 503.
    Busy,
    /// Each blob stops after its first half, and nothing comes any more.
    Stall,
    /// The first two answers with a blob end after their first half.
    Cut,
    /// Whoever has no token is sent to fetch one.
    Token,
}

/// A server in front of the real registry; lives as long as the test program.
struct Proxy {
    address: String,
    blobs: Arc<AtomicUsize>,
}

impl Proxy {
    fn start(fault: Fault) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let blobs = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&blobs);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let counter = Arc::clone(&counter);
                std::thread::spawn(move || answer(client, fault, &counter));
            }
        });
        Proxy { address, blobs }
    }
}

/// Answers one request; a client that goes away is no failure.
fn answer(mut client: TcpStream, fault: Fault, blobs: &AtomicUsize) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 || line == "\r\n" {
            break;
        }
        if !line.to_ascii_lowercase().starts_with("connection:") {
            head.push_str(&line);
        }
    }
    let is_blob = head.starts_with("GET") && head.lines().next()?.contains("/blobs/");
    let number = if is_blob { blobs.fetch_add(1, Ordering::SeqCst) } else { 0 };
    if is_blob && matches!(fault, Fault::Busy) && number < 2 {
        let text = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        return client.write_all(text.as_bytes()).ok();
    }
    if let Fault::Token = fault {
        let json = |status: &str, more: &str, body: &str| {
            format!(
                "HTTP/1.1 {status}\r\n{more}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            )
        };
        if head.starts_with("GET /token?scope=repository:library/busybox:pull&service=test ") {
            return client.write_all(json("200 OK", "", r#"{"access_token":"T123"}"#).as_bytes()).ok();
        }
        if !head.to_ascii_lowercase().contains("authorization: bearer t123") {
            let me = client.local_addr().ok()?;
            let ask = format!(
                "WWW-Authenticate: Bearer realm=\"http://{me}/token\",service=\"test\",scope=\"repository:library/busybox:pull\"\r\n"
            );
            return client.write_all(json("401 Unauthorized", &ask, "{}").as_bytes()).ok();
        }
    }
    let mut upstream = TcpStream::connect(registry()).ok()?;
    write!(upstream, "{head}Connection: close\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).ok()?;
    let body = answer.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let half = body + (answer.len() - body) / 2;
    match fault {
        Fault::Corrupt if is_blob && half < answer.len() => answer[half] ^= 0x55,
        Fault::Truncate if is_blob => answer.truncate(half),
        Fault::Cut if is_blob && number < 2 => answer.truncate(half),
        Fault::Stall if is_blob => {
            client.write_all(&answer[..half]).ok()?;
            std::thread::sleep(PATIENCE);
            return None;
        }
        _ => {}
    }
    client.write_all(&answer).ok()
}

fn nothing_is_left(env: &Env) {
    env.run(["images", "-q"]).code(0).stdout("");
    let layers = std::fs::read_dir(env.root().join("layers")).map_or(0, Iterator::count);
    assert_eq!(layers, 0, "a layer is visible after a failed pull");
}

#[test]
fn a_corrupt_blob_is_refused() {
    let env = Env::empty(User::Sub);
    let proxy = Proxy::start(Fault::Corrupt);
    let output = env.run(["pull", "-q", &format!("{}/library/busybox", proxy.address)]);
    output.fails(125, "sha256:");
    nothing_is_left(&env);
}

#[test]
fn a_truncated_blob_is_refused() {
    let env = Env::empty(User::Sub);
    let proxy = Proxy::start(Fault::Truncate);
    env.run(["pull", "-q", &format!("{}/library/busybox", proxy.address)]).code(125).stdout("");
    nothing_is_left(&env);
}

#[test]
fn a_busy_registry_is_tried_again() {
    let env = Env::empty(User::Sub);
    let proxy = Proxy::start(Fault::Busy);
    env.run(["pull", "-q", &format!("{}/library/busybox", proxy.address)]).code(0);
    assert!(proxy.blobs.load(Ordering::SeqCst) >= 4, "it was not tried again");
}

#[test]
fn a_blob_that_breaks_off_is_resumed() {
    let env = Env::empty(User::Sub);
    let proxy = Proxy::start(Fault::Cut);
    let image = format!("{}/library/busybox", proxy.address);
    env.run(["pull", "-q", &image]).code(0);
    env.run(["run", "--rm", &image, "echo", "x"]).code(0).stdout("x\n");
}

#[test]
fn a_token_is_fetched_where_one_is_wanted() {
    let env = Env::empty(User::Sub);
    let proxy = Proxy::start(Fault::Token);
    env.run(["pull", "-q", &format!("{}/library/busybox", proxy.address)]).code(0);
}

#[test]
fn ctrl_c_during_a_pull_leaves_nothing_half() {
    let env = Env::empty(User::Sub);
    let proxy = Proxy::start(Fault::Stall);
    let mut pty = env.pty(["pull", &format!("{}/library/busybox", proxy.address)]);
    eventually("a blob is being fetched", || proxy.blobs.load(Ordering::SeqCst) > 0);
    pty.send("\x03");
    pty.code(130);
    assert!(pty.is_cooked());
    nothing_is_left(&env);
    env.run(["pull", "-q", &format!("{}/library/busybox", registry())]).code(0);
}

#[test]
fn what_is_not_there_is_said_in_a_line() {
    let env = Env::empty(User::Sub);
    env.run(["pull", "-q", &format!("{}/no/such", registry())]).fails(125, "no/such");
    env.run(["pull", "-q", &format!("{}/library/busybox:no-such", registry())]).fails(125, "no-such");
    env.run(["pull", "-q", "127.0.0.1:1/library/busybox"]).fails(125, "127.0.0.1:1");
    env.run(["pull", "-q", "UPPER/case"]).code(125);
    env.run(["run", "--rm", "--pull=never", "no-such-image", "true"]).fails(125, "no-such-image");
}

/// One member of a layer that should not be unpacked as it is written.
fn member(tar: &mut Vec<u8>, name: &str, kind: tar::EntryType, link: &str, uid: u64, content: &[u8]) {
    let mut header = tar::Header::new_ustar();
    // Not by set_path: it refuses what an attacker would write.
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o755);
    header.set_uid(uid);
    header.set_gid(0);
    header.set_size(content.len() as u64);
    if kind.is_character_special() {
        header.set_device_major(1).and_then(|()| header.set_device_minor(3)).expect("ustar has devices");
    }
    header.set_cksum();
    tar.extend(header.as_bytes());
    tar.extend(content);
    tar.resize(tar.len().next_multiple_of(512), 0);
}

#[test]
fn an_archive_cannot_write_outside_of_its_root() {
    use tar::EntryType;
    for user in EVERYONE {
        let env = Env::empty(user);
        let target = env.tmp().join("target");
        std::fs::create_dir(&target).unwrap();
        env.give(&target);
        let target = target.to_str().unwrap();
        let (file, link, hard) = (EntryType::Regular, EntryType::Symlink, EntryType::Link);
        let attacks: Vec<Vec<(String, EntryType, String)>> = vec![
            vec![(format!("../../../../../../../../../..{target}/up"), file, String::new())],
            vec![(format!("{target}/absolute"), file, String::new())],
            vec![("door".into(), link, target.into()), ("door/through".into(), file, String::new())],
            vec![
                ("door".into(), link, format!("../../../../../../../../..{target}")),
                ("door/relative".into(), file, String::new()),
            ],
            vec![("hard".into(), hard, "../../../../../../../../../../etc/passwd".into())],
            vec![
                ("a/".into(), EntryType::Directory, String::new()),
                ("a/../../x".into(), file, String::new()),
            ],
            vec![("door".into(), link, target.into()), ("door/.wh.kept".into(), file, String::new())],
        ];
        std::fs::write(format!("{target}/kept"), "kept").unwrap();
        for (number, attack) in attacks.iter().enumerate() {
            let mut tar = Vec::new();
            for (name, kind, to) in attack {
                member(&mut tar, name, *kind, to, 0, if kind.is_file() { b"escaped" } else { b"" });
            }
            tar.resize(tar.len() + 1024, 0);
            let path = env.file(&format!("attack{number}.tar"), &tar);
            // It may be refused, or stay inside; nothing may be outside afterwards.
            let output = env.run(["import", &path, "attack"]);
            assert!(!output.err().contains("panicked"), "{output}");
            let outside: Vec<_> =
                std::fs::read_dir(target).unwrap().flatten().map(|e| e.file_name()).collect();
            assert_eq!(outside, ["kept"], "attack {number}: {output}");
        }
    }
}

#[test]
fn ids_beyond_the_map_are_named() {
    let env = Env::empty(User::Sub);
    let mut tar = Vec::new();
    member(&mut tar, "far", tar::EntryType::Regular, "", 1_000_000, b"x");
    tar.resize(tar.len() + 1024, 0);
    let path = env.file("far.tar", &tar);
    env.run(["import", &path, "far"]).code(125).stderr_contains("1000000").stderr_contains("subuid");
}

#[test]
fn device_nodes_do_not_stop_an_import() {
    for user in EVERYONE {
        let env = Env::empty(user);
        let mut tar = Vec::new();
        member(&mut tar, "dev/", tar::EntryType::Directory, "", 0, b"");
        member(&mut tar, "dev/null", tar::EntryType::Char, "", 0, b"");
        tar.resize(tar.len() + 1024, 0);
        let path = env.file("devices.tar", &tar);
        env.run(["import", &path, "devices"]).code(0);
    }
}

#[test]
fn what_is_no_archive_is_refused() {
    let env = Env::empty(User::Sub);
    let file = env.file("noise", vec![0x42; 5000]);
    env.run(["import", &file, "noise"]).code(125).stdout("");
    env.run(["load", "-i", &file]).code(125).stdout("");
    let cut = std::fs::read(crate::env::fixture("busybox.tar")).unwrap();
    let file = env.file("cut.tar", &cut[..cut.len() / 2]);
    env.run(["import", &file, "cut"]).code(125).stdout("");
    env.run(["import", "/no/such/file", "x"]).fails(125, "/no/such/file");
    env.run(["load", "-i", "/no/such/file"]).fails(125, "/no/such/file");
    nothing_is_left(&env);
}

#[test]
fn a_silent_registry_can_be_interrupted() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let env = Env::empty(User::Sub);
    let mut pull = env.spawn(["pull", "-q", &format!("{address}/x")]);
    listener.set_nonblocking(true).expect("set non-blocking");
    let mut connection = None;
    eventually("it connects", || {
        connection = listener.accept().ok();
        connection.is_some()
    });
    pull.signal(nix::sys::signal::Signal::SIGTERM);
    let ended = pull.wait();
    assert!(!ended.success());
}
