//! The kernel's requests, answered from the [`Union`].
//!
//! Nobody else changes the tree, so the kernel may believe what it was told for as long as it likes:
//! names, attributes and what it has read. It is not told to hold writes back: what was written is in
//! the upper layer at once, for `diff`, `commit` and whoever else looks from outside.
//!
//! Source: linux/fuse.h; Documentation/filesystems/fuse.rst.

use super::change::{New, What};
use super::copyup::{Content, times};
use super::files::{self, Files};
use super::nodes::{Ino, ROOT};
use super::union::{Entry, Union};
use super::{Io, attributes};
use fuser::{
    BsdFileFlags, CopyFileRangeFlags, Errno as FuseErrno, FileAttr, FileHandle, FileType as FuseType,
    Filesystem, FopenFlags, Generation, INodeNo, InitFlags, KernelConfig, LockOwner, Notifier, OpenFlags,
    RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyDirectoryPlus, ReplyEmpty,
    ReplyEntry, ReplyLseek, ReplyOpen, ReplyStatfs, ReplyWrite, ReplyXattr, Request, TimeOrNow, WriteFlags,
};
use rustix::fs::{
    self, AtFlags, FallocateFlags, FileType, Gid, Mode, OFlags, SeekFrom, Stat, Timespec, Timestamps, Uid,
};
use rustix::io::Errno;
use std::ffi::{CString, OsStr};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long the kernel may believe it.
const FOR_GOOD: Duration = Duration::from_secs(24 * 3600);

/// The most bytes of one write.
const LARGEST_WRITE: u32 = 1 << 20;

/// The file system.
#[derive(Debug)]
pub(super) struct Server {
    union: Mutex<Union>,
    files: Arc<Files>,
    volatile: bool,
    /// Set once the session is there.
    kernel: Arc<OnceLock<Notifier>>,
}

impl Server {
    /// One that tells the kernel of what it does not expect through `kernel`.
    pub(super) fn new(union: Union, kernel: Arc<OnceLock<Notifier>>) -> Server {
        let (files, volatile) = (union.files.clone(), union.volatile);
        Server { union: Mutex::new(union), files, volatile, kernel }
    }

    /// As [`files::take_privileges`], and the kernel forgets the mode that it knew: it would start a
    /// program with rights that the file has no more.
    fn take_privileges(&self, ino: INodeNo, file: &OwnedFd) -> Io<()> {
        if files::take_privileges(file)? {
            self.forget_attributes(ino);
        }
        Ok(())
    }

    fn forget_attributes(&self, ino: INodeNo) {
        if let Some(kernel) = self.kernel.get() {
            // One that it does not know it cannot remember. (A negative offset: no content.)
            let _ = kernel.inval_inode(ino, -1, 0);
        }
    }

    fn union(&self) -> MutexGuard<'_, Union> {
        self.union.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks an entry up for the kernel, which is told of it: `None` if there is none.
    fn tell(union: &mut Union, parent: Ino, name: &CString) -> Io<Option<Told>> {
        let Some((ino, stat)) = union.look_up(parent, name)? else { return Ok(None) };
        union.nodes.get_mut(ino)?.lookups += 1;
        let for_how_long = if union.shown_number(ino, &stat)? == ino { FOR_GOOD } else { Duration::ZERO };
        Ok(Some(Told { attr: attr(ino, &stat), for_how_long }))
    }

    /// What stat(2) is to show.
    fn show(union: &mut Union, ino: Ino) -> Io<FileAttr> {
        let stat = union.stat(ino)?;
        Ok(attr(union.shown_number(ino, &stat)?, &stat))
    }

    /// Makes something and tells the kernel of it.
    fn make(&self, parent: INodeNo, name: &OsStr, what: What<'_>, new: New) -> Io<Told> {
        let name = c_name(name)?;
        let mut union = self.union();
        union.make(parent.0, &name, what, new)?;
        Self::tell(&mut union, parent.0, &name)?.ok_or(Errno::NOENT)
    }

