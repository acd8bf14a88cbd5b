//! Unpacked layers: `layers/<chain>/` with `diff/`, which overlay mounts, and `layer.json`.
//!
//! A layer is complete or absent: it is made in a [`Staging`] directory and renamed into view.

use super::blobs::{BlobWriter, StagedBlob, Tee};
use super::compress::{self, Compression};
use super::implied;
use super::layout::Store;
use super::staging::{self, Staging};
use super::unpack::{KeptOwner, Owners, unpack};
use crate::error::{Doing, Result, failed};
use crate::image::digest::{Algorithm, ChainId, DiffId, Hasher};
use crate::sys::file::{Durable, replace};
use rustix::fs::{CWD, Mode, OFlags};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;

/// What is known of an unpacked layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerRecord {
    /// The digest of its tar.
    pub diff_id: DiffId,
    /// The chain below it.
    pub parent: Option<ChainId>,
    /// The bytes of its regular files.
    pub size: u64,
}

/// A layer whose blob was written and which was unpacked in the same pass, not visible yet.
#[derive(Debug)]
pub struct StagedLayer {
    dir: PathBuf,
    /// The digest of its tar.
    pub diff_id: DiffId,
    /// How the blob is compressed.
    pub compression: Compression,
    /// The bytes of its regular files.
    pub size: u64,
    /// Device nodes that were left out.
    pub skipped_devices: u64,
    /// Directories that its archive does not list.
    implied: Vec<Vec<u8>>,
    owners: Vec<KeptOwner>,
    /// The blob.
    pub blob: StagedBlob,
}

/// Whether the layer is there.
#[must_use]
pub fn is_complete(store: &Store, chain: &ChainId) -> bool {
    store.layer(chain).join("layer.json").exists()
}

/// The directory that overlay mounts.
#[must_use]
pub fn diff(store: &Store, chain: &ChainId) -> PathBuf {
    store.layer(chain).join("diff")
}

/// What is known of the layer.
///
/// # Errors
/// `NotFound` if it is not there, `Failed` if its record is damaged.
pub fn record(store: &Store, chain: &ChainId) -> Result<LayerRecord> {
    let path = store.layer(chain).join("layer.json");
    let bytes = std::fs::read(&path).doing(|| format!("read {}", path.display()))?;
    serde_json::from_slice(&bytes)
        .map_err(|cause| failed(format!("{} is damaged", path.display())).because(cause))
}

/// The owners that could not be written to the layer's files; empty but in single-id mode.
///
/// # Errors
/// When the list is there and cannot be read.
pub fn kept_owners(store: &Store, chain: &ChainId) -> Result<Vec<KeptOwner>> {
    let path = store.layer(chain).join("owners.json");
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map_err(|cause| failed(format!("{} is damaged", path.display())).because(cause)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).doing(|| format!("read {}", path.display())),
    }
}

