//! Ports that a container offers (`80`, `80/udp`, `8000-8010/tcp`) and those that the host passes
//! on to it (`127.0.0.1:8080:80`).

use crate::error::{Error, Kind, Result, invalid};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// One `--expose` or one key of an image's `ExposedPorts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposed {
    first: u16,
    last: u16,
    protocol: String,
}

impl Exposed {
    /// Each port as `80/tcp`.
    pub fn ports(&self) -> impl Iterator<Item = String> + '_ {
        (self.first..=self.last).map(|port| format!("{port}/{}", self.protocol))
    }
}

impl FromStr for Exposed {
    type Err = Error;

    fn from_str(text: &str) -> Result<Exposed> {
        let wrong = || invalid(format!("{text:?} is not PORT[-PORT][/PROTOCOL], as in 80 or 8000-8010/udp"));
        let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let protocol = protocol.to_ascii_lowercase();
        if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
            return Err(wrong());
        }
        let (first, last) = range(ports).ok_or_else(wrong)?;
        Ok(Exposed { first, last, protocol })
    }
}

/// `80` or `8000-8010`, without 0.
fn range(text: &str) -> Option<(u16, u16)> {
    let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0);
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (port(first)?, port(last)?),
        None => (port(text)?, port(text)?),
    };
    (first <= last).then_some((first, last))
}

/// Sorts `80/tcp` by number, then by protocol.
pub fn sort(ports: &mut Vec<String>) {
    ports.sort_by_key(|port| {
        let (number, protocol) = port.split_once('/').unwrap_or((port, ""));
        (number.parse::<u32>().unwrap_or(u32::MAX), protocol.to_string())
    });
    ports.dedup();
}

/// What is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Connections.
    Tcp,
    /// Datagrams.
    Udp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        })
    }
}

impl FromStr for Protocol {
    type Err = Error;

    fn from_str(text: &str) -> Result<Protocol> {
        match text.to_ascii_lowercase().as_str() {
            "tcp" => Ok(Protocol::Tcp),
            "udp" => Ok(Protocol::Udp),
            "sctp" => Err(Error::new(Kind::Unsupported, "box publishes tcp and udp ports, not sctp")),
            _ => Err(invalid(format!("{text:?} is no protocol: there are tcp and udp"))),
        }
    }
}

/// A port of the container: `80/tcp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port {
    /// Its number.
    pub number: u16,
    /// tcp or udp.
    pub protocol: Protocol,
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.protocol)
    }
}

impl FromStr for Port {
    type Err = Error;

    fn from_str(text: &str) -> Result<Port> {
        let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let number = number.parse().ok().filter(|number| *number > 0);
        let number =
            number.ok_or_else(|| invalid(format!("{text:?} is not PORT[/PROTOCOL], as in 80 or 53/udp")))?;
        Ok(Port { number, protocol: protocol.parse()? })
    }
}

/// One port of the container that is to be published; what `-p` means, with ranges taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortMap {
    /// The port in the container.
    pub container: u16,
    /// tcp or udp.
    pub protocol: Protocol,
    /// The host's address; none is all of them.
    pub host_ip: Option<IpAddr>,
    /// The first and the last port of the host that will do; 0 to 0 is any free one.
    pub host: (u16, u16),
}

impl PortMap {
    /// The container's side.
    #[must_use]
    pub fn port(&self) -> Port {
        Port { number: self.container, protocol: self.protocol }
    }

    /// Any free port of the host, for `-P`.
    #[must_use]
    pub fn anywhere(port: Port) -> PortMap {
        PortMap { container: port.number, protocol: port.protocol, host_ip: None, host: (0, 0) }
    }

    /// Whether a user who names this one means that: what is left open is any.
    #[must_use]
    pub fn means(&self, bound: &Bound) -> bool {
        self.port() == bound.port()
            && (self.host_ip.is_none() || self.host_ip == bound.host_ip)
            && (self.host.0 == 0 || (self.host.0..=self.host.1).contains(&bound.host))
    }

    /// Whether a user who names this one means that other, which need not be bound.
    #[must_use]
    pub fn includes(&self, other: &PortMap) -> bool {
        self.port() == other.port()
            && (self.host_ip.is_none() || self.host_ip == other.host_ip)
            && (self.host.0 == 0 || self.host == other.host)
    }

    /// Whether `bound` is what came of this one.
    #[must_use]
    pub fn led_to(&self, bound: &Bound) -> bool {
        self.host_ip == bound.host_ip && self.means(bound)
    }

    /// Whether the two cannot both be had.
    #[must_use]
    pub fn clashes(&self, other: &PortMap) -> bool {
        let single = |map: &PortMap| map.host.0 == map.host.1 && map.host.0 != 0;
        self.protocol == other.protocol
            && single(self)
            && self.host == other.host
            && (self.host_ip == other.host_ip || self.host_ip.is_none() || other.host_ip.is_none())
    }
}

