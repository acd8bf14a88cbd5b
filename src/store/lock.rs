//! The store's locks, and the order in which they are taken.
//!
//! All are open-file-description locks: they belong to a descriptor, not to a process, so threads
//! and libraries cannot lose them by closing another descriptor of the same file, they end with the
//! last copy of the descriptor whatever kills its process, and others can ask who holds one without
//! taking it. Descriptors are close-on-exec; a child that inherited one would keep the dead alive.
//! Source: fcntl(2), "Open file description locks".
//!
//! Whoever needs several takes them in this order:
//!
//! 1. `images.lock`: adding to the images (shared) against collecting garbage (exclusive)
//!    (within it: `tmp/gate` and `index.lock`, each held for a moment and never both)
//! 2. `ids.lock`: choosing ids for a container with `--userns auto` until it is written down
//! 3. `volumes.lock`: making a container that uses volumes, and the volumes (shared), against
//!    removing volumes that nobody uses (exclusive)
//! 4. `names.lock`: changing a container's name and removing names that lead nowhere
//! 5. `making.lock`: beginning a container's directory (shared, for a moment) against sweeping those
//!    that a crash left half made (exclusive)
//! 6. `containers/<id>/lock`: held by a supervisor as long as it lives; taken without waiting
//! 7. `volumes/<name>/lock`: filling a new volume from the image, by a container that starts
//! 8. `networks/<name>/lock` in the runtime directory: who takes part in a network; one at a time,
//!    and only then `networks/lock`: which networks there are
//! 9. `userns/lock` in the runtime directory: finding or making the user namespace
//!
//! A container's lock is only ever tried, so it cannot be part of a deadlock: a supervisor may take
//! `volumes.lock` while it holds its own container's.

use crate::error::{Doing, Result};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// A lock that is held until this is dropped, or the descriptor in it is closed.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// Waits until nobody else holds the lock file at `path`, which is made when missing.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn exclusive(path: &Path) -> Result<Lock> {
        Lock::wait(path, libc::F_WRLCK)
    }

    /// Waits until nobody holds it exclusively.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn shared(path: &Path) -> Result<Lock> {
        Lock::wait(path, libc::F_RDLCK)
    }

    fn wait(path: &Path, kind: libc::c_int) -> Result<Lock> {
        let file = open(path, true)?;
        loop {
            match fcntl(&file, FcntlArg::F_OFD_SETLKW(&whole_file(kind))) {
                Ok(_) => return Ok(Lock(file)),
                Err(Errno::EINTR) => {}
                Err(e) => return Err(e).doing(|| format!("take the lock {}", path.display())),
            }
        }
    }

    /// Takes the lock unless somebody holds it. The file is made only if `make`.
    ///
    /// # Errors
    /// `NotFound` if it is not there, or was moved away while we took it (a container that is
    /// being removed).
    pub fn try_exclusive(path: &Path, make: bool) -> Result<Option<Lock>> {
        let file = open(path, make)?;
        match fcntl(&file, FcntlArg::F_OFD_SETLK(&whole_file(libc::F_WRLCK))) {
            Ok(_) => {}
            Err(Errno::EAGAIN | Errno::EACCES) => return Ok(None),
            Err(e) => return Err(e).doing(|| format!("take the lock {}", path.display())),
        }
        // Its directory may have gone into the trash between the two calls; a lock on that file
        // protects nothing.
        let ours = file.metadata().doing(|| format!("look at {}", path.display()))?;
        let there = std::fs::metadata(path).doing(|| format!("look at {}", path.display()))?;
        let same = ours.ino() == there.ino() && ours.dev() == there.dev();
        Ok(same.then_some(Lock(file)))
    }

    /// Whether somebody holds the lock at `path` right now; takes nothing.
    ///
    /// # Errors
    /// `NotFound` if the file is not there.
    pub fn is_held(path: &Path) -> Result<bool> {
        let file = File::open(path).doing(|| format!("open the lock {}", path.display()))?;
        let mut lock = whole_file(libc::F_WRLCK);
        fcntl(&file, FcntlArg::F_OFD_GETLK(&mut lock))
            .doing(|| format!("ask who holds the lock {}", path.display()))?;
        Ok(i32::from(lock.l_type) != libc::F_UNLCK)
    }
}

impl From<Lock> for OwnedFd {
    fn from(lock: Lock) -> OwnedFd {
        lock.0.into()
    }
}

impl AsFd for Lock {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Opens a lock file, close-on-exec as everything that std opens.
fn open(path: &Path, make: bool) -> Result<File> {
    let mut options = OpenOptions::new();
    // An exclusive lock needs a descriptor that may write (fcntl(2), EBADF).
    options.read(true).write(true).create(make).mode(0o600);
    let opened = options.open(path).doing(|| format!("open the lock {}", path.display()));
    opened.map_err(|error| match error.io().is_some_and(|e| e.kind() == ErrorKind::IsADirectory) {
        true => error.hint("`box system check --repair` mends the store"),
        false => error,
    })
}

fn whole_file(kind: libc::c_int) -> libc::flock {
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_seen_without_being_taken_and_ends_with_its_holder() {
        let path = std::env::temp_dir().join(format!("box-lock-{}", std::process::id()));
        assert!(Lock::try_exclusive(&path, false).is_err());
        let held = Lock::try_exclusive(&path, true).unwrap().unwrap();
        assert!(Lock::is_held(&path).unwrap());
        assert!(Lock::try_exclusive(&path, false).unwrap().is_none());
        drop(held);
        assert!(!Lock::is_held(&path).unwrap());
        let first = Lock::shared(&path).unwrap();
        let second = Lock::shared(&path).unwrap();
        assert!(Lock::try_exclusive(&path, false).unwrap().is_none());
        drop((first, second));
        std::fs::remove_file(&path).unwrap();
        assert!(Lock::is_held(&path).is_err());
    }
}
