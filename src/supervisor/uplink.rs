//! Keeps the container's uplink alive: a slirp4netns that was killed is started anew.

use crate::container::config::Network;
use crate::container::port::Bound;
use crate::error::Result;
use crate::network;
use crate::sys::process::{self, Child};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// One that ends sooner than this would end again: it is given up.
const TOO_SOON: Duration = Duration::from_secs(1);

/// The process that carries the container's packets, and what it takes to start it again.
#[derive(Debug)]
pub struct Keeper {
    network: Network,
    ports: Vec<Bound>,
    netns: OwnedFd,
    child: Child,
    since: Instant,
}

impl Keeper {
    /// Connects the network, with `ports` passed on by a pasta; `None` in the modes that have no uplink of their own.
    ///
    /// # Errors
    /// As [`network::connect`].
    pub fn connect(network: &Network, ports: &[Bound], netns: OwnedFd) -> Result<Option<Keeper>> {
        let uplink = network::connect(network, ports, netns.as_fd())?;
        let since = Instant::now();
        let (network, ports) = (network.clone(), ports.to_vec());
        Ok(uplink.child.map(|child| Keeper { network, ports, netns, child, since }))
    }

    /// Starts it again after it has ended. Connections through it are lost, the address is not.
    ///
    /// `false` if it is given up: it never stays, or cannot be started any more.
    pub fn renew(&mut self) -> bool {
        if self.since.elapsed() < TOO_SOON {
            return false;
        }
        match network::connect(&self.network, &self.ports, self.netns.as_fd()) {
            Ok(network::Uplink { child: Some(child), .. }) => {
                self.child = child;
                self.since = Instant::now();
                true
            }
            _ => false,
        }
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
