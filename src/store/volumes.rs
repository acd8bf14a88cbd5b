//! Volumes on disk: made, found, listed and thrown away.
//!
//! A volume is a directory `volumes/<name>/`: `volume.json` says what was asked for and is written
//! once, `_data/` is what containers see. Which containers use it is found by reading their
//! configurations. The first one to mount it fills it (`sandbox::fill`), which leaves marks beside
//! `_data`: `filled` when that is done for good, `owned` when it only has an owner.
//!
//! What a crash leaves, and who mends it:
//!
//! | crash | what is there | mended by |
//! |---|---|---|
//! | while making | `volumes/.<name>.<number>.new/` | [`sweep`], whoever removes volumes next |
//! | while filling | `_fill/` or `_ready/` beside `_data/` | the next container that mounts it |
//! | while removing | a directory in `trash/` | whoever empties the trash next |
//! | a container is gone, its anonymous volumes are not | a container in `trash/` | as above; or `volume prune` |
//! | a container is there, its volumes are not yet | nothing | its start makes them |

use super::containers;
use super::layout::Store;
use super::lock::Lock;
use crate::container::config::ContainerConfig;
use crate::container::id::ContainerId;
use crate::container::volume::VolumeName;
use crate::container::volume::driver::{Asked, Backing, not_owned, understand};
use crate::error::{Doing, Error, Kind, Result, failed};
use crate::sys::file::{self, Durable};
use crate::sys::{copy, tree};
use jiff::Timestamp;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The directory in a volume that containers see.
pub const DATA: &str = "_data";
/// The mark of a volume that has what the image had.
pub const FILLED: &str = "filled";
/// The mark of a volume that was given to a container's user.
pub const OWNED: &str = "owned";
/// The mark of a volume whose owner was chosen when it was made, and stays.
const GIVEN: &str = "given";

/// The most that we read of a volume.json.
const DOCUMENT_LIMIT: usize = 1 << 20;

/// What was asked for when a volume was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Volume {
    /// The version of this document's form.
    pub version: u32,
    /// Its name.
    pub name: VolumeName,
    /// When it was made.
    pub created: Timestamp,
    /// `--label`.
    pub labels: BTreeMap<String, String>,
    /// `local` or `image`.
    #[serde(default = "local")]
    pub driver: String,
    /// `--opt`: `type`, `device` and `o`, as for mount(8); `image`.
    pub options: BTreeMap<String, String>,
    /// Made for one container, without a name of the user's.
    pub anonymous: bool,
    /// `--uid`: whose it is, whatever the image says.
    #[serde(default)]
    pub uid: Option<u32>,
    /// `--gid`.
    #[serde(default)]
    pub gid: Option<u32>,
}

/// The version of the document that this binary writes.
const VERSION: u32 = 1;

fn local() -> String {
    "local".to_string()
}

impl Volume {
    /// An empty one with nothing special about it.
    #[must_use]
    pub fn new(name: VolumeName, anonymous: bool) -> Volume {
        Volume {
            version: VERSION,
            name,
            created: Timestamp::now(),
            labels: BTreeMap::new(),
            driver: local(),
            options: BTreeMap::new(),
            anonymous,
            uid: None,
            gid: None,
        }
    }
}

impl Volume {
    /// What its driver and its options come to.
    ///
    /// # Errors
    /// As [`understand`]; `Invalid` when one that binds is to have an owner.
    pub fn asked(&self) -> Result<Asked> {
        let mut asked = understand(&self.driver, &self.options)?;
        (asked.uid, asked.gid) = (self.uid.or(asked.uid), self.gid.or(asked.gid));
        match &mut asked.backing {
            Backing::Store => {}
            Backing::Directory { .. } if self.uid.or(self.gid).is_some() => return Err(not_owned()),
            Backing::Directory { .. } => {}
            Backing::Tmpfs(options) => {
                for (key, id) in [("uid", self.uid), ("gid", self.gid)] {
                    options.extend(id.map(|id| format!("{key}={id}")));
                }
            }
        }
        Ok(asked)
    }
}

/// Keeps volumes from being removed as unused until the result is dropped: a container that is to use
/// them is being made.
///
/// # Errors
/// What the kernel says.
pub fn hold(store: &Store) -> Result<Lock> {
    Lock::shared(&store.root().join("volumes.lock"))
}

