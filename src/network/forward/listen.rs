//! The host's side of published ports: sockets that are bound before the container runs.

use super::{owner, tcp};
use crate::container::port::{Bound, PortMap, Protocol};
use crate::error::{Doing, Error, Kind, Result};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, sockopt};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};

/// How many connections wait in the kernel for us; it caps the number itself.
const BACKLOG: i32 = 4096;

/// How often another free port is tried where two sockets need the same one.
const TRIES: usize = 64;

/// A port of the host that is ours.
#[derive(Debug)]
pub struct Listener {
    /// What it is for.
    pub bound: Bound,
    /// Non-blocking; of the network namespace in which it was made.
    pub socket: OwnedFd,
}

/// Takes the host's ports for all of `maps`, in the network namespace of the calling thread.
///
/// A port that is left to us is the one that `before` has for the same map, if it is free: so a
/// container keeps its ports over a restart. Since the socket is held from its binding on, nobody
/// else can get the port meanwhile. `given` are sockets that somebody with more rights has bound.
///
/// # Errors
/// `Conflict` for a port in use, with the one who has it; `Denied` for one that is reserved, with
/// the setting; then nothing is bound.
pub fn listen(maps: &[PortMap], before: &[Bound], given: Vec<OwnedFd>) -> Result<Vec<Listener>> {
    let mut given: Vec<Option<(SocketAddr, Protocol, OwnedFd)>> =
        given.into_iter().map(|socket| Some((name(&socket)?, kind(&socket)?, socket))).collect();
    let mut found: Vec<Listener> = Vec::with_capacity(maps.len());
    // Fixed ones first: none of them may fall to a map that takes any.
    let mut order: Vec<&PortMap> = maps.iter().collect();
    order.sort_by_key(|map| (map.host.0 == 0, map.host.1 - map.host.0));
    for map in order {
        let fits = |slot: &&mut Option<_>| {
            slot.as_ref().is_some_and(|(address, protocol, _): &(SocketAddr, Protocol, OwnedFd)| {
                *protocol == map.protocol
                    && address.port() == map.host.0
                    && ip_of(address.ip()) == map.host_ip
            })
        };
        let listener = match given.iter_mut().find(fits).and_then(Option::take) {
            Some((address, _, socket)) => finish(map, address.port(), socket)?,
            None => take(map, before, &found)?,
        };
        found.push(listener);
    }
    Ok(found)
}

fn ip_of(ip: IpAddr) -> Option<IpAddr> {
    (ip != IpAddr::V6(Ipv6Addr::UNSPECIFIED)).then_some(ip)
}

fn name(socket: &OwnedFd) -> Option<SocketAddr> {
    rustix::net::getsockname(socket).ok()?.try_into().ok()
}

fn kind(socket: &OwnedFd) -> Option<Protocol> {
    match sockopt::socket_type(socket).ok()? {
        SocketType::STREAM => Some(Protocol::Tcp),
        SocketType::DGRAM => Some(Protocol::Udp),
        _ => None,
    }
}

/// Finds a place for one map.
fn take(map: &PortMap, before: &[Bound], found: &[Listener]) -> Result<Listener> {
    let same = |b: &&Bound| b.port() == map.port() && b.host_ip == map.host_ip;
    if map.host.0 == 0 {
        if let Some(last) = before.iter().find(same)
            && let Ok(socket) = bind(map, last.host)
        {
            return finish(map, last.host, socket);
        }
        return anywhere(map, found);
    }
    let mut refused = None;
    for port in map.host.0..=map.host.1 {
        match bind(map, port) {
            Ok(socket) => return finish(map, port, socket),
            Err(errno) => refused = refused.or(Some((port, errno))),
        }
    }
    let (port, errno) = refused.unwrap_or((map.host.0, Errno::ADDRINUSE));
    Err(explain(map, port, errno))
}