/// Writes a layer's blob and unpacks it, in one pass over `from`.
///
/// The digests are in the result: the caller compares them before it publishes anything. A crash leaves
/// all of it in the staging directory, which the next job sweeps.
///
/// # Errors
/// `Invalid` for damaged archives, `Unsupported` for what box or the user's ids cannot hold, and
/// what the reader and the disk say.
pub fn stage(staging: &Staging, from: impl Read) -> Result<StagedLayer> {
    let dir = staging.path(staging::LAYER);
    let root = dir.join("diff");
    std::fs::create_dir_all(&root).doing(|| format!("make {}", root.display()))?;
    let root =
        rustix::fs::openat(CWD, &root, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .doing(|| format!("open {}", root.display()))?;
    rustix::fs::fchmod(&root, Mode::from_raw_mode(0o755)).doing(|| "set the mode of a layer's root")?;

    let mut blob = BlobWriter::begin(staging)?;
    let mut compressed = BufReader::with_capacity(128 << 10, Tee::new(from, &mut blob));
    let (compression, plain) = compress::decoder(&mut compressed)?;
    // Plain, it is the blob, which is hashed already.
    let mut sum = (compression != Compression::None).then(|| Algorithm::Sha256.hasher());
    let tar = Tee::new(plain, HashWriter(sum.as_mut()));
    let unpacked = unpack(BufReader::with_capacity(128 << 10, tar), root, Owners::of_this_process()?)?;
    // The blob's digest covers what may follow the compressed stream.
    std::io::copy(&mut compressed, &mut std::io::sink()).doing(|| "read the layer to its end")?;
    drop(compressed);
    let blob = blob.finish();

    Ok(StagedLayer {
        dir,
        diff_id: sum.map_or_else(|| blob.digest().plain(), DiffId::finish),
        compression,
        size: unpacked.size,
        skipped_devices: unpacked.skipped_devices,
        implied: unpacked.implied,
        owners: unpacked.owners,
        blob,
    })
}

impl StagedLayer {
    /// Fails unless it is the layer that a configuration names. One that is named by another algorithm is
    /// uncompressed once more, and has that name from then on.
    ///
    /// # Errors
    /// `Failed`, with both digests; what reading its blob says.
    pub fn expect(&mut self, wanted: &DiffId) -> Result<()> {
        if self.diff_id.algorithm() != wanted.algorithm() {
            let doing = || format!("read {}", self.blob.path().display());
            let blob = BufReader::with_capacity(128 << 10, File::open(self.blob.path()).doing(doing)?);
            let mut sum = wanted.algorithm().hasher();
            std::io::copy(&mut compress::decoder(blob)?.1, &mut sum).doing(doing)?;
            self.diff_id = DiffId::finish(sum);
        }
        if self.diff_id == *wanted {
            return Ok(());
        }
        Err(failed(format!("its content has the digest {} instead of {wanted}", self.diff_id)))
    }

    /// Makes the layer and its blob visible as the top of `chain`. One that is there already stays.
    ///
    /// The caller has checked the digests and synced. Each of the two appears by one rename; a crash
    /// between them leaves one that no image names, which `store::gc` removes.
    ///
    /// # Errors
    /// What the disk says.
    pub fn publish(mut self, store: &Store, chain: &ChainId, parent: Option<&ChainId>) -> Result<()> {
        self.complete(store, parent)?;
        let record = LayerRecord { diff_id: self.diff_id, parent: parent.cloned(), size: self.size };
        let text = serde_json::to_vec(&record).expect("a record is strings and numbers");
        let path = self.dir.join("layer.json");
        // On the disk before the layer is in sight: its presence says that the layer is complete.
        replace(&path, &text, Durable::Yes)?;
        let place = store.layer(chain);
        self.blob.publish(store)?;
        match std::fs::rename(&self.dir, &place) {
            Ok(()) => Ok(()),
            // Somebody else was faster; ours goes with the staging directory.
            Err(error) if is_complete(store, chain) && is_taken(&error) => Ok(()),
            Err(error) => Err(error).doing(|| format!("put the layer to {}", place.display())),
        }
    }

    /// What depends on the layers below: directories that the archive has files in without listing
    /// them are as they are there. Once it is known which layers these are, and they are there.
    ///
    /// # Errors
    /// What the disk says.
    pub fn complete(&mut self, store: &Store, parent: Option<&ChainId>) -> Result<()> {
        let implied = std::mem::take(&mut self.implied);
        self.owners.extend(implied::inherit(store, self.dir.join("diff"), &implied, parent)?);
        if !self.owners.is_empty() {
            let path = self.dir.join("owners.json");
            let text = serde_json::to_vec(&self.owners).expect("owners are strings and numbers");
            replace(&path, &text, Durable::Yes)?;
        }
        Ok(())
    }

    /// Where it is until it is published.
    #[must_use]
    pub fn dir(&self) -> &std::path::Path {
        &self.dir
    }

    /// Drops the unpacked files and keeps the blob, for a layer that is unpacked already.
    #[must_use]
    pub fn into_blob(self) -> StagedBlob {
        self.blob
    }
}

fn is_taken(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::DirectoryNotEmpty | std::io::ErrorKind::AlreadyExists)
}

struct HashWriter<'a>(Option<&'a mut Hasher>);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Some(sum) = &mut self.0 {
            sum.update(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
