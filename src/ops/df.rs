//! What takes up the disk: images, containers, and how much of it could go.

use super::{images, ps, volumes, worker};
use crate::container::id::ContainerId;
use crate::container::state::Status;
use crate::error::Result;
use crate::image::digest::ChainId;
use crate::settings::Settings;
use crate::store::containers::Entry;
use crate::store::images::Image;
use crate::store::layout::Store;
use crate::store::usage::Usage;
use crate::store::{driver, layers};
use crate::sys::userns::InUserNs;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

/// One kind of thing, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many there are.
    pub total: usize,
    /// How many are in use.
    pub active: usize,
    /// Bytes of all.
    pub size: u64,
    /// Bytes of what is not in use.
    pub reclaimable: u64,
}

/// An image and its size.
#[derive(Clone, Debug)]
pub struct ImageUse {
    /// The image.
    pub image: Image,
    /// Bytes of its layers, as `images` says.
    pub size: u64,
    /// Bytes of the layers among them that another image has as well.
    pub shared: u64,
    /// How many containers were made from it.
    pub containers: u32,
}

/// A container and its room on the disk.
#[derive(Clone, Debug)]
pub struct ContainerUse {
    /// The container.
    pub entry: Entry,
    /// Bytes of what it has written, its log included.
    pub size: u64,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct DiskUse {
    /// Each image.
    pub images: Vec<ImageUse>,
    /// Each container.
    pub containers: Vec<ContainerUse>,
    /// The images added up, with the blobs that they came as beside their unpacked layers: what two of
    /// them share counts once, what nobody refers to counts too.
    pub all_images: Sum,
    /// The containers added up.
    pub all_containers: Sum,
    /// Each volume.
    pub volumes: Vec<VolumeUse>,
    /// The volumes added up.
    pub all_volumes: Sum,
}

/// A volume and its room on the disk.
#[derive(Clone, Debug)]
pub struct VolumeUse {
    /// Its name.
    pub name: String,
    /// How many containers use it, running or not.
    pub links: usize,
    /// Bytes of its files.
    pub size: u64,
}

/// Adds it all up.
///
/// # Errors
/// When the store cannot be read, or the user namespace cannot be entered.
pub fn disk_use(settings: &Settings, store: &Store) -> Result<DiskUse> {
    let usage = Usage::read(store)?;
    let users = images::users(store)?;
    let users_of = |image: &crate::image::digest::ImageId| users.get(image.hex()).copied().unwrap_or(0);
    let mut all = DiskUse::default();
    let listed = images::list(store)?;
    let mut images_of: HashMap<ChainId, HashSet<String>> = HashMap::new();
    for image in &listed {
        for layer in image.chain() {
            images_of.entry(layer).or_default().insert(image.id.hex().to_string());
        }
    }
    for image in listed {
        let is_shared = |layer: &ChainId| images_of.get(layer).is_some_and(|images| images.len() > 1);
        let shared = image.chain().into_iter().filter(is_shared);
        let shared = shared.map(|layer| layers::record(store, &layer).map_or(0, |record| record.size)).sum();
        all.images.push(ImageUse { size: image.size, shared, containers: users_of(&image.id), image });
    }
    let size = usage.size(usage.sizes.keys());
    all.all_images = Sum {
        total: all.images.len(),
        active: all.images.iter().filter(|image| image.containers > 0).count(),
        size,
        reclaimable: size - usage.kept(|image| users_of(image) > 0),
    };
    let entries = ps::list(settings, store)?.containers;
    let ids: Vec<ContainerId> = entries.iter().map(|entry| entry.id.clone()).collect();
    let sizes = written(settings, &ids)?;
    for entry in entries {
        let size = sizes.get(&entry.id).copied().unwrap_or(0);
        let running = entry.status() == Status::Running;
        all.all_containers.total += 1;
        all.all_containers.active += usize::from(running);
        all.all_containers.size += size;
        all.all_containers.reclaimable += if running { 0 } else { size };
        all.containers.push(ContainerUse { entry, size });
    }
    let listed = volumes::list(settings, store)?;
    let sizes = trees(settings, listed.iter().map(|volume| volume.mountpoint.clone()).collect())?;
    for (volume, size) in listed.iter().zip(sizes) {
        let links = volume.users.len();
        all.all_volumes.total += 1;
        all.all_volumes.active += usize::from(links > 0);
        all.all_volumes.size += size;
        all.all_volumes.reclaimable += if links > 0 { 0 } else { size };
        all.volumes.push(VolumeUse { name: volume.volume.name.to_string(), links, size });
    }
    Ok(all)
}

/// Bytes of the files below these directories, added up inside the user namespace.
///
/// # Errors
/// When the user namespace cannot be entered.
pub fn trees(settings: &Settings, directories: Vec<PathBuf>) -> Result<Vec<u64>> {
    if directories.is_empty() { Ok(Vec::new()) } else { worker::call(settings, "trees", &directories) }
}

/// Bytes that these containers have written. Their directories may be closed to the user who owns
/// the containers, so a worker inside the user namespace adds them up.
///
/// # Errors
/// When the user namespace cannot be entered.
pub fn written(settings: &Settings, wanted: &[ContainerId]) -> Result<HashMap<ContainerId, u64>> {
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let pairs: Vec<(ContainerId, u64)> = worker::call(settings, "written", &wanted)?;
    Ok(pairs.into_iter().collect())
}

/// The worker's part of [`written`].
///
/// # Errors
/// None now: what cannot be read counts as nothing.
pub fn written_job(
    store: &Store,
    wanted: Vec<ContainerId>,
    _inside: &InUserNs,
) -> Result<Vec<(ContainerId, u64)>> {
    let size = |id: &ContainerId| {
        let dir = store.container(id);
        let logs = std::fs::read_dir(&dir).into_iter().flatten().flatten();
        let logs = logs.filter(|entry| entry.file_name().to_string_lossy().starts_with("log"));
        ps::tree_size(&driver::own_files(store, id))
            + ps::tree_size(&dir.join("overlays"))
            + logs.map(|entry| entry.metadata().map_or(0, |meta| meta.len())).sum::<u64>()
    };
    Ok(wanted.into_iter().map(|id| (id.clone(), size(&id))).collect())
}