/// Any free port. The same one for tcp and udp of a port of the container, where that can be.
fn anywhere(map: &PortMap, found: &[Listener]) -> Result<Listener> {
    let twin = found.iter().find(|l| {
        l.bound.container == map.container
            && l.bound.host_ip == map.host_ip
            && l.bound.protocol != map.protocol
    });
    if let Some(twin) = twin
        && let Ok(socket) = bind(map, twin.bound.host)
    {
        return finish(map, twin.bound.host, socket);
    }
    let mut last = Errno::ADDRINUSE;
    for _ in 0..TRIES {
        match bind(map, 0) {
            Ok(socket) => {
                let port = name(&socket).map_or(0, |address| address.port());
                match finish(map, port, socket) {
                    Ok(listener) => return Ok(listener),
                    Err(error) if error.kind() == Kind::Conflict => {}
                    Err(error) => return Err(error),
                }
            }
            Err(errno) => {
                last = errno;
                break;
            }
        }
    }
    Err(explain(map, 0, last))
}

/// Binds a socket, and only that: a port can be bound and yet not be listened on, if another
/// socket with SO_REUSEADDR came first.
fn bind(map: &PortMap, port: u16) -> rustix::io::Result<OwnedFd> {
    let address = match map.host_ip {
        Some(ip) => SocketAddr::new(ip, port),
        None => SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port),
    };
    match bind_to(map.protocol, address) {
        // A host without IPv6.
        Err(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL) if map.host_ip.is_none() => {
            bind_to(map.protocol, SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port))
        }
        other => other,
    }
}

fn bind_to(protocol: Protocol, address: SocketAddr) -> rustix::io::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let (kind, number) = match protocol {
        Protocol::Tcp => (SocketType::STREAM, ipproto::TCP),
        Protocol::Udp => (SocketType::DGRAM, ipproto::UDP),
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, kind, flags, Some(number))?;
    if address.is_ipv6() {
        // All of the host's addresses are those of both families.
        sockopt::set_ipv6_v6only(&socket, !address.ip().is_unspecified())?;
    }
    if protocol == Protocol::Tcp {
        // Connections of the last run that are still in TIME_WAIT do not hold the port. (For
        // datagrams the same flag would let others have it beside us.)
        sockopt::set_socket_reuseaddr(&socket, true)?;
    }
    rustix::net::bind(&socket, &address)?;
    Ok(socket)
}

/// Listens, or has the kernel note to which of the host's addresses a datagram came.
fn finish(map: &PortMap, port: u16, socket: OwnedFd) -> Result<Listener> {
    match map.protocol {
        Protocol::Tcp => {
            tcp::prepare(&socket).doing(|| "prepare a published port")?;
            rustix::net::listen(&socket, BACKLOG).map_err(|errno| explain(map, port, errno))?;
        }
        Protocol::Udp => note_destination(&socket)?,
    }
    rustix::io::ioctl_fionbio(&socket, true).doing(|| "prepare a published port")?;
    let bound = Bound { container: map.container, protocol: map.protocol, host_ip: map.host_ip, host: port };
    Ok(Listener { bound, socket })
}

fn note_destination(socket: &OwnedFd) -> Result<()> {
    use nix::sys::socket::{setsockopt, sockopt};
    let doing = || "prepare a published port";
    match name(socket) {
        Some(SocketAddr::V6(_)) => setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true).doing(doing),
        _ => setsockopt(socket, sockopt::Ipv4PacketInfo, &true).doing(doing),
    }
}

