//! Extended attributes. Those of overlay are its own: the container neither sees nor sets them.

use super::Io;
use super::copyup::Content;
use super::nodes::Ino;
use super::union::Union;
use rustix::fs::{self, FileType, OFlags, XattrFlags};
use rustix::io::Errno;
use std::ffi::CStr;

/// The most that a value or the list of names can be (xattr(7), XATTR_SIZE_MAX).
const MOST: usize = 64 << 10;

fn is_ours(name: &CStr) -> bool {
    name.to_bytes().starts_with(b"user.overlay.")
}

/// Only regular files and directories have some that a container could set.
fn may_have(union: &Union, ino: Ino) -> Io<bool> {
    Ok(matches!(union.nodes.get(ino)?.kind, FileType::RegularFile | FileType::Directory))
}

pub(super) fn get(union: &mut Union, ino: Ino, name: &CStr) -> Io<Vec<u8>> {
    if is_ours(name) || !may_have(union, ino)? {
        return Err(Errno::NODATA);
    }
    let file = union.open_node(ino, OFlags::RDONLY)?;
    let mut value = vec![0; 256];
    loop {
        match fs::fgetxattr(&file, name, &mut value[..]) {
            Ok(length) => {
                value.truncate(length);
                return Ok(value);
            }
            Err(Errno::RANGE) if value.len() < MOST => value.resize(MOST, 0),
            Err(errno) => return Err(errno),
        }
    }
}

pub(super) fn list(union: &mut Union, ino: Ino) -> Io<Vec<u8>> {
    if !may_have(union, ino)? {
        return Ok(Vec::new());
    }
    let file = union.open_node(ino, OFlags::RDONLY)?;
    let mut names = vec![0; MOST];
    let length = fs::flistxattr(&file, &mut names[..])?;
    names.truncate(length);
    let shown = names.split_inclusive(|byte| *byte == 0).filter(|name| !name.starts_with(b"user.overlay."));
    Ok(shown.flatten().copied().collect())
}

pub(super) fn set(union: &mut Union, ino: Ino, name: &CStr, value: &[u8], flags: i32) -> Io<()> {
    if is_ours(name) {
        return Err(Errno::PERM);
    }
    if !may_have(union, ino)? {
        return Err(Errno::OPNOTSUPP);
    }
    union.copy_up(ino, Content::Whole)?;
    let file = union.open_node(ino, OFlags::RDONLY)?;
    fs::fsetxattr(&file, name, value, XattrFlags::from_bits_retain(flags as u32))
}

pub(super) fn remove(union: &mut Union, ino: Ino, name: &CStr) -> Io<()> {
    if is_ours(name) {
        return Err(Errno::PERM);
    }
    // What is not there is no reason to copy a file.
    get(union, ino, name)?;
    union.copy_up(ino, Content::Whole)?;
    let file = union.open_node(ino, OFlags::RDONLY)?;
    fs::fremovexattr(&file, name)
}
