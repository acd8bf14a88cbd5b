//! The mount API of Linux 5.2 and later, by descriptors: fsopen, fsmount, open_tree, move_mount,
//! mount_setattr, pivot_root.
//!
//! Source: fsopen(2), open_tree(2), move_mount(2), mount_setattr(2).

use super::path::c_path;
use crate::error::{Doing, Error, Kind, Result, failed};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, fsconfig_create,
    fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, move_mount, open_tree,
};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::path::Path;

/// What a mount allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes(u64);

impl Attributes {
    /// Nothing can be written.
    pub const READ_ONLY: Attributes = Attributes(0x1);
    /// setuid bits and file capabilities do not count.
    pub const NO_SUID: Attributes = Attributes(0x2);
    /// Device nodes do not work.
    pub const NO_DEV: Attributes = Attributes(0x4);
    /// Nothing can be executed.
    pub const NO_EXEC: Attributes = Attributes(0x8);
    /// Access times are always written.
    pub const STRICT_ATIME: Attributes = Attributes(0x20);
    /// Access times are never written.
    pub const NO_ATIME: Attributes = Attributes(0x10);

    /// Nothing is forbidden.
    #[must_use]
    pub const fn none() -> Attributes {
        Attributes(0)
    }

    /// Both.
    #[must_use]
    pub const fn and(self, other: Attributes) -> Attributes {
        Attributes(self.0 | other.0)
    }

    /// Whether all of `other` is in it.
    #[must_use]
    pub const fn has(self, other: Attributes) -> bool {
        self.0 & other.0 == other.0
    }

    /// Without those of `other`.
    #[must_use]
    pub const fn without(self, other: Attributes) -> Attributes {
        Attributes(self.0 & !other.0)
    }

    /// Nothing is set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A file system being configured.
#[derive(Debug)]
pub struct FileSystem {
    fd: OwnedFd,
    kind: String,
}

impl FileSystem {
    /// Begins a file system of `kind`: `tmpfs`, `overlay`, `proc` …
    ///
    /// # Errors
    /// `Unsupported` when the kernel does not have it.
    pub fn new(kind: &str) -> Result<FileSystem> {
        let fd = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC).map_err(|errno| match errno {
            rustix::io::Errno::NODEV => {
                Error::new(Kind::Unsupported, format!("this kernel has no file system {kind}"))
            }
            other => failed(format!("cannot open the file system {kind}")).because(Error::from(other)),
        })?;
        Ok(FileSystem { fd, kind: kind.to_string() })
    }

    /// Sets an option with a value.
    ///
    /// # Errors
    /// With what the file system says about it.
    pub fn set(&self, key: &str, value: impl rustix::path::Arg) -> Result<()> {
        fsconfig_set_string(&self.fd, key, value)
            .map_err(|errno| self.explain(&format!("set {key} of"), errno))
    }

    /// Sets an option without a value.
    ///
    /// # Errors
    /// With what the file system says about it.
    pub fn flag(&self, key: &str) -> Result<()> {
        fsconfig_set_flag(&self.fd, key).map_err(|errno| self.explain(&format!("set {key} of"), errno))
    }

    /// Makes the mount; it is attached nowhere yet.
    ///
    /// # Errors
    /// With what the file system says about it.
    pub fn mount(&self, attributes: Attributes) -> Result<OwnedFd> {
        fsconfig_create(&self.fd).map_err(|errno| self.explain("make", errno))?;
        let flags = MountAttrFlags::from_bits_retain(attributes.0 as u32);
        fsmount(&self.fd, FsMountFlags::FSMOUNT_CLOEXEC, flags).map_err(|errno| self.explain("mount", errno))
    }

    /// The kernel puts a sentence about what was wrong on the descriptor.
    fn explain(&self, what: &str, errno: rustix::io::Errno) -> Error {
        let mut said = [0; 256];
        let text = match rustix::io::read(&self.fd, &mut said) {
            Ok(n) => String::from_utf8_lossy(&said[..n]).trim_start_matches("e ").trim().to_string(),
            Err(_) => String::new(),
        };
        let mut message = format!("cannot {what} a file system {}", self.kind);
        if !text.is_empty() {
            message = format!("{message} ({text})");
        }
        let cause = Error::from(errno);
        Error::new(cause.kind(), message).because(cause)
    }
}

/// A copy of the mount at `path`, attached nowhere; with those below it if `recursive`.
///
/// # Errors
/// When nothing is there, or we do not own our mount namespace.
pub fn clone_tree(path: &Path, recursive: bool) -> Result<OwnedFd> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    if recursive {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    open_tree(rustix::fs::CWD, path, flags).doing(|| format!("clone the mount of {}", path.display()))
}

/// A copy of the mount that `at` is open on, attached nowhere.
///
/// # Errors
/// When we do not own our mount namespace.
pub fn clone_tree_at(at: BorrowedFd<'_>, recursive: bool) -> Result<OwnedFd> {
    let mut flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    if recursive {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    open_tree(at, c"", flags).doing(|| "clone a mount")
}

/// Attaches a mount at the file or directory that `target` is open on.
///
/// # Errors
/// When one is a directory and the other is not.
pub fn attach(mount: BorrowedFd<'_>, target: BorrowedFd<'_>) -> Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(mount, c"", target, c"", flags).doing(|| "attach a mount")
}

