//! `ports.json` in a container's directory: which ports of the host are its own.
//!
//! The supervisor replaces it as a whole at each start, and when ports are added or removed while
//! the container runs. What stands in it after the container's end is where its ports were: the next
//! start asks for the same ones.

use super::layout::Store;
use crate::container::id::ContainerId;
use crate::container::port::{Bound, PortMap};
use crate::error::{Error, Kind, Result, failed};
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
    /// Why clients' own addresses cannot be shown to the container's services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<String>,
}

impl Ports {
    /// What is wanted of a container that was made with `first`.
    #[must_use]
    pub fn wanted<'a>(&'a self, first: &'a [PortMap]) -> &'a [PortMap] {
        self.wanted.as_deref().unwrap_or(first)
    }

    /// Adds to what is wanted of a container that was made with `first`.
    pub fn add(&mut self, first: &[PortMap], maps: &[PortMap]) {
        let mut wanted = self.wanted(first).to_vec();
        wanted.extend(maps.iter().filter(|map| !wanted.contains(map)).cloned().collect::<Vec<_>>());
        self.wanted = Some(wanted);
    }

    /// Takes away what one of `maps` means; returns what of it was bound.
    ///
    /// # Errors
    /// `NotFound` for one that means nothing; then nothing has changed.
    pub fn remove(&mut self, first: &[PortMap], maps: &[PortMap]) -> Result<Vec<Bound>> {
        let mut wanted = self.wanted(first).to_vec();
        let mut bound = self.bound.clone();
        let mut gone = Vec::new();
        for map in maps {
            let meant: Vec<Bound> = bound.iter().filter(|bound| map.means(bound)).cloned().collect();
            let before = wanted.len();
            wanted.retain(|other| !map.includes(other) && !meant.iter().any(|bound| other.led_to(bound)));
            if meant.is_empty() && wanted.len() == before {
                return Err(Error::new(Kind::NotFound, format!("failed to find published port \"{map}\"")));
            }
            bound.retain(|bound| !meant.contains(bound));
            gone.extend(meant);
        }
        self.wanted = Some(wanted);
        self.bound = bound;
        Ok(gone)
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::port::Publish;

    fn maps(words: &[&str]) -> Vec<PortMap> {
        words.iter().flat_map(|word| word.parse::<Publish>().unwrap().0).collect()
    }

    #[test]
    fn ports_are_removed_by_what_they_lead_to_or_by_where_they_are() {
        let first = maps(&["8080:80", "127.0.0.1::80", "53/udp"]);
        let bound = |text: &str, host| {
            let map = maps(&[text]).remove(0);
            Bound { container: map.container, protocol: map.protocol, host_ip: map.host_ip, host }
        };
        let mut ports = Ports {
            wanted: None,
            hidden: None,
            bound: vec![bound("8080:80", 8080), bound("127.0.0.1::80", 40000), bound("53/udp", 40001)],
        };
        assert!(ports.remove(&first, &maps(&["8081:80"])).is_err());
        assert_eq!(ports.wanted, None);
        assert_eq!(ports.remove(&first, &maps(&["127.0.0.1:40000:80"])).unwrap().len(), 1);
        assert_eq!(ports.wanted(&first), maps(&["8080:80", "53/udp"]));
        ports.add(&first, &maps(&["443"]));
        assert_eq!(ports.remove(&first, &maps(&["80", "53/udp"])).unwrap().len(), 2);
        assert_eq!(ports.wanted(&first), maps(&["443"]));
        assert!(ports.bound.is_empty());
    }
}