/// As `-p` takes it.
impl fmt::Display for PortMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host_ip {
            Some(IpAddr::V6(ip)) => write!(f, "[{ip}]:")?,
            Some(IpAddr::V4(ip)) => write!(f, "{ip}:")?,
            None => {}
        }
        match self.host {
            (0, _) if self.host_ip.is_some() => write!(f, ":")?,
            (0, _) => {}
            (first, last) if first == last => write!(f, "{first}:")?,
            (first, last) => write!(f, "{first}-{last}:")?,
        }
        write!(f, "{}/{}", self.container, self.protocol)
    }
}

/// One word of `-p`: `[[IP:][HOST-PORT[-PORT]]:]PORT[-PORT][/PROTOCOL]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish(pub Vec<PortMap>);

impl FromStr for Publish {
    type Err = Error;

    fn from_str(text: &str) -> Result<Publish> {
        let wrong = || {
            invalid(format!("{text:?} is not [[IP:][HOST-PORT]:]PORT[/PROTOCOL]"))
                .hint("as in 8080:80, 127.0.0.1:8080:80, [::1]:8080:80, 53:53/udp, 8000-8010:8000-8010")
        };
        let (ports, protocol) = match text.rsplit_once('/') {
            Some((ports, protocol)) => (ports, protocol.parse()?),
            None => (text, Protocol::Tcp),
        };
        let (before, inside) = match ports.rsplit_once(':') {
            Some((before, inside)) => (Some(before), inside),
            None => (None, ports),
        };
        let (first, last) = range(inside).ok_or_else(wrong)?;
        let (ip, host) = match before {
            None => (None, ""),
            Some(before) => match before.strip_prefix('[') {
                Some(rest) => {
                    let (ip, rest) = rest.split_once(']').ok_or_else(wrong)?;
                    (Some(ip), rest.strip_prefix(':').ok_or_else(wrong)?)
                }
                None => match before.rsplit_once(':') {
                    Some((ip, host)) => (Some(ip), host),
                    None => (None, before),
                },
            },
        };
        let host_ip = match ip {
            None | Some("") => None,
            Some(ip) => {
                let parsed: Option<IpAddr> = ip.parse().ok();
                // Without brackets nobody could tell where the address ends.
                Some(
                    parsed
                        .filter(|ip| ip.is_ipv4() || before.is_some_and(|b| b.starts_with('[')))
                        .ok_or_else(wrong)?,
                )
            }
        };
        let count = last - first;
        let host = match host {
            "" | "0" => None,
            host => Some(range(host).ok_or_else(wrong)?),
        };
        let one = |at: u16| -> Result<(u16, u16)> {
            match host {
                None => Ok((0, 0)),
                Some((low, high)) if high - low == count => Ok((low + at, low + at)),
                // One port, and a choice of places for it.
                Some(choice) if count == 0 => Ok(choice),
                Some((low, high)) => Err(invalid(format!(
                    "{text:?}: {} ports of the host for {} of the container",
                    u32::from(high - low) + 1,
                    u32::from(count) + 1
                ))),
            }
        };
        let maps =
            (0..=count).map(|at| Ok(PortMap { container: first + at, protocol, host_ip, host: one(at)? }));
        Ok(Publish(maps.collect::<Result<_>>()?))
    }
}

/// A port of the host that is passed on to the container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Bound {
    /// The port in the container.
    pub container: u16,
    /// tcp or udp.
    pub protocol: Protocol,
    /// The host's address; none is all of them, of both families.
    pub host_ip: Option<IpAddr>,
    /// The host's port.
    pub host: u16,
}

impl Bound {
    /// The container's side.
    #[must_use]
    pub fn port(&self) -> Port {
        Port { number: self.container, protocol: self.protocol }
    }

    /// The address as Docker and podman show it: `0.0.0.0` stands for all.
    #[must_use]
    pub fn shown_ip(&self) -> String {
        self.host_ip.map_or_else(|| "0.0.0.0".to_string(), |ip| ip.to_string())
    }

    /// `0.0.0.0:8080`, `[::1]:8080`.
    #[must_use]
    pub fn host_side(&self) -> String {
        match self.host_ip {
            Some(IpAddr::V6(ip)) => format!("[{ip}]:{}", self.host),
            _ => format!("{}:{}", self.shown_ip(), self.host),
        }
    }
}

