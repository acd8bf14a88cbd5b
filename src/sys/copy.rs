//! Copies of directory trees, whole: owners, modes, times, links, holes, extended attributes.

use crate::error::{Doing, Error, Result, failed};
use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, SeekFrom, Stat, Timespec, Timestamps, Uid, XattrFlags, chownat,
    fchmod, fchown, fstat, ftruncate, futimens, linkat, mkdirat, mknodat, openat, readlinkat, statat,
    symlinkat, utimensat,
};
use rustix::io::Errno;
use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, OwnedFd};

/// Deeper trees are refused: two descriptors are open for each level.
const DEPTH: u32 = 512;
/// No name, value or list of extended attributes is longer (xattr(7)).
const XATTR_LIMIT: usize = 64 << 10;
/// Attributes that belong to the host and not to the tree.
const OF_THE_HOST: &[u8] = b"security.selinux";

/// What an owner (user, group) becomes; `None` if it cannot be expressed.
pub type Owner<'a> = &'a dyn Fn(u32, u32) -> Option<(u32, u32)>;

/// Copies the content and the attributes of directory `from` to the empty directory `to`.
///
/// Everything goes by descriptors and no symbolic link is followed. Data is shared with the
/// original where the file system can do that. Device nodes other than overlay's whiteouts are left
/// out: they are not ours to make.
///
/// # Errors
/// The first failure; what was copied until then stays.
pub fn tree(from: &OwnedFd, to: &OwnedFd, owner: Owner<'_>) -> Result<()> {
    Copy { owner, linked: HashMap::new(), root: to, path: Vec::new() }.directory(from, to, 0)
}

struct Copy<'a> {
    owner: Owner<'a>,
    /// Files with several names: where the first one was put.
    linked: HashMap<(u64, u64), CString>,
    root: &'a OwnedFd,
    path: Vec<u8>,
}

