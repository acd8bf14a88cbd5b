//! Networks that a running container enters and leaves.

use super::{Networks, Outside, free_interface, reserve_one};
use crate::container::bridge::{Join, NetworkName, NetworkRecord};
use crate::error::{Error, Kind, Result};
use crate::network::hosts;
use crate::store::{containers, leases};
use crate::supervisor::{bundle, links};

impl Networks {
    /// Connects the running container to one more network, at later starts too; returns its place.
    ///
    /// An uplink that is missing is to be started by whoever asked for this: what we start ends with us.
    ///
    /// What counts at later starts is replaced last. A crash before it ends the container, whose
    /// supervisor we are, and leaves a lease that `store::leases` says who removes.
    ///
    /// # Errors
    /// `Conflict` if it is connected already, or its address is taken; then nothing has changed.
    pub fn enter(&mut self, join: &Join) -> Result<usize> {
        let (store, id) = (self.store.clone(), self.id.clone());
        let name = containers::name(&store, &id)?;
        let mut record = leases::record(&store, &id)?.unwrap_or_default();
        if record.attachments.iter().any(|known| known.network == join.network) {
            return Err(Error::new(
                Kind::Conflict,
                format!("container {name} is already connected to network {:?}", join.network.as_str()),
            ));
        }
        let interface = free_interface(join, &record.attachments);
        let attachment = reserve_one(&store, (&id, &name), join, &interface)?;
        if let Err(error) = self.join(&attachment, Outside::Later) {
            leases::leave(&store, &join.network, &id);
            let _ = self.inside.unplug(&interface);
            return Err(error);
        }
        record.attachments.push(attachment);
        self.changed(&record)?;
        let mut joins = containers::config(&store, &id)?.network.joins;
        joins.push(join.clone());
        containers::write_joins(&store, &id, &joins)?;
        Ok(self.joined.last().map_or(0, |joined| joined.place))
    }

    /// Takes the running container out of a network, at later starts too.
    ///
    /// What counts at later starts is replaced last: a crash before it ends the container, which is in
    /// the network again when it is started.
    ///
    /// # Errors
    /// `NotFound` if it is not connected.
    pub fn leave(&mut self, network: &NetworkName) -> Result<()> {
        let (store, id) = (self.store.clone(), self.id.clone());
        let mut record = leases::record(&store, &id)?.unwrap_or_default();
        let Some(at) = record.attachments.iter().position(|known| known.network == *network) else {
            return Err(not_connected(&containers::name(&store, &id)?.to_string(), network));
        };
        let attachment = record.attachments.remove(at);
        self.inside.unplug(&attachment.interface)?;
        {
            let _lock = leases::lock(&store, network)?;
            leases::leave(&store, network, &id);
            // With it goes our hold on the bridge and on its uplink.
            self.joined.retain(|joined| joined.config.name != *network);
        }
        self.changed(&record)?;
        let mut joins = containers::config(&store, &id)?.network.joins;
        joins.retain(|join| join.network != *network);
        containers::write_joins(&store, &id, &joins)
    }

    /// Writes down what the container has now, and who resolves its names.
    fn changed(&self, record: &NetworkRecord) -> Result<()> {
        leases::write_record(&self.store, &self.id, record)?;
        let config = containers::config(&self.store, &self.id)?;
        let name = containers::name(&self.store, &self.id)?;
        let mut own = bundle::resolver(&self.store, &config, &record.attachments)?;
        own.links = links::now(&self.store, &config, &record.attachments)?;
        hosts::write_files(&self.store.container(&self.id), &config, &name, None, &own)
    }
}

/// The error for a container that is not in a network.
#[must_use]
pub fn not_connected(container: &str, network: &NetworkName) -> Error {
    Error::new(
        Kind::NotFound,
        format!("container {container} is not connected to network {:?}", network.as_str()),
    )
    .hint(format!("`box inspect {container}` shows its networks"))
}
