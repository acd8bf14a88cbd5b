//! A private directory for what is being made, on the store's own file system.
//!
//! `root/tmp/job-*` with a `lock` file in it that its maker holds. What a killed process left
//! behind is known by its free lock and removed by the next one that makes such a directory.

use super::layout::Store;
use super::lock::Lock;
use crate::error::{Doing, Kind, Result, failed};
use crate::sys::tree;
use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// What the directories of layers in the making are called, before their number.
pub const LAYER: &str = "layer";

/// A private directory. When it is dropped it goes with what is left in it; where that are layers,
/// into the trash, which the caller's caller empties when it has answered.
#[derive(Debug)]
pub struct Staging {
    dir: PathBuf,
    trash: PathBuf,
    next: AtomicU32,
    _lock: Lock,
}

impl Staging {
    /// Makes one, after removing those whose makers died.
    ///
    /// # Errors
    /// When the store is not writable.
    pub fn begin(store: &Store) -> Result<Staging> {
        let parent = store.root().join("tmp");
        // As all of the store's directories: what is in the making has its setuid bits already.
        let mut private = std::fs::DirBuilder::new();
        private.recursive(true).mode(0o700);
        private.create(&parent).doing(|| format!("make {}", parent.display()))?;
        private.recursive(false);
        // Held while a directory has no locked file in it yet, and while others look for such ones.
        let _gate = Lock::exclusive(&parent.join("gate"))?;
        sweep_below(&parent, &store.trash());
        for attempt in 0..1000u32 {
            let dir = parent.join(format!("job-{}-{attempt}", std::process::id()));
            match private.create(&dir) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error).doing(|| format!("make {}", dir.display())),
            }
            let lock = Lock::exclusive(&dir.join("lock"))?;
            return Ok(Staging { dir, trash: store.trash(), next: AtomicU32::new(0), _lock: lock });
        }
        Err(failed(format!("there is no free name left in {}", parent.display())))
    }

    /// A path in it that nothing has yet.
    #[must_use]
    pub fn path(&self, prefix: &str) -> PathBuf {
        self.dir.join(format!("{prefix}-{}", self.next.fetch_add(1, Ordering::Relaxed)))
    }

    /// Writes everything below the store's file system out, before it is renamed into view.
    ///
    /// # Errors
    /// What the disk says.
    pub fn sync(&self) -> Result<()> {
        let dir = File::open(&self.dir).doing(|| format!("open {}", self.dir.display()))?;
        rustix::fs::syncfs(dir.as_fd()).doing(|| "write the store to the disk")
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What cannot be removed now is swept by the next one.
        let layers = std::fs::read_dir(&self.dir).is_ok_and(|entries| {
            entries.flatten().any(|entry| entry.file_name().as_bytes().starts_with(LAYER.as_bytes()))
        });
        match layers {
            true => discard(&self.dir, &self.trash),
            false => drop(tree::remove(&self.dir)),
        }
    }
}

/// Moves what killed jobs left into the trash.
///
/// # Errors
/// When the lock cannot be taken.
pub fn sweep(store: &Store) -> Result<()> {
    let parent = store.root().join("tmp");
    if !parent.exists() {
        return Ok(());
    }
    let _gate = Lock::exclusive(&parent.join("gate"))?;
    sweep_below(&parent, &store.trash());
    Ok(())
}

/// Moves the directories whose makers are gone into the trash, which the caller's caller empties
/// when it has answered. Failures are left to the next sweep.
fn sweep_below(parent: &Path, trash: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        if !entry.file_name().as_bytes().starts_with(b"job-") {
            continue;
        }
        let dir = entry.path();
        let dead = match Lock::is_held(&dir.join("lock")) {
            Ok(held) => !held,
            // Killed between the two steps; we hold the gate, so nobody is between them now.
            Err(error) => error.kind() == Kind::NotFound,
        };
        if dead {
            discard(&dir, trash);
        }
    }
}

/// Moves a directory into the trash, or deletes it where that fails.
fn discard(dir: &Path, trash: &Path) {
    let name = dir.file_name().unwrap_or_default();
    let place = (0..1000u32)
        .map(|number| trash.join(format!("{}-{number}", name.display())))
        .find(|place| !place.exists());
    if place.is_none_or(|place| std::fs::rename(dir, place).is_err()) {
        let _ = tree::remove(dir);
    }
}
