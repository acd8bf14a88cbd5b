//! What happens to a mount's source before it is mounted: a new volume gets what the image has at that
//! place, and files are given to the container's user.
//!
//! A volume is a directory with `_data` in it, and these marks beside it:
//!
//! 1. `_fill/`: the image's files on their way; a crash leaves it, and the next one starts over
//! 2. `_ready/`: all of them are there, and are moved into `_data` one by one; a crash leaves the
//!    rest, and the next one goes on
//! 3. `filled`: that is done, and never done again. `owned`: the image had nothing there, and the
//!    volume was given to the container's user; the image of a later container may still fill it.
//!    `given`: its owner was chosen when it was made, and stays
//!
//! `_data` itself stays in its place all the time, so a container that has it mounted sees the files
//! appear. Two containers that start at once wait for each other at the volume's lock.

use super::account;
use crate::error::{Doing, Kind, Result, invalid};
use crate::oci::spec::IdMapping;
use crate::sys::copy::{Copier, Existing, Owner, give_tree};
use crate::sys::path::RootFd;
use crate::sys::{fd, tree};
use rustix::fs::{Gid, Mode, OFlags, RenameFlags, Uid, renameat_with};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// What the ids of the container's users are for the one who does this; empty where they are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    pub(super) uids: Vec<IdMapping>,
    pub(super) gids: Vec<IdMapping>,
}

impl Ids {
    fn of(&self, root: &RootFd, user: &str) -> Result<(u32, u32)> {
        let account = account::look_up(root, user, &[])?;
        let outward = |maps: &[IdMapping], id: u32| {
            if maps.is_empty() {
                return Some(id);
            }
            let within = |m: &&IdMapping| id >= m.container_id && id - m.container_id < m.size;
            maps.iter().find(within).map(|m| m.host_id + (id - m.container_id))
        };
        match (outward(&self.uids, account.uid), outward(&self.gids, account.gid)) {
            (Some(uid), Some(gid)) => Ok((uid, gid)),
            _ => {
                Err(invalid(format!("the user {user:?} has no id outside of the container's user namespace")))
            }
        }
    }
}

/// Fills a volume that was never filled, if it is empty.
///
/// # Errors
/// A full disk; what is there then is as after a crash.
pub(super) fn volume(root: &RootFd, from: &Path, volume: &Path, user: &str, ids: &Ids) -> Result<()> {
    let there = |name: &str| volume.join(name).symlink_metadata().is_ok();
    if there("filled") {
        return Ok(());
    }
    let lock = File::options().create(true).truncate(false).write(true).open(volume.join("lock"));
    let lock = lock.doing(|| format!("open the lock of the volume {}", volume.display()))?;
    fd::lock_ofd_wait(lock.as_fd())?;
    if there("filled") {
        return Ok(());
    }
    let data = open(&volume.join("_data"))?;
    if there("_ready") {
        return finish(volume, &data);
    }
    if !is_empty(&data)? {
        return Ok(());
    }
    let source = match root.at(from, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()) {
        Ok(source) => source,
        Err(error) if is_no_directory(&error) => {
            if !there("owned") && !there("given") {
                give_to_user(root, &data, user, ids)?;
                mark(volume, "owned")?;
            }
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let fill = volume.join("_fill");
    tree::remove(&fill)?;
    std::fs::create_dir(&fill).doing(|| format!("make {}", fill.display()))?;
    let target = open(&fill)?;
    Copier::new(Owner::Keep, Existing::Refuse)
        .directory(source.as_fd(), target.as_fd())
        .doing(|| format!("copy {} of the image", from.display()))?;
    if !is_empty(&target)? {
        // The files are on the disk before anything says that they are.
        rustix::fs::syncfs(&target).doing(|| format!("sync {}", fill.display()))?;
    }
    let ready = volume.join("_ready");
    std::fs::rename(&fill, &ready).doing(|| format!("rename {}", fill.display()))?;
    finish(volume, &data)
}

/// Moves what is ready into the volume; what has come there meanwhile stays.
fn finish(volume: &Path, data: &OwnedFd) -> Result<()> {
    let path = volume.join("_ready");
    let ready = open(&path)?;
    for entry in rustix::fs::Dir::read_from(&ready).doing(|| format!("list {}", path.display()))? {
        let entry = entry.doing(|| format!("list {}", path.display()))?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        match renameat_with(&ready, name, data, name, RenameFlags::NOREPLACE) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(errno) => return Err(errno).doing(|| format!("fill {}", volume.display())),
        }
    }
    let stat = rustix::fs::fstat(&ready).doing(|| format!("look at {}", path.display()))?;
    if volume.join("given").symlink_metadata().is_err() {
        own(data, stat.st_uid, stat.st_gid)?;
    }
    rustix::fs::fchmod(data, Mode::from_raw_mode(stat.st_mode & 0o7777)).doing(|| "set a volume's mode")?;
    mark(volume, "filled")?;
    tree::remove(&path)
}

fn mark(volume: &Path, name: &str) -> Result<()> {
    let path = volume.join(name);
    File::create(&path).map(drop).doing(|| format!("make {}", path.display()))
}

fn open(path: &Path) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).doing(|| format!("open {}", path.display()))
}

