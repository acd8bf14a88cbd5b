//! Routing rules in the container's network, by which answers to a client's own address come back to
//! us instead of going out.
//!
//! A socket of ours that is bound to the client's address marks what it sends. A TCP service's side
//! of the connection takes over the mark (`tcp_fwmark_accept`), and what is marked stays here. What a
//! UDP service sends has no mark: it is known by its port, and by a route for each client that is
//! talking. A refusal of a port that nobody serves comes back by `fwmark_reflect`.
//!
//! Source: ip-sysctl.rst; ip-rule(8); Documentation/networking/tproxy.rst.

use crate::error::{Doing, Error, Kind, Result};
use crate::network::netlink::Netlink;
use crate::sys::netns::{self, Netns};
use netlink_packet_route::IpProtocol;
use netlink_packet_route::rule::{RuleAttribute, RulePortRange};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::BorrowedFd;

/// The mark of our sockets in the container's network: "box".
pub(super) const MARK: u32 = 0x0062_6f78;

/// What is marked looks for its way here.
const MARKED: u32 = 0x626f;
/// And answers of UDP services here.
const DATAGRAMS: u32 = 0x6270;

/// The rules of one container's network.
#[derive(Debug)]
pub struct Rules {
    link: Netlink,
    lo: u32,
    /// UDP ports whose answers have a rule.
    ports: Vec<(bool, u16)>,
    ipv6: bool,
}

/// What comes from a run before, or from another container in the same network, is as good.
fn made(result: Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == Kind::Conflict => Ok(()),
        other => other,
    }
}

impl Rules {
    /// Sets them up in `netns`.
    ///
    /// # Errors
    /// Where the kernel has no such rules, or its settings are read-only: clients then seem to come from
    /// the container itself.
    pub fn install(netns: BorrowedFd<'_>) -> Result<Rules> {
        let sockets = netns::open_in(Netns::Of(netns), || {
            netns::set_knob("ipv4/tcp_fwmark_accept", "1")?;
            netns::set_knob("ipv4/fwmark_reflect", "1")?;
            // Without IPv6 there is nothing to reflect.
            let _ = netns::set_knob("ipv6/fwmark_reflect", "1");
            Ok(vec![netns::netlink_socket()?])
        })
        .doing(|| "keep the addresses of clients")?;
        let socket = sockets.into_iter().next();
        let socket = socket.ok_or_else(|| Error::new(Kind::Failed, "no socket for rules was opened"))?;
        let mut rules = Rules { link: Netlink::new(socket), lo: 0, ports: Vec::new(), ipv6: false };
        rules.lo = rules.link.index("lo")?;
        rules.keep_marked(Ipv4Addr::UNSPECIFIED.into()).doing(|| "keep the addresses of clients")?;
        rules.ipv6 = rules.keep_marked(Ipv6Addr::UNSPECIFIED.into()).is_ok();
        Ok(rules)
    }

    fn keep_marked(&mut self, all: IpAddr) -> Result<()> {
        made(self.link.add_local_route((all, 0), self.lo, None, MARKED))?;
        made(self.link.add_table_rule(all.is_ipv4(), &[RuleAttribute::FwMark(MARK)], MARKED))
    }

    /// Whether it works for that family.
    pub(super) fn work_for(&self, address: IpAddr) -> bool {
        address.is_ipv4() || self.ipv6
    }

    /// Answers from the UDP service at `port` of that family are looked for.
    pub(super) fn watch_port(&mut self, ipv4: bool, port: u16) -> Result<()> {
        if !self.ports.contains(&(ipv4, port)) {
            let range = RulePortRange { start: port, end: port };
            let sent = [RuleAttribute::IpProtocol(IpProtocol::Udp), RuleAttribute::SourcePortRange(range)];
            made(self.link.add_table_rule(ipv4, &sent, DATAGRAMS))?;
            self.ports.push((ipv4, port));
        }
        Ok(())
    }

    /// UDP services' answers to `client` come to us, from `service`.
    pub(super) fn add_client(&mut self, client: IpAddr, service: IpAddr) -> Result<()> {
        made(self.link.add_local_route(whole(client), self.lo, Some(service), DATAGRAMS))
    }

    /// `client` talks to no UDP service any more.
    pub(super) fn remove_client(&mut self, client: IpAddr) {
        // One that is not there need not go.
        let _ = self.link.remove_local_route(whole(client), self.lo, DATAGRAMS);
    }
}

fn whole(address: IpAddr) -> (IpAddr, u8) {
    (address, if address.is_ipv4() { 32 } else { 128 })
}
