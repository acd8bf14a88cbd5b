//! What a crash or a reboot left of a container is put right by the next command that looks.
//!
//! A record that says "started" while nobody holds the lock means that the supervisor died. The
//! first to notice takes the lock, ends what is left of the container, writes the exit record and
//! lets go; a container with `--rm` is thrown away. Nothing here waits for anybody.

use crate::container::config::ContainerConfig;
use crate::container::id::ContainerId;
use crate::container::state::{Exited, ProcId, Started, State};
use crate::error::{Doing, Result};
use crate::settings::Settings;
use crate::store::containers::{self, Entry};
use crate::store::layout::Store;
use crate::store::leases;
use crate::supervisor::exit::Rest;
use crate::sys::file::Durable;
use crate::sys::process;
use jiff::Timestamp;
use std::os::fd::{AsFd, OwnedFd};

/// The exit code of a container whose supervisor died.
const CRASHED: i32 = 137;

/// The container that the user means, put right if it crashed.
///
/// # Errors
/// `NotFound` if there is none, or it crashed and had `--rm`.
pub fn find(settings: &Settings, store: &Store, text: &str) -> Result<Entry> {
    let id = containers::find(store, text)?;
    look(settings, store, &id)?.ok_or_else(|| containers::no_such(text))
}

/// This container, put right if it crashed; `None` if it is gone.
///
/// # Errors
/// When its files are broken.
pub fn look(settings: &Settings, store: &Store, id: &ContainerId) -> Result<Option<Entry>> {
    containers::look(store, id).and_then(|entry| settle(settings, store, entry))
}

/// A container as it is after it was put right, if it had crashed; `None` if it is gone.
///
/// # Errors
/// When its record cannot be written.
pub fn settle(settings: &Settings, store: &Store, entry: Option<Entry>) -> Result<Option<Entry>> {
    match entry {
        Some(entry) if entry.crashed() || should_be_gone(store, &entry) => mend(settings, store, entry),
        other => Ok(other),
    }
}

/// Whether it ended and its supervisor was killed before it could throw it away.
fn should_be_gone(store: &Store, entry: &Entry) -> bool {
    entry.config.ending.remove
        && matches!(entry.state, State::Exited(_))
        && !containers::lock_held(store, &entry.id).unwrap_or(true)
        && !containers::is_kept(store, &entry.id)
}

/// Writes the exit record of a container that crashed, or throws it away; returns what it is now.
///
/// # Errors
/// When the record cannot be written: a full disk.
pub fn mend(settings: &Settings, store: &Store, entry: Entry) -> Result<Option<Entry>> {
    let id = &entry.id;
    let Some(lock) = containers::take_lock(store, id)? else {
        // Somebody else mends it, or it was started again.
        return containers::look(store, id);
    };
    let started = match containers::state(store, id)? {
        State::Started(started) => started,
        State::Exited(_) if entry.config.ending.remove && !containers::is_kept(store, id) => {
            containers::discard(store, id)?;
            // What cannot be removed now is found in the trash.
            let _ = super::rm::remove_volumes(store, &entry.config);
            super::rm::empty_trash(settings, store);
            return Ok(None);
        }
        _ => {
            drop(lock);
            return containers::look(store, id);
        }
    };
    let reason = end_what_is_left(&entry.config, &started)?;
    leases::release(store, id);
    let _ = std::fs::remove_dir_all(store.container_run(id));
    if entry.config.ending.remove && !containers::is_kept(store, id) {
        containers::discard(store, id)?;
        drop(lock);
        let _ = super::rm::remove_volumes(store, &entry.config);
        super::rm::empty_trash(settings, store);
        return Ok(None);
    }
    let exited = Exited {
        started_at: Some(started.at),
        finished_at: Timestamp::now(),
        code: CRASHED,
        signal: None,
        error: Some(reason.to_string()),
        stopped_by_user: false,
        oom_killed: false,
        restarts: started.restarts,
    };
    containers::write_state(store, id, &State::Exited(exited.clone()), Durable::Yes)
        .doing(|| format!("write the exit record of container {}", id.short()))?;
    drop(lock);
    Ok(Some(Entry { state: State::Exited(exited), lock_held: false, ..entry }))
}

/// Ends what is left of a container whose supervisor is gone, and says why it was left: its first
/// process, and in a shared pid namespace the others, which would survive that.
fn end_what_is_left(config: &ContainerConfig, started: &Started) -> Result<&'static str> {
    if process::boot_id()? != started.init.boot_id {
        return Ok("the host was restarted while the container ran");
    }
    let rest = match process_of(&started.init)? {
        Some(init) => {
            let rest = Rest::of(config, started.init.pid);
            process::send_signal(init.as_fd(), nix::libc::SIGKILL)?;
            rest
        }
        None => Rest::find(config),
    };
    if let Some(rest) = rest {
        rest.end();
    }
    Ok("the container's supervisor was killed")
}

/// A descriptor of the very process that the record means; `None` if it is gone.
///
/// # Errors
/// When /proc is not there.
pub fn process_of(id: &ProcId) -> Result<Option<OwnedFd>> {
    if process::boot_id()? != id.boot_id {
        return Ok(None);
    }
    // The descriptor first, then the check: from then on the pid cannot become another's.
    let pidfd = process::open_pidfd(id.pid)?;
    Ok(pidfd.filter(|_| process::start_time(id.pid) == Some(id.start_time)))
}
