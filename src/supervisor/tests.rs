//! The event loop with real children, pipes, ptys and sockets; only the sandbox is missing.

use super::client;
use super::control;
use super::events::{Limits, Monitor};
use super::log::LogWriter;
use super::protocol::{self, Answer, Decoder, Exit, Hello, Kind, Request, VERSION};
use super::stdio::{self, Streams};
use crate::sys::process::{self, Child};
use crate::sys::tty::{self, WindowSize};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A shell command under a supervisor's loop, in a thread of the test.
struct Supervised {
    dir: PathBuf,
    first: UnixStream,
    decoder: Decoder,
    thread: JoinHandle<Exit>,
}

fn hello() -> Hello {
    Hello { version: VERSION, stdin: true, stdout: true, stderr: true, stdin_once: true, size: None }
}

fn limits() -> Limits {
    Limits { stop_signal: libc::SIGTERM, stop_timeout: Duration::from_secs(10), timeout: None }
}

fn spawn(
    command: &mut Command,
    stdin: impl Into<Stdio>,
    out: impl Into<Stdio>,
    err: impl Into<Stdio>,
) -> Child {
    // The loop waits for it.
    let id = command.stdin(stdin).stdout(out).stderr(err).spawn().map(|child| child.id()).unwrap();
    let pid = i32::try_from(id).unwrap();
    Child { pid, pidfd: process::open_pidfd(pid).unwrap().unwrap() }
}

impl Supervised {
    fn with(child: Child, streams: Streams, hello: Hello, limits: Limits) -> Supervised {
        let random = std::fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap();
        let dir = std::env::temp_dir().join(format!("box-loop-{}", random.trim()));
        std::fs::create_dir(&dir).unwrap();
        let listeners = (
            control::listen(&dir, control::ATTACH).unwrap(),
            control::listen(&dir, control::CONTROL).unwrap(),
        );
        let (first, theirs) = UnixStream::pair().unwrap();
        let log = LogWriter::open(&dir.join("log"), None).unwrap();
        let thread = std::thread::spawn(move || {
            let client = Some((OwnedFd::from(theirs), hello));
            let mut monitor = Monitor::new(child, streams, log, Some(listeners), client, limits).unwrap();
            let exit = monitor.run().unwrap();
            monitor.tell(exit);
            monitor.linger();
            exit
        });
        let mut decoder = Decoder::default();
        assert_eq!(protocol::read_frame(&first, &mut decoder).unwrap().0, Kind::Started);
        Supervised { dir, first, decoder, thread }
    }

    fn shell(script: &str) -> Supervised {
        Supervised::shell_limited(script, limits())
    }

    fn shell_limited(script: &str, limits: Limits) -> Supervised {
        let (ends, streams) = stdio::pipes(true).unwrap();
        let child = spawn(Command::new("sh").args(["-c", script]), ends.stdin, ends.stdout, ends.stderr);
        Supervised::with(child, streams, hello(), limits)
    }

    fn frame(&mut self) -> (Kind, Vec<u8>) {
        protocol::read_frame(&self.first, &mut self.decoder).unwrap()
    }

    fn send(&self, kind: Kind, payload: &[u8]) {
        protocol::write_all(&self.first, &protocol::frame(kind, payload)).unwrap();
    }

    /// Everything up to the end: standard output, standard error, exit.
    fn rest(&mut self) -> (Vec<u8>, Vec<u8>, Exit) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        loop {
            match self.frame() {
                (Kind::Stdout, bytes) => out.extend(bytes),
                (Kind::Stderr, bytes) => err.extend(bytes),
                (Kind::Exit, bytes) => return (out, err, serde_json::from_slice(&bytes).unwrap()),
                _ => {}
            }
        }
    }

    fn until(&mut self, text: &str) {
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains(text) {
            if let (Kind::Stdout, bytes) = self.frame() {
                seen.extend(bytes);
            }
        }
    }

    fn ask(&self, request: &Request) -> Answer {
        control::request(&self.dir, request, Some(Duration::from_secs(20))).unwrap()
    }

    fn end(self) -> Exit {
        drop(self.first);
        let exit = self.thread.join().unwrap();
        std::fs::remove_dir_all(&self.dir).unwrap();
        exit
    }
}

#[test]
fn output_arrives_byte_for_byte_and_the_code_behind_it() {
    let script =
        "i=0; while [ $i -lt 200 ]; do head -c 100000 /dev/zero; i=$((i+1)); done; echo oops >&2; exit 7";
    let mut it = Supervised::shell(script);
    // Slower than it writes: it is held back, and nothing is lost.
    std::thread::sleep(Duration::from_millis(200));
    let (out, err, exit) = it.rest();
    assert_eq!(out.len(), 20_000_000);
    assert!(out.iter().all(|byte| *byte == 0));
    assert_eq!(err, b"oops\n");
    assert_eq!(exit, Exit { code: 7, signal: None });
    it.end();
}

#[test]
fn the_end_of_input_reaches_the_container() {
    let mut it = Supervised::shell("cat; echo done");
    let text = vec![b'x'; 60_000];
    let mut window = protocol::STDIN_WINDOW;
    let mut sent = 0;
    let mut out = Vec::new();
    while sent < 600_000 {
        if window < text.len() {
            match it.frame() {
                (Kind::Window, bytes) => window += protocol::parse_number(&bytes).unwrap() as usize,
                (Kind::Stdout, bytes) => out.extend(bytes),
                other => panic!("{other:?}"),
            }
            continue;
        }
        it.send(Kind::Stdin, &text);
        window -= text.len();
        sent += text.len();
    }
    it.send(Kind::StdinEof, b"");
    let (rest, _, exit) = it.rest();
    out.extend(rest);
    assert_eq!(out.len(), 600_000 + 5);
    assert!(out.ends_with(b"xdone\n"));
    assert_eq!(exit.code, 0);
    it.end();
}

