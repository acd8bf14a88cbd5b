//! What a supervisor and its clients say to each other.
//!
//! On `attach.sock`, and on the socket that a starting client hands over as descriptor 3: frames,
//! each one byte of kind, four bytes of length (little endian) and the payload. The client speaks
//! first ([`Kind::Hello`]); the supervisor answers [`Kind::Started`] or [`Kind::Failed`].
//! On `control.sock`: one line of JSON each way ([`Request`], [`Answer`]).
//!
//! A running supervisor keeps its old binary, so a frame of unknown kind and an unknown field are
//! passed over, and both sides name their version.

use crate::container::bridge::{Join, NetworkName};
use crate::container::port::{Bound, PortMap};
use crate::error::{self, Doing, Error, Result, failed};
use crate::network::slirp::SharedUplink;
use crate::sys::tty::WindowSize;
use serde::{Deserialize, Serialize};
use std::io;
use std::os::fd::AsFd;

/// The version of frames and lines that this binary speaks.
pub const VERSION: u32 = 1;

/// The longest payload. One that is longer is a broken peer.
pub const MAX_PAYLOAD: usize = 64 * 1024;

/// How many bytes of standard input a client may send before the supervisor has passed them on.
///
/// With it the supervisor always reads what clients send, so that a signal is not stuck behind
/// input that nobody takes.
pub const STDIN_WINDOW: usize = 256 * 1024;

/// The kinds of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// To the supervisor, first: [`Hello`].
    Hello = 1,
    /// From the supervisor: init runs, [`Started`].
    Started = 2,
    /// From the supervisor: it did not come to that, [`Failed`].
    Failed = 3,
    /// To the supervisor: bytes for standard input.
    Stdin = 4,
    /// To the supervisor: no more bytes will come.
    StdinEof = 5,
    /// From the supervisor: bytes of standard output, or of the terminal.
    Stdout = 6,
    /// From the supervisor: bytes of standard error.
    Stderr = 7,
    /// To the supervisor: rows and columns, two bytes each.
    Resize = 8,
    /// To the supervisor: a signal for init, four bytes.
    Signal = 9,
    /// From the supervisor, last: [`Exit`].
    Exit = 10,
    /// To the supervisor: this client leaves on purpose.
    Detached = 11,
    /// From the supervisor: so many more bytes of standard input may be sent, four bytes.
    Window = 12,
    /// To the supervisor: nobody reads what this client writes, one byte, 1 for standard output
    /// and 2 for standard error.
    OutputClosed = 13,
    /// From the supervisor, before [`Kind::Started`]: a network needs its uplink, which has to be
    /// started by somebody outside; [`SharedUplink`](crate::network::slirp::SharedUplink).
    Uplink = 14,
    /// To the supervisor: it is up, or [`Failed`] in the payload.
    UplinkDone = 15,
    /// From the supervisor, at any time: a line that warns the user.
    Warning = 16,
}

impl Kind {
    fn from_byte(byte: u8) -> Option<Kind> {
        use Kind::{
            Detached, Exit, Failed, Hello, OutputClosed, Resize, Signal, Started, Stderr, Stdin, StdinEof,
            Stdout, Uplink, UplinkDone, Warning, Window,
        };
        let all = [
            Hello,
            Started,
            Failed,
            Stdin,
            StdinEof,
            Stdout,
            Stderr,
            Resize,
            Signal,
            Exit,
            Detached,
            Window,
            OutputClosed,
            Uplink,
            UplinkDone,
            Warning,
        ];
        all.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// What a client wants of the container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hello {
    /// [`VERSION`] of the client.
    pub version: u32,
    /// It will send standard input.
    pub stdin: bool,
    /// It wants standard output.
    pub stdout: bool,
    /// It wants standard error.
    pub stderr: bool,
    /// The end of its input is the end of the container's (a foreground `run -i`).
    pub stdin_once: bool,
    /// The window of its terminal.
    pub size: Option<WindowSize>,
}

impl Hello {
    /// A client that only waits for the start: `run -d`, `start`.
    #[must_use]
    pub fn detached() -> Hello {
        Hello { version: VERSION, ..Hello::default() }
    }

    /// Whether any stream is wanted.
    #[must_use]
    pub fn attaches(&self) -> bool {
        self.stdin || self.stdout || self.stderr
    }
}

/// Init runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Started {
    /// [`VERSION`] of the supervisor.
    pub version: u32,
    /// The container has a terminal.
    pub tty: bool,
    /// Standard input is open for clients.
    pub stdin: bool,
}

/// The container could not be started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Failed {
    /// The error's kind, by name.
    pub kind: String,
    /// The chain of messages.
    pub message: String,
    /// What helps.
    pub hint: Option<String>,
}

