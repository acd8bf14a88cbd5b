//! Writes a layer's tar into a directory that overlay can mount.
//!
//! Every path is resolved by the kernel below the layer's directory (`RESOLVE_IN_ROOT`), so no
//! name and no link leads out of it. The directory is private until it is complete; nobody else
//! renames in it, which is why parents may be cached as descriptors.
//!
//! Whiteouts become what overlay understands: a character device 0:0 for a removed file, the
//! attribute `user.overlay.opaque` for a directory whose lower content is hidden.
//!
//! Source: OCI image specification "Image Layer Filesystem Changeset"; overlayfs.rst, "userxattr".

use super::archive::{Member, MemberKind, TarReader};
use crate::error::{Doing, Error, Kind, Result, invalid};
use crate::sys::path::c_path;
use crate::sys::tree;
use rustix::fs::{
    self, AtFlags, FileType, Gid, Mode, OFlags, ResolveFlags, Timespec, Timestamps, Uid, XattrFlags,
};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;

/// An owner that this user cannot give to a file (single-id mode), kept beside the layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptOwner {
    /// Below the layer's root, bytes that are not UTF-8 replaced.
    pub path: String,
    /// The owner in the archive.
    pub uid: u64,
    /// The group in the archive.
    pub gid: u64,
}

/// Whether owners can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owners {
    /// Ids below these ends are mapped (pairs of first and count).
    Mapped {
        /// For users.
        uids: Vec<(u64, u64)>,
        /// For groups.
        gids: Vec<(u64, u64)>,
    },
    /// Only one id is mapped: everything belongs to it, the real owners are kept in a list.
    Kept,
}

impl Owners {
    /// What the user namespace of this process allows.
    ///
    /// # Errors
    /// When /proc cannot be read.
    pub fn of_this_process() -> Result<Owners> {
        let read = |path: &str| -> Result<Vec<(u64, u64)>> {
            let text = std::fs::read_to_string(path).doing(|| format!("read {path}"))?;
            Ok(parse_map(&text))
        };
        let (uids, gids) = (read("/proc/self/uid_map")?, read("/proc/self/gid_map")?);
        let one = |map: &[(u64, u64)]| map.iter().map(|&(_, count)| count).sum::<u64>() <= 1;
        Ok(if one(&uids) || one(&gids) { Owners::Kept } else { Owners::Mapped { uids, gids } })
    }
}

fn parse_map(text: &str) -> Vec<(u64, u64)> {
    text.lines()
        .filter_map(|line| {
            let mut numbers = line.split_whitespace().map(|n| n.parse::<u64>());
            match (numbers.next(), numbers.next(), numbers.next()) {
                (Some(Ok(first)), Some(Ok(_)), Some(Ok(count))) => Some((first, count)),
                _ => None,
            }
        })
        .collect()
}

/// What came of unpacking a layer.
#[derive(Clone, Debug, Default)]
pub struct Unpacked {
    /// The bytes of all regular files.
    pub size: u64,
    /// See [`Owners::Kept`].
    pub owners: Vec<KeptOwner>,
    /// Device nodes outside /dev, which nobody but the host's root can make.
    pub skipped_devices: u64,
    /// Directories that it has files in and does not list, those above first.
    pub implied: Vec<Vec<u8>>,
}

/// Unpacks an uncompressed tar into the empty directory `root`, and reads the archive to its end.
///
/// # Errors
/// `Invalid` for damaged or malicious archives, `Unsupported` for owners beyond the map, and
/// whatever the file system says.
pub fn unpack(archive: impl Read, root: OwnedFd, owners: Owners) -> Result<Unpacked> {
    let mut tar = TarReader::new(archive);
    let mut unpacker = Unpacker {
        root: Rc::new(root),
        owners,
        parents: Vec::new(),
        directories: Vec::new(),
        kept: 0,
        done: Unpacked::default(),
        buffer: vec![0; 128 << 10],
    };
    while let Some(member) = tar.next_member()? {
        unpacker
            .member(&member, &mut tar)
            .doing(|| format!("unpack {:?}", String::from_utf8_lossy(&member.path)))?;
    }
    unpacker.finish_directories()?;
    unpacker.done.implied.sort();
    unpacker.done.implied.dedup();
    tar.finish()?;
    Ok(unpacker.done)
}

