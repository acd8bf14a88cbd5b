//! The clients that are attached to the container's streams.

use super::protocol::{self, Decoder, Hello, Kind, STDIN_WINDOW};
use rustix::net::SendFlags;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// How far a client that did not start the container may be behind before it is dropped, so that
/// nobody's terminal can stop a container.
pub const PATIENCE: usize = 1024 * 1024;

/// Bytes that the other side had no room for yet.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
}

impl Outbox {
    /// How much waits.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sends `head` and `body`, and keeps what does not go out at once.
    ///
    /// # Errors
    /// Those of write(2): the other side is gone.
    pub fn send(&mut self, socket: BorrowedFd<'_>, head: &[u8], body: &[u8]) -> io::Result<()> {
        let mut written = 0;
        if self.is_empty() {
            let both = [IoSlice::new(head), IoSlice::new(body)];
            written = match rustix::io::retry_on_intr(|| rustix::io::writev(socket, &both)) {
                Ok(written) => written,
                Err(rustix::io::Errno::AGAIN) => 0,
                Err(error) => return Err(error.into()),
            };
        }
        let head_rest = &head[written.min(head.len())..];
        let body_rest = &body[written.saturating_sub(head.len())..];
        self.bytes.extend_from_slice(head_rest);
        self.bytes.extend_from_slice(body_rest);
        Ok(())
    }

    /// Sends what waits, as far as there is room.
    ///
    /// # Errors
    /// Those of send(2): the other side is gone.
    pub fn flush(&mut self, socket: BorrowedFd<'_>) -> io::Result<()> {
        while !self.is_empty() {
            let rest = &self.bytes[self.sent..];
            match rustix::io::retry_on_intr(|| rustix::net::send(socket, rest, SendFlags::NOSIGNAL)) {
                Ok(sent) => self.sent += sent,
                Err(rustix::io::Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        // A connection that is not behind holds no memory.
        *self = Outbox::default();
        Ok(())
    }
}

/// One attached client.
#[derive(Debug)]
pub struct Client {
    socket: OwnedFd,
    decoder: Decoder,
    /// What it has not taken yet.
    pub outbox: Outbox,
    /// What it wants; `None` until it has said so.
    pub hello: Option<Hello>,
    /// It started the container: it gets every byte, and the container waits for it.
    pub patient: bool,
    /// Bytes of its input that were passed on since it was last told.
    taken: usize,
    /// Bytes of its input that it may send.
    window: usize,
    /// Whether it is watched for room.
    pub watched_for_room: bool,
}

impl Client {
    /// A client on a non-blocking socket.
    #[must_use]
    pub fn new(socket: OwnedFd, hello: Option<Hello>, patient: bool) -> Client {
        Client {
            socket,
            decoder: Decoder::default(),
            outbox: Outbox::default(),
            hello,
            patient,
            taken: 0,
            window: STDIN_WINDOW,
            watched_for_room: false,
        }
    }

    /// Reads once; `Ok(false)` when there is nothing more to read now.
    ///
    /// # Errors
    /// When it is gone.
    pub fn fill(&mut self) -> io::Result<bool> {
        match self.decoder.fill(&self.socket) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The next frame it sent.
    ///
    /// # Errors
    /// When it does not keep to the protocol.
    pub fn next_frame(&mut self) -> io::Result<Option<(Kind, Vec<u8>)>> {
        let frame = self.decoder.next_frame().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        let Some((kind, payload)) = frame else { return Ok(None) };
        if kind == Kind::Stdin {
            self.window = self.window.checked_sub(payload.len()).ok_or(io::ErrorKind::InvalidData)?;
        }
        Ok(Some((kind, payload.to_vec())))
    }

    /// Sends a frame, or keeps it for later.
    ///
    /// # Errors
    /// When it is gone, or too far behind.
    pub fn send(&mut self, kind: Kind, payload: &[u8]) -> io::Result<()> {
        let head = protocol::header(kind, payload.len());
        self.outbox.send(self.socket.as_fd(), &head, payload)?;
        if !self.patient && self.outbox.len() > PATIENCE {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }

    /// Sends a piece of output, if it wants that stream.
    ///
    /// # Errors
    /// When it is gone, or too far behind.
    pub fn send_output(&mut self, kind: Kind, bytes: &[u8]) -> io::Result<()> {
        let wanted = match (&self.hello, kind) {
            (Some(hello), Kind::Stdout) => hello.stdout,
            (Some(hello), Kind::Stderr) => hello.stderr,
            _ => false,
        };
        if !wanted {
            return Ok(());
        }
        for piece in bytes.chunks(protocol::MAX_PAYLOAD) {
            self.send(kind, piece)?;
        }
        Ok(())
    }

    /// Notes that `count` bytes of its input were passed on, and lets it send more.
    ///
    /// # Errors
    /// When it is gone.
    pub fn took(&mut self, count: usize) -> io::Result<()> {
        self.taken += count;
        if self.taken < STDIN_WINDOW / 2 {
            return Ok(());
        }
        let more = std::mem::take(&mut self.taken);
        self.window += more;
        self.send(Kind::Window, &u32::try_from(more).unwrap_or(u32::MAX).to_le_bytes())
    }

    /// Sends what waits.
    ///
    /// # Errors
    /// When it is gone.
    pub fn flush(&mut self) -> io::Result<()> {
        self.outbox.flush(self.socket.as_fd())
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
