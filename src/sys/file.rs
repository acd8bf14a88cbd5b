//! Files that are replaced as a whole: a reader sees the old text or the new, never a part.

use crate::error::{Doing, Error, Result, failed};
use std::fs::{File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Whether a write has to survive a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durable {
    /// Synced, together with the directory that holds it.
    Yes,
    /// Left to the kernel: right for what nobody misses after a crash of the machine.
    No,
}

/// What the name of a half-written file begins and ends with; see [`is_left_over`].
const BESIDE: (&str, &str) = (".", ".new");

/// Replaces the file at `path`, or makes it, with mode 0600: writes beside it, syncs if `durable`,
/// renames.
///
/// A crash leaves the old file whole and at most one `.NAME.N.new` beside it, which
/// [`is_left_over`] recognises. Two writers at once do not disturb each other; the later rename wins.
///
/// # Errors
/// What the kernel says: a full disk, a directory that is gone or not ours.
pub fn replace(path: &Path, bytes: &[u8], durable: Durable) -> Result<()> {
    let (mut file, beside) = open_beside(path, 0o600).doing(|| format!("write {}", path.display()))?;
    let written = file.write_all(bytes).and_then(|()| match durable {
        Durable::Yes => file.sync_data(),
        Durable::No => Ok(()),
    });
    let done = written.and_then(|()| std::fs::rename(&beside, path));
    if done.is_err() {
        // The first error is the one to tell; a full disk does not stop an unlink.
        let _ = std::fs::remove_file(&beside);
    }
    done.doing(|| format!("write {}", path.display()))?;
    if durable == Durable::Yes { sync_directory(path.parent().unwrap_or(Path::new("/"))) } else { Ok(()) }
}

/// Whether that was for want of space, or of quota.
#[must_use]
pub fn is_full(error: &Error) -> bool {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    error.io().is_some_and(|cause| matches!(cause.kind(), StorageFull | QuotaExceeded))
}

/// As [`replace`], for a JSON document that can be written on a full disk too: then over the old text,
/// into the blocks that it has, if it fits there.
///
/// One call of the kernel does that, and spaces take the place of what was longer, so that a process
/// that is killed leaves the old text or the new one; a reader meanwhile, or a power cut, may find a
/// broken one.
///
/// # Errors
/// As [`replace`].
pub fn replace_json(path: &Path, json: &[u8], durable: Durable) -> Result<()> {
    match replace(path, json, durable) {
        Err(error) if is_full(&error) => write_over(path, json, durable).map_err(|_| error),
        done => done,
    }
}

fn write_over(path: &Path, json: &[u8], durable: Durable) -> std::io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    let there = file.metadata()?;
    // st_blocks counts 512 bytes each, whatever the file system's own blocks are (stat(2)).
    if json.len() as u64 > there.len().max(there.blocks() * 512) {
        return Err(ErrorKind::StorageFull.into());
    }
    let mut bytes = json.to_vec();
    bytes.resize(bytes.len().max(usize::try_from(there.len()).unwrap_or(0)), b' ');
    file.write_all_at(&bytes, 0)?;
    if durable == Durable::Yes { file.sync_data() } else { Ok(()) }
}

/// Makes the file at `path`, which must not exist, with mode 0600.
///
/// # Errors
/// `Conflict` if something is there; else what the kernel says, and then a part of it may be there.
pub fn create_new(path: &Path, bytes: &[u8], durable: Durable) -> Result<()> {
    let make = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        if durable == Durable::Yes { file.sync_data() } else { Ok(()) }
    };
    make().doing(|| format!("write {}", path.display()))
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// `NotFound` where there is none; `Failed` if it is longer.
pub fn read(path: &Path, limit: usize) -> Result<Vec<u8>> {
    read_at(rustix::fs::CWD, path, limit)
}

/// As [`read`], with a path that starts from `dir`: shorter to walk where there are many.
///
/// # Errors
/// As [`read`].
pub fn read_at(dir: BorrowedFd<'_>, path: &Path, limit: usize) -> Result<Vec<u8>> {
    let bytes = whole(dir, path, limit).doing(|| format!("read {}", path.display()))?;
    if bytes.len() > limit {
        return Err(failed(format!("{} is longer than {limit} bytes", path.display())));
    }
    Ok(bytes)
}

