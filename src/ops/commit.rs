//! `commit`, `diff`, `export` and `image insert`: files of containers become images and archives.

use super::{pull, reconcile, worker};
use crate::error::{Error, Kind, Result};
use crate::image::digest::ImageId;
use crate::image::reference::Reference;
use crate::settings::Settings;
use crate::store::changes::Change;
use crate::store::images;
use crate::store::layout::Store;
use crate::transfer::commit::{CommitJob, InsertJob, Thing};
use std::path::PathBuf;

/// Reads a new image's name. A first part of `_`, as old registries had it, is no part of a name
/// today and is left out; then the second value says so.
///
/// # Errors
/// `Invalid` for what is no name.
pub fn name(text: &str) -> Result<(Reference, bool)> {
    match text.strip_prefix("_/") {
        Some(rest) => Ok((Reference::parse_local(&format!("localhost/{rest}"))?, true)),
        None => Ok((Reference::parse_local(text)?, false)),
    }
}

/// Makes an image of the container that the user means; the job's own `container` is filled in.
///
/// # Errors
/// `NotFound` when there is no such container; see [`crate::transfer::commit::commit`].
pub fn commit(
    settings: &Settings,
    store: &Store,
    container: &str,
    job: impl FnOnce(crate::container::id::ContainerId) -> CommitJob,
) -> Result<ImageId> {
    let entry = reconcile::find(settings, store, container)?;
    if let Some(id) = &entry.config.image.id
        && let Some(image) = images::find(store, &id.to_string())?
    {
        pull::complete(settings, store, &image)?;
    }
    worker::call(settings, "commit", &job(entry.id))
}

/// What a container or an image changed; or, with `than`, what makes of that the first one.
///
/// # Errors
/// `NotFound` when one of them is nothing here.
pub fn diff(settings: &Settings, store: &Store, text: &str, than: Option<&str>) -> Result<Vec<Change>> {
    let thing = thing(settings, store, text)?;
    let than = than.map(|text| self::thing(settings, store, text)).transpose()?;
    worker::call(settings, "diff", &(thing, than))
}

fn thing(settings: &Settings, store: &Store, text: &str) -> Result<Thing> {
    match reconcile::find(settings, store, text) {
        Ok(entry) => return Ok(Thing::Container(entry.id)),
        Err(error) if error.kind() == Kind::NotFound => {}
        Err(error) => return Err(error),
    }
    let image = images::find(store, text)?;
    let image = image
        .ok_or_else(|| Error::new(Kind::NotFound, format!("{text:?} is no container and no image here")))?;
    pull::complete(settings, store, &image)?;
    Ok(Thing::Layers(image.chain()))
}

/// Writes the files of a container as a tar to a file, or to standard output.
///
/// # Errors
/// `NotFound` when there is no such container; what the disk says.
pub fn export(settings: &Settings, store: &Store, text: &str, output: Option<PathBuf>) -> Result<()> {
    let entry = reconcile::find(settings, store, text)?;
    worker::call(settings, "export", &(entry.id, output))
}

/// Makes an image of another one and a file from the web.
///
/// # Errors
/// `NotFound` when there is no such image; see [`crate::transfer::commit::insert`].
pub fn insert(settings: &Settings, store: &Store, image: &str, url: &str, path: &str) -> Result<ImageId> {
    let image = images::find(store, image)?.ok_or_else(|| images::unknown(image))?;
    pull::complete(settings, store, &image)?;
    let job = InsertJob { image: image.id, url: url.to_string(), path: path.to_string() };
    worker::call(settings, "insert", &job)
}
