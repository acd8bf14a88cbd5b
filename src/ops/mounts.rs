//! What a request's mounts need of the host and of the store: looked up before the container is
//! decided on, made when it is.

use crate::container::config::{ContainerConfig, Mount};
use crate::container::id::ContainerId;
use crate::container::mounts::MountFacts;
use crate::container::request::ContainerRequest;
use crate::container::volume::driver::Backing;
use crate::container::volume::{SourceRequest, VolumeName, not_yet};
use crate::error::{Error, Kind, Result, invalid};
use crate::store::containers;
use crate::store::layout::Store;
use crate::store::volumes::{self, Volume};
use crate::transfer::named;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Looks up what the mounts refer to; `named` are the containers that the request names.
///
/// # Errors
/// `NotFound` for an image that is not there, or a pattern that nothing matches.
pub(super) fn facts(
    store: &Store,
    request: &ContainerRequest,
    named: &BTreeMap<String, ContainerId>,
) -> Result<MountFacts> {
    let mut facts = MountFacts::default();
    for from in &request.volumes_from {
        if let Some(id) = named.get(&from.container) {
            let config = containers::config(store, id)?;
            facts.of_containers.insert(from.container.clone(), config.mounts);
        }
    }
    for name in request.mounted_images() {
        let Some(image) = named::find(store, name)? else {
            return Err(Error::new(Kind::NotFound, format!("{name}: image not known"))
                .hint(format!("an image to mount is not pulled by itself: box pull {name}")));
        };
        facts.images.insert(name.to_string(), image.chain());
    }
    for pattern in request.patterns() {
        facts.matches.insert(pattern.to_string(), matches(pattern)?);
    }
    for volume in to_make(request) {
        let asked = volume.asked()?;
        // That is done in the user namespace, where this process is not.
        if asked.uid.or(asked.gid).is_some()
            && asked.backing == Backing::Store
            && !volumes::exists(store, &volume.name)
        {
            return Err(not_yet("uid= and gid= of a volume that --mount makes")
                .hint(format!("make it first: box volume create -o o=uid=… {}", volume.name)));
        }
    }
    Ok(facts)
}

fn matches(pattern: &str) -> Result<Vec<PathBuf>> {
    if !pattern.starts_with('/') {
        return Err(invalid(format!("the pattern {pattern:?} is no absolute path, as in /usr/lib/lib*.so")));
    }
    let all = glob::glob(pattern).map_err(|e| invalid(format!("{pattern:?} is no pattern")).because(e))?;
    let mut found: Vec<PathBuf> = all.flatten().collect();
    found.sort();
    if found.is_empty() {
        return Err(Error::new(Kind::NotFound, format!("no file paths matching glob {pattern:?}")));
    }
    Ok(found)
}

/// The named volumes of a request, as they are made unless they are there.
fn to_make(request: &ContainerRequest) -> impl Iterator<Item = Volume> {
    request.mounts.iter().filter_map(|mount| match &mount.source {
        SourceRequest::Volume { name: Some(name), driver_options, labels, .. } => {
            let mut volume = Volume::new(name.clone(), false);
            volume.options = driver_options.iter().cloned().collect();
            volume.labels = labels.iter().cloned().collect();
            Some(volume)
        }
        _ => None,
    })
}

/// The anonymous volumes that it gets from other containers: nobody can make these again.
pub(super) fn borrowed(facts: &MountFacts) -> Vec<VolumeName> {
    let all = facts.of_containers.values().flatten().filter_map(Mount::volume);
    all.filter(|(_, anonymous)| *anonymous).map(|(name, _)| name.clone()).collect()
}

/// The named volumes of a container that has to be made with its volumes held, and its request.
pub(super) fn wanted(request: &ContainerRequest) -> Vec<Volume> {
    to_make(request).collect()
}

/// Makes the volumes of a container that refers to them already; whoever calls this holds the volumes.
/// Those that were not there are `made` then, also when a later one fails.
///
/// A crash leaves the container without some of them: its start makes those.
///
/// # Errors
/// `NotFound` when a borrowed volume went away with the container that it belonged to.
pub(super) fn make_volumes(
    store: &Store,
    config: &ContainerConfig,
    mut wanted: Vec<Volume>,
    borrowed: &[VolumeName],
    made: &mut Vec<VolumeName>,
) -> Result<()> {
    for (name, anonymous) in config.mounts.iter().filter_map(Mount::volume) {
        if borrowed.contains(name) && !volumes::exists(store, name) {
            return Err(volumes::no_such(name.as_str()));
        }
        let known = wanted.iter().position(|volume| volume.name == *name);
        let make = || match known {
            Some(at) => wanted.swap_remove(at),
            None => Volume::new(name.clone(), anonymous),
        };
        if volumes::ensure(store, make, name)? {
            made.push(name.clone());
        }
    }
    Ok(())
}
