//! Who is asked for names that no container has: the host's own resolvers, as resolv.conf has them
//! at that moment.

use rustix::fs::Stat;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// The host's file.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// The port of name servers.
const PORT: u16 = 53;

/// How many of them are asked; glibc takes three too.
const MOST: usize = 3;

/// The host's name servers; read again when the file has changed.
#[derive(Debug, Default)]
pub(super) struct Upstream {
    seen: Option<(u64, u64, i64, i64)>,
    servers: Vec<SocketAddr>,
}

impl Upstream {
    /// Who is asked now.
    pub(super) fn servers(&mut self) -> Vec<SocketAddr> {
        let seen = rustix::fs::stat(RESOLV_CONF).ok().map(|stat| mark(&stat));
        if seen != self.seen || self.servers.is_empty() {
            let text = std::fs::read(RESOLV_CONF).unwrap_or_default();
            self.servers = parse(&String::from_utf8_lossy(&text));
            self.seen = seen;
        }
        self.servers.clone()
    }
}

/// What changes when somebody writes or replaces the file.
fn mark(stat: &Stat) -> (u64, u64, i64, i64) {
    (stat.st_ino, stat.st_size as u64, stat.st_mtime, stat.st_mtime_nsec as i64)
}

/// The servers in a resolv.conf; this host where it names none. Source: resolv.conf(5).
fn parse(text: &str) -> Vec<SocketAddr> {
    let mut servers: Vec<SocketAddr> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some("nameserver")).then(|| words.next()).flatten().and_then(server)
        })
        .take(MOST)
        .collect();
    if servers.is_empty() {
        servers.push((Ipv4Addr::LOCALHOST, PORT).into());
    }
    servers
}

/// An address, perhaps one of an interface: `fe80::1%eth0`.
fn server(word: &str) -> Option<SocketAddr> {
    let Some((ip, zone)) = word.split_once('%') else {
        return word.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, PORT));
    };
    let ip: Ipv6Addr = ip.parse().ok()?;
    let scope = zone.parse().ok().or_else(|| nix::net::if_::if_nametoindex(zone).ok())?;
    Some(SocketAddrV6::new(ip, PORT, 0, scope).into())
}

/// The servers of a network that has its own.
pub(super) fn of(own: &[IpAddr]) -> Vec<SocketAddr> {
    own.iter().map(|ip| SocketAddr::new(*ip, PORT)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_as_the_resolver_does() {
        let text =
            "# x\nsearch lan\nnameserver 127.0.0.53 # here\nnameserver fe80::1%lo\nnameserver nonsense\n";
        let servers: Vec<String> = parse(text).iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["127.0.0.53:53", "[fe80::1%1]:53"]);
        assert_eq!(parse("").len(), 1);
    }
}
