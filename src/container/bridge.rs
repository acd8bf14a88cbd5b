//! Networks of containers: what one is, how a container joins it, and what it gets there.

use super::subnet::Subnet;
use crate::error::{Error, Result, invalid};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The name of the network that `run` uses when none is named.
pub const DEFAULT_NETWORK: &str = "box";
/// The subnet of [`DEFAULT_NETWORK`], the one that podman's default network has.
pub const DEFAULT_SUBNET: &str = "10.88.0.0/16";
/// Names that belong to modes, or to the default network under another name.
pub const RESERVED: [&str; 10] =
    ["none", "host", "bridge", "podman", "default", "private", "container", "ns", "pasta", "slirp4netns"];

/// A network's name: as a container's, and none of the words for modes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NetworkName(String);

impl NetworkName {
    /// The default network's.
    #[must_use]
    pub fn default_network() -> NetworkName {
        NetworkName(DEFAULT_NETWORK.to_string())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NetworkName {
    type Err = Error;
    fn from_str(text: &str) -> Result<NetworkName> {
        let name: super::name::ContainerName = text.parse()?;
        if RESERVED.contains(&text) || text == "slirp4netns" {
            return Err(invalid(format!("{text:?} cannot be a network's name: it is a word for a mode")));
        }
        Ok(NetworkName(name.as_str().to_string()))
    }
}

impl TryFrom<String> for NetworkName {
    type Error = Error;
    fn try_from(text: String) -> Result<NetworkName> {
        text.parse()
    }
}

impl From<NetworkName> for String {
    fn from(name: NetworkName) -> String {
        name.0
    }
}

impl fmt::Display for NetworkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address of an Ethernet card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// The one that goes with an address: whoever gets that address next is known to all its peers.
    #[must_use]
    pub fn of(address: IpAddr) -> Mac {
        match address {
            IpAddr::V4(v4) => {
                let [a, b, c, d] = v4.octets();
                Mac([0x02, 0x42, a, b, c, d])
            }
            IpAddr::V6(v6) => {
                let all = v6.octets();
                Mac([0x02, 0x46, all[12], all[13], all[14], all[15]])
            }
        }
    }
}

impl FromStr for Mac {
    type Err = Error;
    fn from_str(text: &str) -> Result<Mac> {
        let wrong = || invalid(format!("{text:?} is not a MAC address, as in 92:d0:c6:0a:29:33"));
        let mut bytes = [0; 6];
        let mut parts = text.split([':', '-']);
        for byte in &mut bytes {
            let part = parts.next().filter(|part| (1..=2).contains(&part.len())).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(part, 16).map_err(|_| wrong())?;
        }
        if parts.next().is_some() {
            return Err(wrong());
        }
        if bytes[0] & 1 == 1 || bytes == [0; 6] {
            return Err(invalid(format!("{text:?} is a group's MAC address, not a card's")));
        }
        Ok(Mac(bytes))
    }
}

impl TryFrom<String> for Mac {
    type Error = Error;
    fn try_from(text: String) -> Result<Mac> {
        text.parse()
    }
}

impl From<Mac> for String {
    fn from(mac: Mac) -> String {
        mac.to_string()
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// A network as it stands in `networks/<name>/network.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkConfig {
    /// Its name.
    pub name: NetworkName,
    /// 64 hexadecimal digits.
    pub id: String,
    /// When it was made.
    pub created: Timestamp,
    /// The name of the bridge in its network namespace.
    pub interface: String,
    /// At most one of each family.
    pub subnets: Vec<SubnetConfig>,
    /// No way out.
    #[serde(default)]
    pub internal: bool,
    /// Names of containers are resolved.
    pub dns: bool,
    /// `--dns`: who is asked for names that no container has.
    #[serde(default)]
    pub dns_servers: Vec<IpAddr>,
    /// `--route`.
    #[serde(default)]
    pub routes: Vec<RouteConfig>,
    /// `--label`.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// `--opt`, as given.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
}

/// One subnet of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubnetConfig {
    /// The subnet.
    pub subnet: Subnet,
    /// The bridge's own address in it.
    pub gateway: IpAddr,
    /// Where containers' addresses come from, first and last; all of it unless given.
    #[serde(default)]
    pub range: Option<(IpAddr, IpAddr)>,
}

/// A further route in the containers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteConfig {
    /// Where to.
    pub destination: Subnet,
    /// By which way.
    pub gateway: IpAddr,
    /// Its cost.
    #[serde(default)]
    pub metric: Option<u32>,
}

/// How large a packet may be where nothing is said: slirp4netns's most.
const MTU: u32 = 65520;

