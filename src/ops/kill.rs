//! Sending a signal to a container's first process.

use super::stop::{self, Stopping};
use crate::container::state::{State, Status};
use crate::error::{Error, Kind, Result};
use crate::settings::Settings;
use crate::store::containers::Entry;
use crate::store::layout::Store;
use crate::sys::signal::Signal;
use std::time::Duration;

/// Sends `signal`; after SIGKILL it returns when the container has ended.
///
/// # Errors
/// `Conflict` if it does not run.
pub fn kill(settings: &Settings, store: &Store, entry: &Entry, signal: Signal) -> Result<()> {
    match &entry.state {
        State::Started(started) if entry.status() == Status::Running => {
            if signal != Signal::KILL {
                return stop::send(store, entry, started, signal);
            }
            Stopping::with(settings, store, entry, signal, Duration::from_secs(10))?.finish().map(drop)
        }
        _ => Err(Error::new(
            Kind::Conflict,
            format!(
                "can only kill running containers. {} is in state {}: container state improper",
                entry.id,
                entry.status().as_str()
            ),
        )),
    }
}