/// How many parents stay open.
const CACHED: usize = 16;

/// How many bytes are kept of one layer until its end: paths and attributes of directories, owners. A
/// few megabytes of a compressed archive could ask for all of our memory.
const MOST_KEPT: usize = 128 << 20;
/// What keeping a thing takes beside its path.
const OVERHEAD: usize = 64;

struct Unpacker {
    root: Rc<OwnedFd>,
    owners: Owners,
    /// Paths and their directories, the most recent last.
    parents: Vec<(Vec<u8>, Rc<OwnedFd>)>,
    /// Their owners, modes, attributes and times are written at the end: a setgid bit or a default
    /// ACL would be inherited by what is made inside, and each new file changes the time.
    directories: Vec<(Vec<u8>, Member)>,
    /// See [`MOST_KEPT`].
    kept: usize,
    done: Unpacked,
    buffer: Vec<u8>,
}

impl Unpacker {
    fn member(&mut self, member: &Member, data: &mut impl Read) -> Result<()> {
        let path = clean(&member.path)?;
        let Some((parent, name)) = split(&path) else {
            if member.kind == MemberKind::Directory {
                self.keep_directory(path, member)?;
            }
            return Ok(());
        };
        let parent = self.parent(parent)?;
        let dir = parent.as_fd();
        if let Some(hidden) = name.strip_prefix(b".wh.") {
            return self.whiteout(dir, hidden);
        }
        match member.kind {
            MemberKind::Directory => {
                self.make_directory(dir, name)?;
                return self.keep_directory(path, member);
            }
            MemberKind::File => return self.file(dir, name, &path, member, data),
            MemberKind::Device => {
                if !path.starts_with(b"dev/") {
                    self.done.skipped_devices += 1;
                }
                return Ok(());
            }
            MemberKind::HardLink => {
                let target = clean(&member.link)?;
                let (target_parent, target_name) =
                    split(&target).ok_or_else(|| invalid("a hard link to the root directory"))?;
                let target_parent = self.parent(target_parent)?;
                if target_name == name && inode(target_parent.as_fd())? == inode(dir)? {
                    return Err(invalid("a hard link to itself"));
                }
                return self
                    .replacing(dir, name, |dir, name| {
                        fs::linkat(target_parent.as_fd(), target_name, dir, name, AtFlags::empty())
                    })
                    .doing(|| format!("link it to {:?}", String::from_utf8_lossy(&member.link)));
            }
            MemberKind::Symlink => {
                if member.link.contains(&0) {
                    return Err(invalid("its target contains a zero byte"));
                }
                self.replacing(dir, name, |dir, name| fs::symlinkat(member.link.as_slice(), dir, name))?;
            }
            MemberKind::Fifo => {
                self.replacing(dir, name, |dir, name| {
                    fs::mknodat(dir, name, FileType::Fifo, Mode::from_raw_mode(0o600), 0)
                })?;
            }
        }
        if let Some((uid, gid)) = self.owner(&path, member)? {
            fs::chownat(dir, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)
                .map_err(|errno| beyond(errno, member))?;
        }
        if member.kind == MemberKind::Fifo {
            fs::chmodat(dir, name, Mode::from_raw_mode(member.mode), AtFlags::empty())?;
        }
        fs::utimensat(dir, name, &times(member), AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(())
    }

    /// Notes that so much more is kept.
    fn keep(&mut self, bytes: usize) -> Result<()> {
        self.kept += bytes + OVERHEAD;
        if self.kept > MOST_KEPT {
            return Err(invalid("the layer's directories and their attributes need too much memory"));
        }
        Ok(())
    }

    fn keep_directory(&mut self, path: Vec<u8>, member: &Member) -> Result<()> {
        let xattrs: Vec<_> = member.xattrs.iter().filter(|(name, _)| wanted(name)).cloned().collect();
        let attributes: usize = xattrs.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.keep(path.len() + attributes)?;
        let (own, link) = (Vec::new(), Vec::new());
        self.directories.push((path, Member { path: own, link, xattrs, pieces: None, ..*member }));
        Ok(())
    }

    /// The directory of `path`, made where it is missing.
    fn parent(&mut self, path: &[u8]) -> Result<Rc<OwnedFd>> {
        if path.is_empty() {
            return Ok(self.root.clone());
        }
        if let Some(at) = self.parents.iter().rposition(|(known, _)| known == path) {
            let hit = self.parents.remove(at);
            let fd = hit.1.clone();
            self.parents.push(hit);
            return Ok(fd);
        }
        let fd = match self.open_directory(path) {
            Err(Errno::NOENT) => self.make_parents(path)?,
            other => other.doing(|| "open its directory")?,
        };
        let fd = Rc::new(fd);
        if self.parents.len() == CACHED {
            self.parents.remove(0);
        }
        self.parents.push((path.to_vec(), fd.clone()));
        Ok(fd)
    }

    fn open_directory(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        fs::openat2(&*self.root, path, flags, Mode::empty(), RESOLVE)
    }

    fn make_parents(&mut self, path: &[u8]) -> Result<OwnedFd> {
        let (above, name) = match split(path) {
            Some(parts) => parts,
            None => return Err(invalid("it has no directory")),
        };
        let above = self.parent(above)?;
        match fs::mkdirat(above.as_fd(), name, Mode::from_raw_mode(0o755)) {
            // Whatever our caller's umask is.
            Ok(()) => {
                fs::chmodat(above.as_fd(), name, Mode::from_raw_mode(0o755), AtFlags::empty())?;
                self.keep(path.len())?;
                self.done.implied.push(path.to_vec());
            }
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno).doing(|| "make its directory"),
        }
        self.open_directory(path).doing(|| "open its directory")
    }

