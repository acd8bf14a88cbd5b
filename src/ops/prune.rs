//! Removing all containers that do not run.

use super::select::Filters;
use super::{ps, rm};
use crate::container::id::ContainerId;
use crate::container::state::Status;
use crate::error::{Error, Kind, Result};
use crate::settings::Settings;
use crate::store::containers;
use crate::store::layout::Store;

/// What was removed, and what went wrong.
#[derive(Debug, Default)]
pub struct Pruned {
    /// These are gone.
    pub removed: Vec<ContainerId>,
    /// The failures.
    pub errors: Vec<Error>,
}

/// Removes the containers that do not run and that the filters mean.
///
/// # Errors
/// When the store cannot be listed.
pub fn prune(settings: &Settings, store: &Store, filters: &Filters) -> Result<Pruned> {
    let mut pruned = Pruned::default();
    containers::sweep_half_made(store)?;
    for entry in ps::list(settings, store)?.containers {
        if entry.status() == Status::Running || !filters.hold(&entry) {
            continue;
        }
        match rm::remove(settings, store, &entry) {
            Ok(()) => pruned.removed.push(entry.id),
            // Started, or removed by somebody else, since we looked.
            Err(error) if matches!(error.kind(), Kind::Conflict | Kind::NotFound) => {}
            Err(error) => pruned.errors.push(error),
        }
    }
    rm::empty_trash(settings, store);
    Ok(pruned)
}
