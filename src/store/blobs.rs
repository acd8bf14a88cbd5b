//! Blobs by digest, in the OCI layout.

use super::layout::Store;
use super::staging::Staging;
use crate::error::{Doing, Error, Kind, Result, failed};
use crate::image::digest::{Algorithm, BlobDigest, Hasher};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A blob that is being written and hashed, not visible yet.
pub struct BlobWriter {
    file: File,
    path: PathBuf,
    sum: Hasher,
    size: u64,
}

/// A complete blob that is not visible yet.
#[derive(Debug)]
pub struct StagedBlob {
    path: PathBuf,
    digest: BlobDigest,
    size: u64,
}

impl BlobWriter {
    /// Begins a blob.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn begin(staging: &Staging) -> Result<BlobWriter> {
        let path = staging.path("blob");
        let file = File::options()
            .write(true)
            .create_new(true)
            .open(&path)
            .doing(|| format!("make {}", path.display()))?;
        Ok(BlobWriter { file, path, sum: Algorithm::Sha256.hasher(), size: 0 })
    }

    /// Ends it.
    #[must_use]
    pub fn finish(self) -> StagedBlob {
        let digest = BlobDigest::finish(self.sum);
        StagedBlob { path: self.path, digest, size: self.size }
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sum.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl StagedBlob {
    /// Its digest.
    #[must_use]
    pub fn digest(&self) -> &BlobDigest {
        &self.digest
    }

    /// Its length in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Where it is until it is published.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fails unless it is the blob that was asked for. One that was asked for by another algorithm is
    /// read once more, and has that digest from then on.
    ///
    /// # Errors
    /// `Failed`, with both digests; what reading it says.
    pub fn expect(&mut self, wanted: &BlobDigest) -> Result<()> {
        if self.digest.algorithm() != wanted.algorithm() {
            let doing = || format!("read {}", self.path.display());
            let mut sum = wanted.algorithm().hasher();
            std::io::copy(&mut File::open(&self.path).doing(doing)?, &mut sum).doing(doing)?;
            self.digest = BlobDigest::finish(sum);
        }
        if self.digest == *wanted {
            return Ok(());
        }
        Err(failed(format!("what arrived has the digest {} instead of {wanted}", self.digest)))
    }

    /// Makes it visible. The caller has synced (`Staging::sync`) if it is to survive a power cut.
    ///
    /// # Errors
    /// What the rename says.
    pub fn publish(self, store: &Store) -> Result<()> {
        let path = store.blob(&self.digest);
        if self.digest.algorithm() != Algorithm::Sha256 {
            let dir = store.blobs(self.digest.algorithm());
            let mut private = std::fs::DirBuilder::new();
            private.recursive(true).mode(0o700).create(&dir).doing(|| format!("make {}", dir.display()))?;
        }
        std::fs::rename(&self.path, &path).doing(|| format!("put the blob to {}", path.display()))
    }
}

/// Whether the blob is there.
#[must_use]
pub fn exists(store: &Store, digest: &BlobDigest) -> bool {
    store.blob(digest).exists()
}

/// Reads a small blob (a manifest, a configuration) and checks its digest.
///
/// # Errors
/// `NotFound`, or `Failed` when it is damaged or longer than `limit`.
pub fn read(store: &Store, digest: &BlobDigest, limit: u64) -> Result<Vec<u8>> {
    let path = store.blob(digest);
    let doing = || format!("read {}", path.display());
    let file = File::open(&path).doing(doing)?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).doing(doing)?;
    if bytes.len() as u64 > limit {
        return Err(failed(format!("{} is larger than {limit} bytes", path.display())));
    }
    if !digest.fits(&bytes) {
        return Err(Error::new(
            Kind::Failed,
            format!("{} is damaged: its digest is another", path.display()),
        )
        .hint("remove the image with `box rmi --force` and pull it again"));
    }
    Ok(bytes)
}

/// Stages bytes as a blob.
///
/// # Errors
/// When they cannot be written.
pub fn stage(staging: &Staging, bytes: &[u8]) -> Result<StagedBlob> {
    let mut writer = BlobWriter::begin(staging)?;
    writer.write_all(bytes).doing(|| "write a blob")?;
    Ok(writer.finish())
}

/// Stages bytes as the blob of that digest.
///
/// # Errors
/// When they have another digest or cannot be written.
pub fn stage_as(staging: &Staging, bytes: &[u8], digest: &BlobDigest) -> Result<StagedBlob> {
    let mut blob = stage(staging, bytes)?;
    blob.expect(digest)?;
    Ok(blob)
}

/// Reads from one side and writes what was read to the other.
pub struct Tee<R, W> {
    from: R,
    to: W,
}

impl<R: Read, W: Write> Tee<R, W> {
    /// Everything that is read from `from` is written to `to` first.
    pub fn new(from: R, to: W) -> Tee<R, W> {
        Tee { from, to }
    }
}

impl<R: Read, W: Write> Read for Tee<R, W> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let got = self.from.read(into)?;
        self.to.write_all(&into[..got])?;
        Ok(got)
    }
}