    fn make_directory(&mut self, dir: BorrowedFd<'_>, name: &[u8]) -> Result<()> {
        let make = || fs::mkdirat(dir, name, Mode::from_raw_mode(0o755));
        match make() {
            Ok(()) => return Ok(()),
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno.into()),
        }
        let there = fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
        match FileType::from_raw_mode(there.st_mode) {
            FileType::Directory => Ok(()),
            // Removed and made again in the same layer: what was below it stays hidden.
            FileType::CharacterDevice => {
                self.remove(dir, name)?;
                make()?;
                opaque(dir, name)
            }
            _ => {
                self.remove(dir, name)?;
                make().map_err(Error::from)
            }
        }
    }

    fn whiteout(&mut self, dir: BorrowedFd<'_>, hidden: &[u8]) -> Result<()> {
        match hidden {
            b".wh..opq" => return opaque(dir, b"."),
            // Notes of aufs to itself.
            _ if hidden.starts_with(b".wh.") => return Ok(()),
            b"" | b"." | b".." => return Err(invalid("it is no valid whiteout")),
            _ => {}
        }
        match fs::statat(dir, hidden, AtFlags::SYMLINK_NOFOLLOW) {
            // Whiteouts hide lower layers only; what this layer brings itself stays.
            Ok(there) if FileType::from_raw_mode(there.st_mode) == FileType::Directory => opaque(dir, hidden),
            Ok(_) => Ok(()),
            Err(Errno::NOENT) => {
                fs::mknodat(dir, hidden, FileType::CharacterDevice, Mode::empty(), 0)
                    .doing(|| "make a whiteout")?;
                Ok(())
            }
            Err(errno) => Err(errno.into()),
        }
    }

    fn file(
        &mut self,
        dir: BorrowedFd<'_>,
        name: &[u8],
        path: &[u8],
        member: &Member,
        data: &mut impl Read,
    ) -> Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd =
            self.replacing(dir, name, |dir, name| fs::openat(dir, name, flags, Mode::from_raw_mode(0o600)))?;
        self.write(&fd, member, data)?;
        self.done.size += member.size;
        self.metadata(fd.as_fd(), path, member)
    }

    fn write(&mut self, fd: &OwnedFd, member: &Member, data: &mut impl Read) -> Result<()> {
        let everything = [(0, member.size)];
        let pieces = member.pieces.as_deref().unwrap_or(&everything);
        let (mut end, mut sparse) = (0, false);
        for &(offset, length) in pieces {
            let mut at = offset;
            let stop = offset + length;
            while at < stop {
                let want = self.buffer.len().min(usize::try_from(stop - at).unwrap_or(usize::MAX));
                fill(data, &mut self.buffer[..want])?;
                let chunk = &self.buffer[..want];
                // A long run of zeros becomes a hole.
                if want >= HOLE && chunk.iter().all(|&b| b == 0) {
                    sparse = true;
                } else {
                    write_at(fd, chunk, at)?;
                    end = at + want as u64;
                }
                at += want as u64;
            }
        }
        if sparse || end < member.size {
            fs::ftruncate(fd, member.size)?;
        }
        Ok(())
    }

    /// Owner, mode, attributes, times, in this order: chown clears setuid bits and capabilities.
    fn metadata(&mut self, fd: BorrowedFd<'_>, path: &[u8], member: &Member) -> Result<()> {
        if let Some((uid, gid)) = self.owner(path, member)? {
            fs::fchown(fd, Some(uid), Some(gid)).map_err(|errno| beyond(errno, member))?;
        }
        fs::fchmod(fd, Mode::from_raw_mode(member.mode))?;
        for (name, value) in &member.xattrs {
            if !wanted(name) {
                continue;
            }
            match fs::fsetxattr(fd, name.as_slice(), value, XattrFlags::empty()) {
                // The file system has none of that kind; the file is of use without.
                Ok(()) | Err(Errno::NOTSUP) => {}
                Err(errno) => {
                    return Err(errno)
                        .doing(|| format!("set its attribute {}", String::from_utf8_lossy(name)));
                }
            }
        }
        fs::futimens(fd, &times(member))?;
        Ok(())
    }

    /// The owner to set; `None` if it is right already or cannot be set.
    fn owner(&mut self, path: &[u8], member: &Member) -> Result<Option<(Uid, Gid)>> {
        if (member.uid, member.gid) == (0, 0) {
            return Ok(None);
        }
        match &self.owners {
            Owners::Kept => {
                self.keep(path.len())?;
                self.done.owners.push(KeptOwner {
                    path: String::from_utf8_lossy(path).into_owned(),
                    uid: member.uid,
                    gid: member.gid,
                });
                Ok(None)
            }
            Owners::Mapped { uids, gids } => {
                let inside = |map: &[(u64, u64)], id: u64| {
                    map.iter().any(|&(first, count)| id >= first && id - first < count)
                };
                if !inside(uids, member.uid) || !inside(gids, member.gid) {
                    return Err(beyond(Errno::INVAL, member));
                }
                let narrow = |id: u64| u32::try_from(id).map_err(|_| beyond(Errno::INVAL, member));
                Ok(Some((Uid::from_raw(narrow(member.uid)?), Gid::from_raw(narrow(member.gid)?))))
            }
        }
    }

    /// Makes something at a place; what is there already gives way, as later members win.
    fn replacing<T>(
        &mut self,
        dir: BorrowedFd<'_>,
        name: &[u8],
        make: impl Fn(BorrowedFd<'_>, &[u8]) -> Result<T, Errno>,
    ) -> Result<T> {
        match make(dir, name) {
            Err(Errno::EXIST) => {
                self.remove(dir, name)?;
                Ok(make(dir, name)?)
            }
            other => Ok(other?),
        }
    }

    fn remove(&mut self, dir: BorrowedFd<'_>, name: &[u8]) -> Result<()> {
        // A cached parent could have been below it.
        self.parents.clear();
        let name = c_path(Path::new(OsStr::from_bytes(name)))?;
        tree::remove_at(dir, &name).doing(|| "replace what was there before")
    }

    fn finish_directories(&mut self) -> Result<()> {
        let listed = std::mem::take(&mut self.directories);
        let known: HashSet<&[u8]> = listed.iter().map(|(path, _)| path.as_slice()).collect();
        self.done.implied.push(Vec::new());
        self.done.implied.retain(|path| !known.contains(path.as_slice()));
        for (path, member) in listed {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let place: &[u8] = if path.is_empty() { b"." } else { &path };
            let fd = match fs::openat2(&*self.root, place, flags, Mode::empty(), RESOLVE) {
                Ok(fd) => fd,
                // A later member replaced it.
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => continue,
                Err(errno) => return Err(errno).doing(|| "open a directory of the layer"),
            };
            self.metadata(fd.as_fd(), &path, &member)
                .doing(|| format!("unpack {:?}", String::from_utf8_lossy(&path)))?;
        }
        Ok(())
    }
}

