//! Subnets, and which one or which address of one is free. No input or output.

use crate::error::{Error, Result, invalid};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A network's address and the length of its prefix: `10.89.0.0/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subnet {
    base: IpAddr,
    prefix: u8,
}

/// An address as a number, whatever its family.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_bits().into(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

impl Subnet {
    /// The subnet that `address` is in.
    ///
    /// # Errors
    /// `Invalid` for a prefix that is too long for the family.
    pub fn new(address: IpAddr, prefix: u8) -> Result<Subnet> {
        let width = if address.is_ipv4() { 32 } else { 128 };
        if prefix > width {
            return Err(invalid(format!("{address}/{prefix}: a prefix has at most {width} bits")));
        }
        let mut subnet = Subnet { base: address, prefix };
        subnet.base = subnet.number(bits(address) & !subnet.host_mask());
        Ok(subnet)
    }

    /// Its first address.
    #[must_use]
    pub fn base(&self) -> IpAddr {
        self.base
    }

    /// The length of its prefix in bits.
    #[must_use]
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Whether it is one of IPv4.
    #[must_use]
    pub fn is_ipv4(&self) -> bool {
        self.base.is_ipv4()
    }

    fn width(&self) -> u32 {
        if self.is_ipv4() { 32 } else { 128 }
    }

    /// The bits that tell its addresses apart.
    fn host_mask(&self) -> u128 {
        match self.width() - u32::from(self.prefix) {
            128 => u128::MAX,
            hosts => (1 << hosts) - 1,
        }
    }

    fn number(&self, bits: u128) -> IpAddr {
        match self.base {
            IpAddr::V4(_) => Ipv4Addr::from_bits(bits as u32).into(),
            IpAddr::V6(_) => Ipv6Addr::from_bits(bits).into(),
        }
    }

    /// Whether an address is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.is_ipv4() && bits(address) & !self.host_mask() == bits(self.base)
    }

    /// Whether the two have an address in common.
    #[must_use]
    pub fn overlaps(&self, other: &Subnet) -> bool {
        self.contains(other.base) || other.contains(self.base)
    }

    /// The address that is usually the gateway's: the first one of a host.
    #[must_use]
    pub fn first(&self) -> IpAddr {
        self.number(bits(self.base) | u128::from(self.host_mask() > 0))
    }

    /// The first and the last address that hosts may have.
    #[must_use]
    pub fn hosts(&self) -> (IpAddr, IpAddr) {
        let last = bits(self.base) | self.host_mask();
        // The last one of IPv4 is the broadcast address, but for links of two (RFC 3021).
        let last = if self.is_ipv4() && self.host_mask() > 1 { last - 1 } else { last };
        (self.first(), self.number(last))
    }

    /// How many addresses hosts may have.
    fn size(&self) -> u128 {
        let (first, last) = self.hosts();
        bits(last) - bits(first) + 1
    }

    /// The first free address after `last` in `range` (all hosts of the subnet unless given),
    /// beginning again at the front; `None` if none is free.
    #[must_use]
    pub fn free_address(
        &self,
        range: Option<(IpAddr, IpAddr)>,
        last: Option<IpAddr>,
        taken: impl Fn(IpAddr) -> bool,
    ) -> Option<IpAddr> {
        let (first, end) = range.unwrap_or_else(|| self.hosts());
        let (first, end) = (bits(first), bits(end));
        let inside = |number: &u128| (first..=end).contains(number);
        let after = last.map(bits).filter(inside).map_or(first, |last| last + 1);
        let free = |number: &u128| !taken(self.number(*number));
        let found = (after..=end).find(free).or_else(|| (first..after).find(free));
        found.map(|number| self.number(number))
    }
}

impl FromStr for Subnet {
    type Err = Error;
    fn from_str(text: &str) -> Result<Subnet> {
        let wrong = || invalid(format!("{text:?} is not a subnet, as in 10.89.7.0/24 or fd00:7::/64"));
        let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        Subnet::new(address, prefix.parse().map_err(|_| wrong())?)
    }
}

impl TryFrom<String> for Subnet {
    type Error = Error;
    fn try_from(text: String) -> Result<Subnet> {
        text.parse()
    }
}

impl From<Subnet> for String {
    fn from(subnet: Subnet) -> String {
        subnet.to_string()
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

/// Subnets of IPv4 that are given automatically: parts of one size of a larger one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    base: u32,
    prefix: u8,
    size: u8,
}

impl Pool {
    /// The subnets of `size` bits that `whole` consists of.
    ///
    /// # Errors
    /// `Invalid` if `whole` is no subnet of IPv4, or smaller than one of its parts, or these are smaller
    /// than a network may be.
    pub fn new(whole: Subnet, size: u8) -> Result<Pool> {
        match whole.base {
            IpAddr::V4(base) if (whole.prefix.max(1)..=30).contains(&size) => {
                Ok(Pool { base: base.to_bits(), prefix: whole.prefix, size })
            }
            _ => Err(invalid(format!("no subnets of IPv4 with /{size} can be given from {whole}"))),
        }
    }

    /// podman's, each a /24.
    #[must_use]
    pub fn usual() -> Vec<Pool> {
        let all = [([10, 89], 16), ([10, 90], 15), ([10, 92], 14), ([10, 96], 11), ([10, 128], 9)];
        let pool = |([a, b], prefix): ([u8; 2], u8)| Pool {
            base: Ipv4Addr::new(a, b, 0, 0).to_bits(),
            prefix,
            size: 24,
        };
        all.map(pool).into()
    }

