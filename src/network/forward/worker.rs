//! The thread in the container's network namespace: one epoll over listeners, connections and
//! flows of datagrams.

use super::listen::Listener;
use super::source::{Addresses, Source};
use super::tcp::{self, Connection, Next};
use super::udp::{Flow, Flows};
use crate::container::port::{Bound, Protocol};
use crate::error::{Doing, Result};
use crate::network::thread::Work;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// How much is read at once. Larger ones are no faster, smaller ones are slower.
const PIECE: usize = 256 * 1024;

/// And less where there are many: what one side has sent and the other does not take waits here, a piece
/// for each direction of each connection, and our memory is not the container's to fill.
const ALL_PIECES: usize = 64 * 1024 * 1024;
/// But not less than this.
const SMALLEST: usize = 8 * 1024;

/// How much is read at once with so many connections.
fn piece(connections: usize) -> usize {
    (ALL_PIECES / 2 / connections.max(1)).clamp(SMALLEST, PIECE)
}

/// Descriptors that stay free at least for the rest of the supervisor: its clients, its log, the names.
const RESERVE: usize = 64;
/// And this part of them, where there are many: questions for names have one each.
const RESERVED_PART: usize = 16;

/// How many connections are accepted before others get their turn.
const AT_ONCE: usize = 64;

/// When the kernel has no descriptor left although we have: so long until it is asked again.
const PAUSE: Duration = Duration::from_secs(1);

const WAKE: u64 = 0;
const LISTENER: u64 = 1 << 32;
const CONNECTION: u64 = 2 << 32;
const FLOW: u64 = 3 << 32;
const KIND: u64 = !(u32::MAX as u64);

/// What the thread is told.
#[derive(Debug)]
pub(super) enum Order {
    Add(Vec<Listener>),
    Remove(Vec<Bound>),
    Addresses(Addresses),
    Pause,
}

/// Everything the thread works on; between two threads it is at rest.
#[derive(Debug)]
pub(super) struct Worker {
    epoll: OwnedFd,
    wake: Arc<OwnedFd>,
    orders: Receiver<Order>,
    source: Source,
    listeners: Vec<Option<Listener>>,
    connections: Vec<Option<Connection>>,
    /// Places in `connections` that are free.
    free: Vec<usize>,
    /// Connections that can go on without an event.
    eager: Vec<usize>,
    flows: Flows,
    /// How many descriptors we may have.
    most: usize,
    /// Listeners are not watched: no descriptor was left.
    paused: bool,
    /// When they are watched again, if no connection ends before.
    again: Option<Instant>,
    buffer: Vec<u8>,
}

impl Work for Worker {
    fn run(&mut self) {
        self.work();
    }
}

impl Worker {
    /// With `limit` descriptors for the whole process.
    pub(super) fn new(
        listeners: Vec<Listener>,
        source: Source,
        orders: Receiver<Order>,
        wake: Arc<OwnedFd>,
        limit: usize,
    ) -> Result<Worker> {
        let epoll = epoll::create(CreateFlags::CLOEXEC).doing(|| "make an event queue")?;
        epoll::add(&epoll, wake.as_fd(), EventData::new_u64(WAKE), EventFlags::IN)
            .doing(|| "watch a descriptor")?;
        let mut worker = Worker {
            epoll,
            wake,
            orders,
            source,
            listeners: Vec::new(),
            connections: Vec::new(),
            free: Vec::new(),
            eager: Vec::new(),
            flows: Flows::default(),
            most: limit.saturating_sub(RESERVE.max(limit / RESERVED_PART)).max(2),
            paused: false,
            again: None,
            buffer: Vec::new(),
        };
        for listener in listeners {
            worker.listen(listener)?;
        }
        Ok(worker)
    }

    fn listen(&mut self, listener: Listener) -> Result<()> {
        let at = self.listeners.iter().position(Option::is_none).unwrap_or_else(|| {
            self.listeners.push(None);
            self.listeners.len() - 1
        });
        if !self.paused {
            self.watch(listener.as_fd(), LISTENER + at as u64, EventFlags::IN)
                .doing(|| "watch a published port")?;
        }
        self.listeners[at] = Some(listener);
        Ok(())
    }

    fn watch(&self, fd: BorrowedFd<'_>, token: u64, flags: EventFlags) -> rustix::io::Result<()> {
        epoll::add(&self.epoll, fd, EventData::new_u64(token), flags)
    }

