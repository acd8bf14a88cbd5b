//! `system reset`: removes everything of box's, and nothing else.

use super::worker::{self, Here};
use super::{ps, reconcile};
use crate::container::state::{State, Status};
use crate::error::{Doing, Error, Kind, Result};
use crate::settings::Settings;
use crate::store::driver;
use crate::store::layout::{MARKER, Store};
use crate::sys::{process, tree};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// What box keeps below its root; anything else there is not ours.
const OURS: [&str; 15] = [
    "containers",
    "names",
    "layers",
    "places",
    "images",
    "trash",
    "tmp",
    "volumes",
    "networks",
    "events",
    "making.lock",
    "names.lock",
    "index.lock",
    "images.lock",
    "volumes.lock",
];

/// Checks that there is a store of the caller's at the place the settings name.
///
/// # Errors
/// `NotFound` when there is nothing; `Denied` when what is there is not ours.
pub fn check(settings: &Settings) -> Result<()> {
    let root = &settings.root;
    let seen = match std::fs::symlink_metadata(root) {
        Ok(seen) => seen,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::new(Kind::NotFound, format!("there is no store at {}", root.display())));
        }
        Err(e) => return Err(e).doing(|| format!("look at {}", root.display())),
    };
    let not_ours = |why: &str| {
        Error::new(Kind::Denied, format!("{} {why}; nothing is removed", root.display()))
            .hint("--root and BOX_ROOT say where the store is; `box info` shows it")
    };
    if !seen.is_dir() {
        return Err(not_ours("is not a directory"));
    }
    if seen.uid() != nix::unistd::geteuid().as_raw() {
        return Err(not_ours("belongs to somebody else"));
    }
    match std::fs::symlink_metadata(root.join(MARKER)) {
        Ok(marker) if marker.is_file() => Ok(()),
        _ => Err(not_ours(&format!("is not a store of box's (it has no file {MARKER})"))),
    }
}

/// What a reset would take away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// All containers.
    pub containers: usize,
    /// Those that run.
    pub running: usize,
}

/// Looks at what is there, after [`check`].
///
/// # Errors
/// When the store cannot be read.
pub fn extent(settings: &Settings, store: &Store) -> Result<Extent> {
    let all = ps::list(settings, store)?;
    let running = all.containers.iter().filter(|entry| entry.status() == Status::Running).count();
    Ok(Extent { containers: all.containers.len() + all.broken.len(), running })
}

/// Ends all containers and removes the store and what lies in the runtime directory.
///
/// A crash on the way leaves a store with its marker, which the next reset removes.
///
/// # Errors
/// As [`check`]; when a container does not end, or a file cannot be removed.
pub fn reset(settings: &Settings, store: &Store) -> Result<()> {
    check(settings)?;
    end_all(settings, store)?;
    // Files of subordinate ids can only be removed inside the user namespace.
    worker::call::<(), ()>(settings, "reset", &())?;
    for name in OURS {
        let left = settings.root.join(name);
        if left.symlink_metadata().is_ok() {
            return Err(Error::new(Kind::Failed, format!("{} could not be removed", left.display())));
        }
    }
    // Last, and only by us: until then it is still known to be a store.
    let marker = settings.root.join(MARKER);
    std::fs::remove_file(&marker).doing(|| format!("remove {}", marker.display()))?;
    // It stays where something in it is not ours, or where it is somebody's mount.
    let _ = std::fs::remove_dir(&settings.root);
    tree::remove(&settings.run.join("c"))?;
    tree::remove(&settings.run.join("networks"))?;
    tree::remove(&settings.run.join("userns"))?;
    for note in driver::notes(store) {
        let _ = std::fs::remove_file(note);
    }
    let mounted = [false, true].map(|of_images| super::mount::list(settings, of_images));
    for mounted in mounted.into_iter().flatten().flatten() {
        super::mount::drop_one(&mounted)?;
    }
    remove_places(&settings.run.join("mounts"));
    let _ = std::fs::remove_dir(&settings.run);
    Ok(())
}

/// Removes the places at which something was mounted (`box mount`). Never what is in them: that may
/// be a directory of the user's, if something has been mounted since.
fn remove_places(mounts: &Path) {
    for kind in std::fs::read_dir(mounts).into_iter().flatten().flatten() {
        for place in std::fs::read_dir(kind.path()).into_iter().flatten().flatten() {
            let _ = std::fs::remove_dir(place.path());
        }
        let _ = std::fs::remove_dir(kind.path());
    }
    let _ = std::fs::remove_dir(mounts);
}

/// Kills every supervisor, and with it all that is in its container.
fn end_all(settings: &Settings, store: &Store) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let running: Vec<_> = ps::list(settings, store)?
            .containers
            .into_iter()
            .filter(|entry| entry.status() == Status::Running)
            .collect();
        if running.is_empty() {
            return Ok(());
        }
        for entry in &running {
            if let State::Started(started) = &entry.state
                && let Some(pidfd) = reconcile::process_of(&started.supervisor)?
            {
                process::send_signal(pidfd.as_fd(), nix::libc::SIGKILL)?;
            }
        }
        if Instant::now() > end {
            let name = &running[0].name;
            return Err(Error::new(
                Kind::Failed,
                format!("container {name} does not end; nothing is removed"),
            ));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The worker's part: removes what is ours below the root, but for the marker.
///
/// # Errors
/// When the marker is missing; the first file that cannot be removed, after the rest is.
pub fn job(here: &Here) -> Result<()> {
    let root = &here.settings.root;
    if !root.join(MARKER).symlink_metadata().is_ok_and(|marker| marker.is_file()) {
        return Err(Error::new(Kind::Denied, format!("{} is not a store of box's", root.display())));
    }
    crate::error::all(OURS.iter().filter_map(|name| remove(root, name).err()).collect())
}

fn remove(root: &Path, name: &str) -> Result<()> {
    tree::remove(&root.join(name))
}