#[test]
fn a_client_that_does_not_read_stops_output_but_neither_requests_nor_the_end() {
    let mut it = Supervised::shell("trap 'exit 3' TERM; while :; do echo 0123456789; done");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(it.ask(&Request::Ping).version, VERSION);
    assert_eq!(it.ask(&Request::Stat).clients, Some(1));
    // Its shell is stuck in a write, which SIGTERM interrupts only with a trap's help; SIGKILL ends it.
    let waiter = {
        let dir = it.dir.clone();
        std::thread::spawn(move || control::request(&dir, &Request::Wait, Some(Duration::from_secs(20))))
    };
    std::thread::sleep(Duration::from_millis(50));
    it.ask(&Request::Signal { signal: libc::SIGKILL, stop: true });
    let answer = waiter.join().unwrap().unwrap();
    assert_eq!(answer.exit, Some(Exit { code: 137, signal: Some(9) }));
    // What it had written before is still all there.
    let (out, _, exit) = it.rest();
    assert!(out.len() > 64 * 1024);
    assert_eq!(exit.code, 137);
    it.end();
}

#[test]
fn another_client_that_does_not_read_is_dropped() {
    let mut it = Supervised::shell("read x; head -c 8000000 /dev/zero; echo end");
    let lazy = client::attach(&it.dir, &Hello { stdin: false, ..hello() }).unwrap();
    let eager = UnixStream::connect(it.dir.join(control::ATTACH)).unwrap();
    client::greet(&eager, &hello()).unwrap();
    let reader = std::thread::spawn(move || {
        let (mut decoder, mut count) = (Decoder::default(), 0);
        loop {
            match protocol::read_frame(&eager, &mut decoder).unwrap() {
                (Kind::Stdout, bytes) => count += bytes.len(),
                (Kind::Exit, _) => return count,
                _ => {}
            }
        }
    });
    while it.ask(&Request::Stat).clients != Some(3) {
        std::thread::sleep(Duration::from_millis(5));
    }
    it.send(Kind::Stdin, b"\n");
    let (out, _, exit) = it.rest();
    assert_eq!((out.len(), exit.code), (8_000_004, 0));
    // The eager one may have been too slow on a busy machine; the first never is.
    let _ = reader.join();
    drop(lazy);
    it.end();
}

#[test]
fn the_container_runs_on_when_its_client_leaves() {
    let mut it = Supervised::shell("read line; echo got $line; exit 4");
    it.send(Kind::Detached, b"");
    while it.ask(&Request::Stat).clients != Some(0) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let again = UnixStream::connect(it.dir.join(control::ATTACH)).unwrap();
    client::greet(&again, &hello()).unwrap();
    it.first = again;
    it.decoder = Decoder::default();
    it.send(Kind::Stdin, b"back\n");
    let (out, _, exit) = it.rest();
    assert_eq!((out.as_slice(), exit.code), (&b"got back\n"[..], 4));
    it.end();
}

#[test]
fn a_closed_output_is_the_containers_broken_pipe() {
    let mut it = Supervised::shell("trap '' PIPE; yes 2>/dev/null; exit 5");
    it.until("y");
    it.send(Kind::OutputClosed, &[1]);
    let (_, _, exit) = it.rest();
    assert_eq!(exit.code, 5);
    it.end();
}

#[test]
fn a_time_limit_kills() {
    let limits = Limits { timeout: Some(Duration::from_millis(300)), ..limits() };
    let start = Instant::now();
    let mut it = Supervised::shell_limited("exec sleep 60", limits);
    assert_eq!(it.rest().2, Exit { code: 137, signal: Some(9) });
    assert!(start.elapsed() < Duration::from_secs(30));
    it.end();
}

#[test]
fn a_grandchild_that_keeps_the_pipe_does_not_keep_us() {
    let mut it = Supervised::shell("sleep 30 & echo $!; exit 6");
    let (out, _, exit) = it.rest();
    assert_eq!(exit.code, 6);
    it.end();
    let pid: i32 = String::from_utf8(out).unwrap().trim().parse().unwrap();
    if let Some(pidfd) = process::open_pidfd(pid).unwrap() {
        process::send_signal(std::os::fd::AsFd::as_fd(&pidfd), libc::SIGKILL).unwrap();
    }
}

#[test]
fn a_terminal_knows_its_size_and_its_end_of_file() {
    let (master, slave) = tty::open_pty().unwrap();
    let size = WindowSize { rows: 41, cols: 99 };
    tty::set_window_size(&master, WindowSize { rows: 1, cols: 1 }).unwrap();
    let streams = stdio::terminal(master, true).unwrap();
    let (two, three) = (slave.try_clone().unwrap(), slave.try_clone().unwrap());
    let mut command = Command::new("setsid");
    command.args(["-c", "-w", "sh", "-c", "echo ready; read x; stty size; cat; echo bye"]);
    let child = spawn(&mut command, slave, two, three);
    drop(command);
    let mut it = Supervised::with(child, streams, Hello { size: Some(size), ..hello() }, limits());
    it.until("ready");
    it.send(Kind::Stdin, b"\r");
    it.until("41 99");
    it.send(Kind::Stdin, b"line\r");
    it.send(Kind::StdinEof, b"");
    it.until("bye");
    let (_, _, exit) = it.rest();
    assert_eq!(exit.code, 0);
    it.end();
}
