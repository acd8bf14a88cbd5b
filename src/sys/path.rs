//! Paths that cannot leave a root: everything below a container's root is opened through
//! [`RootFd`], wherever the symlinks in there lead.

use crate::error::{Doing, Error, Kind, Result, failed};
use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags};
use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The bytes of a path as a C string.
///
/// # Errors
/// When it has a zero byte.
pub fn c_path(path: &Path) -> Result<CString> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| Error::new(Kind::Invalid, format!("the path {} has a zero byte", path.display())))
}

/// A directory that is somebody's root.
#[derive(Debug)]
pub struct RootFd(OwnedFd);

/// What a place in a root shall be, when it has to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// A directory.
    Directory,
    /// An empty file.
    File,
}

impl RootFd {
    /// Takes a directory as a root.
    #[must_use]
    pub fn new(directory: OwnedFd) -> RootFd {
        RootFd(directory)
    }

    /// Opens a directory of the host as a root.
    ///
    /// # Errors
    /// When it is not a directory.
    pub fn open(path: &Path) -> Result<RootFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty()).doing(|| format!("open {}", path.display()))?;
        Ok(RootFd(fd))
    }

    /// Opens `path` as the one whose root this is would see it.
    ///
    /// The kernel resolves it in one step and never leaves the root, even while somebody renames
    /// directories under us. Magic links of /proc are refused.
    ///
    /// # Errors
    /// `NotFound` if nothing is there; `Unsupported` before Linux 5.6.
    ///
    /// Source: openat2(2), RESOLVE_IN_ROOT.
    pub fn at(&self, path: &Path, flags: OFlags, mode: Mode) -> Result<OwnedFd> {
        self.resolve(path, flags, mode, ResolveFlags::empty())
    }

    /// As [`RootFd::at`], and no part of the path may be a symlink.
    ///
    /// # Errors
    /// Also when a symlink is met.
    pub fn at_no_links(&self, path: &Path, flags: OFlags, mode: Mode) -> Result<OwnedFd> {
        self.resolve(path, flags, mode, ResolveFlags::NO_SYMLINKS)
    }

    fn resolve(&self, path: &Path, flags: OFlags, mode: Mode, more: ResolveFlags) -> Result<OwnedFd> {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | more;
        // An empty path is the root itself.
        let relative = if path.as_os_str().is_empty() { Path::new("/") } else { path };
        loop {
            match rustix::fs::openat2(&self.0, relative, flags | OFlags::CLOEXEC, mode, resolve) {
                // A rename happened while ".." was resolved: openat2(2) asks to try again.
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::NOSYS) => {
                    return Err(Error::new(Kind::Unsupported, "this kernel is older than Linux 5.6"));
                }
                other => return other.doing(|| format!("open {} in the container", path.display())),
            }
        }
    }

    /// Opens a place without opening the file: to mount on it.
    ///
    /// # Errors
    /// As [`RootFd::at`].
    pub fn place(&self, path: &Path) -> Result<OwnedFd> {
        self.at(path, OFlags::PATH, Mode::empty())
    }

    /// Opens a place to mount on, making it and the directories above it when they are missing.
    ///
    /// # Errors
    /// When it cannot be made: a part of the path is a file, the root is read-only.
    pub fn make_place(&self, path: &Path, want: Want) -> Result<OwnedFd> {
        match self.place(path) {
            Err(error) if error.kind() == Kind::NotFound => {}
            other => return other,
        }
        let parent = match path.parent() {
            Some(parent) if parent != Path::new("/") => self.make_place(parent, Want::Directory)?,
            _ => self.place(Path::new("/"))?,
        };
        let Some(name) = path.file_name() else { return Ok(parent) };
        let made = if want == Want::File {
            let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            rustix::fs::openat(&parent, name, flags, Mode::from_raw_mode(0o644)).map(drop)
        } else {
            rustix::fs::mkdirat(&parent, name, Mode::from_raw_mode(0o755))
        };
        match made {
            // A dangling symlink is "there" and leads nowhere: we do not make what it points at.
            Ok(()) | Err(rustix::io::Errno::EXIST) => self.place(path),
            Err(errno) => Err(errno).doing(|| format!("make {} in the container", path.display())),
        }
    }

    /// Reads a small file; `None` if it is missing.
    ///
    /// # Errors
    /// When it is larger than `limit` bytes or not a regular file.
    pub fn read(&self, path: &Path, limit: u64) -> Result<Option<String>> {
        use std::io::Read;
        use std::os::unix::fs::{FileTypeExt, MetadataExt};
        // Not blocking, because an image can put a FIFO there.
        let file = match self.at(path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()) {
            Ok(file) => file,
            Err(error) if error.kind() == Kind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut text = Vec::new();
        let file = std::fs::File::from(file);
        let metadata = file.metadata().doing(|| format!("look at {} in the container", path.display()))?;
        // What is hidden from the container has /dev/null over it.
        let hidden = metadata.file_type().is_char_device() && metadata.rdev() == rustix::fs::makedev(1, 3);
        if !(metadata.is_file() || hidden) {
            return Err(failed(format!("{} in the container is not a regular file", path.display())));
        }
        let read = file.take(limit + 1).read_to_end(&mut text);
        let n = read.doing(|| format!("read {} in the container", path.display()))?;
        if n as u64 > limit {
            return Err(failed(format!("{} in the container is larger than {limit} bytes", path.display())));
        }
        Ok(Some(String::from_utf8_lossy(&text).into_owned()))
    }
}

