//! `import`: a tarball becomes an image.

use super::{rm, worker};
use crate::error::Result;
use crate::image::digest::ImageId;
use crate::settings::Settings;
use crate::store::layout::Store;
use crate::transfer::import::ImportRequest;

/// Imports a tarball as an image.
///
/// A crash leaves what [`crate::transfer::import::import`] says.
///
/// # Errors
/// See [`crate::transfer::import::import`].
pub fn import(settings: &Settings, store: &Store, request: &ImportRequest) -> Result<ImageId> {
    let made = worker::call(settings, "import", request);
    // A layer that was here already.
    rm::empty_trash(settings, store);
    made
}
