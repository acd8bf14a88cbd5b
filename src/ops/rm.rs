//! Removing containers.
//!
//! The container's directory holds files of subordinate ids, which only a process inside the user
//! namespace may delete, and there may be many. So it is renamed into the trash, which is all
//! that the caller waits for, and a worker empties the trash in the background.

use super::{reconcile, worker};
use crate::container::state::Status;
use crate::error::{Error, Kind, Result};
use crate::settings::Settings;
use crate::store::containers::{self, Entry};
use crate::store::layout::Store;

/// Removes a container that does not run. The trash is left to [`empty_trash`].
///
/// # Errors
/// `Conflict` if it runs or is being started; `NotFound` if it is gone.
pub fn remove(settings: &Settings, store: &Store, entry: &Entry) -> Result<()> {
    if entry.status() == Status::Running {
        return Err(running(entry));
    }
    let Some(_lock) = containers::take_lock(store, &entry.id)? else {
        // Started meanwhile, or on its way there or out.
        let now = reconcile::look(settings, store, &entry.id)?;
        return Err(now.as_ref().map_or_else(|| containers::no_such(entry.name.as_str()), running));
    };
    // Left by a supervisor that was killed after it had written its record.
    let _ = std::fs::remove_dir_all(store.container_run(&entry.id));
    containers::discard(store, &entry.id)
}

fn running(entry: &Entry) -> Error {
    Error::new(
        Kind::Conflict,
        format!(
            "cannot remove container {} as it is running - running or paused containers cannot be removed without force: container state improper",
            entry.id
        ),
    )
    .hint(format!("stop it with `box stop {0}`, or remove it with `box rm -f {0}`", entry.name))
}

/// Deletes in the background what waits in the trash, if anything does. A failure is left to the
/// next command that comes by.
pub fn empty_trash(settings: &Settings, store: &Store) {
    if containers::trash(store).is_ok_and(|waiting| !waiting.is_empty()) {
        let _ = worker::call_in_background(settings, "empty-trash", &());
    }
}
