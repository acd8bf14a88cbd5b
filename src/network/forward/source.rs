//! The container's side of published ports: sockets that reach its services, and from which
//! address they seem to come.

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;

/// Where the container's services are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// The container's own address.
    pub ip4: Option<Ipv4Addr>,
    /// Its IPv6 address, if it has one.
    pub ip6: Option<Ipv6Addr>,
}

/// Makes the sockets inside.
#[derive(Debug)]
pub(super) struct Source {
    addresses: Addresses,
}

impl Source {
    pub(super) fn new(addresses: Addresses) -> Source {
        Source { addresses }
    }

    pub(super) fn retarget(&mut self, addresses: Addresses) {
        self.addresses = addresses;
    }

    /// We are inside the container's network now.
    pub(super) fn prepare(&mut self) {}

    /// A client's datagrams to `port` begin.
    pub(super) fn begins(&mut self, _client: IpAddr, _port: u16) {}

    /// They have ended.
    pub(super) fn ends(&mut self, _client: IpAddr, _port: u16) {}

    /// The service for a client: of its own family, if there is one.
    fn service(&self, client: Option<IpAddr>, port: u16) -> SocketAddr {
        let Addresses { ip4, ip6 } = self.addresses;
        let ip: IpAddr = match (client.map(|ip| ip.to_canonical()), ip4, ip6) {
            (Some(IpAddr::V6(_)), _, Some(ip)) => ip.into(),
            (_, Some(ip), _) => ip.into(),
            (_, None, Some(ip)) => ip.into(),
            (_, None, None) => Ipv4Addr::LOCALHOST.into(),
        };
        SocketAddr::new(ip, port)
    }

    /// Begins to connect to the service at `port`.
    pub(super) fn connect(&mut self, from: Option<SocketAddr>, port: u16) -> rustix::io::Result<OwnedFd> {
        let service = self.service(from.map(|from| from.ip()), port);
        let socket = open(service, SocketType::STREAM)?;
        match rustix::net::connect(&socket, &service) {
            Ok(()) | Err(Errno::INPROGRESS) => Ok(socket),
            Err(errno) => Err(errno),
        }
    }

    /// A socket for a client's datagrams to `port`.
    pub(super) fn connect_datagrams(&mut self, from: SocketAddr, port: u16) -> rustix::io::Result<OwnedFd> {
        let service = self.service(Some(from.ip()), port);
        let socket = open(service, SocketType::DGRAM)?;
        rustix::net::connect(&socket, &service)?;
        Ok(socket)
    }
}

fn open(to: SocketAddr, kind: SocketType) -> rustix::io::Result<OwnedFd> {
    let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let protocol = if kind == SocketType::STREAM { ipproto::TCP } else { ipproto::UDP };
    rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, Some(protocol))
}