const RESOLVE: ResolveFlags = ResolveFlags::IN_ROOT.union(ResolveFlags::NO_MAGICLINKS);
/// Runs of zeros shorter than this are written.
const HOLE: usize = 64 << 10;

/// Which inode a descriptor is.
fn inode(fd: BorrowedFd<'_>) -> Result<(u64, u64)> {
    let stat = fs::fstat(fd)?;
    Ok((stat.st_dev, stat.st_ino))
}

/// The path below the root, without `.`, `..` and doubled slashes.
fn clean(path: &[u8]) -> Result<Vec<u8>> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|&b| b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                if parts.pop().is_none() {
                    return Err(invalid("its path leads out of the layer"));
                }
            }
            _ if part.contains(&0) => return Err(invalid("its path contains a zero byte")),
            _ => parts.push(part),
        }
    }
    Ok(parts.join(&b'/'))
}

/// The directory and the name; `None` for the root.
fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    if path.is_empty() {
        return None;
    }
    Some(match path.iter().rposition(|&b| b == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    })
}

/// The attributes that are unpacked. Those of overlay would let a layer point into other
/// directories, SELinux labels belong to the host, and the rest is refused by the kernel anyway.
pub(super) fn wanted(name: &[u8]) -> bool {
    (name.starts_with(b"user.") && !name.starts_with(b"user.overlay."))
        || name == b"security.capability"
        || name.starts_with(b"system.posix_acl_")
}

