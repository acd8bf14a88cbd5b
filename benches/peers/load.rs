//! The loads of the network rows: one static program, mounted into the containers of all contenders.
//!
//! `load serve PORT`, and clients that print one number: `load throughput ADDRESS up|down SECONDS`
//! (bytes per second), `load connections ADDRESS SECONDS` (made, asked, answered and closed, per
//! second), `load queries NAME SECONDS` (of the first server in resolv.conf, per second).

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How many connections or queries are under way at once.
const AT_ONCE: usize = 8;

const PIECE: usize = 256 * 1024;

/// Runs `load …`.
pub(crate) fn main(words: &[String]) -> ExitCode {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<f64>().unwrap_or(1.0);
    let result = match words[..] {
        ["serve", port] => serve(port),
        ["throughput", address, way, seconds] => throughput(address, way == "up", number(seconds)),
        ["connections", address, seconds] => {
            at_once(number(seconds), |count, end| connect(address, count, end))
        }
        ["queries", name, seconds] => at_once(number(seconds), |count, end| ask(name, count, end)),
        _ => Err(io::Error::other("unknown words")),
    };
    let text = match &result {
        Ok(value) => format!("{value}"),
        Err(error) => format!("load {}: {error}", words.join(" ")),
    };
    let written = match result {
        Ok(_) => writeln!(io::stdout(), "{text}"),
        Err(_) => writeln!(io::stderr(), "{text}"),
    };
    if result.is_ok() && written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A connection's first byte says what it wants: `e` to have an answer, `u` to be read to its end and
/// told how much that was, `d` to be given bytes until it is closed.
fn serve(port: &str) -> io::Result<f64> {
    let listener = TcpListener::bind(format!("0.0.0.0:{port}"))?;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Ok((mut client, _)) = listener.accept() {
                    let mut wish = [0];
                    match client.read_exact(&mut wish).map(|()| wish[0]) {
                        Ok(b'e') => drop(client.write_all(&wish)),
                        Ok(wish) => drop(std::thread::spawn(move || stream(client, wish))),
                        Err(_) => {}
                    }
                }
            });
        }
    });
    Ok(0.0)
}

fn stream(mut client: TcpStream, wish: u8) {
    let mut buffer = vec![0; PIECE];
    if wish == b'd' {
        while client.write_all(&buffer).is_ok() {}
        return;
    }
    let mut sum = 0u64;
    while let Ok(read) = client.read(&mut buffer) {
        if read == 0 {
            let _ = client.write_all(&sum.to_be_bytes());
            return;
        }
        sum += read as u64;
    }
}

fn throughput(address: &str, up: bool, seconds: f64) -> io::Result<f64> {
    let mut server = TcpStream::connect(address)?;
    server.write_all(if up { b"u" } else { b"d" })?;
    let mut buffer = vec![0; PIECE];
    let begin = Instant::now();
    let mut sum = 0u64;
    while begin.elapsed().as_secs_f64() < seconds {
        match up {
            true => server.write_all(&buffer)?,
            false => match server.read(&mut buffer)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => sum += read as u64,
            },
        }
    }
    if up {
        // What was not read by the other end was not moved.
        server.shutdown(Shutdown::Write)?;
        let mut count = [0; 8];
        server.read_exact(&mut count)?;
        sum = u64::from_be_bytes(count);
    }
    Ok(sum as f64 / begin.elapsed().as_secs_f64())
}

/// Runs `work` in several threads until the end; what they counted, per second.
fn at_once(seconds: f64, work: impl Fn(&AtomicU64, Instant) -> io::Result<()> + Sync) -> io::Result<f64> {
    let count = AtomicU64::new(0);
    let begin = Instant::now();
    let end = begin + Duration::from_secs_f64(seconds);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(|| work(&count, end))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or(Err(io::ErrorKind::Other.into())))
    })?;
    Ok(count.load(Ordering::Relaxed) as f64 / begin.elapsed().as_secs_f64())
}

/// The server closes first, so that it and not the client waits out the connection's afterlife: a
/// client would run out of ports.
fn connect(address: &str, count: &AtomicU64, end: Instant) -> io::Result<()> {
    while Instant::now() < end {
        let mut server = TcpStream::connect(address)?;
        server.write_all(b"e")?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer)?;
        if answer != b"e" {
            return Err(io::Error::other("no answer"));
        }
        count.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Questions for A records of `name`; each must be answered with one.
fn ask(name: &str, count: &AtomicU64, end: Instant) -> io::Result<()> {
    let conf = std::fs::read_to_string("/etc/resolv.conf")?;
    let server = conf.lines().find_map(|line| line.strip_prefix("nameserver "));
    let server = server.ok_or_else(|| io::Error::other("resolv.conf names no server"))?.trim();
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.connect((server, 53))?;
    socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    // Number 0, recursion desired, one question.
    let mut question = vec![0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        question.push(label.len() as u8);
        question.extend_from_slice(label.as_bytes());
    }
    question.extend_from_slice(&[0, 0, 1, 0, 1]);
    let mut answer = [0; 1500];
    for number in (0u16..).cycle() {
        if Instant::now() >= end {
            break;
        }
        question[..2].copy_from_slice(&number.to_be_bytes());
        socket.send(&question)?;
        let length = socket.recv(&mut answer)?;
        let ok =
            length > question.len() && answer[..2] == question[..2] && answer[3] & 15 == 0 && answer[7] > 0;
        if !ok {
            return Err(io::Error::other(format!("{server} does not know {name}")));
        }
        count.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
