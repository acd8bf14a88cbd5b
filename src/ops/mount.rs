//! `mount`, `unmount` and their cousins for images: files of the store as a directory, for programs
//! that run beside box in one mount namespace.
//!
//! A mount lives in the mount namespace of whoever asked for it: that of a shell in `box unshare`, and
//! goes with it; root has the host's. The directories are in the runtime directory, `mounts/<id>`;
//! a crash leaves an empty one, which the next mount of the same thing uses.

use super::{pull, reconcile};
use crate::container::config::Rootfs;
use crate::container::id::ContainerId;
use crate::container::state::State;
use crate::error::{Doing, Error, Kind, Result, failed};
use crate::sandbox::rootfs;
use crate::settings::{Settings, StorageDriver};
use crate::store::driver;
use crate::store::fuse;
use crate::store::images;
use crate::store::layers;
use crate::store::layout::Store;
use crate::sys::mount::{self, Attributes, FileSystem};
use crate::sys::userns::InUserNs;
use crate::transfer::named;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Says what has to be done first where nothing can be mounted, in podman's words.
///
/// # Errors
/// `Denied` for everybody but root and those in `box unshare`.
pub fn check(command: &str) -> Result<()> {
    if nix::unistd::geteuid().is_root() {
        return Ok(());
    }
    let what =
        format!("cannot run command \"box {command}\" in rootless mode, must execute `box unshare` first");
    Err(Error::new(Kind::Denied, what).hint(format!("box unshare, and in its shell: box {command}")))
}

/// Something that is mounted: a container's or an image's id, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mounted {
    /// 64 hex digits.
    pub id: String,
    /// The directory.
    pub place: PathBuf,
}

fn places(settings: &Settings, what: &str) -> PathBuf {
    settings.run.join("mounts").join(what)
}

/// Mounts an image, read-only, unless it is mounted.
///
/// # Errors
/// `NotFound`; what the kernel says.
pub fn image(settings: &Settings, store: &Store, text: &str) -> Result<Mounted> {
    let image = named::find(store, text)?.ok_or_else(|| images::unknown(text))?;
    pull::complete(settings, store, &image)?;
    let _hold = images::hold(store)?;
    let mut lower: Vec<PathBuf> =
        image.chain().iter().rev().map(|chain| layers::diff(store, chain)).collect();
    if lower.len() < 2 {
        // The kernel wants two; in an empty one nothing is to be seen.
        let empty = places(settings, "empty");
        std::fs::create_dir_all(&empty).doing(|| format!("make {}", empty.display()))?;
        lower.push(empty);
    }
    let place = places(settings, "images").join(image.id.hex());
    let driver = driver::choose(store, settings.storage, &InUserNs::verify()?)?;
    put(&place, || overlay(driver, &lower, None))?;
    Ok(Mounted { id: image.id.hex().to_string(), place })
}

/// Mounts a container's files, unless they are mounted: those of a running one as it sees them, without
/// what is mounted in it; those of another to be changed, until it starts.
///
/// # Errors
/// `NotFound`; what the kernel says.
pub fn container(settings: &Settings, store: &Store, text: &str) -> Result<Mounted> {
    let entry = reconcile::find(settings, store, text)?;
    let place = places(settings, "containers").join(entry.id.as_str());
    let tree = || match (&entry.state, &entry.config.rootfs) {
        (State::Started(started), _) => rootfs::clone_of(started.init.pid, Path::new("/")),
        (_, Rootfs::Directory(path)) => mount::clone_tree(path, true),
        (_, Rootfs::Layers(_)) if driver::copied(store, &entry.id).is_dir() => {
            mount::clone_tree(&driver::copied(store, &entry.id), false)
        }
        (_, Rootfs::Layers(_)) if entry.config.namespaces.user != Default::default() => {
            Err(Error::new(Kind::Unsupported, "its files have the owners of a user namespace of its own")
                .hint("start it first"))
        }
        (_, Rootfs::Layers(chain)) => {
            let lower: Vec<PathBuf> = chain.iter().rev().map(|chain| layers::diff(store, chain)).collect();
            let driver = driver::choose(store, entry.config.storage, &InUserNs::verify()?)?;
            overlay(driver, &lower, Some(&store.container(&entry.id)))
        }
    };
    put(&place, tree)?;
    Ok(Mounted { id: entry.id.to_string(), place })
}

