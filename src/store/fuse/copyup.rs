//! What is written to comes to the upper layer first, with owner, mode, times and attributes.
//!
//! A copy is made in the work directory and renamed into its place: it is complete or absent, also
//! after a crash, which leaves a rest in the work directory that the next start empties.

use super::Io;
use super::nodes::{Ino, UPPER};
use super::union::{Union, copied};
use crate::sys::copy::{Copier, Existing, Owner};
use rustix::fs::{self, AtFlags, FileType, Mode, OFlags, Stat, Timespec, Timestamps};
use rustix::io::Errno;
use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd};

/// Whether the content of a file comes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Whole,
    /// It is about to be cut to nothing.
    Nothing,
}

impl Union {
    /// Brings a node to the upper layer, with the directories above it, unless it is there.
    pub(super) fn copy_up(&mut self, ino: Ino, content: Content) -> Io<()> {
        self.work()?;
        // A list and no recursion: they may be deeper than our stack.
        let mut missing = Vec::new();
        let mut at = ino;
        loop {
            let node = self.nodes.get(at)?;
            if node.layer == UPPER {
                break;
            }
            if node.held.is_some() {
                // Removed and never written to: nobody could find a copy.
                return Err(Errno::STALE);
            }
            missing.push(at);
            (at, _) = self.nodes.name(at)?;
        }
        while let Some(at) = missing.pop() {
            self.copy_one_up(at, if at == ino { content } else { Content::Whole })?;
        }
        Ok(())
    }

    /// Brings one node to the upper layer, where its directory is.
    fn copy_one_up(&mut self, ino: Ino, content: Content) -> Io<()> {
        let node = self.nodes.get(ino)?;
        let (kind, from) = (node.kind, node.layer);
        let (parent, name) = self.nodes.name(ino)?;
        let source = self.dir_in(parent, from)?;
        let target = self.dir_in(parent, UPPER)?;
        let temporary = self.temporary();
        let work = self.work()?;
        let work = work.as_fd();
        let made = make_copy(work, &temporary, source.as_fd(), &name, (kind, content), self.volatile);
        // The directory is as old as before: nothing has come to it that was not to be seen.
        let before = times(&fs::fstat(&target)?);
        let placed = made.and_then(|stat| {
            fs::renameat(work, &temporary, &target, &name)?;
            Ok(stat)
        });
        let stat = match placed {
            Ok(stat) => stat,
            Err(errno) => {
                let _ = crate::sys::tree::remove_at(work, &temporary);
                return Err(errno);
            }
        };
        let _ = fs::futimens(&target, &before);
        self.nodes.is_copied(ino, stat.st_ino);
        let node = self.nodes.get_mut(ino)?;
        node.layer = UPPER;
        if let Some(dir) = &mut node.dir {
            dir.layers.insert(0, UPPER);
        }
        // Whoever reads it has to see what is written from now on.
        if !node.handles.is_empty() {
            let handles = node.handles.clone();
            for handle in handles {
                let open = self.open_node(ino, OFlags::RDONLY)?;
                self.files.replace(handle, open);
            }
        }
        Ok(())
    }
}

fn make_copy(
    work: BorrowedFd<'_>,
    temporary: &CStr,
    source: BorrowedFd<'_>,
    name: &CStr,
    (kind, content): (FileType, Content),
    volatile: bool,
) -> Io<Stat> {
    let mut copier = Copier::new(Owner::Keep, Existing::Refuse);
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match kind {
        FileType::Directory => {
            let source = fs::openat(source, name, flags | OFlags::DIRECTORY, Mode::empty())?;
            fs::mkdirat(work, temporary, Mode::RWXU)?;
            let target = fs::openat(work, temporary, flags | OFlags::DIRECTORY, Mode::empty())?;
            copied(copier.attributes(source.as_fd(), target.as_fd()))?;
        }
        FileType::RegularFile => {
            let source = fs::openat(source, name, flags | OFlags::NONBLOCK, Mode::empty())?;
            let new = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            let target = fs::openat(work, temporary, new, Mode::from_raw_mode(0o600))?;
            copied(match content {
                Content::Whole => copier.file(source.as_fd(), target.as_fd()),
                Content::Nothing => copier.attributes(source.as_fd(), target.as_fd()),
            })?;
            if !volatile {
                fs::fsync(&target)?;
            }
        }
        FileType::Symlink | FileType::Fifo => {
            copied(copier.entry(source, name, work, temporary))?;
        }
        _ => return Err(Errno::OPNOTSUPP),
    }
    fs::statat(work, temporary, AtFlags::SYMLINK_NOFOLLOW)
}

/// When something was read and changed.
pub(super) fn times(stat: &Stat) -> Timestamps {
    let time = |seconds, nanos| Timespec { tv_sec: seconds, tv_nsec: nanos };
    Timestamps {
        last_access: time(stat.st_atime, stat.st_atime_nsec as _),
        last_modification: time(stat.st_mtime, stat.st_mtime_nsec as _),
    }
}