    fn open_file(union: &mut Union, files: &Files, ino: Ino, flags: i32, caller: u32) -> Io<u64> {
        files.have_room()?;
        let access = flags & libc::O_ACCMODE;
        let cut = flags & libc::O_TRUNC != 0;
        let mut wanted = match access {
            libc::O_WRONLY => OFlags::WRONLY,
            libc::O_RDWR => OFlags::RDWR,
            _ => OFlags::RDONLY,
        };
        if access != libc::O_RDONLY || cut {
            union.copy_up(ino, if cut { Content::Nothing } else { Content::Whole })?;
        }
        if cut {
            wanted |= OFlags::TRUNC;
        }
        if !union.volatile {
            // What the caller wants to be on the disk when a write returns. Positions are the kernel's.
            wanted |= OFlags::from_bits_retain((flags & (libc::O_SYNC | libc::O_DSYNC)) as u32);
        }
        let file = union.open_node(ino, wanted)?;
        if cut && caller != 0 {
            files::take_privileges(&file)?;
        }
        let handle = files.add(ino, file);
        if access == libc::O_RDONLY {
            union.nodes.get_mut(ino)?.handles.push(handle);
        }
        Ok(handle)
    }

    /// The attributes that the caller wants changed.
    fn change(&self, ino: Ino, change: &Change, handle: Option<FileHandle>) -> Io<FileAttr> {
        let mut union = self.union();
        let cut = if change.size == Some(0) { Content::Nothing } else { Content::Whole };
        union.copy_up(ino, cut)?;
        let kind = union.nodes.get(ino)?.kind;
        if let Some(size) = change.size {
            let writable = handle.and_then(|handle| self.files.get(handle.0).ok());
            let cut = writable.as_ref().map(|file| fs::ftruncate(file, size));
            match cut {
                Some(Ok(())) => {}
                // One that cannot be written to.
                _ => fs::ftruncate(union.open_node(ino, OFlags::WRONLY)?, size)?,
            }
            if change.caller != 0 {
                files::take_privileges(&union.open_node(ino, OFlags::RDONLY)?)?;
            }
        }
        if matches!(kind, FileType::RegularFile | FileType::Directory) {
            if change.is_more_than_size() {
                change.apply(&union.open_node(ino, OFlags::RDONLY)?)?;
            }
        } else if let Ok((parent, name)) = union.nodes.name(ino) {
            let dir = union.dir_in(parent, super::nodes::UPPER)?;
            change.apply_at(&dir, &name, kind)?;
        }
        Self::show(&mut union, ino)
    }

    /// The entries of a directory from an offset on, which count from 1.
    fn entries(&self, ino: Ino, handle: FileHandle, offset: u64) -> Io<(Arc<Vec<Entry>>, usize)> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        if offset > 0
            && let Some(list) = self.files.list(handle.0)
        {
            return Ok((list, from));
        }
        // From the start: as it is now (rewinddir(3)).
        let mut union = self.union();
        let above = match ino {
            ROOT => ROOT,
            _ => union.nodes.name(ino).map_or(ROOT, |(parent, _)| parent),
        };
        let dots = [(c".", ino), (c"..", above)];
        let dot = |(name, ino): (&std::ffi::CStr, Ino)| Entry {
            name: name.to_owned(),
            ino,
            kind: FileType::Directory,
        };
        let mut list: Vec<Entry> = dots.into_iter().map(dot).collect();
        list.extend(union.list(ino)?);
        Ok((self.files.set_list(handle.0, list)?, from))
    }
}

/// What setattr is to change.
struct Change {
    mode: Option<u32>,
    uid: Option<u32>,
    gid: Option<u32>,
    size: Option<u64>,
    atime: Option<TimeOrNow>,
    mtime: Option<TimeOrNow>,
    caller: u32,
}

