//! A network of containers: a bridge in a network namespace of its own.
//!
//! ```text
//!  container          the bridge's namespace                 the host
//!  eth0 ── veth ── ┐
//!  eth0 ── veth ── ┤ box0  10.88.0.1, forwards
//!                  └ tap0 ─────────────────────── slirp4netns, 10.0.2.2
//! ```
//!
//! slirp4netns's tap is a port of the bridge, and the bridge sends on to it what is for outside. Its
//! answers go to the containers directly: it asks for their addresses by ARP as any neighbour does.
//! That it believes to be in 10.0.2.0/24 does not matter, so a network may have any subnet. There is
//! no rule of any firewall, and one process for all containers.

use super::dns::{self, Desk};
use super::netlink::{Netlink, Peer};
use crate::container::bridge::{Attachment, Mac, NetworkConfig};
use crate::container::subnet::Subnet;
use crate::error::{Doing, Result, failed};
use crate::sys::netns::{self, Netns};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The name of slirp4netns's end.
pub const TAP: &str = "tap0";

/// The number of the loopback device in every namespace.
const LOOPBACK: u32 = 1;

/// The network namespace of a bridge.
#[derive(Debug)]
pub struct Bridge {
    /// Keeps it alive.
    pub netns: OwnedFd,
    /// Where names are resolved, if they are; for whoever is to do it.
    pub desks: Vec<Desk>,
    link: Netlink,
}

/// A container's own network namespace, to work in.
#[derive(Debug)]
pub struct Inside {
    netns: OwnedFd,
    link: Netlink,
}

/// The subnet between a bridge and its slirp4netns: that of slirp4netns alone, unless the network
/// has it itself.
#[must_use]
pub fn uplink_subnet(config: &NetworkConfig) -> Subnet {
    let free = |subnet: &Subnet| !config.subnets.iter().any(|s| s.subnet.overlaps(subnet));
    let mut all = (2..=255)
        .map(|third| Ipv4Addr::new(10, 0, third, 0))
        .map(|base| Subnet::new(base.into(), 24).expect("24 bits fit"));
    all.find(free)
        .unwrap_or_else(|| Subnet::new(Ipv4Addr::new(192, 168, 2, 0).into(), 24).expect("24 bits fit"))
}

/// The address with that last byte in [`uplink_subnet`]: .1 is the bridge's, .2 slirp4netns's, .3 that
/// of its name server.
#[must_use]
pub fn uplink_address(config: &NetworkConfig, host: u8) -> Ipv4Addr {
    match uplink_subnet(config).base() {
        IpAddr::V4(base) => Ipv4Addr::from_bits(base.to_bits() + u32::from(host)),
        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    }
}

/// slirp4netns's address on IPv6, the same everywhere.
const SLIRP6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2);

impl Bridge {
    /// Makes the namespace and the bridge in it; there is no way out yet.
    ///
    /// # Errors
    /// When the kernel has no bridges, or refuses another namespace.
    pub fn make(config: &NetworkConfig) -> Result<Bridge> {
        let ipv6 = config.subnet(false).is_some();
        let forwards = !config.internal;
        let opened = netns::open_in(Netns::New, || {
            let mut opened = vec![netns::current()?, netns::netlink_socket()?];
            opened.extend(open_desks(config)?);
            if forwards {
                netns::set_knob("ipv4/ip_forward", "1")?;
                // It would tell containers to go to slirp4netns themselves; they need not listen.
                let _ = netns::set_knob("ipv4/conf/all/send_redirects", "0");
                let _ = netns::set_knob("ipv4/conf/default/send_redirects", "0");
            } else {
                netns::set_knob("ipv4/ip_forward", "0")?;
            }
            if ipv6 && forwards {
                netns::set_knob("ipv6/conf/all/forwarding", "1")?;
            }
            Ok(opened)
        })?;
        let ([netns, socket], desks) = split(config, opened)?;
        let mut bridge = Bridge { netns, desks, link: Netlink::new(socket) };
        bridge.set_up(config, forwards).doing(|| format!("make the bridge of network {}", config.name))?;
        Ok(bridge)
    }

    fn set_up(&mut self, config: &NetworkConfig, forwards: bool) -> Result<()> {
        let name = config.interface.as_str();
        let gateway = config.subnets.first().map(|s| s.gateway).ok_or_else(|| failed("it has no subnet"))?;
        self.link.bring_up(LOOPBACK)?;
        let index = self.link.add_bridge(name, config.mtu(), Mac::of(gateway))?;
        for subnet in &config.subnets {
            self.link.add_address(index, subnet.gateway, subnet.subnet.prefix(), false)?;
            if config.isolated() && forwards {
                self.link.forbid_forwarding(name, subnet.subnet)?;
            }
        }
        if forwards {
            self.link.add_address(index, uplink_address(config, 1).into(), 24, true)?;
            self.link.add_route(None, uplink_address(config, 2).into(), index, None)?;
            if config.subnet(false).is_some() {
                self.link.add_route(None, SLIRP6.into(), index, None)?;
            }
        }
        Ok(())
    }

