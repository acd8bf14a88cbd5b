//! Ports that a container offers: `80`, `80/udp`, `8000-8010/tcp`.

use crate::error::{Error, Result, invalid};
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
        let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(wrong);
        let (first, last) = match ports.split_once('-') {
            Some((first, last)) => (port(first)?, port(last)?),
            None => (port(ports)?, port(ports)?),
        };
        if first > last {
            return Err(wrong());
        }
        Ok(Exposed { first, last, protocol })
    }
}

/// Sorts `80/tcp` by number, then by protocol.
pub fn sort(ports: &mut Vec<String>) {
    ports.sort_by_key(|port| {
        let (number, protocol) = port.split_once('/').unwrap_or((port, ""));
        (number.parse::<u32>().unwrap_or(u32::MAX), protocol.to_string())
    });
    ports.dedup();
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
}
