//! The event loop's side of networks: their uplinks, and those that come and go.

use super::{Monitor, NETWORK};
use crate::container::bridge::{Join, NetworkName};
use crate::error::{Error, Kind, Result};
use crate::supervisor::bridge::Networks;
use crate::supervisor::names;
use rustix::event::epoll::{self, EventFlags};

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

    /// Connects the container to one more network.
    ///
    /// # Errors
    /// As [`Networks::enter`].
    pub(super) fn enter_network(&mut self, join: &Join) -> Result<()> {
        let networks = self.in_networks()?;
        let place = networks.enter(join)?;
        let (store, desks) = (networks.store().clone(), networks.take_desks());
        let mut uplinks = self.networks.iter().flat_map(Networks::uplinks);
        if let Some((_, uplink)) = uplinks.find(|(known, _)| *known == place) {
            self.watch(uplink, NETWORK + place as u64, EventFlags::empty())?;
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
        self.addresses_changed()
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

    /// The uplink of one of the networks has ended.
    pub(super) fn renew_network(&mut self, token: u64) {
        let Some(networks) = self.networks.as_mut().filter(|_| self.exit.is_none()) else { return };
        let place = (token - NETWORK) as usize;
        if networks.renew(place) {
            return;
        }
        // Given up: the event would come for ever.
        if let Some((_, uplink)) = networks.uplinks().find(|(known, _)| *known == place) {
            let _ = epoll::delete(&self.epoll, uplink);
        }
    }
}
