//! From a network mode to a connected network namespace.
//!
//! [`hosts::write_files`] runs before the launch, since the addresses are known by then; [`connect`],
//! or for networks of several containers [`bridge`], runs between the making of the namespace and
//! the execve of the container's command.

pub mod bridge;
pub mod dns;
pub mod forward;
mod helper;
pub mod hosts;
pub mod netlink;
pub mod pasta;
pub mod slirp;
mod thread;
pub mod uplink;

use crate::container::config::{Network, NetworkMode};
use crate::container::port::Bound;
use crate::container::uplink::Addresses;
use crate::error::{Error, Kind, Result};
use crate::sys::process::Child;
use crate::sys::userns::find_helper;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::BorrowedFd;
use std::path::Path;

/// The name of the container's interface.
pub const INTERFACE: &str = "tap0";

/// The largest that slirp4netns takes; fewer and larger packets is what makes it fast.
pub const MTU: u32 = 65520;

/// The addresses that a container has of its own; `None` where it has none, or those of another.
#[must_use]
pub fn addresses(network: &Network) -> Option<Addresses> {
    match network.mode {
        NetworkMode::Slirp4netns | NetworkMode::Pasta => Some(network.uplink.addresses()),
        _ => None,
    }
}

/// A connected network.
#[derive(Debug)]
pub struct Uplink {
    /// The process that carries the packets. When it ends the container has no network any more,
    /// and [`connect`] can be called again for the same namespace.
    pub child: Option<Child>,
    /// What the container got of its own.
    pub addresses: Option<Addresses>,
}

/// Connects the network namespace behind `netns` as `network` says, and waits until that is done.
/// A pasta passes `ports` on; in the other modes that is the [`forward::Forwarder`]'s.
///
/// The caller is in the host's network namespace and root in the user namespace that owns `netns`.
/// The modes without an uplink of their own need nothing done: `none` has only loopback, which
/// init brings up, and the others join a namespace that somebody else has connected.
///
/// # Errors
/// `Unsupported` where the program or /dev/net/tun is missing, with the way to get it.
pub fn connect(network: &Network, ports: &[Bound], netns: BorrowedFd<'_>) -> Result<Uplink> {
    let options = &network.uplink;
    let child = match network.mode {
        NetworkMode::Slirp4netns => Some(slirp::start(options, netns)?),
        NetworkMode::Pasta => Some(pasta::start(options, ports, netns)?),
        _ => None,
    };
    Ok(Uplink { child, addresses: addresses(network) })
}

/// The network of a container for which the user named none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picked {
    /// The default network, else pasta, else none.
    pub mode: NetworkMode,
    /// One line that says why it is a lesser one, and what would help.
    pub warning: Option<String>,
}

/// Picks the best mode that this host can do. An explicit mode is not weakened: it fails.
#[must_use]
pub fn default_mode() -> Picked {
    pick(find_helper(slirp::PROGRAM).is_some(), find_helper(pasta::PROGRAM).is_some(), tun_problem())
}

/// The ladder of [`default_mode`], without a look at the host.
fn pick(slirp: bool, pasta: bool, tun: Option<Error>) -> Picked {
    if let Some(tun) = tun {
        let hint = tun.find_hint().unwrap_or_default();
        let warning = format!("the container gets no network: {tun}; {hint}");
        return Picked { mode: NetworkMode::None, warning: Some(warning) };
    }
    match (slirp, pasta) {
        (true, _) => Picked { mode: NetworkMode::Bridge, warning: None },
        (false, true) => Picked { mode: NetworkMode::Pasta, warning: None },
        (false, false) => Picked {
            mode: NetworkMode::None,
            warning: Some(format!(
                "the container gets no network: neither slirp4netns nor pasta is installed; {}",
                slirp::INSTALL
            )),
        },
    }
}

/// What is wrong with /dev/net/tun, which every uplink needs; `None` if it can be opened.
#[must_use]
pub fn tun_problem() -> Option<Error> {
    tun_problem_at(Path::new("/dev/net/tun"))
}

fn tun_problem_at(path: &Path) -> Option<Error> {
    use rustix::fs::{Access, access};
    let make =
        "as root: modprobe tun; mkdir -p /dev/net; mknod /dev/net/tun c 10 200; chmod 666 /dev/net/tun";
    match access(path, Access::READ_OK | Access::WRITE_OK) {
        Ok(()) => None,
        Err(rustix::io::Errno::NOENT) => Some(
            Error::new(Kind::Unsupported, format!("there is no {}", path.display()))
                .hint(format!("{make} (in an outer container: start that with --device /dev/net/tun)")),
        ),
        Err(_) => Some(
            Error::new(Kind::Unsupported, format!("{} cannot be opened by this user", path.display()))
                .hint(format!("as root: chmod 666 {}", path.display())),
        ),
    }
}

/// The address by which this host reaches the world, and containers reach this host.
///
/// No packet is sent: connecting a datagram socket only asks the routing table. The address is one
/// set aside for documentation, so that only a default route matches it.
#[must_use]
pub fn host_address() -> Option<Ipv4Addr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(198, 51, 100, 1), 9)).ok()?;
    match socket.local_addr().ok()? {
        SocketAddr::V4(address) if !address.ip().is_loopback() && !address.ip().is_unspecified() => {
            Some(*address.ip())
        }
        _ => None,
    }
}

/// Whether this host can reach the world by IPv6.
#[must_use]
pub fn host_has_ipv6() -> bool {
    let Ok(socket) = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)) else { return false };
    socket.connect((Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 9)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_network_is_the_best_that_is_there() {
        assert_eq!(pick(true, true, None).mode, NetworkMode::Bridge);
        assert_eq!(pick(true, true, None).warning, None);
        assert_eq!(pick(false, true, None).mode, NetworkMode::Pasta);
        let none = pick(false, false, None);
        assert_eq!(none.mode, NetworkMode::None);
        assert!(none.warning.unwrap().contains("apt-get install slirp4netns"));
    }

    #[test]
    fn a_missing_tun_device_is_named_with_the_way_to_make_it() {
        let problem = tun_problem_at(Path::new("/nonexistent/tun")).unwrap();
        assert_eq!(problem.kind(), Kind::Unsupported);
        assert!(problem.find_hint().unwrap().contains("mknod /dev/net/tun c 10 200"));
        let picked = pick(true, true, Some(problem));
        assert_eq!(picked.mode, NetworkMode::None);
        assert!(picked.warning.unwrap().contains("/nonexistent/tun"));
    }
}
