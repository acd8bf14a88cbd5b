//! Keeps the container's uplink alive: a slirp4netns that was killed is started anew.

use crate::container::config::Network;
use crate::container::port::Bound;
use crate::error::{Result, failed};
use crate::network;
use crate::network::uplink::Again;
use crate::sys::process::{self, Child};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// The process that carries the container's packets, and what it takes to start it again.
#[derive(Debug)]
pub struct Keeper {
    network: Network,
    ports: Vec<Bound>,
    netns: OwnedFd,
    child: Child,
    again: Again,
}

impl Keeper {
    /// Connects the network, with `ports` passed on by a pasta; `None` in the modes that have no uplink of their own.
    ///
    /// # Errors
    /// As [`network::connect`].
    pub fn connect(network: &Network, ports: &[Bound], netns: OwnedFd) -> Result<Option<Keeper>> {
        let uplink = network::connect(network, ports, netns.as_fd())?;
        let again = Again::new(Instant::now());
        let (network, ports) = (network.clone(), ports.to_vec());
        Ok(uplink.child.map(|child| Keeper { network, ports, netns, child, again }))
    }

    /// It has ended: how long to wait before [`Keeper::renew`].
    pub fn ended(&mut self) -> Duration {
        self.again.ended(Instant::now())
    }

    /// Starts it again after it has ended. Connections through it are lost, the address is not.
    ///
    /// # Errors
    /// As [`network::connect`].
    pub fn renew(&mut self) -> Result<()> {
        self.again.starts(Instant::now());
        let uplink = network::connect(&self.network, &self.ports, self.netns.as_fd())?;
        self.child = uplink.child.ok_or_else(|| failed("this network mode has no uplink"))?;
        Ok(())
    }

    /// Ends it, if it has not ended.
    pub fn end(&self) {
        let _ = process::send_signal(self.child.as_fd(), nix::libc::SIGKILL);
    }
}

/// Readable when it has ended.
impl AsFd for Keeper {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.child.as_fd()
    }
}