impl Change {
    fn is_more_than_size(&self) -> bool {
        self.mode.is_some() || self.owner().is_some() || self.times().is_some()
    }

    fn owner(&self) -> Option<(Option<Uid>, Option<Gid>)> {
        (self.uid.is_some() || self.gid.is_some())
            .then(|| (self.uid.map(Uid::from_raw), self.gid.map(Gid::from_raw)))
    }

    fn times(&self) -> Option<Timestamps> {
        let time = |time: Option<TimeOrNow>| match time {
            None => Timespec { tv_sec: 0, tv_nsec: libc::UTIME_OMIT as _ },
            Some(TimeOrNow::Now) => Timespec { tv_sec: 0, tv_nsec: libc::UTIME_NOW as _ },
            Some(TimeOrNow::SpecificTime(at)) => timespec(at),
        };
        (self.atime.is_some() || self.mtime.is_some())
            .then(|| Timestamps { last_access: time(self.atime), last_modification: time(self.mtime) })
    }

    fn mode(&self) -> Option<Mode> {
        self.mode.map(|mode| Mode::from_raw_mode(mode & 0o7777))
    }

    fn apply(&self, file: &OwnedFd) -> Io<()> {
        if let Some((uid, gid)) = self.owner() {
            fs::fchown(file, uid, gid)?;
        }
        // After chown, which clears bits.
        if let Some(mode) = self.mode() {
            fs::fchmod(file, mode)?;
        }
        self.times().map_or(Ok(()), |times| fs::futimens(file, &times))
    }

    fn apply_at(&self, dir: &OwnedFd, name: &CString, kind: FileType) -> Io<()> {
        if let Some((uid, gid)) = self.owner() {
            fs::chownat(dir, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW)?;
        }
        if let Some(mode) = self.mode().filter(|_| kind != FileType::Symlink) {
            fs::chmodat(dir, name, mode, AtFlags::empty())?;
        }
        let set = |times| fs::utimensat(dir, name, &times, AtFlags::SYMLINK_NOFOLLOW);
        self.times().map_or(Ok(()), set)
    }
}

/// What the caller gave: fuser 0.18 takes nanoseconds, which always go forward, for going back as
/// seconds before 1970 do (its src/time.rs), so this takes them the same way.
fn timespec(at: SystemTime) -> Timespec {
    let (seconds, nanos) = match at.duration_since(UNIX_EPOCH) {
        Ok(after) => (i64::try_from(after.as_secs()).unwrap_or(i64::MAX), after.subsec_nanos()),
        Err(before) => {
            let before = before.duration();
            (0i64.saturating_sub_unsigned(before.as_secs()), before.subsec_nanos())
        }
    };
    Timespec { tv_sec: seconds, tv_nsec: nanos.into() }
}

fn time(at: &Timespec) -> SystemTime {
    let nanos = Duration::from_nanos(at.tv_nsec as u64);
    match u64::try_from(at.tv_sec) {
        Ok(seconds) => UNIX_EPOCH + Duration::from_secs(seconds) + nanos,
        Err(_) => UNIX_EPOCH - Duration::from_secs(at.tv_sec.unsigned_abs()) + nanos,
    }
}

/// A string of the kernel's.
fn text(text: &OsStr) -> Io<CString> {
    CString::new(text.as_bytes()).map_err(|_| Errno::INVAL)
}

/// The name of an entry. The kernel sends no others, and our own safety does not hang on that.
fn c_name(name: &OsStr) -> Io<CString> {
    match name.as_bytes() {
        b"" | b"." | b".." => Err(Errno::INVAL),
        bytes if bytes.contains(&b'/') => Err(Errno::INVAL),
        _ => text(name),
    }
}

