//! All containers, as `ps` shows them.

use super::{reconcile, worker};
use crate::container::id::ContainerId;
use crate::error::{Error, Result};
use crate::settings::Settings;
use crate::store::containers::{self, Entry};
use crate::store::driver;
use crate::store::layout::Store;
use crate::sys::userns::InUserNs;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// All containers there are.
#[derive(Debug, Default)]
pub struct Listing {
    /// Newest first.
    pub containers: Vec<Entry>,
    /// What is wrong with those that could not be read: a broken one harms only itself.
    pub broken: Vec<Error>,
}

/// Looks at all containers; those that crashed are put right on the way, no lock is waited for.
///
/// # Errors
/// When the store cannot be listed.
pub fn list(settings: &Settings, store: &Store) -> Result<Listing> {
    let mut listing = Listing::default();
    for (_, looked) in containers::look_at_all(store)? {
        match looked.and_then(|entry| reconcile::settle(settings, store, entry)) {
            Ok(Some(entry)) => listing.containers.push(entry),
            // It went away while we looked, or was never whole.
            Ok(None) => {}
            Err(error) => listing.broken.push(error),
        }
    }
    listing.containers.sort_by_key(|entry| std::cmp::Reverse(entry.config.created));
    Ok(listing)
}

/// How much a container takes up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Bytes of the files that it has written or changed.
    pub written: u64,
    /// Bytes of all its files: those of the image and its own.
    pub total: u64,
}

/// The sizes of these containers. Their directories may be closed to the user who owns the
/// container, so a worker inside the user namespace adds them up.
///
/// # Errors
/// When the user namespace cannot be entered.
pub fn sizes(
    settings: &Settings,
    store: &Store,
    wanted: &[ContainerId],
) -> Result<HashMap<ContainerId, Size>> {
    let _ = store;
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let pairs: Vec<(ContainerId, Size)> = worker::call(settings, "sizes", &wanted)?;
    Ok(pairs.into_iter().collect())
}

/// The worker's part of [`sizes`].
///
/// # Errors
/// None now: what cannot be read counts as nothing.
pub fn sizes_job(
    store: &Store,
    wanted: Vec<ContainerId>,
    _inside: &InUserNs,
) -> Result<Vec<(ContainerId, Size)>> {
    let mut known = HashMap::new();
    let mut sizes = Vec::new();
    for id in wanted {
        let Ok(config) = containers::config(store, &id) else { continue };
        let own = tree_size(&driver::own_files(store, &id));
        let below: u64 = match &config.rootfs {
            crate::container::config::Rootfs::Layers(chain) => chain
                .iter()
                .map(|layer| {
                    *known.entry(layer.clone()).or_insert_with(|| tree_size(&store.layer(layer).join("diff")))
                })
                .sum(),
            crate::container::config::Rootfs::Directory(dir) => tree_size(dir),
        };
        let size = match driver::copied(store, &id).is_dir() {
            // Its own files have those of the image among them.
            true => Size { written: own.saturating_sub(below), total: own },
            false => Size { written: own, total: below + own },
        };
        sizes.push((id, size));
    }
    Ok(sizes)
}

/// The bytes of the regular files below `dir`, as images count theirs; hard links count once.
#[must_use]
pub fn tree_size(dir: &Path) -> u64 {
    let mut seen = std::collections::HashSet::new();
    let mut waiting = vec![dir.to_path_buf()];
    let mut sum = 0;
    while let Some(dir) = waiting.pop() {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            // Of the entry itself, not of what a symlink leads to.
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() {
                waiting.push(entry.path());
            } else if meta.is_file() && (meta.nlink() == 1 || seen.insert((meta.dev(), meta.ino()))) {
                sum += meta.len();
            }
        }
    }
    sum
}
