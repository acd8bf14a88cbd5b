//! Removing containers.
//!
//! The container's directory holds files of subordinate ids, which only a process inside the user
//! namespace may delete, and there may be many. So it is renamed into the trash, which is all
//! that the caller waits for, and a worker empties the trash in the background.

use super::{reconcile, stop, worker};
use crate::container::config::{ContainerConfig, Namespace, NetworkMode};
use crate::container::id::ContainerId;
use crate::container::state::Status;
use crate::error::{Doing, Error, Kind, Result, invalid};
use crate::network::hosts;
use crate::settings::Settings;
use crate::store::containers::{self, Entry};
use crate::store::layout::Store;
use crate::store::{links, volumes};
use crate::sys::file;

/// Removes a container that does not run. The trash is left to [`empty_trash`].
///
/// It goes by one rename: a crash before it leaves the container, one after it a directory in the
/// trash and a name that leads nowhere, which `store::containers` says who mends.
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
    discard(store, &entry.id)
}

/// Notes that the anonymous volumes of a container go with it when it is removed next.
///
/// A crash after it leaves a mark, which means nothing until the container is removed.
///
/// # Errors
/// When the container's directory cannot be written to.
pub fn with_volumes(store: &Store, config: &ContainerConfig) -> Result<()> {
    match config.mounts.iter().any(|mount| mount.volume().is_some_and(|(_, anonymous)| anonymous)) {
        true => match volumes::mark_for_removal(store, &config.id) {
            // It is of use only if we are killed, and whoever removes something wants space.
            Err(error) if file::is_full(&error) => Ok(()),
            done => done,
        },
        false => Ok(()),
    }
}

/// Removes the anonymous volumes of a container that is gone, unless others use them.
///
/// A crash leaves some of them; whoever empties the trash finds the container there, with its mark, and
/// goes on.
///
/// # Errors
/// When it cannot be known who uses them: then they stay for `volume prune`.
pub fn remove_volumes(store: &Store, config: &ContainerConfig) -> Result<()> {
    volumes::discard_anonymous(store, config)
}

/// Throws away a container whose lock we hold.
fn discard(store: &Store, id: &ContainerId) -> Result<()> {
    // Left by a supervisor that was killed after it had written its record.
    let _ = std::fs::remove_dir_all(store.container_run(id));
    containers::discard(store, id)
}

/// Stops the container if it runs, with `seconds` of patience instead of its own, and removes it.
///
/// A crash leaves it running, stopped or removed, as each of these does: see [`remove`].
///
/// # Errors
/// When it does not stop.
pub fn remove_by_force(
    settings: &Settings,
    store: &Store,
    entry: &Entry,
    seconds: Option<u32>,
) -> Result<stop::Stopped> {
    let mut stopped = stop::Stopped::NotRunning;
    // It may be on its way from "created" to "started"; then it is stopped in the next round.
    for round in 0..200_u32 {
        let Some(now) = reconcile::look(settings, store, &entry.id)? else { return Ok(stopped) };
        if now.status() == Status::Running {
            stopped = stop::stop(settings, store, &now, stop::Manner { seconds, ..stop::Manner::default() })?;
            continue;
        }
        match containers::take_lock(store, &entry.id) {
            Ok(Some(_lock)) => return discard(store, &entry.id).map(|()| stopped),
            Ok(None) => std::thread::sleep(std::time::Duration::from_millis(u64::from(round.min(50)))),
            // With --rm its supervisor was faster.
            Err(error) if error.kind() == Kind::NotFound => return Ok(stopped),
            Err(error) => return Err(error),
        }
    }
    Err(running(entry))
}

/// Removes what is left of a container whose files cannot be read.
///
/// A crash leaves what it does to [`remove`].
///
/// # Errors
/// `NotFound` if no such container is there; `Conflict` if its supervisor lives.
pub fn remove_broken(store: &Store, text: &str) -> Result<()> {
    let id = containers::find(store, text)?;
    match containers::take_lock(store, &id) {
        Ok(None) => Err(Error::new(Kind::Conflict, format!("container {} is running", id.short()))),
        Ok(Some(_lock)) => discard(store, &id),
        // Not even a lock file: nobody can hold it.
        Err(_) => discard(store, &id),
    }
    .doing(|| format!("remove the broken container {}", id.short()))
}

/// Those of `all` that live in namespaces of this container, and those that live in theirs,
/// farthest first.
#[must_use]
pub fn dependents(all: &[Entry], id: &ContainerId) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    let mut next = vec![id.clone()];
    while let Some(of) = next.pop() {
        for entry in all.iter().filter(|entry| depends_on(&entry.config, &of)) {
            if !found.iter().any(|known| known.id == entry.id) {
                found.push(entry.clone());
                next.push(entry.id.clone());
            }
        }
    }
    found.reverse();
    found
}

fn depends_on(config: &ContainerConfig, id: &ContainerId) -> bool {
    let spaces = &config.namespaces;
    [&spaces.pid, &spaces.ipc, &spaces.uts, &spaces.cgroup]
        .into_iter()
        .any(|space| matches!(space, Namespace::Container(of) if of == id))
        || matches!(&config.network.mode, NetworkMode::Container(of) if of == id)
        || config.requires.contains(id)
}

/// The error for one that others depend on.
#[must_use]
pub fn needed(entry: &Entry, by: &[Entry]) -> Error {
    let ids: Vec<&str> = by.iter().map(|entry| entry.id.as_str()).collect();
    Error::new(
        Kind::Conflict,
        format!(
            "container {} has dependent containers which must be removed before it: {}: container already exists",
            entry.id,
            ids.join(", ")
        ),
    )
    .hint("--depend removes them too")
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

/// Removes a link, given as `CONTAINER/ALIAS` with or without a slash before it: the name in the
/// container's hosts file and in its DNS. Variables of processes that run stay as they are.
///
/// A crash between the record and the hosts file leaves the name in the file until the next start, which
/// writes it anew.
///
/// # Errors
/// `NotFound` for a container or a link that is not there; `Invalid` for a word of another form.
pub fn unlink(settings: &Settings, store: &Store, word: &str) -> Result<()> {
    let bare = word.strip_prefix('/').unwrap_or(word);
    let Some((container, alias)) = bare.split_once('/') else {
        return Err(invalid(format!("{word:?} is no link: it is given as CONTAINER/ALIAS")));
    };
    let entry = reconcile::find(settings, store, container)?;
    let link = links::remove(store, &entry.config, alias)?;
    if entry.status() == Status::Running {
        hosts::remove_link(&store.container(&entry.id), alias, link.container.short())?;
    }
    Ok(())
}
