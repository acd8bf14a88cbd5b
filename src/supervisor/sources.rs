//! Where the sources of a container's mounts are, made ready for a start.

use crate::container::config::{ContainerConfig, Mount, MountSource};
use crate::container::state::State;
use crate::container::volume::VolumeName;
use crate::container::volume::driver::Backing;
use crate::error::{Doing, Error, Kind, Result};
use crate::oci::lower::Place;
use crate::store::layout::Store;
use crate::store::volumes::{self, Volume};
use crate::store::{containers, layers};
use crate::sys::tree;
use std::path::{Path, PathBuf};

/// Finds the source of each mount, in their order; makes the volumes that are missing, and the
/// directories that overlays write to.
///
/// A crash leaves a volume or an empty directory, which the next start finds.
///
/// # Errors
/// `NotFound` when a layer or a directory is gone.
pub(super) fn places(store: &Store, config: &ContainerConfig) -> Result<Vec<Place>> {
    let directory = store.container(&config.id);
    let place = |(number, mount): (usize, &Mount)| {
        let own = directory.join("overlays").join(number.to_string());
        place(store, config, mount, own).doing(|| format!("prepare the mount at {}", mount.destination))
    };
    config.mounts.iter().enumerate().map(place).collect()
}

fn place(store: &Store, config: &ContainerConfig, mount: &Mount, own: PathBuf) -> Result<Place> {
    let mut place = Place { own, ..Place::default() };
    match &mount.source {
        MountSource::Bind { path, .. } => place.source.clone_from(path),
        MountSource::Volume { name, anonymous, .. } => {
            volumes::ensure(store, || Volume::new(name.clone(), *anonymous), name)?;
            let volume = volumes::get(store, name)?;
            let asked = volume.asked()?;
            match asked.backing {
                Backing::Store => {
                    place.source = volumes::data(store, name);
                    place.volume = (!asked.no_copy).then(|| store.volume(name));
                }
                Backing::Directory { path, options } => (place.source, place.options) = (path, options),
                Backing::Tmpfs(options) => match shared_tmpfs(store, config, name)? {
                    Some(source) => place.source = source,
                    None => place.tmpfs = Some(options),
                },
            }
        }
        MountSource::Image { name, layers: chain, writable } => {
            for layer in chain {
                let directory = layers::diff(store, layer);
                if !directory.is_dir() {
                    return Err(Error::new(Kind::NotFound, format!("a layer of the image {name} is gone"))
                        .hint(format!("pull it again: box pull {name}")));
                }
                place.layers.push(directory);
            }
            if *writable || mount.subpath.is_some() {
                make_own(&place.own, false)?;
            }
        }
        MountSource::Tmpfs | MountSource::Ramfs | MountSource::Devpts => {}
    }
    if mount.overlay.is_some() {
        if !place.source.is_dir() {
            let text = format!("{} is no directory, and O works on directories only", place.source.display());
            return Err(Error::new(Kind::Invalid, text));
        }
        make_own(&place.own, true)?;
    }
    Ok(place)
}

/// Makes the directories of an overlay. What an earlier run has left in one is thrown away if `fresh`:
/// it is like a tmpfs then.
fn make_own(own: &Path, fresh: bool) -> Result<()> {
    for (name, emptied) in [("diff", fresh), ("work", true), ("merged", false)] {
        let path = own.join(name);
        if emptied {
            tree::remove(&path)?;
        }
        std::fs::create_dir_all(&path).doing(|| format!("make {}", path.display()))?;
    }
    Ok(())
}

/// A volume that is a tmpfs exists as long as containers run that have it: the place of it in one of
/// them.
fn shared_tmpfs(store: &Store, config: &ContainerConfig, name: &VolumeName) -> Result<Option<PathBuf>> {
    let users = volumes::users(store)?.remove(name).unwrap_or_default();
    for id in users.into_iter().filter(|id| *id != config.id) {
        if !containers::lock_held(store, &id).unwrap_or(false) {
            continue;
        }
        let Ok(Some(entry)) = containers::look(store, &id) else { continue };
        let State::Started(started) = &entry.state else { continue };
        let is_it = |mount: &&Mount| mount.volume().is_some_and(|(theirs, _)| theirs == name);
        if let Some(mount) = entry.config.mounts.iter().find(is_it) {
            return Ok(Some(PathBuf::from(format!("/proc/{}/root{}", started.init.pid, mount.destination))));
        }
    }
    Ok(None)
}