/// The PORTS column: `0.0.0.0:8080->80/tcp, 6379/tcp`; neighbours become ranges.
#[must_use]
pub fn summary(bound: &[Bound], exposed: &[String]) -> String {
    let mut sorted = bound.to_vec();
    sorted.sort_by_key(|b| (b.protocol, b.host_ip, b.container, b.host));
    let mut groups: Vec<(Bound, u16)> = Vec::new();
    for one in sorted {
        match groups.last_mut() {
            Some((first, more))
                if first.protocol == one.protocol
                    && first.host_ip == one.host_ip
                    && first.container.checked_add(*more + 1) == Some(one.container)
                    && first.host.checked_add(*more + 1) == Some(one.host) =>
            {
                *more += 1;
            }
            _ => groups.push((one, 0)),
        }
    }
    groups.sort_by_key(|(first, _)| (first.container, first.protocol, first.host_ip));
    let mut words: Vec<String> = groups
        .iter()
        .map(|(first, more)| match more {
            0 => format!("{}->{}", first.host_side(), first.port()),
            more => {
                let (host, inside) = (first.host + more, first.container + more);
                format!("{}-{host}->{}-{inside}/{}", first.host_side(), first.container, first.protocol)
            }
        })
        .collect();
    let published = |port: &&String| !bound.iter().any(|b| b.port().to_string() == **port);
    words.extend(exposed.iter().filter(published).cloned());
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_single_or_ranges() {
        let ports = |text: &str| text.parse::<Exposed>().map(|e| e.ports().collect::<Vec<_>>());
        assert_eq!(ports("80").unwrap(), ["80/tcp"]);
        assert_eq!(ports("53-54/UDP").unwrap(), ["53/udp", "54/udp"]);
        for wrong in ["", "0", "x", "80/icmp", "9-8", "70000", "80-"] {
            assert!(ports(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ports_sort_by_number() {
        let mut ports: Vec<String> = ["443/tcp", "80/udp", "80/tcp", "80/tcp"].map(String::from).to_vec();
        sort(&mut ports);
        assert_eq!(ports, ["80/tcp", "80/udp", "443/tcp"]);
    }

    fn shown(text: &str) -> Vec<String> {
        text.parse::<Publish>().unwrap().0.iter().map(PortMap::to_string).collect()
    }

    #[test]
    fn every_form_of_publishing_is_understood() {
        for (word, maps) in [
            ("8080", &["8080/tcp"][..]),
            (":80", &["80/tcp"]),
            ("0:80", &["80/tcp"]),
            ("80:8080", &["80:8080/tcp"]),
            ("80:8080/udp", &["80:8080/udp"]),
            ("127.0.0.1:80:8080", &["127.0.0.1:80:8080/tcp"]),
            ("127.0.0.1::8080", &["127.0.0.1::8080/tcp"]),
            (":80:8080", &["80:8080/tcp"]),
            ("[::1]:80:8080", &["[::1]:80:8080/tcp"]),
            ("[::1]::8080", &["[::1]::8080/tcp"]),
            ("8000-8001:80-81", &["8000:80/tcp", "8001:81/tcp"]),
            ("80-81/UDP", &["80/udp", "81/udp"]),
            ("8000-8010:80", &["8000-8010:80/tcp"]),
        ] {
            assert_eq!(shown(word), maps, "{word}");
        }
    }

    #[test]
    fn what_is_no_port_is_refused() {
        for wrong in [
            "",
            ":",
            "x",
            "0",
            "80:",
            "80:0",
            "80:80/icmp",
            "80:80/sctp",
            "::1:80:80",
            "[::1]80:80",
            "1.2.3:1:1",
            "8000-8002:80-81",
            "70000:80",
            "9-8:1-2",
            "localhost:80:80",
            "80:80:80:80",
        ] {
            assert!(wrong.parse::<Publish>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_column_of_ports_shows_ranges_and_what_is_only_exposed() {
        let bound = |container, host, ip: Option<&str>| Bound {
            container,
            protocol: Protocol::Tcp,
            host_ip: ip.map(|ip| ip.parse().unwrap()),
            host,
        };
        let all = [
            bound(80, 8000, None),
            bound(81, 8001, None),
            bound(443, 8443, Some("127.0.0.1")),
            bound(443, 8443, Some("::1")),
        ];
        assert_eq!(
            summary(&all, &["80/tcp".into(), "6379/tcp".into()]),
            "0.0.0.0:8000-8001->80-81/tcp, 127.0.0.1:8443->443/tcp, [::1]:8443->443/tcp, 6379/tcp"
        );
    }

    #[test]
    fn maps_clash_where_they_want_the_same_place() {
        let map = |text: &str| text.parse::<Publish>().unwrap().0.remove(0);
        assert!(map("80:1").clashes(&map("80:2")));
        assert!(map("80:1").clashes(&map("127.0.0.1:80:2")));
        assert!(!map("80:1").clashes(&map("80:1/udp")));
        assert!(!map("127.0.0.2:80:1").clashes(&map("127.0.0.1:80:2")));
        assert!(!map("1").clashes(&map("1")));
    }
}