impl NetworkConfig {
    /// The subnet of a family.
    #[must_use]
    pub fn subnet(&self, ipv4: bool) -> Option<&SubnetConfig> {
        self.subnets.iter().find(|s| s.subnet.is_ipv4() == ipv4)
    }

    /// Bytes of a packet.
    #[must_use]
    pub fn mtu(&self) -> u32 {
        self.options.get("mtu").and_then(|mtu| mtu.parse().ok()).unwrap_or(MTU)
    }

    /// Its containers cannot reach each other (`--opt isolate`).
    #[must_use]
    pub fn isolated(&self) -> bool {
        self.options.get("isolate").is_some_and(|word| word == "true" || word == "strict")
    }

    /// Its containers get no default route from it.
    #[must_use]
    pub fn no_default_route(&self) -> bool {
        let asked = self.options.get("no_default_route");
        self.internal || asked.is_some_and(|word| word == "true" || word == "1")
    }

    /// The cost of its default route; the first network a container names has the lowest.
    #[must_use]
    pub fn metric(&self) -> Option<u32> {
        self.options.get("metric").and_then(|metric| metric.parse().ok())
    }
}

/// How a container takes part in a network: what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// Which one.
    pub network: NetworkName,
    /// A fixed address.
    #[serde(default)]
    pub ip4: Option<Ipv4Addr>,
    /// A fixed address.
    #[serde(default)]
    pub ip6: Option<Ipv6Addr>,
    /// A fixed hardware address.
    #[serde(default)]
    pub mac: Option<Mac>,
    /// Further names under which its peers find it.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The interface's name in the container; else `eth0`, `eth1` …
    #[serde(default)]
    pub interface: Option<String>,
}

impl Join {
    /// Takes part without any wishes.
    #[must_use]
    pub fn plain(network: NetworkName) -> Join {
        Join { network, ip4: None, ip6: None, mac: None, aliases: Vec::new(), interface: None }
    }
}

/// What a running container has in one network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Which one.
    pub network: NetworkName,
    /// The name of the interface in the container.
    pub interface: String,
    /// Its hardware address.
    pub mac: Mac,
    /// Its address, the length of the prefix, and the bridge's address.
    pub ip4: Option<(Ipv4Addr, u8, Ipv4Addr)>,
    /// The same of IPv6.
    pub ip6: Option<(Ipv6Addr, u8, Ipv6Addr)>,
    /// The names under which peers find it, besides its own name and its short id.
    pub aliases: Vec<String>,
    /// Names are resolved at the bridge's address.
    pub dns: bool,
    /// It is a way out.
    pub uplink: bool,
}

impl Attachment {
    /// Its addresses, IPv4 first.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        let v4 = self.ip4.map(|(address, ..)| IpAddr::V4(address));
        v4.into_iter().chain(self.ip6.map(|(address, ..)| IpAddr::V6(address)))
    }
}

/// The record `network.json` of a running container, written by its supervisor and removed at its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetworkRecord {
    /// In the order of the interfaces.
    pub attachments: Vec<Attachment>,
}

/// The file `networks/<name>/leases/<container id>`: what a network knows of one container.
///
/// It is there from the start of the container to its end; one whose container's lock is free is
/// left from a crash and counts for nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lease {
    /// The container's name when it was started.
    pub name: String,
    /// The first twelve digits of its id.
    pub short_id: String,
    /// Further names.
    pub aliases: Vec<String>,
    /// Its address.
    pub ip4: Option<Ipv4Addr>,
    /// Its address.
    pub ip6: Option<Ipv6Addr>,
    /// Its hardware address.
    pub mac: Mac,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_not_modes() {
        assert!("web-1".parse::<NetworkName>().is_ok());
        for wrong in ["", "none", "host", "bridge", "podman", "slirp4netns", "a/b", "-x"] {
            assert!(wrong.parse::<NetworkName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn hardware_addresses_are_read_and_made() {
        let mac: Mac = "92:D0:c6:0a:29:33".parse().unwrap();
        assert_eq!(mac.to_string(), "92:d0:c6:0a:29:33");
        assert_eq!(Mac::of(Ipv4Addr::new(10, 88, 0, 2).into()).to_string(), "02:42:0a:58:00:02");
        for wrong in
            ["", "1:2:3:4:5", "1:2:3:4:5:6:7", "01:00:5e:00:00:01", "00:00:00:00:00:00", "x:2:3:4:5:6"]
        {
            assert!(wrong.parse::<Mac>().is_err(), "{wrong}");
        }
    }
}
