//! Removing what nobody uses: containers that do not run, images without a container.

use super::select::Filters;
use super::{df, images, ps, reconcile, rm, rmi, volumes};
use crate::container::id::ContainerId;
use crate::container::state::Status;
use crate::container::volume::VolumeName;
use crate::error::{Error, Kind, Result};
use crate::image::digest::ImageId;
use crate::settings::Settings;
use crate::store::containers::{self, Entry};
use crate::store::gc::Copies;
use crate::store::images::Image;
use crate::store::layout::Store;
use std::time::Duration;

/// What was removed, and what went wrong.
#[derive(Debug, Default)]
pub struct Pruned {
    /// These containers are gone.
    pub containers: Vec<ContainerId>,
    /// These volumes are gone.
    pub volumes: Vec<VolumeName>,
    /// These images are gone.
    pub images: Vec<ImageId>,
    /// Bytes that are free now, or will be when the trash is empty.
    pub bytes: u64,
    /// The images are in use by somebody (a pull, a build): their files go with the next collection.
    pub busy: bool,
    /// The failures.
    pub errors: Vec<Error>,
}

/// Removes the containers that do not run and that the filters mean.
///
/// They go one after the other: a crash leaves the rest, and what `store::containers` says of one.
///
/// # Errors
/// When the store cannot be listed.
pub fn containers(settings: &Settings, store: &Store, filters: &Filters) -> Result<Pruned> {
    let mut pruned = Pruned::default();
    containers::sweep_half_made(store)?;
    for entry in ended(settings, store, filters)? {
        match remove_ended(settings, store, &entry) {
            Ok(true) => pruned.containers.push(entry.id),
            Ok(false) => {}
            Err(error) => pruned.errors.push(error),
        }
    }
    rm::empty_trash(settings, store);
    Ok(pruned)
}

/// Removes a container unless it has been started, or removed by somebody else, since we looked.
fn remove_ended(settings: &Settings, store: &Store, entry: &Entry) -> Result<bool> {
    // One that is on its way up or down has a state soon.
    for _ in 0..50 {
        match rm::remove(settings, store, entry) {
            Ok(()) => return Ok(true),
            Err(error) if error.kind() == Kind::NotFound => return Ok(false),
            Err(error) if error.kind() == Kind::Conflict => {
                let now = reconcile::look(settings, store, &entry.id)?;
                if now.is_none_or(|now| now.status() == Status::Running) {
                    return Ok(false);
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(error) => return Err(error),
        }
    }
    let text = format!("container {} was not removed: another command is working with its files", entry.name);
    Err(Error::new(Kind::Conflict, text).hint("prune again when that has ended"))
}

/// The containers that do not run and that the filters mean.
fn ended(settings: &Settings, store: &Store, filters: &Filters) -> Result<Vec<Entry>> {
    let all = ps::list(settings, store)?.containers;
    Ok(all.into_iter().filter(|entry| entry.status() != Status::Running && filters.hold(entry)).collect())
}

/// Removes the images that no container uses and that the filters mean: those without a name, or
/// with `all` also those with one.
///
/// Names first, then files: a crash leaves images that were not reached, and files that nothing names,
/// which the next collection removes.
///
/// # Errors
/// When the store cannot be listed, or the user namespace cannot be entered.
pub fn images(settings: &Settings, store: &Store, all: bool, filters: &images::Filters) -> Result<Pruned> {
    let mut pruned = Pruned::default();
    for image in unused(store, all, filters)? {
        match rmi::remove_whole(settings, store, &image, false) {
            Ok(removal) => pruned.images.extend(removal.deleted),
            // A container was made from it since we looked.
            Err(error) if error.kind() == Kind::Conflict => {}
            Err(error) => pruned.errors.push(error),
        }
    }
    let collected = rmi::collect(settings, store, Copies::Unused)?;
    pruned.bytes = collected.bytes;
    pruned.busy = collected.busy;
    Ok(pruned)
}

fn unused(store: &Store, all: bool, filters: &images::Filters) -> Result<Vec<Image>> {
    let mut unused = rmi::unused(store, all)?;
    unused.retain(|image| match image.names.is_empty() {
        true => filters.hold(image, None, 0),
        false => image.names.iter().any(|name| filters.hold(image, Some(name), 0)),
    });
    Ok(unused)
}

/// What [`everything`] removes.
#[derive(Debug, Default)]
pub struct Wish {
    /// Also images that have a name.
    pub all_images: bool,
    /// Which containers.
    pub containers: Filters,
    /// Which images.
    pub images: images::Filters,
    /// Also volumes: these.
    pub volumes: Option<volumes::Filters>,
}

/// What [`everything`] would remove now.
///
/// # Errors
/// When the store cannot be listed.
pub fn would(settings: &Settings, store: &Store, wish: &Wish) -> Result<Pruned> {
    let containers = ended(settings, store, &wish.containers)?.into_iter().map(|entry| entry.id).collect();
    let mut pruned = Pruned { containers, ..Pruned::default() };
    let goes = |ids: &[ContainerId]| ids.iter().all(|id| pruned.containers.contains(id));
    if let Some(filters) = &wish.volumes {
        let listed = volumes::list(settings, store)?;
        let going = listed.into_iter().filter(|v| goes(&v.users) && filters.hold(&v.volume, true));
        pruned.volumes = going.map(|listed| listed.volume.name).collect();
    }
    for image in images::list(store)? {
        let meant = match image.names.is_empty() {
            true => wish.images.hold(&image, None, 0),
            false => {
                wish.all_images && image.names.iter().any(|name| wish.images.hold(&image, Some(name), 0))
            }
        };
        if meant && goes(&rmi::users(store, &image.id)?) {
            pruned.images.push(image.id);
        }
    }
    Ok(pruned)
}

/// Removes the containers that do not run, the volumes if they are wished, then the images that
/// nobody uses.
///
/// A crash leaves what was not reached, whole; the next prune goes on.
///
/// # Errors
/// When the store cannot be listed, or the user namespace cannot be entered.
pub fn everything(settings: &Settings, store: &Store, wish: &Wish) -> Result<Pruned> {
    let ids: Vec<ContainerId> =
        ended(settings, store, &wish.containers)?.into_iter().map(|entry| entry.id).collect();
    // Before they go.
    let sizes = df::written(settings, &ids)?;
    let of_containers = containers(settings, store, &wish.containers)?;
    let mut freed: u64 = of_containers.containers.iter().filter_map(|id| sizes.get(id)).sum();
    let (mut gone, mut failed) = (Vec::new(), Vec::new());
    volumes::sweep(store)?;
    if let Some(filters) = &wish.volumes {
        let listed = volumes::list(settings, store)?;
        let sizes = df::trees(settings, listed.iter().map(|volume| volume.mountpoint.clone()).collect())?;
        (gone, failed) = volumes::prune(store, filters)?;
        let removed = listed.iter().zip(&sizes).filter(|(volume, _)| gone.contains(&volume.volume.name));
        freed += removed.map(|(_, size)| size).sum::<u64>();
    }
    let of_images = images(settings, store, wish.all_images, &wish.images)?;
    Ok(Pruned {
        containers: of_containers.containers,
        volumes: gone,
        images: of_images.images,
        bytes: freed + of_images.bytes,
        busy: of_images.busy,
        errors: of_containers.errors.into_iter().chain(failed).chain(of_images.errors).collect(),
    })
}