    fn work(&mut self) {
        let mut events = [const { std::mem::MaybeUninit::<epoll::Event>::uninit() }; 128];
        loop {
            let timeout = self.timeout();
            let ready = match epoll::wait(&self.epoll, &mut events, timeout.as_ref()) {
                Ok((ready, _)) => ready,
                Err(_) => continue,
            };
            let mut pause = false;
            let mut done: Vec<usize> = Vec::new();
            let eager = std::mem::take(&mut self.eager);
            for event in ready.iter() {
                let (token, flags) = (event.data.u64(), event.flags);
                let at = (token & !KIND) as usize;
                match token & KIND {
                    LISTENER => self.arrivals(at),
                    CONNECTION => {
                        if self.serve(at >> 1, Some((at & 1 == 1, flags))) {
                            done.push(at >> 1);
                        }
                    }
                    FLOW => self.flows.answer(at, &self.listeners, &mut self.buffer),
                    _ => pause |= self.take_orders(),
                }
            }
            done.extend(eager.into_iter().filter(|at| self.serve(*at, None)));
            // Only now can their places be given away: more of these events may have meant them.
            self.free.append(&mut done);
            self.flows.expire(Instant::now(), &mut self.source);
            self.resume_if_possible();
            if self.free.len() == self.connections.len() && self.flows.is_empty() && !self.buffer.is_empty() {
                self.rest();
            }
            if pause {
                return;
            }
        }
    }

    /// Nobody is connected: memory is given back.
    fn rest(&mut self) {
        self.buffer = Vec::new();
        self.connections = Vec::new();
        self.free = Vec::new();
    }

    fn timeout(&self) -> Option<rustix::event::Timespec> {
        if !self.eager.is_empty() {
            return Some(rustix::event::Timespec::default());
        }
        let at = match (self.again, self.flows.next_end()) {
            (Some(a), Some(b)) => a.min(b),
            (a, b) => a.or(b)?,
        };
        let left = at.saturating_duration_since(Instant::now());
        // Rounded up: waking before the deadline would only wait again.
        Some(rustix::event::Timespec {
            tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: (left.subsec_nanos() + 999_999).min(999_999_999).into(),
        })
    }

