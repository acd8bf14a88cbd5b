//! The files of a container that does not run, as it would see them: its root and what the user has
//! mounted in it.

use super::fill::{self, Ids};
use super::plan;
use super::rootfs;
use super::step::Step;
use crate::error::{Result, failed};
use crate::oci::spec::Spec;
use crate::sys::mount::{self, Propagation};
use crate::sys::path::RootFd;
use crate::sys::userns::{self, IdMaps};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// Takes a mount namespace of our own, so that what is mounted from here on goes with this process.
///
/// # Errors
/// What the kernel says.
pub fn begin() -> Result<()> {
    userns::unshare(libc::CLONE_NEWNS)?;
    let root = mount::open_place(Path::new("/"))?;
    mount::set_propagation(root.as_fd(), Propagation::Slave, true)
}

/// Mounts the root of `spec` and its binds and overlays; a tmpfs would be empty and is left out.
///
/// We are inside the user namespace, after [`begin`], and hold the container's lock: an overlay may
/// be mounted once only. `served` is the root, if a server of ours has it.
///
/// # Errors
/// What the kernel says.
pub fn assemble(spec: &Spec, served: Option<&OwnedFd>) -> Result<RootFd> {
    let root = match plan::root(spec)? {
        Step::OverlayRoot { at, fs } => rootfs::overlay(&at, &fs)?,
        Step::ServedRoot { at } => rootfs::served(&at, served)?,
        Step::DirectoryRoot { at } => rootfs::directory(&at)?,
        other => return Err(failed(format!("{other} makes no root"))),
    };
    let ids = Ids { uids: spec.linux.uid_mappings.clone(), gids: spec.linux.gid_mappings.clone() };
    for step in plan::sources(spec, IdMaps::current()?.is_single())? {
        match step {
            Step::FillVolume { from, volume, user } => fill::volume(&root, &from, &volume, &user, &ids)?,
            Step::Alike { like, directory } => fill::alike(&like, &directory)?,
            Step::Stage { at, fs } => rootfs::stage(&at, &fs)?,
            // Files are given away when it starts.
            _ => {}
        }
    }
    for mount in spec.mounts.iter().filter(|mount| mount.destination != "/") {
        match plan::one_mount(mount)? {
            Step::Bind(bind) => rootfs::bind(&root, &bind)?,
            Step::Mount { at, fs, .. } if fs.kind == "overlay" => {
                rootfs::mount(&root, &at, &fs, false, None)?
            }
            _ => {}
        }
    }
    Ok(root)
}
