//! The container's published ports: taken before its launch, served after it, changed while it runs.

use crate::container::bridge::Attachment;
use crate::container::config::{ContainerConfig, Network, NetworkMode};
use crate::container::id::ContainerId;
use crate::container::port::{Bound, PortMap, Protocol};
use crate::container::subnet::Subnet;
use crate::error::{Doing, Error, Kind, Result};
use crate::network;
use crate::network::forward::listen::listen;
use crate::network::forward::rules::Rules;
use crate::network::forward::{Addresses, Forwarder, Listener};
use crate::store::layout::Store;
use crate::store::{containers, leases, ports};
use crate::sys::file::Durable;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};

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
    let maps = record.wanted(&config.network.ports);
    if maps.is_empty() && record.bound.is_empty() {
        return Ok(Taken::default());
    }
    let listeners = listen(maps, &record.bound, given)?;
    let bound = sorted(listeners.iter().map(|listener| listener.bound.clone()));
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

fn sorted(bound: impl Iterator<Item = Bound>) -> Vec<Bound> {
    let mut bound: Vec<Bound> = bound.collect();
    bound.sort_by_key(|b| (b.container, b.protocol, b.host_ip, b.host));
    bound
}

/// The ports of a container that runs.
#[derive(Debug)]
pub struct Publisher {
    store: Store,
    id: ContainerId,
    /// What it was made with.
    first: Vec<PortMap>,
    network: Network,
    netns: OwnedFd,
    for_pasta: Vec<Bound>,
    forwarder: Option<Forwarder>,
}

impl Taken {
    /// Begins to serve them in the network of `init`, which may be another container's; starts a
    /// thread if there are any. `None` for a container that cannot have any, or has ended already.
    ///
    /// # Errors
    /// When the container's network cannot be entered.
    pub fn serve(self, store: &Store, config: &ContainerConfig, init: i32) -> Result<Option<Publisher>> {
        if matches!(config.network.mode, NetworkMode::None | NetworkMode::Host | NetworkMode::Path(_)) {
            return Ok(None);
        }
        let Ok(netns) = File::open(format!("/proc/{}/ns/net", init)) else { return Ok(None) };
        let mut publisher = Publisher {
            store: store.clone(),
            id: config.id.clone(),
            first: config.network.ports.clone(),
            network: config.network.clone(),
            netns: netns.into(),
            for_pasta: self.for_pasta,
            forwarder: None,
        };
        publisher.add(self.listeners)?;
        Ok(Some(publisher))
    }
}

impl Publisher {
    /// Stops the thread, so that this process can be cloned; connections stay and wait.
    pub fn pause(&mut self) {
        if let Some(forwarder) = &mut self.forwarder {
            forwarder.pause();
        }
    }

    /// Goes on after [`Publisher::pause`]. Where no thread can be had nothing is passed on any more,
    /// and clients see that.
    pub fn resume(&mut self) {
        if let Some(forwarder) = &mut self.forwarder
            && forwarder.resume().is_err()
        {
            self.forwarder = None;
        }
    }

    /// The container's addresses have changed.
    ///
    /// # Errors
    /// When those of another container, whose network it shares, cannot be read.
    pub fn retarget(&self) -> Result<()> {
        if let Some(forwarder) = &self.forwarder {
            forwarder.retarget(addresses(&self.store, &self.id, &self.network)?);
        }
        Ok(())
    }

    /// Publishes the ports in `add` too, and those that match one of `remove` no more, also at later
    /// starts; returns what was added. Connections through a port that goes live on to their end.
    ///
    /// # Errors
    /// As [`take`]; then nothing has changed. `NotFound` for a port to remove that is not published,
    /// `Unsupported` for one that pasta serves.
    pub fn change(&mut self, add: &[PortMap], remove: &[PortMap], given: Vec<OwnedFd>) -> Result<Vec<Bound>> {
        let mut record = ports::read(&self.store, &self.id)?;
        for map in remove {
            if let Some(bound) = self.for_pasta.iter().find(|bound| map.means(bound)) {
                return Err(Error::new(
                    Kind::Unsupported,
                    format!("pasta passes on port {}: it cannot be told to stop", bound.port()),
                )
                .hint("make the container with another --network, or restart it without the port"));
            }
        }
        let gone = record.remove(&self.first, remove)?;
        let listeners = listen(add, &[], given)?;
        let added = sorted(listeners.iter().map(|listener| listener.bound.clone()));
        record.add(&self.first, add);
        record.bound = sorted(record.bound.into_iter().chain(added.iter().cloned()));
        // A crash after this: the next start has the ports as they were asked for.
        ports::write(&self.store, &self.id, &record, Durable::Yes)?;
        if let Some(forwarder) = &self.forwarder {
            forwarder.remove(&gone);
        }
        self.add(listeners)?;
        Ok(added)
    }

    fn add(&mut self, listeners: Vec<Listener>) -> Result<()> {
        match &self.forwarder {
            _ if listeners.is_empty() => {}
            Some(forwarder) => forwarder.add(listeners),
            None => {
                let netns = self.netns.try_clone().doing(|| "hold the container's network")?;
                let addresses = addresses(&self.store, &self.id, &self.network)?;
                // Without them clients come from the container itself, which `inspect` says.
                let rules = Rules::install(netns.as_fd());
                let hidden = rules.as_ref().err().map(Error::chain);
                let mut record = ports::read(&self.store, &self.id)?;
                if record.hidden != hidden {
                    record.hidden = hidden;
                    ports::write(&self.store, &self.id, &record, Durable::No)?;
                }
                let forwarder = Forwarder::start(listeners, netns, addresses, rules.ok());
                self.forwarder = Some(forwarder.doing(|| "serve the published ports")?);
            }
        }
        Ok(())
    }
}

/// Where the container's services are; those of another container where it shares its network.
fn addresses(store: &Store, id: &ContainerId, network: &Network) -> Result<Addresses> {
    if let NetworkMode::Container(other) = &network.mode {
        return addresses(store, other, &containers::config(store, other)?.network);
    }
    if let Some(record) = leases::record(store, id)? {
        // The first network's, as it is the first that the default route goes by.
        let ip4 = record.attachments.iter().find_map(|attachment| attachment.ip4);
        let ip6 = record.attachments.iter().find_map(|attachment| attachment.ip6);
        let of = |attachment: &Attachment| {
            let ip4 = attachment.ip4.map(|(ip, prefix, _)| Subnet::new(ip.into(), prefix));
            let ip6 = attachment.ip6.map(|(ip, prefix, _)| Subnet::new(ip.into(), prefix));
            [ip4, ip6].into_iter().flatten().collect::<Result<Vec<_>>>()
        };
        let subnets: Result<Vec<Vec<Subnet>>> = record.attachments.iter().map(of).collect();
        return Ok(Addresses {
            ip4: ip4.map(|(ip, _, gateway)| (ip, gateway)),
            ip6: ip6.map(|(ip, _, gateway)| (ip, gateway)),
            subnets: subnets?.concat(),
        });
    }
    let Some(own) = network::addresses(network) else { return Ok(Addresses::default()) };
    let subnets = vec![Subnet::new(own.address.into(), own.prefix)?];
    Ok(Addresses { ip4: Some((own.address, own.gateway)), ip6: None, subnets })
}
