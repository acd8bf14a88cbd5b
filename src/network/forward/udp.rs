//! Datagrams: each client of a port has a socket of its own inside, for as long as it talks.

use super::listen::Listener;
use super::source::Source;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use std::collections::HashMap;
use std::io::{IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// A client to whom nobody has answered is forgotten after this; as in the kernel's own NAT.
const UNANSWERED: Duration = Duration::from_secs(30);
/// And one who got answers after this.
const ANSWERED: Duration = Duration::from_secs(120);

/// How many answers are passed on before others get their turn.
const AT_ONCE: usize = 64;

/// Whose datagrams they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// Which of the listeners they came to.
    listener: usize,
    /// From whom.
    pub(super) client: SocketAddr,
    /// To which of the host's addresses: answers come from there.
    local: Option<IpAddr>,
}

/// One client's datagrams.
#[derive(Debug)]
pub(super) struct Flow {
    socket: OwnedFd,
    key: Key,
    /// The address that is kept, if one is: there is a way back for it.
    kept: Option<IpAddr>,
    seen: Instant,
    answered: bool,
}

impl Flow {
    /// Of a connected socket.
    pub(super) fn new(socket: OwnedFd, key: Key, kept: Option<IpAddr>) -> Flow {
        Flow { socket, key, kept, seen: Instant::now(), answered: false }
    }

    fn ends(&self) -> Instant {
        self.seen + if self.answered { ANSWERED } else { UNANSWERED }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Flows {
    by_key: HashMap<Key, usize>,
    slots: Vec<Option<Flow>>,
    free: Vec<usize>,
    /// When to look next for those that have ended; never after the first one does.
    look: Option<Instant>,
}

impl Flows {
    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Reads one datagram from a client; `None` if there is none.
    pub(super) fn receive(listener: &Listener, at: usize, buffer: &mut [u8]) -> Option<(usize, Key)> {
        let mut space = nix::cmsg_space!(libc::in6_pktinfo, libc::in_pktinfo);
        let mut parts = [IoSliceMut::new(buffer)];
        let flags = MsgFlags::MSG_DONTWAIT;
        let socket = listener.socket.as_raw_fd();
        let message = recvmsg::<SockaddrStorage>(socket, &mut parts, Some(&mut space), flags).ok()?;
        let client = address(message.address.as_ref()?)?;
        let local = message.cmsgs().ok()?.find_map(|message| match message {
            ControlMessageOwned::Ipv4PacketInfo(info) => {
                Some(IpAddr::V4(Ipv4Addr::from(info.ipi_addr.s_addr.to_ne_bytes())))
            }
            ControlMessageOwned::Ipv6PacketInfo(info) => Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into()),
            _ => None,
        });
        Some((message.bytes, Key { listener: at, client, local }))
    }

    pub(super) fn find(&self, key: &Key) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    pub(super) fn socket(&self, at: usize) -> Option<BorrowedFd<'_>> {
        self.slots.get(at)?.as_ref().map(|flow| flow.socket.as_fd())
    }

    pub(super) fn insert(&mut self, flow: Flow) -> usize {
        let at = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.by_key.insert(flow.key, at);
        let ends = flow.ends();
        self.look = Some(self.look.map_or(ends, |look| look.min(ends)));
        self.slots[at] = Some(flow);
        at
    }

    pub(super) fn end(&mut self, at: usize, source: &mut Source) {
        if let Some(flow) = self.slots.get_mut(at).and_then(Option::take) {
            self.by_key.remove(&flow.key);
            self.free.push(at);
            if let Some(kept) = flow.kept {
                source.ends(kept);
            }
        }
        if self.by_key.is_empty() {
            *self = Flows::default();
        }
    }

    /// Ends those of a listener that is gone.
    pub(super) fn forget(&mut self, listener: usize, source: &mut Source) {
        let of_it: Vec<usize> =
            self.by_key.iter().filter(|(key, _)| key.listener == listener).map(|(_, at)| *at).collect();
        for at in of_it {
            self.end(at, source);
        }
    }

    /// Makes room for another one; `false` if there is none to end.
    pub(super) fn drop_oldest(&mut self, source: &mut Source) -> bool {
        let flows = self.slots.iter().enumerate().filter_map(|(at, slot)| Some((slot.as_ref()?.ends(), at)));
        let Some((_, at)) = flows.min() else { return false };
        self.end(at, source);
        true
    }

    /// When the first one may end.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.look
    }

    pub(super) fn expire(&mut self, now: Instant, source: &mut Source) {
        if self.look.is_none_or(|look| now < look) {
            return;
        }
        let ended: Vec<usize> = (0..self.slots.len())
            .filter(|at| self.slots[*at].as_ref().is_some_and(|flow| flow.ends() <= now))
            .collect();
        for at in ended {
            self.end(at, source);
        }
        self.look = self.slots.iter().flatten().map(Flow::ends).min();
    }

    /// Sends a client's datagram to the container.
    pub(super) fn pass_on(&mut self, at: usize, bytes: &[u8]) {
        let Some(Some(flow)) = self.slots.get_mut(at) else { return };
        flow.seen = Instant::now();
        // A port that nobody listens on is reported by the send after the one that met it.
        if rustix::net::send(&flow.socket, bytes, SendFlags::NOSIGNAL) == Err(Errno::CONNREFUSED) {
            let _ = rustix::net::send(&flow.socket, bytes, SendFlags::NOSIGNAL);
        }
    }

    /// Sends the container's answers to the client.
    pub(super) fn answer(&mut self, at: usize, listeners: &[Option<Listener>], buffer: &mut [u8]) {
        let Some(Some(flow)) = self.slots.get_mut(at) else { return };
        let Some(Some(listener)) = listeners.get(flow.key.listener) else { return };
        for _ in 0..AT_ONCE {
            match rustix::net::recv(&flow.socket, &mut *buffer, RecvFlags::DONTWAIT) {
                Ok((length, _)) => {
                    flow.seen = Instant::now();
                    flow.answered = true;
                    // Datagrams may be lost.
                    let _ = send_from(listener, &flow.key, &buffer[..length]);
                }
                // Nobody listens there, for now: reading the error was all there is to do.
                Err(Errno::CONNREFUSED) => {}
                Err(_) => return,
            }
        }
    }
}

/// Answers from the address that the client had sent to.
fn send_from(listener: &Listener, key: &Key, bytes: &[u8]) -> nix::Result<usize> {
    let parts = [IoSlice::new(bytes)];
    let socket = listener.socket.as_raw_fd();
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    let (four, six);
    let from = match key.local {
        Some(IpAddr::V4(ip)) => {
            let spec_dst = libc::in_addr { s_addr: u32::from_ne_bytes(ip.octets()) };
            four = libc::in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: spec_dst,
                ipi_addr: libc::in_addr { s_addr: 0 },
            };
            vec![ControlMessage::Ipv4PacketInfo(&four)]
        }
        Some(IpAddr::V6(ip)) => {
            let addr = libc::in6_addr { s6_addr: ip.octets() };
            six = libc::in6_pktinfo { ipi6_addr: addr, ipi6_ifindex: 0 };
            vec![ControlMessage::Ipv6PacketInfo(&six)]
        }
        None => Vec::new(),
    };
    let to = SockaddrStorage::from(key.client);
    sendmsg(socket, &parts, &from, flags, Some(&to))
}

fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(four) = storage.as_sockaddr_in() {
        return Some(SocketAddrV4::new(four.ip(), four.port()).into());
    }
    let six = storage.as_sockaddr_in6()?;
    Some(SocketAddrV6::new(six.ip(), six.port(), six.flowinfo(), six.scope_id()).into())
}