impl AsFd for RootFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Opens a place below an open directory, without opening the file. The path may not lead above it.
///
/// # Errors
/// `NotFound` if nothing is there; `Denied` when a link or `..` leads out.
///
/// Source: openat2(2), RESOLVE_BENEATH.
pub fn beneath(directory: BorrowedFd<'_>, path: &Path) -> Result<OwnedFd> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    loop {
        match rustix::fs::openat2(directory, path, flags, Mode::empty(), resolve) {
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::XDEV) => {
                return Err(Error::new(
                    Kind::Denied,
                    format!("{} leads out of its directory", path.display()),
                ));
            }
            other => return other.doing(|| format!("open {}", path.display())),
        }
    }
}

/// Opens a directory below an open one; no part of the path may be a symlink.
///
/// # Errors
/// Also when a symlink is met.
pub fn beneath_no_links(directory: BorrowedFd<'_>, path: &Path) -> Result<OwnedFd> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    rustix::io::retry_on_intr(|| rustix::fs::openat2(directory, path, flags, Mode::empty(), resolve))
        .doing(|| format!("open {}", path.display()))
}

/// Whether the place that `fd` is open on is a directory.
///
/// # Errors
/// When it cannot be looked at.
pub fn is_directory(fd: BorrowedFd<'_>) -> Result<bool> {
    let stat = rustix::fs::statat(fd, c"", AtFlags::EMPTY_PATH).doing(|| "look at a place")?;
    Ok(rustix::fs::FileType::from_raw_mode(stat.st_mode).is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symlink_cannot_leave_the_root() {
        let dir = std::env::temp_dir().join(format!("box-root-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("sub")).unwrap();
        std::os::unix::fs::symlink("/etc", dir.join("out")).unwrap();
        std::os::unix::fs::symlink("../../../../sub", dir.join("up")).unwrap();
        let root = RootFd::open(&dir).unwrap();
        assert_eq!(root.place(Path::new("/out/passwd")).unwrap_err().kind(), Kind::NotFound);
        assert!(root.place(Path::new("up")).is_ok());
        root.make_place(Path::new("/a/b/c"), Want::File).unwrap();
        assert!(dir.join("a/b/c").is_file());
        assert!(root.make_place(Path::new("/a/b/c/d"), Want::Directory).is_err());
        std::fs::remove_dir_all(dir).unwrap();
    }
}