    fn subnets(&self) -> impl Iterator<Item = Subnet> {
        let (base, size) = (self.base, self.size);
        (0..1_u32 << (size - self.prefix)).map(move |n| Subnet {
            base: Ipv4Addr::from_bits(base + (n << (32 - size))).into(),
            prefix: size,
        })
    }
}

/// The first free subnet of the pools; `None` when all are taken.
#[must_use]
pub fn free_subnet(pools: &[Pool], taken: &[Subnet]) -> Option<Subnet> {
    pools.iter().flat_map(Pool::subnets).find(|subnet| !taken.iter().any(|other| other.overlaps(subnet)))
}

/// A /64 out of the unique local addresses, made of 56 random bits.
///
/// Source: RFC 4193, section 3.
#[must_use]
pub fn local_subnet(random: u64) -> Subnet {
    let base = (0xfd_u128 << 120) | (u128::from(random >> 8) << 64);
    Subnet { base: Ipv6Addr::from_bits(base).into(), prefix: 64 }
}

/// Whether `count` more addresses fit into a subnet, for messages about an exhausted one.
#[must_use]
pub fn room(subnet: &Subnet) -> u128 {
    // The gateway's is one of them.
    subnet.size().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(text: &str) -> Subnet {
        text.parse().unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn subnets_are_read_and_compared() {
        let net = subnet("10.89.7.9/24");
        assert_eq!(net.to_string(), "10.89.7.0/24");
        assert_eq!(net.first(), ip("10.89.7.1"));
        assert_eq!(net.hosts(), (ip("10.89.7.1"), ip("10.89.7.254")));
        assert!(net.contains(ip("10.89.7.255")) && !net.contains(ip("10.89.8.0")));
        assert!(net.overlaps(&subnet("10.0.0.0/8")) && subnet("10.0.0.0/8").overlaps(&net));
        assert!(!net.overlaps(&subnet("10.89.8.0/24")) && !net.overlaps(&subnet("fd00::/64")));
        assert_eq!(subnet("10.0.0.0/31").hosts(), (ip("10.0.0.1"), ip("10.0.0.1")));
        assert_eq!(subnet("fd00::/64").hosts().1, ip("fd00::ffff:ffff:ffff:ffff"));
        assert_eq!(subnet("0.0.0.0/0").hosts().1, ip("255.255.255.254"));
        for wrong in ["", "10.0.0.0", "10.0.0.0/33", "fd00::/129", "x/8", "10.0.0.0/-1"] {
            assert!(wrong.parse::<Subnet>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn automatic_subnets_go_through_the_pools() {
        let mut taken = Vec::new();
        for _ in 0..300 {
            taken.push(free_subnet(&Pool::usual(), &taken).unwrap());
        }
        assert_eq!(taken[0], subnet("10.89.0.0/24"));
        assert_eq!(taken[255], subnet("10.89.255.0/24"));
        assert_eq!(taken[256], subnet("10.90.0.0/24"));
        let first = |taken: &str| free_subnet(&Pool::usual(), &[subnet(taken)]);
        assert_eq!(first("10.0.0.0/8"), None);
        assert_eq!(first("10.88.0.0/14"), Some(subnet("10.92.0.0/24")));
        let small = [Pool::new(subnet("172.20.0.0/27"), 28).unwrap()];
        let taken = [subnet("172.20.0.0/28")];
        assert_eq!(free_subnet(&small, &taken), Some(subnet("172.20.0.16/28")));
        assert_eq!(free_subnet(&small, &[subnet("172.16.0.0/12")]), None);
        for (whole, size) in [("10.0.0.0/24", 16), ("10.0.0.0/24", 31), ("0.0.0.0/0", 0), ("fd00::/16", 24)] {
            assert!(Pool::new(subnet(whole), size).is_err(), "{whole} {size}");
        }
        let all = Pool::new(subnet("0.0.0.0/0"), 30).unwrap();
        assert_eq!(free_subnet(&[all], &[subnet("0.0.0.0/1")]), Some(subnet("128.0.0.0/30")));
        let local = local_subnet(u64::MAX);
        assert_eq!(local.to_string(), "fdff:ffff:ffff:ffff::/64");
    }

    #[test]
    fn addresses_are_given_in_turn_until_none_is_left() {
        let net = subnet("10.0.0.0/29");
        let gateway = net.first();
        let free = |last, taken: &[&str]| {
            net.free_address(None, last, |a| a == gateway || taken.iter().any(|t| ip(t) == a))
        };
        assert_eq!(free(None, &[]), Some(ip("10.0.0.2")));
        assert_eq!(free(Some(ip("10.0.0.2")), &[]), Some(ip("10.0.0.3")));
        assert_eq!(free(Some(ip("10.0.0.6")), &["10.0.0.2"]), Some(ip("10.0.0.3")));
        assert_eq!(free(Some(ip("192.168.0.1")), &[]), Some(ip("10.0.0.2")));
        let all = ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"];
        assert_eq!(free(Some(ip("10.0.0.3")), &all), None);
        let range = Some((ip("10.0.0.5"), ip("10.0.0.6")));
        assert_eq!(net.free_address(range, None, |_| false), Some(ip("10.0.0.5")));
        assert_eq!(room(&net), 5);
    }
}
