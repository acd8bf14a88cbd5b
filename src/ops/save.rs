//! `save`: images become archives.

use crate::error::Result;
use crate::store::layout::Store;
use crate::transfer::save::SaveRequest;

/// Saves images. Everything it reads belongs to the caller, so no namespace is entered.
///
/// # Errors
/// See [`crate::transfer::save::save`].
pub fn save(store: &Store, request: &SaveRequest) -> Result<()> {
    crate::transfer::save::save(store, request)
}