#[repr(C)]
struct MountAttr {
    attr_set: u64,
    attr_clr: u64,
    propagation: u64,
    userns_fd: u64,
}

fn mount_setattr(mount: BorrowedFd<'_>, recursive: bool, attr: &MountAttr) -> io::Result<()> {
    let mut flags = libc::AT_EMPTY_PATH;
    if recursive {
        flags |= libc::AT_RECURSIVE;
    }
    // SAFETY: the structure outlives the call and its size goes with it; the path is empty.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            std::ptr::from_ref(attr),
            size_of::<MountAttr>(),
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Forbids on a mount what `attributes` names.
///
/// # Errors
/// `Unsupported` before Linux 5.12.
///
/// Source: mount_setattr(2).
pub fn set_attributes(mount: BorrowedFd<'_>, attributes: Attributes, recursive: bool) -> Result<()> {
    // The access time settings are one field, not flags: it is cleared before one is set.
    const ATIME_FIELD: u64 = 0x70;
    let atime = attributes.0 & ATIME_FIELD;
    let clear = if atime != 0 { ATIME_FIELD } else { 0 };
    let attr = MountAttr { attr_set: attributes.0, attr_clr: clear, propagation: 0, userns_fd: 0 };
    mount_setattr(mount, recursive, &attr).doing(|| "change a mount's attributes")
}

/// How mounts travel between a mount and its copies.
///
/// Source: mount_namespaces(7), "Shared subtrees".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// Not at all.
    Private,
    /// From the original to the copy.
    Slave,
    /// Both ways.
    Shared,
    /// Not at all, and nobody can bind it elsewhere.
    Unbindable,
}

/// Sets the propagation of the mount that `mount` is open on.
///
/// # Errors
/// When we do not own our mount namespace.
pub fn set_propagation(mount: BorrowedFd<'_>, propagation: Propagation, recursive: bool) -> Result<()> {
    let word = match propagation {
        Propagation::Private => libc::MS_PRIVATE,
        Propagation::Slave => libc::MS_SLAVE,
        Propagation::Shared => libc::MS_SHARED,
        Propagation::Unbindable => libc::MS_UNBINDABLE,
    };
    let attr = MountAttr { attr_set: 0, attr_clr: 0, propagation: word, userns_fd: 0 };
    mount_setattr(mount, recursive, &attr).doing(|| "change a mount's propagation")
}

/// Makes the directory we are in the root of our mount namespace and drops the old one.
///
/// # Errors
/// When it is not a mount.
///
/// Source: pivot_root(2), `pivot_root(".", ".")`.
pub fn pivot_to_current() -> Result<()> {
    rustix::process::pivot_root(".", ".").doing(|| "change the root")?;
    // Both roots are stacked at "." now, the old one on top.
    rustix::mount::unmount(".", UnmountFlags::DETACH).doing(|| "drop the old root")?;
    rustix::process::chdir("/").doing(|| "change to the new root")
}

/// Detaches what is mounted at `path`.
///
/// # Errors
/// When nothing is.
pub fn detach(path: &Path) -> Result<()> {
    rustix::mount::unmount(path, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW)
        .doing(|| format!("unmount {}", path.display()))
}

/// A sealed copy of a file in memory: nobody can write to it any more.
///
/// # Errors
/// When memory has run out.
///
/// Source: memfd_create(2), F_ADD_SEALS in fcntl(2).
pub fn sealed_copy(of: BorrowedFd<'_>) -> Result<OwnedFd> {
    const MFD_EXEC: u32 = 0x10;
    let create = |flags: u32| {
        // SAFETY: a constant name; the result is checked.
        unsafe { libc::memfd_create(c"box".as_ptr(), flags) }
    };
    let base = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    // MFD_EXEC is new in 6.3; older kernels refuse it and do not need it.
    let mut number = create(base | MFD_EXEC);
    if number < 0 {
        number = create(base);
    }
    if number < 0 {
        return Err(io::Error::last_os_error()).doing(|| "make a file in memory");
    }
    // SAFETY: the kernel returned a fresh descriptor.
    let copy = unsafe { OwnedFd::from_raw_fd(number) };
    let size = rustix::fs::fstat(of).doing(|| "look at box's own binary")?.st_size as usize;
    let mut done = 0u64;
    while (done as usize) < size {
        let n = rustix::fs::sendfile(&copy, of, Some(&mut done), size).doing(|| "copy box's own binary")?;
        if n == 0 {
            break;
        }
    }
    use rustix::fs::SealFlags;
    let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
    rustix::fs::fcntl_add_seals(&copy, seals).doing(|| "seal a file in memory")?;
    Ok(copy)
}

/// Opens a path so that it can be a mount's source or target, without opening the file itself.
///
/// # Errors
/// When nothing is there.
pub fn open_place(path: &Path) -> Result<OwnedFd> {
    let name = c_path(path)?;
    use rustix::fs::{Mode, OFlags};
    rustix::fs::open(&name, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
        .doing(|| format!("open {}", path.display()))
}
