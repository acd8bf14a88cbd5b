//! `-`: a tar archive on standard input or output.

use super::place::Source;
use crate::error::{Doing, Kind, Result, failed, invalid};
use crate::store::archive::{Member, MemberKind, TarReader};
use crate::store::compress::{decoder, without_xz};
use crate::store::stack::attributes;
use crate::store::tarball::TarWriter;
use crate::sys::copy::{Existing, Owner, Skipped, TRIES, is_gone};
use crate::sys::path::{RootFd, Want, c_path};
use crate::sys::tree;
use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Stat, Timespec, Timestamps, Uid, fstat};
use rustix::io::Errno;
use std::collections::HashMap;
use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// Directories below this depth are refused.
const DEPTH: usize = 512;

/// Writes the source as an archive.
///
/// # Errors
/// The file system's; a reader that goes away.
pub(super) fn write(source: &Source, out: impl Write) -> Result<Skipped> {
    let out = io::BufWriter::with_capacity(256 << 10, out);
    let mut packing =
        Packing { tar: TarWriter::new(out), links: HashMap::new(), skipped: Skipped::default() };
    let name = if source.content { b".".to_vec() } else { source.name.to_bytes().to_vec() };
    let fd = source.fd.try_clone().doing(|| "read the source")?;
    if source.directory { packing.directory(&name, fd, 0) } else { packing.file(&name, fd) }?;
    let skipped = packing.skipped;
    packing.tar.finish()?.flush().doing(|| "write the archive")?;
    Ok(skipped)
}

struct Packing<W: Write> {
    tar: TarWriter<W>,
    links: HashMap<(u64, u64), Vec<u8>>,
    skipped: Skipped,
}

fn member(path: &[u8], stat: &Stat, kind: MemberKind) -> Member {
    Member {
        path: path.to_vec(),
        link: Vec::new(),
        kind,
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid.into(),
        gid: stat.st_gid.into(),
        mtime: (stat.st_mtime, stat.st_mtime_nsec as u32),
        size: 0,
        pieces: None,
        xattrs: Vec::new(),
    }
}

impl<W: Write> Packing<W> {
    fn directory(&mut self, path: &[u8], dir: OwnedFd, depth: usize) -> Result<()> {
        if depth > DEPTH {
            return Err(failed(format!("directories are nested more than {DEPTH} deep")));
        }
        let mut this = member(path, &fstat(&dir)?, MemberKind::Directory);
        this.path.push(b'/');
        this.xattrs = attributes(dir.as_fd())?;
        self.tar.member(&this, io::empty())?;
        let list = rustix::fs::Dir::read_from(&dir).doing(|| "list a directory")?;
        let mut names = Vec::new();
        for entry in list {
            let entry = entry.doing(|| "list a directory")?;
            if entry.file_name() != c"." && entry.file_name() != c".." {
                names.push(entry.file_name().to_owned());
            }
        }
        names.sort();
        for name in names {
            let below = [path, b"/", name.to_bytes()].concat();
            let mut done = self.entry(&below, dir.as_fd(), &name, depth);
            for _ in 0..TRIES {
                done = match done {
                    Err(error) if error.kind() != Kind::NotFound => Err(error),
                    Err(error) if is_gone(dir.as_fd(), &name, &error) => Ok(()),
                    // Made again since.
                    Err(_) => self.entry(&below, dir.as_fd(), &name, depth),
                    Ok(()) => break,
                };
            }
            done.doing(|| format!("archive {}", String::from_utf8_lossy(&below)))?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &[u8], dir: BorrowedFd<'_>, name: &CStr, depth: usize) -> Result<()> {
        let stat = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                let inner = rustix::fs::openat(dir, name, flags | OFlags::DIRECTORY, Mode::empty())?;
                self.directory(path, inner, depth + 1)
            }
            FileType::RegularFile => self.file(path, rustix::fs::openat(dir, name, flags, Mode::empty())?),
            FileType::Symlink => {
                let mut this = member(path, &stat, MemberKind::Symlink);
                this.link = rustix::fs::readlinkat(dir, name, Vec::new())?.into_bytes();
                self.tar.member(&this, io::empty())
            }
            FileType::Fifo => self.tar.member(&member(path, &stat, MemberKind::Fifo), io::empty()),
            FileType::Socket => {
                self.skipped.sockets += 1;
                Ok(())
            }
            _ => {
                self.skipped.devices += 1;
                Ok(())
            }
        }
    }

    fn file(&mut self, path: &[u8], file: OwnedFd) -> Result<()> {
        let stat = fstat(&file)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(failed("it is no regular file any more"));
        }
        let mut this = member(path, &stat, MemberKind::File);
        if stat.st_nlink > 1 {
            let inode = (stat.st_dev, stat.st_ino);
            if let Some(first) = self.links.get(&inode) {
                (this.kind, this.link) = (MemberKind::HardLink, first.clone());
                return self.tar.member(&this, io::empty());
            }
            self.links.insert(inode, path.to_vec());
        }
        this.size = stat.st_size as u64;
        this.xattrs = attributes(file.as_fd())?;
        // One that is cut meanwhile ends in zeros, so that the archive stays whole.
        self.tar.member(&this, File::from(file).chain(io::repeat(0)))
    }
}