fn times(member: &Member) -> Timestamps {
    let time = Timespec { tv_sec: member.mtime.0, tv_nsec: member.mtime.1.into() };
    Timestamps { last_access: time, last_modification: time }
}

fn beyond(errno: Errno, member: &Member) -> Error {
    match errno {
        Errno::INVAL => Error::new(
            Kind::Unsupported,
            format!("it belongs to {}:{}, which is beyond your range of ids", member.uid, member.gid),
        )
        .hint("as root: give the user a larger range with usermod --add-subuids FIRST-LAST --add-subgids FIRST-LAST USER"),
        errno => errno.into(),
    }
}

fn opaque(dir: BorrowedFd<'_>, name: &[u8]) -> Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = fs::openat(dir, name, flags, Mode::empty())?;
    fs::fsetxattr(&fd, "user.overlay.opaque", b"y", XattrFlags::empty()).doing(|| "make a directory opaque")
}

fn fill(data: &mut impl Read, buffer: &mut [u8]) -> Result<()> {
    data.read_exact(buffer).doing(|| "read its data")
}

fn write_at(fd: &OwnedFd, mut bytes: &[u8], mut at: u64) -> Result<()> {
    while !bytes.is_empty() {
        match rustix::io::pwrite(fd, bytes, at) {
            Ok(0) => return Err(std::io::Error::from(std::io::ErrorKind::WriteZero).into()),
            Ok(n) => {
                bytes = &bytes[n..];
                at += n as u64;
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "unpack_tests.rs"]
mod layer_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_and_never_lead_out() {
        assert_eq!(clean(b"./a//b/../c/").unwrap(), b"a/c");
        assert_eq!(clean(b"/etc/passwd").unwrap(), b"etc/passwd");
        assert_eq!(clean(b"./").unwrap(), b"");
        assert!(clean(b"../x").is_err());
        assert!(clean(b"a/../../x").is_err());
        assert!(clean(b"a\0b").is_err());
    }

    #[test]
    fn attributes_of_the_host_and_of_overlay_are_left_out() {
        for (name, good) in [
            (&b"user.x"[..], true),
            (b"security.capability", true),
            (b"system.posix_acl_default", true),
            (b"user.overlay.redirect", false),
            (b"trusted.overlay.opaque", false),
            (b"security.selinux", false),
        ] {
            assert_eq!(wanted(name), good);
        }
    }

    #[test]
    fn the_map_says_how_many_ids_there_are() {
        assert_eq!(parse_map("         0       1001          1\n 1 100000 65536\n"), [(0, 1), (1, 65536)]);
    }
}
