//! Containers on disk: made, found, listed, renamed and thrown away.
//!
//! A container is a directory `containers/<id>/` that has a `state.json`. Its name stands in it,
//! in `name`; `names/<name>` is a symlink to the directory, and since symlink(2) makes a name and
//! its content in one step and never replaces one, that is also what keeps names apart.
//!
//! What a crash leaves, and who mends it:
//!
//! | crash | what is there | mended by |
//! |---|---|---|
//! | while making | a directory without `state.json`, lock free | [`sweep_half_made`] |
//! | while making or removing | `names/<name>` that leads nowhere | whoever wants that name |
//! | while renaming | two symlinks; `name` says which one is right | whoever meets the wrong one |
//! | while removing | a directory in `trash/` | whoever empties the trash next |
//!
//! A `name` that is lost or holds none, as no crash of ours leaves it, costs nothing but the name: the
//! link that leads to the container has it too, and without one the short id serves until [`link_name`].

use super::layers;
use super::layout::Store;
use super::lock::Lock;
use crate::container::bridge::Join;
use crate::container::config::{ContainerConfig, NetworkMode, Rootfs};
use crate::container::id::ContainerId;
use crate::container::name::ContainerName;
use crate::container::state::{State, Status};
use crate::error::{Doing, Error, Kind, Result, failed};
use crate::sys::file::{self, Durable};
use crate::sys::tree;
use crate::sys::userns::InUserNs;
use std::io::ErrorKind;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The most that we read of a document of ours; a seccomp profile in it may be long.
pub(super) const DOCUMENT_LIMIT: usize = 8 << 20;

/// A container as one look at its files shows it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its id.
    pub id: ContainerId,
    /// Its name.
    pub name: ContainerName,
    /// What was decided about it.
    pub config: ContainerConfig,
    /// What its record says.
    pub state: State,
    /// Whether its supervisor lives. Only asked where it matters: a record that says it ended is
    /// taken at its word.
    pub lock_held: bool,
}

impl Entry {
    /// The status that users see.
    #[must_use]
    pub fn status(&self) -> Status {
        self.state.seen(self.lock_held)
    }

    /// Whether the record says it runs while its supervisor is gone: it needs an exit record.
    #[must_use]
    pub fn crashed(&self) -> bool {
        matches!(self.state, State::Started(_)) && !self.lock_held
    }
}

/// Makes a container that was never started.
///
/// It exists from the last step on, when its state is written; what a crash before that leaves is
/// swept away by the next command that removes containers.
///
/// # Errors
/// `Conflict` if the name is in use, with the way out as hint; nothing is left behind by any error.
pub fn create(store: &Store, config: &ContainerConfig, name: &ContainerName) -> Result<()> {
    let dir = store.container(&config.id);
    let durable = if config.ending.remove { Durable::No } else { Durable::Yes };
    let made = fill(store, &dir, config, name, durable);
    if made.is_err() {
        // Nothing in it belongs to anybody else yet. What cannot be removed is swept later.
        if matches!(name_owner(store, name), Ok(Some(owner)) if owner == config.id) {
            let _ = std::fs::remove_file(store.names().join(name.as_str()));
        }
        let _ = std::fs::remove_dir_all(&dir);
    }
    made.doing(|| format!("make container {name}"))
}

fn fill(
    store: &Store,
    dir: &Path,
    config: &ContainerConfig,
    name: &ContainerName,
    durable: Durable,
) -> Result<()> {
    let mut private = std::fs::DirBuilder::new();
    private.mode(0o700);
    // Whoever sweeps waits meanwhile: a directory without a held lock looks like one left by a crash.
    let gate = Lock::shared(&making(store))?;
    private.create(dir).doing(|| format!("make {}", dir.display()))?;
    // Held while the directory is filled: that tells one in the making from one left by a crash.
    let _lock = Lock::try_exclusive(&dir.join("lock"), true)?
        .ok_or_else(|| failed(format!("{} is in use", dir.display())))?;
    drop(gate);
    // The container's / is what it is in the image.
    let top = match &config.rootfs {
        Rootfs::Layers(chain) => chain.last().map(|top| layers::diff(store, top)),
        Rootfs::Directory(_) => None,
    };
    let root = top.and_then(|top| std::fs::metadata(top).ok());
    let root = root.map_or(0o755, |root| root.permissions().mode() & 0o7777);
    for (sub, mode) in [("diff", root), ("work", 0o700)] {
        let sub = dir.join(sub);
        private.create(&sub).doing(|| format!("make {}", sub.display()))?;
        if mode != 0o700 {
            // The root directory of the container; the umask must not close it for its users.
            std::fs::set_permissions(&sub, std::fs::Permissions::from_mode(mode))
                .doing(|| format!("open {}", sub.display()))?;
        }
    }
    file::create_new(&dir.join("config.json"), &to_json(config)?, durable)?;
    file::create_new(&dir.join("name"), name.as_str().as_bytes(), durable)?;
    claim_name(store, name, &config.id)?;
    write_state(store, &config.id, &State::Created, durable)
}

