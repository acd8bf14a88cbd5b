//! The container's side of published ports: sockets that reach its services, and from which
//! address they seem to come.

use super::rules::{MARK, Rules};
use crate::container::subnet::Subnet;
use nix::sys::socket::{setsockopt, sockopt};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;

/// Where the container's services are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// The container's own address and the gateway, which stands for the host.
    pub ip4: Option<(Ipv4Addr, Ipv4Addr)>,
    /// The same of IPv6, if it has one.
    pub ip6: Option<(Ipv6Addr, Ipv6Addr)>,
    /// Its networks: whoever is in one of them is not reached by a rule, but by his own way.
    pub subnets: Vec<Subnet>,
}

/// Makes the sockets inside.
#[derive(Debug)]
pub(super) struct Source {
    addresses: Addresses,
    /// How answers find us; without them nobody's address can be kept.
    rules: Option<Rules>,
    /// How many flows of datagrams each client has.
    clients: HashMap<IpAddr, usize>,
}

impl Source {
    pub(super) fn new(addresses: Addresses, rules: Option<Rules>) -> Source {
        Source { addresses, rules, clients: HashMap::new() }
    }

    pub(super) fn retarget(&mut self, addresses: Addresses) {
        self.addresses = addresses;
    }

    /// The service for a client: of its own family, if there is one.
    fn service(&self, client: Option<IpAddr>, port: u16) -> SocketAddr {
        let ip4 = self.addresses.ip4.map(|(ip, _)| IpAddr::from(ip));
        let ip6 = self.addresses.ip6.map(|(ip, _)| IpAddr::from(ip));
        let ip = match client {
            Some(IpAddr::V6(_)) => ip6.or(ip4),
            _ => ip4.or(ip6),
        };
        SocketAddr::new(ip.unwrap_or(Ipv4Addr::LOCALHOST.into()), port)
    }

    /// As whom a client is shown to a service; `None` where only we ourselves can be.
    fn shown(&self, client: Option<IpAddr>, service: IpAddr) -> Option<IpAddr> {
        if !self.rules.as_ref()?.work_for(service) {
            return None;
        }
        let gateway = match service {
            IpAddr::V4(_) => self.addresses.ip4.map(|(_, gateway)| IpAddr::from(gateway)),
            IpAddr::V6(_) => self.addresses.ip6.map(|(_, gateway)| IpAddr::from(gateway)),
        };
        match client {
            Some(ip) if ip.is_ipv4() == service.is_ipv4() && self.is_elsewhere(ip) => Some(ip),
            // The host's own loopback most of all: a service that trusts 127.0.0.1 must not trust the host.
            _ => gateway,
        }
    }

    /// Whether the address means the same inside as outside.
    fn is_elsewhere(&self, ip: IpAddr) -> bool {
        let local = match ip {
            IpAddr::V4(ip) => {
                ip.is_loopback() || ip.is_unspecified() || ip.is_link_local() || ip.is_multicast()
            }
            IpAddr::V6(ip) => {
                ip.is_loopback() || ip.is_unspecified() || ip.is_unicast_link_local() || ip.is_multicast()
            }
        };
        !local && !self.addresses.subnets.iter().any(|subnet| subnet.contains(ip))
    }

    /// Begins to connect to the service at `port`.
    pub(super) fn connect(&mut self, from: Option<SocketAddr>, port: u16) -> rustix::io::Result<OwnedFd> {
        let client = from.map(|from| from.ip().to_canonical());
        let service = self.service(client, port);
        let shown = self.shown(client, service.ip());
        let wanted = from.filter(|_| shown == client).map_or(0, |from| from.port());
        match open(service, SocketType::STREAM, shown, wanted) {
            // Its port is taken here by another connection of the same client.
            Err(Errno::ADDRINUSE | Errno::ADDRNOTAVAIL) if wanted != 0 => {
                open(service, SocketType::STREAM, shown, 0)
            }
            other => other,
        }
    }

    /// A socket for a client's datagrams to `port`, and the client's address while it is kept.
    pub(super) fn connect_datagrams(
        &mut self,
        from: SocketAddr,
        port: u16,
    ) -> rustix::io::Result<(OwnedFd, Option<IpAddr>)> {
        let client = from.ip().to_canonical();
        let service = self.service(Some(client), port);
        let shown = self.shown(Some(client), service.ip()).filter(|shown| self.begins(*shown, service));
        let wanted = if shown == Some(client) { from.port() } else { 0 };
        let opened = match open(service, SocketType::DGRAM, shown, wanted) {
            Err(Errno::ADDRINUSE | Errno::ADDRNOTAVAIL) if wanted != 0 => {
                open(service, SocketType::DGRAM, shown, 0)
            }
            other => other,
        };
        if opened.is_err()
            && let Some(shown) = shown
        {
            self.ends(shown);
        }
        Ok((opened?, shown))
    }

    /// Makes the way back for one more flow; `false` if there is none.
    fn begins(&mut self, client: IpAddr, service: SocketAddr) -> bool {
        let Some(rules) = &mut self.rules else { return false };
        if rules.watch_port(service.is_ipv4(), service.port()).is_err() {
            return false;
        }
        let count = self.clients.entry(client).or_default();
        if *count == 0 && rules.add_client(client, service.ip()).is_err() {
            self.clients.remove(&client);
            return false;
        }
        *count += 1;
        true
    }

    /// A flow whose client's address was kept has ended.
    pub(super) fn ends(&mut self, client: IpAddr) {
        let Some(count) = self.clients.get_mut(&client) else { return };
        *count -= 1;
        if *count == 0 {
            self.clients.remove(&client);
            if let Some(rules) = &mut self.rules {
                rules.remove_client(client);
            }
        }
    }
}

/// A socket that is connecting to `to`, from `from` and a port of it if that is wanted.
fn open(to: SocketAddr, kind: SocketType, from: Option<IpAddr>, port: u16) -> rustix::io::Result<OwnedFd> {
    let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let protocol = if kind == SocketType::STREAM { ipproto::TCP } else { ipproto::UDP };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, kind, flags, Some(protocol))?;
    if let Some(from) = from {
        let set = setsockopt(&socket, sockopt::IpTransparent, &true)
            .and_then(|()| setsockopt(&socket, sockopt::Mark, &MARK));
        set.map_err(|errno| Errno::from_raw_os_error(errno as i32))?;
        rustix::net::bind(&socket, &SocketAddr::new(from, port))?;
    }
    match rustix::net::connect(&socket, &to) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(socket),
        Err(errno) => Err(errno),
    }
}
