//! `load`: images from an archive.

use super::{rm, worker};
use crate::error::Result;
use crate::settings::Settings;
use crate::store::layout::Store;
use crate::transfer::load::{LoadRequest, Loaded};

/// Loads the images of an archive or a directory.
///
/// A crash leaves what [`crate::transfer::load::load`] says.
///
/// # Errors
/// See [`crate::transfer::load::load`].
pub fn load(settings: &Settings, store: &Store, request: &LoadRequest) -> Result<Vec<Loaded>> {
    let loaded = worker::call(settings, "load", request);
    // Layers that were here already, or that came with others which were damaged.
    rm::empty_trash(settings, store);
    loaded
}
