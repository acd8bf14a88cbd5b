//! Copying trees whose content nobody vouches for, by descriptors: no symbolic link is followed in
//! the source or the target, whatever is renamed meanwhile.

use crate::error::{Doing, Error, Kind, Result, failed};
use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Stat, Timestamps, Uid};
use rustix::io::Errno;
use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// Directories below this depth are refused: each level costs two descriptors and a frame.
const DEPTH: usize = 512;

/// Files of up to this many bytes are read and written at once: to ask the kernel for more costs more.
const SMALL: u64 = 64 << 10;

/// The most bytes between a read and a write.
const BUFFER: usize = 1 << 20;

/// Whose the copies are.
#[derive(Clone, Copy)]
pub enum Owner<'a> {
    /// As in the source.
    Keep,
    /// What an owner (user, group) becomes; `None` if it cannot be expressed.
    Map(&'a dyn Fn(u32, u32) -> Option<(u32, u32)>),
    /// These ids.
    Give {
        /// User id.
        uid: u32,
        /// Group id.
        gid: u32,
    },
}

/// What is done where the target has something of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Nothing is expected to be there.
    Refuse,
    /// Files are replaced, directories merged; a directory never takes the place of a file or the
    /// other way round.
    Merge,
    /// As [`Existing::Merge`], and whatever is in the way goes.
    Overwrite,
}

/// What is left out, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Sockets, of no use without their process.
    pub sockets: u64,
    /// Devices, which are not ours to make.
    pub devices: u64,
}

/// Copies trees; hard links among all that one copier copies stay hard links.
pub struct Copier<'a> {
    owner: Owner<'a>,
    existing: Existing,
    /// A layer, with what only means something to overlay: whiteouts, marks, and sockets.
    layer: bool,
    /// What means something to overlay is done.
    marks: bool,
    /// Told of the bytes and files as they are copied.
    progress: Option<&'a mut dyn FnMut(u64, u64)>,
    /// The directory that everything is copied to, which may lie in what is copied.
    avoid: Option<(u64, u64)>,
    /// A descriptor of it, and where in it we are.
    base: Option<OwnedFd>,
    path: Vec<u8>,
    /// Where the first copy of a file with several names is, from `base`.
    links: HashMap<(u64, u64), CString>,
    skipped: Skipped,
    /// Grows with the files; from one to the next.
    buffer: Vec<u8>,
    /// The kernel did not copy between these two file systems (devices) itself.
    by_hand: Option<(u64, u64)>,
}

/// Copies the content and the attributes of a layer's directory `from` to the empty directory `to`;
/// whiteouts and opaque directories stay what they are.
///
/// # Errors
/// `Unsupported` when an owner cannot be expressed; what was copied until then stays.
pub fn layer(from: &OwnedFd, to: &OwnedFd, owner: &dyn Fn(u32, u32) -> Option<(u32, u32)>) -> Result<()> {
    let mut copier = Copier::new(Owner::Map(owner), Existing::Refuse);
    copier.layer = true;
    copier.directory(from.as_fd(), to.as_fd())
}

/// Copies a layer's directory `from` onto directory `to`, as overlay would show it there: what it has
/// replaces what is there, whiteouts remove, opaque directories hide.
///
/// # Errors
/// As [`layer`].
///
/// Source: overlayfs.rst, "whiteouts and opaque directories".
pub fn onto(from: &OwnedFd, to: &OwnedFd, owner: &dyn Fn(u32, u32) -> Option<(u32, u32)>) -> Result<()> {
    let mut copier = Copier::new(Owner::Map(owner), Existing::Overwrite);
    copier.marks = true;
    copier.directory(from.as_fd(), to.as_fd())
}

impl std::fmt::Debug for Copier<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Copier").field("existing", &self.existing).finish()
    }
}

