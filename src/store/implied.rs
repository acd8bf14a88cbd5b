//! Directories that a layer's archive leaves out although it has files in them.
//!
//! A layer is what changes when it is laid on those below (OCI image specification, "Image Layer
//! Filesystem Changeset"): a directory that it does not list stays as it is there. Overlay shows the
//! uppermost one's owner and mode, so these are copied: a layer with `tmp/x` alone would close /tmp
//! to everybody but root otherwise.

use super::layers;
use super::layout::Store;
use super::stack::Stack;
use super::unpack::KeptOwner;
use crate::error::Result;
use crate::image::digest::ChainId;
use crate::sys::copy::{Copier, Existing, Owner};
use rustix::fs::{FileType, OFlags};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

/// Gives the directories `implied` (paths below `diff`, empty for itself) the owner, mode, attributes
/// and times that they have in the layers from `parent` on downwards; those that are new or hidden
/// there stay as they are. Returns the owners that could not be given to files there.
///
/// # Errors
/// When a layer below is not there, and what the file system says.
pub(super) fn inherit(
    store: &Store,
    diff: PathBuf,
    implied: &[Vec<u8>],
    parent: Option<&ChainId>,
) -> Result<Vec<KeptOwner>> {
    let mut kept = Vec::new();
    let (Some(parent), false) = (parent, implied.is_empty()) else { return Ok(kept) };
    let below = chain(store, parent)?;
    let mut directories = vec![diff];
    directories.extend(below.iter().map(|chain| layers::diff(store, chain)));
    let stack = Stack::open(&directories)?;
    let copier = Copier::new(Owner::Keep, Existing::Refuse);
    for path in implied {
        if hidden(&stack, path)? {
            continue;
        }
        let Some(found) = stack.lookup(1, path)?.filter(|found| found.kind() == FileType::Directory) else {
            continue;
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        if let (Some(from), Some(to)) =
            (stack.open_at(found.layer, path, flags)?, stack.open_at(0, path, flags)?)
        {
            copier.attributes(from.as_fd(), to.as_fd())?;
        }
        let path = String::from_utf8_lossy(path);
        let owners = layers::kept_owners(store, &below[found.layer - 1])?;
        kept.extend(owners.into_iter().filter(|owner| Path::new(&owner.path) == Path::new(&*path)));
    }
    Ok(kept)
}

/// The layers from this one on downwards.
fn chain(store: &Store, from: &ChainId) -> Result<Vec<ChainId>> {
    let mut all = vec![from.clone()];
    while let Some(below) = layers::record(store, &all[all.len() - 1])?.parent {
        all.push(below);
    }
    Ok(all)
}

/// Whether the uppermost layer has taken away what was there.
fn hidden(stack: &Stack, path: &[u8]) -> Result<bool> {
    for above in super::stack::ancestors(path) {
        if stack.is_opaque(0, above)? {
            return Ok(true);
        }
    }
    Ok(false)
}
