//! Copies of layers for containers with a user namespace of their own.
//!
//! An unpacked layer belongs to the ids of the user's shared namespace. A container in which these
//! ids mean something else gets a copy with other owners, `layers/<chain>.<key>/`, kept beside the
//! layer and thrown away with it, or by a prune when no container has these maps. (A mount with an id map would do without: the kernel allows
//! none of a disk's file system to anybody but root on the host, EPERM, and none of an overlay.)

use super::layers;
use super::layout::Store;
use super::staging::Staging;
use crate::container::idmap::outward;
use crate::error::{Doing, Error, Kind, Result};
use crate::image::digest::ChainId;
use crate::sys::copy;
use crate::sys::userns::{IdMaps, InUserNs};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// The directory that overlay mounts for a container with the id maps `maps`, whose name is `key`;
/// made at the first time.
///
/// It is complete or absent: a rename makes it. What a crash leaves is swept as [`Staging`] says.
///
/// # Errors
/// `NotFound` when the layer is gone; `Unsupported` when its files belong to more ids than there are.
pub fn diff(store: &Store, chain: &ChainId, key: &str, maps: &IdMaps, _: &InUserNs) -> Result<PathBuf> {
    let place = store.layers().join(name(chain, key));
    let made = place.join("diff");
    if made.is_dir() {
        return Ok(made);
    }
    let original = layers::diff(store, chain);
    let source = File::open(&original).doing(|| format!("open {}", original.display()))?;
    let staging = Staging::begin(store)?;
    let dir = staging.path("mapped");
    let target = dir.join("diff");
    std::fs::create_dir_all(&target).doing(|| format!("make {}", target.display()))?;
    let target = File::open(&target).doing(|| format!("open {}", target.display()))?;
    let owner = |uid, gid| Some((outward(&maps.uids, uid)?, outward(&maps.gids, gid)?));
    copy::layer(&OwnedFd::from(source), &OwnedFd::from(target), &owner)
        .doing(|| format!("copy the layer {} for a user namespace of its own", chain.hex()))?;
    staging.sync()?;
    match std::fs::rename(&dir, &place) {
        Err(_) if made.is_dir() => Ok(made),
        Err(cause) => {
            let error = Error::new(Kind::Failed, format!("cannot put the layer to {}", place.display()));
            Err(error.because(cause))
        }
        Ok(()) => Ok(made),
    }
}

/// The entry of `layers/` that is the copy of a layer for the maps called `key`.
#[must_use]
pub fn name(chain: &ChainId, key: &str) -> String {
    format!("{}.{key}", chain.hex())
}

/// The chain that an entry of `layers/` is, or is a copy of.
#[must_use]
pub fn chain_of(entry: &str) -> &str {
    entry.split_once('.').map_or(entry, |(chain, _)| chain)
}