impl<'a> Copier<'a> {
    /// One that has copied nothing yet.
    #[must_use]
    pub fn new(owner: Owner<'a>, existing: Existing) -> Copier<'a> {
        Copier {
            owner,
            existing,
            layer: false,
            marks: false,
            progress: None,
            avoid: None,
            base: None,
            path: Vec::new(),
            links: HashMap::new(),
            skipped: Skipped::default(),
            buffer: Vec::new(),
            by_hand: None,
        }
    }

    /// Is told of bytes and files.
    #[must_use]
    pub fn telling(mut self, progress: &'a mut dyn FnMut(u64, u64)) -> Copier<'a> {
        self.progress = Some(progress);
        self
    }

    /// What was left out so far.
    #[must_use]
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }

    fn tell(&mut self, bytes: u64, files: u64) {
        if let Some(progress) = &mut self.progress {
            progress(bytes, files);
        }
    }

    /// Copies a directory's content and then its own owner, mode, attributes and times.
    ///
    /// # Errors
    /// The first failure; what was copied until then stays.
    pub fn directory(&mut self, from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> Result<()> {
        self.begin(to)?;
        self.content(from, to, 0)?;
        self.attributes(from, to)
    }

    fn begin(&mut self, to: BorrowedFd<'_>) -> Result<()> {
        let stat = rustix::fs::fstat(to).doing(|| "look at a directory")?;
        self.avoid = Some((stat.st_dev, stat.st_ino));
        self.base = Some(to.try_clone_to_owned().doing(|| "keep a directory open")?);
        self.path.clear();
        self.links.clear();
        Ok(())
    }

    /// Copies a directory's content into another one, whose own attributes stay.
    ///
    /// # Errors
    /// As [`Copier::directory`].
    pub fn content_of(&mut self, from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> Result<()> {
        self.begin(to)?;
        self.content(from, to, 0)
    }

    /// Copies a directory to what is called `name` in `to`: a new one, or one that is there already.
    ///
    /// # Errors
    /// As [`Copier::directory`].
    pub fn directory_as(&mut self, from: BorrowedFd<'_>, to: BorrowedFd<'_>, name: &CStr) -> Result<()> {
        self.make_directory(to, name)?;
        let target = rustix::fs::openat(to, name, directory_flags(), Mode::empty())?;
        self.directory(from, target.as_fd())
    }

    /// Copies an open regular file to what is called `name` in `to`, where it replaces a file.
    ///
    /// # Errors
    /// When it is no regular file; a full disk.
    pub fn file_as(&mut self, from: BorrowedFd<'_>, to: BorrowedFd<'_>, name: &CStr) -> Result<()> {
        let copied = self.whole_file(from, to, name);
        copied.doing(|| format!("copy {}", String::from_utf8_lossy(name.to_bytes())))?;
        self.tell(0, 1);
        Ok(())
    }

    /// A part of a file looks like the file, so none stays: the first error is the one to tell.
    fn whole_file(&mut self, from: BorrowedFd<'_>, to: BorrowedFd<'_>, name: &CStr) -> Result<()> {
        let target = self.new_file(to, name)?;
        self.file(from, target.as_fd()).inspect_err(|_| {
            let _ = rustix::fs::unlinkat(to, name, AtFlags::empty());
        })
    }

    /// Copies what is called `name` in `from`, of whatever kind, to `as_name` in `to`.
    ///
    /// # Errors
    /// As [`Copier::directory`].
    pub fn entry(
        &mut self,
        from: BorrowedFd<'_>,
        name: &CStr,
        to: BorrowedFd<'_>,
        as_name: &CStr,
    ) -> Result<()> {
        self.begin(to)?;
        self.step_into(as_name);
        self.one(from, name, to, as_name, 0)
    }

    /// Adds the path that we are at to an error that has none yet.
    fn name(&mut self, error: Error) -> Error {
        if self.path.is_empty() {
            return error;
        }
        let path = std::mem::take(&mut self.path);
        let path = String::from_utf8_lossy(&path);
        match Err::<(), _>(error).doing(|| format!("copy {path}")) {
            Err(error) => error,
            Ok(()) => failed("it was copied"),
        }
    }

    /// Notes where we are; what it returns takes that back.
    fn step_into(&mut self, name: &CStr) -> usize {
        let before = self.path.len();
        if before > 0 {
            self.path.push(b'/');
        }
        self.path.extend(name.to_bytes());
        before
    }

    fn content(&mut self, from: BorrowedFd<'_>, to: BorrowedFd<'_>, depth: usize) -> Result<()> {
        if depth > DEPTH {
            return Err(failed(format!("directories are nested more than {DEPTH} deep")));
        }
        // A descriptor of its own: the position in the directory is not the caller's.
        let list =
            rustix::fs::openat(from, c".", directory_flags(), Mode::empty()).doing(|| "list a directory")?;
        for entry in rustix::fs::Dir::new(list).doing(|| "list a directory")? {
            let entry = entry.doing(|| "list a directory")?;
            let name = entry.file_name();
            if name != c"." && name != c".." {
                let before = self.step_into(name);
                let mut done = self.one(from, name, to, name, depth);
                for _ in 0..TRIES {
                    // What is below it has its path already.
                    done = match done {
                        Err(error) if self.path.is_empty() || error.kind() != Kind::NotFound => Err(error),
                        Err(error) if is_gone(from, name, &error) => Ok(()),
                        // Made again since.
                        Err(_) => self.one(from, name, to, name, depth),
                        Ok(()) => break,
                    };
                }
                // The whole path, once.
                done.map_err(|error| self.name(error))?;
                self.path.truncate(before);
            }
        }
        Ok(())
    }

    fn one(
        &mut self,
        from: BorrowedFd<'_>,
        name: &CStr,
        to: BorrowedFd<'_>,
        as_name: &CStr,
        depth: usize,
    ) -> Result<()> {
        let stat = rustix::fs::statat(from, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let mode = Mode::from_raw_mode(stat.st_mode & 0o7777);
        let kind = FileType::from_raw_mode(stat.st_mode);
        if self.marks && is_whiteout(&stat) {
            return self.make_way(to, as_name);
        }
        if self.marks && kind == FileType::Directory && is_opaque(from, name)? {
            self.make_way(to, as_name)?;
        }
        let several = kind != FileType::Directory && stat.st_nlink > 1;
        let made_new = kind == FileType::RegularFile && !several;
        if self.existing != Existing::Refuse && kind != FileType::Directory && !made_new {
            self.make_way(to, as_name)?;
        }
        if several && self.link_again(&stat, to, as_name)? {
            self.tell(0, 1);
            return Ok(());
        }
        match kind {
            FileType::Directory => {
                let source = rustix::fs::openat(from, name, directory_flags(), Mode::empty())?;
                if self.avoid == Some((stat.st_dev, stat.st_ino)) {
                    return Ok(());
                }
                self.make_directory(to, as_name)?;
                let target = rustix::fs::openat(to, as_name, directory_flags(), Mode::empty())?;
                self.content(source.as_fd(), target.as_fd(), depth + 1)?;
                self.attributes(source.as_fd(), target.as_fd())?;
            }
            FileType::RegularFile => {
                let safe = OFlags::NOFOLLOW | OFlags::CLOEXEC;
                // Not blocking: between the look and now it may have become a FIFO.
                let flags = safe | OFlags::RDONLY | OFlags::NONBLOCK;
                let source = rustix::fs::openat(from, name, flags, Mode::empty())?;
                self.whole_file(source.as_fd(), to, as_name)?;
            }
            FileType::Symlink => {
                let link = rustix::fs::readlinkat(from, name, Vec::new())?;
                rustix::fs::symlinkat(&*link, to, as_name)?;
                self.own_at(to, as_name, &stat)?;
                set_times_at(to, as_name, &stat)?;
            }
            _ if kind == FileType::Fifo || self.is_of_layer(&stat) => {
                rustix::fs::mknodat(to, as_name, kind, mode, 0)?;
                self.own_at(to, as_name, &stat)?;
                // Past the umask.
                rustix::fs::chmodat(to, as_name, mode, AtFlags::empty())?;
                set_times_at(to, as_name, &stat)?;
            }
            FileType::Socket => {
                self.skipped.sockets += 1;
                return Ok(());
            }
            _ => {
                self.skipped.devices += 1;
                return Ok(());
            }
        }
        if several {
            let path = CString::new(self.path.clone()).map_err(|_| failed("a name has a zero byte"))?;
            self.links.insert((stat.st_dev, stat.st_ino), path);
        }
        self.tell(0, 1);
        Ok(())
    }

    /// Copies a regular file's content and attributes; holes stay holes.
    ///
    /// # Errors
    /// A full disk.
    pub fn file(&mut self, source: BorrowedFd<'_>, target: BorrowedFd<'_>) -> Result<()> {
        let stat = rustix::fs::fstat(source)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(failed("it is no regular file any more"));
        }
        let there = rustix::fs::fstat(target)?;
        self.bytes(source, target, &stat, there.st_dev)?;
        self.attributes_of(source, target, &stat, &there)
    }

    fn bytes(
        &mut self,
        source: BorrowedFd<'_>,
        target: BorrowedFd<'_>,
        stat: &Stat,
        device: u64,
    ) -> Result<()> {
        let size = stat.st_size as u64;
        if size == 0 {
            return self.unsized_bytes(source, target);
        }
        let devices = (stat.st_dev, device);
        // Shares the blocks where the file system can (ioctl_ficlone(2)).
        if size > SMALL && self.by_hand != Some(devices) && rustix::fs::ioctl_ficlone(target, source).is_ok()
        {
            self.tell(size, 0);
            return Ok(());
        }
        let sparse = (stat.st_blocks as u64) * 512 < size;
        let mut at = 0;
        while at < size {
            let (start, end) = if sparse { data_after(source, at, size)? } else { (at, size) };
            let mut from = start;
            while from < end {
                let n = self.stretch(source, target, &mut from, end, devices)?;
                if n == 0 {
                    // It has become shorter meanwhile.
                    return Ok(());
                }
                self.tell(n as u64, 0);
            }
            at = end.max(start + 1);
        }
        if sparse {
            rustix::fs::ftruncate(target, size)?;
        }
        Ok(())
    }

    /// Files of the kernel's (proc(5)) do not say how much is in them.
    fn unsized_bytes(&mut self, source: BorrowedFd<'_>, target: BorrowedFd<'_>) -> Result<()> {
        self.buffer.resize(self.buffer.len().max(BUFFER), 0);
        let mut from = 0;
        loop {
            let n = by_hand(source, target, &mut from, &mut self.buffer)?;
            if n == 0 {
                return Ok(());
            }
            self.tell(n as u64, 0);
        }
    }

    /// Copies some of what is from `from` to `end`, as the kernel likes best, and moves `from` on.
    fn stretch(
        &mut self,
        source: BorrowedFd<'_>,
        target: BorrowedFd<'_>,
        from: &mut u64,
        end: u64,
        devices: (u64, u64),
    ) -> Result<usize> {
        let left = end - *from;
        if left > SMALL && self.by_hand != Some(devices) {
            let mut into = *from;
            let most = left.min(8 << 20) as usize;
            let range = || rustix::fs::copy_file_range(source, Some(from), target, Some(&mut into), most);
            match rustix::io::retry_on_intr(range) {
                // Some pairs of file systems cannot (copy_file_range(2), ERRORS).
                Err(Errno::XDEV | Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS) => {
                    self.by_hand = Some(devices);
                }
                other => return Ok(other?),
            }
        }
        let most = left.min(BUFFER as u64) as usize;
        if self.buffer.len() < most {
            self.buffer.resize(most, 0);
        }
        by_hand(source, target, from, &mut self.buffer[..most])
    }

    /// Copies owner, mode, attributes and times of a file or a directory.
    ///
    /// # Errors
    /// When an owner cannot be expressed; what the file system says.
    pub fn attributes(&self, from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> Result<()> {
        self.attributes_of(from, to, &rustix::fs::fstat(from)?, &rustix::fs::fstat(to)?)
    }

    fn attributes_of(&self, from: BorrowedFd<'_>, to: BorrowedFd<'_>, stat: &Stat, now: &Stat) -> Result<()> {
        let (uid, gid) = self.ids(stat)?;
        if (now.st_uid, now.st_gid) != (uid, gid) {
            chown(to, uid, gid)?;
        }
        // After chown, which clears setuid bits; and attributes after it, for chown clears capabilities.
        rustix::fs::fchmod(to, Mode::from_raw_mode(stat.st_mode & 0o7777))?;
        copy_xattrs(from, to, self.layer)?;
        Ok(rustix::fs::futimens(to, &times(stat))?)
    }

    /// Makes a file, in the place of what may be there.
    fn new_file(&self, at: BorrowedFd<'_>, name: &CStr) -> Result<OwnedFd> {
        match new_file(at, name) {
            Err(Errno::EXIST) if self.existing != Existing::Refuse => {
                self.make_way(at, name)?;
                Ok(new_file(at, name)?)
            }
            other => Ok(other?),
        }
    }

    /// What overlay makes of a file that is gone, and what a layer may hold besides.
    fn is_of_layer(&self, stat: &Stat) -> bool {
        let kind = FileType::from_raw_mode(stat.st_mode);
        self.layer && (kind == FileType::Socket || is_whiteout(stat))
    }

    fn ids(&self, stat: &Stat) -> Result<(u32, u32)> {
        match self.owner {
            Owner::Keep => Ok((stat.st_uid, stat.st_gid)),
            Owner::Give { uid, gid } => Ok((uid, gid)),
            Owner::Map(map) => map(stat.st_uid, stat.st_gid).ok_or_else(|| {
                let owner = format!("{}:{}", stat.st_uid, stat.st_gid);
                Error::new(Kind::Unsupported, format!("its owner {owner} is beyond the ids there"))
            }),
        }
    }

    fn own_at(&self, at: BorrowedFd<'_>, name: &CStr, stat: &Stat) -> Result<()> {
        let (uid, gid) = self.ids(stat)?;
        let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
        match rustix::fs::chownat(at, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::INVAL) => Ok(()),
            other => Ok(other?),
        }
    }

    /// Makes another name of a file that was copied before; `false` if it was not.
    fn link_again(&mut self, stat: &Stat, to: BorrowedFd<'_>, as_name: &CStr) -> Result<bool> {
        let first = self.links.get(&(stat.st_dev, stat.st_ino));
        let (Some(first), Some(base)) = (first, &self.base) else { return Ok(false) };
        let path = std::path::Path::new(std::ffi::OsStr::from_bytes(first.to_bytes()));
        let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else { return Ok(false) };
        // Whoever exchanges a directory on the way for a link gets a copy instead.
        let Ok(dir) = super::path::beneath_no_links(base.as_fd(), dir) else { return Ok(false) };
        match rustix::fs::linkat(dir, name, to, as_name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            // Somebody took the first copy away; too many names; another file system.
            Err(Errno::NOENT | Errno::MLINK | Errno::XDEV | Errno::PERM) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    fn make_directory(&self, to: BorrowedFd<'_>, name: &CStr) -> Result<()> {
        match rustix::fs::mkdirat(to, name, Mode::RWXU) {
            Err(Errno::EXIST) if self.existing != Existing::Refuse => {}
            other => return Ok(other?),
        }
        let there = rustix::fs::statat(to, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(there.st_mode) == FileType::Directory {
            return Ok(());
        }
        if self.existing != Existing::Overwrite {
            let text = format!("a directory cannot replace {}, which is none", name.to_string_lossy());
            return Err(crate::error::invalid(text).hint("--overwrite removes what is in the way"));
        }
        rustix::fs::unlinkat(to, name, AtFlags::empty())?;
        Ok(rustix::fs::mkdirat(to, name, Mode::RWXU)?)
    }

    /// Removes what a file's copy is to replace.
    fn make_way(&self, to: BorrowedFd<'_>, name: &CStr) -> Result<()> {
        match rustix::fs::unlinkat(to, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(Errno::ISDIR | Errno::PERM) if is_directory_at(to, name) => {
                if self.existing != Existing::Overwrite {
                    let text =
                        format!("{} is a directory, which a file cannot replace", name.to_string_lossy());
                    return Err(crate::error::invalid(text).hint("--overwrite removes what is in the way"));
                }
                super::tree::remove_at(to, name)
            }
            Err(errno) => Err(errno.into()),
        }
    }
}

fn is_whiteout(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && stat.st_rdev == 0
}

fn is_opaque(at: BorrowedFd<'_>, name: &CStr) -> Result<bool> {
    let directory = rustix::fs::openat(at, name, directory_flags(), Mode::empty())?;
    let mut value = [0u8; 2];
    let read = rustix::fs::fgetxattr(&directory, c"user.overlay.opaque", &mut value[..]);
    Ok(read.is_ok_and(|length| &value[..length] == b"y"))
}

fn is_directory_at(at: BorrowedFd<'_>, name: &CStr) -> bool {
    rustix::fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
}

fn new_file(at: BorrowedFd<'_>, name: &CStr) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(at, name, flags, Mode::RUSR | Mode::WUSR)
}

fn directory_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

/// Gives a file away. Ids that are mapped nowhere here (a file of another user of the host) have no
/// number that could be set: the copy stays ours.
fn chown(fd: BorrowedFd<'_>, uid: u32, gid: u32) -> Result<()> {
    match rustix::fs::fchown(fd, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid))) {
        Err(Errno::INVAL) => Ok(()),
        other => Ok(other?),
    }
}

/// The next stretch of data at or after `at`, and where it ends.
fn data_after(file: BorrowedFd<'_>, at: u64, size: u64) -> Result<(u64, u64)> {
    use rustix::fs::SeekFrom;
    let start = match rustix::fs::seek(file, SeekFrom::Data(at)) {
        Ok(start) => start,
        // Only a hole follows.
        Err(Errno::NXIO) => return Ok((size, size)),
        // No holes on this file system.
        Err(Errno::INVAL) => return Ok((at, size)),
        Err(errno) => return Err(errno.into()),
    };
    let end = rustix::fs::seek(file, SeekFrom::Hole(start))?;
    Ok((start, end.min(size).max(start)))
}

/// How often what was not there, and is again, is tried once more.
pub const TRIES: usize = 16;

/// Whether an error comes of an entry that was removed after it had been listed: a container that
/// runs does that, and then it might as well not have been there.
pub fn is_gone(from: BorrowedFd<'_>, name: &CStr, error: &Error) -> bool {
    error.kind() == Kind::NotFound
        && rustix::fs::statat(from, name, AtFlags::SYMLINK_NOFOLLOW).is_err_and(|errno| errno == Errno::NOENT)
}

fn by_hand(
    source: BorrowedFd<'_>,
    target: BorrowedFd<'_>,
    from: &mut u64,
    buffer: &mut [u8],
) -> Result<usize> {
    let n = rustix::io::retry_on_intr(|| rustix::io::pread(source, &mut *buffer, *from))?;
    let mut done = 0;
    while done < n {
        let into = *from + done as u64;
        done += rustix::io::retry_on_intr(|| rustix::io::pwrite(target, &buffer[done..n], into))?;
    }
    *from += n as u64;
    Ok(n)
}

fn times(stat: &Stat) -> Timestamps {
    let time = |seconds, nanos| rustix::fs::Timespec { tv_sec: seconds, tv_nsec: nanos };
    Timestamps {
        last_access: time(stat.st_atime, stat.st_atime_nsec as _),
        last_modification: time(stat.st_mtime, stat.st_mtime_nsec as _),
    }
}

fn set_times_at(at: BorrowedFd<'_>, name: &CStr, stat: &Stat) -> Result<()> {
    Ok(rustix::fs::utimensat(at, name, &times(stat), AtFlags::SYMLINK_NOFOLLOW)?)
}

/// Copies extended attributes: file capabilities, access lists, the user's own. Those of a security
/// module belong to the place, not to the file.
fn copy_xattrs(from: BorrowedFd<'_>, to: BorrowedFd<'_>, layer: bool) -> Result<()> {
    let mut names = [0u8; 4096];
    let length = match rustix::fs::flistxattr(from, &mut names[..]) {
        Ok(0) | Err(Errno::OPNOTSUPP) => return Ok(()),
        Ok(length) => length,
        Err(errno) => return Err(errno.into()),
    };
    let mut value = vec![0u8; 64 << 10];
    for name in names[..length].split_inclusive(|byte| *byte == 0) {
        let Ok(name) = CStr::from_bytes_with_nul(name) else { continue };
        let text = name.to_bytes();
        let skipped: [&[u8]; 2] = [b"security.selinux", b"trusted."];
        let of_overlay = !layer && text.starts_with(b"user.overlay.");
        if of_overlay || skipped.iter().any(|start| text.starts_with(start)) {
            continue;
        }
        let n = match rustix::fs::fgetxattr(from, name, &mut value[..]) {
            Ok(n) => n,
            Err(Errno::NODATA) => continue,
            Err(errno) => return Err(errno.into()),
        };
        match rustix::fs::fsetxattr(to, name, &value[..n], rustix::fs::XattrFlags::empty()) {
            // A file system without them, or one that is not ours to give them.
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::PERM | Errno::INVAL) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

/// Gives everything below `root`, and it itself, to these ids; links are given, not followed.
///
/// # Errors
/// The first failure.
pub fn give_tree(root: BorrowedFd<'_>, uid: u32, gid: u32) -> Result<()> {
    let stat = rustix::fs::fstat(root)?;
    if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
        let list =
            rustix::fs::openat(root, c".", directory_flags(), Mode::empty()).doing(|| "list a directory")?;
        give_content(list, uid, gid, 0)?;
    }
    chown_place(root, uid, gid, &stat)
}

fn give_content(dir: OwnedFd, uid: u32, gid: u32, depth: usize) -> Result<()> {
    if depth > DEPTH {
        return Err(failed(format!("directories are nested more than {DEPTH} deep")));
    }
    let list = rustix::fs::Dir::read_from(&dir).doing(|| "list a directory")?;
    for entry in list {
        let entry = entry.doing(|| "list a directory")?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        let doing = || format!("change the owner of {}", name.to_string_lossy());
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let place = match rustix::fs::openat(&dir, name, flags, Mode::empty()) {
            Ok(place) => place,
            Err(Errno::NOENT) => continue,
            Err(errno) => return Err(errno).doing(doing),
        };
        let stat = rustix::fs::fstat(&place).doing(doing)?;
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            let inner = rustix::fs::openat(&dir, name, directory_flags(), Mode::empty()).doing(doing)?;
            give_content(inner, uid, gid, depth + 1)?;
        }
        chown_place(place.as_fd(), uid, gid, &stat).doing(doing)?;
    }
    Ok(())
}

/// chown by a descriptor that only names the file (chownat(2), AT_EMPTY_PATH).
fn chown_place(place: BorrowedFd<'_>, uid: u32, gid: u32, stat: &Stat) -> Result<()> {
    if (stat.st_uid, stat.st_gid) == (uid, gid) {
        return Ok(());
    }
    let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
    Ok(rustix::fs::chownat(place, c"", uid, gid, AtFlags::EMPTY_PATH)?)
}

#[cfg(test)]
#[path = "copy_tests.rs"]
mod tests;