    /// Goes into the namespace of a bridge that somebody else has made.
    ///
    /// # Errors
    /// When it is not ours to enter.
    pub fn find(config: &NetworkConfig, netns: OwnedFd) -> Result<Bridge> {
        let opened = netns::open_in(Netns::Of(netns.as_fd()), || {
            let mut opened = vec![netns::netlink_socket()?];
            opened.extend(open_desks(config)?);
            Ok(opened)
        })?;
        let ([socket], desks) = split(config, opened)?;
        Ok(Bridge { netns, desks, link: Netlink::new(socket) })
    }

    /// Makes slirp4netns's tap, which it has just made, a port of the bridge.
    ///
    /// # Errors
    /// When it is not there (any more).
    pub fn plug_uplink(&mut self, config: &NetworkConfig) -> Result<()> {
        let index = self.link.index(&config.interface)?;
        self.link.add_port(TAP, index, config.mtu())
    }

    /// Connects a container: a card in it, addresses and routes.
    ///
    /// # Errors
    /// When it has an interface of that name.
    pub fn plug(
        &mut self,
        config: &NetworkConfig,
        attachment: &Attachment,
        inside: &mut Inside,
        place: usize,
    ) -> Result<()> {
        let index = self.link.index(&config.interface)?;
        let name = attachment.interface.as_str();
        let peer = Peer { netns: inside.netns.as_fd(), name, mac: attachment.mac };
        self.link.add_pair(index, config.mtu(), &peer)?;
        if config.isolated() {
            let other = inside.link.other_end(name)?;
            self.link.isolate(other)?;
        }
        inside.set_up(config, attachment, place)
    }
}

impl Inside {
    /// Goes into a container's namespace.
    ///
    /// # Errors
    /// When it is not ours to enter.
    pub fn enter(netns: OwnedFd) -> Result<Inside> {
        let [socket] = one(netns::open_in(Netns::Of(netns.as_fd()), || {
            // Before there is an interface: it takes these over. slirp4netns offers addresses of its
            // own by router advertisement, and peers should forget who had the address before.
            let _ = netns::set_knob("ipv6/conf/default/accept_ra", "0");
            let _ = netns::set_knob("ipv4/conf/default/arp_notify", "1");
            Ok(vec![netns::netlink_socket()?])
        })?)?;
        Ok(Inside { netns, link: Netlink::new(socket) })
    }

    /// The namespace.
    #[must_use]
    pub fn netns(&self) -> BorrowedFd<'_> {
        self.netns.as_fd()
    }

    fn set_up(&mut self, config: &NetworkConfig, attachment: &Attachment, place: usize) -> Result<()> {
        let index = self.link.index(&attachment.interface)?;
        self.link.bring_up(index)?;
        let v4 = attachment
            .ip4
            .map(|(address, prefix, gateway)| (IpAddr::V4(address), prefix, IpAddr::V4(gateway)));
        let v6 = attachment
            .ip6
            .map(|(address, prefix, gateway)| (IpAddr::V6(address), prefix, IpAddr::V6(gateway)));
        for (address, prefix, gateway) in v4.into_iter().chain(v6) {
            self.link.add_address(index, address, prefix, false)?;
            if !config.no_default_route() {
                // The first network's is the one that is taken as long as it is there.
                let metric = config.metric().unwrap_or(100 + place as u32);
                self.link.add_route(None, gateway, index, Some(metric))?;
            }
        }
        for route in &config.routes {
            self.link.add_route(Some(route.destination), route.gateway, index, route.metric)?;
        }
        Ok(())
    }

    /// Takes an interface away.
    ///
    /// # Errors
    /// When it is not there.
    pub fn unplug(&mut self, interface: &str) -> Result<()> {
        self.link.remove(interface)
    }
}

fn one(opened: Vec<OwnedFd>) -> Result<[OwnedFd; 1]> {
    opened.try_into().map_err(|_| failed("a network namespace gave too little"))
}

/// Opens the sockets of the desks at all of the bridge's addresses.
fn open_desks(config: &NetworkConfig) -> Result<Vec<OwnedFd>> {
    let mut opened = Vec::new();
    for subnet in config.subnets.iter().filter(|_| config.dns) {
        opened.extend(dns::open(subnet.gateway)?);
    }
    Ok(opened)
}

/// The first descriptors, and the desks that the others make.
fn split<const N: usize>(config: &NetworkConfig, opened: Vec<OwnedFd>) -> Result<([OwnedFd; N], Vec<Desk>)> {
    let mut opened = opened.into_iter();
    let first: Vec<OwnedFd> = opened.by_ref().take(N).collect();
    let first = first.try_into().map_err(|_| failed("a network namespace gave too little"))?;
    let mut desks = Vec::new();
    while let (Some(udp), Some(tcp)) = (opened.next(), opened.next()) {
        desks.push(Desk { network: config.name.to_string(), udp, tcp });
    }
    Ok((first, desks))
}
