//! Control requests: one line of JSON each way. Both sides of it, and the sockets' places.

use super::attach::Outbox;
use super::protocol::{Answer, Request};
use crate::error::{Doing, Error, Kind, Result, failed};
use crate::sys::fd;
use rustix::fs::{Mode, OFlags};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The socket for frames, in the container's run directory.
pub const ATTACH: &str = "attach.sock";
/// The socket for lines, in the container's run directory.
pub const CONTROL: &str = "control.sock";

/// The longest request.
const MAX_LINE: usize = 256 * 1024;

/// The most descriptors that are taken with one request.
const MAX_FILES: usize = 64;

/// One connection to the control socket.
#[derive(Debug)]
pub struct Controller {
    socket: OwnedFd,
    line: Vec<u8>,
    /// Descriptors that came with the line.
    files: Vec<OwnedFd>,
    outbox: Outbox,
    /// It waits for the container's end.
    pub waits: bool,
    /// It has stopped the container's processes.
    pub pauses: bool,
}

impl Controller {
    /// A connection on a non-blocking socket.
    #[must_use]
    pub fn new(socket: OwnedFd) -> Controller {
        let outbox = Outbox::default();
        Controller { socket, line: Vec::new(), files: Vec::new(), outbox, waits: false, pauses: false }
    }

    /// Reads what is there.
    ///
    /// # Errors
    /// When it is gone, or sends a line without end.
    pub fn fill(&mut self) -> io::Result<()> {
        let mut buffer = [0; 1024];
        match fd::receive_fd(self.socket.as_fd(), &mut buffer) {
            Ok((0, _)) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) if self.line.len() > MAX_LINE || self.files.len() > MAX_FILES => {
                Err(io::ErrorKind::InvalidData.into())
            }
            Ok((n, file)) => {
                self.line.extend_from_slice(&buffer[..n]);
                self.files.extend(file);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The descriptors that came with the request.
    pub fn take_files(&mut self) -> Vec<OwnedFd> {
        std::mem::take(&mut self.files)
    }

    /// The next whole line as a request; `Some(Err)` for one that is not understood.
    pub fn next_request(&mut self) -> Option<Result<Request>> {
        let end = self.line.iter().position(|byte| *byte == b'\n')?;
        let rest = self.line.split_off(end + 1);
        let line = std::mem::replace(&mut self.line, rest);
        Some(serde_json::from_slice(&line).map_err(|error| {
            Error::new(Kind::Unsupported, "this supervisor does not know that request").because(error)
        }))
    }

    /// Sends an answer.
    ///
    /// # Errors
    /// When it is gone, or does not read its answers.
    pub fn answer(&mut self, answer: &Answer) -> io::Result<()> {
        let mut line = serde_json::to_vec(answer).expect("an answer is plain data");
        line.push(b'\n');
        self.outbox.send(self.socket.as_fd(), &line, b"")?;
        if self.outbox.is_empty() { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) }
    }
}

impl AsFd for Controller {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The longest path that fits into a socket's address, with its zero byte.
///
/// Source: unix(7), `sun_path`.
const LONGEST: usize = 107;

/// Calls `with` with a path of the socket that is short enough, through /proc/self/fd if need be.
fn with_short_path<T>(dir: &Path, name: &str, with: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let path = dir.join(name);
    if path.as_os_str().len() <= LONGEST {
        return with(&path);
    }
    let dir = rustix::fs::open(dir, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    with(&PathBuf::from(format!("/proc/self/fd/{}/{name}", dir.as_raw_fd())))
}

/// Listens on socket `name` in `dir`; one that a dead supervisor left there is replaced, as is ours after
/// a crash.
///
/// # Errors
/// When the directory is missing or not ours.
pub fn listen(dir: &Path, name: &str) -> Result<UnixListener> {
    let bind = || with_short_path(dir, name, |path| UnixListener::bind(path));
    let bound = bind().or_else(|error| match error.kind() {
        io::ErrorKind::AddrInUse => std::fs::remove_file(dir.join(name)).and_then(|()| bind()),
        _ => Err(error),
    });
    let listener = bound.doing(|| format!("listen on {}", dir.join(name).display()))?;
    listener.set_nonblocking(true).doing(|| "prepare the container's socket")?;
    Ok(listener)
}

/// Connects to socket `name` in the container's run directory `dir`.
///
/// # Errors
/// `Conflict` when nobody listens: the container does not run (any more).
pub fn connect(dir: &Path, name: &str) -> Result<UnixStream> {
    with_short_path(dir, name, |path| UnixStream::connect(path)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            Error::new(Kind::Conflict, "the container is not running").because(error)
        }
        _ => Error::from(error),
    })
}

/// Sends `request` to the supervisor behind the run directory `dir` and waits for its answer,
/// without end if `patience` is `None`.
///
/// # Errors
/// `Conflict` when the container does not run; what the supervisor answers.
pub fn request(dir: &Path, request: &Request, patience: Option<Duration>) -> Result<Answer> {
    let mut socket = connect(dir, CONTROL)?;
    send(&mut socket, request)?;
    socket.set_read_timeout(patience).doing(|| "set a time limit")?;
    read_answer(&mut socket)
}

/// As [`request`], with a connection that holds on to what was asked for: it ends with the result.
///
/// # Errors
/// As [`request`].
pub fn request_and_hold(dir: &Path, request: &Request) -> Result<UnixStream> {
    let mut socket = connect(dir, CONTROL)?;
    send(&mut socket, request)?;
    read_answer(&mut socket)?;
    Ok(socket)
}

/// As [`request`], with descriptors, of which a supervisor takes 64.
///
/// # Errors
/// As [`request`].
pub fn request_with(dir: &Path, request: &Request, files: &[OwnedFd]) -> Result<Answer> {
    let mut socket = connect(dir, CONTROL)?;
    for file in files {
        // Beside a space, which before a line of JSON means nothing.
        fd::send_fd(socket.as_fd(), b" ", file.as_fd()).doing(|| "ask the container's supervisor")?;
    }
    send(&mut socket, request)?;
    read_answer(&mut socket)
}

/// Sends `request` on an open connection.
///
/// # Errors
/// When the supervisor is gone.
pub fn send(socket: &mut UnixStream, request: &Request) -> Result<()> {
    let mut line = serde_json::to_vec(request).expect("a request is plain data");
    line.push(b'\n');
    socket.write_all(&line).doing(|| "ask the container's supervisor")
}

/// Reads one answer.
///
/// # Errors
/// When the supervisor hangs up instead; what it answers.
pub fn read_answer(socket: &mut UnixStream) -> Result<Answer> {
    let mut line = Vec::new();
    let mut buffer = [0; 1024];
    while !line.ends_with(b"\n") {
        match socket.read(&mut buffer).doing(|| "read the supervisor's answer")? {
            0 => return Err(failed("the container's supervisor went away without an answer")),
            n => line.extend_from_slice(&buffer[..n]),
        }
    }
    let answer: Answer = serde_json::from_slice(&line)
        .map_err(|error| failed("the supervisor's answer makes no sense").because(error))?;
    match answer.error {
        Some(failed) => Err(failed.into_error()),
        None => Ok(answer),
    }
}