impl Copy<'_> {
    fn directory(&mut self, from: &OwnedFd, to: &OwnedFd, depth: u32) -> Result<()> {
        if depth > DEPTH {
            return Err(failed(format!("directories are nested more than {DEPTH} deep")));
        }
        // The owner first: with a set-group-id directory the rest would get its group.
        self.attributes(from, to)?;
        for entry in rustix::fs::Dir::read_from(from).doing(|| "list a directory")? {
            let entry = entry.doing(|| "list a directory")?;
            let name = entry.file_name();
            if name == c"." || name == c".." {
                continue;
            }
            let before = self.path.len();
            if before > 0 {
                self.path.push(b'/');
            }
            self.path.extend(name.to_bytes());
            self.entry(from, to, name, depth)
                .doing(|| format!("copy {}", String::from_utf8_lossy(&self.path)))?;
            self.path.truncate(before);
        }
        // What was made in it has changed them.
        Ok(futimens(to, &times(&fstat(from)?))?)
    }

    fn entry(&mut self, from: &OwnedFd, to: &OwnedFd, name: &CStr, depth: u32) -> Result<()> {
        let stat = statat(from, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let kind = FileType::from_raw_mode(stat.st_mode);
        let flags = OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if !kind.is_dir() && stat.st_nlink > 1 && self.link(to, name, &stat)? {
            return Ok(());
        }
        match kind {
            FileType::Directory => {
                mkdirat(to, name, Mode::RWXU)?;
                let flags = flags | OFlags::RDONLY | OFlags::DIRECTORY;
                let source = openat(from, name, flags, Mode::empty())?;
                let target = openat(to, name, flags, Mode::empty())?;
                return self.directory(&source, &target, depth + 1);
            }
            FileType::RegularFile => {
                let source = openat(from, name, flags | OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty())?;
                let new = flags | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
                let target = openat(to, name, new, Mode::RUSR | Mode::WUSR)?;
                data(&source, &target, stat.st_size as u64)?;
                self.attributes(&source, &target)?;
                return Ok(futimens(&target, &times(&stat))?);
            }
            FileType::Symlink => symlinkat(&*readlinkat(from, name, Vec::new())?, to, name)?,
            FileType::CharacterDevice if stat.st_rdev == 0 => {
                mknodat(to, name, FileType::CharacterDevice, mode(&stat), 0)?;
            }
            FileType::Fifo | FileType::Socket => mknodat(to, name, kind, mode(&stat), 0)?,
            _ => return Ok(()),
        }
        let (uid, gid) = self.owner_of(&stat)?;
        chownat(to, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
        if kind != FileType::Symlink {
            // The umask has taken its part, and chown setuid bits.
            rustix::fs::chmodat(to, name, mode(&stat), AtFlags::empty())?;
        }
        Ok(utimensat(to, name, &times(&stat), AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Makes `name` another name of a file that was copied already; `false` if this is its first.
    fn link(&mut self, to: &OwnedFd, name: &CStr, stat: &Stat) -> Result<bool> {
        match self.linked.get(&(stat.st_dev, stat.st_ino)) {
            Some(first) => {
                linkat(self.root, first.as_c_str(), to, name, AtFlags::empty())?;
                Ok(true)
            }
            None => {
                let path = CString::new(self.path.clone()).map_err(|_| failed("a name has a zero byte"))?;
                self.linked.insert((stat.st_dev, stat.st_ino), path);
                Ok(false)
            }
        }
    }

    /// Owner, mode and extended attributes, in this order: chown clears setuid bits and capabilities.
    fn attributes(&self, from: &OwnedFd, to: &OwnedFd) -> Result<()> {
        let stat = fstat(from)?;
        let (uid, gid) = self.owner_of(&stat)?;
        fchown(to, Some(uid), Some(gid))?;
        fchmod(to, mode(&stat))?;
        extended(from, to)
    }

    fn owner_of(&self, stat: &Stat) -> Result<(Uid, Gid)> {
        let (uid, gid) = (self.owner)(stat.st_uid, stat.st_gid).ok_or_else(|| {
            let owner = format!("{}:{}", stat.st_uid, stat.st_gid);
            Error::new(crate::error::Kind::Unsupported, format!("its owner {owner} is beyond the ids there"))
        })?;
        Ok((Uid::from_raw(uid), Gid::from_raw(gid)))
    }
}

fn mode(stat: &Stat) -> Mode {
    Mode::from_raw_mode(stat.st_mode & 0o7777)
}

fn times(stat: &Stat) -> Timestamps {
    let time = |seconds, nanos| Timespec { tv_sec: seconds, tv_nsec: nanos };
    Timestamps {
        last_access: time(stat.st_atime, stat.st_atime_nsec as _),
        last_modification: time(stat.st_mtime, stat.st_mtime_nsec as _),
    }
}

/// The data of a file of `size` bytes: shared where that is possible, without its holes otherwise.
fn data(from: &OwnedFd, to: &OwnedFd, size: u64) -> Result<()> {
    if size == 0 {
        return Ok(());
    }
    if rustix::fs::ioctl_ficlone(to, from.as_fd()).is_ok() {
        return Ok(());
    }
    ftruncate(to, size)?;
    let mut at = 0;
    while at < size {
        let start = match rustix::fs::seek(from, SeekFrom::Data(at)) {
            Ok(start) => start,
            // Nothing but a hole up to the end.
            Err(Errno::NXIO) => break,
            // This file system does not know its holes.
            Err(Errno::INVAL) => at,
            Err(errno) => return Err(errno.into()),
        };
        let end = rustix::fs::seek(from, SeekFrom::Hole(start)).unwrap_or(size).min(size);
        copy_range(from, to, start, end)?;
        at = end.max(start + 1);
    }
    Ok(())
}

fn copy_range(from: &OwnedFd, to: &OwnedFd, start: u64, end: u64) -> Result<()> {
    let (mut read, mut written) = (start, start);
    while read < end {
        let want = usize::try_from(end - read).unwrap_or(usize::MAX).min(1 << 30);
        match rustix::fs::copy_file_range(from, Some(&mut read), to, Some(&mut written), want) {
            Ok(0) => break,
            Ok(_) | Err(Errno::INTR) => {}
            Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                return copy_by_hand(from, to, read, end);
            }
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

fn copy_by_hand(from: &OwnedFd, to: &OwnedFd, mut at: u64, end: u64) -> Result<()> {
    let mut buffer = vec![0; 128 << 10];
    while at < end {
        let want = usize::try_from(end - at).unwrap_or(usize::MAX).min(buffer.len());
        let n = rustix::io::pread(from, &mut buffer[..want], at)?;
        if n == 0 {
            break;
        }
        let mut done = 0;
        while done < n {
            done += rustix::io::pwrite(to, &buffer[done..n], at + done as u64)?;
        }
        at += n as u64;
    }
    Ok(())
}

fn extended(from: &OwnedFd, to: &OwnedFd) -> Result<()> {
    let mut none: [u8; 0] = [];
    match rustix::fs::flistxattr(from, &mut none) {
        Ok(0) | Err(Errno::OPNOTSUPP) => return Ok(()),
        Ok(_) => {}
        Err(errno) => return Err(errno.into()),
    }
    let mut names = vec![0; XATTR_LIMIT];
    let n = rustix::fs::flistxattr(from, &mut names[..])?;
    let mut value = vec![0; XATTR_LIMIT];
    for name in names[..n].split(|&byte| byte == 0).filter(|name| !name.is_empty() && *name != OF_THE_HOST) {
        let n = match rustix::fs::fgetxattr(from, name, &mut value[..]) {
            Ok(n) => n,
            // Not for us to read (trusted.*), or just gone.
            Err(Errno::NODATA | Errno::PERM) => continue,
            Err(errno) => return Err(errno.into()),
        };
        match rustix::fs::fsetxattr(to, name, &value[..n], XattrFlags::empty()) {
            Ok(()) | Err(Errno::OPNOTSUPP) => {}
            Err(errno) => {
                return Err(errno).doing(|| format!("set its attribute {}", String::from_utf8_lossy(name)));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
    use std::path::Path;

    fn copied(make: impl FnOnce(&Path), owner: Owner<'_>) -> (std::path::PathBuf, Result<()>) {
        let dir = std::env::temp_dir().join(format!("box-copy-{}-{}", std::process::id(), rand()));
        fs::create_dir_all(dir.join("from")).unwrap();
        fs::create_dir_all(dir.join("to")).unwrap();
        make(&dir.join("from"));
        let open = |name: &str| OwnedFd::from(fs::File::open(dir.join(name)).unwrap());
        let done = tree(&open("from"), &open("to"), owner);
        (dir, done)
    }

    fn rand() -> u64 {
        crate::sys::random::number()
    }

    #[test]
    fn links_holes_modes_and_times_survive() {
        let (dir, done) = copied(
            |from| {
                fs::create_dir(from.join("d")).unwrap();
                fs::write(from.join("d/one"), "text").unwrap();
                fs::hard_link(from.join("d/one"), from.join("two")).unwrap();
                fs::set_permissions(from.join("two"), fs::Permissions::from_mode(0o4751)).unwrap();
                std::os::unix::fs::symlink("/nowhere", from.join("link")).unwrap();
                let sparse = fs::File::create(from.join("sparse")).unwrap();
                sparse.set_len(8 << 20).unwrap();
                sparse.write_at(b"end", (8 << 20) - 3).unwrap();
                let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(77);
                fs::File::open(from.join("d")).unwrap().set_modified(old).unwrap();
            },
            &|uid, gid| Some((uid, gid)),
        );
        done.unwrap();
        let to = dir.join("to");
        let (one, two) = (fs::metadata(to.join("d/one")).unwrap(), fs::metadata(to.join("two")).unwrap());
        assert_eq!((one.ino(), one.mode() & 0o7777), (two.ino(), 0o4751));
        assert_eq!(fs::read_to_string(to.join("two")).unwrap(), "text");
        assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("/nowhere"));
        let sparse = fs::metadata(to.join("sparse")).unwrap();
        assert!(sparse.len() == 8 << 20 && sparse.blocks() < 1024, "{} blocks", sparse.blocks());
        assert!(fs::read(to.join("sparse")).unwrap().ends_with(b"end"));
        assert_eq!(fs::metadata(to.join("d")).unwrap().mtime(), 77);
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn an_owner_that_cannot_be_expressed_is_named() {
        let (dir, done) = copied(|from| fs::write(from.join("file"), "x").unwrap(), &|_, _| None);
        assert!(done.unwrap_err().chain().contains("beyond the ids"));
        fs::remove_dir_all(dir).unwrap();
    }
}