/// Keeps containers with volumes from being made until the result is dropped.
///
/// # Errors
/// What the kernel says.
pub fn hold_alone(store: &Store) -> Result<Lock> {
    Lock::exclusive(&store.root().join("volumes.lock"))
}

/// Makes a volume: filled beside its place and then renamed there, so it is whole or not there. One
/// with an owner is made inside the user namespace, where that can be given.
///
/// A crash leaves what the module says of one in the making.
///
/// # Errors
/// `Conflict` if there is one of this name; `Invalid` for an owner that is nobody there.
pub fn create(store: &Store, volume: &Volume) -> Result<()> {
    create_with(store, volume, &[])
}

/// As [`create`], of files that are in `layers` already, the lowest first; inside the user namespace.
///
/// A crash leaves what the module says of one in the making.
///
/// # Errors
/// As [`create`]; a full disk.
pub fn create_with(store: &Store, volume: &Volume, layers: &[PathBuf]) -> Result<()> {
    let made = make(store, volume, layers);
    made.map_err(|error| match error.kind() {
        Kind::Conflict => Error::new(
            Kind::Conflict,
            format!("volume with name {} already exists: volume already exists", volume.name),
        )
        .hint("--ignore takes the one that is there"),
        _ => error,
    })
    .doing(|| format!("make the volume {}", volume.name))
}

fn make(store: &Store, volume: &Volume, layers: &[PathBuf]) -> Result<()> {
    let place = store.volume(&volume.name);
    let all = store.volumes();
    let mut private = std::fs::DirBuilder::new();
    private.mode(0o700).recursive(true).create(&all).doing(|| format!("make {}", all.display()))?;
    if place.exists() {
        return Err(Error::new(Kind::Conflict, "it exists"));
    }
    private.recursive(false);
    let beside = (0..1000)
        .map(|number| all.join(format!(".{}.{number}.new", volume.name)))
        .find(|beside| private.create(beside).is_ok())
        .ok_or_else(|| failed(format!("no directory can be made in {}", all.display())))?;
    let filled = fill(&beside, volume, layers).and_then(|()| {
        renameat_with(CWD, &beside, CWD, &place, RenameFlags::NOREPLACE)
            .doing(|| format!("name {}", place.display()))
    });
    if filled.is_err() {
        // Nobody else knows of it; what cannot be removed is swept later.
        let _ = tree::remove(&beside);
    }
    filled?;
    if volume.anonymous { Ok(()) } else { file::sync_directory(&all) }
}

fn fill(dir: &Path, volume: &Volume, layers: &[PathBuf]) -> Result<()> {
    // An anonymous volume is of no use to anybody after a power cut but to its container.
    let durable = if volume.anonymous { Durable::No } else { Durable::Yes };
    let data = dir.join(DATA);
    std::fs::create_dir(&data).doing(|| format!("make {}", data.display()))?;
    // The container's users go in and out; the store's directory keeps everybody else away.
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755))
        .doing(|| format!("open {}", data.display()))?;
    let text = serde_json::to_vec(volume).map_err(|e| failed("cannot write down a volume").because(e))?;
    let asked = volume.asked()?;
    if asked.image.is_some() {
        copy_layers(layers, &data)?;
        file::create_new(&dir.join(FILLED), b"", durable)?;
    }
    if asked.uid.or(asked.gid).is_some() && asked.backing == Backing::Store {
        std::os::unix::fs::chown(&data, asked.uid, asked.gid).map_err(|cause| {
            let error =
                Error::new(Kind::Invalid, "its directory cannot be given to that user").because(cause);
            error.hint("there are as many ids as `box info` shows under idMappings")
        })?;
        file::create_new(&dir.join(GIVEN), b"", durable)?;
    }
    file::create_new(&dir.join("volume.json"), &text, durable)
}

/// All files of an image in one directory, on the disk when this returns.
fn copy_layers(layers: &[PathBuf], data: &Path) -> Result<()> {
    let open = |path: &Path| std::fs::File::open(path).doing(|| format!("open {}", path.display()));
    let target = OwnedFd::from(open(data)?);
    for layer in layers {
        let source = OwnedFd::from(open(layer)?);
        copy::onto(&source, &target, &|uid, gid| Some((uid, gid))).doing(|| "copy a layer of its image")?;
    }
    rustix::fs::syncfs(&target).doing(|| format!("sync {}", data.display()))
}

