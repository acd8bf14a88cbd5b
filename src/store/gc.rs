//! Removes blobs and layers that no image and no container refers to.
//!
//! Mark and sweep under the images' lock, held alone: nobody is in the middle of making or using an
//! image meanwhile. While somebody is, nothing is removed and the next collection does it.

use super::layout::Store;
use super::{containers, images, layers, staging};
use crate::container::idmap;
use crate::error::{Doing, Kind, Result};
use crate::image::config::ImageConfig;
use crate::image::digest::{Algorithm, BlobDigest, ChainId, ImageId};
use crate::image::manifest::{Descriptor, MAX_CONFIG, Manifest};
use crate::sys::userns::InUserNs;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

/// What a collection came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collected {
    /// Blobs that are gone.
    pub blobs: u64,
    /// Layers that are out of sight; their files wait in the trash.
    pub layers: u64,
    /// The bytes that were freed, or will be when the trash is empty.
    pub bytes: u64,
    /// Somebody was using the images, so nothing was done.
    pub busy: bool,
}

/// What becomes of a layer's copies for user namespaces of their own ([`super::mapped`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Copies {
    /// They stay as long as their layer does: the next such container need not wait for a copy.
    Keep,
    /// Those that no container uses go.
    Unused,
}

/// Collects. Layers are moved to the trash, which the caller empties when it has answered.
///
/// Nothing refers to what goes, so a crash between any two steps leaves the rest for the next
/// collection, and the trash for whoever empties it next.
///
/// # Errors
/// When the index or a container's configuration cannot be read: what it refers to is unknown, so
/// everything stays.
pub fn collect(store: &Store, copies: Copies, _inside: &InUserNs) -> Result<Collected> {
    let mut lock = images::try_hold_alone(store)?;
    for _ in 0..20 {
        if lock.is_some() {
            break;
        }
        // Most hold it for a moment only.
        std::thread::sleep(Duration::from_millis(25));
        lock = images::try_hold_alone(store)?;
    }
    let Some(_lock) = lock else {
        return Ok(Collected { busy: true, ..Collected::default() });
    };
    staging::sweep(store)?;
    images::drop_shadowed(store)?;
    let (blobs, used) = marked(store)?;
    let copies = (copies == Copies::Unused).then(|| used_copies(store)).transpose()?;
    let mut done = Collected::default();
    // Layers first: a layer without its blob is found and removed later, as is a blob without a layer.
    for hex in names(&store.layers())? {
        let is_layer = hex == super::mapped::chain_of(&hex);
        let copy_used = is_layer || copies.as_ref().is_none_or(|copies| copies.contains(&hex));
        if used.contains(super::mapped::chain_of(&hex)) && copy_used {
            continue;
        }
        let from = store.layers().join(&hex);
        let chain = ChainId::from_hex(super::mapped::chain_of(&hex)).ok();
        let size = chain.and_then(|chain| layers::record(store, &chain).ok()).map_or(0, |record| record.size);
        let to = free_place(&store.trash(), &hex);
        std::fs::rename(&from, &to).doing(|| format!("move {} to the trash", from.display()))?;
        done.layers += 1;
        done.bytes += size;
    }
    for algorithm in Algorithm::ALL {
        for hex in self::blobs(store, algorithm)? {
            if !blobs.contains(&hex) {
                let path = store.blobs(algorithm).join(&hex);
                done.bytes += std::fs::symlink_metadata(&path).map_or(0, |meta| meta.len());
                std::fs::remove_file(&path).doing(|| format!("remove {}", path.display()))?;
                done.blobs += 1;
            }
        }
    }
    images::sweep_half_written(store)?;
    Ok(done)
}

/// What an entry of the index refers to, by hex digits.
#[derive(Debug, Default)]
pub(crate) struct References {
    pub(crate) blobs: HashSet<String>,
    pub(crate) layers: HashSet<String>,
    /// The image; `None` when its manifest cannot be read.
    pub(crate) image: Option<ImageId>,
}