fn fuse_type(kind: FileType) -> FuseType {
    match kind {
        FileType::Directory => FuseType::Directory,
        FileType::Symlink => FuseType::Symlink,
        FileType::Fifo => FuseType::NamedPipe,
        FileType::Socket => FuseType::Socket,
        FileType::CharacterDevice => FuseType::CharDevice,
        FileType::BlockDevice => FuseType::BlockDevice,
        _ => FuseType::RegularFile,
    }
}

fn attr(ino: Ino, stat: &Stat) -> FileAttr {
    let read = times(stat);
    let changed = Timespec { tv_sec: stat.st_ctime, tv_nsec: stat.st_ctime_nsec as _ };
    FileAttr {
        ino: INodeNo(ino),
        size: stat.st_size as u64,
        blocks: stat.st_blocks as u64,
        atime: time(&read.last_access),
        mtime: time(&read.last_modification),
        ctime: time(&changed),
        crtime: UNIX_EPOCH,
        kind: fuse_type(FileType::from_raw_mode(stat.st_mode)),
        perm: (stat.st_mode & 0o7777) as u16,
        nlink: stat.st_nlink as u32,
        uid: stat.st_uid,
        gid: stat.st_gid,
        rdev: stat.st_rdev as u32,
        blksize: stat.st_blksize as u32,
        flags: 0,
    }
}

fn no(errno: Errno) -> FuseErrno {
    FuseErrno::from_i32(errno.raw_os_error())
}

/// Answers with what it gave, or with the error.
macro_rules! answer {
    ($reply:ident, $result:expr, $value:pat => $done:expr) => {
        match $result {
            Ok($value) => $done,
            Err(errno) => $reply.error(no(errno)),
        }
    };
}

const SAME: Generation = Generation(0);

impl Filesystem for Server {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> std::io::Result<()> {
        // Each alone: an older kernel does without those that it does not know.
        for wanted in [
            InitFlags::FUSE_ATOMIC_O_TRUNC,
            InitFlags::FUSE_DO_READDIRPLUS,
            InitFlags::FUSE_READDIRPLUS_AUTO,
            InitFlags::FUSE_PARALLEL_DIROPS,
            InitFlags::FUSE_CACHE_SYMLINKS,
            InitFlags::FUSE_HANDLE_KILLPRIV_V2,
        ] {
            let _ = config.add_capabilities(wanted);
        }
        let _ = config.set_max_write(LARGEST_WRITE);
        Ok(())
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let told = c_name(name).and_then(|name| Self::tell(&mut self.union(), parent.0, &name));
        answer!(reply, told, attr => match attr {
            Some(told) => told.to(reply),
            // The number 0 means that there is nothing, which the kernel may believe as well.
            None => reply.entry(&FOR_GOOD, &nothing(), SAME),
        });
    }

    fn forget(&self, _: &Request, ino: INodeNo, times: u64) {
        self.union().nodes.forget(ino.0, times);
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        let shown = Self::show(&mut self.union(), ino.0);
        answer!(reply, shown, attr => reply.attr(&FOR_GOOD, &attr));
    }

    fn setattr(
        &self,
        request: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        atime: Option<TimeOrNow>,
        mtime: Option<TimeOrNow>,
        _: Option<SystemTime>,
        handle: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let change = Change { mode, uid, gid, size, atime, mtime, caller: request.uid() };
        let changed = self.change(ino.0, &change, handle);
        answer!(reply, changed, attr => reply.attr(&FOR_GOOD, &attr));
    }

    fn readlink(&self, _: &Request, ino: INodeNo, reply: ReplyData) {
        let target = self.union().read_link(ino.0);
        answer!(reply, target, target => reply.data(target.as_bytes()));
    }

    fn mknod(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _: u32,
        _: u32,
        reply: ReplyEntry,
    ) {
        let new = New { uid: request.uid(), gid: request.gid(), mode };
        let what = match FileType::from_raw_mode(mode) {
            FileType::RegularFile => What::File,
            kind @ (FileType::Fifo | FileType::Socket) => What::Node(kind),
            // The kernel lets nobody but the host's root make others, save for 0:0, our whiteout.
            _ => return reply.error(no(Errno::PERM)),
        };
        answer!(reply, self.make(parent, name, what, new), told => told.to(reply));
    }

