//! Published ports of a container: shown and changed.

use crate::container::config::NetworkMode;
use crate::container::port::{Bound, PortMap};
use crate::container::state::Status;
use crate::error::{Error, Kind, Result};
use crate::network::forward;
use crate::store::containers::{self, Entry};
use crate::store::layout::Store;
use crate::store::ports;
use crate::supervisor::control;
use crate::supervisor::protocol::Request;
use crate::sys::file::Durable;

/// The host's ports that lead to the container now; none if it does not run.
///
/// # Errors
/// When their record is broken.
pub fn bound(store: &Store, entry: &Entry) -> Result<Vec<Bound>> {
    match entry.status() {
        Status::Running | Status::Paused => Ok(ports::read(store, &entry.id)?.bound),
        _ => Ok(Vec::new()),
    }
}

/// Publishes the ports in `add` too, and what one of `remove` means no more: at once if the
/// container runs, and at later starts. Returns what was added to a running one.
///
/// # Errors
/// `NotFound` for a port that is not published; `Conflict` for one that is taken; `Invalid` for a
/// container that cannot publish any.
pub fn change(store: &Store, entry: &Entry, add: &[PortMap], remove: &[PortMap]) -> Result<Vec<Bound>> {
    let network = &entry.config.network;
    if matches!(network.mode, NetworkMode::None | NetworkMode::Host | NetworkMode::Path(_)) {
        return Err(Error::new(
            Kind::Invalid,
            format!("container {} has no network of its own: it publishes no ports", entry.name),
        ));
    }
    if matches!(entry.status(), Status::Running | Status::Paused) {
        let request = Request::Ports { add: add.to_vec(), remove: remove.to_vec() };
        let sockets = forward::to_hand_over(add);
        return Ok(control::request_with(&store.container_run(&entry.id), &request, &sockets)?.bound);
    }
    let Some(_lock) = containers::take_lock(store, &entry.id)? else {
        return Err(Error::new(Kind::Conflict, format!("container {} is just being started", entry.name)));
    };
    let mut record = ports::read(store, &entry.id)?;
    record.remove(&network.ports, remove)?;
    record.add(&network.ports, add);
    ports::write(store, &entry.id, &record, Durable::Yes)?;
    Ok(Vec::new())
}