impl Failed {
    /// The error as it travels.
    #[must_use]
    pub fn from_error(error: &Error) -> Failed {
        Failed {
            kind: format!("{:?}", error.kind()),
            message: error.chain(),
            hint: error.find_hint().map(str::to_string),
        }
    }

    /// The error as it was.
    #[must_use]
    pub fn into_error(self) -> Error {
        use error::Kind::{
            CommandNotFound, Conflict, Denied, Failed, Invalid, NotExecutable, NotFound, Unsupported,
        };
        let kinds = [Invalid, NotFound, Conflict, Denied, Unsupported, NotExecutable, CommandNotFound];
        let kind = kinds.into_iter().find(|kind| format!("{kind:?}") == self.kind).unwrap_or(Failed);
        let error = Error::new(kind, self.message);
        match self.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// How the container ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Exit {
    /// The code for `wait`: the process's own, or 128 + the signal.
    pub code: i32,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

/// A request on `control.sock`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Request {
    /// Send a signal to init.
    Signal {
        /// Its number.
        signal: i32,
        /// The user wants the container to end (`stop`, `kill`): noted in the exit record.
        #[serde(default)]
        stop: bool,
    },
    /// Answer when the container has ended and its record is written.
    Wait,
    /// The window's size.
    Resize(WindowSize),
    /// Are you there?
    Ping,
    /// What are you holding?
    Stat,
    /// Stop all processes of the container until this connection ends.
    Pause,
    /// Connect the container to one more network.
    Connect(Join),
    /// Take it out of that network.
    Disconnect {
        /// Its name.
        network: NetworkName,
    },
    /// Publish ports, and others no more. Sockets that are bound already may come with it.
    Ports {
        /// To publish.
        add: Vec<PortMap>,
        /// Those that are meant by one of these.
        remove: Vec<PortMap>,
    },
}

/// The answer to a [`Request`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// [`VERSION`] of the supervisor.
    pub version: u32,
    /// What went wrong.
    pub error: Option<Failed>,
    /// To `wait`.
    pub exit: Option<Exit>,
    /// To `stat`: attached clients, the first one included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<usize>,
    /// To `ports`: what was added.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bound: Vec<Bound>,
    /// To `connect`: the uplink that the network lacks, for the client to start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uplink: Option<SharedUplink>,
}

impl Answer {
    /// Done, nothing to say.
    #[must_use]
    pub fn done() -> Answer {
        Answer { version: VERSION, ..Answer::default() }
    }
}

/// The header of a frame.
///
/// # Panics
/// When `length` is over [`MAX_PAYLOAD`]: the caller cut its data wrongly.
#[must_use]
pub fn header(kind: Kind, length: usize) -> [u8; 5] {
    assert!(length <= MAX_PAYLOAD, "a frame of {length} bytes");
    let length = u32::try_from(length).expect("MAX_PAYLOAD fits").to_le_bytes();
    [kind as u8, length[0], length[1], length[2], length[3]]
}

/// A whole frame as bytes, for small payloads.
#[must_use]
pub fn frame(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(5 + payload.len());
    bytes.extend_from_slice(&header(kind, payload.len()));
    bytes.extend_from_slice(payload);
    bytes
}

/// A whole frame around a document.
#[must_use]
pub fn document(kind: Kind, document: &impl Serialize) -> Vec<u8> {
    let mut payload = serde_json::to_vec(document).expect("our documents are plain data");
    // Only an error's text can be this long.
    if payload.len() > MAX_PAYLOAD {
        payload.clear();
    }
    frame(kind, &payload)
}

/// The payload of [`Kind::Resize`].
#[must_use]
pub fn size_bytes(size: WindowSize) -> [u8; 4] {
    let (rows, cols) = (size.rows.to_le_bytes(), size.cols.to_le_bytes());
    [rows[0], rows[1], cols[0], cols[1]]
}

/// The window's size in a [`Kind::Resize`].
#[must_use]
pub fn parse_size(payload: &[u8]) -> Option<WindowSize> {
    let [a, b, c, d] = *payload else { return None };
    Some(WindowSize { rows: u16::from_le_bytes([a, b]), cols: u16::from_le_bytes([c, d]) })
}

/// The number in a [`Kind::Signal`] or [`Kind::Window`].
#[must_use]
pub fn parse_number(payload: &[u8]) -> Option<u32> {
    payload.try_into().ok().map(u32::from_le_bytes)
}

/// Cuts a stream of bytes into frames.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    start: usize,
}

