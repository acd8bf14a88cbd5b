//! Stopping a container, if it runs, and starting it again.

use super::start::{self, Attach};
use super::{reconcile, stop};
use crate::error::{Doing, Result};
use crate::settings::Settings;
use crate::store::containers::{self, Entry};
use crate::store::layout::Store;

/// Restarts the container; one that does not run is started. With `--rm` it stays as well.
///
/// # Errors
/// As [`stop::stop`] and [`start::start`].
pub fn restart(
    settings: &Settings,
    store: &Store,
    entry: &Entry,
    seconds: Option<u32>,
) -> Result<stop::Stopped> {
    // Until the new supervisor has the lock: only then does an ended record mean nothing.
    let _kept = if entry.config.ending.remove { Some(containers::keep(store, &entry.id)?) } else { None };
    let stopped = stop::stop(settings, store, entry, seconds);
    let stopped = stopped.doing(|| format!("restart container {}", entry.name))?;
    let entry = reconcile::look(settings, store, &entry.id)?
        .ok_or_else(|| containers::no_such(entry.name.as_str()))?;
    start::start(settings, store, &entry, &Attach::nothing())?;
    Ok(stopped)
}
