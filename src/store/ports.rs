//! `ports.json` in a container's directory: which ports of the host are its own.
//!
//! The supervisor replaces it as a whole at each start, and when ports are added or removed while
//! the container runs. What stands in it after the container's end is where its ports were: the next
//! start asks for the same ones.

use super::layout::Store;
use crate::container::id::ContainerId;
use crate::container::port::{Bound, PortMap};
use crate::error::{Kind, Result, failed};
use crate::sys::file::{self, Durable};
use serde::{Deserialize, Serialize};

/// The most that is read of the file: 65535 ports twice take less.
const LIMIT: usize = 32 << 20;

/// The ports of one container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ports {
    /// What is published from the next start on; `None` is what the container was made with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Vec<PortMap>>,
    /// The host's ports that are passed on, in order; of the last run if it does not run.
    pub bound: Vec<Bound>,
}

/// The container's ports; nothing for one that never had any.
///
/// # Errors
/// When the file is broken.
pub fn read(store: &Store, id: &ContainerId) -> Result<Ports> {
    let path = store.container(id).join("ports.json");
    match file::read(&path, LIMIT) {
        Ok(text) => serde_json::from_slice(&text)
            .map_err(|error| failed(format!("{} is broken", path.display())).because(error)),
        Err(error) if error.kind() == Kind::NotFound => Ok(Ports::default()),
        Err(error) => Err(error),
    }
}

/// Replaces the record. Only whoever holds the container's lock does this. A crash before the
/// replacement leaves the record of the last run, after which no port is held.
///
/// # Errors
/// `NotFound` if the container is gone; a full disk.
pub fn write(store: &Store, id: &ContainerId, ports: &Ports, durable: Durable) -> Result<()> {
    let text = serde_json::to_vec(ports).map_err(|error| failed("write down the ports").because(error))?;
    file::replace(&store.container(id).join("ports.json"), &text, durable)
}
