//! Open files and directories.

use super::Io;
use super::nodes::Ino;
use super::union::Entry;
use rustix::fs::{self, Mode};
use rustix::io::Errno;
use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// The most entries that open directories show together: no memory limit of the container's counts
/// what it has us remember.
const MOST_ENTRIES: usize = 2_000_000;

/// Everything that the container has open, by the number that the kernel was given.
#[derive(Debug, Default)]
pub(super) struct Files {
    files: RwLock<HashMap<u64, (Ino, Arc<OwnedFd>)>>,
    lists: Mutex<Lists>,
    next: AtomicU64,
    /// The most files that are open at once.
    most: usize,
}

/// What open directories show.
#[derive(Debug, Default)]
struct Lists {
    all: HashMap<u64, Arc<Vec<Entry>>>,
    /// Of all of them together.
    entries: usize,
}

impl Lists {
    fn remove(&mut self, number: u64) {
        self.entries -= self.all.remove(&number).map_or(0, |list| list.len());
    }
}

impl Files {
    /// None open yet; at most so many at once. Without an end those of one user in the container would take
    /// the descriptors by which all others' names are looked up.
    pub(super) fn new(most: usize) -> Files {
        Files { most, ..Files::default() }
    }

    /// Whether one more may be opened; `ENFILE` if not.
    pub(super) fn have_room(&self) -> Io<()> {
        let open = self.files.read().unwrap_or_else(PoisonError::into_inner).len();
        if open < self.most { Ok(()) } else { Err(Errno::NFILE) }
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Takes over an open file.
    pub(super) fn add(&self, ino: Ino, file: OwnedFd) -> u64 {
        let number = self.number();
        self.files.write().unwrap_or_else(PoisonError::into_inner).insert(number, (ino, Arc::new(file)));
        number
    }

    /// The file behind a number.
    pub(super) fn get(&self, number: u64) -> Io<Arc<OwnedFd>> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        files.get(&number).map(|(_, file)| file.clone()).ok_or(Errno::BADF)
    }

    /// From now on the number stands for another file.
    pub(super) fn replace(&self, number: u64, file: OwnedFd) {
        if let Some((_, open)) = self.files.write().unwrap_or_else(PoisonError::into_inner).get_mut(&number) {
            *open = Arc::new(file);
        }
    }

    /// Closes a file.
    pub(super) fn close(&self, number: u64) {
        self.files.write().unwrap_or_else(PoisonError::into_inner).remove(&number);
    }

    /// A number for an open directory.
    pub(super) fn add_list(&self) -> u64 {
        self.number()
    }

    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an open directory shows from now on; `ENFILE` if all of them show too much.
    pub(super) fn set_list(&self, number: u64, list: Vec<Entry>) -> Io<Arc<Vec<Entry>>> {
        let mut lists = self.lists();
        lists.remove(number);
        // One alone may be as large as it likes: the disk has bounded it.
        if lists.entries > 0 && lists.entries + list.len() > MOST_ENTRIES {
            return Err(Errno::NFILE);
        }
        let list = Arc::new(list);
        lists.entries += list.len();
        lists.all.insert(number, list.clone());
        Ok(list)
    }

    /// What an open directory shows, if it has shown something.
    pub(super) fn list(&self, number: u64) -> Option<Arc<Vec<Entry>>> {
        self.lists().all.get(&number).cloned()
    }

    /// Closes a directory.
    pub(super) fn close_list(&self, number: u64) {
        self.lists().remove(number);
    }
}

/// Reads until the buffer is full or the file ends.
pub(super) fn read(file: &OwnedFd, at: u64, buffer: &mut [u8]) -> Io<usize> {
    bit_by_bit(buffer.len(), |done| rustix::io::pread(file, &mut buffer[done..], at + done as u64))
}

/// Writes it all, or as much as there is room for.
pub(super) fn write(file: &OwnedFd, at: u64, data: &[u8]) -> Io<usize> {
    bit_by_bit(data.len(), |done| rustix::io::pwrite(file, &data[done..], at + done as u64))
}

/// Takes steps until `length` bytes are done or none more can be; an error counts if nothing is.
fn bit_by_bit(length: usize, mut step: impl FnMut(usize) -> Io<usize>) -> Io<usize> {
    let mut done = 0;
    while done < length {
        match step(done) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(Errno::INTR) => {}
            Err(errno) if done == 0 => return Err(errno),
            Err(_) => break,
        }
    }
    Ok(done)
}

/// Takes the setuid bit, and the setgid bit of what may be executed, off a file that is written to; `true`
/// if it had one. The kernel has to hear of that.
pub(super) fn take_privileges(file: &OwnedFd) -> Io<bool> {
    let mode = fs::fstat(file)?.st_mode;
    let mut left = mode & !libc::S_ISUID;
    if mode & libc::S_IXGRP != 0 {
        left &= !libc::S_ISGID;
    }
    if left != mode {
        fs::fchmod(file, Mode::from_raw_mode(left & 0o7777))?;
    }
    Ok(left != mode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::FileType;

    #[test]
    fn only_so_many_files_are_open_at_once() {
        let files = Files::new(2);
        let open = || {
            files.have_room()?;
            Ok::<u64, Errno>(files.add(2, rustix::stdio::stdin().try_clone_to_owned().expect("there is one")))
        };
        let first = open().expect("there is room");
        assert!(open().is_ok());
        assert_eq!(open(), Err(Errno::NFILE));
        files.close(first);
        assert!(open().is_ok());
    }

    #[test]
    fn open_directories_take_a_bounded_memory() {
        let entry = Entry { name: c"name".to_owned(), ino: 2, kind: FileType::RegularFile };
        let half = || vec![entry.clone(); MOST_ENTRIES / 2];
        let files = Files::default();
        assert!(files.set_list(1, half()).is_ok());
        assert!(files.set_list(2, half()).is_ok());
        assert_eq!(files.set_list(3, vec![entry.clone()]).err(), Some(Errno::NFILE));
        // Read once more from the start, it takes no more than before.
        assert!(files.set_list(2, half()).is_ok());
        files.close_list(1);
        files.close_list(1);
        assert!(files.set_list(3, vec![entry.clone()]).is_ok());
        assert_eq!(files.list(3).map(|list| list.len()), Some(1));
        assert!(files.list(1).is_none());
    }
}
