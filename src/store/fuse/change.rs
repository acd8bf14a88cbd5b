//! Making and removing entries, in the upper layer's own terms: what is gone below is covered by a
//! character device 0:0, a new directory where one was is opaque.
//!
//! What needs more than one step is made in the work directory and put in its place by one rename, so
//! a crash leaves the old state or the new one. What the kernel's overlay leaves behind for a change,
//! this leaves too: `diff` and `commit` see no difference.

use super::Io;
use super::copyup::Content;
use super::nodes::{Ino, UPPER};
use super::union::{DIRECTORY, Union, is_opaque_at, is_whiteout, make_opaque};
use crate::sys::tree;
use rustix::fs::{self, AtFlags, FileType, Gid, Mode, OFlags, RenameFlags, Stat, Uid};
use rustix::io::Errno;
use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

/// Who makes something, and how it is to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct New {
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Permissions, with setuid, setgid and sticky bit.
    pub(super) mode: u32,
}

/// What is made.
#[derive(Clone, Copy, Debug)]
pub(super) enum What<'a> {
    File,
    Directory,
    Node(FileType),
    Symlink(&'a CStr),
}

impl Union {
    /// Makes a new entry.
    pub(super) fn make(&mut self, parent: Ino, name: &CStr, what: What<'_>, new: New) -> Io<()> {
        let (dir, covered) = self.room_for(parent, name)?;
        let above = fs::fstat(&dir)?;
        let inherits = above.st_mode & libc::S_ISGID != 0;
        let is_dir = matches!(what, What::Directory);
        let new = New {
            gid: if inherits { above.st_gid } else { new.gid },
            mode: if inherits && is_dir { new.mode | libc::S_ISGID } else { new.mode },
            ..new
        };
        if !covered {
            let made = make_at(dir.as_fd(), name, what, new);
            if made.is_err_and(|errno| errno != Errno::EXIST) {
                let flags = if is_dir { AtFlags::REMOVEDIR } else { AtFlags::empty() };
                let _ = fs::unlinkat(&dir, name, flags);
            }
            return made;
        }
        let temporary = self.temporary();
        let work = self.work()?;
        let work = work.as_fd();
        let made = make_at(work, &temporary, what, new).and_then(|()| {
            if is_dir {
                make_opaque(fs::openat(work, &temporary, DIRECTORY, Mode::empty())?)?;
            }
            put(work, &temporary, dir.as_fd(), name, is_dir)
        });
        if made.is_err() {
            let _ = tree::remove_at(work, &temporary);
        }
        made
    }

    /// Gives a file another name.
    pub(super) fn link(&mut self, ino: Ino, parent: Ino, name: &CStr) -> Io<()> {
        self.copy_up(ino, Content::Whole)?;
        let (dir, covered) = self.room_for(parent, name)?;
        let (from, old) = self.nodes.name(ino)?;
        let from = self.dir_in(from, UPPER)?;
        if !covered {
            return fs::linkat(&from, &old, &dir, name, AtFlags::empty());
        }
        let temporary = self.temporary();
        let work = self.work()?;
        let work = work.as_fd();
        fs::linkat(&from, &old, work, &temporary, AtFlags::empty())?;
        let made = put(work, &temporary, dir.as_fd(), name, false);
        if made.is_err() {
            let _ = fs::unlinkat(work, &temporary, AtFlags::empty());
        }
        made
    }

    /// The upper directory for a new entry, and whether a whiteout has its place.
    fn room_for(&mut self, parent: Ino, name: &CStr) -> Io<(Arc<OwnedFd>, bool)> {
        if self.nodes.get(parent)?.held.is_some() {
            return Err(Errno::NOENT);
        }
        if self.find(parent, name)?.is_some() {
            return Err(Errno::EXIST);
        }
        self.copy_up(parent, Content::Whole)?;
        let dir = self.dir_in(parent, UPPER)?;
        let covered = in_upper(&dir, name)?.is_some();
        Ok((dir, covered))
    }