    fn mkdir(&self, request: &Request, parent: INodeNo, name: &OsStr, mode: u32, _: u32, reply: ReplyEntry) {
        let new = New { uid: request.uid(), gid: request.gid(), mode };
        let made = self.make(parent, name, What::Directory, new);
        answer!(reply, made, told => told.to(reply));
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let removed = c_name(name).and_then(|name| self.union().remove(parent.0, &name, false));
        answer!(reply, removed, () => reply.ok());
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let removed = c_name(name).and_then(|name| self.union().remove(parent.0, &name, true));
        answer!(reply, removed, () => reply.ok());
    }

    fn symlink(&self, request: &Request, parent: INodeNo, name: &OsStr, target: &Path, reply: ReplyEntry) {
        let new = New { uid: request.uid(), gid: request.gid(), mode: 0o777 };
        let made =
            text(target.as_os_str()).and_then(|target| self.make(parent, name, What::Symlink(&target), new));
        answer!(reply, made, told => told.to(reply));
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let renamed = c_name(name).and_then(|name| {
            let new_name = c_name(new_name)?;
            let flags = fs::RenameFlags::from_bits_retain(flags.bits());
            self.union().rename((parent.0, &name), (new_parent.0, &new_name), flags)
        });
        answer!(reply, renamed, () => reply.ok());
    }

    fn link(&self, _: &Request, ino: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let linked = c_name(name).and_then(|name| {
            let mut union = self.union();
            union.link(ino.0, parent.0, &name)?;
            Self::tell(&mut union, parent.0, &name)?.ok_or(Errno::NOENT)
        });
        answer!(reply, linked, told => told.to(reply));
    }

    fn open(&self, request: &Request, ino: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        let opened = Self::open_file(&mut self.union(), &self.files, ino.0, flags.0, request.uid());
        if flags.0 & libc::O_TRUNC != 0 && request.uid() != 0 {
            // It may have lost its setuid bit.
            self.forget_attributes(ino);
        }
        answer!(reply, opened, handle => reply.opened(FileHandle(handle), FopenFlags::FOPEN_KEEP_CACHE));
    }

    fn create(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _: u32,
        flags: i32,
        reply: ReplyCreate,
    ) {
        let new = New { uid: request.uid(), gid: request.gid(), mode };
        let created = c_name(name).and_then(|name| {
            let mut union = self.union();
            self.files.have_room()?;
            union.make(parent.0, &name, What::File, new)?;
            let attr = Self::tell(&mut union, parent.0, &name)?.ok_or(Errno::NOENT)?.attr;
            let flags = flags & !libc::O_TRUNC;
            Ok((attr, Self::open_file(&mut union, &self.files, attr.ino.0, flags, request.uid())?))
        });
        answer!(reply, created, (attr, handle) => {
            reply.created(&FOR_GOOD, &attr, SAME, FileHandle(handle), FopenFlags::FOPEN_KEEP_CACHE);
        });
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let mut buffer = vec![0; size as usize];
        let read = self.files.get(handle.0).and_then(|file| files::read(&file, offset, &mut buffer));
        answer!(reply, read, n => reply.data(&buffer[..n]));
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        handle: FileHandle,
        offset: u64,
        data: &[u8],
        how: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let written = self.files.get(handle.0).and_then(|file| {
            if how.contains(WriteFlags::FUSE_WRITE_KILL_SUIDGID) {
                self.take_privileges(ino, &file)?;
            }
            files::write(&file, offset, data)
        });
        answer!(reply, written, n => reply.written(n as u32));
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        // Nothing is held back; the kernel need not ask again.
        reply.error(no(Errno::NOSYS));
    }