    /// `true`: pause.
    fn take_orders(&mut self) -> bool {
        let _ = rustix::io::read(&*self.wake, &mut [0; 8]);
        let mut pause = false;
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Order::Pause => pause = true,
                Order::Add(listeners) => {
                    for listener in listeners {
                        // Fails for want of memory only; the port is closed then, and refuses.
                        let _ = self.listen(listener);
                    }
                }
                Order::Remove(ports) => self.remove(&ports),
                Order::Addresses(addresses) => self.source.retarget(addresses),
            }
        }
        pause
    }

    fn remove(&mut self, ports: &[Bound]) {
        for at in 0..self.listeners.len() {
            if self.listeners[at].as_ref().is_some_and(|l| ports.contains(&l.bound)) {
                self.flows.forget(at, &mut self.source);
                self.listeners[at] = None;
            }
        }
    }

    fn arrivals(&mut self, at: usize) {
        let Some(Some(listener)) = self.listeners.get(at) else { return };
        match listener.bound.protocol {
            Protocol::Tcp => self.accept(at),
            Protocol::Udp => self.datagrams(at),
        }
    }

    /// How many descriptors connections and flows have.
    fn in_use(&self) -> usize {
        2 * (self.connections.len() - self.free.len()) + self.flows.len() + self.listeners.len()
    }

    fn accept(&mut self, at: usize) {
        use rustix::net::SocketFlags;
        for _ in 0..AT_ONCE {
            if self.in_use() + 2 > self.most {
                self.pause(None);
                return;
            }
            let Some(Some(listener)) = self.listeners.get(at) else { return };
            let port = listener.bound.container;
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            match rustix::net::acceptfrom_with(&listener.socket, flags) {
                Ok((client, from)) => {
                    let from = from.and_then(|from| SocketAddr::try_from(from).ok());
                    self.connect(client, from, port);
                }
                Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                    self.pause(Some(Instant::now() + PAUSE));
                    return;
                }
                // One that has gone before we looked.
                Err(Errno::CONNABORTED | Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }

    fn connect(&mut self, client: OwnedFd, from: Option<SocketAddr>, port: u16) {
        let inner = match self.source.connect(from, port) {
            Ok(inner) => inner,
            Err(errno) => {
                tcp::reset(&client);
                if matches!(errno, Errno::MFILE | Errno::NFILE) {
                    self.pause(Some(Instant::now() + PAUSE));
                }
                return;
            }
        };
        let at = self.free.pop().unwrap_or_else(|| {
            self.connections.push(None);
            self.connections.len() - 1
        });
        let token = CONNECTION + (at as u64) * 2;
        match Connection::new(client, inner, &self.epoll, token) {
            Ok(connection) => self.connections[at] = Some(connection),
            Err(_) => self.free.push(at),
        }
    }

    /// After an event on the inner socket or the client's, or because it can go on. `true`: its place
    /// is free.
    fn serve(&mut self, at: usize, event: Option<(bool, EventFlags)>) -> bool {
        let piece = piece(self.connections.len() - self.free.len());
        let Some(slot) = self.connections.get_mut(at) else { return false };
        let Some(connection) = slot else { return false };
        if self.buffer.is_empty() {
            self.buffer = vec![0; PIECE];
        }
        let buffer = &mut self.buffer[..piece];
        let next = match event {
            Some((inner, flags)) => connection.serve(inner, flags, buffer),
            None => {
                connection.queued = false;
                connection.go_on(buffer)
            }
        };
        match next {
            Next::Waits => return false,
            Next::GoesOn => {
                if !std::mem::replace(&mut connection.queued, true) {
                    self.eager.push(at);
                }
                return false;
            }
            Next::Ended => {}
            Next::Broken => connection.abort(),
        }
        *slot = None;
        true
    }

    fn datagrams(&mut self, at: usize) {
        if self.buffer.is_empty() {
            self.buffer = vec![0; PIECE];
        }
        for _ in 0..AT_ONCE {
            let full = self.in_use() + 1 > self.most;
            let Some(Some(listener)) = self.listeners.get(at) else { return };
            let Some((length, key)) = Flows::receive(listener, at, &mut self.buffer) else { return };
            let flow = match self.flows.find(&key) {
                Some(flow) => flow,
                None => {
                    if full && !self.flows.drop_oldest(&mut self.source) {
                        continue;
                    }
                    let port = listener.bound.container;
                    let Ok((socket, kept)) = self.source.connect_datagrams(key.client, port) else {
                        continue;
                    };
                    let flow = self.flows.insert(Flow::new(socket, key, kept));
                    let Some(socket) = self.flows.socket(flow) else { continue };
                    if self.watch(socket, FLOW + flow as u64, EventFlags::IN).is_err() {
                        self.flows.end(flow, &mut self.source);
                        continue;
                    }
                    flow
                }
            };
            self.flows.pass_on(flow, &self.buffer[..length]);
        }
    }

    /// No descriptor is left: nobody is accepted until a connection ends, or until `again`.
    fn pause(&mut self, again: Option<Instant>) {
        self.again = again;
        if self.paused {
            return;
        }
        self.paused = true;
        for listener in self.streams() {
            let _ = epoll::delete(&self.epoll, listener);
        }
    }

    fn streams(&self) -> impl Iterator<Item = &OwnedFd> {
        let of_streams = |l: &&Listener| l.bound.protocol == Protocol::Tcp;
        self.listeners.iter().flatten().filter(of_streams).map(|l| &l.socket)
    }

    fn resume_if_possible(&mut self) {
        let waits = self.again.is_some_and(|at| Instant::now() < at);
        if !self.paused || waits || self.in_use() + 2 > self.most {
            return;
        }
        self.paused = false;
        self.again = None;
        for at in 0..self.listeners.len() {
            let Some(Some(listener)) = self.listeners.get(at) else { continue };
            if listener.bound.protocol == Protocol::Tcp
                && self.watch(listener.as_fd(), LISTENER + at as u64, EventFlags::IN).is_err()
            {
                self.pause(Some(Instant::now() + PAUSE));
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_connections_share_the_memory_of_a_few() {
        assert_eq!((piece(0), piece(1), piece(128)), (PIECE, PIECE, PIECE));
        for connections in [1, 500, 4096] {
            assert!(2 * connections * piece(connections) <= ALL_PIECES, "{connections}");
        }
        assert_eq!(piece(20_000), SMALLEST);
    }
}
