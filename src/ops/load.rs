//! `load`: images from an archive.

use super::worker;
use crate::error::Result;
use crate::settings::Settings;
use crate::transfer::load::{LoadRequest, Loaded};

/// Loads the images of an archive or a directory.
///
/// # Errors
/// See [`crate::transfer::load::load`].
pub fn load(settings: &Settings, request: &LoadRequest) -> Result<Vec<Loaded>> {
    worker::call(settings, "load", request)
}
