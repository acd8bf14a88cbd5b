//! The options behind the colon of `--network slirp4netns:…`, and the addresses they give.

use crate::error::{Error, Result, invalid};
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, Ipv6Addr};

/// How a container's own uplink is made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UplinkOptions {
    /// The gateway's address is the host's 127.0.0.1.
    pub allow_host_loopback: bool,
    /// IPv6 too; where not said, if the host has it.
    pub ipv6: Option<bool>,
    /// Bytes.
    pub mtu: Option<u32>,
    /// Network and prefix, where not 10.0.2.0/24.
    pub subnet: Option<(Ipv4Addr, u8)>,
    /// What the host sends from.
    pub outbound: Option<Ipv4Addr>,
    /// What the host sends from by IPv6.
    pub outbound6: Option<Ipv6Addr>,
}

/// The addresses of a container with an uplink of its own.
///
/// They are the same for every container, as with podman's slirp4netns: each has its own segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The container's.
    pub address: Ipv4Addr,
    /// Of its segment.
    pub prefix: u8,
    /// The way out.
    pub gateway: Ipv4Addr,
    /// The name server, which asks the host's.
    pub dns: Ipv4Addr,
}

impl UplinkOptions {
    /// Reads `key=value,key=value`, podman's names.
    ///
    /// # Errors
    /// `Invalid` for an unknown name or a value that is not one; `Unsupported` for one that box has
    /// no use for.
    pub fn parse(text: &str) -> Result<UplinkOptions> {
        let mut options = UplinkOptions::default();
        for word in text.split(',').filter(|word| !word.is_empty()) {
            let Some((key, value)) = word.split_once('=') else {
                return Err(invalid(format!("{word:?} is no option of slirp4netns: it has no value")));
            };
            let wrong = |want: &str| invalid(format!("{value:?} is no value of {key}: {want}"));
            match key {
                "allow_host_loopback" => {
                    options.allow_host_loopback = boolean(value).ok_or_else(|| wrong("true or false"))?
                }
                "enable_ipv6" => options.ipv6 = Some(boolean(value).ok_or_else(|| wrong("true or false"))?),
                "mtu" => options.mtu = Some(mtu(value).ok_or_else(|| wrong("a number from 68 to 65521"))?),
                "cidr" => {
                    let subnet =
                        subnet(value).ok_or_else(|| wrong("a network such as 10.0.2.0/24, /1 to /25"))?;
                    options.subnet = Some(subnet);
                }
                "outbound_addr" => {
                    options.outbound = Some(value.parse().map_err(|_| wrong("an IPv4 address of the host"))?)
                }
                "outbound_addr6" => {
                    options.outbound6 =
                        Some(value.parse().map_err(|_| wrong("an IPv6 address of the host"))?);
                }
                // podman's two ways to publish ports; box has one of its own.
                "port_handler" => {}
                _ => return Err(unknown(key)),
            }
        }
        Ok(options)
    }

    /// The addresses that result.
    ///
    /// Source: slirp4netns(1): the gateway is .2, the name server .3 and the container .100.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        let (base, prefix) = self.subnet.unwrap_or((Ipv4Addr::new(10, 0, 2, 0), 24));
        let at = |host: u32| Ipv4Addr::from_bits(base.to_bits() + host);
        Addresses { address: at(100), prefix, gateway: at(2), dns: at(3) }
    }
}

fn unknown(key: &str) -> Error {
    invalid(format!("slirp4netns has no option {key:?}"))
        .hint("there are allow_host_loopback, enable_ipv6, mtu, cidr, outbound_addr and outbound_addr6")
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn mtu(text: &str) -> Option<u32> {
    text.parse().ok().filter(|mtu| (68..=65521).contains(mtu))
}

fn subnet(text: &str) -> Option<(Ipv4Addr, u8)> {
    let (address, prefix) = text.split_once('/')?;
    let address: Ipv4Addr = address.parse().ok()?;
    let prefix: u8 = prefix.parse().ok().filter(|prefix| (1..=25).contains(prefix))?;
    let mask = u32::MAX << (32 - u32::from(prefix));
    Some((Ipv4Addr::from_bits(address.to_bits() & mask), prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_give_addresses() {
        let options =
            UplinkOptions::parse("allow_host_loopback=true,mtu=1500,cidr=192.168.7.9/24,enable_ipv6=false")
                .unwrap();
        assert!(options.allow_host_loopback);
        assert_eq!(options.mtu, Some(1500));
        assert_eq!(options.ipv6, Some(false));
        assert_eq!(options.addresses().address, Ipv4Addr::new(192, 168, 7, 100));
        assert_eq!(UplinkOptions::default().addresses().dns, Ipv4Addr::new(10, 0, 2, 3));
        for wrong in ["x=1", "mtu", "mtu=0", "cidr=10.0.0.0/26", "enable_ipv6=maybe"] {
            assert!(UplinkOptions::parse(wrong).is_err(), "{wrong}");
        }
    }
}