    fn release(
        &self,
        _: &Request,
        ino: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        self.files.close(handle.0);
        if let Ok(node) = self.union().nodes.get_mut(ino.0) {
            node.handles.retain(|open| *open != handle.0);
        }
        reply.ok();
    }

    fn fsync(&self, _: &Request, _: INodeNo, handle: FileHandle, only_data: bool, reply: ReplyEmpty) {
        let sync = |file: Arc<OwnedFd>| if only_data { fs::fdatasync(&file) } else { fs::fsync(&file) };
        let synced = if self.volatile { Ok(()) } else { self.files.get(handle.0).and_then(sync) };
        answer!(reply, synced, () => reply.ok());
    }

    fn opendir(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        // The kernel forgets what it has listed when it changes the directory, and nobody else does.
        let flags = FopenFlags::FOPEN_CACHE_DIR | FopenFlags::FOPEN_KEEP_CACHE;
        reply.opened(FileHandle(self.files.add_list()), flags);
    }

    fn readdir(&self, _: &Request, ino: INodeNo, handle: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let entries = self.entries(ino.0, handle, offset);
        answer!(reply, entries, (list, from) => {
            for (at, entry) in list.iter().enumerate().skip(from) {
                let name = OsStr::from_bytes(entry.name.as_bytes());
                if reply.add(INodeNo(entry.ino), at as u64 + 1, fuse_type(entry.kind), name) {
                    break;
                }
            }
            reply.ok();
        });
    }

    fn readdirplus(
        &self,
        _: &Request,
        ino: INodeNo,
        handle: FileHandle,
        offset: u64,
        mut reply: ReplyDirectoryPlus,
    ) {
        let entries = self.entries(ino.0, handle, offset);
        answer!(reply, entries, (list, from) => {
            let mut union = self.union();
            for (at, entry) in list.iter().enumerate().skip(from) {
                let is_dots = at < 2;
                let found = match is_dots {
                    true => union.stat(entry.ino).map(|stat| Some((entry.ino, stat))),
                    false => union.look_up(ino.0, &entry.name),
                };
                // Gone since it was listed.
                let Ok(Some((child, stat))) = found else { continue };
                let name = OsStr::from_bytes(entry.name.as_bytes());
                let number = union.shown_number(child, &stat).unwrap_or(child);
                let attr = attr(number, &stat);
                let full = reply.add(INodeNo(child), at as u64 + 1, name, &FOR_GOOD, &attr, SAME);
                match union.nodes.get_mut(child) {
                    Ok(node) if !full && !is_dots => node.lookups += 1,
                    _ => {}
                }
                if full {
                    union.nodes.drop_unused(child);
                    break;
                }
            }
            reply.ok();
        });
    }

    fn releasedir(&self, _: &Request, _: INodeNo, handle: FileHandle, _: OpenFlags, reply: ReplyEmpty) {
        self.files.close_list(handle.0);
        reply.ok();
    }

    fn fsyncdir(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let sync = || {
            let dir = self.union().open_node(ino.0, OFlags::RDONLY | OFlags::DIRECTORY)?;
            fs::fsync(dir)
        };
        let synced = if self.volatile { Ok(()) } else { sync() };
        answer!(reply, synced, () => reply.ok());
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        let union = &mut self.union();
        let root = union.nodes.get(ROOT).map(|root| root.layer);
        let room = root.and_then(|layer| fs::fstatvfs(union.dir_in(ROOT, layer)?));
        answer!(reply, room, room => reply.statfs(
            room.f_blocks, room.f_bfree, room.f_bavail, room.f_files, room.f_ffree,
            room.f_bsize as u32, room.f_namemax as u32, room.f_frsize as u32,
        ));
    }

    fn setxattr(
        &self,
        _: &Request,
        ino: INodeNo,
        name: &OsStr,
        value: &[u8],
        flags: i32,
        _: u32,
        reply: ReplyEmpty,
    ) {
        let set = text(name).and_then(|name| attributes::set(&mut self.union(), ino.0, &name, value, flags));
        answer!(reply, set, () => reply.ok());
    }