/// How much one call of [`Decoder::fill`] asks for at least.
const READ_SIZE: usize = 4096;

impl Decoder {
    /// Reads once from `fd`; `Ok(0)` is the end of the stream.
    ///
    /// # Errors
    /// Those of read(2), `WouldBlock` among them.
    pub fn fill(&mut self, fd: impl AsFd) -> io::Result<usize> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let have = self.buffer.len();
        let want = self.wanted().max(have + READ_SIZE);
        self.buffer.resize(want, 0);
        let read = rustix::io::retry_on_intr(|| rustix::io::read(&fd, &mut self.buffer[have..]));
        self.buffer.truncate(have + *read.as_ref().unwrap_or(&0));
        Ok(read?)
    }

    /// The length of the buffer with the frame that is being read complete, and one header more.
    fn wanted(&self) -> usize {
        match self.lengths() {
            Some((_, length)) if length <= MAX_PAYLOAD => 5 + length + 5,
            _ => 0,
        }
    }

    fn lengths(&self) -> Option<(u8, usize)> {
        let [kind, a, b, c, d] = *self.buffer.get(self.start..self.start + 5)? else { return None };
        Some((kind, u32::from_le_bytes([a, b, c, d]) as usize))
    }

    /// The next frame that is here as a whole. Frames of unknown kinds are passed over.
    ///
    /// # Errors
    /// `Failed` for a length that nobody of ours would send.
    pub fn next_frame(&mut self) -> Result<Option<(Kind, &[u8])>> {
        while let Some((kind, length)) = self.lengths() {
            if length > MAX_PAYLOAD {
                return Err(failed(format!("the other side sent a frame of {length} bytes")));
            }
            let body = self.start + 5;
            if self.buffer.len() < body + length {
                break;
            }
            self.start = body + length;
            if let Some(kind) = Kind::from_byte(kind) {
                return Ok(Some((kind, &self.buffer[body..body + length])));
            }
        }
        if self.start == self.buffer.len() {
            // An idle connection holds no memory.
            self.buffer = Vec::new();
            self.start = 0;
        }
        Ok(None)
    }
}

/// Writes all of `bytes` to a blocking descriptor.
///
/// # Errors
/// Those of write(2); a socket whose other end is gone gives `BrokenPipe`, without a signal.
pub fn write_all(fd: impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = rustix::io::retry_on_intr(|| rustix::io::write(&fd, bytes))?;
        bytes = &bytes[written..];
    }
    Ok(())
}

/// Reads frames from a blocking descriptor until there is one, and returns it.
///
/// # Errors
/// `Failed` when the other side hangs up first.
pub fn read_frame(fd: impl AsFd, decoder: &mut Decoder) -> Result<(Kind, Vec<u8>)> {
    loop {
        if let Some((kind, payload)) = decoder.next_frame()? {
            return Ok((kind, payload.to_vec()));
        }
        if decoder.fill(&fd).doing(|| "read from the container's socket")? == 0 {
            return Err(failed("the other side hung up"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn frames_arrive_as_they_were_sent_however_they_are_cut() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut bytes = frame(Kind::Stdout, b"hello");
        bytes.extend(frame(Kind::StdinEof, b""));
        bytes.extend([99, 1, 0, 0, 0, b'x']);
        bytes.extend(frame(Kind::Stderr, &[7; MAX_PAYLOAD]));
        let mut decoder = Decoder::default();
        let mut seen = Vec::new();
        for part in bytes.chunks(1000) {
            write_all(&ours, part).unwrap();
            decoder.fill(&theirs).unwrap();
            while let Some((kind, payload)) = decoder.next_frame().unwrap() {
                seen.push((kind, payload.to_vec()));
            }
        }
        assert_eq!(seen[0], (Kind::Stdout, b"hello".to_vec()));
        assert_eq!(seen[1], (Kind::StdinEof, vec![]));
        assert_eq!(seen[2], (Kind::Stderr, vec![7; MAX_PAYLOAD]));
        assert_eq!(seen.len(), 3);
    }

    #[test]
    fn a_frame_that_is_too_long_is_refused() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        write_all(&ours, &[6, 0, 0, 0, 255]).unwrap();
        let mut decoder = Decoder::default();
        decoder.fill(&theirs).unwrap();
        assert!(decoder.next_frame().is_err());
    }

    #[test]
    fn an_error_travels_with_kind_and_hint() {
        let error = Error::new(error::Kind::CommandNotFound, "no such command: x").hint("look");
        let back = Failed::from_error(&error).into_error();
        assert_eq!(
            (back.kind(), back.chain(), back.find_hint()),
            (error.kind(), error.chain(), Some("look"))
        );
    }
}
