//! The options behind the colon of `--network slirp4netns:…` and `pasta:…`, and the addresses they give.

use crate::error::{Error, Kind, Result, invalid};
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
    /// An interface of the host that it sends from, in place of an address.
    pub outbound_interface: Option<String>,
    /// The same by IPv6.
    pub outbound6_interface: Option<String>,
    /// What pasta is told, word by word.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pasta: Vec<String>,
}

/// Words of pasta that box needs itself: how it is started, where, and as whom.
const OWN_OF_PASTA: &[&str] = &[
    "-f",
    "--foreground",
    "-q",
    "--quiet",
    "-e",
    "--stderr",
    "-d",
    "--debug",
    "--trace",
    "-l",
    "--log-file",
    "--log-size",
    "--runas",
    "-h",
    "--help",
    "--version",
    "-F",
    "--fd",
    "-P",
    "--pid",
    "--netns",
    "--userns",
    "--netns-only",
    "--no-netns-quit",
    "--config-net",
    "--no-map-gw",
    "-c",
    "--hook",
];

/// Pasta's short names of what decides the container's addresses.
const PASTA_NAMES: &[(&str, &str)] =
    &[("-a", "--address"), ("-n", "--netmask"), ("-g", "--gateway"), ("-6", "--ipv6-only")];

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
                "outbound_addr" => match value.parse() {
                    Ok(address) => options.outbound = Some(address),
                    Err(_) if is_interface(value) => options.outbound_interface = Some(value.to_string()),
                    Err(_) => return Err(wrong("an IPv4 address or an interface of the host")),
                },
                "outbound_addr6" => match value.parse() {
                    Ok(address) => options.outbound6 = Some(address),
                    Err(_) if is_interface(value) => options.outbound6_interface = Some(value.to_string()),
                    Err(_) => return Err(wrong("an IPv6 address or an interface of the host")),
                },
                // podman's two ways to publish ports; box has one of its own.
                "port_handler" if ["rootlesskit", "slirp4netns"].contains(&value) => {}
                "port_handler" => return Err(wrong("rootlesskit or slirp4netns; box has its own for both")),
                _ => return Err(unknown(key)),
            }
        }
        Ok(options)
    }

    /// Reads the words of pasta with commas between, as podman has them: `-I,tap1,--mtu,1500`.
    ///
    /// What box has no opinion of is pasta's to judge.
    ///
    /// # Errors
    /// `Invalid` for a word that box itself needs, or an address that is none; `Unsupported` for a
    /// container without an IPv4 address.
    pub fn parse_pasta(text: &str) -> Result<UplinkOptions> {
        let mut options = UplinkOptions::default();
        for word in text.split(',').filter(|word| !word.is_empty()) {
            let (name, value) =
                word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
            if OWN_OF_PASTA.contains(&name) {
                return Err(invalid(format!("{name} is not for --network pasta: box needs it itself")));
            }
            // pasta itself knows both ways to write a value; one of them is enough for the rest.
            options.pasta.push(name.to_string());
            options.pasta.extend(value.map(str::to_string));
        }
        if options.says_pasta("--ipv6-only") {
            return Err(Error::new(Kind::Unsupported, "not yet: pasta without IPv4 (--ipv6-only)"));
        }
        let wrong = |name: &str, value: &str| invalid(format!("{value:?} is no value of pasta's {name}"));
        for name in ["--address", "--gateway"] {
            for value in options.values_of_pasta(name) {
                value.parse::<std::net::IpAddr>().map_err(|_| wrong(name, value))?;
            }
        }
        for value in options.values_of_pasta("--netmask") {
            netmask(value).ok_or_else(|| wrong("--netmask", value))?;
        }
        Ok(options)
    }

    /// Whether a word was given to pasta, by its long name.
    #[must_use]
    pub fn says_pasta(&self, name: &str) -> bool {
        self.pasta.iter().any(|word| long_name(word) == name)
    }

    /// The values that were given to pasta by that long name.
    fn values_of_pasta<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let pairs = self.pasta.windows(2);
        pairs.filter(move |pair| long_name(&pair[0]) == name).map(|pair| pair[1].as_str())
    }

    /// The addresses that result.
    ///
    /// Source: slirp4netns(1): the gateway is .2, the name server .3 and the container .100.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        let (base, prefix) = self.subnet.unwrap_or((Ipv4Addr::new(10, 0, 2, 0), 24));
        let at = |host: u32| Ipv4Addr::from_bits(base.to_bits() + host);
        let said = |name: &str| self.values_of_pasta(name).find_map(|value| value.parse().ok());
        let prefix = self.values_of_pasta("--netmask").find_map(netmask).unwrap_or(prefix);
        Addresses {
            address: said("--address").unwrap_or(at(100)),
            prefix,
            gateway: said("--gateway").unwrap_or(at(2)),
            dns: said("--dns-forward").unwrap_or(at(3)),
        }
    }
}

fn unknown(key: &str) -> Error {
    invalid(format!("slirp4netns has no option {key:?}"))
        .hint("there are allow_host_loopback, enable_ipv6, mtu, cidr, outbound_addr and outbound_addr6")
}

fn long_name(word: &str) -> &str {
    PASTA_NAMES.iter().find(|(short, _)| *short == word).map_or(word, |(_, long)| long)
}

/// `24` or `255.255.255.0` as a number of bits.
fn netmask(text: &str) -> Option<u8> {
    if let Ok(mask) = text.parse::<Ipv4Addr>() {
        let bits = mask.to_bits().leading_ones();
        return (bits + mask.to_bits().trailing_zeros() == 32).then_some(bits as u8);
    }
    text.parse().ok().filter(|bits| (1..=32).contains(bits))
}

/// Whether it can be the name of an interface, which no address has.
fn is_interface(text: &str) -> bool {
    (1..16).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && !text.contains([':', '/'])
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
        for wrong in ["x=1", "mtu", "mtu=0", "cidr=10.0.0.0/26", "enable_ipv6=maybe", "port_handler=mine"] {
            assert!(UplinkOptions::parse(wrong).is_err(), "{wrong}");
        }
        let from = UplinkOptions::parse("outbound_addr=192.0.2.1,outbound_addr6=eth1").unwrap();
        assert_eq!(from.outbound, Some(Ipv4Addr::new(192, 0, 2, 1)));
        assert_eq!((from.outbound_interface, from.outbound6_interface), (None, Some("eth1".to_string())));
    }

    #[test]
    fn words_for_pasta_are_kept_and_give_addresses() {
        let text = "-a,10.9.8.7,-n,255.255.0.0,--gateway=10.9.0.1,--dns-forward,10.9.0.3,--mtu,1500,--map-gw";
        let options = UplinkOptions::parse_pasta(text).unwrap();
        let own = options.addresses();
        assert_eq!((own.address.to_string(), own.prefix), ("10.9.8.7".to_string(), 16));
        assert_eq!((own.gateway.to_string(), own.dns.to_string()), ("10.9.0.1".into(), "10.9.0.3".into()));
        assert!(options.says_pasta("--address") && options.says_pasta("--map-gw"));
        assert_eq!(UplinkOptions::parse_pasta("").unwrap(), UplinkOptions::default());
        assert_eq!(UplinkOptions::parse_pasta("-t,auto").unwrap().pasta, ["-t", "auto"]);
        for wrong in ["--netns,/x", "-a,x", "-n,255.0.255.0", "-n,33", "--pid,/x", "--ipv6-only", "-6"] {
            assert!(UplinkOptions::parse_pasta(wrong).is_err(), "{wrong}");
        }
    }
}