/// Reads an archive, compressed or not, into a directory below a root. Paths in it are resolved as
/// whoever has that root sees them, and never out of it.
///
/// # Errors
/// `Invalid` for a damaged archive, or when the directory is none.
pub(super) fn extract(
    root: &RootFd,
    path: &str,
    owner: Owner<'_>,
    existing: Existing,
    from: impl Read,
) -> Result<()> {
    let base = Path::new("/").join(path);
    let directory = root.at(&base, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty());
    directory.map_err(|error| {
        let not = error.io().and_then(std::io::Error::raw_os_error) == Some(nix::libc::ENOTDIR);
        if not { invalid("destination must be a directory when copying from stdin") } else { error }
    })?;
    let (_, plain) = decoder(without_xz(from)?)?;
    let mut tar = TarReader::new(io::BufReader::with_capacity(256 << 10, plain));
    let mut into = Extracting { root, base, owner, existing, directories: Vec::new() };
    while let Some(this) = tar.next_member()? {
        let shown = String::from_utf8_lossy(&this.path).into_owned();
        into.member(&this, &mut tar).doing(|| format!("extract {shown}"))?;
    }
    tar.finish()?;
    into.finish()
}

struct Extracting<'a> {
    root: &'a RootFd,
    base: PathBuf,
    owner: Owner<'a>,
    existing: Existing,
    /// Their modes and times come last: what is made in them needs the one and changes the other.
    directories: Vec<(PathBuf, Member)>,
}

