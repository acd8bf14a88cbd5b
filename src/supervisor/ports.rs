//! The container's published ports: taken before its launch, served after it.

use crate::container::config::{ContainerConfig, Network, NetworkMode};
use crate::container::port::{Bound, Protocol};
use crate::error::{Doing, Result};
use crate::network;
use crate::network::forward::listen::listen;
use crate::network::forward::{Addresses, Forwarder, Listener};
use crate::sandbox::launch::Running;
use crate::store::layout::Store;
use crate::store::{containers, ports};
use crate::sys::file::Durable;
use std::fs::File;
use std::os::fd::OwnedFd;

/// Ports of the host that are ours, before anybody serves them: clients wait in the kernel.
#[derive(Debug, Default)]
pub struct Taken {
    listeners: Vec<Listener>,
    /// pasta's ports: it takes them itself.
    pub for_pasta: Vec<Bound>,
}

/// Takes the host's ports that the container is to have, and writes them down.
///
/// `given` are sockets that the starting client has bound with its own rights.
///
/// # Errors
/// `Conflict` or `Denied` for a port that cannot be had; those of the store.
pub fn take(store: &Store, config: &ContainerConfig, given: Vec<OwnedFd>) -> Result<Taken> {
    let mut record = ports::read(store, &config.id)?;
    let maps = record.wanted.as_ref().unwrap_or(&config.network.ports);
    if maps.is_empty() && record.bound.is_empty() {
        return Ok(Taken::default());
    }
    let listeners = listen(maps, &record.bound, given)?;
    let mut bound: Vec<Bound> = listeners.iter().map(|listener| listener.bound.clone()).collect();
    bound.sort_by_key(|b| (b.container, b.protocol, b.host_ip, b.host));
    if bound != record.bound {
        record.bound.clone_from(&bound);
        ports::write(store, &config.id, &record, Durable::No)?;
    }
    if config.network.mode == NetworkMode::Pasta {
        // They were free, and a free one was found for those that take any. From here to pasta's
        // own sockets another program can take one; then pasta says so and the start fails.
        let (theirs, listeners): (Vec<_>, Vec<_>) = listeners.into_iter().partition(|l| pasta_can(&l.bound));
        let for_pasta = theirs.into_iter().map(|listener| listener.bound).collect();
        return Ok(Taken { listeners, for_pasta });
    }
    Ok(Taken { listeners, for_pasta: Vec::new() })
}

/// Datagrams whose port changes on the way are lost in pasta if they come from the host's loopback
/// (tried: 0.0~git20230309 of Debian 12): those ports are served as in the other modes.
fn pasta_can(bound: &Bound) -> bool {
    bound.protocol == Protocol::Tcp || bound.host == bound.container
}

impl Taken {
    /// The network in which they are served: the container's, which may be another's; `None` if
    /// there are no ports, or the container has ended already.
    #[must_use]
    pub fn netns(&self, running: &Running) -> Option<OwnedFd> {
        let file = || File::open(format!("/proc/{}/ns/net", running.host.pid)).ok();
        if self.listeners.is_empty() { None } else { file().map(OwnedFd::from) }
    }

    /// Begins to serve them; starts a thread. `None` if there are none.
    ///
    /// # Errors
    /// When the container's network cannot be entered.
    pub fn serve(
        self,
        store: &Store,
        config: &ContainerConfig,
        netns: Option<OwnedFd>,
    ) -> Result<Option<Forwarder>> {
        let Some(netns) = netns else { return Ok(None) };
        let addresses = addresses(store, &config.network)?;
        let forwarder = Forwarder::start(self.listeners, netns, addresses);
        forwarder.doing(|| "serve the published ports").map(Some)
    }
}

/// Where the container's services are; those of another container where it shares its network.
fn addresses(store: &Store, network: &Network) -> Result<Addresses> {
    let own = match &network.mode {
        NetworkMode::Container(id) => network::addresses(&containers::config(store, id)?.network),
        _ => network::addresses(network),
    };
    Ok(Addresses { ip4: own.map(|own| own.address), ip6: None })
}
