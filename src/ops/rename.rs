//! Giving a container another name.

use super::reconcile;
use crate::container::name::ContainerName;
use crate::error::Result;
use crate::settings::Settings;
use crate::store::containers;
use crate::store::layout::Store;

/// Renames the container that `from` means, running or not. To its own name is nothing.
///
/// A crash leaves it with the old name or the new one: see `store::containers`.
///
/// # Errors
/// `NotFound`; `Conflict` if the name is in use.
pub fn rename(settings: &Settings, store: &Store, from: &str, to: &ContainerName) -> Result<()> {
    let entry = reconcile::find(settings, store, from)?;
    if entry.name == *to {
        return Ok(());
    }
    containers::rename(store, &entry.id, to)
}