fn is_empty(dir: &OwnedFd) -> Result<bool> {
    for entry in rustix::fs::Dir::read_from(dir).doing(|| "list a volume")? {
        let entry = entry.doing(|| "list a volume")?;
        if entry.file_name() != c"." && entry.file_name() != c".." {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Nothing there, or a file: nothing a volume could begin with.
fn is_no_directory(error: &crate::error::Error) -> bool {
    error.kind() == Kind::NotFound || error.io().and_then(std::io::Error::raw_os_error) == Some(libc::ENOTDIR)
}

fn give_to_user(root: &RootFd, data: &OwnedFd, user: &str, ids: &Ids) -> Result<()> {
    let (uid, gid) = ids.of(root, user)?;
    own(data, uid, gid)
}

fn own(dir: &OwnedFd, uid: u32, gid: u32) -> Result<()> {
    let now = rustix::fs::fstat(dir).doing(|| "look at a volume")?;
    if (now.st_uid, now.st_gid) == (uid, gid) {
        return Ok(());
    }
    rustix::fs::fchown(dir, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))
        .doing(|| "give a volume to its user")
}

/// `U`: gives a mount's source, with all that is in it, to the container's user.
///
/// # Errors
/// When a file is not the caller's to give.
pub(super) fn own_source(
    root: &RootFd,
    source: &Path,
    below: Option<&str>,
    user: &str,
    ids: &Ids,
) -> Result<()> {
    let place = super::rootfs::source(source, below)?;
    own_tree(root, &place, user, ids)
        .doing(|| format!("give {} to the container's user", source.display()))
        .map_err(|error| match error.kind() {
            Kind::Denied => error.hint("only files of yours, or of your subordinate ids, can be given away"),
            _ => error,
        })
}

/// Gives a directory, with all that is in it, to the container's user.
///
/// # Errors
/// As [`own_source`].
pub(super) fn own_tree(root: &RootFd, tree: &OwnedFd, user: &str, ids: &Ids) -> Result<()> {
    let (uid, gid) = ids.of(root, user)?;
    give_tree(tree.as_fd(), uid, gid)
}

/// Gives a directory of ours the owner and the mode of another one, as far as they are ours to give.
///
/// # Errors
/// When one of them is not there.
pub(super) fn alike(like: &Path, directory: &Path) -> Result<()> {
    let stat = rustix::fs::stat(like).doing(|| format!("look at {}", like.display()))?;
    let directory = open(directory)?;
    // An id that is not mapped, or a single-id namespace: it stays ours then.
    let _ = own(&directory, stat.st_uid, stat.st_gid);
    rustix::fs::fchmod(&directory, Mode::from_raw_mode(stat.st_mode & 0o7777))
        .doing(|| "set the mode of an overlay")
}