/// Finds the container that the user means: a whole id, a name, or the first digits of an id.
///
/// # Errors
/// `NotFound`, or `Conflict` if several ids begin so.
pub fn find(store: &Store, text: &str) -> Result<ContainerId> {
    if let Ok(id) = text.parse::<ContainerId>()
        && exists(store, &id)
    {
        return Ok(id);
    }
    if let Ok(name) = text.parse::<ContainerName>()
        && let Some(id) = name_owner(store, &name)?
    {
        return Ok(id);
    }
    let mut found = None;
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        for id in list(store)?.into_iter().filter(|id| id.as_str().starts_with(text)) {
            if found.replace(id).is_some() {
                return Err(Error::new(
                    Kind::Conflict,
                    format!("more than one container id begins with {text:?}"),
                )
                .hint("give more of its digits, or its name"));
            }
        }
    }
    found.ok_or_else(|| no_such(text))
}

/// Says early that a name is taken; [`create`] says it for certain.
///
/// # Errors
/// `Conflict`, with the way out as hint.
pub fn name_is_free(store: &Store, name: &ContainerName) -> Result<()> {
    match name_owner(store, name)? {
        None => Ok(()),
        Some(_) => Err(in_use(store, name, ErrorKind::AlreadyExists.into())),
    }
}

/// The error for a container that is not there, in the words that scripts look for.
#[must_use]
pub fn no_such(text: &str) -> Error {
    Error::new(Kind::NotFound, format!("no container with name or ID {text:?} found: no such container"))
}

/// Whether this container exists, whole.
#[must_use]
pub fn exists(store: &Store, id: &ContainerId) -> bool {
    store.container(id).join("state.json").exists()
}