    /// Removes an entry; `directory` says of which kind it has to be.
    pub(super) fn remove(&mut self, parent: Ino, name: &CStr, directory: bool) -> Io<()> {
        let found = self.find(parent, name)?.ok_or(Errno::NOENT)?;
        match (found.is_dir(), directory) {
            (true, false) => return Err(Errno::ISDIR),
            (false, true) => return Err(Errno::NOTDIR),
            _ => {}
        }
        let (ino, _) = self.look_up(parent, name)?.ok_or(Errno::NOENT)?;
        if directory && !self.is_empty(ino)? {
            self.nodes.drop_unused(ino);
            return Err(Errno::NOTEMPTY);
        }
        self.copy_up(parent, Content::Whole)?;
        let below = self.is_below(parent, name)?;
        if self.nodes.get(ino)?.lookups > 0 {
            self.hold(ino)?;
        }
        let dir = self.dir_in(parent, UPPER)?;
        let temporary = self.temporary();
        let work = self.work()?;
        let work = work.as_fd();
        if found.layer != UPPER {
            whiteout(dir.as_fd(), name)?;
        } else if below {
            whiteout(work, &temporary)?;
            if let Err(errno) = put(work, &temporary, dir.as_fd(), name, directory) {
                let _ = fs::unlinkat(work, &temporary, AtFlags::empty());
                return Err(errno);
            }
        } else if directory {
            // Whiteouts may be left in it.
            fs::renameat(&dir, name, work, &temporary)?;
            let _ = tree::remove_at(work, &temporary);
        } else {
            fs::unlinkat(&dir, name, AtFlags::empty())?;
        }
        self.has_gone(parent, name, &found.stat, found.layer);
        Ok(())
    }

    /// An entry has lost what was there.
    pub(super) fn has_gone(&mut self, parent: Ino, name: &CStr, stat: &Stat, layer: usize) {
        let is_dir = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        if layer == UPPER && (is_dir || stat.st_nlink <= 1) {
            self.nodes.is_gone(stat.st_ino);
        }
        if let Some(ino) = self.nodes.unname(parent, name) {
            self.settle(ino);
        }
    }

    /// Renames an entry, as renameat2(2) does; a directory that has parts in a layer below stays where
    /// it is (`EXDEV`, upon which programs copy), as in the kernel's overlay without redirects.
    pub(super) fn rename(&mut self, from: (Ino, &CStr), to: (Ino, &CStr), flags: RenameFlags) -> Io<()> {
        if !(flags - RenameFlags::EXCHANGE - RenameFlags::NOREPLACE).is_empty() {
            return Err(Errno::INVAL);
        }
        let exchange = flags.contains(RenameFlags::EXCHANGE);
        let source = self.find(from.0, from.1)?.ok_or(Errno::NOENT)?;
        let target = self.find(to.0, to.1)?;
        match &target {
            Some(_) if flags.contains(RenameFlags::NOREPLACE) => return Err(Errno::EXIST),
            None if exchange => return Err(Errno::NOENT),
            Some(target) if !exchange && source.is_dir() && !target.is_dir() => return Err(Errno::NOTDIR),
            Some(target) if !exchange && !source.is_dir() && target.is_dir() => return Err(Errno::ISDIR),
            _ => {}
        }
        let moves = |found: &super::union::Found| !found.is_dir() || found.layers == [UPPER];
        if !moves(&source) || exchange && !target.as_ref().is_some_and(moves) {
            return Err(Errno::XDEV);
        }
        let (moved, _) = self.look_up(from.0, from.1)?.ok_or(Errno::NOENT)?;
        let replaced = match &target {
            Some(_) => Some(self.look_up(to.0, to.1)?.ok_or(Errno::NOENT)?.0),
            None => None,
        };
        if replaced == Some(moved) {
            return Ok(());
        }
        if let (Some(replaced), Some(target)) = (replaced, &target)
            && !exchange
            && target.is_dir()
            && !self.is_empty(replaced)?
        {
            return Err(Errno::NOTEMPTY);
        }
        if self.nodes.get(to.0)?.held.is_some() {
            return Err(Errno::NOENT);
        }
        self.copy_up(moved, Content::Whole)?;
        self.copy_up(from.0, Content::Whole)?;
        self.copy_up(to.0, Content::Whole)?;
        if let (Some(replaced), true) = (replaced, exchange) {
            self.copy_up(replaced, Content::Whole)?;
        }
        self.hide_below(from, to.0, source.is_dir())?;
        if exchange {
            self.hide_below(to, from.0, target.as_ref().is_some_and(super::union::Found::is_dir))?;
        }
        let (old, new) = (self.dir_in(from.0, UPPER)?, self.dir_in(to.0, UPPER)?);
        if exchange {
            fs::renameat_with(&old, from.1, &new, to.1, RenameFlags::EXCHANGE)?;
        } else {
            if let Some(replaced) = replaced
                && self.nodes.get(replaced)?.lookups > 0
            {
                self.hold(replaced)?;
            }
            self.move_over(from, to, source.is_dir())?;
        }
        // The table follows.
        if let (Some(target), false) = (&target, exchange) {
            self.has_gone(to.0, to.1, &target.stat, target.layer);
        }
        self.nodes.unname(from.0, from.1);
        if let (Some(replaced), true) = (replaced, exchange) {
            self.nodes.unname(to.0, to.1);
            self.nodes.name_as(replaced, from.0, from.1)?;
        }
        self.nodes.name_as(moved, to.0, to.1)?;
        self.nodes.drop_unused(moved);
        Ok(())
    }