/// Makes the volume unless it is there; returns whether it had to be made.
///
/// # Errors
/// A full disk.
pub fn ensure(store: &Store, volume: impl FnOnce() -> Volume, name: &VolumeName) -> Result<bool> {
    if store.volume(name).exists() {
        return Ok(false);
    }
    match create(store, &volume()) {
        Ok(()) => Ok(true),
        // Somebody else was faster.
        Err(error) if error.kind() == Kind::Conflict => Ok(false),
        Err(error) => Err(error),
    }
}

/// The error for a volume that is not there, in the words that scripts look for.
#[must_use]
pub fn no_such(text: &str) -> Error {
    Error::new(Kind::NotFound, format!("no volume with name {text:?} found: no such volume"))
        .hint("`box volume ls` lists them")
}

/// Whether there is a volume of exactly this name.
#[must_use]
pub fn exists(store: &Store, name: &VolumeName) -> bool {
    store.volume(name).join("volume.json").exists()
}

/// Finds the volume that the user means: by its name or the beginning of one.
///
/// # Errors
/// `NotFound`, or `Conflict` if several begin so.
pub fn find(store: &Store, text: &str) -> Result<VolumeName> {
    if let Ok(name) = text.parse::<VolumeName>()
        && exists(store, &name)
    {
        return Ok(name);
    }
    let mut found = None;
    for name in list(store)?.into_iter().filter(|name| !text.is_empty() && name.as_str().starts_with(text)) {
        if found.replace(name).is_some() {
            return Err(Error::new(Kind::Conflict, format!("more than one volume begins with {text:?}"))
                .hint("give more of its name"));
        }
    }
    found.ok_or_else(|| no_such(text))
}

/// The names of all volumes, sorted.
///
/// # Errors
/// When the store cannot be read.
pub fn list(store: &Store) -> Result<Vec<VolumeName>> {
    let mut names: Vec<VolumeName> = entries(store)?.iter().filter_map(|name| name.parse().ok()).collect();
    names.sort_unstable();
    Ok(names)
}

fn entries(store: &Store) -> Result<Vec<String>> {
    let dir = store.volumes();
    match std::fs::read_dir(&dir) {
        Ok(entries) => {
            Ok(entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
        }
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(e).doing(|| format!("list {}", dir.display())),
    }
}

/// What was asked for when it was made.
///
/// # Errors
/// `NotFound` if it is gone; `Unsupported` if a newer box made it.
pub fn get(store: &Store, name: &VolumeName) -> Result<Volume> {
    let path = store.volume(name).join("volume.json");
    let bytes = file::read(&path, DOCUMENT_LIMIT)
        .map_err(|error| if error.kind() == Kind::NotFound { no_such(name.as_str()) } else { error })?;
    let volume: Volume = serde_json::from_slice(&bytes)
        .map_err(|e| failed(format!("{} is broken", path.display())).because(e))?;
    if volume.version > VERSION {
        return Err(Error::new(
            Kind::Unsupported,
            format!("volume {name} was made by a newer version of box"),
        ));
    }
    Ok(volume)
}

/// Where its files are.
#[must_use]
pub fn data(store: &Store, name: &VolumeName) -> PathBuf {
    store.volume(name).join(DATA)
}

/// Which containers use which volumes; reads every container.
///
/// # Errors
/// When a container cannot be read: what it uses is unknown.
pub fn users(store: &Store) -> Result<BTreeMap<VolumeName, Vec<ContainerId>>> {
    let mut users: BTreeMap<VolumeName, Vec<ContainerId>> = BTreeMap::new();
    for id in containers::list(store)? {
        let config = match containers::config(store, &id) {
            Ok(config) => config,
            // Removed, or not made yet.
            Err(_) if !store.container(&id).join("config.json").exists() => continue,
            Err(error) => return Err(error),
        };
        for (name, _) in config.mounts.iter().filter_map(|mount| mount.volume()) {
            let ids = users.entry(name.clone()).or_default();
            if ids.last() != Some(&id) {
                ids.push(id.clone());
            }
        }
    }
    Ok(users)
}

/// Throws a volume away: it is gone at once, its files wait in the trash. Whoever calls this holds
/// the volumes' lock alone and has seen that nobody uses it.
///
/// One rename: a crash leaves it here or there.
///
/// # Errors
/// `NotFound` if it is gone already.
pub fn discard(store: &Store, name: &VolumeName) -> Result<()> {
    let place = free_place(&store.trash(), name.as_str())?;
    match std::fs::rename(store.volume(name), &place) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == ErrorKind::NotFound => Err(no_such(name.as_str())),
        Err(e) => Err(e).doing(|| format!("remove the volume {name}")),
    }
}

