//! One connection: bytes in both directions until both have ended.

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown, sockopt};
use std::os::fd::OwnedFd;
use std::time::Duration;

/// How often one direction is read before others get their turn.
const TURNS: usize = 4;

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It goes on.
    Goes,
    /// Both sides have said all they had to say.
    Ended,
    /// One side broke off: so does the other.
    Broken,
}

/// The client's socket and the one to the container's service.
#[derive(Debug)]
pub(super) struct Connection {
    client: Side,
    inner: Side,
    /// From the client to the container.
    up: Stream,
    down: Stream,
    /// The container's service has not answered yet.
    connecting: bool,
    token: u64,
}

#[derive(Debug)]
struct Side {
    socket: OwnedFd,
    /// What it is watched for; `None` is not at all.
    watched: Option<EventFlags>,
    /// It said that it is closed in both directions, and would say so for ever.
    hung: bool,
}

#[derive(Debug, Default)]
struct Stream {
    /// What was read and could not be written yet.
    pending: Vec<u8>,
    /// How much of it is written.
    at: usize,
    /// The end was read.
    ended: bool,
    /// The end was passed on.
    closed: bool,
}

impl Stream {
    fn waits(&self) -> bool {
        self.at < self.pending.len()
    }
}

impl Connection {
    /// Begins with `inner`, which is connecting. `token` and the one after it are its own.
    pub(super) fn new(
        client: OwnedFd,
        inner: OwnedFd,
        queue: &OwnedFd,
        token: u64,
    ) -> rustix::io::Result<Connection> {
        // What comes goes on at once, in the pieces in which it came.
        for socket in [&client, &inner] {
            sockopt::set_tcp_nodelay(socket, true)?;
            sockopt::set_socket_keepalive(socket, true)?;
        }
        let side = |socket| Side { socket, watched: None, hung: false };
        let mut connection = Connection {
            client: side(client),
            inner: side(inner),
            up: Stream::default(),
            down: Stream::default(),
            connecting: true,
            token,
        };
        connection.watch(queue)?;
        Ok(connection)
    }

    /// Does what can be done after an event on one of its sockets.
    pub(super) fn serve(
        &mut self,
        on_inner: bool,
        flags: EventFlags,
        buffer: &mut [u8],
        queue: &OwnedFd,
    ) -> Next {
        if flags.contains(EventFlags::ERR) {
            return Next::Broken;
        }
        let side = if on_inner { &mut self.inner } else { &mut self.client };
        side.hung |= flags.contains(EventFlags::HUP);
        if self.connecting {
            if !on_inner || !flags.contains(EventFlags::OUT) {
                // Only a client that is gone is reported before that.
                return if flags.contains(EventFlags::HUP) { Next::Broken } else { Next::Goes };
            }
            self.connecting = false;
        }
        let readable = flags.intersects(EventFlags::IN | EventFlags::HUP);
        let writable = flags.contains(EventFlags::OUT);
        let (from, to) = match on_inner {
            true => (&mut self.down, &mut self.up),
            false => (&mut self.up, &mut self.down),
        };
        let (this, other) = match on_inner {
            true => (&self.inner.socket, &self.client.socket),
            false => (&self.client.socket, &self.inner.socket),
        };
        let mut moved = Ok(());
        if writable {
            moved = flush(to, this);
        }
        if readable && moved.is_ok() {
            moved = pump(from, this, other, buffer);
        }
        if moved.is_err() {
            return Next::Broken;
        }
        if self.up.closed && self.down.closed {
            return Next::Ended;
        }
        match self.watch(queue) {
            Ok(()) => Next::Goes,
            Err(_) => Next::Broken,
        }
    }

    /// Both sides learn that it did not end in peace.
    pub(super) fn abort(&self) {
        reset(&self.client.socket);
        reset(&self.inner.socket);
    }

    /// Watches each side for what can be done there.
    fn watch(&mut self, queue: &OwnedFd) -> rustix::io::Result<()> {
        let wants = |reads: &Stream, writes: &Stream| {
            let mut flags = EventFlags::empty();
            if !reads.ended && !reads.waits() {
                flags |= EventFlags::IN;
            }
            if writes.waits() {
                flags |= EventFlags::OUT;
            }
            flags
        };
        let (client, inner) = match self.connecting {
            true => (EventFlags::empty(), EventFlags::OUT),
            false => (wants(&self.up, &self.down), wants(&self.down, &self.up)),
        };
        set(&mut self.client, client, queue, self.token)?;
        set(&mut self.inner, inner, queue, self.token + 1)
    }
}

/// Watches for nothing means: only for errors. But not once it has hung up, which would be reported
/// again and again.
fn set(side: &mut Side, wanted: EventFlags, queue: &OwnedFd, token: u64) -> rustix::io::Result<()> {
    let wanted = (!side.hung || !wanted.is_empty()).then_some(wanted);
    if side.watched == wanted {
        return Ok(());
    }
    let data = EventData::new_u64(token);
    match (side.watched, wanted) {
        (None, Some(flags)) => epoll::add(queue, &side.socket, data, flags)?,
        (Some(_), Some(flags)) => epoll::modify(queue, &side.socket, data, flags)?,
        (Some(_), None) => epoll::delete(queue, &side.socket)?,
        (None, None) => {}
    }
    side.watched = wanted;
    Ok(())
}

/// Writes what waits, then passes the end on if it has come.
fn flush(stream: &mut Stream, to: &OwnedFd) -> rustix::io::Result<()> {
    while stream.waits() {
        match send(to, &stream.pending[stream.at..])? {
            0 => return Ok(()),
            sent => stream.at += sent,
        }
    }
    // An idle connection holds no memory.
    stream.pending = Vec::new();
    stream.at = 0;
    close_after_the_end(stream, to)
}

fn close_after_the_end(stream: &mut Stream, to: &OwnedFd) -> rustix::io::Result<()> {
    if stream.ended && !stream.closed {
        stream.closed = true;
        match rustix::net::shutdown(to, Shutdown::Write) {
            // It has closed everything itself meanwhile.
            Ok(()) | Err(Errno::NOTCONN) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Moves what is there, as far as the other side takes it.
fn pump(stream: &mut Stream, from: &OwnedFd, to: &OwnedFd, buffer: &mut [u8]) -> rustix::io::Result<()> {
    if stream.ended || stream.waits() {
        return Ok(());
    }
    for _ in 0..TURNS {
        let read = match rustix::net::recv(from, &mut *buffer, RecvFlags::empty()) {
            Ok((0, _)) => {
                stream.ended = true;
                return close_after_the_end(stream, to);
            }
            Ok((read, _)) => read,
            Err(Errno::AGAIN) => return Ok(()),
            Err(Errno::INTR) => continue,
            Err(errno) => return Err(errno),
        };
        let sent = send(to, &buffer[..read])?;
        if sent < read {
            stream.pending.extend_from_slice(&buffer[sent..read]);
            return Ok(());
        }
        if read < buffer.len() {
            // There is no more, or the next event says so.
            return Ok(());
        }
    }
    Ok(())
}

/// How much was taken; 0 is nothing now.
fn send(to: &OwnedFd, bytes: &[u8]) -> rustix::io::Result<usize> {
    loop {
        match rustix::net::send(to, bytes, SendFlags::NOSIGNAL) {
            Err(Errno::AGAIN) => return Ok(0),
            Err(Errno::INTR) => {}
            other => return other,
        }
    }
}

/// Closing it will send a reset, not an end.
pub(super) fn reset(socket: &OwnedFd) {
    // One that is closed already needs none.
    let _ = sockopt::set_socket_linger(socket, Some(Duration::ZERO));
}