    fn getxattr(&self, _: &Request, ino: INodeNo, name: &OsStr, size: u32, reply: ReplyXattr) {
        let value = text(name).and_then(|name| attributes::get(&mut self.union(), ino.0, &name));
        give(value, size, reply);
    }

    fn listxattr(&self, _: &Request, ino: INodeNo, size: u32, reply: ReplyXattr) {
        let names = attributes::list(&mut self.union(), ino.0);
        give(names, size, reply);
    }

    fn removexattr(&self, _: &Request, ino: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let removed = text(name).and_then(|name| attributes::remove(&mut self.union(), ino.0, &name));
        answer!(reply, removed, () => reply.ok());
    }

    fn fallocate(
        &self,
        request: &Request,
        ino: INodeNo,
        handle: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        let flags = FallocateFlags::from_bits_retain(mode as u32);
        let done = self.files.get(handle.0).and_then(|file| {
            fs::fallocate(&file, flags, offset, length)?;
            // The kernel says nothing of them here.
            if request.uid() != 0 { self.take_privileges(ino, &file) } else { Ok(()) }
        });
        answer!(reply, done, () => reply.ok());
    }

    fn lseek(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: i64,
        whence: i32,
        reply: ReplyLseek,
    ) {
        let at = offset as u64;
        let to = match whence {
            libc::SEEK_DATA => SeekFrom::Data(at),
            libc::SEEK_HOLE => SeekFrom::Hole(at),
            libc::SEEK_END => SeekFrom::End(offset),
            _ => SeekFrom::Start(at),
        };
        let found = self.files.get(handle.0).and_then(|file| fs::seek(&file, to));
        answer!(reply, found, at => reply.offset(at as i64));
    }

    fn copy_file_range(
        &self,
        request: &Request,
        _: INodeNo,
        from: FileHandle,
        mut read_at: u64,
        target: INodeNo,
        to: FileHandle,
        mut write_at: u64,
        length: u64,
        _: CopyFileRangeFlags,
        reply: ReplyWrite,
    ) {
        // The answer has room for 32 bits; the kernel asks again for the rest.
        let most = length.min(1 << 30) as usize;
        let copied = self.files.get(from.0).and_then(|from| {
            let to = self.files.get(to.0)?;
            if request.uid() != 0 {
                self.take_privileges(target, &to)?;
            }
            fs::copy_file_range(&from, Some(&mut read_at), &to, Some(&mut write_at), most)
        });
        answer!(reply, copied, n => reply.written(n as u32));
    }
}

/// What the kernel is told of an entry.
struct Told {
    attr: FileAttr,
    for_how_long: Duration,
}

impl Told {
    fn to(&self, reply: ReplyEntry) {
        reply.entry_with_ttls(&self.for_how_long, &FOR_GOOD, &self.attr, SAME);
    }
}

/// What a name has that nothing is behind.
fn nothing() -> FileAttr {
    FileAttr {
        ino: INodeNo(0),
        size: 0,
        blocks: 0,
        atime: UNIX_EPOCH,
        mtime: UNIX_EPOCH,
        ctime: UNIX_EPOCH,
        crtime: UNIX_EPOCH,
        kind: FuseType::RegularFile,
        perm: 0,
        nlink: 0,
        uid: 0,
        gid: 0,
        rdev: 0,
        blksize: 0,
        flags: 0,
    }
}

/// An attribute's bytes, or how many they are if there is no room.
fn give(value: Io<Vec<u8>>, size: u32, reply: ReplyXattr) {
    answer!(reply, value, value => match size {
        0 => reply.size(value.len() as u32),
        size if value.len() > size as usize => reply.error(no(Errno::RANGE)),
        _ => reply.data(&value),
    });
}
