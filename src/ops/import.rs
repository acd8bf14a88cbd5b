//! `import`: a tarball becomes an image.

use super::worker;
use crate::error::Result;
use crate::image::digest::ImageId;
use crate::settings::Settings;
use crate::transfer::import::ImportRequest;

/// Imports a tarball as an image.
///
/// # Errors
/// See [`crate::transfer::import::import`].
pub fn import(settings: &Settings, request: &ImportRequest) -> Result<ImageId> {
    worker::call(settings, "import", request)
}