/// The ids of all containers, sorted; half-made ones are among them until they are looked at.
///
/// # Errors
/// When the store cannot be read.
pub fn list(store: &Store) -> Result<Vec<ContainerId>> {
    let dir = store.containers();
    let entries = std::fs::read_dir(&dir).doing(|| format!("list {}", dir.display()))?;
    let mut ids: Vec<ContainerId> =
        entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// Looks at one container without taking a lock; `None` if it is gone, or was never whole.
///
/// # Errors
/// When one of its files is broken.
pub fn look(store: &Store, id: &ContainerId) -> Result<Option<Entry>> {
    look_at(store, rustix::fs::CWD, &store.container(id), id)
}

/// Looks at all containers without taking a lock; each with what is wrong with it.
///
/// # Errors
/// When the store cannot be read.
pub fn look_at_all(store: &Store) -> Result<Vec<(ContainerId, Result<Option<Entry>>)>> {
    let ids = list(store)?;
    let all = std::fs::File::open(store.containers()).doing(|| "open the store's containers")?;
    let look = |id: ContainerId| {
        let entry = look_at(store, all.as_fd(), Path::new(id.as_str()), &id);
        (id, entry)
    };
    Ok(ids.into_iter().map(look).collect())
}

fn look_at(store: &Store, from: BorrowedFd<'_>, dir: &Path, id: &ContainerId) -> Result<Option<Entry>> {
    let started = |state: &State| matches!(state, State::Started(_));
    let read = || -> Result<Entry> {
        // The state first: it was written last, so with it the rest is there.
        let mut state = from_json(from, &dir.join("state.json"))?;
        let mut held = started(&state) && lock_held(store, id)?;
        if started(&state) && !held {
            // Between the two looks it may have ended properly.
            state = from_json(from, &dir.join("state.json"))?;
            held = started(&state) && lock_held(store, id)?;
        }
        Ok(Entry {
            id: id.clone(),
            // Before the name: with it gone the container is, and not only its name.
            config: read_config(from, &dir.join("config.json"), id)?,
            name: match read_name(from, &dir.join("name")) {
                Ok(name) => name,
                Err(error) => other_name(store, id, error)?,
            },
            state,
            lock_held: held,
        })
    };
    match read() {
        Ok(entry) => Ok(Some(entry)),
        Err(e) if e.kind() == Kind::NotFound => Ok(None),
        // Removed under our eyes, or in the making.
        Err(_) if !exists(store, id) => Ok(None),
        Err(e) => {
            let hint = format!("`box rm -f {}` removes it", id.short());
            Err(if e.find_hint().is_none() { e.hint(hint) } else { e })
                .doing(|| format!("look at container {}", id.short()))
        }
    }
}

/// Looks at one container that has to be there.
///
/// # Errors
/// `NotFound` if it is gone.
pub fn get(store: &Store, id: &ContainerId) -> Result<Entry> {
    look(store, id)?.ok_or_else(|| no_such(id.as_str()))
}

/// What was decided about the container.
///
/// # Errors
/// `NotFound` if it is gone; `Unsupported` if a newer box made it.
pub fn config(store: &Store, id: &ContainerId) -> Result<ContainerConfig> {
    read_config(rustix::fs::CWD, &store.container(id).join("config.json"), id)
}

fn read_config(from: BorrowedFd<'_>, path: &Path, id: &ContainerId) -> Result<ContainerConfig> {
    let mut config: ContainerConfig = from_json(from, path)?;
    if config.network.mode == NetworkMode::Bridge {
        match from_json(from, &path.with_file_name("joins.json")) {
            Ok(joins) => config.network.joins = joins,
            Err(error) if error.kind() == Kind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    if config.version > crate::container::config::CONFIG_VERSION {
        return Err(Error::new(
            Kind::Unsupported,
            format!("container {} was made by a newer version of box", id.short()),
        )
        .hint("use that version, or remove the container with `box rm -f`"));
    }
    Ok(config)
}

/// Writes down the networks that it takes part in from now on, in place of those it was made with.
/// Only whoever holds the container's lock does this.
///
/// # Errors
/// A full disk.
pub fn write_joins(store: &Store, id: &ContainerId, joins: &[Join]) -> Result<()> {
    file::replace(&store.container(id).join("joins.json"), &to_json(&joins)?, Durable::Yes)
}

/// The record of its life.
///
/// # Errors
/// `NotFound` if it is gone.
pub fn state(store: &Store, id: &ContainerId) -> Result<State> {
    from_json(rustix::fs::CWD, &store.container(id).join("state.json"))
}

/// Replaces the record. Only whoever holds the container's lock does this.
///
/// # Errors
/// `NotFound` if it is gone; a full disk.
pub fn write_state(store: &Store, id: &ContainerId, state: &State, durable: Durable) -> Result<()> {
    // How it ended must not be lost because it has filled the disk itself.
    file::replace_json(&store.container(id).join("state.json"), &to_json(state)?, durable)
}

/// The container's name; what serves for one if that is lost.
///
/// # Errors
/// `NotFound` if it is gone.
pub fn name(store: &Store, id: &ContainerId) -> Result<ContainerName> {
    written_name(store, id).or_else(|error| other_name(store, id, error))
}

/// The name as the container's directory has it.
///
/// # Errors
/// `NotFound` if it is gone; when there is none in its file.
pub fn written_name(store: &Store, id: &ContainerId) -> Result<ContainerName> {
    read_name(rustix::fs::CWD, &store.container(id).join("name"))
}

/// What a container is called whose `name` cannot be read.
fn other_name(store: &Store, id: &ContainerId, error: Error) -> Result<ContainerName> {
    if !exists(store, id) {
        return Err(error);
    }
    match linked_name(store, id) {
        Some(name) => Ok(name),
        None => id.short().parse(),
    }
}

/// The first name whose link leads to the container.
fn linked_name(store: &Store, id: &ContainerId) -> Option<ContainerName> {
    let links = std::fs::read_dir(store.names()).ok()?.flatten();
    let here = links.filter(|link| link_target(&link.path()).is_some_and(|target| target == *id));
    here.filter_map(|link| link.file_name().to_str()?.parse().ok()).min()
}

fn read_name(from: BorrowedFd<'_>, path: &Path) -> Result<ContainerName> {
    let bytes = file::read_at(from, path, 4096)?;
    std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| failed(format!("{} holds no name", path.display())))
}

/// Gives the container another name, running or not.
///
/// # Errors
/// `Conflict` if the name is in use.
pub fn rename(store: &Store, id: &ContainerId, to: &ContainerName) -> Result<()> {
    let from = name(store, id)?;
    if from == *to {
        return Err(Error::new(Kind::Conflict, format!("container {} is already called {to}", id.short())));
    }
    // Free a name that leads nowhere first: that needs the same lock.
    name_owner(store, to)?;
    let _names = Lock::exclusive(&store.root().join("names.lock"))?;
    rename_to(store, id, to)?;
    let old = store.names().join(from.as_str());
    match std::fs::remove_file(&old) {
        // It had lost its name, or the link to it.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.doing(|| format!("remove {}", old.display())),
    }
}

/// The new name's link and then the record, in this order.
fn rename_to(store: &Store, id: &ContainerId, to: &ContainerName) -> Result<()> {
    make_link(store, to, id).map_err(|e| in_use(store, to, e))?;
    let written = file::replace(&store.container(id).join("name"), to.as_str().as_bytes(), Durable::Yes);
    if written.is_err() {
        let _ = std::fs::remove_file(store.names().join(to.as_str()));
    }
    written
}

/// Makes the container's name lead to it again, or writes down the one that does; when another one has that name by now it gets its
/// short id for a name.
///
/// # Errors
/// `NotFound` if it is gone.
pub fn link_name(store: &Store, id: &ContainerId) -> Result<()> {
    let Ok(known) = written_name(store, id) else {
        return match linked_name(store, id) {
            Some(name) => {
                file::replace(&store.container(id).join("name"), name.as_str().as_bytes(), Durable::Yes)
            }
            None => rename_to(store, id, &format!("c{}", id.short()).parse()?),
        };
    };
    if name_owner(store, &known)?.is_none() {
        return make_link(store, &known, id).map_err(|e| in_use(store, &known, e));
    }
    let free: ContainerName = format!("c{}", id.short()).parse()?;
    rename_to(store, id, &free)
}

/// Whether its supervisor lives; takes nothing.
///
/// # Errors
/// `NotFound` if the container is gone.
pub fn lock_held(store: &Store, id: &ContainerId) -> Result<bool> {
    Lock::is_held(&store.container(id).join("lock"))
}

/// Takes the container's lock for as long as the descriptor lives; `None` if it is held.
///
/// # Errors
/// `NotFound` if the container is gone or is going.
pub fn take_lock(store: &Store, id: &ContainerId) -> Result<Option<OwnedFd>> {
    let dir = store.container(id);
    let Some(lock) = Lock::try_exclusive(&dir.join("lock"), false)? else { return Ok(None) };
    if !exists(store, id) {
        return Err(no_such(id.as_str()));
    }
    Ok(Some(lock.into()))
}

/// Keeps a container with `--rm` from being thrown away at its end for as long as the result lives:
/// it is being restarted.
///
/// # Errors
/// `NotFound` if it is gone.
pub fn keep(store: &Store, id: &ContainerId) -> Result<Lock> {
    Lock::exclusive(&store.container(id).join("keep"))
}

/// Whether somebody is restarting it, so that `--rm` does not hold now.
#[must_use]
pub fn is_kept(store: &Store, id: &ContainerId) -> bool {
    Lock::is_held(&store.container(id).join("keep")).unwrap_or(false)
}

/// Throws the container away: it is gone at once, its files wait in the trash. Whoever calls this
/// holds its lock, and sees to the trash afterwards.
///
/// # Errors
/// `NotFound` if it is gone already.
pub fn discard(store: &Store, id: &ContainerId) -> Result<()> {
    let dir = store.container(id);
    let name = name(store, id);
    let trash = free_place_in_trash(store, id)?;
    match std::fs::rename(&dir, &trash) {
        Ok(()) => {}
        Err(e) if e.kind() == ErrorKind::NotFound => return Err(no_such(id.as_str())),
        Err(e) => return Err(e).doing(|| format!("remove container {}", id.short())),
    }
    if let Ok(name) = name {
        let link = store.names().join(name.as_str());
        // A crash here leaves a link that leads nowhere; it is removed by whoever wants the name.
        if link_target(&link).is_some_and(|target| target == *id)
            // Its target has a block of its own on ext4, whose return to the disk is not waited for here.
            && std::fs::rename(&link, trash.join("link")).is_err()
        {
            let _ = std::fs::remove_file(link);
        }
    }
    Ok(())
}

/// The directories that wait in the trash.
///
/// # Errors
/// When the trash cannot be listed.
pub fn trash(store: &Store) -> Result<Vec<PathBuf>> {
    let dir = store.trash();
    match std::fs::read_dir(&dir) {
        Ok(entries) => Ok(entries.flatten().map(|entry| entry.path()).collect()),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(e).doing(|| format!("list {}", dir.display())),
    }
}

/// Deletes what waits in the trash; several processes may do so at once. What cannot be deleted
/// stays for the next time.
///
/// # Errors
/// The first thing that could not be deleted.
pub fn empty_trash(store: &Store, _inside: &InUserNs) -> Result<()> {
    let mut errors = Vec::new();
    for path in trash(store)? {
        errors.extend(super::volumes::discard_with(store, &path).err());
        errors.extend(tree::remove(&path).err());
    }
    crate::error::all(errors)
}

/// The lock between whoever begins a container's directory and whoever sweeps half-made ones.
fn making(store: &Store) -> PathBuf {
    store.root().join("making.lock")
}

/// Throws away directories that a crash left half made: no state, and nobody holds the lock.
///
/// # Errors
/// When the store cannot be listed; what cannot be moved stays for the next time.
pub fn sweep_half_made(store: &Store) -> Result<()> {
    for id in list(store)? {
        if exists(store, &id) {
            continue;
        }
        let dir = store.container(&id);
        let _gate = Lock::exclusive(&making(store))?;
        match Lock::try_exclusive(&dir.join("lock"), false) {
            Ok(Some(_lock)) if !exists(store, &id) => {
                let _ = discard(store, &id);
            }
            Ok(_) => {}
            // No lock file: its maker was killed after its first call, and there is nothing in it.
            Err(_) => {
                let _ = std::fs::remove_dir(&dir);
            }
        }
    }
    Ok(())
}

/// Makes `names/<name>`; a link that leads nowhere does not stand in the way.
fn claim_name(store: &Store, name: &ContainerName, id: &ContainerId) -> Result<()> {
    let first = match make_link(store, name, id) {
        Ok(()) => return Ok(()),
        Err(e) => e,
    };
    if first.kind() == ErrorKind::AlreadyExists && name_owner(store, name)?.is_none() {
        return make_link(store, name, id).map_err(|e| in_use(store, name, e));
    }
    Err(in_use(store, name, first))
}

fn make_link(store: &Store, name: &ContainerName, id: &ContainerId) -> std::io::Result<()> {
    let target = Path::new("../containers").join(id.as_str());
    std::os::unix::fs::symlink(target, store.names().join(name.as_str()))
}

fn in_use(store: &Store, name: &ContainerName, cause: std::io::Error) -> Error {
    if cause.kind() != ErrorKind::AlreadyExists {
        return Err::<(), _>(cause).doing(|| format!("claim the name {name}")).expect_err("it is an error");
    }
    let owner = link_target(&store.names().join(name.as_str()));
    let owner = owner.map(|id| id.to_string()).unwrap_or_default();
    Error::new(
        Kind::Conflict,
        format!(
            "the container name {:?} is already in use by {owner:?}. You have to remove that container to be able to reuse that name: that name is already in use",
            name.as_str()
        ),
    )
    .hint(format!("remove it with `box rm -f {name}`, or take its place with --replace"))
}

/// The container that has this name. A link that leads nowhere, or to a container that says it is
/// called otherwise, is removed on the way.
fn name_owner(store: &Store, name: &ContainerName) -> Result<Option<ContainerId>> {
    let link = store.names().join(name.as_str());
    let Some(id) = link_target(&link) else { return Ok(None) };
    let right = |id: &ContainerId| self::name(store, id).is_ok_and(|n| n == *name);
    if exists(store, &id) && right(&id) {
        return Ok(Some(id));
    }
    // Whoever renames holds this lock; whoever makes a container holds the container's.
    let _names = Lock::exclusive(&store.root().join("names.lock"))?;
    let Some(id) = link_target(&link) else { return Ok(None) };
    if right(&id) && (exists(store, &id) || lock_held(store, &id).unwrap_or(false)) {
        return Ok(Some(id));
    }
    std::fs::remove_file(&link).doing(|| format!("remove {}", link.display()))?;
    Ok(None)
}

fn link_target(link: &Path) -> Option<ContainerId> {
    std::fs::read_link(link).ok()?.file_name()?.to_str()?.parse().ok()
}

fn free_place_in_trash(store: &Store, id: &ContainerId) -> Result<PathBuf> {
    let place = store.trash().join(id.as_str());
    if !place.exists() {
        return Ok(place);
    }
    // The same id twice: a copy of the store that was brought back from a backup.
    (0..1000)
        .map(|n| store.trash().join(format!("{}.{n}", id.as_str())))
        .find(|place| !place.exists())
        .ok_or_else(|| failed("the trash is full").hint("empty it with `box container prune`"))
}

fn to_json(document: &impl serde::Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(document).map_err(|e| failed("cannot write a document as JSON").because(e))
}

fn from_json<T: serde::de::DeserializeOwned>(from: BorrowedFd<'_>, path: &Path) -> Result<T> {
    let bytes = file::read_at(from, path, DOCUMENT_LIMIT)?;
    serde_json::from_slice(&bytes).map_err(|e| failed(format!("{} is broken", path.display())).because(e))
}

#[cfg(test)]
#[path = "containers_tests.rs"]
mod tests;
