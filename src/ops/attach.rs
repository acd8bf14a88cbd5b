//! Attaching to a container that runs.

use super::run::{self, Attendance, Outcome};
use crate::container::state::Status;
use crate::error::{Error, Kind, Result};
use crate::settings::Settings;
use crate::store::containers::Entry;
use crate::store::layout::Store;
use crate::supervisor::client;

/// Stands between our streams and those of a running container, until it ends or is left.
///
/// # Errors
/// `Conflict` when it does not run.
pub fn attach(settings: &Settings, store: &Store, entry: &Entry, attendance: &Attendance) -> Result<Outcome> {
    let not_running = || {
        Error::new(Kind::Conflict, format!("container {} is not running", entry.name))
            .hint(format!("box start -ai {}", entry.name))
    };
    if entry.status() != Status::Running {
        return Err(not_running());
    }
    let hello = attendance.attach.hello(entry.config.process.tty);
    let attached = client::attach(&store.container_run(&entry.id), &hello);
    // It may end between our look and now.
    let attachment =
        attached.map_err(|error| if error.kind() == Kind::Conflict { not_running() } else { error })?;
    run::attend(settings, store, entry, attachment, attendance)
}