/// Why a port cannot be had, and what helps.
fn explain(map: &PortMap, port: u16, errno: Errno) -> Error {
    let bound = Bound { container: map.container, protocol: map.protocol, host_ip: map.host_ip, host: port };
    let place = format!("{}/{}", bound.host_side(), map.protocol);
    let what = format!("cannot publish port {} at {place}", map.port());
    match errno {
        Errno::ADDRINUSE if map.host.0 != map.host.1 => Error::new(
            Kind::Conflict,
            format!("{what}: the ports {} to {} are all in use", map.host.0, map.host.1),
        ),
        Errno::ADDRINUSE => {
            let by = owner::of(map.protocol, map.host_ip, port).map(|who| format!(" by {who}"));
            Error::new(Kind::Conflict, format!("{what}: address already in use{}", by.unwrap_or_default()))
                .hint(format!("end that, or take another port of the host: -p PORT:{}", map.container))
        }
        Errno::ACCESS => Error::new(Kind::Denied, format!("{what}: ports below {} are reserved", reserved()))
            .hint(format!(
                "take one from {} on, or as root: sysctl net.ipv4.ip_unprivileged_port_start={port}",
                reserved()
            )),
        Errno::ADDRNOTAVAIL => {
            Error::new(Kind::Invalid, format!("{what}: this host has no address {}", bound.shown_ip()))
        }
        Errno::MFILE | Errno::NFILE => Error::new(Kind::Unsupported, format!("{what}: too many open files"))
            .hint("raise the limit: ulimit -n, and nofile in /etc/security/limits.conf"),
        errno => Error::new(Kind::Failed, what).because(std::io::Error::from(errno)),
    }
}

/// The first port that everybody may have.
///
/// Source: ip-sysctl.rst, `ip_unprivileged_port_start`.
#[must_use]
pub fn reserved() -> u16 {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(1024)
}

/// Binds the reserved ones of `maps` that this process may have: a supervisor, which is in a user
/// namespace, may not. What cannot be bound is left to it to explain.
#[must_use]
pub fn reserved_ones(maps: &[PortMap]) -> Vec<OwnedFd> {
    let first_free = reserved();
    let wanted = maps.iter().filter(|map| map.host.0 == map.host.1 && (1..first_free).contains(&map.host.0));
    wanted.filter_map(|map| bind(map, map.host.0).ok()).collect()
}

impl AsFd for Listener {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::port::Publish;

    fn maps(text: &str) -> Vec<PortMap> {
        text.parse::<Publish>().unwrap().0
    }

    #[test]
    fn a_free_port_is_found_and_kept_the_next_time() {
        let first = listen(&maps("127.0.0.1::80"), &[], Vec::new()).unwrap();
        let bound = first[0].bound.clone();
        assert_ne!(bound.host, 0);
        drop(first);
        let again = listen(&maps("127.0.0.1::80"), std::slice::from_ref(&bound), Vec::new()).unwrap();
        assert_eq!(again[0].bound, bound);
    }

    #[test]
    fn a_port_in_use_is_named_with_the_process_that_has_it() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = listen(&maps(&format!("127.0.0.1:{port}:80")), &[], Vec::new()).unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict);
        let own = format!("(pid {})", std::process::id());
        assert!(
            error.to_string().contains("already in use by") && error.to_string().contains(&own),
            "{error}"
        );
    }

    #[test]
    fn one_port_finds_a_place_in_a_range() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let Some(next) = port.checked_add(20) else { return };
        let found = listen(&maps(&format!("127.0.0.1:{port}-{next}:80")), &[], Vec::new()).unwrap();
        assert!((port + 1..=next).contains(&found[0].bound.host));
    }

    #[test]
    fn a_socket_that_was_bound_by_another_is_used() {
        let socket = bind(&maps("127.0.0.1:0:80")[0], 0).unwrap();
        let port = name(&socket).unwrap().port();
        let found = listen(&maps(&format!("127.0.0.1:{port}:80")), &[], vec![socket]).unwrap();
        assert_eq!(found[0].bound.host, port);
        std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    }

    #[test]
    fn an_address_that_the_host_does_not_have_is_named() {
        let error = listen(&maps("203.0.113.77::80"), &[], Vec::new()).unwrap_err();
        assert!(error.to_string().contains("203.0.113.77"), "{error}");
    }
}
