//! `tag` and `untag`: names of images.

use crate::error::{Error, Kind, Result};
use crate::image::reference::Reference;
use crate::store::images;
use crate::store::layout::Store;
use crate::transfer::named;

/// Gives an image more names. A name that another image had moves.
///
/// Each name is one replacement of the index: a crash leaves the image with the first of them.
///
/// # Errors
/// `NotFound` when there is no such image, `Invalid` for what is no name.
pub fn tag(store: &Store, image: &str, names: &[String]) -> Result<()> {
    // All are read before the first is given.
    let names: Vec<Reference> =
        names.iter().map(|name| Reference::parse_local(name)).collect::<Result<_>>()?;
    let _hold = images::hold(store)?;
    let (found, by) = named::find_named(store, image)?.ok_or_else(|| images::unknown(image))?;
    for name in &names {
        images::tag(store, &found, by.as_ref(), name)?;
    }
    Ok(())
}

/// Takes names away from an image, all of them when none is given. The image stays.
///
/// Each name is one replacement of the index: a crash leaves the image without the first of them.
///
/// # Errors
/// `NotFound` when there is no such image, or it has no such name.
pub fn untag(store: &Store, image: &str, names: &[String]) -> Result<()> {
    let _hold = images::hold(store)?;
    let found = named::find(store, image)?.ok_or_else(|| images::unknown(image))?;
    let mut wanted = Vec::new();
    for name in names {
        match named::find_named(store, name)? {
            Some((other, Some(name))) if other.id == found.id => wanted.push(name),
            _ => {
                let whole = Reference::parse_local(name)?;
                return Err(Error::new(Kind::NotFound, format!("{whole}: tag not known"))
                    .hint(format!("box inspect -f '{{{{.RepoTags}}}}' {image} shows its names")));
            }
        }
    }
    if names.is_empty() {
        wanted.clone_from(&found.names);
    }
    for name in &wanted {
        images::untag(store, name)?;
    }
    Ok(())
}