impl References {
    /// Reads them. A broken image harms only itself: what can be read of it counts.
    pub(crate) fn of(store: &Store, entry: &Descriptor) -> References {
        let mut all = References::default();
        // What came through an index and was kept whole goes out whole again.
        let through = entry.annotations.get(images::INDEX_DIGEST).and_then(|text| text.parse().ok());
        if let Some(digest) = through
            && let Some(index) = images::index(store, &digest)
        {
            all.mark_manifest(store, &digest);
            for other in &index.manifests {
                all.mark_manifest(store, &other.digest);
            }
        }
        let Some(manifest) = all.mark_manifest(store, &entry.digest) else { return all };
        all.image = Some(ImageId::of_config(&manifest.config.digest));
        let config = super::blobs::read(store, &manifest.config.digest, MAX_CONFIG);
        if let Ok(config) = config.and_then(|bytes| ImageConfig::parse(&bytes)) {
            let chain = ChainId::chain(&config.rootfs.diff_ids);
            all.layers.extend(chain.iter().map(|chain| chain.hex().to_string()));
        }
        all
    }

    fn mark_manifest(&mut self, store: &Store, digest: &BlobDigest) -> Option<Manifest> {
        self.blobs.insert(digest.hex().to_string());
        let manifest = images::manifest(store, digest).ok()?;
        let parts = std::iter::once(&manifest.config).chain(&manifest.layers);
        self.blobs.extend(parts.map(|part| part.digest.hex().to_string()));
        Some(manifest)
    }
}

/// The hex digits of all blobs and chains that something refers to.
pub(crate) fn marked(store: &Store) -> Result<(HashSet<String>, HashSet<String>)> {
    let (mut blobs, mut layers) = (HashSet::new(), HashSet::new());
    for entry in images::read_index(store)?.manifests {
        let of_entry = References::of(store, &entry);
        blobs.extend(of_entry.blobs);
        layers.extend(of_entry.layers);
    }
    for id in containers::list(store)? {
        let config = match containers::config(store, &id) {
            Ok(config) => config,
            // Removed, or not made yet.
            Err(_) if !store.container(&id).join("config.json").exists() => continue,
            Err(error) => return Err(error),
        };
        layers.extend(config.layers().map(|chain| chain.hex().to_string()));
    }
    Ok((blobs, layers))
}

/// The names in `layers/` of the copies that containers use.
fn used_copies(store: &Store) -> Result<HashSet<String>> {
    let mut used = HashSet::new();
    for id in containers::list(store)? {
        let config = match containers::config(store, &id) {
            Ok(config) => config,
            // Removed, or not made yet.
            Err(_) if !store.container(&id).join("config.json").exists() => continue,
            Err(error) => return Err(error),
        };
        if let Some(key) = idmap::key(&config.namespaces.user) {
            used.extend(config.layers().map(|chain| super::mapped::name(chain, &key)));
        }
    }
    Ok(used)
}

/// The names of the blobs that have digests of this algorithm.
pub(crate) fn blobs(store: &Store, algorithm: Algorithm) -> Result<Vec<String>> {
    match names(&store.blobs(algorithm)) {
        // Made with the first such blob.
        Err(error) if error.kind() == Kind::NotFound && algorithm != Algorithm::Sha256 => Ok(Vec::new()),
        names => names,
    }
}

pub(crate) fn names(dir: &Path) -> Result<Vec<String>> {
    let doing = || format!("list {}", dir.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir).doing(doing)? {
        names.push(entry.doing(doing)?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

/// A place in the trash for a layer.
pub fn free_place(trash: &Path, hex: &str) -> std::path::PathBuf {
    let mut number = 0u32;
    loop {
        let place = trash.join(format!("layer-{hex}-{number}"));
        if !place.exists() {
            return place;
        }
        number += 1;
    }
}
