//! `rmi` and `image prune`: names are taken away, and images that have none left are removed.

use super::{reconcile, rm, worker};
use crate::container::id::ContainerId;
use crate::error::{Error, Kind, Result};
use crate::image::digest::ImageId;
use crate::image::reference::Reference;
use crate::settings::Settings;
use crate::store::containers;
use crate::store::gc::{Collected, Copies};
use crate::store::images::{self, Image};
use crate::store::layout::Store;
use crate::transfer::named;

/// What became of an image.
#[derive(Clone, Debug, Default)]
pub struct Removal {
    /// The names that are gone.
    pub untagged: Vec<Reference>,
    /// The image, if it went with its last name.
    pub deleted: Option<ImageId>,
}

/// Removes an image by what the user typed: by a name only that name, unless it is the last.
///
/// The files are left to [`collect`].
///
/// That is one replacement of the index; a crash after it leaves files that nothing names, for the next
/// [`collect`].
///
/// # Errors
/// `NotFound`; `Conflict` when containers use it, or when it is meant by its id and has several
/// names, and `force` is not given.
pub fn remove(settings: &Settings, store: &Store, text: &str, force: bool) -> Result<Removal> {
    let (image, name) = match named::find_named(store, text) {
        Ok(found) => found.ok_or_else(|| images::unknown(text))?,
        // A damaged image can still be given up.
        Err(error) if force && error.kind() != Kind::Invalid => return remove_broken(store, text, error),
        Err(error) => return Err(error),
    };
    if let Some(name) = name.filter(|_| image.names.len() > 1) {
        images::untag(store, &name)?;
        return Ok(Removal { untagged: vec![name], deleted: None });
    }
    if image.names.len() > 1 && !force {
        let names: Vec<String> = image.names.iter().map(Reference::to_string).collect();
        return Err(Error::new(
            Kind::Conflict,
            format!(
                "unable to delete image {} by ID with more than one tag ({})",
                image.id.hex(),
                names.join(", ")
            ),
        )
        .hint("name one of its tags, or use --force"));
    }
    remove_whole(settings, store, &image, force)
}

/// Removes an image with all its names.
///
/// A crash leaves what it does to [`remove`]; with `force`, some of the containers may be gone before it.
///
/// # Errors
/// `Conflict` when containers use it and `force` is not given.
pub fn remove_whole(settings: &Settings, store: &Store, image: &Image, force: bool) -> Result<Removal> {
    let users = users(store, &image.id)?;
    if let Some(first) = users.first().filter(|_| !force) {
        return Err(Error::new(
            Kind::Conflict,
            format!("{}: image used by {first}: image is in use by a container", image.display_name()),
        )
        .hint("remove the container first (box rm), or both with box rmi --force"));
    }
    for id in &users {
        if let Some(entry) = reconcile::look(settings, store, id)? {
            rm::remove_by_force(settings, store, &entry, None)?;
        }
    }
    images::remove(store, image)?;
    Ok(Removal { untagged: image.names.clone(), deleted: Some(image.id.clone()) })
}

fn remove_broken(store: &Store, text: &str, error: Error) -> Result<Removal> {
    let Ok(name) = Reference::parse(text) else { return Err(error) };
    for name in [name.canonical(), Reference::parse_local(text).unwrap_or(name).canonical()] {
        if images::remove_broken(store, &name)? {
            return Ok(Removal { untagged: vec![name], deleted: None });
        }
    }
    Err(error)
}

/// The containers that were made from an image.
///
/// # Errors
/// When the containers cannot be listed.
pub fn users(store: &Store, image: &ImageId) -> Result<Vec<ContainerId>> {
    let mut users = Vec::new();
    for id in containers::list(store)? {
        // A container that cannot be read is another command's error.
        let Ok(config) = containers::config(store, &id) else { continue };
        if config.image.id.as_ref() == Some(image) {
            users.push(id);
        }
    }
    Ok(users)
}

/// The images that nobody uses: those without a name, or with `all` also those with one.
///
/// # Errors
/// When images or containers cannot be listed.
pub fn unused(store: &Store, all: bool) -> Result<Vec<Image>> {
    let mut unused = Vec::new();
    for image in images::list(store)? {
        if (all || image.names.is_empty()) && users(store, &image.id)?.is_empty() {
            unused.push(image);
        }
    }
    Ok(unused)
}

/// Removes the files that no image needs any more; large ones after we have answered.
///
/// A crash leaves some of them; the next collection finds these again, and the trash is emptied by
/// whoever comes by.
///
/// # Errors
/// See [`crate::store::gc::collect`].
pub fn collect(settings: &Settings, store: &Store, copies: Copies) -> Result<Collected> {
    let collected = worker::call(settings, "collect-images", &copies)?;
    rm::empty_trash(settings, store);
    Ok(collected)
}
