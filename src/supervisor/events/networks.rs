//! The event loop's side of networks: their uplinks, and those that come and go.

use super::{Monitor, NETWORK, UPLINK};
use crate::container::bridge::{Join, NetworkName};
use crate::error::{Error, Kind, Result};
use crate::network::slirp::SharedUplink;
use crate::supervisor::bridge::Networks;
use crate::supervisor::names;
use rustix::event::epoll::{self, EventFlags};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// How long a client that connects a container to a network may take to start its uplink.
const OTHERS_START: Duration = Duration::from_secs(5);

impl Monitor {
    /// Watches over the uplinks of the container's networks from here on.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn take_part(&mut self, networks: Networks) -> Result<()> {
        for (place, uplink) in networks.uplinks() {
            // An error is reported unasked: nobody reads any more.
            self.watch(uplink, NETWORK + place as u64, EventFlags::empty())?;
        }
        self.networks = Some(networks);
        Ok(())
    }

    fn in_networks(&mut self) -> Result<&mut Networks> {
        let why = "the container has a network mode of its own and cannot be in networks";
        self.networks.as_mut().ok_or_else(|| Error::new(Kind::Conflict, why))
    }

    /// Connects the container to one more network; returns the uplink that it lacks.
    ///
    /// # Errors
    /// As [`Networks::enter`].
    pub(super) fn enter_network(&mut self, join: &Join) -> Result<Option<SharedUplink>> {
        let networks = self.in_networks()?;
        let place = networks.enter(join)?;
        let (store, desks) = (networks.store().clone(), networks.take_desks());
        let lacking = networks.lacking(place).cloned();
        match lacking {
            // Whoever asked may be gone before it has started one.
            Some(_) => self.retries.push((Instant::now() + OTHERS_START, NETWORK + place as u64)),
            None => self.watch_network(place),
        }
        match &mut self.names {
            None => self.names = names::serve(&store, desks)?,
            Some(server) => {
                for desk in desks {
                    let zone = names::zone(&store, &desk)?;
                    server.add(desk, zone)?;
                }
            }
        }
        self.addresses_changed()?;
        Ok(lacking)
    }

    /// Takes the container out of a network.
    ///
    /// # Errors
    /// As [`Networks::leave`].
    pub(super) fn leave_network(&mut self, network: &NetworkName) -> Result<()> {
        self.in_networks()?.leave(network)?;
        if let Some(server) = &mut self.names {
            // Its sockets are in the bridge's namespace, which would stay with them.
            server.remove(network.as_str())?;
        }
        self.addresses_changed()
    }

    fn addresses_changed(&self) -> Result<()> {
        self.ports.as_ref().map_or(Ok(()), |ports| ports.retarget())
    }

    /// Hears from here on when the uplink of the network at `place` ends.
    fn watch_network(&mut self, place: usize) {
        let mut uplinks = self.networks.iter().flat_map(Networks::uplinks);
        let Some((_, uplink)) = uplinks.find(|(known, _)| *known == place) else { return };
        // Without a watch it still carries packets; more descriptors there will be later.
        if self.watch(uplink, NETWORK + place as u64, EventFlags::empty()).is_err() {
            drop(uplinks);
            self.retries.push((Instant::now() + OTHERS_START, NETWORK + place as u64));
        }
    }

    /// The uplink of one of the networks has ended.
    pub(super) fn network_ended(&mut self, token: u64) {
        let place = (token - NETWORK) as usize;
        // Level-triggered: it would be said without end.
        let mut uplinks = self.networks.iter().flat_map(Networks::uplinks);
        if let Some((_, uplink)) = uplinks.find(|(known, _)| *known == place) {
            let _ = epoll::delete(&self.epoll, uplink);
        }
        drop(uplinks);
        self.renew_network(place, false);
    }

    fn renew_network(&mut self, place: usize, waited: bool) {
        let Some(networks) = self.networks.as_mut().filter(|_| self.exit.is_none()) else { return };
        match networks.renew(place, waited) {
            Some(delay) => self.retries.push((Instant::now() + delay, NETWORK + place as u64)),
            None => self.watch_network(place),
        }
    }

    /// The container's own uplink has ended before it.
    pub(super) fn uplink_ended(&mut self) {
        let Some(uplink) = &mut self.uplink else { return };
        let _ = epoll::delete(&self.epoll, &*uplink);
        let at = Instant::now() + uplink.ended();
        self.retries.push((at, UPLINK));
    }

    fn renew_uplink(&mut self) {
        let Some(mut uplink) = self.uplink.take().filter(|_| self.exit.is_none()) else { return };
        // Only a process with one thread makes others.
        if let Some(ports) = &mut self.ports {
            ports.pause();
        }
        let renewed = uplink.renew();
        if let Some(ports) = &mut self.ports {
            ports.resume();
        }
        match renewed {
            // Without a watch it still carries packets.
            Ok(()) => drop(self.watch(uplink.as_fd(), UPLINK, EventFlags::IN)),
            Err(_) => self.retries.push((Instant::now() + uplink.ended(), UPLINK)),
        }
        self.uplink = Some(uplink);
    }

    /// Starts the uplinks whose time has come.
    pub(super) fn retry_uplinks(&mut self) {
        let now = Instant::now();
        let due: Vec<u64> =
            self.retries.extract_if(.., |(at, _)| *at <= now).map(|(_, token)| token).collect();
        for token in due {
            match token {
                UPLINK => self.renew_uplink(),
                token => self.renew_network((token - NETWORK) as usize, true),
            }
        }
    }
}
