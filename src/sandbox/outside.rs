//! What the one who launches does for a container that has a user namespace of its own.
//!
//! In there the user's own files belong to nobody, and the overlay's layers lie among them. So the
//! root and everything of the host are mounted by descriptor before there is an init, which then
//! only attaches them.

use super::fill::{self, Ids};
use super::rootfs;
use super::step::{Step, Walker};
use crate::container::volume::not_yet;
use crate::error::{Doing, Result, failed};
use crate::oci::spec::IdMapping;
use crate::sys::path::RootFd;
use rustix::fs::{FileType, Gid, Uid};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The mounts, by the numbers of their steps.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    mounts: Vec<Option<OwnedFd>>,
}

/// Whether a step is done before init.
pub(super) fn is_for(step: &Step) -> bool {
    match step {
        Step::OverlayRoot { .. } | Step::ServedRoot { .. } | Step::DirectoryRoot { .. } => true,
        Step::Bind(_) => true,
        Step::FillVolume { .. } | Step::Own { .. } | Step::Alike { .. } | Step::Stage { .. } => true,
        // Its layers are the host's.
        Step::Mount { fs, .. } => fs.kind == "overlay",
        _ => false,
    }
}

/// Does those steps, as root of the namespace that we and the host's files are in; `ids` are those
/// of the container's users as we know them.
///
/// # Errors
/// The number of the step that failed, and why.
pub(super) fn prepare(
    steps: &[Step],
    ids: &Ids,
    served: Option<&OwnedFd>,
) -> Result<Outside, (usize, crate::error::Error)> {
    let mut mounts: Vec<Option<OwnedFd>> = Vec::with_capacity(steps.len());
    let mut root = None;
    for (number, step) in steps.iter().enumerate() {
        let done = one(step, &mut root, ids, served).map_err(|error| (number, error))?;
        mounts.push(done);
    }
    Ok(Outside { mounts })
}

fn one(
    step: &Step,
    root: &mut Option<RootFd>,
    ids: &Ids,
    served: Option<&OwnedFd>,
) -> Result<Option<OwnedFd>> {
    let mut keep = |mounted: OwnedFd| -> Result<Option<OwnedFd>> {
        *root = Some(RootFd::new(mounted.try_clone().doing(|| "keep the container's root open")?));
        Ok(Some(mounted))
    };
    match step {
        Step::OverlayRoot { fs, .. } => keep(rootfs::make(fs)?),
        Step::ServedRoot { .. } => {
            let served = served.ok_or_else(|| failed("nobody serves the root"))?;
            keep(served.try_clone().doing(|| "keep the container's root open")?)
        }
        Step::DirectoryRoot { at } => keep(rootfs::detached_directory(at)?),
        Step::FillVolume { from, volume, user } => {
            let root = root.as_ref().ok_or_else(|| failed("the root is not mounted yet"))?;
            fill::volume(root, from, volume, user, ids).map(|()| None)
        }
        Step::Own { source, below, user } => {
            let root = root.as_ref().ok_or_else(|| failed("the root is not mounted yet"))?;
            fill::own_source(root, source, below.as_deref(), user, ids).map(|()| None)
        }
        Step::Alike { like, directory } => fill::alike(like, directory).map(|()| None),
        Step::Stage { .. } => {
            Err(not_yet("a part of an image, or of an overlay, in a user namespace of the container's own"))
        }
        Step::Mount { fs, .. } if fs.kind == "overlay" => rootfs::make(fs).map(Some),
        Step::Bind(bind) => rootfs::detached_bind(bind),
        _ => Ok(None),
    }
}

/// The container's root, as the one who launches knows it.
///
/// # Errors
/// When nobody is root in there.
pub(super) fn root_of(uids: &[IdMapping], gids: &[IdMapping]) -> Result<(Uid, Gid)> {
    let of = |map: &[IdMapping]| map.iter().find(|m| m.container_id == 0).map(|m| m.host_id);
    match (of(uids), of(gids)) {
        (Some(uid), Some(gid)) => Ok((Uid::from_raw(uid), Gid::from_raw(gid))),
        _ => Err(failed("the new user namespace has no root")),
    }
}

/// Gives pipes to the container's root, who could not open /dev/stdout again otherwise.
///
/// # Errors
/// What the kernel says.
pub(super) fn give_pipes<'a>(streams: impl Iterator<Item = BorrowedFd<'a>>, owner: (Uid, Gid)) -> Result<()> {
    for stream in streams {
        let is_pipe = rustix::fs::fstat(stream).is_ok_and(|s| FileType::from_raw_mode(s.st_mode).is_fifo());
        if is_pipe {
            rustix::fs::fchown(stream, Some(owner.0), Some(owner.1))
                .doing(|| "give a pipe to the container's root")?;
        }
    }
    Ok(())
}

impl Outside {
    /// Init's part of such a step.
    pub(super) fn attach(&self, number: usize, step: &Step, w: &mut Walker<'_>) -> Result<()> {
        let Some(mounted) = self.mounts.get(number).and_then(Option::as_ref) else { return Ok(()) };
        match step {
            Step::Bind(bind) => rootfs::attach_bind(w.root()?, bind, mounted),
            Step::Mount { at, .. } => rootfs::attach_overlay(w.root()?, at, mounted),
            _ => {
                w.root = Some(rootfs::attach_root(mounted)?);
                Ok(())
            }
        }
    }

    /// Every descriptor, to be kept open in init.
    pub(super) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.mounts.iter().flatten().map(AsFd::as_fd)
    }
}
