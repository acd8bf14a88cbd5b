//! `commit`, `diff`, `export` and `image insert`: files of containers become images and archives.

use super::{pull, reconcile, rm, worker};
use crate::container::id::ContainerId;
use crate::container::state::Status;
use crate::error::{Doing, Error, Kind, Result};
use crate::image::digest::ImageId;
use crate::image::reference::Reference;
use crate::settings::Settings;
use crate::store::changes::Change;
use crate::store::images;
use crate::store::layout::Store;
use crate::supervisor::control;
use crate::supervisor::protocol::Request;
use crate::transfer::commit::{CommitJob, InsertJob, Thing};
use crate::transfer::named;
use std::os::unix::net::UnixStream;
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
/// With `pause` nothing of it runs while its files are read.
///
/// The supervisor has the container stopped, and lets it go on when our connection to it ends, in
/// whatever way.
///
/// A crash leaves what [`crate::transfer::commit::commit`] says, and the container goes on.
///
/// # Errors
/// `NotFound` when there is no such container; see [`crate::transfer::commit::commit`].
pub fn commit(
    settings: &Settings,
    store: &Store,
    container: &str,
    pause: bool,
    job: impl FnOnce(ContainerId) -> CommitJob,
) -> Result<ImageId> {
    let entry = reconcile::find(settings, store, container)?;
    if let Some(id) = &entry.config.image.id
        && let Some(image) = images::find(store, &id.to_string())?
    {
        pull::complete(settings, store, &image)?;
    }
    let paused = match pause && entry.status() == Status::Running {
        true => hold_still(store, &entry.id)?,
        false => None,
    };
    let made = worker::call(settings, "commit", &job(entry.id));
    drop(paused);
    // A layer that was here already.
    rm::empty_trash(settings, store);
    made
}

/// Has a container's processes stopped until the result is dropped; nothing if it has just ended.
fn hold_still(store: &Store, id: &ContainerId) -> Result<Option<UnixStream>> {
    match control::request_and_hold(&store.container_run(id), &Request::Pause) {
        Ok(connection) => Ok(Some(connection)),
        Err(error) if error.kind() == Kind::Conflict => Ok(None),
        Err(error) => Err(error).doing(|| "pause the container"),
    }
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
    let image = named::find(store, text)?;
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
/// A crash leaves what [`crate::transfer::commit::insert`] says.
///
/// # Errors
/// `NotFound` when there is no such image; see [`crate::transfer::commit::insert`].
pub fn insert(settings: &Settings, store: &Store, image: &str, url: &str, path: &str) -> Result<ImageId> {
    let image = named::find(store, image)?.ok_or_else(|| images::unknown(image))?;
    pull::complete(settings, store, &image)?;
    let job = InsertJob { image: image.id, url: url.to_string(), path: path.to_string() };
    let made = worker::call(settings, "insert", &job);
    rm::empty_trash(settings, store);
    made
}