/// The mount, attached nowhere. One that is served by FUSE ends when nothing of it is mounted any more,
/// and its server with it.
fn overlay(driver: StorageDriver, lower: &[PathBuf], own: Option<&Path>) -> Result<OwnedFd> {
    if driver == StorageDriver::Fuse {
        let upper = own.map(|own| (own.join("diff"), own.join("work")));
        let order = fuse::Order { lower: lower.to_vec(), upper, volatile: false };
        return fuse::serve_detached(&order);
    }
    let overlay = FileSystem::new("overlay")?;
    overlay.set("source", "overlay")?;
    overlay.flag("userxattr")?;
    for layer in lower {
        overlay.set("lowerdir+", layer.as_path())?;
    }
    match own {
        None => overlay.mount(Attributes::READ_ONLY),
        Some(own) => {
            overlay.set("upperdir", own.join("diff"))?;
            overlay.set("workdir", own.join("work"))?;
            overlay.mount(Attributes::none())
        }
    }
}

fn put(place: &Path, tree: impl FnOnce() -> Result<OwnedFd>) -> Result<()> {
    if mounted_at(place)? {
        return Ok(());
    }
    let tree = tree()?;
    std::fs::create_dir_all(place).doing(|| format!("make {}", place.display()))?;
    mount::attach(tree.as_fd(), mount::open_place(place)?.as_fd())
        .doing(|| format!("mount on {}", place.display()))
}

/// The mounts of this mount namespace, as /proc tells them.
fn mountpoints() -> Result<Vec<PathBuf>> {
    let text = std::fs::read_to_string("/proc/self/mountinfo").doing(|| "read the mounts")?;
    Ok(text.lines().filter_map(|line| line.split(' ').nth(4)).map(PathBuf::from).collect())
}

fn mounted_at(place: &Path) -> Result<bool> {
    Ok(mountpoints()?.iter().any(|point| point == place))
}

/// What is mounted here: containers, or images.
///
/// # Errors
/// When /proc cannot be read.
pub fn list(settings: &Settings, of_images: bool) -> Result<Vec<Mounted>> {
    let dir = places(settings, if of_images { "images" } else { "containers" });
    let mounted = mountpoints()?.into_iter().filter_map(|place| {
        let id = place.strip_prefix(&dir).ok()?.to_str()?.to_string();
        Some(Mounted { id, place })
    });
    Ok(mounted.collect())
}

/// Unmounts a container or an image.
///
/// # Errors
/// `NotFound` when there is no such thing; `Conflict` when it is not mounted.
pub fn unmount(settings: &Settings, store: &Store, text: &str, of_images: bool) -> Result<Mounted> {
    let id = match of_images {
        true => named::find(store, text)?.ok_or_else(|| images::unknown(text))?.id.hex().to_string(),
        false => reconcile::find(settings, store, text).map(|entry| ContainerId::to_string(&entry.id))?,
    };
    let mounted = list(settings, of_images)?.into_iter().find(|mounted| mounted.id == id);
    let mounted = mounted.ok_or_else(|| Error::new(Kind::Conflict, format!("{text} is not mounted")))?;
    drop_one(&mounted)?;
    Ok(mounted)
}

/// Unmounts one of what [`list`] gave.
///
/// # Errors
/// What the kernel says.
pub fn drop_one(mounted: &Mounted) -> Result<()> {
    mount::detach(&mounted.place)?;
    // Another namespace may have something mounted there.
    match std::fs::remove_dir(&mounted.place) {
        Ok(()) => Ok(()),
        Err(cause) if cause.raw_os_error() == Some(nix::libc::EBUSY) => Ok(()),
        Err(cause) => Err(failed(format!("cannot remove {}", mounted.place.display())).because(cause)),
    }
}