fn whole(dir: BorrowedFd<'_>, path: &Path, limit: usize) -> rustix::io::Result<Vec<u8>> {
    use rustix::fs::{Mode, OFlags, openat};
    let file = openat(dir, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut bytes = vec![0; 8192];
    let mut length = 0;
    loop {
        let read = rustix::io::retry_on_intr(|| rustix::io::read(&file, &mut bytes[length..]))?;
        length += read;
        // A regular file that gives less than was asked for has no more (read(2)): one call for
        // most of our documents.
        if length < bytes.len() || length > limit {
            break;
        }
        bytes.resize(bytes.len() * 4, 0);
    }
    bytes.truncate(length);
    Ok(bytes)
}

/// Waits until a directory's entries are on the disk.
///
/// # Errors
/// What the kernel says.
pub fn sync_directory(path: &Path) -> Result<()> {
    File::open(path).and_then(|dir| dir.sync_all()).doing(|| format!("sync {}", path.display()))
}

/// Whether a file name is one that a crashed [`replace`] leaves behind.
#[must_use]
pub fn is_left_over(name: &str) -> bool {
    name.starts_with(BESIDE.0)
        && name
            .strip_suffix(BESIDE.1)
            .and_then(|rest| rest.rsplit_once('.'))
            .is_some_and(|(_, number)| number.parse::<u32>().is_ok())
}

/// A file that appears at its path when it is complete, or never, however long it takes.
///
/// A crash leaves nothing, for it has no name until then; on a file system that has no such files
/// (`O_TMPFILE` of open(2)), or between the last two calls, one that [`is_left_over`] recognises.
#[derive(Debug)]
pub struct Whole {
    path: PathBuf,
    file: File,
    /// Its name so far, if it has one.
    beside: Option<PathBuf>,
}

impl Whole {
    /// Begins one, with the mode that the umask gives.
    ///
    /// # Errors
    /// What the kernel says of making a file there.
    pub fn begin(path: &Path) -> std::io::Result<Whole> {
        use rustix::fs::{Mode, OFlags, open};
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        let path = path.to_path_buf();
        match open(dir, flags, Mode::from_raw_mode(0o666)) {
            Ok(file) => Ok(Whole { path, file: file.into(), beside: None }),
            // The kernel has several words for not having it; what else is wrong, this finds as well.
            Err(_) => {
                open_beside(&path, 0o666).map(|(file, beside)| Whole { path, file, beside: Some(beside) })
            }
        }
    }

    /// What is written to.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Puts it in its place, and in that of what is there, with that mode if one is given.
    ///
    /// # Errors
    /// What the kernel says; what is there then stays.
    pub fn finish(mut self, mode: Option<Permissions>, durable: Durable) -> std::io::Result<()> {
        if let Some(mode) = mode {
            self.file.set_permissions(mode)?;
        }
        if durable == Durable::Yes {
            self.file.sync_data()?;
        }
        if self.beside.is_none() {
            if self.link(&self.path)? {
                return Ok(());
            }
            // Only rename(2) replaces.
            let (_, name) = numbered(&self.path, |name| self.link(name).map(|made| made.then_some(())))?;
            self.beside = Some(name);
        }
        if let Some(beside) = &self.beside {
            std::fs::rename(beside, &self.path)?;
            self.beside = None;
        }
        Ok(())
    }

    /// Gives a nameless file its name; `false` if that is taken.
    fn link(&self, name: &Path) -> std::io::Result<bool> {
        use rustix::fs::{AtFlags, CWD, linkat};
        // By its name in /proc, since AT_EMPTY_PATH is for the privileged (open(2), "O_TMPFILE").
        let open = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        match linkat(CWD, open, CWD, name, AtFlags::SYMLINK_FOLLOW) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::EXIST) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            // The first error is the one to tell; a full disk does not stop an unlink.
            let _ = std::fs::remove_file(beside);
        }
    }
}

/// Opens a fresh file next to `path`.
fn open_beside(path: &Path, mode: u32) -> std::io::Result<(File, PathBuf)> {
    numbered(path, |beside| match OpenOptions::new().write(true).create_new(true).mode(mode).open(beside) {
        Ok(file) => Ok(Some(file)),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(None),
        Err(e) => Err(e),
    })
}

/// Makes something by a name next to `path` that is not taken. Numbers and O_EXCL instead of the pid: a
/// supervisor is pid 1 in its own namespace, as every other one is.
fn numbered<T>(
    path: &Path,
    make: impl Fn(&Path) -> std::io::Result<Option<T>>,
) -> std::io::Result<(T, PathBuf)> {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("file");
    for number in 0..10_000_u32 {
        let beside = path.with_file_name(format!("{}{name}.{number}{}", BESIDE.0, BESIDE.1));
        if let Some(made) = make(&beside)? {
            return Ok((made, beside));
        }
    }
    Err(std::io::Error::other("ten thousand half-written files lie beside it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_stays_beside_it() {
        let dir = std::env::temp_dir().join(format!("box-file-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("state.json");
        replace(&path, b"one", Durable::No).unwrap();
        replace(&path, b"two", Durable::Yes).unwrap();
        assert_eq!(read(&path, 10).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1);
        assert!(read(&path, 2).is_err());
        assert!(create_new(&path, b"", Durable::No).is_err());
        write_over(&path, b"1", Durable::No).unwrap();
        assert_eq!(read(&path, 10).unwrap(), b"1  ");
        assert!(write_over(&path, &[b'1'; 1 << 20], Durable::No).is_err());
        assert_eq!(read(&path, 10).unwrap(), b"1  ");
        assert!(write_over(&dir.join("none"), b"", Durable::No).is_err());
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_whole_file_takes_its_place_at_the_end_with_or_without_a_name_before() {
        let dir = std::env::temp_dir().join(format!("box-whole-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("f");
        let named = || {
            let (file, beside) = open_beside(&path, 0o666).unwrap();
            Whole { path: path.clone(), file, beside: Some(beside) }
        };
        for (round, begin) in [&(|| Whole::begin(&path).unwrap()) as &dyn Fn() -> Whole, &named, &named]
            .into_iter()
            .chain([&(|| Whole::begin(&path).unwrap()) as &dyn Fn() -> Whole])
            .enumerate()
        {
            drop(begin());
            assert_eq!(path.exists(), round > 0);
            let whole = begin();
            whole.file().write_all(round.to_string().as_bytes()).unwrap();
            whole.finish(None, Durable::No).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), round.to_string());
            assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1);
        }
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn what_a_crash_leaves_is_recognised() {
        assert!(is_left_over(".state.json.0.new"));
        assert!(!is_left_over("state.json"));
        assert!(!is_left_over(".profile.new"));
    }
}
