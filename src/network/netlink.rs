//! Links, addresses and routes of one network namespace, by rtnetlink(7).
//!
//! The messages are those of the crate netlink-packet-route; the socket is ours and blocks, which
//! for the kernel's answers is no wait at all.

use crate::container::bridge::Mac;
use crate::container::subnet::Subnet;
use crate::error::{Doing, Error, Result, failed};
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::address::{AddressAttribute, AddressHeaderFlags, AddressMessage, AddressScope};
use netlink_packet_route::link::{
    InfoBridgePort, InfoData, InfoKind, InfoPortData, InfoPortKind, InfoVeth, LinkAttribute, LinkFlags,
    LinkInfo, LinkMessage,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::rule::{RuleAction, RuleAttribute, RuleMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use rustix::net::{RecvFlags, SendFlags};
use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

/// How much of an answer is read at once: one link with all its attributes takes 2 KB.
const ANSWER: usize = 32 * 1024;

/// A connection to the kernel about one network namespace.
#[derive(Debug)]
pub struct Netlink {
    socket: OwnedFd,
    sequence: u32,
}

/// One end of a pair of virtual Ethernet cards, in another namespace.
#[derive(Debug)]
pub struct Peer<'a> {
    /// Where.
    pub netns: BorrowedFd<'a>,
    /// Its name there.
    pub name: &'a str,
    /// Its hardware address.
    pub mac: Mac,
}

impl Netlink {
    /// A connection over a socket that was opened in that namespace.
    #[must_use]
    pub fn new(socket: OwnedFd) -> Netlink {
        Netlink { socket, sequence: 0 }
    }

    /// Sends one request and waits for the kernel's word; what it says before is returned.
    fn request(&mut self, message: RouteNetlinkMessage, flags: u16) -> Result<Vec<RouteNetlinkMessage>> {
        self.sequence += 1;
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
        header.sequence_number = self.sequence;
        let mut packet = NetlinkMessage::new(header, NetlinkPayload::from(message));
        packet.finalize();
        let mut bytes = vec![0; packet.buffer_len()];
        packet.serialize(&mut bytes);
        let talk = || "talk to the kernel about the network";
        rustix::net::send(&self.socket, &bytes, SendFlags::empty()).doing(talk)?;
        let mut answers = Vec::new();
        let mut buffer = vec![0; ANSWER];
        loop {
            let (length, _) = rustix::io::retry_on_intr(|| {
                rustix::net::recv(&self.socket, &mut buffer[..], RecvFlags::empty())
            })
            .doing(talk)?;
            let mut rest = &buffer[..length];
            while !rest.is_empty() {
                let packet = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest)
                    .map_err(|e| failed("the kernel's answer about the network makes no sense").because(e))?;
                let step = (packet.header.length as usize).next_multiple_of(4).clamp(4, rest.len());
                rest = &rest[step..];
                // An answer to a request that was given up before.
                if packet.header.sequence_number != self.sequence {
                    continue;
                }
                match packet.payload {
                    NetlinkPayload::Error(error) => {
                        return match error.code {
                            None => Ok(answers),
                            Some(code) => Err(Error::from(std::io::Error::from_raw_os_error(-code.get()))),
                        };
                    }
                    NetlinkPayload::Done(_) => return Ok(answers),
                    NetlinkPayload::InnerMessage(message) => answers.push(message),
                    _ => {}
                }
            }
        }
    }

    /// The number of the link of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn index(&mut self, name: &str) -> Result<u32> {
        let mut message = LinkMessage::default();
        message.attributes.push(LinkAttribute::IfName(name.to_string()));
        let answers = self
            .request(RouteNetlinkMessage::GetLink(message), 0)
            .doing(|| format!("find the network interface {name}"))?;
        let index = answers.iter().find_map(|answer| match answer {
            RouteNetlinkMessage::NewLink(link) => Some(link.header.index),
            _ => None,
        });
        index.ok_or_else(|| failed(format!("there is no network interface {name}")))
    }

    /// Makes a bridge that is up and returns its number.
    ///
    /// # Errors
    /// When the name is taken, or the kernel has no bridges.
    pub fn add_bridge(&mut self, name: &str, mtu: u32, mac: Mac) -> Result<u32> {
        let mut message = up(LinkMessage::default());
        message.attributes = vec![
            LinkAttribute::IfName(name.to_string()),
            LinkAttribute::Mtu(mtu),
            // One of its own: else it changes with each port that comes or goes.
            LinkAttribute::Address(mac.0.to_vec()),
            LinkAttribute::LinkInfo(vec![LinkInfo::Kind(InfoKind::Bridge)]),
        ];
        self.request(RouteNetlinkMessage::NewLink(message), NLM_F_CREATE | NLM_F_EXCL)
            .doing(|| format!("make the bridge {name}"))?;
        self.index(name)
    }

    /// Makes a pair of cards: one here, a port of the bridge `controller` that is up, and `peer`, which is not.
    ///
    /// # Errors
    /// When the name is taken there.
    pub fn add_pair(&mut self, controller: u32, mtu: u32, peer: &Peer<'_>) -> Result<()> {
        // Not up yet: the kernel makes it before it knows its other end (veth_open, ENOTCONN).
        let mut there = LinkMessage::default();
        there.attributes = vec![
            LinkAttribute::IfName(peer.name.to_string()),
            LinkAttribute::Mtu(mtu),
            LinkAttribute::Address(peer.mac.0.to_vec()),
            LinkAttribute::NetNsFd(peer.netns.as_raw_fd()),
        ];
        let mut message = up(LinkMessage::default());
        message.attributes = vec![
            // The kernel counts: a name of ours could still belong to one that is just going.
            LinkAttribute::IfName("veth%d".to_string()),
            LinkAttribute::Mtu(mtu),
            LinkAttribute::Controller(controller),
            LinkAttribute::LinkInfo(vec![
                LinkInfo::Kind(InfoKind::Veth),
                LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(there))),
            ]),
        ];
        self.request(RouteNetlinkMessage::NewLink(message), NLM_F_CREATE | NLM_F_EXCL)
            .doing(|| format!("make the network interface {}", peer.name))
            .map(drop)
    }

    /// Makes an existing link a port of a bridge, with that size of packets, and brings it up.
    ///
    /// # Errors
    /// When it is not there.
    pub fn add_port(&mut self, name: &str, controller: u32, mtu: u32) -> Result<()> {
        let mut message = up(LinkMessage::default());
        message.header.index = self.index(name)?;
        message.attributes = vec![LinkAttribute::Mtu(mtu), LinkAttribute::Controller(controller)];
        self.request(RouteNetlinkMessage::SetLink(message), 0)
            .doing(|| format!("connect {name} to the bridge"))
            .map(drop)
    }

    /// Keeps a bridge's port from all others that are kept so too.
    ///
    /// # Errors
    /// When it is no port.
    pub fn isolate(&mut self, index: u32) -> Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.attributes = vec![LinkAttribute::LinkInfo(vec![
            LinkInfo::PortKind(InfoPortKind::Bridge),
            LinkInfo::PortData(InfoPortData::BridgePort(vec![InfoBridgePort::Isolated(true)])),
        ])];
        self.request(RouteNetlinkMessage::NewLink(message), 0)
            .doing(|| "isolate a port of the bridge")
            .map(drop)
    }

    /// The number that the other end of link `index` has in its namespace.
    ///
    /// # Errors
    /// When it has no other end.
    pub fn other_end(&mut self, name: &str) -> Result<u32> {
        let mut message = LinkMessage::default();
        message.attributes.push(LinkAttribute::IfName(name.to_string()));
        let answers = self.request(RouteNetlinkMessage::GetLink(message), 0)?;
        let index = answers.iter().find_map(|answer| match answer {
            RouteNetlinkMessage::NewLink(link) => {
                link.attributes.iter().find_map(|attribute| match attribute {
                    LinkAttribute::Link(index) => Some(*index),
                    _ => None,
                })
            }
            _ => None,
        });
        index.ok_or_else(|| failed(format!("the network interface {name} is not one of a pair")))
    }

    /// Removes the link of that name, and with it its other end.
    ///
    /// # Errors
    /// When there is none.
    pub fn remove(&mut self, name: &str) -> Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = self.index(name)?;
        self.request(RouteNetlinkMessage::DelLink(message), 0)
            .doing(|| format!("remove the network interface {name}"))
            .map(drop)
    }

    /// Brings a link up.
    ///
    /// # Errors
    /// When it is not there.
    pub fn bring_up(&mut self, index: u32) -> Result<()> {
        let mut message = up(LinkMessage::default());
        message.header.index = index;
        self.request(RouteNetlinkMessage::SetLink(message), 0)
            .doing(|| "bring up a network interface")
            .map(drop)
    }

    /// Gives a link an address; `local` ones are not offered to others as a way here.
    ///
    /// # Errors
    /// When it has it already.
    pub fn add_address(&mut self, index: u32, address: IpAddr, prefix: u8, local: bool) -> Result<()> {
        let mut message = AddressMessage::default();
        message.header.index = index;
        message.header.family = family(address);
        message.header.prefix_len = prefix;
        if local {
            message.header.scope = AddressScope::Link;
        }
        // We know that nobody else has it; to be sure takes the kernel a second.
        message.header.flags = AddressHeaderFlags::Nodad;
        message.attributes = vec![AddressAttribute::Local(address), AddressAttribute::Address(address)];
        if let (IpAddr::V4(v4), 0..=30) = (address, prefix) {
            let hosts = u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
            let all = std::net::Ipv4Addr::from_bits(v4.to_bits() | hosts);
            message.attributes.push(AddressAttribute::Broadcast(all));
        }
        self.request(RouteNetlinkMessage::NewAddress(message), NLM_F_CREATE | NLM_F_EXCL)
            .doing(|| format!("set the address {address}/{prefix}"))
            .map(drop)
    }

    /// Adds a route through a link; without a destination it is the default one.
    ///
    /// # Errors
    /// When the gateway cannot be reached.
    pub fn add_route(
        &mut self,
        destination: Option<Subnet>,
        gateway: IpAddr,
        index: u32,
        metric: Option<u32>,
    ) -> Result<()> {
        let mut message = RouteMessage::default();
        message.header.address_family = family(gateway);
        message.header.table = RouteHeader::RT_TABLE_MAIN;
        message.header.protocol = RouteProtocol::Static;
        message.header.scope = RouteScope::Universe;
        message.header.kind = RouteType::Unicast;
        message.attributes = vec![RouteAttribute::Gateway(address(gateway)), RouteAttribute::Oif(index)];
        if let Some(destination) = destination {
            message.header.destination_prefix_length = destination.prefix();
            message.attributes.push(RouteAttribute::Destination(address(destination.base())));
        }
        message.attributes.extend(metric.map(RouteAttribute::Priority));
        self.request(RouteNetlinkMessage::NewRoute(message), NLM_F_CREATE | NLM_F_EXCL)
            .doing(|| match destination {
                Some(destination) => format!("add a route to {destination} by {gateway}"),
                None => format!("add a default route by {gateway}"),
            })
            .map(drop)
    }

    /// In routing table `table` all of `to` is here, at link `index`; what is sent there comes from `source`.
    ///
    /// # Errors
    /// `Conflict` when the table says so already.
    pub fn add_local_route(
        &mut self,
        to: (IpAddr, u8),
        index: u32,
        source: Option<IpAddr>,
        table: u32,
    ) -> Result<()> {
        let message = local_route(to, index, source, table);
        self.request(RouteNetlinkMessage::NewRoute(message), NLM_F_CREATE | NLM_F_EXCL)
            .doing(|| format!("add a route to {}", to.0))
            .map(drop)
    }

    /// Undoes [`Netlink::add_local_route`].
    ///
    /// # Errors
    /// When it is not there.
    pub fn remove_local_route(&mut self, to: (IpAddr, u8), index: u32, table: u32) -> Result<()> {
        let message = local_route(to, index, None, table);
        self.request(RouteNetlinkMessage::DelRoute(message), 0)
            .doing(|| format!("remove the route to {}", to.0))
            .map(drop)
    }

    /// What `sent` describes finds its way in routing table `table`.
    ///
    /// # Errors
    /// `Conflict` when there is such a rule already.
    pub fn add_table_rule(&mut self, ipv4: bool, sent: &[RuleAttribute], table: u32) -> Result<()> {
        let mut message = RuleMessage::default();
        message.header.family = if ipv4 { AddressFamily::Inet } else { AddressFamily::Inet6 };
        message.header.action = RuleAction::ToTable;
        message.attributes = sent.to_vec();
        message.attributes.extend([RuleAttribute::Table(table), RuleAttribute::Priority(90)]);
        self.request(RouteNetlinkMessage::NewRule(message), NLM_F_CREATE | NLM_F_EXCL)
            .doing(|| "add a rule for routing")
            .map(drop)
    }

    /// What comes in by a link and wants to go on to `to` is refused.
    ///
    /// # Errors
    /// When the kernel has no rules for routing.
    pub fn forbid_forwarding(&mut self, link: &str, to: Subnet) -> Result<()> {
        let mut message = RuleMessage::default();
        message.header.family = family(to.base());
        message.header.dst_len = to.prefix();
        message.header.action = RuleAction::Prohibit;
        message.attributes = vec![
            RuleAttribute::Iifname(link.to_string()),
            RuleAttribute::Destination(to.base()),
            RuleAttribute::Priority(100),
        ];
        self.request(RouteNetlinkMessage::NewRule(message), NLM_F_CREATE | NLM_F_EXCL)
            .doing(|| "add a rule for routing")
            .map(drop)
    }
}

fn local_route(to: (IpAddr, u8), index: u32, source: Option<IpAddr>, table: u32) -> RouteMessage {
    let mut message = RouteMessage::default();
    message.header.address_family = family(to.0);
    message.header.destination_prefix_length = to.1;
    message.header.protocol = RouteProtocol::Static;
    message.header.scope = if to.0.is_ipv4() { RouteScope::Host } else { RouteScope::Universe };
    message.header.kind = RouteType::Local;
    message.attributes = vec![
        RouteAttribute::Destination(address(to.0)),
        RouteAttribute::Oif(index),
        RouteAttribute::Table(table),
    ];
    message.attributes.extend(source.map(|source| RouteAttribute::PrefSource(address(source))));
    message
}

fn up(mut message: LinkMessage) -> LinkMessage {
    message.header.flags = LinkFlags::Up;
    message.header.change_mask = LinkFlags::Up;
    message
}

fn family(address: IpAddr) -> AddressFamily {
    if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 }
}

fn address(address: IpAddr) -> RouteAddress {
    RouteAddress::from(address)
}
