//! Removing directory trees whose content nobody vouches for.

use crate::error::{Doing, Error, Kind, Result};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, fstat, openat, renameat, statat, unlinkat};
use rustix::io::Errno;
use std::ffi::CString;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// Directories below this depth are first moved up: a container can nest them deeper than we have
/// descriptors and stack.
const DEPTH: usize = 64;

/// Removes what is at `path`, a file or a directory with all that is in it.
///
/// No symbolic link is followed and no other file system is entered: what is mounted in the tree
/// stays and is reported. Nothing there is no error, nor is what goes meanwhile: somebody else may be
/// removing the same. The rest is removed even after a failure.
///
/// # Errors
/// The first failure.
pub fn remove(path: &Path) -> Result<()> {
    let doing = || format!("remove {}", path.display());
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(crate::error::invalid(format!("{} is not to be removed", path.display())));
    };
    let name = super::path::c_path(Path::new(name))?;
    let parent = match open_dir(rustix::fs::CWD, &super::path::c_path(parent)?, OFlags::empty()) {
        Ok(parent) => parent,
        Err(Errno::NOENT) => return Ok(()),
        Err(errno) => return Err(errno).doing(doing),
    };
    let device = match statat(&parent, &name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat.st_dev,
        Err(Errno::NOENT) => return Ok(()),
        Err(errno) => return Err(errno).doing(doing),
    };
    if device != fstat(&parent).doing(doing)?.st_dev {
        return Err(mounted(path.display().to_string())).doing(doing);
    }
    sweep(parent.as_fd(), &name, device).doing(doing)
}

/// Removes what is called `name` in an open directory, as [`remove`] does.
///
/// # Errors
/// The first failure.
pub fn remove_at(parent: BorrowedFd<'_>, name: &std::ffi::CStr) -> Result<()> {
    let device = statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?.st_dev;
    sweep(parent, &name.to_owned(), device)
}

fn sweep(parent: BorrowedFd<'_>, name: &CString, device: u64) -> Result<()> {
    let mut sweep = Sweep { device, moved: 0, waiting: Vec::new(), first: None };
    sweep.entry(parent, parent, name, 0);
    while let Some(name) = sweep.waiting.pop() {
        sweep.entry(parent, parent, &name, 0);
    }
    match sweep.first {
        None => Ok(()),
        Some(error) => Err(error),
    }
}

fn mounted(what: String) -> Error {
    Error::new(Kind::Conflict, format!("{what} is on another file system"))
        .hint("unmount what is mounted there, then try again")
}

struct Sweep {
    device: u64,
    moved: u32,
    /// What was moved to the root's neighbourhood and is removed next.
    waiting: Vec<CString>,
    first: Option<Error>,
}

impl Sweep {
    fn keep(&mut self, error: impl Into<Error>, name: &CString) {
        if self.first.is_none() {
            let failed =
                Err::<(), Error>(error.into()).doing(|| format!("remove {}", name.to_string_lossy()));
            self.first = failed.err();
        }
    }

    /// Removes `name` in `dir`. `top` is where directories that lie too deep are moved to.
    fn entry(&mut self, top: BorrowedFd<'_>, dir: BorrowedFd<'_>, name: &CString, depth: usize) {
        match unlinkat(dir, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => return,
            // A directory; Linux says EISDIR, POSIX allows EPERM.
            Err(Errno::ISDIR | Errno::PERM) => {}
            Err(errno) => return self.keep(errno, name),
        }
        let inner = match open_dir(dir, name, OFlags::NOFOLLOW) {
            Ok(inner) => inner,
            Err(Errno::NOENT) => return,
            Err(errno) => return self.keep(errno, name),
        };
        match fstat(&inner) {
            Ok(stat) if stat.st_dev == self.device => {}
            Ok(_) => return self.keep(mounted(name.to_string_lossy().into_owned()), name),
            Err(errno) => return self.keep(errno, name),
        }
        match self.content(top, &inner, depth) {
            // A directory that is removed while it is open says so when it is read.
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => self.keep(errno, name),
        }
        if let Err(errno) = unlinkat(dir, name, AtFlags::REMOVEDIR)
            && errno != Errno::NOENT
            // A failure within it was kept already.
            && !(errno == Errno::NOTEMPTY && self.first.is_some())
        {
            self.keep(errno, name);
        }
    }

    fn content(&mut self, top: BorrowedFd<'_>, dir: &OwnedFd, depth: usize) -> Result<(), Errno> {
        let names = list(dir)?;
        for (name, is_dir) in names {
            if is_dir && depth >= DEPTH {
                // Flattened: it becomes a neighbour of the tree's root and has its turn later.
                self.moved += 1;
                let up = CString::new(format!(".deep-{}-{}", std::process::id(), self.moved))
                    .expect("digits hold no zero byte");
                match renameat(dir, &name, top, &up) {
                    Ok(()) => self.waiting.push(up),
                    Err(Errno::NOENT) => {}
                    Err(errno) => self.keep(errno, &name),
                }
            } else {
                self.entry(top, dir.as_fd(), &name, depth + 1);
            }
        }
        Ok(())
    }
}

fn open_dir(at: impl AsFd, name: &CString, more: OFlags) -> Result<OwnedFd, Errno> {
    openat(at, name, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | more, Mode::empty())
}

/// The names in a directory, and which of them are directories.
fn list(dir: &OwnedFd) -> Result<Vec<(CString, bool)>, Errno> {
    let mut space = [MaybeUninit::uninit(); 8192];
    let mut entries = RawDir::new(dir, &mut space);
    let mut names = Vec::new();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name();
        if name != c"." && name != c".." {
            names.push((name.to_owned(), entry.file_type() == FileType::Directory));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn scratch(name: &str) -> std::path::PathBuf {
        let dir = std::env::temp_dir().join(format!("box-tree-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    #[test]
    fn a_tree_goes_and_what_its_links_lead_to_stays() {
        let dir = scratch("links");
        let outside = dir.join("outside");
        fs::create_dir_all(outside.join("kept")).unwrap();
        let tree = dir.join("tree");
        fs::create_dir_all(tree.join("a/b")).unwrap();
        fs::write(tree.join("a/b/file"), "x").unwrap();
        std::os::unix::fs::symlink(&outside, tree.join("a/link")).unwrap();
        remove(&tree).unwrap();
        assert!(!tree.exists() && outside.join("kept").exists());
        remove(&tree).unwrap();
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn two_who_remove_the_same_tree_do_not_disturb_each_other() {
        let dir = scratch("race");
        let tree = dir.join("tree");
        for _ in 0..20 {
            for number in 0..40 {
                fs::create_dir_all(tree.join(format!("{number}/a/b"))).unwrap();
                fs::write(tree.join(format!("{number}/a/f")), "x").unwrap();
            }
            let both = [(); 2].map(|()| {
                let tree = tree.clone();
                std::thread::spawn(move || remove(&tree))
            });
            for done in both {
                done.join().unwrap().unwrap();
            }
            assert!(!tree.exists());
        }
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_tree_deeper_than_any_path_goes() {
        let dir = scratch("deep");
        let mut at =
            open_dir(rustix::fs::CWD, &super::super::path::c_path(&dir).unwrap(), OFlags::empty()).unwrap();
        for _ in 0..3000 {
            rustix::fs::mkdirat(&at, c"directory", Mode::from(0o755)).unwrap();
            at = open_dir(&at, &c"directory".to_owned(), OFlags::NOFOLLOW).unwrap();
        }
        remove(&dir).unwrap();
        assert!(!dir.exists());
    }
}
