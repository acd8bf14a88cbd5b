//! Stopping a container, if it runs, and starting it again.

use super::stop::{Manner, Stopped, Stopping};
use super::{reconcile, start};
use crate::error::{Doing, Result};
use crate::settings::Settings;
use crate::store::containers::{self, Entry};
use crate::store::layout::Store;
use crate::store::lock::Lock;

/// A container that has got its stop signal and is going to be started again.
///
/// Several are restarted at once by beginning with all of them before the first is finished, in the
/// order of their ids, since each is locked.
#[derive(Debug)]
pub struct Restarting<'a> {
    settings: &'a Settings,
    store: &'a Store,
    entry: &'a Entry,
    stopping: Stopping<'a>,
    /// Until the new supervisor has the lock: only then does an ended record with `--rm` mean nothing.
    _kept: Option<Lock>,
}

impl<'a> Restarting<'a> {
    /// Sends the stop signal, if it runs; with `--rm` the container stays.
    ///
    /// # Errors
    /// As [`Stopping::begin`].
    pub fn begin(
        settings: &'a Settings,
        store: &'a Store,
        entry: &'a Entry,
        manner: Manner,
    ) -> Result<Restarting<'a>> {
        let _kept = if entry.config.ending.remove { Some(containers::keep(store, &entry.id)?) } else { None };
        let stopping = Stopping::begin(settings, store, entry, manner)
            .doing(|| format!("restart container {}", entry.name))?;
        Ok(Restarting { settings, store, entry, stopping, _kept })
    }

    /// Waits for its end and starts it.
    ///
    /// # Errors
    /// As [`Stopping::finish`] and [`start::start`].
    pub fn finish(self) -> Result<Stopped> {
        let Restarting { settings, store, entry, stopping, _kept } = self;
        let stopped = stopping.finish().doing(|| format!("restart container {}", entry.name))?;
        let entry = reconcile::look(settings, store, &entry.id)?
            .ok_or_else(|| containers::no_such(entry.name.as_str()))?;
        start::start_if_needed(settings, store, &entry)?;
        Ok(stopped)
    }
}