    /// A directory that comes to a merged one must not be merged with what is below there.
    fn hide_below(&mut self, (parent, name): (Ino, &CStr), to: Ino, is_dir: bool) -> Io<()> {
        if is_dir && self.nodes.dir(to)?.layers.len() > 1 {
            let dir = self.dir_in(parent, UPPER)?;
            if !is_opaque_at(&dir, name)? {
                make_opaque(fs::openat(&dir, name, DIRECTORY, Mode::empty())?)?;
            }
        }
        Ok(())
    }

    /// Renames in the upper layer; what was there at the new name goes, and a whiteout comes to the
    /// old one if there is something below it.
    fn move_over(&mut self, from: (Ino, &CStr), to: (Ino, &CStr), is_dir: bool) -> Io<()> {
        let below = self.is_below(from.0, from.1)?;
        let (old, new) = (self.dir_in(from.0, UPPER)?, self.dir_in(to.0, UPPER)?);
        let there = in_upper(&new, to.1)?;
        if is_dir && there.as_ref().is_some_and(is_whiteout) {
            // A directory cannot replace the whiteout, so they change places.
            fs::renameat_with(&old, from.1, &new, to.1, RenameFlags::EXCHANGE)?;
            if !below {
                fs::unlinkat(&old, from.1, AtFlags::empty())?;
            }
            return Ok(());
        }
        if is_dir && there.is_some() {
            self.empty_upper(&new, to.1)?;
        }
        let flags = if below { RenameFlags::WHITEOUT } else { RenameFlags::empty() };
        match fs::renameat_with(&old, from.1, &new, to.1, flags) {
            // A file system that leaves no whiteout itself.
            Err(Errno::INVAL) if below => {
                fs::renameat(&old, from.1, &new, to.1)?;
                whiteout(old.as_fd(), from.1)
            }
            other => other,
        }
    }

    /// Puts an empty directory in the place of one that only has whiteouts.
    fn empty_upper(&mut self, dir: &OwnedFd, name: &CStr) -> Io<()> {
        let temporary = self.temporary();
        let work = self.work()?;
        fs::mkdirat(&work, &temporary, Mode::RWXU)?;
        make_opaque(fs::openat(&work, &temporary, DIRECTORY, Mode::empty())?)?;
        fs::renameat_with(&work, &temporary, dir, name, RenameFlags::EXCHANGE)?;
        let _ = tree::remove_at(work.as_fd(), &temporary);
        Ok(())
    }
}

/// What the upper layer has at a place, whiteouts among it.
fn in_upper(dir: &OwnedFd, name: &CStr) -> Io<Option<Stat>> {
    match fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Moves what is made to its place; a directory cannot replace a file, nor a file a directory, so the
/// two change places then.
fn put(work: BorrowedFd<'_>, temporary: &CStr, dir: BorrowedFd<'_>, name: &CStr, exchange: bool) -> Io<()> {
    if !exchange {
        return fs::renameat(work, temporary, dir, name);
    }
    fs::renameat_with(work, temporary, dir, name, RenameFlags::EXCHANGE)?;
    // What cannot be removed is swept at the next start.
    let _ = tree::remove_at(work, temporary);
    Ok(())
}

/// Makes what overlay takes for a file that is gone.
pub(super) fn whiteout(dir: BorrowedFd<'_>, name: &CStr) -> Io<()> {
    fs::mknodat(dir, name, FileType::CharacterDevice, Mode::empty(), 0)
}

fn make_at(dir: BorrowedFd<'_>, name: &CStr, what: What<'_>, new: New) -> Io<()> {
    let mode = Mode::from_raw_mode(new.mode & 0o7777);
    match what {
        What::File => {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            drop(fs::openat(dir, name, flags, mode)?);
        }
        What::Directory => fs::mkdirat(dir, name, mode)?,
        What::Node(kind) => fs::mknodat(dir, name, kind, mode, 0)?,
        What::Symlink(target) => fs::symlinkat(target, dir, name)?,
    }
    let owner = (Some(Uid::from_raw(new.uid)), Some(Gid::from_raw(new.gid)));
    fs::chownat(dir, name, owner.0, owner.1, AtFlags::SYMLINK_NOFOLLOW)?;
    // chown has cleared them.
    if !matches!(what, What::Symlink(_)) && new.mode & 0o6000 != 0 {
        fs::chmodat(dir, name, mode, AtFlags::empty())?;
    }
    Ok(())
}
