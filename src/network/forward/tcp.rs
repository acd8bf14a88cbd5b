//! One connection: bytes in both directions until both have ended.
//!
//! Both sockets are watched once, for everything, and the kernel tells only what is new (EPOLLET):
//! a connection then costs no system call but those that move its bytes. What was told is kept
//! until a call says that it is no longer so.

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
    /// It waits for an event.
    Waits,
    /// It can go on at once, when others have had their turn: no event will say so.
    GoesOn,
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
    /// It is among those that can go on at once.
    pub(super) queued: bool,
}

#[derive(Debug)]
struct Side {
    socket: OwnedFd,
    /// There is something to read, or the end.
    readable: bool,
    writable: bool,
    /// A read that fills less than it could is no sign that all was read: the end may follow, for
    /// which there is no further event, or it stopped at urgent data.
    uneven: bool,
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

impl Side {
    fn watch(socket: OwnedFd, queue: &OwnedFd, token: u64) -> rustix::io::Result<Side> {
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::PRI | EventFlags::ET;
        epoll::add(queue, &socket, EventData::new_u64(token), flags)?;
        Ok(Side { socket, readable: false, writable: false, uneven: false })
    }

    fn note(&mut self, flags: EventFlags) {
        self.readable |= flags.intersects(EventFlags::IN | EventFlags::RDHUP | EventFlags::HUP);
        self.writable |= flags.contains(EventFlags::OUT);
        self.uneven |= flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::PRI);
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
        // The client's has it from the socket that listened.
        prepare(&inner)?;
        Ok(Connection {
            client: Side::watch(client, queue, token)?,
            inner: Side::watch(inner, queue, token + 1)?,
            up: Stream::default(),
            down: Stream::default(),
            connecting: true,
            queued: false,
        })
    }

    /// Does what can be done after an event on one of its sockets.
    pub(super) fn serve(&mut self, on_inner: bool, flags: EventFlags, buffer: &mut [u8]) -> Next {
        if flags.contains(EventFlags::ERR) {
            return Next::Broken;
        }
        let side = if on_inner { &mut self.inner } else { &mut self.client };
        side.note(flags);
        if self.connecting {
            if !on_inner || !flags.contains(EventFlags::OUT) {
                // A client that is gone altogether waits for no answer.
                return if flags.contains(EventFlags::HUP) { Next::Broken } else { Next::Waits };
            }
            self.connecting = false;
        }
        self.go_on(buffer)
    }

    /// Does what can be done.
    pub(super) fn go_on(&mut self, buffer: &mut [u8]) -> Next {
        if self.connecting {
            return Next::Waits;
        }
        let (client, inner) = (&mut self.client, &mut self.inner);
        let moved = pass(&mut self.up, client, inner, self.down.closed, buffer)
            .and_then(|up| Ok(up | pass(&mut self.down, inner, client, self.up.closed, buffer)?));
        match moved {
            Err(_) => Next::Broken,
            Ok(_) if self.up.closed && self.down.closed => Next::Ended,
            Ok(true) => Next::GoesOn,
            Ok(false) => Next::Waits,
        }
    }

    /// Both sides learn that it did not end in peace.
    pub(super) fn abort(&self) {
        reset(&self.client.socket);
        reset(&self.inner.socket);
    }
}

/// What comes goes on at once, in the pieces in which it came; and one who is gone without a word is
/// noticed. What is accepted has this from the socket that listened.
pub(super) fn prepare(socket: &OwnedFd) -> rustix::io::Result<()> {
    sockopt::set_tcp_nodelay(socket, true)?;
    sockopt::set_socket_keepalive(socket, true)
}

/// Moves what is there, as far as the other side takes it; `true`: there may be more. `last`: the other
/// direction has ended already.
fn pass(
    stream: &mut Stream,
    from: &mut Side,
    to: &mut Side,
    last: bool,
    buffer: &mut [u8],
) -> rustix::io::Result<bool> {
    if stream.waits() && !flush(stream, to)? {
        return Ok(false);
    }
    for _ in 0..TURNS {
        if stream.ended || !from.readable || !to.writable {
            break;
        }
        let read = match rustix::net::recv(&from.socket, &mut *buffer, RecvFlags::empty()) {
            Ok((0, _)) => {
                stream.ended = true;
                break;
            }
            Ok((read, _)) => read,
            Err(Errno::AGAIN) => {
                from.readable = false;
                break;
            }
            Err(Errno::INTR) => continue,
            Err(errno) => return Err(errno),
        };
        // epoll(7): all was read, and what comes now is an event again.
        from.readable = read == buffer.len() || from.uneven;
        let sent = send(&to.socket, &buffer[..read])?;
        if sent < read {
            to.writable = false;
            stream.pending.extend_from_slice(&buffer[sent..read]);
        }
    }
    if stream.ended && !stream.waits() && !stream.closed {
        stream.closed = true;
        // Where this was the last, closing the sockets says the same.
        if !last {
            end(&to.socket)?;
        }
    }
    Ok(!stream.ended && from.readable && to.writable)
}

/// Writes what waits; `false`: not all was taken.
fn flush(stream: &mut Stream, to: &mut Side) -> rustix::io::Result<bool> {
    while stream.waits() {
        if !to.writable {
            return Ok(false);
        }
        match send(&to.socket, &stream.pending[stream.at..])? {
            0 => to.writable = false,
            sent => stream.at += sent,
        }
    }
    // An idle connection holds no memory.
    stream.pending = Vec::new();
    stream.at = 0;
    Ok(true)
}

fn end(socket: &OwnedFd) -> rustix::io::Result<()> {
    match rustix::net::shutdown(socket, Shutdown::Write) {
        // It has closed everything itself meanwhile.
        Err(Errno::NOTCONN) => Ok(()),
        other => other,
    }
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
