//! Files that are replaced as a whole: a reader sees the old text or the new, never a part.

use crate::error::{Doing, Error, Result, failed};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::fd::BorrowedFd;
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
    let (mut file, beside) = open_beside(path)?;
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

/// Opens a fresh file next to `path`. Numbers and O_EXCL instead of the pid: a supervisor is pid 1 in
/// its own namespace, as every other one is.
fn open_beside(path: &Path) -> Result<(File, PathBuf)> {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("file");
    for number in 0..10_000_u32 {
        let beside = path.with_file_name(format!("{}{name}.{number}{}", BESIDE.0, BESIDE.1));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside) {
            Ok(file) => return Ok((file, beside)),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e).doing(|| format!("write {}", path.display())),
        }
    }
    Err(failed(format!("ten thousand half-written files lie beside {}", path.display())))
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
    fn what_a_crash_leaves_is_recognised() {
        assert!(is_left_over(".state.json.0.new"));
        assert!(!is_left_over("state.json"));
        assert!(!is_left_over(".profile.new"));
    }
}
