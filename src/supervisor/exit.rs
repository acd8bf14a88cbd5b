//! The exit record and what is cleaned up.

use super::control;
use super::protocol::Exit;
use crate::container::config::ContainerConfig;
use crate::container::state::{Exited, Started, State};
use crate::error::{self, Error, Result};
use crate::store::containers;
use crate::store::layout::Store;
use crate::sys::file::Durable;
use crate::sys::userns::InUserNs;
use jiff::Timestamp;
use std::path::Path;

/// Writes how the container ended, or throws it away (`--rm`), and removes its sockets. The lock is
/// still held.
///
/// # Errors
/// All failures together; the rest is done nevertheless.
pub fn record(
    store: &Store,
    config: &ContainerConfig,
    sockets: &Path,
    started: &Started,
    exit: Exit,
    stopped_by_user: bool,
) -> Result<()> {
    let exited = Exited {
        started_at: Some(started.at),
        finished_at: Timestamp::now(),
        code: exit.code,
        signal: exit.signal,
        error: None,
        stopped_by_user,
        oom_killed: false,
        restarts: started.restarts,
    };
    finish(store, config, sockets, exited)
}

/// Writes that the container could not be started, and why.
///
/// # Errors
/// As [`record`].
pub fn not_started(store: &Store, config: &ContainerConfig, sockets: &Path, why: &Error) -> Result<()> {
    let exited = Exited {
        started_at: None,
        finished_at: Timestamp::now(),
        code: why.kind().exit_code().into(),
        signal: None,
        error: Some(why.chain()),
        stopped_by_user: false,
        oom_killed: false,
        restarts: 0,
    };
    finish(store, config, sockets, exited)
}

fn finish(store: &Store, config: &ContainerConfig, sockets: &Path, exited: Exited) -> Result<()> {
    let mut errors = Vec::new();
    for name in [control::ATTACH, control::CONTROL] {
        // Not there if it did not come so far.
        let _ = std::fs::remove_file(sockets.join(name));
    }
    let _ = std::fs::remove_dir(sockets);
    let done = if config.ending.remove && !containers::is_kept(store, &config.id) {
        containers::discard(store, &config.id)
    } else {
        // Without a sync: a host that goes down now leaves a container that crashed, which is repaired.
        containers::write_state(store, &config.id, &State::Exited(exited), Durable::No)
    };
    errors.extend(done.err());
    for path in [&config.ending.pid_file, &config.ending.supervisor_pid_file].into_iter().flatten() {
        let _ = std::fs::remove_file(path);
    }
    error::all(errors)
}

/// Deletes what was thrown away. What cannot be deleted waits for the next one who tries.
pub fn empty_trash(store: &Store) {
    if let Ok(inside) = InUserNs::verify() {
        let _ = containers::empty_trash(store, &inside);
    }
}