impl Extracting<'_> {
    /// Where a member goes: below the base, whatever its path says.
    fn place(&self, path: &[u8]) -> Result<PathBuf> {
        let mut place = self.base.clone();
        for part in Path::new(OsStr::from_bytes(path)).components() {
            match part {
                Component::Normal(name) => place.push(name),
                Component::ParentDir => return Err(invalid("its path leads upwards")),
                _ => {}
            }
        }
        Ok(place)
    }

    fn parent(&self, place: &Path) -> Result<(OwnedFd, CString)> {
        let (Some(parent), Some(name)) = (place.parent(), place.file_name()) else {
            return Err(invalid("it has no name"));
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let opened = match self.root.at(parent, flags, Mode::empty()) {
            Err(error) if error.kind() == Kind::NotFound => {
                self.root.make_place(parent, Want::Directory)?;
                self.root.at(parent, flags, Mode::empty())?
            }
            other => other?,
        };
        Ok((opened, c_path(Path::new(name))?))
    }

    fn member(&mut self, this: &Member, data: &mut impl Read) -> Result<()> {
        let place = self.place(&this.path)?;
        if place == self.base {
            // The directory itself stays as it is.
            return Ok(());
        }
        let (parent, name) = self.parent(&place)?;
        if this.kind != MemberKind::Directory {
            self.make_way(&parent, &name)?;
        }
        match this.kind {
            MemberKind::Directory => {
                match rustix::fs::mkdirat(&parent, &name, Mode::RWXU) {
                    // A link to a directory is as good: that is how the container sees it.
                    Err(Errno::EXIST) => {
                        self.root.at(&place, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?;
                    }
                    other => other?,
                }
                self.directories.push((place, Member { xattrs: Vec::new(), ..this.clone() }));
                Ok(())
            }
            MemberKind::File => {
                let flags =
                    OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let file = rustix::fs::openat(&parent, &name, flags, Mode::RUSR | Mode::WUSR)?;
                let written =
                    write_file(&file, this, data).and_then(|()| self.finish_file(file.as_fd(), this));
                // A part of a file looks like the file; the first error is the one to tell.
                written.inspect_err(|_| {
                    let _ = rustix::fs::unlinkat(&parent, &name, AtFlags::empty());
                })
            }
            MemberKind::HardLink => {
                let first = self.place(&this.link)?;
                let (dir, first) = self.parent(&first)?;
                Ok(rustix::fs::linkat(&dir, &first, &parent, &name, AtFlags::empty())?)
            }
            MemberKind::Symlink => {
                let link = c_path(Path::new(OsStr::from_bytes(&this.link)))?;
                rustix::fs::symlinkat(&link, &parent, &name)?;
                self.own_at(&parent, &name, this)
            }
            MemberKind::Fifo => {
                rustix::fs::mknodat(&parent, &name, FileType::Fifo, mode(this), 0)?;
                self.own_at(&parent, &name, this)
            }
            // Not ours to make.
            MemberKind::Device => Ok(()),
        }
    }

    fn make_way(&self, parent: &OwnedFd, name: &CStr) -> Result<()> {
        match rustix::fs::unlinkat(parent, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(Errno::ISDIR) if self.existing == Existing::Overwrite => {
                tree::remove_at(parent.as_fd(), name)
            }
            Err(Errno::ISDIR) => {
                Err(invalid("a directory is in its place").hint("--overwrite removes what is in the way"))
            }
            Err(errno) => Err(errno.into()),
        }
    }

    fn ids(&self, this: &Member) -> (Option<Uid>, Option<Gid>) {
        let (uid, gid) = match self.owner {
            Owner::Give { uid, gid } => (uid, gid),
            _ => (this.uid as u32, this.gid as u32),
        };
        (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))
    }

    fn own_at(&self, parent: &OwnedFd, name: &CStr, this: &Member) -> Result<()> {
        let (uid, gid) = self.ids(this);
        unless_unmapped(rustix::fs::chownat(parent, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW))?;
        Ok(rustix::fs::utimensat(parent, name, &times(this), AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Owner, mode, attributes, times: in this order, for chown clears the others.
    fn finish_file(&self, file: BorrowedFd<'_>, this: &Member) -> Result<()> {
        let (uid, gid) = self.ids(this);
        unless_unmapped(rustix::fs::fchown(file, uid, gid))?;
        rustix::fs::fchmod(file, mode(this))?;
        for (name, value) in &this.xattrs {
            if !name.starts_with(b"user.") && name != b"security.capability" {
                continue;
            }
            match rustix::fs::fsetxattr(file, &name[..], value, rustix::fs::XattrFlags::empty()) {
                Ok(()) | Err(Errno::OPNOTSUPP | Errno::PERM | Errno::INVAL) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(rustix::fs::futimens(file, &times(this))?)
    }

    fn finish(&self) -> Result<()> {
        for (place, this) in self.directories.iter().rev() {
            // Somebody may have taken it away by now.
            let flags = OFlags::RDONLY | OFlags::DIRECTORY;
            if let Ok(dir) = self.root.at(place, flags, Mode::empty()) {
                self.finish_file(dir.as_fd(), this)?;
            }
        }
        Ok(())
    }
}

/// The data of a file; of a sparse one its pieces at their places.
fn write_file(file: &OwnedFd, this: &Member, data: &mut impl Read) -> Result<()> {
    let whole = [(0, this.size)];
    for &(mut at, length) in this.pieces.as_deref().unwrap_or(&whole) {
        let mut left = length;
        let mut buffer = vec![0; (left.min(256 << 10)) as usize];
        while left > 0 {
            let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let n = data.read(&mut buffer[..most]).doing(|| "read the archive")?;
            if n == 0 {
                return Err(invalid("the archive ends early"));
            }
            let mut done = 0;
            while done < n {
                done += rustix::io::pwrite(file, &buffer[done..n], at + done as u64)?;
            }
            (at, left) = (at + n as u64, left - n as u64);
        }
    }
    Ok(rustix::fs::ftruncate(file, this.size)?)
}

/// An id that is mapped nowhere here has no number that could be set: the file stays ours.
fn unless_unmapped(done: rustix::io::Result<()>) -> Result<()> {
    match done {
        Err(Errno::INVAL) => Ok(()),
        other => Ok(other?),
    }
}

fn mode(this: &Member) -> Mode {
    Mode::from_raw_mode(this.mode & 0o7777)
}

fn times(this: &Member) -> Timestamps {
    let time = Timespec { tv_sec: this.mtime.0, tv_nsec: this.mtime.1.into() };
    Timestamps { last_access: time, last_modification: time }
}
