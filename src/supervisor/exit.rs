//! The exit record and what is cleaned up.

use super::control;
use super::protocol::Exit;
use crate::container::config::{ContainerConfig, Namespace};
use crate::container::state::{Exited, Started, State};
use crate::error::{self, Error, Result};
use crate::store::layout::Store;
use crate::store::{containers, gc, images, leases, volumes};
use crate::sys::file::Durable;
use crate::sys::process;
use crate::sys::userns::InUserNs;
use jiff::Timestamp;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Writes how the container ended, or throws it away (`--rm`), and removes its sockets. The lock is
/// still held. `broken` says what it was ended for, if something that it needs has gone.
///
/// # Errors
/// All failures together; the rest is done nevertheless.
pub fn record(
    store: &Store,
    config: &ContainerConfig,
    sockets: &Path,
    started: &Started,
    (exit, stopped_by_user): (Exit, bool),
    broken: Option<&str>,
) -> Result<()> {
    let exited = Exited {
        started_at: Some(started.at),
        finished_at: Timestamp::now(),
        code: exit.code,
        signal: exit.signal,
        error: broken.map(str::to_string),
        stopped_by_user,
        oom_killed: false,
        restarts: started.restarts,
    };
    finish(store, config, sockets, exited)
}

/// Writes that the container could not be started, and why; if it had run before, it still has.
///
/// # Errors
/// As [`record`].
pub fn not_started(store: &Store, config: &ContainerConfig, sockets: &Path, why: &Error) -> Result<()> {
    let started_at = match containers::state(store, &config.id) {
        Ok(State::Exited(before)) => before.started_at,
        _ => None,
    };
    let exited = Exited {
        started_at,
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

/// Releases what the container had, and writes down how it ended, or removes it.
///
/// A crash before the record leaves a free lock and a container that is said to run: who looks next
/// writes that it crashed, and releases the rest. One after it leaves the files named by `--pidfile` and
/// its like, which the next start replaces, or anonymous volumes of a container in the trash, which
/// whoever empties that removes.
fn finish(store: &Store, config: &ContainerConfig, sockets: &Path, exited: Exited) -> Result<()> {
    let mut errors = Vec::new();
    leases::release(store, &config.id);
    for name in [control::ATTACH, control::CONTROL] {
        // Not there if it did not come so far.
        let _ = std::fs::remove_file(sockets.join(name));
    }
    let _ = std::fs::remove_dir(sockets);
    let done = if config.ending.remove && !containers::is_kept(store, &config.id) {
        containers::discard(store, &config.id).and_then(|()| volumes::discard_anonymous(store, config))
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

/// Kills everything in the pid namespace that is ours: init, which nobody was told of.
pub fn end_all() {
    if std::process::id() == 1 {
        // To all but ourselves.
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(-1), nix::sys::signal::SIGKILL);
    }
}

/// The processes of a container that shares somebody's pid namespace, where the end of init ends
/// nobody else: they are known by their mount namespace, which is always the container's own.
#[derive(Clone, Copy, Debug)]
pub struct Rest {
    device: u64,
    inode: u64,
}

impl Rest {
    /// From an init that lives; `None` where the kernel ends them with it.
    #[must_use]
    pub fn of(config: &ContainerConfig, init: i32) -> Option<Rest> {
        if config.namespaces.pid == Namespace::Private {
            return None;
        }
        let there = mount_namespace(init)?;
        Some(Rest { device: there.dev(), inode: there.ino() })
    }

    /// From whoever is left when init has gone; `None` if nobody is, or the kernel has ended them.
    ///
    /// The number of a mount namespace may belong to another one by now, so they are known by what
    /// is mounted in there: files of the container's own directory, whose name is its id.
    #[must_use]
    pub fn find(config: &ContainerConfig) -> Option<Rest> {
        if config.namespaces.pid == Namespace::Private {
            return None;
        }
        let directory = format!("/containers/{}/", config.id);
        let pids = std::fs::read_dir("/proc").ok()?.flatten();
        let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let mounts = |pid: i32| std::fs::read_to_string(format!("/proc/{pid}/mountinfo")).unwrap_or_default();
        let left = pids.into_iter().find(|&pid| mounts(pid).contains(&directory))?;
        let there = mount_namespace(left)?;
        Some(Rest { device: there.dev(), inode: there.ino() })
    }

    /// Kills them, and those that they make meanwhile.
    pub fn end(self) {
        // Each round ends all it sees, so a second one is rare; whoever outruns a hundred wins.
        for _ in 0..100 {
            if !self.end_once() {
                return;
            }
        }
    }

    fn end_once(self) -> bool {
        let Ok(entries) = std::fs::read_dir("/proc") else { return false };
        let mut any = false;
        for pid in entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
            if !self.is_in(pid) {
                continue;
            }
            // The descriptor first, then the check: from then on the pid cannot become another's.
            if let Ok(Some(pidfd)) = process::open_pidfd(pid)
                && self.is_in(pid)
            {
                any |= process::send_signal(pidfd.as_fd(), libc::SIGKILL).unwrap_or(false);
            }
        }
        any
    }

    fn is_in(self, pid: i32) -> bool {
        mount_namespace(pid).is_some_and(|there| there.dev() == self.device && there.ino() == self.inode)
    }
}

fn mount_namespace(pid: i32) -> Option<std::fs::Metadata> {
    std::fs::metadata(format!("/proc/{pid}/ns/mnt")).ok()
}

/// `--rmi`: removes the image that a container was made from, or its name if it has more than one,
/// once the container is gone. One that another container uses stays; what fails is left to `rmi`.
pub fn remove_image(store: &Store, config: &ContainerConfig) {
    // Nobody is left to hear of a failure.
    let _ = try_remove_image(store, config);
}

fn try_remove_image(store: &Store, config: &ContainerConfig) -> Result<()> {
    let Some(id) = &config.image.id else { return Ok(()) };
    for other in containers::list(store)? {
        // One that is just being made or removed has no config to read; collecting spares its layers.
        if containers::config(store, &other).is_ok_and(|other| other.image.id.as_ref() == Some(id)) {
            return Ok(());
        }
    }
    let Some(image) = images::find(store, id.hex())? else { return Ok(()) };
    match image.names.iter().find(|name| name.to_string() == config.image.name) {
        Some(name) if image.names.len() > 1 => drop(images::untag(store, name)?),
        _ if image.names.len() > 1 => return Ok(()),
        _ => images::remove(store, &image)?,
    }
    gc::collect(store, gc::Copies::Keep, &InUserNs::verify()?).map(drop)
}

/// Deletes what was thrown away. What cannot be deleted waits for the next one who tries.
pub fn empty_trash(store: &Store) {
    if let Ok(inside) = InUserNs::verify() {
        let _ = containers::empty_trash(store, &inside);
    }
}
