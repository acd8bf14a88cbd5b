//! How a container's root file system is made of its layers: the kernel's overlay, the same by FUSE, or
//! a copy.
//!
//! FUSE is for kernels that give nobody but root an overlay, see [`fuse`]; a container may be started
//! by either, for what they leave in its directory is the same. The copy (podman's and docker's `vfs`) is for stores in which the kernel has no overlay for us:
//! one that lies on an overlay itself, as in a container without a volume, or on NFS. It costs the
//! image's size and time at a container's first start, and less where the file system shares data
//! between copies (btrfs, xfs).

use super::fuse;
use super::layers;
use super::layout::Store;
use super::staging::Staging;
use crate::container::config::ContainerConfig;
use crate::container::id::ContainerId;
use crate::container::idmap::outward;
use crate::error::{Doing, Result};
use crate::image::digest::ChainId;
use crate::settings::StorageDriver;
use crate::sys::mount::{Attributes, FileSystem};
use crate::sys::userns::{IdMaps, InUserNs};
use crate::sys::{copy, tree};
use std::fs::{File, Permissions};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The directory with a container's copy of its layers; there only if it has one.
#[must_use]
pub fn copied(store: &Store, id: &ContainerId) -> PathBuf {
    store.container(id).join("rootfs")
}

/// The directory with the files that a container wrote, among those of its image if it has a copy.
#[must_use]
pub fn own_files(store: &Store, id: &ContainerId) -> PathBuf {
    let copied = copied(store, id);
    if copied.is_dir() { copied } else { store.container(id).join("diff") }
}

/// What new containers of this store get: what is asked for, else the best that works. We are in a
/// mount namespace that the user namespace owns.
///
/// # Errors
/// When nothing can be tried, because the store cannot be written.
pub fn choose(store: &Store, asked: StorageDriver, inside: &InUserNs) -> Result<StorageDriver> {
    match asked {
        StorageDriver::Auto if works(store, "overlay", inside)? => Ok(StorageDriver::Overlay),
        StorageDriver::Auto if works(store, "fuse", inside)? => Ok(StorageDriver::Fuse),
        StorageDriver::Auto => Ok(StorageDriver::Vfs),
        asked => Ok(asked),
    }
}

/// Whether overlay, or that by FUSE, works in the store. That it does is noted in the runtime directory,
/// for this boot and this file system.
fn works(store: &Store, what: &str, _: &InUserNs) -> Result<bool> {
    let noted = note(store, what)?;
    if noted.exists() {
        return Ok(true);
    }
    let staging = Staging::begin(store)?;
    let dir = staging.path(what);
    for name in ["lower", "upper", "work"] {
        let dir = dir.join(name);
        std::fs::create_dir_all(&dir).doing(|| format!("make {}", dir.display()))?;
    }
    let works = if what == "fuse" { fuse::try_out(&dir).is_ok() } else { overlay(&dir).is_ok() };
    tree::remove(&dir)?;
    if works {
        // Without the note the next start tries again.
        let _ = std::fs::write(noted, "");
    }
    Ok(works)
}

/// What the container is started with, as far as is known: what was asked for, or what worked here last.
#[must_use]
pub fn of(store: &Store, config: &ContainerConfig) -> StorageDriver {
    let noted = |what: &str| note(store, what).is_ok_and(|noted| noted.exists());
    match config.storage {
        _ if copied(store, &config.id).is_dir() => StorageDriver::Vfs,
        StorageDriver::Auto if !noted("overlay") && noted("fuse") => StorageDriver::Fuse,
        StorageDriver::Auto => StorageDriver::Overlay,
        asked => asked,
    }
}

/// Whether it is noted that overlay works in the store.
#[must_use]
pub fn is_known_to_work(store: &Store) -> bool {
    note(store, "overlay").is_ok_and(|noted| noted.exists())
}

/// All that was noted in the runtime directory, of whatever file system the store was on.
#[must_use]
pub fn notes(store: &Store) -> Vec<PathBuf> {
    let is_note = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        matches!(name.split_once('-'), Some(("overlay" | "fuse", device)) if u64::from_str_radix(device, 16).is_ok())
    };
    let there = std::fs::read_dir(store.run()).into_iter().flatten().flatten();
    there.map(|entry| entry.path()).filter(is_note).collect()
}

fn note(store: &Store, what: &str) -> Result<PathBuf> {
    let there = std::fs::metadata(store.root()).doing(|| format!("look at {}", store.root().display()))?;
    Ok(store.run().join(format!("{what}-{:x}", there.dev())))
}

/// Mounts `lower`, `upper` and `work` in `dir` as a container's root, attached nowhere.
///
/// # Errors
/// What the kernel says.
pub fn overlay(dir: &Path) -> Result<OwnedFd> {
    let overlay = FileSystem::new("overlay")?;
    overlay.set("lowerdir", dir.join("lower"))?;
    overlay.set("upperdir", dir.join("upper"))?;
    overlay.set("workdir", dir.join("work"))?;
    overlay.flag("userxattr")?;
    overlay.mount(Attributes::none())
}

/// Copies a container's layers, lowest first, into one directory unless that was done; `nested` are
/// the maps of its own user namespace.
///
/// It is complete or absent: a rename makes it. What a crash leaves is swept as [`Staging`] says.
///
/// # Errors
/// What the disk says; `Unsupported` when files belong to more ids than there are.
pub fn copy(
    store: &Store,
    config: &ContainerConfig,
    chain: &[ChainId],
    nested: Option<&IdMaps>,
    _: &InUserNs,
) -> Result<PathBuf> {
    let place = copied(store, &config.id);
    if place.is_dir() {
        return Ok(place);
    }
    let owner = |uid, gid| match nested {
        Some(maps) => Some((outward(&maps.uids, uid)?, outward(&maps.gids, gid)?)),
        None => Some((uid, gid)),
    };
    let staging = Staging::begin(store)?;
    let dir = staging.path("rootfs");
    std::fs::create_dir(&dir).doing(|| format!("make {}", dir.display()))?;
    let open = |path: &Path| File::open(path).doing(|| format!("open {}", path.display()));
    let target = OwnedFd::from(open(&dir)?);
    for layer in chain {
        let source = OwnedFd::from(open(&layers::diff(store, layer))?);
        copy::onto(&source, &target, &owner).doing(|| format!("copy the layer {}", layer.hex()))?;
    }
    // As with overlay, whose root is the container's own directory.
    let root = owner(0, 0).unwrap_or_default();
    std::os::unix::fs::chown(&dir, Some(root.0), Some(root.1)).doing(|| "give the root to its owner")?;
    if chain.is_empty() {
        std::fs::set_permissions(&dir, Permissions::from_mode(0o755)).doing(|| "open the root")?;
    }
    if !config.ending.remove {
        staging.sync()?;
    }
    std::fs::rename(&dir, &place).doing(|| format!("put the root file system to {}", place.display()))?;
    Ok(place)
}