/// Throws away those anonymous volumes of a container, itself gone already, that no other one uses.
///
/// A crash leaves some of them: the container is in the trash, and whoever empties that goes on.
///
/// # Errors
/// The first failure, after the rest is done. When a container cannot be read its volumes are
/// unknown, so all stay; `volume prune` removes them later.
pub fn discard_anonymous(store: &Store, config: &ContainerConfig) -> Result<()> {
    let all = config.mounts.iter().filter_map(|mount| mount.volume());
    let anonymous: Vec<VolumeName> = all.filter(|(_, a)| *a).map(|(name, _)| name.clone()).collect();
    discard_unused(store, &anonymous)
}

/// Throws away those of these volumes that are there and that no container uses.
///
/// They go one after the other; a crash leaves the rest for `volume prune`.
///
/// # Errors
/// As [`discard_anonymous`].
pub fn discard_unused(store: &Store, names: &[VolumeName]) -> Result<()> {
    if !names.iter().any(|name| exists(store, name)) {
        return Ok(());
    }
    let _alone = hold_alone(store)?;
    let users = users(store)?;
    let unused = names.iter().filter(|name| !users.contains_key(*name));
    let errors = unused.filter_map(|name| discard(store, name).err());
    crate::error::all(errors.filter(|error| error.kind() != Kind::NotFound).collect())
}

/// The mark in a container's directory that its anonymous volumes go with it (`rm -v`).
const WITH_VOLUMES: &str = "with-volumes";

/// Notes in a container that is about to be thrown away that its anonymous volumes go with it: whoever
/// empties the trash does that, should we be killed in between.
///
/// # Errors
/// A full disk.
pub fn mark_for_removal(store: &Store, id: &ContainerId) -> Result<()> {
    let path = store.container(id).join(WITH_VOLUMES);
    std::fs::write(&path, "").doing(|| format!("write {}", path.display()))
}

/// Throws away the anonymous volumes of a container in the trash, if they were to go with it.
///
/// # Errors
/// As [`discard_anonymous`].
pub(super) fn discard_with(store: &Store, trashed: &Path) -> Result<()> {
    let Ok(text) = file::read(&trashed.join("config.json"), containers::DOCUMENT_LIMIT) else {
        return Ok(());
    };
    // What cannot be read any more names no volumes.
    let Ok(config) = serde_json::from_slice::<ContainerConfig>(&text) else { return Ok(()) };
    if config.ending.remove || trashed.join(WITH_VOLUMES).exists() {
        discard_anonymous(store, &config)?;
    }
    Ok(())
}

/// Moves what a crash left of volumes in the making to the trash. Whoever calls this holds the volumes'
/// lock alone, so nobody is making one.
pub fn sweep(store: &Store) {
    for name in entries(store).unwrap_or_default() {
        if name.starts_with('.') && name.ends_with(".new") {
            // What cannot be moved now is by the next one. In it may be files of the image's users.
            let place = free_place(&store.trash(), &name);
            let _ = place.and_then(|place| {
                std::fs::rename(store.volumes().join(&name), place).doing(|| "move it to the trash")
            });
        }
    }
}

/// A place in the trash for a volume.
fn free_place(trash: &Path, name: &str) -> Result<PathBuf> {
    (0..1000)
        .map(|number| trash.join(format!("volume-{name}.{number}")))
        .find(|place| !place.exists())
        .ok_or_else(|| failed("the trash is full").hint("empty it with `box container prune`"))
}
